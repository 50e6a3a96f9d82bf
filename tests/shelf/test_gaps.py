"""Empty places in a row."""

import json
from dataclasses import replace

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.shelf.certainty import facing_probability
from skushare.shelf.gaps import DOUBTFUL, count_gaps, doubtful_boxes, doubtful_score, find_gaps
from skushare.shelf.plane import ShelfPlane


def boxes_of(*rows):
    """Facings of 34 by 70 pixels, an x each; a dot is an empty place."""
    return np.array(
        [
            (40 * column, 100 * row, 40 * column + 34, 100 * row + 70)
            for row, text in enumerate(rows)
            for column, letter in enumerate(text)
            if letter == "x"
        ],
        float,
    ).reshape(-1, 4)


def shelf(*rows, plane=None):
    boxes = boxes_of(*rows)
    boxes = plane.bend(boxes) if plane else boxes
    return Detections(boxes, np.ones(len(boxes)), np.zeros(len(boxes)))


@pytest.mark.parametrize(
    "rows, expected",
    [
        ((), []),
        (("x",), []),
        (("xxxx", "xxxx"), []),
        (("xx.x", "xxxx"), [(0, 1)]),
        (("xxxxxx", "x...xx"), [(1, 3)]),
        (("x.xxx.x", "xxxxxxx"), [(0, 1), (0, 1)]),
        (("xx.xx", "xx.xx", "xx.xx", "xxxxx"), []),  # a post before most rows
        (("xx.xx", "xx.xx", "xxxxx", "xxxxx"), [(0, 1), (1, 1)]),  # not before most
        (("xx.xx", "xx.xx"), [(0, 1), (1, 1)]),  # too few rows to tell
        (("xx.xx", "xx.xx", "xxxxx", "xxxxx", "xx...", "xx..."), [(0, 1), (1, 1)]),  # what ends before it
        (("xx.xx", "xx.xx", "xxxxx", "xxxxx", "...xx", "...xx"), [(0, 1), (1, 1)]),  # and begins after it
        (("..xx", "xx.."), []),  # where a row ends is not known
    ],
)
def test_gaps(rows, expected):
    gaps = find_gaps(shelf(*rows))
    assert list(zip(gaps.row_ids.tolist(), gaps.facings.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    "spans, fit",
    [
        ([(0, 40), (71, 111)], []),  # loosely filled
        ([(0, 40), (73, 113)], [1]),
        ([(0, 20), (50, 150)], []),  # wide enough for the narrow one, but for nothing between the two
        ([(0, 20), (60, 160)], [1]),
        ([(0, 40), (110, 150)], [1]),
        ([(0, 40), (113, 153)], [2]),
        ([(0, 40), (510, 550)], [11]),
        ([(0, 40), (530, 570)], []),  # two shelves
        ([(0, 100), (10, 30), (104, 140)], []),  # one before another
    ],
)
def test_a_place_is_empty_where_one_like_its_neighbours_would_fit(spans, fit):
    boxes = [(left, 0, right, 70) for left, right in spans]
    found = Detections(boxes, np.ones(len(boxes)), np.zeros(len(boxes)), row_ids=np.zeros(len(boxes)))
    assert find_gaps(found).facings.tolist() == fit


@pytest.mark.parametrize("plane", [None, ShelfPlane(150, 300, 25, 0), ShelfPlane(150, 300, -20, 0.4)])
def test_a_gap_lies_between_its_neighbours_in_the_photo(plane):
    rows = ("xxxxxxxx", "xxx.xxxx", "xxxxxxxx")
    place = np.array([[3 * 40 - 6, 100, 4 * 40, 170]], float)
    expected = plane.bend(place) if plane else place
    gaps = find_gaps(shelf(*rows, plane=plane))
    assert len(gaps.boxes) == 1
    assert np.abs(gaps.boxes - expected).max() < 5


def test_a_doubtful_box_fills_a_gap():
    sample = shelf("xx.x", "xxxx")
    assert len(find_gaps(sample, doubtful=np.array([[82, 5, 112, 70]])).boxes) == 0
    assert len(find_gaps(sample, doubtful=np.array([[82, 105, 112, 170]])).boxes) == 1
    assert len(find_gaps(sample, doubtful=np.array([[82, 5, 92, 70]])).boxes) == 1  # it covers too little


def test_a_facing_of_another_row_fills_a_gap():
    boxes = np.append(boxes_of("xx.x"), [[82, 5, 112, 90]], axis=0)
    found = Detections(boxes, np.ones(4), np.zeros(4), row_ids=[0, 0, 0, 1])
    assert len(find_gaps(found).boxes) == 0


def test_what_is_doubtful_goes_by_the_curve_of_the_model():
    scores, low = np.float32([0.1, 0.15, 0.5]), ([0.0, 0.1, 0.3, 1.0], [0.0, 0.2, 0.9, 1.0])
    found = Detections(np.arange(12).reshape(3, 4), scores, np.zeros(3))
    assert doubtful_boxes(found, 0.5)[:, 0].tolist() == [4] and doubtful_score() == DOUBTFUL
    known = replace(found, present=facing_probability(scores, low))
    assert doubtful_boxes(known, 0.5)[:, 0].tolist() == [0, 4]
    assert facing_probability(doubtful_score(low), low) == pytest.approx(facing_probability(DOUBTFUL))


def test_gaps_of_several_photos_are_counted_together():
    one, three = find_gaps(shelf("xx.x", "xxxx")), find_gaps(shelf("xxxxxx", "x...xx"))
    assert count_gaps([one, three, find_gaps(Detections())]) == (2, 4)
    assert count_gaps([]) == (0, 0)


def test_gaps_are_told_as_plain_values():
    sample = shelf("xxxx", "xx.x").scaled(1.001)
    (told,) = find_gaps(sample).records()
    assert json.loads(json.dumps(told)) == told
    assert (told["row"], told["facings"]) == (2, 1)
    assert [told[side] for side in ("left", "top", "right", "bottom")] == [74.1, 100.1, 120.1, 170.2]
