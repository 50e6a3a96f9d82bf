"""The shelf's front: undone perspective, and the way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.detections import Detections
from skushare.shelf.blocks import neighbours
from skushare.shelf.gaps import find_gaps
from skushare.shelf.plane import ROUNDS, ShelfPlane
from skushare.shelf.rows import assign_rows
from skushare.shelf.share import share_of_shelf


def grid(rows=4, columns=9, width=40.0, height=70.0, pitch=100.0):
    """Facings side by side on level boards."""
    x, y = np.meshgrid(100 + 50 * np.arange(columns), 80 + pitch * np.arange(rows))
    return np.stack([x, y, x + width, y + height], axis=-1).reshape(-1, 4)


PLANES = [
    ShelfPlane(300, 400, 0, 0),
    ShelfPlane(300, 400, 60, 0),  # a tilted camera
    ShelfPlane(300, 400, -40, 0.5),  # one held askew
    ShelfPlane(300, 400, 30, -0.4),
]


@pytest.mark.parametrize("plane", PLANES)
def test_boards_are_level_again_and_facings_equally_large(plane):
    photo = plane.bend(grid())
    flat = ShelfPlane.fit(photo).straighten(photo).reshape(4, 9, 4)
    assert np.ptp(flat[:, :, 3], axis=1).max() < 3
    sizes = flat[..., 2:] - flat[..., :2]
    assert (np.ptp(sizes.reshape(-1, 2), axis=0) < 0.06 * sizes.mean((0, 1))).all()


@pytest.mark.parametrize("plane", PLANES)
def test_boards_are_level_where_a_third_of_the_facings_does_not_stand_on_them(plane):
    boxes, hanging = grid(), np.arange(36) % 3 == 1
    boxes[hanging, 3] -= 20
    photo = plane.bend(boxes)
    flat = ShelfPlane.fit(photo).straighten(photo)[~hanging].reshape(4, 6, 4)
    assert np.ptp(flat[..., 3], axis=1).max() < 3


@pytest.mark.parametrize("boxes", [np.zeros((0, 4)), [[5, 5, 30, 60]], grid(1, 2)])
def test_a_few_boxes_stay_as_they_are(boxes):
    assert np.allclose(ShelfPlane.fit(boxes).straighten(boxes), boxes)


def test_a_stack_and_a_foreign_row_do_not_tilt_the_boards():
    stray = np.array([[110, 30, 150, 60], [170, 45, 210, 78], [420, 300, 470, 390]], float)
    boxes = np.concatenate([grid(), stray])
    assert (
        np.ptp(ShelfPlane.fit(boxes).straighten(boxes)[: len(grid())].reshape(4, 9, 4)[..., 3], axis=1).max()
        < 3
    )


def test_whatever_asks_for_the_plane_of_the_same_boxes_it_is_fitted_once(monkeypatch):
    boxes = (grid() + 0.25).astype(np.float32)  # that no other test has asked about
    solved, solve = [], np.linalg.solve
    monkeypatch.setattr(np.linalg, "solve", lambda *args: solved.append(1) or solve(*args))
    found = assign_rows(Detections(boxes[::-1], np.ones(len(boxes)), np.zeros(len(boxes))))
    find_gaps(found), share_of_shelf(found), neighbours(found)
    assert len(solved) == ROUNDS


@given(
    st.floats(-200, 200),
    st.floats(-0.8, 0.8),
    st.lists(st.tuples(*[st.floats(0, 600)] * 2, *[st.floats(1, 200)] * 2), min_size=1, max_size=8),
)
def test_bending_undoes_straightening(slope, convergence, corners):
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in corners])
    plane = ShelfPlane(300, 900, slope, convergence)
    assert np.allclose(plane.bend(plane.straighten(boxes)), boxes, atol=1e-6)
