"""Boxes relative to anchors, as Faster R-CNN codes them.

A code is ty, tx, th, tw: offset of the centre in anchor sizes and logarithm of the
size ratio, each times its scale factor (TF Object Detection API,
``box_coders/faster_rcnn_box_coder.py``; Ren et al. 2015, eq. 2).
"""

import numpy as np

EPSILON = 1e-8
MAX_LOG_SIZE = np.log(1000.0)  # keeps exp() finite while an untrained head still guesses


def _centres(boxes):
    size = boxes[..., 2:] - boxes[..., :2] + EPSILON
    return (boxes[..., :2] + boxes[..., 2:]) / 2, size


def encode(boxes, anchors, scales, xp=np):
    """Codes (..., 4) of ``boxes`` against ``anchors``, both (..., 4) xyxy in pixels.

    ``xp`` is ``numpy``, or ``keras.ops`` inside a loss.
    """
    centre, size = _centres(boxes)
    anchor_centre, anchor_size = _centres(anchors)
    offset = (centre - anchor_centre) / anchor_size
    ratio = xp.log(size / anchor_size)
    ty, tx, th, tw = scales
    columns = [offset[..., 1] * ty, offset[..., 0] * tx, ratio[..., 1] * th, ratio[..., 0] * tw]
    return xp.stack(columns, axis=-1)


def decode(codes, anchors, scales, xp=np):
    """Boxes (..., 4) xyxy in pixels that ``codes`` stand for; the inverse of :func:`encode`.

    ``xp`` is ``numpy``, or ``keras.ops`` inside a loss.
    """
    centre, size = _centres(anchors)
    ty, tx, th, tw = scales
    offset = xp.stack([codes[..., 1] / tx, codes[..., 0] / ty], axis=-1)
    ratio = xp.stack([codes[..., 3] / tw, codes[..., 2] / th], axis=-1)
    centre = centre + offset * size
    half = xp.exp(xp.clip(ratio, -MAX_LOG_SIZE, MAX_LOG_SIZE)) * size / 2
    return xp.concatenate([centre - half, centre + half], axis=-1)
