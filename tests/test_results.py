import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skushare import results
from skushare.detections import Detections
from skushare.detector.batch import Found
from skushare.errors import ImageError

FOUND = [
    Found(Path("a/=1.jpg"), 200, 100, Detections([[10, 20, 40, 80], [50, 20, 70, 60]], [0.9, 0.5], [0, 0])),
    Found(Path("b.jpg"), 0, 0, Detections(), ImageError("b.jpg: damaged")),
    Found(Path("c.jpg"), 30, 30, Detections()),
]


def test_coco_has_an_entry_for_every_photo_and_boxes_in_pixels():
    content = json.loads(results.to_coco(FOUND, ("facing",)))
    assert [i["file_name"] for i in content["images"]] == ["a/=1.jpg", "b.jpg", "c.jpg"]
    assert [a["bbox"] for a in content["annotations"]] == [[10, 20, 30, 60], [50, 20, 20, 40]]
    assert {a["image_id"] for a in content["annotations"]} == {1} and content["annotations"][0][
        "score"
    ] == 0.9
    assert content["categories"] == [{"id": 1, "name": "facing"}]


def test_json_tells_counts_and_errors():
    content = json.loads(results.to_json(FOUND, ("facing",)))
    assert [p["facings"] for p in content] == [2, 0, 0]
    assert [p["error"] for p in content] == [None, "b.jpg: damaged", None]


def test_json_has_no_more_digits_than_the_table():
    found = [Found(Path("a.jpg"), 400, 100, Detections([[306.9, 371.5, 405.2, 529.04]], [0.85582], [0]))]
    (facing,) = json.loads(results.to_json(found, ("facing",)))[0]["detections"]
    assert facing == {"class": "facing", "score": 0.8558} | dict(
        left=306.9, top=371.5, right=405.2, bottom=529.0
    )


def test_json_tells_the_gaps_of_each_photo():
    row = Detections([[0, 10, 20, 60], [22, 10, 42, 60], [70, 10, 90, 60]], [0.9] * 3, [0] * 3)
    content = json.loads(results.to_json([Found(Path("a.jpg"), 100, 70, row), *FOUND], ("facing",)))
    assert [len(photo["gaps"]) for photo in content] == [1, 0, 0, 0]
    (gap,) = content[0]["gaps"]
    assert (gap["left"], gap["right"], gap["row"], gap["facings"]) == (42, 70, 1, 1)
    filled = Found(Path("a.jpg"), 100, 70, row, doubtful=np.float32([[45, 10, 65, 60]]))
    assert json.loads(results.to_json([filled], ("facing",)))[0]["gaps"] == []


def test_csv_has_a_row_a_facing_and_no_formula():
    table = pd.read_csv(io.StringIO(results.to_csv_text(FOUND, ("facing",)).lstrip("\ufeff")))
    assert table["photo"].tolist() == ["a/=1.jpg"] * 2 and table["right"].tolist() == [40, 70]


def test_csv_has_whole_numbers_where_only_some_photos_have_rows():
    rows = Found(Path("b.jpg"), 50, 40, replace(FOUND[0].detections, row_ids=np.zeros(2)))
    for found in (FOUND, [rows], [*FOUND, rows]):
        text = results.to_csv_text(found, ("facing",)).lstrip("\ufeff")
        table = pd.read_csv(io.StringIO(text), dtype=str)
        numbers = table[table.columns.intersection(["row", "track"])].to_numpy().ravel()
        assert not any("." in str(number) for number in numbers)


def test_table_counts_every_photo_and_all():
    text = results.to_table(FOUND)
    assert text.split().count("error") == 1 and text.splitlines()[-1].split()[-1] == "2"


@pytest.mark.parametrize(
    "write",
    [
        results.to_coco,
        results.to_json,
        results.to_csv_text,
        results.shares_to_json,
        results.shares_to_csv_text,
    ],
)
def test_no_photos_at_all(write):
    assert isinstance(write([], ("facing",)), str)


@pytest.fixture
def own_and_competitors():
    boxes = [[20 * i, 0, 20 * i + 18, 40] for i in range(4)]
    found = Detections(boxes, [0.9] * 4, [0] * 4, brand_ids=[0, 1, 1, -1])
    return [Found(Path("a.jpg"), 200, 100, found), FOUND[1]]


