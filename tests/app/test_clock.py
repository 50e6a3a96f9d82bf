from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from skushare.app import clock


@pytest.mark.parametrize(
    "zone, begin",
    [
        ("America/New_York", "2026-11-28T00:00:00-05:00"),
        ("America/New_York", "2026-07-01T00:00:00-04:00"),
        ("Asia/Kolkata", "2026-07-01T00:00:00+05:30"),
        ("Europe/Berlin", "2026-03-29T00:00:00+01:00"),  # it has 23 hours
        ("Europe/Berlin", "2026-03-30T00:00:00+02:00"),
    ],
)
def test_the_clock_is_that_of_the_visitor(monkeypatch, zone, begin):
    monkeypatch.setattr(clock.st, "context", SimpleNamespace(timezone=zone))
    assert clock.local(datetime.fromisoformat(begin[:-6])).isoformat() == begin
    assert abs(clock.now() - datetime.now(timezone.utc)) < timedelta(minutes=1)


@pytest.mark.parametrize("zone", [None, "", "Nowhere/At_all", "../etc/passwd", "\0"])
def test_without_a_zone_it_is_the_servers(monkeypatch, zone):
    monkeypatch.setattr(clock.st, "context", SimpleNamespace(timezone=zone))
    assert clock.now().utcoffset() == datetime.now().astimezone().utcoffset()
    assert clock.local(datetime(2026, 7, 1)) == datetime(2026, 7, 1).astimezone()
