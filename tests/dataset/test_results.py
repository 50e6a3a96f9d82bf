import io
import json
from pathlib import Path

import pandas as pd
import pytest

from skushare.dataset import results
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


def test_json_tells_the_gaps_of_each_photo():
    row = Detections([[0, 10, 20, 60], [22, 10, 42, 60], [70, 10, 90, 60]], [0.9] * 3, [0] * 3)
    content = json.loads(results.to_json([Found(Path("a.jpg"), 100, 70, row), *FOUND], ("facing",)))
    assert [len(photo["gaps"]) for photo in content] == [1, 0, 0, 0]
    (gap,) = content[0]["gaps"]
    assert (gap["left"], gap["right"], gap["row"], gap["facings"]) == (42, 70, 0, 1)


def test_csv_has_a_row_a_facing_and_no_formula():
    table = pd.read_csv(io.StringIO(results.to_csv_text(FOUND, ("facing",)).lstrip("\ufeff")))
    assert table["photo"].tolist() == ["a/=1.jpg"] * 2 and table["right"].tolist() == [40, 70]


def test_table_counts_every_photo_and_all():
    text = results.to_table(FOUND)
    assert "damaged" in text and text.splitlines()[-1].split()[-1] == "2"


@pytest.mark.parametrize("write", [results.to_coco, results.to_json, results.to_csv_text])
def test_no_photos_at_all(write):
    assert isinstance(write([], ("facing",)), str)
