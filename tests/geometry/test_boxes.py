import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skushare.geometry import are_whole, area, clip, intersection, iou, mirror, to_xywh, turned


def boxes(max_boxes=12):
    corner = st.floats(-50, 150, width=32)
    return hnp.arrays(np.float32, st.tuples(st.integers(0, max_boxes), st.just(4)), elements=corner)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([[0, 0, 10, 10]], [[0, 0, 10, 10]], [[1.0]]),
        ([[0, 0, 10, 10]], [[5, 0, 15, 10]], [[1 / 3]]),
        ([[0, 0, 10, 10]], [[10, 0, 20, 10]], [[0.0]]),  # touching
        ([[0, 0, 10, 10]], [[2, 2, 4, 4]], [[0.04]]),  # contained
        ([[5, 5, 5, 5]], [[5, 5, 5, 5]], [[0.0]]),  # without area
        ([[8, 8, 2, 2]], [[0, 0, 10, 10]], [[0.0]]),  # inverted
    ],
)
def test_iou_of_known_boxes(a, b, expected):
    np.testing.assert_allclose(iou(a, b), expected, atol=1e-6)


def test_a_box_without_sides_has_no_area():
    assert area([[1, 2, 3, 5], [5, 5, 5, 9], [8, 8, 2, 2]]).tolist() == [6, 0, 0]


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (3, 0)])
def test_iou_of_nothing_is_empty(n, m):
    assert iou(np.zeros((n, 4)), np.ones((m, 4))).shape == (n, m)


@given(boxes(), boxes())
def test_iou_is_symmetric_and_within_bounds(a, b):
    overlaps = iou(a, b)
    np.testing.assert_allclose(overlaps, iou(b, a).T, atol=1e-6)
    assert ((overlaps >= 0) & (overlaps <= 1 + 1e-5)).all()


@given(boxes(), boxes())
def test_intersection_is_within_both_areas(a, b):
    overlap = intersection(a, b)
    assert (overlap <= area(a)[:, None] * (1 + 1e-5) + 1e-3).all()
    assert (overlap <= area(b)[None, :] * (1 + 1e-5) + 1e-3).all()


@given(boxes())
def test_clipped_boxes_lie_in_the_image_and_keep_what_does_and_the_input(a):
    before = a.copy()
    clipped = clip(a, 100, 60)
    assert (clipped[:, 0::2] <= 100).all() and (clipped[:, 1::2] <= 60).all() and (clipped >= 0).all()
    np.testing.assert_array_equal(a, before)
    inside = (a >= 0) & (a <= [100, 60, 100, 60])
    np.testing.assert_array_equal(clipped[inside], a[inside])


def test_xywh_has_the_sides_in_place_of_right_and_bottom():
    assert to_xywh([[10, 20, 40, 80], [5, 5, 5, 6]]).tolist() == [[10, 20, 30, 60], [5, 5, 0, 1]]


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (0, [0, 10, 40, 30]),
        (180, [0, 10, 40, 30]),
        (-90, [10, 0, 30, 40]),
        (45, [-1.2132, -1.2132, 41.2132, 41.2132]),
    ],
)
def test_a_turned_box_lies_in_the_one_around_it(degrees, expected):
    np.testing.assert_allclose(turned([[0, 10, 40, 30]], degrees), [expected], atol=1e-4)
    assert turned(np.zeros((0, 4)), degrees).shape == (0, 4)


def test_mirroring_twice_changes_nothing():
    boxes = np.float32([[0, 0, 10, 20], [90, 5, 100, 6]])
    assert mirror(boxes, 100).tolist() == [[90, 0, 100, 20], [0, 5, 10, 6]]
    np.testing.assert_array_equal(mirror(mirror(boxes, 100), 100), boxes)


@pytest.mark.parametrize(
    ("box", "whole"),
    [
        ((3, 2, 197, 98), True),
        ((2, 2, 197, 98), False),
        ((3, 1, 197, 98), False),
        ((3, 2, 198, 98), False),
        ((3, 2, 197, 99), False),
        ((-5, 20, 30, 40), False),
    ],
)
def test_a_box_is_whole_where_it_keeps_off_the_border(box, whole):
    assert are_whole([box], (200, 100)).tolist() == [whole]
    assert are_whole([], (200, 100)).shape == (0,)
