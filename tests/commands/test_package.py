"""`skushare package`: what is told before Keras is loaded; tests/training has the packaging."""

import json

import pytest

from skushare.cli import main
from skushare.dataset.synthetic import write_dataset
from skushare.training.plan import Plan
from skushare.training.runs import prepare
from skushare.workspace import runs_folder


@pytest.mark.parametrize(
    ("weights", "words"), [(False, "run: has no trained weights"), (True, "no-such.json")]
)
def test_a_mistake_is_told_before_keras_is_loaded(tmp_path, monkeypatch, capsys, weights, words):
    monkeypatch.setattr("skushare.quiet.load_keras", lambda: pytest.fail("too late"))
    (tmp_path / "run").mkdir()
    if weights:
        (tmp_path / "run" / "best.npz").touch()
    assert main(["package", str(tmp_path / "run"), "--val", "no-such.json"]) == 2
    told = capsys.readouterr().err
    assert words in told and "--run" not in told  # which is no option of this command


def test_thresholds_are_not_chosen_on_photos_without_a_box(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("skushare.quiet.load_keras", lambda: pytest.fail("too late"))
    write_dataset(tmp_path, 1, seed=0, size=(160, 120), rows=1)
    data = tmp_path / "annotations.json"
    data.write_text(json.dumps(json.loads(data.read_text()) | {"annotations": []}))
    (tmp_path / "best.npz").touch()
    assert main(["package", str(tmp_path), "--val", str(data)]) == 2
    assert "annotations: has no labelled box" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["first", "runs/first", "{folder}"])
def test_a_run_is_found_by_its_name_and_by_its_folder(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr("skushare.quiet.load_keras", lambda: None)
    write_dataset(tmp_path, 1, seed=0, size=(160, 120), rows=1)
    data = str(tmp_path / "annotations.json")
    run = prepare(runs_folder() / "first", Plan(((data, 1.0),), data, licence="mine"))
    (run.folder / "best.npz").touch()
    packaged = []
    monkeypatch.setattr(
        "skushare.training.package.package_run",
        lambda folder, validation, out, about, precision: (
            packaged.append((folder, about)) or folder / "model"
        ),
    )
    assert main(["package", name.format(folder=run.folder), "--val", data]) == 0
    assert packaged == [(run.folder, {"licence": "mine"})]
    assert f"{run.folder / 'model'}: use it with" in capsys.readouterr().out
    assert main(["package", "second", "--val", data]) == 2
    assert "no run called 'second'; there are: first" in capsys.readouterr().err
