import pytest

from skushare.app.text import duration, plain, sentence


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("there is no audit 99; it may have been deleted", "There is no audit 99; it may have been deleted"),
        ("no model called 'x'; there are: a, b", "No model called 'x'; there are: a, b"),
        ("a brand needs a name", "A brand needs a name"),
        ("mine: is empty; add photos", "mine: is empty; add photos"),
        ("my shelf.jpg: is damaged", "my shelf.jpg: is damaged"),
        ("shelf.zip has no photos", "shelf.zip has no photos"),
        ("min_scale 3 is above max_scale 2", "min_scale 3 is above max_scale 2"),
    ],
)
def test_an_error_begins_with_a_capital_unless_it_begins_with_a_name(text, shown):
    assert sentence(text) == shown


def test_text_of_others_is_no_markdown():
    assert plain("Tom &amp; [a](b) 1. *x*.jpg") == r"Tom \&amp; \[a\]\(b\) 1\. \*x\*\.jpg"
