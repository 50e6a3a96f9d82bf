"""Anchors (prior boxes): where they lie and how well they fit a dataset's boxes."""

import numpy as np

from skushare.geometry import area

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


def best_iou(config, input_sizes, boxes):
    """For each box the IoU with the best anchor of a ``DetectorConfig``.

    Anchors of one shape lie on a grid, and of them the one whose centre is nearest overlaps
    most, so it alone is compared: a million boxes take seconds.

    Args:
        input_sizes: (n, 2), (height, width) in pixels of the input that each box lies in.
        boxes: (n, 4) xyxy in pixels of their input.

    Returns:
        (n,) float32; 0 for a box without area.
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    best = np.zeros(len(boxes), np.float32)
    if not len(boxes):
        return best
    areas, edges = area(boxes), np.ascontiguousarray(boxes.T)
    pairs = np.reshape(input_sizes, (-1, 2)).astype(np.int64) @ [1 << 20, 1]  # sorted faster than rows
    pairs, which = np.unique(pairs, return_inverse=True)
    sizes = np.stack(np.divmod(pairs, 1 << 20), axis=1)
    grids = np.reshape([feature_grids(config, size) for size in sizes.tolist()], (len(sizes), -1, 2))
    for level, shapes in enumerate(config.anchors.sizes):
        axes = []  # of x and y: edges of the boxes, nearest centres of anchors, what their sizes count
        for axis in (0, 1):
            low, high, counts = edges[axis], edges[axis + 2], grids[:, level, 1 - axis]
            inputs = sizes[:, 1 - axis].astype(np.float32)
            cells = (inputs / counts).astype(np.float32)
            unit = cells if config.anchors.unit == "cell" else inputs
            cells, last = cells[which], (counts - 1).astype(np.float32)[which]
            nearest = (np.clip((low + high) / 2 // cells, 0, last) + np.float32(0.5)) * cells
            axes.append((low, high, nearest, unit[which]))
        for shape in np.float32(shapes):
            overlap, anchor_areas = np.float32(1), np.float32(1)
            for side, (low, high, nearest, unit) in zip(shape, axes, strict=True):
                half = side / 2 * unit
                overlap = overlap * np.maximum(
                    np.minimum(high, nearest + half) - np.maximum(low, nearest - half), 0
                )
                anchor_areas = anchor_areas * (2 * half)
            np.maximum(best, overlap / (areas + anchor_areas - overlap), out=best)
    return best
