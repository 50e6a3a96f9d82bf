"""Share of shelf: grouping, names, sums."""

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.shelf.share import UNKNOWN, share_of_shelf, share_of_shelves


def found(class_ids, brand_ids=None):
    n = len(class_ids)
    return Detections(np.zeros((n, 4)), np.ones(n), class_ids, brand_ids=brand_ids)


@pytest.mark.parametrize(
    "detections, labels, brands, expected",
    [
        (Detections(), ("facing",), (), []),
        (found([0, 0, 0]), ("facing",), (), [("facing", 3, 1.0)]),
        (found([1, 0, 1, 1]), ("can", "box"), (), [("box", 3, 0.75), ("can", 1, 0.25)]),
        (found([4]), ("can",), (), [("4", 1, 1.0)]),
        (found([0, 1]), ("b", "a"), (), [("a", 1, 0.5), ("b", 1, 0.5)]),  # a tie goes by name
        (
            found([0, 0, 0, 0], [1, 1, -1, 0]),
            ("facing",),
            ("Juno", "Apex"),
            [("Apex", 2, 0.5), ("Juno", 1, 0.25), (UNKNOWN, 1, 0.25)],
        ),
    ],
)
def test_share_of_shelf(detections, labels, brands, expected):
    table = share_of_shelf(detections, labels, brands)
    assert list(table.columns) == ["name", "facings", "share"]
    assert list(table.itertuples(index=False, name=None)) == expected


def test_photos_are_weighed_by_their_facings():
    table = share_of_shelves([found([0]), found([1] * 9)], ("a", "b"))
    assert list(table.itertuples(index=False, name=None)) == [("b", 9, 0.9), ("a", 1, 0.1)]


def test_one_photo_without_brands_makes_classes_of_all():
    table = share_of_shelves([found([0, 0], [3, 3]), found([0])], ("facing",), ("a", "b", "c", "d"))
    assert list(table.itertuples(index=False, name=None)) == [("facing", 3, 1.0)]


@pytest.mark.parametrize("photos", [[], [Detections()], [Detections(), Detections()]])
def test_no_facings_have_no_shares(photos):
    assert len(share_of_shelves(photos)) == 0
