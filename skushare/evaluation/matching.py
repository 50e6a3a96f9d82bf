"""Which detections are right: each true box is given to one detection at most."""

from dataclasses import dataclass

import numpy as np

from skushare.geometry import area, intersection, iou

IOU = 0.5  # the overlap from which a box counts as right


def match(truths, detections, thresholds):
    """COCO's rule: the best-scored detection chooses first, and takes the free true box it overlaps most.

    Since better scores choose first, dropping detections below any score changes no other match.

    Args:
        truths: (t, 4) xyxy true boxes.
        detections: ``Detections`` of the same image.
        thresholds: IoU that a match needs; k of them, matched independently.

    Returns:
        (k, d) int64, the index of each detection's true box or -1, columns in the order of
        ``detections``.
    """
    thresholds = np.asarray(thresholds, float)
    chosen = np.full((len(thresholds), len(detections)), -1)
    overlaps = iou(detections.boxes, truths)
    if overlaps.size == 0:
        return chosen
    free = np.ones((len(thresholds), overlaps.shape[1]), bool)
    rows = np.arange(len(thresholds))
    order = np.argsort(-detections.scores, kind="stable")
    for d in order[overlaps[order].max(axis=1) >= thresholds.min()]:
        candidates = np.where(free, overlaps[d], -1.0)
        best = candidates.shape[1] - 1 - candidates[:, ::-1].argmax(axis=1)  # the last of equals, as in COCO
        hit = candidates[rows, best] >= thresholds
        chosen[hit, d] = best[hit]
        free[rows[hit], best[hit]] = False
    return chosen


def judged(sample, found):
    """The ``Detections`` in ``found`` that are right or wrong on ``sample``.

    Left out are those without a facing of their own (at ``IOU``) of which half or more lies in a region to
    be ignored, as with COCO's crowds.
    """
    regions = sample.boxes[sample.ignored]
    if not len(regions):
        return found
    inside = intersection(found.boxes, regions).max(axis=1) >= IOU * area(found.boxes)
    return found[~inside | (match(sample.facings.boxes, found, [IOU])[0] >= 0)]


@dataclass(frozen=True, eq=False)
class Outcome:
    """One photo's detections at a score threshold, told apart into right and wrong.

    Attributes:
        detections: ``Detections`` of at least the threshold; matches: (d,) int, the index
            of each one's true box, -1 for a false one.
        truths: (t, 4) true boxes; class_ids: (t,) int, their classes.
    """

    detections: object
    matches: np.ndarray
    truths: np.ndarray
    class_ids: np.ndarray

    @property
    def right(self):
        """Boxes of detections in the right place, of the right class."""
        return self.detections.boxes[(self.matches >= 0) & ~self._misnamed()]

    @property
    def misnamed(self):
        """Boxes of detections in the right place, of another class."""
        return self.detections.boxes[self._misnamed()]

    @property
    def false(self):
        """Boxes of detections where there is no facing, or one that was counted already."""
        return self.detections.boxes[self.matches < 0]

    @property
    def missed(self):
        """True boxes that no detection found."""
        return np.delete(self.truths, self.matches[self.matches >= 0], axis=0)

    def _misnamed(self):
        true = np.append(self.class_ids, -1)[self.matches]  # -1 takes the last
        return (self.matches >= 0) & (true != self.detections.class_ids)
