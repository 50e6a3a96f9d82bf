"""Names are one line of what was written; the same function serves galleries and audits."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.audits.audit import Audit
from skushare.brands.gallery import Sku
from skushare.text import counted, percent, tidy, tidy_name, told_share

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # one emoji of three, joined
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"  # with a non-joiner inside


@pytest.mark.parametrize(
    "text, name",
    [
        (f" {FAMILY} ", FAMILY),
        (PERSIAN, PERSIAN),
        ("Cola\u00a0Zero", "Cola Zero"),
        ("Cola\nZero\t!", "Cola Zero !"),
        ("Cola\u2028Zero", "Cola Zero"),
        ("a\x00b\ud800c", "a b c"),
        ("\u05d0\u200f!", "\u05d0\u200f!"),
        ("Cola  Zero", "Cola  Zero"),
        ("Cafe\u0301", "Caf\u00e9"),  # as a folder of a Mac is called
    ],
)
def test_a_brand_is_called_the_same_in_a_gallery_and_in_an_audit(text, name):
    assert tidy_name(text) == name
    assert Sku("a", text, text).brand == name
    assert Audit((), (text,), datetime.now()).brands == (name,)


def test_a_note_keeps_its_lines():
    assert tidy("first\n\tsecond\x07") == "first\n\tsecond"


@given(st.text())
def test_a_tidy_name_stays_as_it_is(text):
    name = tidy_name(text)
    assert tidy_name(name) == name and len(name.splitlines()) <= 1


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "box", "1 box"),
        (0, "box", "0 boxes"),
        (2, "class", "2 classes"),
        (1, "photo", "1 photo"),
        (1200, "photo", "1,200 photos"),
    ],
)
def test_one_is_counted_as_one(number, noun, text):
    assert counted(number, noun) == text


@pytest.mark.parametrize(
    "share, digits, told",
    [
        (0, 0, "0 %"),
        (1, 1, "100.0 %"),
        (5 / 8, 0, "63 %"),  # as a browser tells it
        (1 / 16, 1, "6.3 %"),
        (0.145, 0, "15 %"),
        (1 / 3, 1, "33.3 %"),
        (0.00049, 1, "0.0 %"),
    ],
)
def test_a_share_is_told_as_a_browser_rounds_it(share, digits, told):
    assert percent(share, digits) == told


@pytest.mark.parametrize(
    "margin, digits, told",
    [
        (0.044, 0, "31 % ± 4 %"),
        (0.044, 1, "31.0 % ± 4.4 %"),
        (0.004, 0, "31 %"),
        (0.004, 1, "31.0 % ± 0.4 %"),
        (0, 1, "31.0 %"),  # what nobody can doubt, or no box can tell
        (float("nan"), 1, "31.0 %"),
    ],
)
def test_a_share_is_told_with_its_margin_where_it_has_one(margin, digits, told):
    assert told_share(0.31, margin, digits) == told
