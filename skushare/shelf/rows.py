"""Shelf rows from the boxes alone: which facings stand on the same board."""

from dataclasses import replace

import numpy as np

from skushare.shelf.plane import ShelfPlane

# Chosen on every other photo of SKU-110K that has human row boxes (benchmarks/shelf_rows.py). Heights
# are in typical facings, widths in typical facings too.
BOARD = 0.12  # a wider gap between two facings, one above the other, is a board; a narrower one a stack
SOFTNESS = 0.04
OVERLAP = 0.4  # of the narrower one: whether one facing is above the other
STRADDLE = 1.0  # what a facing counts that a cut would go through, a pair of facings counting 1
TRIM = 0.05  # of a facing's height, at both ends, that a cut may touch
REACH = 0.05  # beyond a gap's ends in which a cut is still in it
STEPS = 25  # of the height profile, a typical facing
BLUR = 0.05


def assign_rows(detections):
    """``detections`` with ``row_ids``, 0 the topmost row; what is stacked is one row with what it stands on.

    Tilt and perspective are taken out first (:class:`~skushare.shelf.plane.ShelfPlane`). Then each pair of
    facings, one right above the other, votes for or against a board between them by the gap that it leaves,
    and each facing against a board through itself. A board is where the votes for it prevail.
    """
    return replace(detections, row_ids=row_ids(detections.boxes))


def rows_of(detections, plane=None):
    """(n,) int32, the ``row_ids`` of ``detections``, found here where they have none.

    ``plane``: the :class:`~skushare.shelf.plane.ShelfPlane` of their boxes, where it is known already.
    """
    return row_ids(detections.boxes, plane) if detections.row_ids is None else detections.row_ids


def row_ids(boxes, plane=None):
    """Row number of each of ``boxes`` (n, 4) xyxy, as (n,) int32; see :func:`assign_rows`."""
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    if not len(boxes):
        return np.zeros(0, np.int32)
    order = np.lexsort(boxes.T)  # so that sums, rounded, do not depend on the order
    boxes, back = boxes[order], np.argsort(order)
    flat = (plane or ShelfPlane.fit(boxes)).straighten(boxes)
    top, foot = flat[:, 1], flat[:, 3]
    middle, height = (top + foot) / 2, np.maximum(foot - top, 1e-6)
    width = np.maximum(flat[:, 2] - flat[:, 0], 1e-6)
    typical = max(np.median(height), 0.005 * (foot.max() - top.min()))  # whatever boxes come
    step = typical / STEPS

    upper, lower, votes = _pairs(boxes, top, foot, typical)
    votes = votes * np.minimum(width[upper], width[lower]) / np.median(width)
    ends = np.sort(np.stack([foot[upper], top[lower]]), axis=0) + REACH * typical * np.array([[-1], [1]])
    within = np.stack([top + TRIM * height, foot - TRIM * height])
    against = -STRADDLE * width / np.median(width)
    start = top.min() - typical
    size = int((foot.max() - start + typical) / step) + 2
    profile = _profile(
        (np.concatenate([ends, within], axis=1) - start) / step, np.concatenate([votes, against]), size
    )
    boards = start + step * _peaks(profile)
    return np.unique(np.searchsorted(boards, middle), return_inverse=True)[1].astype(np.int32)[back]


def _pairs(boxes, top, foot, typical):
    """Indices of facings and of the nearest ones below each, and each pair's vote for a board, -1 to 1."""
    middle, height, width = (top + foot) / 2, foot - top, boxes[:, 2] - boxes[:, 0]
    shared = np.minimum(boxes[:, None, 2], boxes[:, 2]) - np.maximum(boxes[:, None, 0], boxes[:, 0])
    gap = top - foot[:, None]
    below = (shared > OVERLAP * np.minimum(width[:, None], width)) & (middle > middle[:, None])
    below &= gap > -OVERLAP * np.minimum(height[:, None], height)
    nearest = np.where(below, gap, np.inf).min(1, keepdims=True)
    upper, lower = np.nonzero(below & (gap <= nearest + 0.3 * typical))
    return upper, lower, np.tanh((gap[upper, lower] / typical - BOARD) / SOFTNESS)


def _profile(spans, weights, size):
    """The sum of ``weights`` (n,) over the cells within each one's ``spans`` (2, n), smoothed: (size,)."""
    first, last = np.rint(spans).astype(int).clip(0, size - 1)
    last = np.maximum(last, first - 1)
    steps = np.zeros(size + 1)
    np.add.at(steps, first, weights)
    np.add.at(steps, last + 1, -weights)
    reach = np.arange(-4, 5)
    kernel = np.exp(-0.5 * (reach / (BLUR * STEPS)) ** 2)
    return np.convolve(np.cumsum(steps[:-1]), kernel / kernel.sum(), mode="same")


def _peaks(profile):
    """Where each stretch above zero is highest: cells, in the middle of a plateau."""
    bounds = np.flatnonzero(np.diff(np.pad(profile > 1e-6, 1).astype(int)))
    peaks = []
    for start, end in bounds.reshape(-1, 2):
        part = profile[start:end]
        peaks.append(start + np.flatnonzero(part >= part.max() - 1e-9).mean())
    return np.array(peaks)
