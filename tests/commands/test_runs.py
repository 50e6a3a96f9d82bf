"""`skushare runs` on runs that nobody carries out."""

import json
from dataclasses import asdict

import pytest

from skushare.cli import main
from skushare.dataset.synthetic import write_dataset
from skushare.lock import hold
from skushare.training import runs
from skushare.training.estimate import Estimate


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Make a run through the command line; returns it."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(runs, "wake", lambda folder=None: None)
    write_dataset(tmp_path / "data", 1, seed=0, size=(160, 120), rows=1)
    data = str(tmp_path / "data" / "annotations.json")

    def start(name, *options):
        assert main(["runs", "start", name, "--train", f"{data}:2", "--val", data, *options]) == 0
        return runs.open_run(name)

    return start


def test_options_become_the_plan_of_a_queued_run(start):
    run = start("first", "--steps", "7", "--backend", "jax", "--devices", "cpu", "--one-class")
    assert run.status == runs.QUEUED
    plan = run.plan
    assert (plan.training.steps, plan.backend, plan.devices, plan.one_class) == (7, "jax", "cpu", True)
    assert plan.train[0][1] == 2.0


def test_a_workspace_that_cannot_be_written_is_named(start, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "file"))
    data = str(tmp_path / "data" / "annotations.json")
    assert main(["runs", "start", "first", "--train", data, "--val", data]) == 2
    assert f"skushare: {tmp_path / 'file'}" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--train", "--val"])
def test_a_split_that_is_not_there_is_told_before_the_run_is_made(start, tmp_path, capsys, option):
    data = str(tmp_path / "data" / "annotations.json")
    sources = {"--train": data, "--val": data, option: f"{data}@nosuch"}
    assert main(["runs", "start", "first", *(text for pair in sources.items() for text in pair)]) == 2
    assert "no split called 'nosuch'; there are: " in capsys.readouterr().err
    assert runs.list_runs() == []


def test_list_tells_each_run_for_people_and_for_programs(start, capsys):
    start("first", "--steps", "7")
    run = start("second")
    run.write_state(runs.FAILED, "learning_rate: too high")
    (run.folder / runs.METRICS).write_text("step,AP\n5,0.25\n10,0.5\n")
    capsys.readouterr()
    assert main(["runs", "list"]) == 0
    second, first = capsys.readouterr().out.splitlines()
    assert first.split() == ["first", "queued", "0/7"]
    assert "failed" in second and "AP 0.500" in second and "learning_rate: too high" in second
    assert main(["runs", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["second", "first"] and rows[0]["AP"] == 0.5


@pytest.mark.parametrize("looking", [["list"], ["show", "first"]])
def test_looking_at_the_runs_wakes_the_queue(start, monkeypatch, looking):
    queue, woken = start("first").folder.parent, []
    monkeypatch.setattr(runs, "wake", lambda folder=None: woken.append(folder or queue))
    assert main(["runs", *looking]) == 0 and woken == [queue]


def test_a_run_whose_plan_cannot_be_read_hides_no_other(start, capsys):
    start("first", "--steps", "7")
    run = start("second")
    content = json.loads((run.folder / "plan.json").read_text())
    content["training"]["surprise"] = 1
    (run.folder / "plan.json").write_text(json.dumps(content))
    capsys.readouterr()
    assert main(["runs", "list"]) == 0
    second, first = capsys.readouterr().out.splitlines()
    assert first.split()[0] == "first" and "plan.json: " in second and "surprise" in second


def test_show_tells_how_far_a_run_is_and_what_it_uses(start, capsys):
    run = start("first")
    progress = runs.Progress(3, 10, "training", 0.5, 120.0, 1.0, 1.5, 2 << 30, 8 << 30, 0.0)
    (run.folder / runs.PROGRESS).write_text(json.dumps(asdict(progress)))
    with hold(run.folder / runs.LOCK):
        run.write_state(runs.RUNNING, pid=1)
        assert main(["runs", "show", "first"]) == 0
    out = capsys.readouterr().out
    assert "0.50 s a step, 2 min left" in out and "1.5 cores, 2.0 of 8.0 GB" in out


def test_no_pace_is_told_before_the_first_step(start, capsys):
    run = start("first")
    (run.folder / runs.PROGRESS).write_text(json.dumps(asdict(runs.Progress(0, 10, "preparing"))))
    with hold(run.folder / runs.LOCK):
        run.write_state(runs.RUNNING, pid=1)
        assert main(["runs", "show", "first"]) == 0
    assert "phase        preparing\n" in capsys.readouterr().out


def test_a_run_that_is_killed_is_not_said_to_save_first(start, monkeypatch, capsys):
    run, killed = start("first"), []
    monkeypatch.setattr(runs.os, "kill", lambda *signal: killed.append(signal))
    with hold(run.folder / runs.LOCK):
        run.write_state(runs.RUNNING, pid=4321)
        assert main(["runs", "stop", "first", "--force"]) == 0
    assert killed == [(4321, 9)] and "first: killed; skushare runs resume first" in capsys.readouterr().out


def test_a_run_is_stopped_resumed_and_deleted(start, capsys):
    run = start("first")
    (run.folder / runs.LOG).write_text("one\ntwo\n")
    for action, status in (("stop", runs.STOPPED), ("resume", runs.QUEUED)):
        assert main(["runs", action, "first"]) == 0 and run.status == status
    assert main(["runs", "log", "first", "--lines", "1"]) == 0
    assert capsys.readouterr().out.endswith("\ntwo\n")
    assert main(["runs", "delete", "first"]) == 0 and not run.folder.exists()


@pytest.mark.parametrize("action", ["show", "stop", "resume", "delete", "log"])
def test_an_unknown_run_is_named_with_those_there_are(start, capsys, action):
    start("first")
    assert main(["runs", action, "other"]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "'other'" in error and "first" in error


def test_an_estimate_is_told(start, tmp_path, monkeypatch, capsys):
    found = Estimate(3600.0, 0.25, 1.5, 30.0, 3 << 30, 24, False, 0.0, busy=True)
    told = []

    def estimate(plan, again):
        told.append(capsys.readouterr().err)  # minutes may pass now
        return found

    monkeypatch.setattr("skushare.training.estimate.estimate", estimate)
    data = str(tmp_path / "data" / "annotations.json")
    assert main(["runs", "estimate", "--train", data, "--val", data]) == 0
    assert "warning: " in told[0] and "Measuring" in told[0]
    out = capsys.readouterr().out
    assert "60 min" in out and "3.0 GB" in out and "busy" in out
