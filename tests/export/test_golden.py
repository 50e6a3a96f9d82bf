"""The same facings, and those that only look so by their number."""

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.export.golden import alike, compare

PLACES = np.float32([[0, 0, 40, 60], [50, 0, 90, 60]])


@pytest.mark.parametrize(
    ("boxes", "classes", "same"),
    [
        (PLACES, [0, 1], True),
        (PLACES, [1, 0], False),  # in their places, but called otherwise
        (PLACES, [0, 0], False),
        (PLACES[::-1], [1, 0], True),
        (PLACES + 0.4, [0, 1], True),
        (PLACES + 3, [0, 1], False),
        (PLACES + 500, [0, 1], False),  # as many facings, none in its place
        (PLACES[:1], [0], False),
        (PLACES[:0], [], False),
    ],
)
def test_detections_are_alike_where_each_has_its_like_in_its_place(boxes, classes, same):
    found, expected = (
        [Detections(np.float32(b), np.full(len(b), 0.9), np.int32(c))]
        for b, c in ((boxes, classes), (PLACES, [0, 1]))
    )
    assert alike(compare(found, expected), 0.5) is same
