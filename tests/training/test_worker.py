"""The queue, with jobs that only pretend."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from skushare.dataset.synthetic import write_dataset
from skushare.lock import hold
from skushare.training import runs, worker
from skushare.training.plan import Plan
from skushare.training.runs import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING

ROOT = Path(__file__).parents[2]
# What a run of a certain name does in place of training.
JOB = """
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
with open(folder.parent / "order.txt", "a") as order:
    order.write(folder.name + "\\n")
if folder.name == "killed":
    os.kill(os.getpid(), 9)
if folder.name == "ended":
    print("last words")
    sys.exit(3)
state = folder / "state.json"
if folder.name == "resumed" and not (folder / "again").exists():
    # Stopped, and resumed by its user before this process has ended.
    (folder / "again").touch()
    state.write_text(json.dumps({**json.loads(state.read_text()), "since": 1e12}))
    sys.exit(0)
state.write_text(json.dumps({**json.loads(state.read_text()), "status": "finished", "reason": ""}))
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    write_dataset(tmp_path / "data", 1, seed=0, size=(160, 120), rows=1)
    data = str(tmp_path / "data" / "annotations.json")
    return Plan(train=((data, 1.0),), validation=data)


@pytest.fixture
def queue(plan, monkeypatch):
    """Queue a run of each name; returns (folder, runs)."""
    monkeypatch.setattr(runs, "wake", lambda folder=None: None)
    monkeypatch.setattr(worker, "JOB", (sys.executable, "-c", JOB))
    monkeypatch.setattr(worker, "POLL", 0.02)

    def queue(*names):
        queued = [runs.create_run(name, plan) for name in names]
        return queued[0].folder.parent, queued

    return queue


def test_runs_are_carried_out_in_the_order_they_were_queued_whatever_becomes_of_them(queue):
    folder, (first, killed, ended, last) = queue("z", "killed", "ended", "a")
    worker.work(folder)
    assert (folder / "order.txt").read_text().split() == ["z", "killed", "ended", "a"]
    assert first.status == last.status == FINISHED
    assert killed.status == INTERRUPTED and "signal 9" in killed.reason and "memory" in killed.reason
    assert ended.status == INTERRUPTED and "status 3" in ended.reason and "last words" in ended.reason


def test_the_queue_goes_on_past_a_run_whose_log_cannot_be_written(queue):
    folder, (first, second) = queue("b", "a")
    (first.folder / runs.LOG).mkdir()
    worker.work(folder)
    assert first.status == FAILED and "log.txt: cannot be written" in first.reason
    assert second.status == FINISHED


@pytest.mark.parametrize("at", ["environment", "start_detached"])
def test_the_queue_goes_on_past_a_run_that_is_deleted_as_its_turn_comes(queue, monkeypatch, at):
    folder, (first, second) = queue("b", "a")
    go_on = getattr(worker, at)

    def meanwhile(*args, **options):
        if first.folder.exists():
            first.delete()
        return go_on(*args, **options)

    monkeypatch.setattr(worker, at, meanwhile)
    worker.work(folder)
    assert not first.folder.exists() and second.status == FINISHED


def test_a_run_that_is_being_deleted_as_its_turn_comes_is_left_to_that(queue):
    _, (first,) = queue("b")
    waiting = first.read_state()
    (first.folder / runs.PLAN).unlink()  # what is deleted first
    worker.carry_out(first)
    assert first.read_state() == waiting


def test_a_run_resumed_before_its_process_has_left_is_carried_out_again(queue):
    folder, (run,) = queue("resumed")
    worker.work(folder)
    assert (folder / "order.txt").read_text().split() == ["resumed", "resumed"]
    assert run.status == FINISHED


def test_a_second_worker_leaves_the_queue_to_the_first(queue):
    folder, (run,) = queue("a")
    with hold(folder / runs.WORKER_LOCK):
        worker.work(folder)
    assert run.status == QUEUED


def test_a_run_that_trains_elsewhere_is_waited_for(queue):
    folder, (other, run) = queue("other", "a")
    other.write_state(RUNNING, pid=os.getpid())
    with hold(other.folder / runs.LOCK):
        thread = threading.Thread(target=worker.work, args=(folder,))
        thread.start()
        time.sleep(0.2)
        assert run.status == QUEUED and thread.is_alive()
        other.write_state(FINISHED)
    thread.join(timeout=300)
    assert run.status == FINISHED


def test_a_backend_that_is_missing_is_named(queue, monkeypatch):
    monkeypatch.setattr("skushare.training.backends.find_spec", lambda name: None)
    folder, (run,) = queue("a")
    worker.work(folder)
    assert run.status == FAILED and "tensorflow is not installed" in run.reason


@pytest.mark.parametrize("relative", [False, True])
def test_the_queue_goes_on_without_the_process_that_filled_it(plan, tmp_path, monkeypatch, relative):
    if relative:
        monkeypatch.setenv("SKUSHARE_WORKSPACE", "workspace")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.chdir(tmp_path)
    data = Path(plan.validation)
    data.write_text(json.dumps({"images": 5}))  # so that the job ends before it has to load Keras
    code = "import sys\nfrom skushare.training import runs, plan\n"
    code += "runs.create_run('a', plan.Plan.from_json(sys.argv[1]))"
    cwd = tmp_path if relative else ROOT
    subprocess.run([sys.executable, "-c", code, plan.to_json()], check=True, cwd=cwd, start_new_session=True)
    run = runs.open_run("a")
    for _ in range(3000):
        # The reason is written first, and the line of the log when the job ends.
        if run.status not in (QUEUED, RUNNING) and run.log_tail():
            break
        time.sleep(0.1)
    assert run.status == FAILED and data.name in run.reason, run.log_tail()
    assert data.name in run.log_tail()
