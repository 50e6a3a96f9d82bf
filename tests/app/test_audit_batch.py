"""A folder's audit goes on also where the run of a click overlaps the one that it cut short."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from skushare.app import audit_batch
from skushare.app.audit_batch import Batch
from skushare.errors import SkushareError

FILES = [SimpleNamespace(name=f"{n}.jpg", size=n, getvalue=lambda: b"") for n in range(6)]


def begin(monkeypatch, work):
    monkeypatch.setattr(audit_batch, "Finder", lambda *_, **__: None)
    monkeypatch.setattr(audit_batch, "open_batch", lambda *_: 7)
    monkeypatch.setattr(audit_batch, "run_batch", lambda number, files, finder: work(files))
    return Batch(FILES, {}, None, None, None)


def counted(files):
    for name, _ in files:
        time.sleep(0.02)
        yield SimpleNamespace(error=f"{name}: blurred" if name == "3.jpg" else None)


def test_two_runs_count_each_photo_once(monkeypatch):
    batch = begin(monkeypatch, counted)
    with ThreadPoolExecutor(2) as pool:
        while not all(pool.map(batch.advance, [0.03, 0.03])):
            pass
    assert batch.done == len(FILES) and batch.problems == ["3.jpg: blurred"]


@pytest.mark.parametrize("time", [None, datetime(2026, 3, 2, 14, 30, tzinfo=timezone.utc)])
def test_an_audit_of_another_time_is_another_one_where_a_time_is_given(monkeypatch, time):
    begun = []
    monkeypatch.setattr(audit_batch, "Finder", lambda *_, **__: None)
    monkeypatch.setattr(audit_batch, "open_batch", lambda *args: begun.append(args))
    Batch(FILES, {"store": "North", "time": time}, None, None, None)
    ((_, words, *_, asked),) = begun
    assert asked == time and words["time"].tzinfo and (time is None or words["time"] == time)


def test_an_error_is_raised_again_by_the_next_run(monkeypatch):
    def fail(files):
        yield SimpleNamespace(error=None)
        raise SkushareError("the disk is full")

    batch = begin(monkeypatch, fail)
    for _ in range(2):
        with pytest.raises(SkushareError, match="the disk is full"):
            batch.advance(9)
