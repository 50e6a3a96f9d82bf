"""Counting once: sweeps with stops, returns, shake and cover; votes; nothing to see."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from skushare.dataset.synthetic import sweep
from skushare.detections import Detections
from skushare.errors import SweepError
from skushare.shelf import motion
from skushare.shelf.motion import CameraMotion, Pose
from skushare.shelf.share import share_of_shelf
from skushare.shelf.tracking import SEEN, ShelfTracker

from .conftest import seen, wide_shelf

SIZE, FPS = (320, 240), 6
DARK = np.full((240, 320, 3), 20, np.uint8)
STILL = ((0.0, 0.3, False), (5.0, 0.3, False))
THERE = ((0.0, 0.0, False), (1.0, 0.0, False), (6.0, 1.0, False), (7.0, 1.0, False))
THERE_AND_BACK = (*THERE, (12.0, 0.0, False))
# The camera is covered for two seconds in the middle, and is elsewhere when it sees again.
COVERED = ((0.0, 0.0, False), (1.0, 0.0, False), (4.0, 0.5, False), (6.0, 0.45, True), (10.0, 1.0, False))
COVERED = (*COVERED, (11.0, 1.0, False))


def count(shelf, path, missed=0.1, shake=1.0):
    tracker, rng, truth = ShelfTracker(), np.random.default_rng(0), set()
    for view in sweep(*shelf, SIZE, path=path, fps=FPS, shake=shake):
        tracker.update(view.image, seen(view, rng, missed))
        truth |= set(view.ids.tolist())
    return tracker, truth


@pytest.mark.parametrize("path", [STILL, THERE, THERE_AND_BACK, COVERED])
def test_each_facing_counts_once(shelf, path):
    tracker, truth = count(shelf, path)
    assert abs(len(tracker) - len(truth)) <= 0.05 * len(truth)
    assert len(tracker.facings()) == len(tracker)


def test_a_shelf_that_is_passed_row_by_row_counts_each_facing_once():
    """The way back, below, shows half of the way there again, whose key frames are ever longer ago."""
    picture, boxes = wide_shelf(rows=5)
    along, down = range(0, 881, 40), range(0, 121, 40)
    places = [(0, 0)] * 2 + [(x, 0) for x in along] + [(880, 0)] * 2
    places += [(880, y) for y in down] + [(x, 120) for x in reversed(along)] + [(0, 120)] * 2
    tracker, rng, truth = ShelfTracker(), np.random.default_rng(0), set()
    for x, y in places:
        there = boxes - np.float32([x, y, x, y])
        ids = np.flatnonzero(((there[:, :2] >= 0) & (there[:, 2:] <= SIZE)).all(1))
        found = seen(SimpleNamespace(boxes=there[ids]), rng, missed=0)
        tracker.update(picture[y : y + SIZE[1], x : x + SIZE[0]], found)
        truth |= set(ids.tolist())
    assert len(truth) == 4 * 24 and len(tracker) == len(truth)


def test_a_way_too_long_is_told_and_what_was_counted_stays(shelf, monkeypatch):
    monkeypatch.setattr(motion, "MAX_KEYS", 3)
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    views = list(sweep(*shelf, SIZE, path=THERE, fps=FPS))
    with pytest.raises(SweepError, match="too long"):
        for view in views:
            tracker.update(view.image, seen(view, rng))
    counted = len(tracker)
    assert 0 < counted < 0.9 * len(shelf[1])
    back = tracker.update(views[0].image, seen(views[0], rng))
    assert (back.track_ids >= 0).all() and len(tracker) == counted


def test_a_steadier_hand_changes_nothing(shelf):
    assert len(count(shelf, THERE_AND_BACK, missed=0, shake=0)[0]) == len(shelf[1])


def test_a_covered_camera_counts_nothing_and_forgets_nothing(shelf):
    tracker, _ = count(shelf, STILL)
    before = len(tracker)
    ghost = Detections([[50, 50, 90, 110]], [0.9], [0])
    for _ in range(20):
        assert tracker.update(DARK, ghost).track_ids.tolist() == [-1]
    assert len(tracker) == before


def test_frames_may_change_their_size(shelf):
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    for number, view in enumerate(sweep(*shelf, SIZE, path=THERE, fps=FPS)):
        found, scale = seen(view, rng, missed=0), 0.75 if number % 20 >= 10 else 1.0
        image = cv2.resize(view.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tracker.update(image, replace(found, boxes=found.boxes * np.float32(scale)))
    assert abs(len(tracker) - len(shelf[1])) <= 0.05 * len(shelf[1])


def test_a_flicker_is_no_facing(shelf):
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    for number, view in enumerate(sweep(*shelf, SIZE, path=STILL, fps=FPS)):
        found = seen(view, rng, missed=0)
        if number % 4 == 0:
            extra = np.concatenate([found.boxes, [[150, 60, 175, 100]]])
            found = Detections(extra, np.full(len(extra), 0.8), np.zeros(len(extra)))
        tracker.update(view.image, found)
    assert len(tracker) == len(set(view.ids.tolist()))


def test_a_logo_found_in_its_pack_is_no_facing(shelf):
    """Not even where its own pack is missed now and then; what is larger around it counts as before."""
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    for view in sweep(*shelf, SIZE, path=THERE_AND_BACK, fps=FPS):
        found = seen(view, rng, missed=0.1)
        sides = found.boxes[:, 2:] - found.boxes[:, :2]
        logos = np.hstack([found.boxes[:, :2] + 0.25 * sides, found.boxes[:, :2] + 0.75 * sides])
        kept = rng.random(len(found)) > 0.2
        both = np.concatenate([found.boxes[kept], logos])
        tracker.update(view.image, Detections(both, np.full(len(both), 0.8), np.zeros(len(both))))
    assert abs(len(tracker) - len(shelf[1])) <= 0.05 * len(shelf[1])


@pytest.mark.parametrize(("shown", "counts"), [(0.3, False), (0.45, False), (0.6, True), (1.0, True)])
def test_a_facing_of_which_little_was_ever_seen_does_not_count(shown, counts):
    pose = Pose(0, np.eye(3))
    tracker = ShelfTracker(SimpleNamespace(locate=lambda image: pose, keys=[None], links={}))
    whole = [(50 * i + 10, 100, 50 * i + 50, 160) for i in range(5)]
    cut = [(50 * i + 10, 0, 50 * i + 50, 60 * shown) for i in range(3)]  # by the picture's upper border
    for boxes in (whole, [*whole, *cut]):
        for _ in range(SEEN):
            tracker.update(DARK, Detections(boxes, np.full(len(boxes), 0.8), np.zeros(len(boxes))))
    assert len(tracker) == len(tracker.facings()) == 5 + 3 * counts


def test_where_nothing_was_seen_whole_all_counts():
    tracker = ShelfTracker(SimpleNamespace(locate=lambda image: Pose(0, np.eye(3)), keys=[None], links={}))
    for _ in range(SEEN):
        tracker.update(DARK, Detections([(10, 0, 50, 20), (60, 0, 310, 200)], [0.8, 0.8], [0, 0]))
    assert len(tracker) == 2


@pytest.mark.parametrize(
    ("frames", "counts"),
    [
        ("11", False),
        ("111", True),
        ("111000", True),
        ("1110000", False),
        ("0001011", True),  # expected from where it was found first
        ("1000000000111", True),  # what was found once in ten was none; this is another
    ],
)
def test_a_facing_counts_that_is_found_a_few_times_and_in_half_of_the_frames(frames, counts):
    tracker = ShelfTracker(SimpleNamespace(locate=lambda image: Pose(0, np.eye(3)), keys=[None], links={}))
    boxes = [(10, 10, 50, 70), (100, 10, 110, 25)]  # it is small, but was seen whole
    for found in frames:
        shown = boxes[: 1 + int(found)]
        tracker.update(DARK, Detections(shown, [0.8] * len(shown), [0] * len(shown)))
    assert len(tracker) - (len(frames) >= SEEN) == counts


def test_a_facing_is_as_large_as_it_was_on_average_where_it_was_whole():
    tracker = ShelfTracker(SimpleNamespace(locate=lambda image: Pose(0, np.eye(3)), keys=[None], links={}))
    for box in [(10, 10, 54, 70), (10, 10, 50, 70), (10, 10, 46, 70), (0, 10, 30, 70)]:
        tracker.update(DARK, Detections([box], [0.8], [0]))
    assert tracker.facings().boxes.tolist() == [[0, 0, 40, 60]]


def test_what_came_into_view_cut_off_is_as_large_as_it_then_was_on_average_where_it_was_whole():
    shifted = np.array([[1.0, 0, 40], [0, 1, 0], [0, 0, 1]])
    looks = [(shifted, (0, 10, 25, 70))] * 3  # of a facing from 25 to 65 in the key frame
    looks += [(np.eye(3), (left, 10, 65, 70)) for left in (21, 25, 29)]
    poses = iter([Pose(0, homography) for homography, _ in looks])
    tracker = ShelfTracker(SimpleNamespace(locate=lambda image: next(poses), keys=[None], links={}))
    sizes = []
    for _, box in looks:
        tracker.update(DARK, Detections([box], [0.8], [0]))
        sizes += [tracker.facings().boxes[0, 2:].tolist()] if len(tracker) else []
    assert sizes == [[25, 60], [44, 60], [42, 60], [40, 60]]


@pytest.mark.parametrize("step", [20, 30, 45, 60])
def test_a_camera_that_moves_by_about_a_pack_a_frame_is_not_taken_for_one_before_the_like_pack(step):
    """As at a slow phone's few frames a second, along products of three facings each, 50 pixels apart."""
    rng, shelf = np.random.default_rng(3), np.full((240, 1200, 3), 90, np.uint8)
    for row in range(3):
        for column in range(24):
            if column == 0 or (column + row) % 3 == 0:
                looks = rng.integers(0, 255, (8, 5, 3), np.uint8)
                pack = cv2.resize(looks, (40, 64), interpolation=cv2.INTER_NEAREST)
            top, left = 80 * row + 8, 50 * column + 5
            shelf[top : top + 64, left : left + 40] = pack
    motion, starts = CameraMotion(), {}
    for place in [100, 100, *range(100, 500, step)]:
        pose = motion.locate(shelf[:, place : place + 320])
        start = starts.setdefault(pose.key, place)
        assert pose.homography[0, 2] == pytest.approx(place - start, abs=2)


