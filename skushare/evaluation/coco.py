"""COCO's average precision and recall at the caps that dense shelves need."""

import contextlib
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from skushare.geometry import area, to_xywh

MAX_DETECTIONS = 300  # SKU-110K's convention; COCO's 100 would hide a third of a shelf


def average_precision(truths, found, max_detections=MAX_DETECTIONS):
    """AP, AP50, AP75 (COCO's 101 points) and AR of detections, all classes as one.

    Args:
        truths: list of (n, 4) xyxy true boxes, one array an image.
        found: list of ``Detections``, same images, same order.
        max_detections: the best so many of an image count.

    Returns:
        dict of ``AP`` (IoU .50 to .95), ``AP50``, ``AP75``, ``AR300`` (named after the
        cap), floats in [0, 1].
    """
    images = [{"id": i} for i in range(len(truths))]
    annotations = []
    for i, boxes in enumerate(truths):
        for box, size in zip(to_xywh(boxes).tolist(), area(boxes).tolist(), strict=True):
            annotations.append(
                {"id": len(annotations) + 1, "image_id": i, "category_id": 1, "bbox": box, "area": size, "iscrowd": 0}
            )
    results = [
        {"image_id": i, "category_id": 1, "bbox": box, "score": score}
        for i, detections in enumerate(found)
        for box, score in zip(to_xywh(detections.boxes).tolist(), detections.scores.tolist(), strict=True)
    ]
    names = ("AP", "AP50", "AP75", f"AR{max_detections}")
    if not results or not annotations:
        return dict.fromkeys(names, 0.0)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        truth = COCO()
        truth.dataset = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "facing"}]}
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(results), "bbox")
        run.params.maxDets = [1, 100, max_detections]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, 0, 0, -1]
    recall = run.eval["recall"][:, 0, 0, -1]
    values = (precision, precision[0], precision[5], recall)
    return {name: float(np.mean(value[value > -1])) for name, value in zip(names, values, strict=True)}
