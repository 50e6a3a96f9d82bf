"""`skushare evaluate`: what is told before the evaluation; tests/evaluation has what it measures."""

import json

import pytest

from skushare.cli import main
from skushare.dataset.synthetic import write_dataset
from skushare.detections import Detections
from skushare.evaluation.evaluation import Evaluation
from skushare.evaluation.result import Result


@pytest.mark.parametrize("command", [["evaluate", "data"], ["bench"]])
def test_a_size_that_no_memory_holds_is_refused(capsys, command):
    with pytest.raises(SystemExit):
        main([*command, "--size", "1000000"])
    assert "at most 8,192" in capsys.readouterr().err


def test_a_threshold_is_not_stored_from_another_size(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Evaluation, "run", lambda *_, **__: pytest.fail("too late"))
    write_dataset(tmp_path / "data", 1, seed=0, size=(160, 120), rows=1)
    labels = str(tmp_path / "data" / "annotations.json")
    for mode in ("photo", "live"):
        size = ["--mode", mode, "--size", "96"]
        assert main(["evaluate", labels, *size, "--set-threshold", "--force"]) == 2
        assert f"in {mode} mode it does not count every picture at a size of 96" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "target"),
    [("--details", "file"), ("--details", "/proc"), ("--csv", "folder"), ("--csv", "file/rows.csv")],
)
def test_places_that_cannot_be_written_are_told_before_the_work(
    tmp_path, monkeypatch, capsys, option, target
):
    monkeypatch.setattr(Evaluation, "run", lambda *_, **__: pytest.fail("too late"))
    write_dataset(tmp_path / "data", 1, seed=0, size=(160, 120), rows=1)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    labels = tmp_path / "data" / "annotations.json"
    assert main(["evaluate", str(labels), option, str(tmp_path / target)]) == 2
    told = capsys.readouterr().err
    assert target.partition("/rows")[0] in told and len(told.splitlines()) == 1


@pytest.mark.parametrize("score", [1.0, 0.7])
def test_figures_on_labels_of_a_machine_are_told_as_such(tmp_path, monkeypatch, capsys, score):
    def run(evaluation, *_, **__):
        result = Result.of(evaluation.dataset, ("facing",), [Detections()])
        return result, result.scored(0) | {"failures": {}, "trained": ""}

    monkeypatch.setattr(Evaluation, "run", run)
    write_dataset(tmp_path / "data", 1, seed=0, size=(160, 120), rows=1)
    labels = tmp_path / "data" / "annotations.json"
    content = json.loads(labels.read_text())
    for annotation in content["annotations"]:
        annotation["score"] = score
    labels.write_text(json.dumps(content))
    assert main(["evaluate", str(labels)]) == 0
    assert ("made by a machine" in capsys.readouterr().err) == (score < 1)
