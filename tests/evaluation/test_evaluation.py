import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.coco import read_coco
from skushare.dataset.scan import scan
from skushare.detector.models import read_model
from skushare.errors import SkushareError
from skushare.evaluation import evaluation as module
from skushare.evaluation.evaluation import (
    FAILED,
    FINISHED,
    NEW,
    RUNNING,
    UNFINISHED,
    Evaluation,
    rows_file,
)
from skushare.evaluation.trained import write_trained
from skushare.images import write_image

ROOT = Path(__file__).resolve().parents[2]


def stop_after(evaluation, photos):
    """A ``progress`` of ``run`` that asks to stop after so many photos."""

    def progress(samples):
        for number, sample in enumerate(samples):
            if number == photos:
                evaluation.stop()
            yield sample

    return progress


def test_an_evaluation_is_new_then_finished_and_found_again(knowing, model, dataset):
    evaluation = Evaluation(model, dataset)
    assert evaluation.condition() == (NEW, "") and evaluation.read() is None
    result, saved = evaluation.run(resamples=10)
    assert result.at(0.5)["recall"] == 0.5 and saved["precision"]["AP"] == pytest.approx(1)
    again = Evaluation(model, dataset)
    assert again.condition() == (FINISHED, "")
    result, read = again.result()
    assert str(read) == str(saved) and result.counts.tolist() == [2, 4, 6]
    assert knowing.seen == 3


def test_that_photos_were_trained_on_is_told(knowing, model, dataset):
    assert Evaluation(model, dataset).run(resamples=0)[1]["trained"] == ""
    write_trained(model.folder.parent, scan([dataset.samples[0].path]).hashes)
    evaluation = Evaluation(model, dataset)
    assert evaluation.condition()[0] == UNFINISHED  # a copy of the model, of which nothing was known
    assert "such as 2.png" in evaluation.run(resamples=0)[1]["trained"] and knowing.seen == 3


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"cut")])
def test_figures_without_their_detections_are_evaluated_again(knowing, model, dataset, damage):
    Evaluation(model, dataset).run(resamples=0)
    evaluation = Evaluation(model, dataset)
    damage(next(evaluation.predictions.folder.glob("*.npy")))
    with pytest.raises(SkushareError, match="evaluate again"):
        evaluation.result()
    assert evaluation.condition()[0] == UNFINISHED
    assert evaluation.run(resamples=0) is not None and knowing.seen == 4
    assert evaluation.condition() == (FINISHED, "")


def test_a_loss_that_there_cannot_be_is_refused_before_the_work(knowing, model, dataset):
    several = replace(model, config=replace(model.config, labels=("tea", "milk")))
    with pytest.raises(SkushareError, match="does not know the class 'facing'.*without it"):
        Evaluation(several, dataset).run(loss=True)
    assert knowing.seen == 0


def test_a_mended_size_makes_new_figures(knowing, model, dataset):
    first = dataset.samples[0]
    turned = replace(dataset, samples=(replace(first, width=first.height, height=first.width),))
    assert Evaluation(model, turned).folder != Evaluation(model, replace(turned, samples=(first,))).folder


def test_a_stopped_evaluation_goes_on_where_it_ended(knowing, model, dataset, monkeypatch):
    monkeypatch.setattr(module, "TELL_EVERY", -1)
    evaluation = Evaluation(model, dataset)
    assert evaluation.run(progress=stop_after(evaluation, 2)) is None
    assert evaluation.condition()[0] == UNFINISHED
    assert (knowing.seen, evaluation.predictions.done(dataset.samples)) == (2, 2)
    with pytest.raises(SkushareError, match="not evaluated"):
        evaluation.result()
    assert evaluation.run(resamples=0) is not None and knowing.seen == 3


def test_other_labels_make_new_figures_of_the_same_detections(knowing, model, dataset):
    Evaluation(model, dataset).run(resamples=0)
    first = dataset.samples[0]
    fixed = replace(first, boxes=first.boxes[:1], class_ids=first.class_ids[:1], scores=first.scores[:1])
    changed = Evaluation(model, replace(dataset, samples=(fixed, *dataset.samples[1:])))
    assert changed.condition()[0] == UNFINISHED
    result, _ = changed.run(resamples=0)
    assert result.counts.tolist() == [1, 4, 6] and knowing.seen == 3
    ignored = replace(first, scores=np.float32([0, 1]))
    changed = Evaluation(model, replace(dataset, samples=(ignored, *dataset.samples[1:])))
    result, _ = changed.run(resamples=0)
    assert result.counts.tolist() == [1, 4, 6] and [len(found) for found in result.found] == [1, 4, 6]


def test_photos_that_cannot_be_read_are_named_and_left_out(knowing, model, dataset):
    dataset.samples[1].path.unlink()
    evaluation = Evaluation(model, dataset)
    result, saved = evaluation.run(resamples=0)
    assert [Path(path).name for path in saved["failures"]] == ["4.png"]
    assert "no such file" in next(iter(saved["failures"].values()))
    assert result.counts.tolist() == [2, 6]
    write_image(dataset.samples[1].path, np.full((40, 130, 3), 4, np.uint8))
    assert Evaluation(model, dataset).condition()[0] == UNFINISHED  # it is back


def test_photos_of_another_size_are_left_out_also_once_their_detections_are_there(knowing, model, dataset):
    Evaluation(model, dataset).run(resamples=0)
    halved = replace(dataset.samples[1], width=65, height=20)
    mixed = replace(dataset, samples=(dataset.samples[0], halved, dataset.samples[2]))
    result, saved = Evaluation(model, mixed).run(resamples=0)
    assert [Path(path).name for path in saved["failures"]] == ["4.png"]
    assert result.counts.tolist() == [2, 6]


