"""What stands beside what: blocks of one brand, and which brands are neighbours."""

import numpy as np
import pandas as pd

from skushare.shelf.plane import ShelfPlane
from skushare.shelf.rows import rows_of
from skushare.shelf.share import name_of

NEAR = 1.0  # of the narrower facing's width: how far apart neighbours may stand


def neighbours(detections, kept=None):
    """Pairs of facings that touch: beside each other, stacked, or in rows above one another.

    Args:
        kept: which facings count, (n,) bool; default: all. What stands between two of them separates
            them even where it does not count itself.

    Returns:
        (beside, above): index arrays (k, 2), the left or upper one of a pair first.
    """
    from scipy.sparse import csr_array

    if not len(detections):
        return np.zeros((0, 2), int), np.zeros((0, 2), int)
    plane = ShelfPlane.fit(detections.boxes)
    flat = plane.straighten(detections.boxes)
    rows = rows_of(detections, plane)
    left, top, right, foot = flat.T
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    along = np.minimum(foot[:, None], foot) - np.maximum(top[:, None], top)
    narrow = np.minimum((right - left)[:, None], right - left)
    low = np.minimum((foot - top)[:, None], foot - top)
    same, next_row = rows[:, None] == rows, rows[:, None] + 1 == rows
    beside = same & (left[:, None] + right[:, None] < left + right) & (2 * along > low)
    beside &= (2 * across < narrow) & (-across < NEAR * narrow)
    steps = csr_array(beside, dtype=np.int32)
    beside[(steps @ steps).nonzero()] = False  # not where another is between
    over = 2 * across > narrow
    stacked = same & over & (2 * along < low) & (top[:, None] < top)
    above = (next_row | stacked) & over
    # Nor where one is between that has most of the upper one on it, or most of the lower one under it.
    steps = csr_array(above, dtype=np.int32)
    on, under = (steps * (2 * across > width) for width in ((right - left)[:, None], right - left))
    above[(on @ steps + steps @ under).nonzero()] = False
    if kept is not None:
        beside, above = beside & kept & kept[:, None], above & kept & kept[:, None]
    return np.argwhere(beside), np.argwhere(above)


def brand_blocks(detections, kept=None):
    """Number of the block of each facing, (n,) int32: facings of one brand that touch are one block.

    Groups by ``brand_ids`` where they are set, by ``class_ids`` otherwise; an unknown one is alone, and so is
    one that is not ``kept`` (see :func:`neighbours`).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids, _ = _ids(detections)
    pairs = np.concatenate(neighbours(detections, kept))
    pairs = pairs[(ids[pairs[:, 0]] == ids[pairs[:, 1]]) & (ids[pairs[:, 0]] >= 0)]
    n = len(detections)
    if not n:
        return np.zeros(0, np.int32)
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int32)


def block_table(detections, labels=(), brands=(), kept=None):
    """One row a block: ``name``, ``facings``, ``rows`` that it goes over, its box; the largest first.

    ``kept``: which facings count, as for :func:`neighbours`.
    """
    blocks = brand_blocks(detections, kept)
    ids, names = _ids(detections, labels, brands)
    rows = rows_of(detections)
    table = []
    for block in np.unique(blocks if kept is None else blocks[kept]):
        inside = blocks == block
        low, high = detections.boxes[inside, :2].min(0), detections.boxes[inside, 2:].max(0)
        name = name_of(int(ids[inside][0]), names)
        table.append((name, int(inside.sum()), len(np.unique(rows[inside])), *low.tolist(), *high.tolist()))
    columns = ["name", "facings", "rows", "left", "top", "right", "bottom"]
    table = pd.DataFrame(table, columns=columns)
    return table.sort_values(["facings", "name"], ascending=[False, True], ignore_index=True)


def adjacency(detections, labels=(), brands=(), kept=None):
    """How often which brands stand beside each other: ``name``, ``beside``, ``times``, most often first.

    ``kept``: which facings count, as for :func:`neighbours`.
    """
    ids, names = _ids(detections, labels, brands)
    pairs = neighbours(detections, kept)[0]
    named = [sorted(name_of(int(ids[i]), names) for i in pair) for pair in pairs]
    table = pd.DataFrame([pair for pair in named if pair[0] != pair[1]], columns=["name", "beside"])
    table = table.groupby(["name", "beside"], as_index=False).size().rename(columns={"size": "times"})
    return table.sort_values(["times", "name", "beside"], ascending=[False, True, True], ignore_index=True)


def _ids(detections, labels=(), brands=()):
    """(what facings are grouped by, its names): the brands where they are set, else the classes."""
    if detections.brand_ids is None:
        return detections.class_ids, labels
    return detections.brand_ids, brands
