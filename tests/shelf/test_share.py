"""Share of shelf: grouping, names, sums."""

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.shelf.share import UNKNOWN, add_shares, share_of_shelf


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
    small, large = share_of_shelf(found([0]), ("a", "b")), share_of_shelf(found([1] * 9), ("a", "b"))
    table = add_shares([small, large])
    assert list(table.itertuples(index=False, name=None)) == [("b", 9, 0.9), ("a", 1, 0.1)]


@pytest.mark.parametrize("tables", [[], [share_of_shelf(Detections())]])
def test_no_facings_have_no_shares(tables):
    assert len(add_shares(tables)) == 0
