"""Which anchor learns which facing."""

import numpy as np

from skushare.geometry import iou

IGNORE = -1
BACKGROUND = 0
CANDIDATES = 9  # of each feature map, the paper's number


def argmax_match(anchors, boxes, threshold=0.5):
    """SSD's rule: each anchor takes its best box, if the IoU reaches ``threshold``.

    Every box is given its best anchor besides (``force_match_for_each_row`` of the
    TF Object Detection API's ``matchers/argmax_matcher.py``). Of boxes that share their best
    anchor the last takes it (there, the first), and the others may be left without any: a tenth
    of SKU-110K's in crops of 320 pixels. The SSD authors' own code gives each another anchor.

    Args:
        anchors: (a, 4) xyxy. boxes: (n, 4) xyxy.

    Returns:
        (a,) int64, index of the matched box, or -1.
    """
    match = np.full(len(anchors), -1)
    if len(boxes) == 0:
        return match
    overlaps = iou(boxes, anchors)
    best = overlaps.argmax(axis=0)
    good = overlaps[best, np.arange(len(anchors))] >= threshold
    match[good] = best[good]
    match[overlaps.argmax(axis=1)] = np.arange(len(boxes))
    return match


def atss_match(anchors, boxes, level_sizes):
    """Adaptive training sample selection (Zhang et al. 2020, arXiv:1912.02424, alg. 1).

    For each box, the ``CANDIDATES`` nearest anchors of each feature map are
    considered; those with their centre inside the box and an IoU of at least mean +
    standard deviation of all candidates' IoUs are positive. An anchor claimed twice
    goes to the box of higher IoU. A box left without any gets its best candidate, if
    free, so that tiny facings are learnt too.

    Args:
        anchors: (a, 4) xyxy, feature map after feature map.
        boxes: (n, 4) xyxy.
        level_sizes: number of anchors of each feature map.

    Returns:
        (a,) int64, index of the matched box, or -1.
    """
    match = np.full(len(anchors), -1)
    if len(boxes) == 0:
        return match
    nearest, _ = nearest_anchors(anchors, boxes, level_sizes, CANDIDATES)
    rows = np.arange(len(boxes))[:, None]
    overlaps = _paired_iou(boxes[:, None], anchors[nearest])
    threshold = overlaps.mean(axis=1) + overlaps.std(axis=1)
    c = (anchors[nearest, :2] + anchors[nearest, 2:]) / 2
    inside = ((c > boxes[:, None, :2]) & (c < boxes[:, None, 2:])).all(-1)
    positive = (overlaps >= threshold[:, None]) & inside

    # In rising order of IoU, so that the last writer of an anchor is its best box.
    pairs = np.argwhere(positive)
    pairs = pairs[np.argsort(overlaps[pairs[:, 0], pairs[:, 1]], kind="stable")]
    claimed = nearest[pairs[:, 0], pairs[:, 1]]
    match[claimed] = pairs[:, 0]

    for box in np.setdiff1d(rows, match):
        choice = nearest[box, overlaps[box].argmax()]
        if match[choice] == -1:
            match[choice] = box
    return match


def nearest_anchors(anchors, boxes, level_sizes, count):
    """The ``count`` anchors of each feature map whose centres are nearest to that of each box.

    Args:
        anchors, boxes, level_sizes: as of :func:`atss_match`.

    Returns:
        (n, k) int64, their indices, map after map; and (n, k), their squared distances in pixels.
    """
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    box_centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    across, down = (box_centres[:, None, axis] - centres[None, :, axis] for axis in (0, 1))
    distance = across * across + down * down
    nearest, start = [], 0
    for size in level_sizes:
        fewest = min(count, size)
        part = np.argpartition(distance[:, start : start + size], fewest - 1, axis=1)[:, :fewest]
        nearest.append(part + start)
        start += size
    nearest = np.concatenate(nearest, axis=1)
    return nearest, np.take_along_axis(distance, nearest, axis=1)


def _paired_iou(a, b):
    """IoU of corresponding boxes of two broadcastable arrays (..., 4)."""
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., 2:], b[..., 2:])
    overlap = np.maximum(high - low, 0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - overlap
    return overlap / np.maximum(union, 1e-9)


def assign_targets(config, anchors, level_sizes, boxes, class_ids, ignored=()):
    """Training targets of one picture.

    Args:
        config: a ``DetectorConfig``.
        anchors: (a, 4) xyxy; level_sizes: anchors of each feature map.
        boxes: (n, 4) xyxy of the facings to learn; class_ids: (n,) their classes.
        ignored: (m, 4) xyxy of regions that are neither facing nor background
            (cut or doubtful boxes): unmatched anchors centred in one are left out.

    Returns:
        target boxes (a, 4) float32, zeros where there is none, and target labels
        (a,) int32: class id + 1, 0 for background, -1 for ignored.
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)[: config.max_boxes]
    if config.matcher == "atss":
        match = atss_match(anchors, boxes, level_sizes)
    else:
        match = argmax_match(anchors, boxes, config.match_iou)
    labels = np.full(len(anchors), BACKGROUND, np.int32)
    targets = np.zeros((len(anchors), 4), np.float32)
    if len(ignored):
        x, y = ((anchors[:, :2] + anchors[:, 2:]) / 2).T
        for left, top, right, bottom in ignored:
            labels[(x > left) & (x < right) & (y > top) & (y < bottom)] = IGNORE
    hit = match >= 0
    labels[hit] = np.asarray(class_ids, np.int32)[match[hit]] + 1
    targets[hit] = boxes[match[hit]]
    return targets, labels
