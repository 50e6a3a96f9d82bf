"""Shelf rows: boards under tilt and perspective, stacks, numbering."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skushare.dataset.coco import read_coco
from skushare.detections import Detections
from skushare.samples import FOLDER
from skushare.shelf.plane import ShelfPlane
from skushare.shelf.rows import assign_rows, row_ids


def shelf(rows=4, columns=8, seed=0):
    """Facings (n, 4) of unequal heights on level boards 100 pixels apart, and their rows."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(60 + 45 * np.arange(columns), 100 * np.arange(1, rows + 1))
    top = y - rng.uniform(55, 82, y.shape)
    boxes = np.stack([x, top, x + rng.uniform(30, 42, y.shape), y], axis=-1).reshape(-1, 4)
    return boxes, np.repeat(np.arange(rows), columns)


@pytest.mark.parametrize(
    "boxes, expected",
    [
        (np.zeros((0, 4)), []),
        ([[10, 10, 30, 60]], [0]),
        ([[10, 110, 30, 160], [10, 10, 30, 60]], [1, 0]),  # numbered from the top, whatever the order
        ([[10, 10, 30, 60], [35, 10, 55, 60]], [0, 0]),
        ([[10, 10, 50, 40], [10, 41, 50, 70], [60, 12, 90, 70]], [0, 0, 0]),  # one stacked on another
        ([[10, 10, 50, 60], [10, 75, 50, 125], [60, 12, 90, 60]], [0, 1, 0]),
        ([[10, 10, 50, 60], [10, 65, 50, 115]], [0, 0]),  # a gap of a tenth of a facing
        ([[10, 10, 50, 60], [10, 67, 50, 117]], [0, 1]),  # and of a seventh
        ([[10, 10, 50, 60], [10, 75, 50, 125], [60, 10, 90, 145]], [0, 1, 1]),  # one beside them is narrower
        ([[10, 10, 40, 60], [10, 75, 40, 125], [60, 10, 100, 145]], [0, 0, 0]),  # and wider
        ([[10, 10, 50, 60], [35, 75, 75, 125]], [0, 0]),  # one above the other by too little
        ([[10, 10, 50, 60], [30, 75, 70, 125]], [0, 1]),
    ],
)
def test_rows_of_a_few_facings(boxes, expected):
    assert row_ids(boxes).tolist() == expected


@pytest.mark.parametrize("slope, convergence", [(0, 0), (70, 0), (-70, 0), (20, 0.5), (-30, -0.5)])
@pytest.mark.parametrize("seed", range(3))
def test_tilt_and_perspective_do_not_mix_rows(slope, convergence, seed):
    boxes, rows = shelf(seed=seed)
    photo = ShelfPlane(230, 360, slope, convergence).bend(boxes)
    assert row_ids(photo).tolist() == rows.tolist()


def test_a_stack_belongs_to_the_row_it_stands_in():
    boxes, rows = shelf()
    boxes[9, 1] = boxes[9, 3] - 40
    left, top, right, _ = boxes[9]
    stacked = np.concatenate([boxes, [[left, top - 38, right, top - 1]]])
    assert row_ids(stacked).tolist() == [*rows, 1]


def test_the_bundled_shelves_have_four_boards():
    for sample in read_coco(FOLDER / "annotations.json").samples:
        assert row_ids(sample.boxes).max() + 1 == 4, sample.path.name


def test_assign_rows_keeps_the_rest_and_takes_nothing():
    found = Detections([[10, 10, 30, 60]], [0.7], [2], brand_ids=[5])
    rowed = assign_rows(found)
    assert rowed.row_ids.tolist() == [0] and rowed.brand_ids.tolist() == [5] and found.row_ids is None
    assert assign_rows(Detections()).row_ids.tolist() == []


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-50, 2000)] * 2, *[st.floats(0, 500)] * 2), max_size=30),
    st.integers(0, 2**31),
)
def test_any_boxes_get_rows_without_a_gap_in_the_numbers_whatever_their_order(corners, seed):
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in corners], np.float32).reshape(-1, 4)
    ids = row_ids(boxes)
    assert ids.shape == (len(boxes),) and set(ids.tolist()) == set(range(ids.max(initial=-1) + 1))
    order = np.random.default_rng(seed).permutation(len(boxes))
    assert (row_ids(boxes[order]) == ids[order]).all()
