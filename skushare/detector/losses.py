"""Losses of the detector, in ``keras.ops`` so that every Keras backend trains with them."""

import numpy as np
from keras import ops

from skushare.detector.box_coder import decode, encode


def sigmoid_focal(logits, targets, alpha=0.25, gamma=2.0):
    """Focal loss (Lin et al. 2017, arXiv:1708.02002, eq. 5), element by element.

    ``logits`` and ``targets`` in {0, 1} have the same shape; so has the result.
    """
    entropy = _sigmoid_cross_entropy(logits, targets)
    p = ops.sigmoid(logits)
    miss = targets * (1 - p) + (1 - targets) * p
    balance = targets * alpha + (1 - targets) * (1 - alpha)
    return balance * miss**gamma * entropy


def quality_focal(logits, quality, gamma=2.0):
    """Quality focal loss (Li et al. 2020, arXiv:2006.04388, eq. 2), element by element.

    ``quality`` in [0, 1] is the IoU of the decoded box for a facing, 0 for background.
    """
    return ops.abs(quality - ops.sigmoid(logits)) ** gamma * _sigmoid_cross_entropy(logits, quality)


def varifocal(logits, quality, alpha=0.75, gamma=2.0):
    """Varifocal loss (Zhang et al. 2021, arXiv:2008.13367, eq. 2), element by element.

    As :func:`quality_focal`, but a facing counts as much as its quality, however well it is rated already.
    """
    weight = ops.where(quality > 0, quality, alpha * ops.sigmoid(logits) ** gamma)
    return weight * _sigmoid_cross_entropy(logits, quality)


def _sigmoid_cross_entropy(logits, targets):
    # The form that neither overflows nor loses digits for large logits.
    return ops.maximum(logits, 0.0) - logits * targets + ops.log1p(ops.exp(-ops.abs(logits)))


def smooth_l1(difference):
    """Huber loss, quadratic below 1 and linear above, element by element."""
    size = ops.abs(difference)
    return ops.where(size < 1.0, 0.5 * size**2, size - 0.5)


def paired_iou_giou(a, b):
    """IoU and generalised IoU (Rezatofighi et al. 2019, arXiv:1902.09630) of paired boxes.

    ``a`` and ``b`` are (..., 4) xyxy; both results are (...).
    """
    sides = ops.maximum(ops.minimum(a[..., 2:], b[..., 2:]) - ops.maximum(a[..., :2], b[..., :2]), 0.0)
    overlap = sides[..., 0] * sides[..., 1]
    hull = ops.maximum(a[..., 2:], b[..., 2:]) - ops.minimum(a[..., :2], b[..., :2])
    hull = ops.maximum(hull[..., 0] * hull[..., 1], 1e-6)
    union = ops.maximum(_area(a) + _area(b) - overlap, 1e-6)
    iou = overlap / union
    return iou, iou - (hull - union) / hull


def paired_ciou(a, b):
    """Complete IoU (Zheng et al. 2020, arXiv:1911.08287, eq. 10) of paired boxes.

    IoU, less the distance of the centres against the hull's diagonal, less the difference of the aspects.
    ``a`` and ``b`` are (..., 4) xyxy; the result is (...).
    """
    iou, _ = paired_iou_giou(a, b)
    hull = ops.maximum(a[..., 2:], b[..., 2:]) - ops.minimum(a[..., :2], b[..., :2])
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = ops.sum(apart**2, -1) / ops.maximum(ops.sum(hull**2, -1), 1e-6)
    one, two = (ops.maximum(boxes[..., 2:] - boxes[..., :2], 1e-3) for boxes in (a, b))
    angle = ops.arctan(two[..., 0] / two[..., 1]) - ops.arctan(one[..., 0] / one[..., 1])
    aspect = 4 / np.pi**2 * angle**2
    weight = ops.stop_gradient(aspect / ops.maximum(1 - iou + aspect, 1e-6))
    return iou - distance - weight * aspect


def _area(boxes):
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def detection_loss(config, anchors, target_boxes, target_labels, class_logits, box_codes):
    """Class and box loss of a batch, both divided by the number of positive anchors.

    Args:
        config: a ``DetectorConfig``.
        anchors: (a, 4) xyxy.
        target_boxes: (b, a, 4); target_labels: (b, a), see ``matcher.assign_targets``.
        class_logits: (b, a, classes [+ 1 with a background column, first]).
        box_codes: (b, a, 4).

    Returns:
        two scalars.
    """
    positive = ops.cast(target_labels > 0, "float32")
    counted = ops.cast(target_labels >= 0, "float32")[..., None]
    matches = ops.maximum(ops.sum(positive), 1.0)
    # Background is all zeros, in a background column too (the TF API's encode_background_as_zeros).
    columns = ops.where(target_labels > 0, target_labels - (0 if config.background else 1), -1)
    one_hot = ops.one_hot(columns, ops.shape(class_logits)[-1], dtype="float32")
    predicted = decode(box_codes, anchors, config.coder, ops)
    # Unmatched anchors get their own box as a target: a harmless number instead of log(0).
    targets = ops.where(positive[..., None] > 0, target_boxes, anchors)
    iou, giou = paired_iou_giou(predicted, targets)
    quality = ops.stop_gradient(iou)

    if config.class_loss == "quality":
        losses = quality_focal(class_logits, one_hot * quality[..., None], config.focal_gamma)
    elif config.class_loss == "varifocal":
        losses = varifocal(class_logits, one_hot * quality[..., None], config.focal_alpha, config.focal_gamma)
    else:
        losses = sigmoid_focal(class_logits, one_hot, config.focal_alpha, config.focal_gamma)
    class_loss = ops.sum(losses * counted) / matches

    if config.box_loss in ("giou", "ciou"):
        # Well-placed anchors count more: they are the ones that survive NMS.
        weight = positive * ops.maximum(quality, 0.1)
        placed = giou if config.box_loss == "giou" else paired_ciou(predicted, targets)
        box_loss = ops.sum((1 - placed) * weight) / ops.maximum(ops.sum(weight), 1.0)
    else:
        codes = encode(targets, anchors, config.coder, ops)
        box_loss = ops.sum(smooth_l1(box_codes - codes) * positive[..., None]) / (matches * 4)
    return class_loss, config.box_weight * box_loss
