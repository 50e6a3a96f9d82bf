import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.geometry import iou, merge_views, nms, vote
from skushare.geometry.voting import SPREAD

PACK = np.float32([10, 10, 30, 50])


def test_a_box_alone_stays_where_it_is():
    boxes = np.float32([PACK, PACK + 100])
    np.testing.assert_allclose(vote(boxes, boxes, [0.9, 0.2]), boxes)


def test_no_boxes():
    assert vote(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0)).shape == (0, 4)


def test_looks_at_the_same_place_pull_by_their_score():
    candidates = np.float32([PACK, PACK + [1, 0, 1, 0], PACK + 100])
    moved = vote(candidates[:1], candidates, np.float32([0.8, 0.4, 0.9]))[0]
    nearness = np.exp(-((1 - 19 / 21) ** 2) / SPREAD)  # of what is beside by a pixel of 20
    assert moved - PACK == pytest.approx(np.tile([0.4 * nearness / (0.8 + 0.4 * nearness), 0], 2), abs=1e-5)


@given(st.integers(1, 30), st.integers(0, 2**31))
def test_a_voted_box_lies_within_its_candidates(n, seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 40, (n, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 40, (n, 2))], axis=1).astype(np.float32)
    scores = rng.uniform(0.01, 1, n).astype(np.float32)
    keep = nms(boxes, scores)
    moved = vote(boxes[keep], boxes, scores)
    for box, new in zip(boxes[keep], moved, strict=True):
        near = boxes[iou(box[None], boxes)[0] >= 0.6]
        assert (new >= near.min(axis=0) - 1e-3).all() and (new <= near.max(axis=0) + 1e-3).all()


def test_a_score_is_the_mean_over_the_views():
    boxes, scores, classes = merge_views(
        [[PACK, PACK + 100], [PACK]], [[0.8, 0.5], [0.6]], [[0, 1], [0]], iou_threshold=0.5
    )
    np.testing.assert_allclose(boxes, [PACK, PACK + 100], atol=1e-3)
    np.testing.assert_allclose(scores, [0.7, 0.25])
    assert classes.tolist() == [0, 1]


def test_the_best_is_what_all_views_saw_and_each_view_has_one_say():
    beside = PACK + [0, 0, 1, 0]  # which the first view saw twice
    found = (
        [[PACK, beside, PACK + 100], [PACK, PACK + 200]],
        [[0.8, 0.7, 0.9], [0.6, 0.5]],
        [[0, 0, 1], [0, 2]],
    )
    boxes, scores, classes = merge_views(*found, iou_threshold=0.5)
    np.testing.assert_allclose(scores, [0.7, 0.45, 0.25])
    assert classes.tolist() == [0, 1, 2] and boxes[1:].tolist() == [
        *[(PACK + far).tolist() for far in (100, 200)]
    ]


def test_views_that_saw_nothing_merge_to_nothing():
    boxes, scores, classes = merge_views([[], []], [[], []], [[], []], 0.5)
    assert boxes.shape == (0, 4) and len(scores) == len(classes) == 0


def test_one_view_keeps_boxes_and_scores():
    boxes = np.float32([PACK + 100, PACK])
    merged, scores, _ = merge_views([boxes], [[0.3, 0.9]], [[0, 0]], 0.5)
    np.testing.assert_allclose(merged, boxes[::-1], atol=1e-3)
    np.testing.assert_allclose(scores, [0.9, 0.3])
