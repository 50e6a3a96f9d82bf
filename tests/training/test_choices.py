import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.formats import read_dataset
from skushare.dataset.store import add_dataset
from skushare.detector.models import WEIGHTS, model_names, models_folder
from skushare.detector.presets import SHELF_DENSE, SSD_MOBILENET_V2_320
from skushare.training.choices import (
    Source,
    chosen_weights,
    dataset_sources,
    default_sources,
    free_run_name,
    same_network,
    weight_choices,
    weights_name,
)
from skushare.training.plan import BEST, Plan, find_weights
from skushare.training.runs import prepare
from skushare.workspace import runs_folder


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))


def source(name):
    dataset, _, split = name.partition("@")
    return Source(name, dataset, split, 1, 1, ("facing",))


def make_run(tmp_path, name, detector=SHELF_DENSE, weights=True):
    (tmp_path / "labels.json").write_text("{}")
    labels = str(tmp_path / "labels.json")
    run = prepare(runs_folder() / name, Plan(((labels, 1.0),), labels, detector))
    if weights:
        (run.folder / BEST).write_bytes(b"weights")
    return run


def test_each_split_of_a_dataset_is_a_source(tmp_path):
    samples = [
        Sample(tmp_path / f"{i}.jpg", 10, 10, [[0, 0, 5, 5]] * n, split=split)
        for i, (n, split) in enumerate([(2, "train"), (1, "train"), (0, "val")])
    ]
    add_dataset(Dataset("shop", tuple(samples), ("milk",)), "shop", copy=False)
    assert dataset_sources("shop") == [
        Source("shop@train", "shop", "train", 2, 3, ("milk",)),
        Source("shop@val", "shop", "val", 1, 0, ("milk",)),
    ]
    mixed = tuple(replace(sample, split="val" if i == 0 else "") for i, sample in enumerate(samples))
    add_dataset(Dataset("mixed", mixed, ("milk",)), "mixed", copy=False)
    assert dataset_sources("mixed") == [
        Source("mixed@val", "mixed", "val", 1, 2, ("milk",)),
        Source("mixed@", "mixed", "", 2, 1, ("milk",)),
    ]
    assert [len(read_dataset(source.name)) for source in dataset_sources("mixed")] == [1, 2]
    assert [source.photos_called for source in dataset_sources("mixed")] == ["val", "without a split"]
    unsplit = tuple(replace(sample, split="") for sample in samples)
    add_dataset(Dataset("whole", unsplit, ("milk",)), "whole", copy=False)
    assert dataset_sources("whole") == [whole := Source("whole", "whole", "", 3, 3, ("milk",))]
    assert whole.photos_called == ""


@pytest.mark.parametrize(
    ("names", "train", "validation"),
    [
        (["a"], "a", "a"),
        (["a", "b@train", "b@val"], "b@train", "b@val"),
        (["a@val", "a@train"], "a@train", "a@val"),
        (["a@1", "a@2"], "a@1", "a@2"),
        (["a@train", "b@val"], "a@train", "a@train"),
    ],
)
def test_the_splits_of_one_dataset_are_taken_first(names, train, validation):
    assert default_sources([source(name) for name in names]) == ([train], validation)


def test_only_weights_of_the_same_network_are_offered(tmp_path):
    make_run(tmp_path, "dense")
    make_run(tmp_path, "classic", SSD_MOBILENET_V2_320)
    make_run(tmp_path, "empty", weights=False)
    assert set(weight_choices(SHELF_DENSE)) == {*model_names(), str(runs_folder() / "dense"), "imagenet", ""}
    assert set(weight_choices(SSD_MOBILENET_V2_320)) == {str(runs_folder() / "classic"), "imagenet", ""}


def test_the_model_of_a_run_is_offered_by_its_place(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for place in (runs_folder(), Path("runs")):  # the other one where the server stands
        shutil.copytree(models_folder() / "shelf_dense", place / "first" / "model")
    (offered,) = (key for key, shown in weight_choices(SHELF_DENSE).items() if shown == "run first")
    assert find_weights(offered) == runs_folder() / "first" / "model" / WEIGHTS


def test_a_damaged_run_is_no_choice(tmp_path):
    run = make_run(tmp_path, "dense")
    (run.folder / "plan.json").write_text("{")
    assert str(run.folder) not in weight_choices(SHELF_DENSE)


@pytest.mark.parametrize("weights", ["", "imagenet"])
def test_weights_without_a_file_are_found_among_the_choices(weights):
    assert chosen_weights(weights, weight_choices(SHELF_DENSE)) == weights


def test_the_file_of_a_plan_is_found_among_the_choices(tmp_path):
    shipped = models_folder() / "shelf_dense" / "weights.npz"
    assert chosen_weights(str(shipped), weight_choices(SHELF_DENSE)) == "shelf_dense"
    assert chosen_weights("shelf_dense", weight_choices(SHELF_DENSE)) == "shelf_dense"
    run = make_run(tmp_path, "dense")
    assert chosen_weights(str(run.folder / BEST), weight_choices(SHELF_DENSE)) == str(run.folder)
    assert chosen_weights(str(tmp_path / "else.npz"), weight_choices(SHELF_DENSE)) is None


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ("", "random"),
        ("imagenet", "imagenet"),
        (Path("models", "shelf_dense", "weights.npz"), "shelf_dense"),
        (Path("runs", "first", "model", "weights.npz"), "first"),
        (Path("runs", "first", BEST), "first"),
        (Path("zoo", "ssd.tar.gz"), "ssd.tar.gz"),  # as another archive in that folder starts otherwise
        (Path("zoo", "ssd", "checkpoint", "ckpt-0.index"), "ssd"),
        (Path("weights", "deleted since.npz"), "deleted since.npz"),
    ],
)
def test_weights_have_a_short_name(weights, name):
    assert weights_name(str(weights)) == name


def test_classes_and_thresholds_make_no_other_network():
    other = replace(SHELF_DENSE, labels=("a", "b"), min_score=0.1, photo_size=640, max_detections=9)
    assert same_network(SHELF_DENSE, other)
    assert not same_network(SHELF_DENSE, replace(SHELF_DENSE, channels=64))
    assert not same_network(SHELF_DENSE, SSD_MOBILENET_V2_320)


def test_a_name_that_is_taken_gets_a_number(tmp_path):
    assert free_run_name("first") == "first"
    make_run(tmp_path, "first")
    make_run(tmp_path, "first-2")
    (runs_folder() / "first-3").mkdir()  # as create_run leaves it that is killed
    assert free_run_name("first") == "first-4"


def test_a_damaged_model_is_no_choice(tmp_path):
    model = runs_folder() / "bad" / "model"
    model.mkdir(parents=True)
    (model / "model.json").write_text(json.dumps({"config": {}}))
    assert "run bad" not in weight_choices(SHELF_DENSE).values()
