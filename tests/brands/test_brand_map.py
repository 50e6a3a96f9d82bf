"""Labels become brands, and a wrong file is told with its line."""

import numpy as np
import pytest

from skushare.brands.brand_map import BrandMap, labels_as_brands, read_brand_map
from skushare.detections import Detections
from skushare.errors import SkushareError


def detections(*class_ids):
    return Detections(np.zeros((len(class_ids), 4)), np.ones(len(class_ids)), class_ids)


LABELS = ("cola 1 l", "water", "cola can", "new")


@pytest.fixture
def brand_map(tmp_path):
    path = tmp_path / "brands.csv"
    path.write_text("label,brand,own\ncola 1 l,Cola,yes\ncola can, Cola ,\nwater,Aqua,no\n", "utf-8-sig")
    return read_brand_map(path)


def test_many_labels_are_one_brand(brand_map):
    assert brand_map.brands == ("Cola", "Aqua") and brand_map.own_brands == ("Cola",)
    assert brand_map.name(detections(0, 1, 2, 3, 0), LABELS).brand_ids.tolist() == [0, 1, 0, -1, 0]


@pytest.mark.parametrize("mapped", [BrandMap({}), labels_as_brands(LABELS)])
def test_no_detections(mapped):
    assert mapped.name(Detections(), LABELS).brand_ids.tolist() == []


def test_labels_may_be_the_brands():
    mapped = labels_as_brands(LABELS)
    assert mapped.brands == LABELS and mapped.name(detections(3, 0), LABELS).brand_ids.tolist() == [3, 0]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "lacks the column 'brand'"),
        (b"label,own\na,yes\n", "lacks the column 'brand'"),
        (b"label,brand\na,\n", "line 2: the brand is empty"),
        (b"label,brand\na\n", "line 2: the brand is empty"),
        (b"label,brand,own\na,b,yes\na,c,yes\n", "line 3: 'a' has two brands"),
        (b"label,brand,own\na,b,maybe\n", "line 2: own is yes or no"),
        (b"label,brand\na," + b"x" * 300, "longer than"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, content, message):
    path = tmp_path / "brands.csv"
    path.write_bytes(content)
    with pytest.raises(SkushareError, match=message) as error:
        read_brand_map(path)
    assert "brands.csv" in str(error.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SkushareError, match=r"none\.csv: cannot be read"):
        read_brand_map(tmp_path / "none.csv")
