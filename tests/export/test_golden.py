"""The same facings, and those that only look so by their number."""

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.export.golden import alike, compare

PLACES = np.float32([[0, 0, 40, 60], [50, 0, 90, 60]])


@pytest.mark.parametrize(
    ("boxes", "same"),
    [
        (PLACES, True),
        (PLACES[::-1], True),
        (PLACES + 0.4, True),
        (PLACES + 3, False),
        (PLACES + 500, False),  # as many facings, none in its place
        (PLACES[:1], False),
        (PLACES[:0], False),
    ],
)
def test_detections_are_alike_where_each_has_its_like_in_its_place(boxes, same):
    found, expected = (
        [Detections(b, np.full(len(b), 0.9), np.zeros(len(b)))] for b in (np.float32(boxes), PLACES)
    )
    assert alike(compare(found, expected), 0.5) is same
