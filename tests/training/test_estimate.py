import json
import math
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from skushare.dataset import store
from skushare.dataset.formats import write_dataset
from skushare.errors import SkushareError
from skushare.training import estimate
from skushare.training.config import TrainingConfig
from skushare.training.plan import Plan

MEASURED = {
    "seconds_per_step": 2.0,
    "seconds_per_photo": 0.5,
    "seconds_to_start": 10.0,
    "memory": 1 << 30,
    "photos": 4,
    "knowing": False,
}


@pytest.fixture
def plan(dataset, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))
    data = str(dataset.samples[0].path.parent / "annotations.json")
    training = TrainingConfig(steps=100, batch_size=2, warmup_steps=1, validate_every=40)
    return Plan(train=((data, 1.0),), validation=data, detector=tiny, training=training)


@pytest.fixture
def process(monkeypatch):
    """The process that measures: what it prints, what it returns, and how often it ran."""

    class Process:
        runs, returncode, stdout, stderr = 0, 0, "chatter\n" + json.dumps(MEASURED) + "\n", ""

        def __call__(self, plan, stop):
            self.runs += 1
            return subprocess.CompletedProcess((), self.returncode, self.stdout, self.stderr)

    process = Process()
    monkeypatch.setattr(estimate, "_run_job", process)
    return process


def test_a_real_measurement_tells_time_and_memory(plan):
    found = estimate.measure(plan)
    assert found.keys() == MEASURED.keys() and found.pop("knowing") is False
    assert all(math.isfinite(value) and value > 0 for value in found.values())
    assert found["photos"] == 3 and found["memory"] > 50 << 20


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="of Linux")
def test_the_memory_of_the_app_that_asks_does_not_count(monkeypatch):
    inherited = SimpleNamespace(ru_maxrss=1 << 40)  # of a process that a large one started
    monkeypatch.setattr(estimate.resource, "getrusage", lambda who: inherited)
    assert 1 << 20 < estimate._peak_memory() < 1 << 40


def test_time_adds_up_steps_and_validations(plan, process):
    found = estimate.estimate(plan)
    assert found.seconds == 10 + 100 * 2.0 + 3 * 4 * 0.5
    process.stdout = json.dumps(MEASURED | {"knowing": True})  # validated at step 0 as well
    assert estimate.estimate(plan, again=True).seconds == found.seconds + 4 * 0.5


def test_what_was_measured_is_kept_for_plans_of_the_same_cost(plan, process):
    assert estimate.known_estimate(plan) is None
    estimate.estimate(plan)
    ema = plan.training.ema / 2  # which goes with the steps
    longer = replace(plan.training, steps=1000, learning_rate=0.1, ema=ema)
    longer = replace(plan, training=longer, licence="mine")
    assert estimate.estimate(longer).seconds > 2000 and process.runs == 1
    assert estimate.known_estimate(longer) == estimate.estimate(longer)
    for costlier in (
        replace(plan, training=replace(plan.training, batch_size=4)),
        replace(plan, training=replace(plan.training, freeze_before="Conv_1")),
        replace(plan, training=replace(plan.training, mosaic=0.5)),
        replace(plan, training=replace(plan.training, paste=0.5)),
        replace(plan, backend="jax"),
    ):
        assert estimate.known_estimate(costlier) is None
    estimate.estimate(plan, again=True)
    assert process.runs == 2


def test_a_dataset_that_has_changed_is_measured_anew(plan, dataset, process):
    store.add_dataset(dataset, "shop", copy=False)
    plan = replace(plan, train=(("shop", 1.0),))
    estimate.estimate(plan)
    assert estimate.known_estimate(plan)
    fewer = store.open_dataset("shop")
    store.replace_dataset("shop", replace(fewer, samples=fewer.samples[:1]), "took photos out")
    assert estimate.known_estimate(plan) is None


def test_a_folder_with_a_photo_more_is_measured_anew(plan, dataset, process, tmp_path):
    write_dataset(dataset, tmp_path / "shop", "yolo")
    plan = replace(plan, train=((str(tmp_path / "shop"), 1.0),))
    estimate.estimate(plan)
    assert estimate.known_estimate(plan)
    (photo, *_) = (tmp_path / "shop" / "images").rglob("*.*")
    (labels,) = (tmp_path / "shop" / "labels").rglob(f"{photo.stem}.txt")
    for path in (photo, labels):
        shutil.copy(path, path.with_stem("more"))
    assert estimate.known_estimate(plan) is None


def test_a_damaged_cache_is_measured_anew(plan, process, tmp_path):
    estimate.estimate(plan)
    for content in ("{", "[]", (tmp_path / "cache" / "estimates.json").read_text().replace("busy", "old")):
        (tmp_path / "cache" / "estimates.json").write_text(content)
        assert estimate.known_estimate(plan) is None
        assert estimate.estimate(plan) == estimate.known_estimate(plan)


@pytest.mark.parametrize(
    ("returncode", "stderr", "words"),
    [
        (-9, "", "memory ran out"),
        (1, "noise\nmine.json: damaged\n", "mine.json: damaged"),
        (3, "", "status 3"),
    ],
)
def test_a_plan_that_does_not_work_is_explained(plan, process, returncode, stderr, words):
    process.returncode, process.stderr = returncode, stderr
    with pytest.raises(SkushareError, match=words):
        estimate.estimate(plan)


def test_the_process_that_measures_gets_the_plan_and_can_be_stopped(plan, monkeypatch):
    monkeypatch.setattr(estimate, "LOOK", 0.01)
    monkeypatch.setattr(estimate, "JOB", (sys.executable, "-c", "import sys; print(sys.stdin.read())"))
    told = estimate._run_job(plan, None)
    assert told.returncode == 0 and Plan.from_json(told.stdout) == plan
    monkeypatch.setattr(estimate, "JOB", (sys.executable, "-c", "import time; time.sleep(100)"))
    stop = threading.Event()
    stop.set()
    with pytest.raises(SkushareError, match="stopped"):
        estimate.estimate(plan, stop=stop)
    monkeypatch.setattr(estimate, "TIMEOUT", 0.0)
    with pytest.raises(SkushareError, match="within 0 minutes; try"):
        estimate.estimate(plan)
