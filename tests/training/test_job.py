"""A run carried out, ended in every way and taken up again, on the tiny network."""

import errno
import io
import json
import os
import resource
import runpy
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skushare.dataset.scan import scan
from skushare.dataset.synthetic import write_dataset
from skushare.errors import ConfigError, SkushareError
from skushare.evaluation.trained import tell_trained, write_trained
from skushare.images import read_image, write_image
from skushare.lock import hold
from skushare.training import job, runs
from skushare.training.config import TrainingConfig
from skushare.training.job import judge, run_job
from skushare.training.observer import Observer
from skushare.training.plan import Plan
from skushare.training.runs import FAILED, FINISHED, INTERRUPTED, STOPPED

ROOT = Path(__file__).parents[2]
PACKAGE = job._package
TRAINING = TrainingConfig(steps=4, batch_size=2, warmup_steps=1, validate_every=2)


class At(Observer):
    """Does something once a step is done."""

    def __init__(self, step, act):
        self.step, self.act = step, act

    def stepped(self, step, losses):
        if step == self.step:
            self.act()


@pytest.fixture(scope="module", autouse=True)
def no_model():
    """The tiny network makes no model folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skushare.training.job._package", lambda *_: "")
        yield


@pytest.fixture(autouse=True)
def signals():
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def plan(tiny, dataset):
    data = str(dataset.samples[0].path.parent / "annotations.json")
    return Plan(train=((data, 1.0),), validation=data, detector=tiny, training=TRAINING)


@pytest.fixture
def run(plan, tmp_path):
    return runs.prepare(tmp_path / "run", plan)


@pytest.fixture(scope="module")
def finished(plan, tmp_path_factory):
    run = runs.prepare(tmp_path_factory.mktemp("runs") / "finished", plan)
    assert run_job(run, say=lambda line: None) == FINISHED
    return run


def assert_equal(run, other):
    """The same state to the last bit, and no row of figures twice."""
    assert run.status == FINISHED
    for name in ("last.npz", "best.npz"):
        with np.load(run.folder / name) as ours, np.load(other.folder / name) as theirs:
            assert ours.files == theirs.files
            for key in ours.files:
                np.testing.assert_array_equal(ours[key], theirs[key], err_msg=key)
    assert list(run.metrics()["step"]) == list(other.metrics()["step"]) == [2, 4]


def test_a_run_tells_how_far_it_is(finished):
    progress = finished.progress()
    assert (progress.step, progress.steps, progress.phase, progress.seconds_left) == (4, 4, "done", 0)
    assert progress.seconds_per_step > 0 and np.isfinite(progress.loss)
    assert 0 < progress.memory < progress.memory_total and progress.processor > 0


def test_tensorboard_reads_its_events_without_tensorflow(finished):
    code = """
