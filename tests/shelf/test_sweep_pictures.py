"""The pictures of a sweep: few, together they show each counted facing once, and where it is."""

import numpy as np
import pytest

from skushare.dataset.synthetic import sweep
from skushare.detections import Detections
from skushare.jpeg import decode_jpeg
from skushare.shelf import sweep_pictures
from skushare.shelf.motion import Pose
from skushare.shelf.sweep_pictures import SweepPictures
from skushare.shelf.tracking import ShelfTracker

from .conftest import seen
from .test_tracking import FPS, SIZE, STILL, THERE_AND_BACK

FRAME = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)


def pose(x=0.0, key=0):
    return Pose(key, np.array([[1.0, 0, x], [0, 1, 0], [0, 0, 1]]))


def counted(number):
    """The facings 0 to ``number`` as a tracker gives them."""
    return Detections(np.zeros((number, 4)), np.ones(number), np.zeros(number), track_ids=np.arange(number))


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


def test_a_sharper_picture_of_a_part_does_not_take_the_place_of_the_whole():
    kept = SweepPictures()
    kept.see(FRAME // 8, pose())
    kept.see(FRAME, Pose(0, np.array([[0.8, 0, 8], [0, 0.8, 6], [0, 0, 1]])))
    assert len(kept._kept) == 1 and kept._kept[0].homography[0, 0] == 1


def test_a_long_sweep_keeps_the_pictures_that_its_facings_need(monkeypatch):
    monkeypatch.setattr(sweep_pictures, "MOST", 20)
    kept, maps, number = SweepPictures(), {}, 60
    for key in range(number):
        maps[key] = {key: np.array([10.0, 10, 20, 20])}
        for x in (0, 15, 30):  # of which the first shows the facing
            kept.see(FRAME, pose(x, key))
            if kept.is_full:
                facings = Detections(
                    np.zeros((key, 4)), np.ones(key), np.zeros(key), track_ids=np.arange(key)
                )
                kept.thin(maps, facings)
    facings = Detections(
        np.zeros((number, 4)), np.ones(number), np.zeros(number), track_ids=np.arange(number)
    )
    shown = [picture.detections.track_ids.tolist() for picture in kept.choose(maps, counted(number))]
    assert sorted(sum(shown, [])) == list(range(number)) and len(kept._kept) < 2 * number


class Whole(np.ndarray):
    """Numbers that cannot be looked at one by one, which takes seconds for those of a long sweep."""

    __iter__ = None


@pytest.mark.parametrize(
    "shares, chosen",
    [
        ([[1, 0.8, 0], [0, 0.9, 0.9]], [(0, [0, 1]), (1, [2])]),
        ([[0.9, 0.2, 0.3], [0, 0.3, 0.2]], [(0, [0]), (0, [1, 2])]),  # what none shows as a whole
        ([[0.9, 0]], [(0, [0])]),  # what none shows at all
        ([], []),
    ],
)
def test_pictures_are_chosen_by_all_that_they_show_at_once(shares, chosen):
    places = [(None, np.array(each, float).view(Whole)) for each in shares]
    found = sweep_pictures._chosen(shares, places)
    assert [(best, np.flatnonzero(taken).tolist()) for best, taken in found] == chosen


def test_thinning_an_empty_sweep_is_harmless():
    kept = SweepPictures()
    kept.thin([], counted(0))
    assert not kept.is_full and kept.choose([], counted(0)) == []
