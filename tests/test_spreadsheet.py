"""CSV that a spreadsheet cannot run as a formula."""

import csv
import io
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.spreadsheet import to_csv


@pytest.mark.parametrize(
    "text, cell",
    [
        ("shelf.jpg", "shelf.jpg"),
        ("=1+1.jpg", "'=1+1.jpg"),
        ("+cmd.jpg", "'+cmd.jpg"),
        ("-2.jpg", "'-2.jpg"),
        ("@sum.jpg", "'@sum.jpg"),
        (" =1.jpg", "' =1.jpg"),
        ("\t=1.jpg", "'\t=1.jpg"),
        ("Käse, groß.jpg", '"Käse, groß.jpg"'),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠sum", "'＠sum"),
        ("﹦1", "'﹦1"),
        ("\u00a0=1", "'\u00a0=1"),  # a space that does not break
        ("\u3000=1", "'\u3000=1"),  # a wide one
        ("\ufeff=1", "'\ufeff=1"),  # a byte order mark
        ("\u200b=1", "'\u200b=1"),  # no width
        ("\u2060=1", "'\u2060=1"),
        ("\u202e=1", "'\u202e=1"),  # turns the direction
        ("\u200f\u2067 ＝1", "'\u200f\u2067 ＝1"),
        ("\x1f=1", "'\x1f=1"),
        ("\u200b\tb", "'\u200b\tb"),
        ("\u200bshelf", "\u200bshelf"),
        ("\u200f", "\u200f"),
        ("", ""),
        ("シェル＝1", "シェル＝1"),
        ("1-2=x", "1-2=x"),
        ("⅔ l", "⅔ l"),
        ("'=1", "'=1"),
    ],
)
def test_text_is_defused(text, cell):
    written = to_csv(pd.DataFrame({"photo": [text], "facings": [-3]})).decode("utf-8-sig")
    assert written.split("\n") == ["photo,facings", f"{cell},-3", ""]


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")  # Python's reader stops at NUL
hidden = st.text(st.characters(categories=["Cf", "Zs", "Cc"], exclude_characters="\0"), max_size=3)


@given(text=st.text(letters) | st.builds(str.__add__, hidden, st.sampled_from("=+-@＝＋－＠") | letters))
def test_no_cell_shows_a_formula_sign_first_and_no_letter_is_lost(text):
    written = to_csv(pd.DataFrame({"photo": [text]})).decode("utf-8-sig")
    _, (cell,) = csv.reader(io.StringIO(written, newline=""))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert cell in (text, "'" + text)
    seen = "".join(letter for letter in cell if unicodedata.category(letter)[0] not in "CZ")
    assert not unicodedata.normalize("NFKC", seen[:1]).startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("text", ["a\r=1+1", "a\r\n=1+1", "a\n=1+1"])
def test_a_break_within_text_begins_no_row(text):
    written = to_csv(pd.DataFrame({"photo": [text]})).decode("utf-8-sig")
    assert written == 'photo\n"a\n=1+1"\n'


def test_headings_are_defused_and_the_table_stays():
    frame = pd.DataFrame({"=x": ["=y"]})
    assert to_csv(frame).decode("utf-8-sig") == "'=x\n'=y\n"
    assert frame.to_dict("list") == {"=x": ["=y"]}


def test_an_empty_table_keeps_its_headings():
    assert to_csv(pd.DataFrame(columns=["photo", "facings"])).decode("utf-8-sig") == "photo,facings\n"
