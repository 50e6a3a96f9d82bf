"""COCO's average precision and recall at the caps that dense shelves need."""

import contextlib
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from skushare.geometry import area, to_xywh

MAX_DETECTIONS = 300  # SKU-110K's convention; COCO's 100 would hide a third of a shelf


def average_precision(truths, found, max_detections=MAX_DETECTIONS, resamples=0, seed=0):
    """AP, AP50, AP75 (COCO's 101 points) and AR of detections, all classes as one.

    Args:
        truths: list of (n, 4) xyxy true boxes, one array an image.
        found: list of ``Detections``, same images, same order.
        max_detections: the best so many of an image count.
        resamples: bootstrap resamples of images for a 95 % interval of AP; 0 for none.
        seed: of the resamples.

    Returns:
        dict of ``AP`` (IoU .50 to .95), ``AP50``, ``AP75``, ``AR300`` (named after the
        cap), and with ``resamples`` ``AP_low`` and ``AP_high``, floats in [0, 1].
    """
    names = ("AP", "AP50", "AP75", f"AR{max_detections}")
    run = _run_coco(truths, found, max_detections)
    if run is None:
        return dict.fromkeys((*names, "AP_low", "AP_high") if resamples else names, 0.0)
    precision = run.eval["precision"][:, :, 0, 0, -1]
    recall = run.eval["recall"][:, 0, 0, -1]
    values = (precision, precision[0], precision[5], recall)
    result = {name: float(np.mean(value[value > -1])) for name, value in zip(names, values, strict=True)}
    if resamples:
        result["AP_low"], result["AP_high"] = _bootstrap(run, resamples, seed)
    return result


def _run_coco(truths, found, max_detections):
    """An accumulated ``COCOeval``, or None where there is nothing to match."""
    images = [{"id": i} for i in range(len(truths))]
    annotations = []
    for i, boxes in enumerate(truths):
        for box, size in zip(to_xywh(boxes).tolist(), area(boxes).tolist(), strict=True):
            number = len(annotations) + 1
            annotations.append(
                {"id": number, "image_id": i, "category_id": 1, "bbox": box, "area": size, "iscrowd": 0}
            )
    results = [
        {"image_id": i, "category_id": 1, "bbox": box, "score": score}
        for i, detections in enumerate(found)
        for box, score in zip(to_xywh(detections.boxes).tolist(), detections.scores.tolist(), strict=True)
    ]
    if not results or not annotations:
        return None
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        truth = COCO()
        categories = [{"id": 1, "name": "facing"}]
        truth.dataset = {"images": images, "annotations": annotations, "categories": categories}
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(results), "bbox")
        run.params.maxDets = [1, 100, max_detections]
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.evaluate()
        run.accumulate()
    return run


def _bootstrap(run, resamples, seed, level=0.95):
    """Percentile interval of AP over resampled images, from the matches already made."""
    images = [e for e in run.evalImgs if e is not None]
    scores = [np.asarray(e["dtScores"]) for e in images]
    hits = [e["dtMatches"] > 0 for e in images]
    truths = np.array([len(e["gtIds"]) for e in images])
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        pick = rng.integers(len(images), size=len(images))
        values.append(
            pooled_ap(
                np.concatenate([scores[i] for i in pick]),
                np.concatenate([hits[i] for i in pick], axis=1),
                truths[pick].sum(),
            )
        )
    return tuple(float(v) for v in np.quantile(values, [(1 - level) / 2, (1 + level) / 2]))


def pooled_ap(scores, hits, truths):
    """COCO's AP of detections already matched.

    Args:
        scores: (d,); hits: (t, d) bool, a true positive at each of t IoU thresholds.
        truths: number of true boxes.
    """
    hits = hits[:, np.argsort(-scores, kind="mergesort")]
    found = np.cumsum(hits, axis=1)
    recall = found / max(truths, 1)
    precision = found / np.arange(1, hits.shape[1] + 1)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    points = np.linspace(0, 1, 101)
    values = []
    for r, p in zip(recall, envelope, strict=True):
        at = np.searchsorted(r, points, side="left")
        values.append(np.where(at < len(p), np.append(p, 0)[np.minimum(at, len(p))], 0).mean())
    return float(np.mean(values))