def test_with_no_photo_at_all_there_is_an_error(knowing, model, dataset):
    for sample in dataset.samples:
        sample.path.unlink()
    with pytest.raises(SkushareError, match=r"tiny@val: nothing to evaluate: .*2\.png"):
        Evaluation(model, dataset).run()


def test_a_full_disk_is_no_fault_of_the_photos(knowing, model, dataset, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    evaluation = Evaluation(model, dataset)
    monkeypatch.setattr("skushare.files.os.fsync", full)
    with pytest.raises(SkushareError, match="No space left"):
        evaluation.run(resamples=0)
    monkeypatch.undo()
    assert evaluation.condition()[0] != FINISHED


def test_a_workspace_that_cannot_be_written_is_named(model, dataset, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "file"))
    evaluation = Evaluation(model, dataset)
    for call in (evaluation.run, lambda: evaluation.start("shop"), evaluation.stop):
        with pytest.raises(SkushareError, match="cannot be written"):
            call()


def test_what_a_killed_process_was_writing_is_cleared_away(knowing, model, dataset):
    evaluation = Evaluation(model, dataset)
    evaluation.folder.mkdir(parents=True)
    (evaluation.folder / ".progress.json.a1b2c3_8").touch()
    evaluation.predictions.folder.mkdir(parents=True)
    old, fresh = (evaluation.predictions.folder / f".photo.npy.{end}" for end in ("a1b2c3_8", "a1b2c3_9"))
    fresh.touch()  # an evaluation of another dataset may be writing it
    old.touch()
    os.utime(old, (1e9, 1e9))
    evaluation.run(resamples=0)
    assert not list(evaluation.folder.glob(".*"))
    assert list(evaluation.predictions.folder.glob(".*")) == [fresh]


def test_a_second_process_keeps_away(knowing, model, dataset):
    evaluation, messages = Evaluation(model, dataset), []

    def meanwhile(samples):
        assert evaluation.condition() == (RUNNING, "")
        with pytest.raises(SkushareError, match="already"):
            Evaluation(model, dataset).run()
        messages.append(evaluation.condition())
        yield from samples

    assert evaluation.run(resamples=0, progress=meanwhile) is not None and messages


@pytest.mark.parametrize(
    ("log", "condition"),
    [
        ("", (UNFINISHED, "")),  # killed
        ("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n", (UNFINISHED, "")),
        ("INFO: x\nskushare: disk: is full\n", (FAILED, "disk: is full")),
        ("Traceback (most recent call last):\n  File\nValueError: odd\n", (FAILED, "ValueError: odd")),
    ],
)
def test_how_a_process_ended_is_told(model, dataset, log, condition):
    evaluation = Evaluation(model, dataset)
    evaluation.folder.mkdir(parents=True)
    (evaluation.folder / "log.txt").write_text(log)
    assert evaluation.condition() == condition
    evaluation.stop()
    assert evaluation.condition() == (UNFINISHED, "")  # as asked to


def test_rows_of_a_runs_model_lie_in_its_run(model, monkeypatch, tmp_path):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))
    own = replace(model, folder=tmp_path / "runs" / "first" / "model")
    assert rows_file(own) == tmp_path / "runs" / "first" / "evaluation.csv" and own.name == "first"
    assert rows_file(model) == tmp_path / "evaluations" / "evaluation.csv"


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """The shipped model on the bundled pictures."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    return Evaluation(read_model(), read_coco(ROOT / "data" / "annotations.json"), "live")


def wait(evaluation, seconds=600):
    end = time.monotonic() + seconds
    while evaluation.condition()[0] == RUNNING:
        assert time.monotonic() < end
        time.sleep(0.1)
    return evaluation.condition()


def test_a_process_of_its_own_evaluates_and_adds_a_row(bundled):
    source = str(ROOT / "data" / "annotations.json")
    bundled.start(source, loss=True)
    assert bundled.condition()[0] == RUNNING  # at once, before it holds the lock
    bundled.start(source)  # does nothing
    assert wait(bundled) == (FINISHED, ""), (bundled.folder / "log.txt").read_text()
    result, saved = bundled.result()
    assert len(result.samples) == 3 and len(saved["loss"]) == 2 and min(saved["loss"]) > 0
    rows = rows_file(bundled.model).read_text().splitlines()
    assert len(rows) == 2 and rows[0].endswith("loss,class_loss,box_loss")


def test_a_process_that_has_not_begun_yet_is_stopped_too(model, dataset, monkeypatch):
    evaluation, sleep = Evaluation(model, dataset), [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(module, "start_detached", lambda *_, **__: subprocess.Popen(sleep))
    evaluation.start("shop")
    evaluation.stop()
    assert wait(evaluation) == (UNFINISHED, "")
    evaluation.start("shop")  # anew: the request is forgotten
    assert evaluation.condition() == (RUNNING, "")
    evaluation.stop()


def test_killed_at_any_moment_it_goes_on_with_what_it_had(bundled):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "skushare", "evaluate", str(ROOT / "data" / "annotations.json")]
    process = subprocess.Popen([*command, "--mode", "live"], env=environment, stderr=subprocess.DEVNULL)
    while not bundled.predictions.done(bundled.dataset.samples):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert bundled.condition()[0] in (UNFINISHED, FINISHED)
    files = {path: path.stat().st_mtime_ns for path in bundled.predictions.folder.glob("*.npy")}
    assert bundled.run(resamples=0) is not None
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert json.loads((bundled.folder / "figures.json").read_text())["failures"] == {}
