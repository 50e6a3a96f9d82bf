"""An audit that was begun is saved once, however often the button is pressed."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from skushare.app import audit_saving, clock
from skushare.app.audit_saving import Begun


def test_two_presses_save_one_audit(monkeypatch):
    saved = []

    def save(audit):
        time.sleep(0.05)
        saved.append(audit)
        return len(saved)

    monkeypatch.setattr(audit_saving, "save_audit", save)
    begun = Begun("view")
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(begun.save, [str.upper, str.upper])) == [1, 1]
    assert saved == ["VIEW"]


@pytest.mark.parametrize(
    "kept, moved",
    [
        ("2026-10-25T02:30:00+02:00", "2026-10-25T02:31:00+02:00"),  # in Berlin this hour comes twice
        ("2026-10-25T02:30:00+01:00", "2026-10-25T02:31:00+01:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00+02:00"),
        ("2026-10-25T02:30:00-08:00", "2026-10-25T02:31:00-08:00"),
    ],
)
def test_a_time_that_is_moved_by_a_minute_stays_in_its_hour(monkeypatch, kept, moved):
    monkeypatch.setattr(clock, "_zone", lambda: ZoneInfo("Europe/Berlin"))
    chosen = datetime.fromisoformat(moved).replace(tzinfo=None)
    assert audit_saving._moved(datetime.fromisoformat(kept), chosen).isoformat() == moved
