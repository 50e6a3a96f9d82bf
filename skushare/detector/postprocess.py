"""From raw heads to facings: scores, decode, NMS, back to photo pixels. NumPy only."""

import numpy as np

from skushare.detections import Detections
from skushare.detector.box_coder import decode
from skushare.geometry import clip, nms, vote

CANDIDATES = 2000  # best-scored anchors that enter NMS; far above any shelf's facings


def postprocess(config, anchors, class_logits, box_codes, min_score, max_detections, scale, image_size):
    """Facings of one image, best first.

    Args:
        config: a ``DetectorConfig``.
        anchors: (a, 4) xyxy in input pixels.
        class_logits: (a, columns); box_codes: (a, 4): the network's raw outputs.
        min_score: boxes scored lower are dropped before NMS.
        max_detections: boxes kept at most.
        scale: (x, y), input pixels a photo pixel.
        image_size: (width, height) of the photo in pixels; boxes are clipped to it.
    """
    logits = class_logits[:, 1:] if config.background else class_logits
    if logits.shape[1] == 1:
        best, classes = logits[:, 0], None
    else:
        classes = logits.argmax(axis=1)
        best = logits[np.arange(len(logits)), classes]
    # Thresholding logits spares the sigmoid of thousands of background anchors.
    least = np.clip(np.float64(min_score), 0, 1)
    with np.errstate(divide="ignore"):  # at 0 and 1, infinite
        floor = np.log(least / (1 - least))
    chosen = np.flatnonzero(best >= floor)
    if len(chosen) > CANDIDATES:
        chosen = chosen[np.argpartition(-best[chosen], CANDIDATES)[:CANDIDATES]]
    boxes = decode(box_codes[chosen], anchors[chosen], config.coder)
    boxes = clip(boxes / np.tile(np.float32(scale), 2), *image_size)
    scores = 1 / (1 + np.exp(-best[chosen]))
    class_ids = np.zeros(len(chosen), np.int32) if classes is None else classes[chosen]
    solid = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
    boxes, scores, class_ids = boxes[solid], scores[solid], class_ids[solid]
    # Class-agnostic: one place on a shelf holds one facing, whatever it is called.
    keep = nms(boxes, scores, config.nms_iou, max_detections)
    return Detections(vote(boxes[keep], boxes, scores), scores[keep], class_ids[keep])