def test_a_facing_keeps_its_number_from_frame_to_frame(shelf):
    tracker, rng, numbers = ShelfTracker(), np.random.default_rng(0), {}
    for view in sweep(*shelf, SIZE, path=THERE, fps=FPS):
        tracked = tracker.update(view.image, seen(view, rng, missed=0))
        for facing, number in zip(view.ids.tolist(), tracked.track_ids.tolist(), strict=True):
            numbers.setdefault(facing, set()).add(number)
    assert np.mean([len(found) == 1 for found in numbers.values()]) > 0.95


def test_a_brand_is_what_most_frames_say(shelf):
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    for view in sweep(*shelf, SIZE, path=STILL, fps=FPS):
        true = view.ids % 3
        said = np.where(rng.random(len(true)) < 0.25, -1, true)
        said = np.where(rng.random(len(true)) < 0.15, (true + 1) % 3, said)
        sure = np.where(said == true, 0.9, 0.6)
        tracker.update(view.image, seen(view, rng, 0, brand_ids=said, brand_scores=sure))
    facings = tracker.facings()
    expected = np.bincount(view.ids % 3)
    assert np.abs(np.bincount(facings.brand_ids[facings.brand_ids >= 0], minlength=3) - expected).max() <= 1
    assert (facings.brand_scores > 0.4).all() and (facings.brand_scores <= 1).all()


