from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Sample
from skushare.detections import Detections
from skushare.evaluation.matching import Outcome, judged, match
from skushare.geometry import iou

A, B = [0, 0, 10, 10], [20, 0, 30, 10]
NEAR_A, NEARER_A = [2, 0, 12, 10], [1, 0, 11, 10]


@pytest.mark.parametrize(
    ("truths", "boxes", "scores", "expected"),
    [
        ([], [], [], []),
        ([A], [], [], []),
        ([], [A], [0.9], [-1]),
        ([A, B], [B, A], [0.9, 0.8], [1, 0]),
        ([A], [NEAR_A, A], [0.9, 0.8], [0, -1]),  # the better score, not the better overlap
        ([A], [A, A], [0.3, 0.8], [-1, 0]),  # whatever the order in which they come
        ([A, NEAR_A], [NEARER_A, A], [0.9, 0.8], [1, 0]),  # what is taken is left alone
        ([A], [[6, 0, 16, 10]], [0.9], [-1]),  # IoU .25
        ([A], [[0, 0, 10, 20]], [0.9], [0]),  # IoU .5
        ([A], [NEAR_A, A], [0.9, 0.9], [0, -1]),  # of equal scores the first
        ([A, A], [A], [0.9], [1]),  # the last of equals, as in COCO
    ],
)
def test_known_cases(truths, boxes, scores, expected):
    found = Detections(boxes, scores, np.zeros(len(boxes)))
    assert match(np.reshape(truths, (-1, 4)), found, [0.5])[0].tolist() == expected


@pytest.mark.parametrize(
    ("box", "is_judged"),
    [
        (A, True),  # on a facing
        ([0, 4, 10, 14], True),  # IoU .43, but it lies in no region
        (B, False),
        ([25, 0, 35, 10], False),  # by half
        ([26, 0, 36, 10], True),
        ([40, 0, 50, 10], False),  # in another region
        ([42, 20, 48, 30], True),  # on a facing in a region
        ([42, 23, 48, 33], True),  # IoU .54
        ([42, 26, 48, 36], False),  # IoU .25
    ],
)
def test_what_lies_in_a_region_to_be_ignored_is_neither_right_nor_wrong(box, is_judged):
    sample = Sample(Path("a.jpg"), 60, 60, [A, B, [40, 0, 50, 40], [42, 20, 48, 30]], scores=[1, 0, 0, 1])
    found = Detections([[0, 50, 10, 60], box], [0.5, 0.9], [0, 0])  # the first is wrong, and of no region
    assert judged(sample, found).scores.tolist() == pytest.approx([0.5, 0.9] if is_judged else [0.5])
    clear = sample.with_boxes(sample.scores > 0)
    assert judged(clear, found) is found


def test_a_true_box_is_taken_once_and_only_where_it_overlaps_enough(shelves):
    for truths, found in zip(*shelves(0)[::2], strict=True):
        for threshold, chosen in zip((0.5, 0.75), match(truths, found, (0.5, 0.75)), strict=True):
            hit = chosen >= 0
            assert len(set(chosen[hit])) == hit.sum() > 0
            assert (iou(found.boxes, truths)[hit, chosen[hit]] >= threshold).all()


def test_dropping_low_scores_changes_no_other_match(shelves):
    truths, _, detections = shelves(1)
    for boxes, found in zip(truths, detections, strict=True):
        keep = found.scores >= 0.5
        assert np.array_equal(match(boxes, found, [0.5])[0][keep], match(boxes, found[keep], [0.5])[0])


def test_an_outcome_tells_right_false_and_missed_apart():
    truths = np.float32([A, B])
    found = Detections([B, NEAR_A, NEARER_A], [0.9, 0.8, 0.7], [0, 0, 0])
    outcome = Outcome(found[:1], match(truths, found[:1], [0.5])[0], truths, np.array([0, 0]))
    assert outcome.right.tolist() == [B] and outcome.missed.tolist() == [A] and len(outcome.false) == 0
    outcome = Outcome(found, match(truths, found, [0.5])[0], truths, np.array([1, 0]))
    assert (outcome.right.tolist(), outcome.misnamed.tolist()) == ([B], [NEAR_A])
    assert outcome.false.tolist() == [NEARER_A]
    assert len(outcome.missed) == 0
    named = Outcome(outcome.detections, outcome.matches, truths, np.array([0, 0]))
    assert (named.right.tolist(), named.misnamed.tolist()) == ([B, NEAR_A], [])
