from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.geometry import merge_tiles, tile_grid


@given(st.integers(1, 900), st.integers(1, 900), st.integers(64, 900), st.integers(0, 40))
def test_tiles_cover_the_image_and_stay_inside(width, height, size, overlap):
    tiles = tile_grid(width, height, size, overlap)
    columns = sorted({(t.left, t.right) for t in tiles})
    rows = sorted({(t.top, t.bottom) for t in tiles})
    assert len(tiles) == len(columns) * len(rows)
    for spans, length in ((columns, width), (rows, height)):
        assert spans[0][0] == 0 and spans[-1][1] == length
        assert all(end - start <= size for start, end in spans)
        assert all(end - following >= overlap for (_, end), (following, _) in pairwise(spans))


@pytest.mark.parametrize(("size", "overlap"), [(100, 100), (100, 120), (100, -1)])
def test_overlap_must_be_smaller_than_the_tile(size, overlap):
    with pytest.raises(ValueError, match="overlap"):
        tile_grid(500, 500, size, overlap)


def test_an_object_in_two_tiles_counts_once_and_its_half_is_dropped():
    tiles = tile_grid(150, 100, 100, 50)
    whole = [60.0, 10.0, 90.0, 40.0]  # in both tiles
    cut = [85.0, 50.0, 120.0, 80.0]  # whole in the second tile alone
    boxes, scores, class_ids = merge_tiles(
        tiles,
        [np.array([whole, [85, 50, 100, 80]]), np.array([whole, cut]) - [50, 0, 50, 0]],
        [np.array([0.9, 0.8]), np.array([0.7, 0.6])],
        [np.zeros(2), np.zeros(2)],
        width=150,
        height=100,
        iou_threshold=0.5,
    )
    np.testing.assert_allclose(boxes, [whole, cut])
    np.testing.assert_allclose(scores, [0.9, 0.6])
    assert class_ids.tolist() == [0, 0]


@pytest.mark.parametrize("side", range(4))
def test_what_touches_a_border_is_cut_unless_it_is_the_image_s(side):
    for tile in tile_grid(300, 300, 120, 30):
        for off, touches in ((1.9, True), (2.1, False)):
            box = np.tile([tile.left + 60.0, tile.top + 60.0], 2) + [-9, -9, 9, 9]
            box[side] = tile[side] + (off if side < 2 else -off)
            searched = [[box - [tile.left, tile.top] * 2]], [[0.9]], [[3]]
            kept = [] if touches and tile[side] not in (0, 300) else [box]
            merged, _, classes = merge_tiles([tile], *searched, 300, 300, 0.5)
            np.testing.assert_allclose(merged, np.reshape(kept, (-1, 4)), rtol=1e-6)
            assert classes.tolist() == [3] * len(kept)


def test_no_detections_in_any_tile():
    tiles = tile_grid(150, 100, 100, 50)
    empty = [np.zeros((0, 4))] * 2, [np.zeros(0)] * 2, [np.zeros(0)] * 2
    boxes, scores, class_ids = merge_tiles(tiles, *empty, 150, 100, 0.5)
    assert boxes.shape == (0, 4) and len(scores) == len(class_ids) == 0