def test_a_product_is_one_of_the_brand_that_won():
    tracker = ShelfTracker(SimpleNamespace(locate=lambda image: Pose(0, np.eye(3)), keys=[None], links={}))
    boxes, seen_as = [[10, 10, 50, 60], [60, 10, 100, 60]], [(0, 0)] * 2 + [(0, 1)] * 4 + [(1, 2)] * 4
    for brand, product in seen_as:
        found = tracker.update(DARK, Detections(boxes, [0.8, 0.8], [0, 0]))[:1]  # of the other nobody says
        tracker.vote(replace(found, brand_ids=[brand], sku_ids=[product], brand_scores=[0.9]))
    facings = tracker.facings()
    assert facings.brand_ids.tolist() == [0, -1] and facings.sku_ids.tolist() == [1, -1]
    assert facings.brand_scores.tolist() == pytest.approx([0.6 * 0.9, 0])


def test_a_label_that_a_brand_map_lacks_has_a_vote_as_any_other():
    """One frame that mistakes it for a mapped one makes no brand of it: nothing tells how sure either is."""
    tracker = ShelfTracker(SimpleNamespace(locate=lambda image: Pose(0, np.eye(3)), keys=[None], links={}))
    for brand in (-1, -1, -1, 0):
        tracker.update(DARK, Detections([[10, 10, 50, 60]], [0.8], [0], brand_ids=[brand], sku_ids=[brand]))
    facings = tracker.facings()
    assert (facings.brand_ids.tolist(), facings.sku_ids.tolist()) == ([-1], [-1])
    assert facings.brand_scores is None  # by which shares would take it for one that a gallery refused


