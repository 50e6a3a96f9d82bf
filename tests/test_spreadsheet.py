"""CSV that a spreadsheet cannot run as a formula."""

import pandas as pd
import pytest

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
    ],
)
def test_text_is_defused(text, cell):
    csv = to_csv(pd.DataFrame({"photo": [text], "facings": [-3]})).decode("utf-8-sig")
    assert csv.splitlines() == ["photo,facings", f"{cell},-3"]


def test_headings_are_defused_and_the_table_stays():
    frame = pd.DataFrame({"=x": ["=y"]})
    assert to_csv(frame).decode("utf-8-sig") == "'=x\n'=y\n"
    assert frame.to_dict("list") == {"=x": ["=y"]}


def test_an_empty_table_keeps_its_headings():
    assert to_csv(pd.DataFrame(columns=["photo", "facings"])).decode("utf-8-sig") == "photo,facings\n"
