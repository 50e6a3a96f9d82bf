"""Target shares are kept by category, changed and forgotten."""

import pytest

from skushare.audits.targets import save_target, targets, told_against
from skushare.errors import AuditError

HOSTILE = "<b>'; DROP TABLE targets; -- 🥫"


def test_a_target_is_kept_changed_and_forgotten(database):
    assert targets() == targets("coffee") == {}
    save_target(HOSTILE, 0.25)
    save_target("Oats", 1, "coffee")
    save_target(HOSTILE, 0.5)
    assert targets() == {HOSTILE: 0.5} and targets("coffee") == {"Oats": 1.0}
    save_target(HOSTILE, None)
    save_target("never had one", None)
    assert targets() == {} and targets("coffee") == {"Oats": 1.0}


@pytest.mark.parametrize("share", [-0.01, 1.5, float("nan")])
def test_what_is_no_share_is_refused(database, share):
    with pytest.raises(AuditError, match="0 to 100 %"):
        save_target("Oats", share)
    assert targets() == {}


def test_a_look_can_have_no_target_and_lose_one(database):
    with pytest.raises(AuditError, match="look AB is another look on each shelf"):
        save_target(" look AB ", 0.3)
    save_target("look AB", None)
    save_target("look after", 0.3)
    assert targets() == {"look after": 0.3}


@pytest.mark.parametrize(
    "share, target, told",
    [
        (0.2171, 0.2, "1.7 points above the target of 20 %"),
        (0.1, 0.125, "2.5 points below the target of 12.5 %"),
        (0.2004, 0.2, "at the target of 20 %"),
        (0, 1, "100.0 points below the target of 100 %"),
    ],
)
def test_a_difference_is_told_by_its_side(share, target, told):
    assert told_against(share, target) == told