def test_frames_that_agree_make_no_brand_surer():
    still = SimpleNamespace(locate=lambda image: Pose(0, np.eye(3)), keys=[None], links={})
    tracker, left = ShelfTracker(still), 60 * np.arange(5)
    boxes = np.stack([left, left * 0 + 10, left + 50, left * 0 + 90], axis=1)
    sure = np.float32([0.6, 0.8, 0.9, 1.0, 0.6])
    found = Detections(boxes, [0.8] * 5, [0] * 5, brand_ids=[0, 0, 1, 1, 1], brand_scores=sure)
    for _ in range(4):
        tracker.update(DARK, found)
    counted = tracker.facings()
    assert counted.brand_scores == pytest.approx(sure)
    assert share_of_shelf(counted)["margin"].tolist() == pytest.approx(
        share_of_shelf(found)["margin"].tolist()
    )


def test_renamed_ids_keep_their_facings_also_where_two_become_one(shelf):
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    for view in sweep(*shelf, SIZE, path=STILL, fps=FPS):
        tracker.update(view.image, seen(view, rng, 0, brand_ids=view.ids % 3, sku_ids=view.ids % 3))
    before = tracker.facings()
    tracker.rename({(0, 0): (1, 0), (1, 1): (0, 1), (2, 2): (1, 7)})
    after = tracker.facings()
    assert after.brand_ids.tolist() == np.array([1, 0, 1])[before.brand_ids].tolist()
    assert after.sku_ids.tolist() == np.array([0, 1, 7])[before.sku_ids].tolist()
    tracker.rename({})
    assert tracker.facings().brand_ids.tolist() == after.brand_ids.tolist()


def test_a_facing_is_as_likely_one_as_it_was_at_best(shelf):
    tracker, rng = ShelfTracker(), np.random.default_rng(0)
    for number, view in enumerate(sweep(*shelf, SIZE, path=STILL, fps=FPS)):
        found = seen(view, rng, 0)
        tracker.update(view.image, replace(found, present=np.full(len(found), 0.9 if number == 3 else 0.5)))
    present = tracker.facings().present
    assert len(present) and present.tolist() == pytest.approx([0.9] * len(present))
    assert count(shelf, STILL)[0].facings().present is None


def test_nothing_found_is_nothing_counted(shelf):
    tracker = ShelfTracker()
    for view in sweep(*shelf, SIZE, path=((0.0, 0.0, False), (1.0, 0.0, False)), fps=FPS):
        assert tracker.update(view.image, Detections()).track_ids.tolist() == []
    assert len(tracker) == 0 and len(tracker.facings()) == 0


def test_a_facing_counts_after_a_few_frames(shelf):
    tracker = ShelfTracker()
    for number, view in enumerate(sweep(*shelf, SIZE, path=STILL, fps=FPS), 1):
        tracker.update(view.image, seen(view, np.random.default_rng(0), 0))
        assert (len(tracker) > 0) == (number >= SEEN)
