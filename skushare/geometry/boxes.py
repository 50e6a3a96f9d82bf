"""Area, overlap, clipping and notation of boxes."""

import numpy as np

EDGE = 0.01  # of an image's side


def area(boxes):
    """Areas of ``boxes`` (n, 4) xyxy, in square pixels; inverted boxes have area 0."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)


def intersection(a, b):
    """Pairwise intersection areas of ``a`` (n, 4) and ``b`` (m, 4): (n, m) float32."""
    a = np.asarray(a, np.float32).reshape(-1, 4)
    b = np.asarray(b, np.float32).reshape(-1, 4)
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    return np.maximum(width, 0) * np.maximum(height, 0)


def iou(a, b):
    """Pairwise intersection over union of ``a`` (n, 4) and ``b`` (m, 4) xyxy.

    Returns (n, m) float32 in [0, 1]. Boxes without area overlap nothing.
    """
    overlap = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def clip(boxes, width, height):
    """``boxes`` (n, 4) xyxy limited to an image of ``width`` x ``height`` pixels."""
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, width)
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, height)
    return boxes


def are_whole(boxes, size):
    """Whether ``boxes`` (n, 4) xyxy keep off the border of an image of ``size`` (width, height): (n,) bool.

    What comes nearer to it than a hundredth of its side may be cut off.
    """
    boxes, edge = np.asarray(boxes, np.float32).reshape(-1, 4), EDGE * np.asarray(size)
    return ((boxes[:, :2] > edge) & (boxes[:, 2:] < size - edge)).all(axis=1)


def mirror(boxes, width):
    """``boxes`` (n, 4) xyxy in an image ``width`` pixels wide, left and right exchanged."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return boxes[:, [2, 1, 0, 3]] * np.float32([-1, 1, -1, 1]) + np.float32([width, 0, width, 0])


def turned(boxes, degrees):
    """The boxes around ``boxes`` (n, 4) xyxy, each turned about its centre by ``degrees``, either way."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    cosine, sine = np.abs([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 @ np.array([[cosine, sine], [sine, cosine]])
    centre = (boxes[:, 2:] + boxes[:, :2]) / 2
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def to_xywh(boxes):
    """Boxes xyxy as COCO's left, top, width, height."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
