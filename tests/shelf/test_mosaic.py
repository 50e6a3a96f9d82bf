"""Joining overlapping photos: the union counts once."""

import cv2
import numpy as np
import pytest

from skushare.detections import Detections
from skushare.geometry import iou
from skushare.shelf.mosaic import lay_photos
from skushare.shelf.registration import move_boxes

from .conftest import wide_shelf


def photo(shelf, left, width=500, askew=0.0):
    """A photo of a stretch of the shelf, and the facings that it shows in full."""
    picture, boxes = shelf
    height = picture.shape[0]
    corners = np.float32([[left, 0], [left + width, 0], [left + width, height], [left, height]])
    size = (width, height)
    target = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    target[:, 1] += askew * height * np.float32([1, -1, 1, -1])
    warp = cv2.getPerspectiveTransform(corners, target)
    moved = move_boxes(boxes, warp)
    inside = (moved[:, ::2] > 0).all(1) & (moved[:, ::2] < width).all(1)
    image = cv2.warpPerspective(picture, warp, size, borderMode=cv2.BORDER_REPLICATE)
    found = Detections(moved[inside], np.full(inside.sum(), 0.8), np.zeros(inside.sum()))
    return image, found, set(np.flatnonzero(inside).tolist())


@pytest.mark.parametrize("askew", [(0, 0, 0), (0.03, -0.04, 0.02)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_overlapping_photos_count_each_facing_once(shelf, askew, order):
    photos = [photo(shelf, left, askew=a) for left, a in zip((0, 330, 690), askew, strict=True)]
    images, found, shown = zip(*[photos[i] for i in order], strict=True)
    (laid,) = lay_photos(images)
    united = laid.unite(found)
    assert len(united) == len(set().union(*shown)) < sum(map(len, found))
    assert set(laid.moves) == {0, 1, 2}
    overlaps = iou(united.boxes, united.boxes) - np.eye(len(united))
    assert overlaps.max() < 0.3
    width, height = laid.size
    assert width > 1000 and (united.boxes[:, 2:] <= [width + 3, height + 3]).all()


def test_photos_that_were_laid_take_whatever_is_found_on_them(shelf):
    images, found, shown = zip(*[photo(shelf, left) for left in (0, 330)], strict=True)
    (laid,) = lay_photos(images)
    assert len(laid.unite([Detections(), found[1]])) == len(shown[1])
    assert len(laid.unite(found)) == len(shown[0] | shown[1])
    assert laid.picture(images).shape == (*laid.size[::-1], 3)


def test_placed_boxes_lie_where_the_united_facings_do(shelf):
    images, found, _ = zip(*[photo(shelf, left) for left in (0, 330)], strict=True)
    (laid,) = lay_photos(images)
    placed = laid.place([each.boxes for each in found])
    assert len(placed) == sum(map(len, found))
    assert (iou(laid.unite(found).boxes, placed).max(1) > 0.999).all()


def test_photos_of_other_shelves_stay_apart(shelf):
    other = wide_shelf(seed=9)
    images, found, _ = zip(photo(shelf, 0), photo(shelf, 300), photo(other, 0), strict=True)
    together, alone = lay_photos(images)
    assert set(together.moves) == {0, 1}
    assert list(alone.moves) == [2] and len(alone.unite(found)) == len(found[2])


def test_a_facing_cut_off_in_one_photo_is_the_whole_one_of_the_other(shelf):
    first, second = photo(shelf, 0, width=480), photo(shelf, 300)
    cut = np.array([[455, 8, 479.5, 72]])  # what is left of a facing that the second photo shows whole
    boxes = np.concatenate([first[1].boxes, cut])
    found = [Detections(boxes, np.full(len(boxes), 0.9), np.zeros(len(boxes))), second[1]]
    (laid,) = lay_photos([first[0], second[0]])
    assert len(laid.unite(found)) == len(first[2] | second[2])


@pytest.mark.parametrize("turns", range(4))
def test_boxes_of_a_turned_photo_keep_their_size(turns):
    turn = np.eye(3)
    turn[:2, :2] = np.linalg.matrix_power([[0, -1], [1, 0]], turns)
    (box,) = move_boxes(np.array([[10.0, 20, 40, 80]]), turn)
    assert (box[2:] - box[:2]).tolist() == pytest.approx([60, 30] if turns % 2 else [30, 60])


def test_columns_go_with_their_facings(shelf):
    photos = [photo(shelf, 0), photo(shelf, 300)]
    found = [Detections(f.boxes, f.scores, f.class_ids, brand_ids=[*s]) for _, f, s in map(_sorted, photos)]
    (laid,) = lay_photos([p[0] for p in photos])
    assert sorted(laid.unite(found).brand_ids.tolist()) == sorted(photos[0][2] | photos[1][2])


def _sorted(taken):
    image, found, shown = taken
    return image, found, sorted(shown)


@pytest.mark.parametrize("count", [0, 1])
def test_one_photo_or_none_is_as_it_was(shelf, count):
    image, found, _ = photo(shelf, 0)
    assert [len(laid.unite([found])) for laid in lay_photos([image] * count)] == [len(found)] * count


def test_photos_without_facings_join_too(shelf):
    images = [photo(shelf, left)[0] for left in (0, 300)]
    (laid,) = lay_photos(images)
    assert len(laid.unite([Detections(), Detections()])) == 0 and len(laid.moves) == 2