import sys
sys.modules["tensorflow"] = None
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1]).Reload()
print([e.step for e in events.Scalars("validation/AP")], len(events.Images("predictions/1")))
"""
    command = [sys.executable, "-c", code, str(finished.folder / runs.EVENTS)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout.strip() == "[2, 4] 2", result.stderr


def test_killed_it_is_interrupted_and_goes_on_to_the_same_weights(finished, run):
    """The process is killed at step 3, with signal 9, between two checkpoints."""
    subprocess.run([sys.executable, __file__, str(run.folder)], cwd=ROOT)
    assert run.condition()[0] == INTERRUPTED and "process is gone" in run.reason
    assert run.progress().step < 4
    (run.folder / ".last.npz.half_1_2").write_bytes(b"half a file")
    (run.folder / ".gitignore").write_text("*.npz")
    told = []
    assert run_job(run, say=told.append) == FINISHED
    assert "training from step 2 of 4" in told
    assert_equal(run, finished)
    assert [path.name for path in run.folder.glob(".*")] == [".gitignore"]


@pytest.mark.parametrize("how", ["signal", "file"])
def test_asked_to_stop_it_saves_and_goes_on_to_the_same_weights(finished, run, how):
    ask = {"signal": lambda: os.kill(os.getpid(), signal.SIGTERM), "file": run.stop}[how]
    assert run_job(run, [At(1, ask)], say=lambda line: None) == STOPPED == run.status
    (run.folder / runs.STOP).unlink(missing_ok=True)
    assert run_job(run, say=lambda line: None) == FINISHED
    assert_equal(run, finished)


def test_how_a_run_ended_is_kept_where_its_last_line_cannot_be_said(run):
    def say(line):
        if line.startswith("stopped"):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_job(run, [At(1, run.stop)], say)
    assert run.status == STOPPED


@pytest.mark.parametrize("anew", [True, False])
def test_an_older_request_to_stop_holds_unless_the_run_is_started_anew(run, monkeypatch, anew):
    def carry_out(run, *_):
        return FINISHED, "asked to stop" if (run.folder / runs.STOP).exists() else ""

    monkeypatch.setattr("skushare.training.job._carry_out", carry_out)
    run.stop()
    run_job(run, say=lambda line: None, anew=anew)
    assert run.reason == ("" if anew else "asked to stop")


def test_a_full_disk_interrupts_and_once_there_is_space_it_goes_on(finished, run):
    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(SkushareError, match="cannot be written"):
            run_job(run, [At(3, fill)], say=lambda line: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert run.status == INTERRUPTED and "disk is full" in run.reason
    assert run_job(run, say=lambda line: None) == FINISHED
    assert_equal(run, finished)


@pytest.mark.parametrize(
    ("was", "model", "status"),
    [(FINISHED, True, FINISHED), (FINISHED, False, FAILED), (STOPPED, True, FAILED)],
)
def test_what_has_finished_stays_so_where_it_cannot_be_done_again(run, monkeypatch, was, model, status):
    def refuse(*_):
        raise ConfigError("on other data")

    monkeypatch.setattr("skushare.training.job._carry_out", refuse)
    run.write_state(was, "as before")
    if model:
        run.model_folder.mkdir()
    with pytest.raises(ConfigError, match="on other data"):
        run_job(run)
    assert run.condition() == (status, "as before" if status == FINISHED else "on other data")


@pytest.mark.parametrize(("best", "words"), [(0, "no step was better than the weights"), (2, "")])
def test_a_run_that_got_no_better_than_it_began_says_so(run, monkeypatch, best, words):
    monkeypatch.setattr("skushare.training.job.best_figures", lambda metrics: {"step": best, "AP": 0.5})
    assert run_job(run) == FINISHED
    assert run.condition()[1].startswith(words) and bool(run.condition()[1]) == bool(words)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_run_is_packaged_on_the_photos_it_was_validated_on_though_their_labels_are_gone(
    plan, dataset, tmp_path, monkeypatch, backend
):
    def in_this_process(command, input=None, **_):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(input)))
        return SimpleNamespace(returncode=job.main(command[3:]))

    def package_as(backend, run, plan, *rest):
        return PACKAGE(run, replace(plan, backend=backend), *rest)

    packaged = []
    monkeypatch.setattr("skushare.training.package.package_run", lambda _, data, about: packaged.append(data))
    monkeypatch.setattr(job, "_package", partial(package_as, backend))
    monkeypatch.setattr(job.subprocess, "run", in_this_process)
    labels = shutil.copytree(Path(plan.validation).parent, tmp_path / "shop") / "annotations.json"
    run = runs.prepare(tmp_path / "run", replace(plan, validation=str(labels)))
    assert run_job(run, [At(3, labels.unlink)], say=lambda line: None) == FINISHED
    assert [sample.path.name for sample in packaged[0].samples] == [s.path.name for s in dataset.samples]


def test_why_a_model_could_not_be_packaged_is_told_as_a_sentence(run, plan, dataset, monkeypatch, capsys):
    def in_this_process(command, input=None, **_):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(input)))
        return SimpleNamespace(returncode=job.main(command[3:]), stderr=capsys.readouterr().err.encode())

    def fail(*_):
        raise SkushareError("best.npz: cannot be read")

    monkeypatch.setattr(job, "package_job", fail)
    monkeypatch.setattr(job.subprocess, "run", in_this_process)
    with pytest.raises(SkushareError, match=r"packaged: best\.npz: cannot be read; skushare package"):
        PACKAGE(run, replace(plan, backend="jax"), dataset, print)


def test_one_process_a_run(run):
    with hold(run.folder / runs.LOCK), pytest.raises(ConfigError, match="another process"):
        run_job(run)


def test_classes_of_several_datasets_are_joined_and_the_run_goes_on_with_them(plan, tmp_path):
    content, sources = json.loads(Path(plan.validation).read_text()), []
    (known,) = content["categories"]
    for number, names in enumerate((["bottle", "tin"], ["tin", "bottle"], ["can", "tin"])):
        categories = [known | {"name": names[0]}, {"id": known["id"] + 1, "name": names[1]}]
        sources.append(Path(plan.validation).with_name(f"other{number}.json"))
        sources[-1].write_text(json.dumps(content | {"categories": categories}))
    train = tuple((str(source), 1.0) for source in sources)
    run = runs.prepare(tmp_path / "run", replace(plan, train=train))
    assert run_job(run, [At(3, run.stop)], say=lambda line: None) == STOPPED
    labels = json.loads((run.folder / "detector.json").read_text())["labels"]
    assert labels == ["bottle", "tin", "can"]
    (run.folder / runs.STOP).unlink()
    assert run_job(run, say=lambda line: None) == FINISHED


def test_photos_that_are_not_there_are_told_before_anything_is_trained(plan, tmp_path):
    content = json.loads(Path(plan.validation).read_text())
    content["images"][-1]["file_name"] = "gone.jpg"
    other = Path(plan.validation).with_name("gone.json")
    other.write_text(json.dumps(content))
    run = runs.prepare(tmp_path / "run", replace(plan, train=((str(other), 1.0),)))
    with pytest.raises(SkushareError, match=r"1 photo not there, such as .*gone\.jpg; .*--fix damaged"):
        run_job(run)
    assert run.status == FAILED


def test_photos_that_were_trained_on_are_known_again_under_other_names(finished, dataset, tmp_path):
    model = SimpleNamespace(folder=finished.folder / "model")
    again = replace(dataset.samples[1], path=tmp_path / "again.jpg")
    write_image(again.path, read_image(dataset.samples[1].path), quality=60)
    other = replace(again, path=tmp_path / "other.jpg")
    write_image(other.path, np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8))
    damaged = replace(again, path=tmp_path / "damaged.jpg")
    damaged.path.write_bytes(b"no picture")
    assert tell_trained(model, (other, again, damaged)).startswith("1 of 3 photos looks nearly like")
    assert "such as again.jpg: " in tell_trained(model, (other, again))
    assert tell_trained(model, (other,)) == ""
    assert tell_trained(SimpleNamespace(folder=tmp_path / "elsewhere"), (again,)) == ""


def test_photos_trained_on_and_validated_on_are_told_by_their_looks(plan, dataset, tmp_path, monkeypatch):
    folder = dataset.samples[0].path.parent
    shutil.copytree(folder, tmp_path / "copies")
    copies = replace(plan, validation=str(tmp_path / "copies" / "annotations.json"))
    monkeypatch.setattr("skushare.training.job.load_keras", lambda: 1 / 0)
    lines = []
    with pytest.raises(ZeroDivisionError):
        run_job(runs.prepare(tmp_path / "run", copies), say=lines.append)
    assert any(line.startswith("warning: 3 of the 3 look nearly like photos to train on") for line in lines)


@pytest.mark.parametrize("place", ["best.npz", "model/weights.npz"])
def test_what_the_first_weights_have_seen_counts_as_trained_on(plan, dataset, tmp_path, monkeypatch, place):
    write_dataset(tmp_path / "others", 3, seed=2, size=(320, 240), rows=3)
    others = replace(plan, train=((str(tmp_path / "others" / "annotations.json"), 1.0),))
    first = tmp_path / "first" / place
    first.parent.mkdir(parents=True)
    first.touch()
    write_trained(tmp_path / "first", scan([sample.path for sample in dataset.samples]).hashes)
    monkeypatch.setattr("skushare.training.job.load_keras", lambda: 1 / 0)
    for weights, told in (("", False), (str(first), True)):
        lines, run = [], runs.prepare(tmp_path / f"run {told}", replace(others, weights=weights))
        with pytest.raises(ZeroDivisionError):
            run_job(run, say=lines.append)
        assert any(line.startswith("warning: 3 of the 3 look nearly like") for line in lines) == told
        model = SimpleNamespace(folder=run.model_folder)
        assert bool(tell_trained(model, dataset.samples)) == told


def test_damaged_photos_are_told_before_anything_is_trained(plan, tmp_path):
    content = json.loads(Path(plan.validation).read_text())
    source = Path(plan.validation).parent
    picture = next(source.rglob(content["images"][-1]["file_name"].split("/")[-1]))
    (picture.parent / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    content["images"][-1]["file_name"] = content["images"][-1]["file_name"].replace(picture.name, "cut.jpg")
    other = source / "cut.json"
    other.write_text(json.dumps(content))
    run = runs.prepare(tmp_path / "run", replace(plan, validation=str(other)))
    with pytest.raises(SkushareError, match=r"1 photo not to be read, such as .*cut\.jpg; .*--fix damaged"):
        run_job(run)
    assert run.status == FAILED and not (run.folder / "last.npz").exists()


@pytest.mark.parametrize("wrong", ["train", "validation"])
def test_labels_for_another_size_are_told_before_anything_is_trained(plan, tmp_path, wrong):
    content = json.loads(Path(plan.validation).read_text())
    content["images"][-1] |= {"width": 120, "height": 160}  # the photos are 320 x 240
    other = Path(plan.validation).with_name("small.json")
    other.write_text(json.dumps(content))
    changed = {"train": ((str(other), 1.0),), "validation": str(other)}[wrong]
    run = runs.prepare(tmp_path / "run", replace(plan, **{wrong: changed}))
    told = r"1 photo of another size .* 320 x 240 pixels, but its labels are for 120 x 160; .*--fix size"
    with pytest.raises(SkushareError, match=told):
        run_job(run)
    assert run.status == FAILED and not (run.folder / "last.npz").exists()


def wrapped(error):
    try:
        raise SkushareError("cannot be written") from error
    except SkushareError as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), INTERRUPTED, "disk is full (No space"),
        (wrapped(OSError(errno.EDQUOT, "Quota exceeded")), INTERRUPTED, "disk is full (Quota"),
        (wrapped(OSError(errno.EACCES, "Permission denied")), FAILED, "cannot be written"),
        (MemoryError(), INTERRUPTED, "memory ran out"),
        (RuntimeError("RESOURCE_EXHAUSTED: OOM when allocating"), INTERRUPTED, "memory ran out"),
        (KeyboardInterrupt(), INTERRUPTED, "keyboard"),
        (ConfigError("learning_rate: too high"), FAILED, "learning_rate: too high"),
        (ValueError("odd"), FAILED, "ValueError: odd"),
    ],
)
def test_the_reason_of_an_end_is_named(error, status, words):
    assert judge(error)[0] == status and words in judge(error)[1]


if __name__ == "__main__":
    tiny = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
    from skushare.training import trainer

    trainer.build_network = tiny["tiny_network"]
    run_job(runs.Run(Path(sys.argv[1])), [At(3, lambda: os.kill(os.getpid(), signal.SIGKILL))])
