"""Where a model is looked for by what the user calls it, and what is written beside its network."""

import shutil
from dataclasses import replace

import pytest

from skushare.dataset.labelmap import read_label_map
from skushare.detector.models import (
    DEFAULT_MODEL,
    DESCRIPTION,
    LABEL_MAP,
    LITERT,
    RUN_CONFIG,
    chosen_folder,
    count_with,
    counting_model,
    models_folder,
    read_model,
    write_description,
)
from skushare.detector.presets import PRESETS
from skushare.errors import ModelError


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A run called ``first`` in the workspace, and one in the folder ``here/second``."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.chdir(tmp_path)
    for run in ("workspace/runs/first", "here/second"):
        (tmp_path / run / "model").mkdir(parents=True)
        shutil.copy(models_folder() / "shelf_dense" / DESCRIPTION, tmp_path / run / "model")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        (None, None),
        ("shelf_dense", None),
        ("first", "workspace/runs/first/model"),
        ("runs/first", "workspace/runs/first/model"),
        ("workspace/runs/first", "workspace/runs/first/model"),
        ("here/second", "here/second/model"),
        ("here/second/model", "here/second/model"),
    ],
)
def test_a_model_is_found_by_its_name_its_folder_or_its_run(trained, name, folder):
    expected = trained / folder if folder else models_folder() / "shelf_dense"
    assert read_model(name).folder == expected.resolve()


def test_the_app_counts_with_the_model_that_is_told_or_chosen_or_shipped(trained, monkeypatch):
    shutil.copytree(models_folder() / DEFAULT_MODEL, trained / "workspace/runs/third/model")
    assert counting_model() == DEFAULT_MODEL
    count_with("runs/third")
    assert counting_model() == "runs/third" and read_model().name == DEFAULT_MODEL
    for missing in ("none", "runs/first"):  # the second has no network
        with pytest.raises(ModelError):
            count_with(missing)
    assert counting_model() == "runs/third"
    monkeypatch.setenv("SKUSHARE_MODEL", "here/second")
    assert counting_model() == "here/second"
    monkeypatch.delenv("SKUSHARE_MODEL")
    shutil.rmtree(trained / "workspace/runs/third")
    assert counting_model() == DEFAULT_MODEL


def test_a_chosen_run_comes_before_a_folder_of_its_name(trained, monkeypatch):
    for place in ("workspace/runs/third/model", "runs/third/model"):  # the other one where the server stands
        shutil.copytree(models_folder() / DEFAULT_MODEL, trained / place)
    (trained / "runs/third/model" / LITERT).write_bytes(b"damaged")
    count_with("runs/third")
    assert chosen_folder(counting_model()) == trained / "workspace/runs/third/model"
    shutil.rmtree(trained / "workspace/runs/third")
    assert counting_model() == DEFAULT_MODEL


@pytest.mark.parametrize("name", ["second", "here", "none"])
def test_what_there_is_is_told_where_a_name_has_no_model(trained, name):
    with pytest.raises(ModelError, match=rf"{name}.*shelf_dense.*runs/first"):
        read_model(name)


@pytest.mark.parametrize("name", ["first", "runs/first", "here/second"])
def test_a_run_without_a_model_tells_how_to_make_it(trained, name):
    for run in ("workspace/runs/first", "here/second"):
        shutil.rmtree(trained / run / "model")
        (trained / run / RUN_CONFIG).write_text("{}")
    with pytest.raises(ModelError, match=rf"{name}.*no model yet.*skushare package"):
        read_model(name)


def test_the_label_map_of_a_model_reads_back_in_any_script(tmp_path):
    labels = ("Café", "😀 Cola", 'the "red" one')
    write_description(tmp_path, replace(PRESETS["shelf_dense"], labels=labels), {})
    assert tuple(read_label_map(tmp_path / LABEL_MAP)[0].values()) == labels
