"""Placing and rating boxes by all that was seen of them, not by the best single look."""

import numpy as np

from skushare.geometry.boxes import iou
from skushare.geometry.nms import nms

# Of (1 - IoU)^2: a candidate that overlaps by .8 has a fifth of the say of one in the same place.
SPREAD = 0.025
SAME = 0.6  # IoU from which two boxes are taken for two looks at one object


def vote(boxes, candidates, scores):
    """Move each box to the weighted mean of the candidates in its place.

    Weights are score times nearness, as in He et al. 2019 (arXiv:1809.08545, sect. 3.4),
    after the box voting of Gidaris & Komodakis 2015 (arXiv:1505.01749).

    Args:
        boxes: (n, 4) xyxy, each of them one of the candidates.
        candidates: (m, 4) xyxy, what went into NMS; scores: (m,).

    Returns:
        (n, 4) float32.
    """
    candidates = np.asarray(candidates, np.float32).reshape(-1, 4)
    if len(candidates) == 0:
        return candidates
    overlap = iou(boxes, candidates)
    scores = np.maximum(scores, 1e-6)  # one of 0 would leave no weight at all
    weights = np.where(overlap >= SAME, scores * np.exp(-((1 - overlap) ** 2) / SPREAD), 0).astype(np.float32)
    means = weights @ candidates / weights.sum(axis=1, keepdims=True)
    return means.clip(candidates.min(axis=0), candidates.max(axis=0))  # rounding may step over the edge


def merge_views(boxes, scores, class_ids, iou_threshold):
    """Join what was found in several views of one image (other sizes, mirrored) into one list.

    An object's box is voted over all views, and its score is the mean over the views,
    0 for one that missed it.

    Args:
        boxes, scores, class_ids: n lists of arrays, one a view, boxes xyxy in pixels of
            the image.
        iou_threshold: of the class-agnostic NMS over all views.

    Returns:
        boxes (m, 4) float32, scores (m,) float32, class_ids (m,) int32, best first.
    """
    joined = np.concatenate([np.asarray(b, np.float32).reshape(-1, 4) for b in boxes])
    rated = np.concatenate([np.asarray(s, np.float32) for s in scores])
    classes = np.concatenate([np.asarray(c, np.int32) for c in class_ids])
    keep = nms(joined, rated, iou_threshold)
    same = iou(joined[keep], joined) >= SAME
    ends = np.cumsum([len(s) for s in scores])
    means = np.zeros(len(keep), np.float32)
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        means += np.where(same[:, start:end], rated[start:end], 0).max(axis=1, initial=0) / len(scores)
    order = np.argsort(-means, kind="stable")
    return vote(joined[keep], joined, rated)[order], means[order], classes[keep][order]
