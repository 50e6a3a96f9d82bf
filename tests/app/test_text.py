import pytest

from skushare.app.text import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (99, "99 s"),
        (100, "2 min"),
        (3540, "59 min"),
        (3599, "1 h"),
        (11100, "3 h 5 min"),
        (86399, "1 d"),
        (2 * 86400 + 4 * 3600, "2 d 4 h"),
    ],
)
def test_a_duration_is_told_in_the_units_people_use(seconds, text):
    assert duration(seconds) == text
