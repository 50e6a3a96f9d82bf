"""Empty places in a shelf row: products that are probably out of stock."""

from typing import NamedTuple

import numpy as np

from skushare.geometry import area, intersection
from skushare.shelf.certainty import certainties, facing_probability
from skushare.shelf.plane import ShelfPlane
from skushare.shelf.rows import rows_of

WIDTH = 0.8  # of the narrower neighbour's width, from which on a place is empty and not just loosely filled
COMMON = 0.5  # of the rows; where so many are empty at one place, there is a post or the shelf's end
COVERED = 0.3  # of a place; where doubtful boxes cover so much, something stands there
DOUBTFUL = 0.15  # score of the shipped model from which on a box that does not count still fills a gap
WIDEST = 12  # facings; what is wider is no gap in a row, but two shelves


class Gaps(NamedTuple):
    """Empty places.

    Attributes:
        boxes: (n, 4) float32 xyxy, in pixels of the photo.
        row_ids: (n,) int32, their rows.
        facings: (n,) int32, how many facings like the neighbours would fit there.
    """

    boxes: np.ndarray
    row_ids: np.ndarray
    facings: np.ndarray

    def records(self):
        """As JSON values: a dictionary a gap, with its corners, its ``row``, from 1 on, and ``facings``."""
        corners = self.boxes.astype(float).round(1).tolist()
        return [
            {
                **dict(zip(("left", "top", "right", "bottom"), box, strict=True)),
                "row": row + 1,
                "facings": facings,
            }
            for box, row, facings in zip(corners, self.row_ids.tolist(), self.facings.tolist(), strict=True)
        ]


def count_gaps(gaps):
    """(how many gaps, how many facings would fit into them) in several photos together.

    Args:
        gaps: list of :class:`Gaps`.
    """
    return sum(len(found.boxes) for found in gaps), sum(int(found.facings.sum()) for found in gaps)


def doubtful_boxes(detections, min_score):
    """Those of ``detections`` that score too low to count, and may yet fill a gap: (m, 4) float32."""
    likely = certainties(detections) >= facing_probability(np.float32(DOUBTFUL))
    return detections.boxes[likely & (detections.scores < min_score)]


def doubtful_score(curve=None):
    """Score of the model with ``curve`` (see ``facing_probability``) from which on a box may fill a gap."""
    return DOUBTFUL if curve is None else float(np.interp(facing_probability(DOUBTFUL), *curve[::-1]))


def find_gaps(detections, doubtful=None):
    """The :class:`Gaps` between facings of the same row.

    Args:
        detections: the facings.
        doubtful: of :func:`doubtful_boxes`: what they cover is taken to be filled; ``None`` if not known.
    """
    boxes, rows, facings = [], [], []
    plane = ShelfPlane.fit(detections.boxes)
    flat = plane.straighten(detections.boxes)
    ids = rows_of(detections, plane)
    for row in np.unique(ids):
        for box, fit in _between(flat[ids == row]):
            boxes.append(box)
            rows.append(row)
            facings.append(fit)
    flat_gaps = np.array(boxes, float).reshape(-1, 4)
    rows, facings = np.array(rows, np.int32), np.array(facings, np.int32)
    keep = ~_is_common(flat_gaps, flat, ids)
    found = plane.bend(flat_gaps).astype(np.float32)
    others = detections.boxes if doubtful is None else np.concatenate([detections.boxes, doubtful])
    if len(found):
        keep &= (intersection(found, others) / area(found)[:, None]).max(1) < COVERED
    return Gaps(found[keep], rows[keep], facings[keep])


def _between(flat):
    """Boxes of the empty places between the facings ``flat`` (n, 4) of one row, and how many would fit."""
    before = None
    for after in flat[np.argsort(flat[:, 0])].tolist():
        if before is not None:
            narrow, wide = sorted((before[2] - before[0], after[2] - after[0]))
            gap = after[0] - before[2]
            fit = gap / max((narrow + wide) / 2, 1e-6)
            if gap > WIDTH * narrow and 0.6 < fit < WIDEST:
                top, foot = (before[1] + after[1]) / 2, (before[3] + after[3]) / 2
                # There is room between facings too.
                yield (before[2], top, after[0], foot), max(1, int(fit + 0.2))
        if before is None or after[2] > before[2]:
            before = after


def _is_common(gaps, flat, ids):
    """(n,) bool, whether most rows have nothing where a gap is."""
    common = np.zeros(len(gaps), bool)
    reach = {row: flat[ids == row] for row in np.unique(ids)}
    for i, (left, _, right, _) in enumerate(gaps):
        across = [r for r, f in reach.items() if f[:, 0].min() < left and f[:, 2].max() > right]
        empty = 0
        for row in across:
            shared = np.minimum(right, reach[row][:, 2]) - np.maximum(left, reach[row][:, 0])
            empty += shared.max() < 0.3 * (right - left)
        common[i] = len(across) >= 3 and empty > COMMON * len(across)
    return common
