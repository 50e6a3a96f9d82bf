from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from skushare.app import audit_words, clock


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
    assert audit_words._moved(datetime.fromisoformat(kept), chosen).isoformat() == moved
