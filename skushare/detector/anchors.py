"""Anchors (prior boxes): where they lie and how well they fit a dataset's boxes."""

import numpy as np

from skushare.geometry import iou

# How often MobileNetV2 has halved its input where a feature map is tapped.
HALVINGS = {"block_3_expand_relu": 2, "block_6_expand_relu": 3, "block_13_expand_relu": 4, "out_relu": 5}


def feature_grids(config, input_size):
    """(rows, columns) of each feature map of a ``DetectorConfig``.

    ``input_size`` is (height, width) in pixels. Every halving rounds up (SAME padding).
    """
    deepest = HALVINGS[config.taps[-1]]
    extra = len(config.anchors.sizes) - len(config.taps)
    halvings = [HALVINGS[tap] for tap in config.taps] + [deepest + i + 1 for i in range(extra)]
    return [tuple(-(-side // 2**times) for side in input_size) for times in halvings]


def detector_anchors(config, input_size):
    """Anchors (a, 4) xyxy of a ``DetectorConfig`` in input pixels, and how many each feature map has.

    ``input_size`` is (height, width) in pixels.
    """
    grids = feature_grids(config, input_size)
    counts = [
        rows * columns * len(sizes)
        for (rows, columns), sizes in zip(grids, config.anchors.sizes, strict=True)
    ]
    return generate_anchors(config.anchors, grids, input_size), counts


def generate_anchors(anchors, grids, input_size):
    """All anchors of a network.

    Centres lie in the middle of each cell; order is feature map, grid row, column,
    anchor of the cell, as in the TF Object Detection API's ``grid_anchor_generator``.
    Anchors are not clipped to the input.

    Args:
        anchors: an ``AnchorConfig``.
        grids: (rows, columns) of each feature map.
        input_size: (height, width) of the network's input in pixels.

    Returns:
        (a, 4) float32 xyxy in input pixels.
    """
    height, width = input_size
    boxes = []
    for (rows, columns), sizes in zip(grids, anchors.sizes, strict=True):
        cell = np.array([width / columns, height / rows])
        unit = cell if anchors.unit == "cell" else np.array([width, height])
        half = np.asarray(sizes) * unit / 2
        x, y = np.meshgrid((np.arange(columns) + 0.5) * cell[0], (np.arange(rows) + 0.5) * cell[1])
        centres = np.stack([x, y], axis=-1)[:, :, None, :]
        boxes.append(np.concatenate([centres - half, centres + half], axis=-1).reshape(-1, 4))
    return np.concatenate(boxes).astype(np.float32)


def best_iou(anchors, boxes):
    """For each of ``boxes`` (n, 4) the IoU with its best of ``anchors`` (a, 4): (n,) float32."""
    if len(boxes) == 0:
        return np.zeros(0, np.float32)
    # In slices: a dense map has tens of thousands of anchors.
    return np.concatenate([iou(boxes[i : i + 64], anchors).max(axis=1) for i in range(0, len(boxes), 64)])
