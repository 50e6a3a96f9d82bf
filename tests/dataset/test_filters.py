from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.filters import Filter, find
from skushare.dataset.index import Index

INF = np.inf


def sample(split, *boxes):
    """A picture with boxes given as (class id, side)."""
    table, class_ids = [[0, 0, side, side] for _, side in boxes], [class_id for class_id, _ in boxes]
    return Sample(Path("x.jpg"), 100, 100, table, class_ids, split=split)


@pytest.fixture(scope="module")
def index():
    samples = (
        sample("train", (0, 10), (0, 20), (1, 30)),
        sample("val", (1, 5)),
        sample("train"),
        sample("", (0, 50), (2, 50)),
    )
    return Index.of(Dataset("d", samples, ("can", "jar", "box")), ["b/Shelf.jpg", "a.jpg", "É.jpg", "c.jpg"])


@pytest.mark.parametrize(
    "wanted, rows",
    [
        (Filter(), [0, 1, 2, 3]),
        (Filter(splits=("train",)), [0, 2]),
        (Filter(splits=("val", "")), [1, 3]),
        (Filter(splits=("unheard of",)), []),
        (Filter(text="shelf"), [0]),
        (Filter(text="é"), [2]),
        (Filter(text=".JPG"), [0, 1, 2, 3]),
        (Filter(classes=("jar",)), [0, 1]),
        (Filter(classes=("jar", "box")), [0, 1, 3]),
        (Filter(classes=("unheard of",)), []),
        (Filter(counts=(0, 0)), [2]),
        (Filter(counts=(1, 2)), [1, 3]),
        (Filter(classes=("can",), counts=(2, 9)), [0]),
        (Filter(sides=(20, 30)), [0]),
        (Filter(sides=(0, 5)), [1]),
        (Filter(sides=(50, INF)), [3]),
        (Filter(sides=(20, 30), classes=("can",), counts=(2, 9)), []),
        (Filter(names=frozenset({"c.jpg", "gone.jpg"})), [3]),
        (Filter(names=frozenset()), []),
        (Filter(order="by name"), [1, 0, 3, 2]),
        (Filter(order="most boxes first"), [0, 3, 1, 2]),
        (Filter(order="fewest boxes first", splits=("train", "")), [2, 3, 0]),
        (Filter(order="most boxes first", classes=("jar", "box")), [0, 1, 3]),
    ],
    ids=lambda value: str(sorted(value.names) if isinstance(value, Filter) and value.names else value),
)
def test_a_filter_finds_its_images_in_its_order(index, wanted, rows):
    assert find(index, wanted)[0].tolist() == rows


@pytest.mark.parametrize(
    "wanted, boxes",
    [
        (Filter(text="a"), [1, 1, 1, 1, 1, 1]),
        (Filter(classes=("jar",)), [0, 0, 1, 1, 0, 0]),
        (Filter(classes=("can",), sides=(15, 30)), [0, 1, 0, 0, 0, 0]),
    ],
)
def test_boxes_count_by_class_and_size(index, wanted, boxes):
    assert find(index, wanted)[1].tolist() == list(map(bool, boxes))


def test_nothing_is_found_in_nothing():
    rows, boxes = find(
        Index.of(Dataset("d", (), ("can",)), []), Filter(text="a", classes=("can",), order="by name")
    )
    assert rows.tolist() == [] and boxes.tolist() == []
