"""Greedy non-maximum suppression."""

import numpy as np

from skushare.geometry.boxes import area

BLOCK = 64  # boxes compared with all others at once


def nms(boxes, scores, iou_threshold=0.5, max_detections=None):
    """Indices of the boxes that greedy non-maximum suppression keeps, best score first.

    Args:
        boxes: (n, 4) xyxy.
        scores: (n,). Equal scores keep their order of appearance.
        iou_threshold: a box goes when its IoU with a kept one is above this.
        max_detections: keep at most so many; ``None`` keeps all.

    Returns:
        int64 indices into ``boxes``.
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    order = np.argsort(-np.asarray(scores, np.float32).reshape(-1), kind="stable")
    if max_detections is None:
        max_detections = len(order)
    # One contiguous array a coordinate, in score order: a step touches only what is left.
    left, top, right, bottom = np.ascontiguousarray(boxes[order].T)
    areas = area(boxes)[order]
    alive = np.ones(len(order), bool)
    keep = []
    for start in range(0, len(order), BLOCK):
        if len(keep) >= max_detections:
            break
        rows = start + np.flatnonzero(alive[start : start + BLOCK])
        rest, each = slice(start, None), (rows, None)
        width = np.minimum(right[each], right[rest]) - np.maximum(left[each], left[rest])
        height = np.minimum(bottom[each], bottom[rest]) - np.maximum(top[each], top[rest])
        overlap = np.maximum(width, 0) * np.maximum(height, 0)
        drop = overlap > iou_threshold * (areas[each] + areas[rest] - overlap)
        for row, dropped in zip(rows.tolist(), drop, strict=True):
            if alive[row]:
                keep.append(row)
                alive[rest] &= ~dropped
    return order[np.asarray(keep[:max_detections], np.int64)]
