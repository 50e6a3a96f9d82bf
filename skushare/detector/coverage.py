"""How well a detector's anchors fit the boxes of a dataset."""

import numpy as np
import pandas as pd

from skushare.dataset.statistics import box_sides
from skushare.detector.anchors import best_iou
from skushare.detector.preprocess import fitting_side, input_size

COVERED = 0.5  # IoU with an anchor from which a box is learned easily
ENOUGH = 200_000  # boxes whose shares are told to a fraction of a per cent


def anchor_fit(index, config, longest=None, rows=slice(None)):
    """IoU of each box with its best anchor of a ``DetectorConfig``.

    Args:
        longest: longest side in pixels that pictures are resized to, one or (n,); default: as
            photos are, by the size of the boxes on each (:func:`photo_sides`).
        rows: which boxes.

    Returns:
        (m,) float32.
    """
    longest = photo_sides(index, config) if longest is None else np.full(len(index), longest)
    sizes = np.stack([index.widths, index.heights, longest], axis=1)
    distinct, which = np.unique(np.maximum(sizes, 1), axis=0, return_inverse=True)
    inputs = np.array([input_size(config, *size) for size in distinct.tolist()]).reshape(-1, 2)
    scales = inputs[:, ::-1] / distinct[:, :2]
    if config.resize == "fit":
        scales[:] = distinct[:, 2:] / distinct[:, :2].max(axis=1, keepdims=True)
    which = which.reshape(-1)[index.pictures[rows]]
    return best_iou(config, inputs[which], index.boxes[rows] * np.tile(scales.astype(np.float32), 2)[which])


def anchor_coverage(index, configs):
    """How well the anchors of some ``DetectorConfig`` fit the boxes, at the sizes they detect at.

    Of more than ``ENOUGH`` boxes, every second, third, ... is looked at.

    Returns:
        DataFrame: preset, use ("photos", "live frames", or both), input (longest side in pixels, of the
        median picture), covered (share of the boxes whose best anchor has an IoU of at least
        ``COVERED``), mean (of the best IoU).
    """
    rows = []
    for config in configs:
        sides = {"photos": photo_sides(index, config), "live frames": np.full(len(index), config.live_size)}
        if config.resize == "stretch":  # to one size whatever the use
            sides = {"photos and live frames": sides["live frames"]}
        for use, longest in sides.items():
            best = anchor_fit(index, config, longest, _some(index))
            covered, mean = ((best >= COVERED).mean(), best.mean()) if len(best) else (np.nan, np.nan)
            rows.append((config.preset, use, int(np.median(longest)) if len(longest) else 0, covered, mean))
    return pd.DataFrame(rows, columns=["preset", "use", "input", "covered", "mean"])


def photo_sides(index, config):
    """(n,) longest side in pixels that a ``DetectorConfig`` resizes each picture to, knowing its boxes."""
    areas = np.split(np.square(index.sides), index.starts[1:-1])
    longest = np.maximum(index.widths, index.heights).tolist()
    return np.array([fitting_side(config, *row) for row in zip(areas, longest, strict=False)], int)


def coverage_by_side(index, config):
    """Which sizes of boxes the anchors of a ``DetectorConfig`` miss.

    Of more than ``ENOUGH`` boxes, every second, third, ... is looked at.

    Returns:
        DataFrame: low, high (as of :func:`~skushare.dataset.statistics.box_sides`), boxes, covered (how
        many of them).
    """
    rows = np.arange(len(index.boxes))[_some(index)]
    covered = rows[anchor_fit(index, config, rows=rows) >= COVERED]
    return box_sides(index, rows).assign(covered=box_sides(index, covered)["boxes"])


def _some(index):
    return slice(None, None, max(1, len(index.boxes) // ENOUGH))
