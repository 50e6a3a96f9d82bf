"""The pictures of a sweep: few, together they show each counted facing once, and where it is."""

import numpy as np
import pytest

from skushare.dataset.sweep import sweep
from skushare.jpeg import decode_jpeg
from skushare.shelf.motion import Pose
from skushare.shelf.sweep_pictures import MOST, SweepPictures
from skushare.shelf.tracking import ShelfTracker

from .conftest import seen
from .test_tracking import FPS, SIZE, STILL, THERE_AND_BACK

FRAME = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)


def pose(x=0.0, key=0):
    return Pose(key, np.array([[1.0, 0, x], [0, 1, 0], [0, 0, 1]]))


@pytest.mark.parametrize("path, most", [(STILL, 2), (THERE_AND_BACK, 14)])
def test_each_counted_facing_is_on_one_picture(shelf, path, most):
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    for view in sweep(*shelf, SIZE, path=path, fps=FPS):
        tracker.update(view.image, seen(view, rng, missed=0))
    pictures = tracker.pictures()
    tracks = np.concatenate([picture.detections.track_ids for picture in pictures])
    assert sorted(tracks) == sorted(tracker.facings().track_ids)
    assert 1 <= len(pictures) <= most
    for picture in pictures:
        assert decode_jpeg(picture.jpeg).shape == (picture.height, picture.width, 3)
        boxes = picture.detections.boxes
        assert (boxes >= 0).all() and (boxes <= [*SIZE, *SIZE]).all()
        assert picture.detections.row_ids is not None
    # The boxes of the last frame's picture lie where the facings are.
    last = max(pictures, key=lambda picture: len(picture.detections))
    assert (last.detections.boxes[:, 2] - last.detections.boxes[:, 0] > 2).all()


def test_nothing_seen_gives_no_picture():
    assert ShelfTracker().pictures() == []


def test_a_picture_is_kept_only_where_none_shows_the_place():
    kept = SweepPictures()
    for x in (0, 2, 4, 30, 32, 0, 30):
        kept.see(FRAME, pose(x))
    assert len(kept._kept) == 2
    kept.see(FRAME, pose(0, key=1))
    assert len(kept._kept) == 3


def test_the_farthest_frame_is_kept_where_the_camera_turns_back():
    kept = SweepPictures()
    for x in (0, 4, 8, 10, 8, 4, 0, 2, 0, -8, -2):  # 80 pixels are a frame
        kept.see(FRAME, pose(x))
    assert [each.homography[0, 2] for each in kept._kept] == [0, 10, -8]


def test_a_sharper_picture_takes_the_place_of_a_blurred_one():
    kept = SweepPictures()
    kept.see(FRAME // 8, pose())
    kept.see(FRAME, pose(1))
    kept.see(FRAME // 8, pose())
    (only,) = kept._kept
    assert only.homography[0, 2] == 1


def test_a_long_sweep_keeps_a_bounded_number():
    kept = SweepPictures()
    for x in range(0, 40 * (MOST + 20), 40):
        kept.see(FRAME, pose(x))
    assert len(kept._kept) == MOST
