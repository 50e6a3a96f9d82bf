import numpy as np
import pytest

from skushare.detector.anchors import detector_anchors
from skushare.detector.matcher import CANDIDATES, argmax_match, assign_targets, atss_match
from skushare.detector.presets import preset
from skushare.geometry import iou

ANCHORS = np.float32([[0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 30, 10], [0, 0, 30, 30]])


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], [-1, -1, -1, -1]),
        ([[0, 0, 10, 10]], [0, -1, -1, -1]),
        ([[0, 0, 10, 10], [21, 0, 30, 10]], [0, -1, 1, -1]),
        ([[0, 0, 20, 10]], [0, 0, -1, -1]),  # an IoU of .5 is enough
        ([[12, 2, 14, 4], [15, 2, 18, 5]], [-1, 1, -1, -1]),  # both have the second as their best
        ([[12, 2, 14, 4]], [-1, 0, -1, -1]),  # forced: IoU .04, but it must be learnt somewhere
    ],
)
def test_argmax_match(boxes, expected):
    assert argmax_match(ANCHORS, np.float32(boxes).reshape(-1, 4)).tolist() == expected


def atss_word_by_word(anchors, boxes, level_sizes):
    """Algorithm 1 of the paper, and what :func:`atss_match` adds for a box that it leaves without any."""
    centres, best = (anchors[:, :2] + anchors[:, 2:]) / 2, np.zeros(len(anchors))
    match, favourites = np.full(len(anchors), -1), []
    for number, box in enumerate(boxes):
        distance = ((centres - (box[:2] + box[2:]) / 2) ** 2).sum(axis=1)
        levels = np.split(np.arange(len(anchors)), np.cumsum(level_sizes)[:-1])
        candidates = np.concatenate([level[np.argsort(distance[level])[:CANDIDATES]] for level in levels])
        overlaps = iou(box[None], anchors[candidates])[0]
        favourites.append(candidates[overlaps.argmax()])
        for anchor, overlap in zip(candidates, overlaps, strict=True):
            x, y = centres[anchor]
            inside = box[0] < x < box[2] and box[1] < y < box[3]
            if inside and overlap >= overlaps.mean() + overlaps.std() and overlap > best[anchor]:
                match[anchor], best[anchor] = number, overlap
    for number in sorted({*range(len(boxes))} - {*match.tolist()}):
        if match[favourites[number]] == -1:
            match[favourites[number]] = number
    return match


@pytest.mark.parametrize("seed", range(4))
def test_atss_is_what_the_paper_says(seed):
    rng = np.random.default_rng(seed)

    def some(count, low, high):
        corners = rng.uniform(0, 100, (count, 2))
        return np.concatenate([corners, corners + rng.uniform(low, high, (count, 2))], axis=1).astype(
            np.float32
        )

    anchors, boxes = np.concatenate([some(150, 5, 20), some(40, 20, 60), some(5, 60, 90)]), some(40, 3, 70)
    match = atss_match(anchors, boxes, (150, 40, 5))
    assert match.tolist() == atss_word_by_word(anchors, boxes, (150, 40, 5)).tolist()
    assert (match >= 0).sum() > 20


def dense():
    return detector_anchors(preset("shelf_dense"), (320, 320))


@pytest.mark.parametrize("side", [6, 20, 60, 150])
def test_atss_gives_every_box_an_anchor_near_it(side):
    anchors, counts = dense()
    boxes = np.float32(
        [[40, 40, 40 + side, 40 + 1.4 * side], [40 + side, 40, 40 + 2 * side, 40 + 1.4 * side]]
    )
    match = atss_match(anchors, boxes, counts)
    assert set(match.tolist()) == {-1, 0, 1}
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    for box in range(2):
        distance = np.abs(centres[match == box] - (boxes[box, :2] + boxes[box, 2:]) / 2)
        assert (distance <= max(side, 16)).all()


def test_atss_larger_boxes_go_to_coarser_maps():
    anchors, counts = dense()
    small = np.flatnonzero(atss_match(anchors, np.float32([[100, 100, 122, 130]]), counts) == 0)
    large = np.flatnonzero(atss_match(anchors, np.float32([[100, 100, 190, 230]]), counts) == 0)
    assert small.max() < counts[0] and large.min() >= counts[0]


@pytest.mark.parametrize("name", ["shelf_dense", "ssd_mobilenet_v2_320"])
class TestAssignTargets:
    def targets(self, name, boxes, class_ids, ignored=()):
        config = preset(name, labels=("a", "b", "c"))
        anchors, counts = detector_anchors(config, (320, 320))
        return anchors, *assign_targets(config, anchors, counts, boxes, class_ids, ignored)

    def test_a_picture_without_facings_is_all_background(self, name):
        _, boxes, labels = self.targets(name, np.zeros((0, 4)), [])
        assert (labels == 0).all() and (boxes == 0).all() and np.isfinite(boxes).all()

    def test_labels_count_from_one_and_boxes_are_those_matched(self, name):
        given = np.float32([[30, 30, 60, 70], [200, 200, 260, 280]])
        _, boxes, labels = self.targets(name, given, [2, 0])
        assert set(labels.tolist()) == {0, 1, 3}
        assert (boxes[labels == 3] == given[0]).all() and (boxes[labels == 1] == given[1]).all()

    def test_ignored_regions_are_neither_facing_nor_background(self, name):
        anchors, _, labels = self.targets(
            name, np.float32([[30, 30, 60, 70]]), [0], np.float32([[100, 0, 200, 320]])
        )
        x = (anchors[:, 0] + anchors[:, 2]) / 2
        assert (labels[(x > 100) & (x < 200)] == -1).all() and (labels == 1).any()
        assert (labels[(x < 100) | (x > 200)] >= 0).all()


def test_no_label_is_clipped_at_the_dense_presets_cap():
    config = preset("shelf_dense")
    anchors, counts = detector_anchors(config, (640, 640))
    x, y = np.meshgrid(np.arange(20) * 32, np.arange(20) * 32)
    boxes = np.stack([x, y, x + 30, y + 31], axis=-1).reshape(-1, 4).astype(np.float32)
    targets, labels = assign_targets(config, anchors, counts, boxes, np.zeros(400))
    assert len(np.unique(targets[labels > 0], axis=0)) == 400
