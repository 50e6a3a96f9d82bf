"""What a run's folder tells and which calls it allows; nothing is trained here."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from skushare.dataset.synthetic import write_dataset
from skushare.errors import ConfigError, SkushareError
from skushare.lock import hold
from skushare.training import runs
from skushare.training.checkpoint import PREVIOUS
from skushare.training.config import TrainingConfig
from skushare.training.plan import Plan
from skushare.training.runs import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, STOPPED

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(runs, "wake", lambda folder=None: None)
    write_dataset(tmp_path / "data", 1, seed=0, size=(160, 120), rows=1)
    data = str(tmp_path / "data" / "annotations.json")
    return Plan(train=((data, 1.0),), validation=data, training=TrainingConfig(steps=10))


@pytest.fixture
def run(plan):
    return runs.create_run("first", plan)


def test_a_new_run_waits_and_knows_its_plan(run, plan):
    assert run.condition() == (QUEUED, "")
    assert run.plan == plan
    assert runs.open_run("first") == run == runs.open_run(run.folder) == runs.list_runs()[0]
    assert runs.open_run("runs/first") == run
    assert run.progress() is None and run.log_tail() == "" and run.samples() == {}
    assert run.metrics().empty and run.losses().empty


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("first", {}, "choose another"),
        ("../first", {}, "cannot be a name"),
        ("second", {"validation": "no-such"}, "no-such"),
        ("second", {"weights": "no-such.npz"}, "no-such.npz"),
    ],
)
def test_what_cannot_start_is_refused_and_leaves_nothing(run, plan, name, changes, words):
    with pytest.raises(ConfigError, match=words):
        runs.create_run(name, replace(plan, **changes))
    assert [r.name for r in runs.list_runs()] == ["first"] == [p.name for p in run.folder.parent.iterdir()]


def test_of_two_who_choose_one_name_at_once_one_has_it(plan, monkeypatch):
    other, make = replace(plan, licence="other"), runs.make_folder

    def meanwhile(folder):
        monkeypatch.setattr(runs, "make_folder", make)
        runs.create_run("first", other)
        return make(folder)

    monkeypatch.setattr(runs, "make_folder", meanwhile)
    with pytest.raises(ConfigError, match="of this name"):
        runs.create_run("first", plan)
    assert runs.open_run("first").plan == other


def test_a_run_that_could_not_be_written_whole_leaves_its_name_free(plan, monkeypatch):
    write = runs.write_file

    def full(path, content):
        if path.name == "plan.json":
            raise SkushareError("the disk is full")
        write(path, content)

    monkeypatch.setattr(runs, "write_file", full)
    with pytest.raises(SkushareError, match="full"):
        runs.create_run("first", plan)
    monkeypatch.setattr(runs, "write_file", write)
    assert runs.create_run("first", plan).status == QUEUED


@pytest.mark.parametrize(
    ("status", "begun", "taken"),
    [(QUEUED, False, True), (FINISHED, False, True), (STOPPED, True, True), (FAILED, False, False)],
)
def test_a_folder_holds_one_plan_from_its_first_checkpoint_on(run, plan, status, begun, taken):
    run.write_state(status)
    if begun:
        (run.folder / PREVIOUS).touch()
    assert runs.prepare(run.folder, plan) == run and run.status == status
    other = replace(plan, licence="other")
    if taken:
        with pytest.raises(ConfigError, match="other settings"):
            runs.prepare(run.folder, other)
    else:
        assert runs.prepare(run.folder, other).plan == other


def test_a_begun_run_goes_on_without_the_weights_it_started_from(plan, tmp_path):
    (tmp_path / "start.npz").touch()
    plan = replace(plan, weights=str(tmp_path / "start.npz"))
    run = runs.prepare(tmp_path / "run", replace(plan, licence="that of the weights"))
    (run.folder / PREVIOUS).touch()
    (tmp_path / "start.npz").unlink()
    assert runs.prepare(run.folder, plan) == run


@pytest.mark.parametrize("name", [".env", "state.json", "photos"])
def test_a_folder_with_other_files_does_not_become_a_run(plan, tmp_path, name):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / name).touch()
    for taken in (tmp_path / "project", tmp_path / "project" / name):
        with pytest.raises(ConfigError, match="no run; choose a new"):
            runs.prepare(taken, plan)
    assert [path.name for path in (tmp_path / "project").iterdir()] == [name]


def test_the_newest_comes_first_and_an_unknown_name_gets_the_known_ones(run, plan):
    runs.create_run("second", plan)
    assert [r.name for r in runs.list_runs()] == ["second", "first"]
    with pytest.raises(ConfigError, match="second, first"):
        runs.open_run("third")


def test_a_waiting_run_leaves_the_queue_at_once_and_comes_back(run):
    run.stop()
    assert run.status == STOPPED and "queue" in run.reason
    run.resume()
    assert run.status == QUEUED and not (run.folder / runs.STOP).exists()


def test_a_running_run_is_told_to_stop_and_can_neither_be_resumed_nor_deleted(run):
    with hold(run.folder / runs.LOCK):
        run.write_state(RUNNING, pid=1)
        assert run.condition() == (RUNNING, "")
        run.stop()
        assert run.status == RUNNING and "validates if that is due" in run.reason
        for call in (run.resume, run.delete):
            with pytest.raises(ConfigError, match="running"):
                call()


@pytest.mark.parametrize("state", [{"status": FINISHED}, {"status": RUNNING, "pid": 2**22 + 1}])
def test_a_run_that_ends_while_it_is_killed_is_stopped(run, monkeypatch, state):
    monkeypatch.setattr(runs.Run, "status", RUNNING)  # as it was a moment ago
    run.write_state(state.pop("status"), **state)
    run.stop(force=True)
    assert (run.folder / runs.STOP).exists()


def test_a_run_that_was_asked_to_stop_at_once_blames_nothing_else(run):
    run.write_state(RUNNING, pid=2**22 + 1)
    run.stop()
    assert "process is gone" in run.reason
    run.stop(force=True)
    assert run.status == INTERRUPTED and run.reason.startswith("stopped at once, as asked to")
    assert run.explain("its process was killed") == run.reason  # as the queue's worker asks
    run.resume()
    assert "was killed" in run.explain("its process was killed")


def test_a_run_whose_process_is_gone_is_interrupted_and_says_what_is_known(run, monkeypatch):
    run.write_state(RUNNING, pid=1)
    (run.folder / runs.LOG).write_text("step 3\nstep 4\n\n")
    assert run.status == INTERRUPTED
    assert "process is gone" in run.reason and "step 4" in run.reason and "disk" not in run.reason
    usage = runs.shutil.disk_usage(run.folder)._replace(free=1 << 20)
    monkeypatch.setattr(runs.shutil, "disk_usage", lambda _: usage)
    assert "disk is full (1 MB free)" in run.reason
    run.resume()
    assert run.status == QUEUED


@pytest.mark.parametrize("status", [STOPPED, FAILED, INTERRUPTED])
def test_a_run_that_ended_early_goes_on(run, status):
    run.write_state(status, "why")
    assert run.condition() == (status, "why")
    run.resume()
    assert run.condition() == (QUEUED, "")


def test_a_finished_run_does_not(run):
    run.write_state(FINISHED)
    with pytest.raises(ConfigError, match="finished"):
        run.resume()


def test_a_run_that_cannot_be_written_is_named(run, monkeypatch):
    def deny(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", deny)
        patch.setattr(runs.shutil, "rmtree", deny)
        for call in (run.stop, run.delete):
            with pytest.raises(SkushareError, match="first.* cannot be written"):
                call()


def test_the_queues_log_that_cannot_be_written_is_named(run, monkeypatch):
    monkeypatch.undo()  # a worker may be started
    (run.folder.parent / runs.WORKER_LOG).mkdir()
    with pytest.raises(SkushareError, match="worker.log: cannot be written"):
        runs.wake(run.folder.parent)


def test_a_deleted_run_is_gone(run):
    run.delete()
    assert not run.folder.exists() and runs.list_runs() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"step": 1}', b"null", b"step\n\xff\n"])
def test_damaged_files_do_not_hide_a_run(run, content):
    for name in (runs.STATE, runs.PROGRESS, runs.METRICS, runs.LOSSES):
        (run.folder / name).write_bytes(content)
    assert runs.list_runs() == [run] and run.status == INTERRUPTED and run.progress() is None
    run.metrics(), run.losses()
    run.resume()
    assert run.status == QUEUED


@pytest.mark.parametrize("half", ["10,0.5,", "10,0.", "1"])
def test_half_a_line_of_figures_is_no_row(run, half):
    (run.folder / runs.METRICS).write_text(f"step,AP\n5,0.25\n{half}")
    assert list(run.metrics()["step"]) == [5]


def test_progress_comes_back_as_written(run):
    progress = runs.Progress(step=3, steps=10, phase="training", loss=1.5)
    (run.folder / runs.PROGRESS).write_text(json.dumps(asdict(progress)))
    assert run.progress() == progress


def test_pages_can_import_it_without_keras():
    code = "import sys, skushare.training.runs; print([m for m in ('keras', 'jax') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout.strip() == "[]", result.stderr