@pytest.mark.parametrize(
    "write, shown",
    [
        (lambda found: results.to_table(found), "caf\ufffd.jpg"),
        (lambda found: results.to_csv_text(found, ("facing",)), "caf\ufffd.jpg"),
        (lambda found: results.to_shares(found, ("facing",)), "caf\ufffd.jpg"),
        (lambda found: results.shares_to_csv_text(found, ("facing",)), "caf\ufffd.jpg"),
        (lambda found: results.shares_to_json(found, ("facing",)), "caf\\ufffd.jpg"),
        (lambda found: results.to_json(found, ("facing",)), "caf\\udce9.jpg"),
        (lambda found: results.to_coco(found, ("facing",)), "caf\\udce9.jpg"),
    ],
)
def test_a_file_name_that_is_no_utf_8_is_written(write, shown):
    found = FOUND[0]._replace(
        path=Path(os.fsdecode(b"caf\xe9.jpg")),
        detections=replace(FOUND[0].detections, row_ids=np.array([0, 0])),
    )
    assert shown in write([found]).encode().decode()


def test_every_facing_tells_whether_it_is_of_an_own_brand(own_and_competitors):
    given = (own_and_competitors, ("facing",), ("Cola", "Aqua"))
    facings = json.loads(results.to_json(*given, ["Cola"]))[0]["detections"]
    assert [(f["brand"], f["own"]) for f in facings] == [
        ("Cola", True),
        ("Aqua", False),
        ("Aqua", False),
        ("", None),
    ]
    notes = json.loads(results.to_coco(*given, ["Cola"]))["annotations"]
    assert [note.get("own") for note in notes] == [True, False, False, None]
    table = pd.read_csv(io.StringIO(results.to_csv_text(*given, ["Cola"]).lstrip("\ufeff")))
    assert [str(own) for own in table["own"]] == ["True", "False", "False", "nan"]
    assert not any(
        "own" in write(*given) for write in (results.to_json, results.to_coco, results.to_csv_text)
    )


def test_a_brand_called_unknown_is_on_neither_side(own_and_competitors):
    given = (own_and_competitors, ("facing",), ("Cola", "unknown"), ["Cola", "unknown"])
    facings = json.loads(results.to_json(*given))[0]["detections"]
    assert [facing["own"] for facing in facings] == [True, None, None, None]
    notes = json.loads(results.to_coco(*given))["annotations"]
    assert [note.get("own") for note in notes] == [True, None, None, None]
    sides = {
        line["name"]: (line["side"], line["facings"]) for line in json.loads(results.shares_to_json(*given))
    }
    assert sides == {"Cola": ("own brands", 1), "unknown": ("", 3)}


def test_every_facing_tells_its_product(own_and_competitors):
    found = own_and_competitors[0]
    detections = replace(found.detections, sku_ids=[0, 1, 2, -1])
    given = ([found._replace(detections=detections), FOUND[1]], ("facing",), ("Cola", "Aqua"), ())
    facings = json.loads(results.to_json(*given, ["can", "=still", "fizzy"]))[0]["detections"]
    assert [facing["sku"] for facing in facings] == ["can", "=still", "fizzy", ""]
    table = pd.read_csv(io.StringIO(results.to_csv_text(*given, ["can", "=still", "fizzy"]).lstrip("\ufeff")))
    assert table["sku"].fillna("").tolist() == ["can", "'=still", "fizzy", ""]
    assert detections.to_frame()["sku"].tolist() == [0, 1, 2, -1]


def test_shares_are_a_table_too(own_and_competitors):
    given = (own_and_competitors, ("facing",), ("Cola", "Aqua"))
    lines = json.loads(results.shares_to_json(*given))
    assert [(line["photo"], line["row"], line["name"], line["facings"]) for line in lines] == [
        (photo, row, name, count)
        for photo, row in ((None, None), ("a.jpg", 1))
        for name, count in (("Aqua", 2), ("Cola", 1), ("unknown", 1))
    ]
    assert lines[0]["share"] == 0.5 and "side" not in lines[0]
    table = pd.read_csv(io.StringIO(results.shares_to_csv_text(*given, ["Cola"]).lstrip("\ufeff")))
    assert table["side"].fillna("").tolist() == ["competitors", "own brands", ""] * 2
    assert table["row"].tolist()[3:] == [1, 1, 1] and table["row"].isna().sum() == 3
    assert results.shares_to_csv_text(*given).splitlines()[4].startswith("a.jpg,1,Aqua,2,")


def test_shares_set_own_brands_against_competitors(own_and_competitors):
    given = (own_and_competitors, ("facing",), ("Cola", "Aqua"))
    told = results.to_shares(*given, ["Cola"])
    brands, sides, rows = told.split("\n\n", 2)
    assert [line.split()[:2] for line in brands.splitlines()[1:]] == [
        ["Aqua", "competitors"],
        ["Cola", "own"],
        ["unknown", "1"],
    ]
    assert sides.splitlines()[0] == "own brands against competitors"
    assert sorted(line.split()[0] for line in sides.splitlines()[2:]) == ["competitors", "own", "unknown"]
    assert "side" in rows and "side" not in results.to_shares(*given)
