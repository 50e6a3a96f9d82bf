"""COCO's average precision and recall at the caps that dense shelves need."""

import numpy as np

from skushare.evaluation.matching import match
from skushare.geometry import area, to_xywh

MAX_DETECTIONS = 300  # SKU-110K's convention; COCO's 100 would hide a third of a shelf
IOUS = np.linspace(0.5, 0.95, 10)
ANY_SIZE = (0.0, 1e10)
COCO_SIDE = 640  # longest side of COCO's own photos, for which its bounds of sizes were made
SIZES = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}


def average_precision(truths, found, resamples=0):
    """AP, AP50, AP75 (COCO's 101 points) and AR of detections, all classes as one.

    Args:
        truths: list of (n, 4) xyxy true boxes, one array an image.
        found: list of ``Detections``, same images, same order; the best ``MAX_DETECTIONS`` of one count.
        resamples: bootstrap resamples of images for a 95 % interval of AP; 0 for none.

    Returns:
        dict of ``AP`` (IoU .50 to .95), ``AP50``, ``AP75``, ``AR300`` (named after
        ``MAX_DETECTIONS``), and with ``resamples`` ``AP_low`` and ``AP_high``, floats in [0, 1]; NaN where
        there is no true box.
    """
    run = _run_coco(truths, found)
    result = _summary(run, present=any(map(len, truths)))
    if resamples:
        interval = _bootstrap(truths, found, resamples) if run else (result["AP"],) * 2
        result["AP_low"], result["AP_high"] = interval
    return result


def class_precisions(truths, classes, found, count):
    """AP, AP50, AP75 and AR of each class by itself.

    Args:
        truths, found: as in :func:`average_precision`.
        classes: list of (n,) class ids of the true boxes; count: number of classes.

    Returns:
        list of ``count`` dicts, of NaN for a class without a true box.
    """
    run = _run_coco(truths, found, classes, count)
    present = np.isin(np.arange(count), np.concatenate([np.zeros(0, int), *classes]))
    return [_summary(run, k, 0, present[k]) for k in range(count)]


def size_precisions(truths, found, sides):
    """AP, AP50, AP75 and AR of COCO's small, medium and large boxes, all classes as one.

    Photos come in any resolution, so areas are measured as if each photo were as large as COCO's.

    Args:
        truths, found: as in :func:`average_precision`.
        sides: longest side of each image in pixels.

    Returns:
        {name of ``SIZES``: dict, of NaN where no true box has that size}.
    """
    run = _run_coco(truths, found, sides=sides, bands=list(SIZES.values()))
    counts = np.bincount(np.concatenate([np.zeros(0, int), *size_bands(truths, sides)]), minlength=len(SIZES))
    return {name: _summary(run, 0, a, counts[a]) for a, name in enumerate(SIZES)}


def size_bands(boxes, sides):
    """For each image, the index in ``SIZES`` of every box: list of (n,) int64.

    Args:
        boxes: list of (n, 4) xyxy; sides: longest side of each image in pixels.
    """
    bounds = [low for low, _ in SIZES.values()][1:]
    return [np.digitize(_coco_area(b, side), bounds) for b, side in zip(boxes, sides, strict=True)]


def _coco_area(boxes, side):
    return area(boxes).astype(float) * (COCO_SIDE / side) ** 2


def _run_coco(truths, found, classes=None, count=1, sides=None, bands=(ANY_SIZE,)):
    """An accumulated ``COCOeval``, or None where there is nothing to match."""
    from faster_coco_eval import COCO, COCOeval_faster

    sides = sides or [COCO_SIDE] * len(truths)
    if count == 1:  # else a class may have its best beyond the cap
        found = [_best(d) for d in found]
    one_class = classes is None
    said = [np.zeros(len(d), int) if one_class else d.class_ids for d in found]
    classes = [np.zeros(len(boxes), int) for boxes in truths] if one_class else classes
    certain = [np.ones(len(boxes)) for boxes in truths]
    annotations = _annotations(truths, classes, certain, sides)
    results = _annotations([d.boxes for d in found], said, [d.scores for d in found], sides)
    if not results or not annotations:
        return None
    head = {
        "images": [{"id": i} for i in range(len(truths))],
        "categories": [{"id": k, "name": str(k)} for k in range(count)],
    }
    # Not by ``loadRes``, which would measure areas anew and add an outline to each box.
    run = COCOeval_faster(
        COCO({**head, "annotations": annotations}), COCO({**head, "annotations": results}), "bbox"
    )
    run.params.maxDets = [MAX_DETECTIONS]
    run.params.areaRng, run.params.areaRngLbl = [list(band) for band in bands], [str(b) for b in bands]
    run.evaluate()
    run.accumulate()
    return run


def _annotations(boxes, class_ids, scores, sides):
    """COCO's list of dicts for boxes, class ids and scores, one array an image each."""
    annotations = []
    for i, (rows, ids, values, side) in enumerate(zip(boxes, class_ids, scores, sides, strict=True)):
        columns = to_xywh(rows).tolist(), ids.tolist(), values.tolist(), _coco_area(rows, side).tolist()
        for box, class_id, score, size in zip(*columns, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i,
                    "category_id": class_id,
                    "bbox": box,
                    "area": size,
                    "iscrowd": 0,
                    "score": score,
                }
            )
    return annotations


def _best(detections):
    return detections[np.argsort(-detections.scores, kind="stable")[:MAX_DETECTIONS]]


def _summary(run, class_id=0, band=0, present=True):
    names = ("AP", "AP50", "AP75", f"AR{MAX_DETECTIONS}")
    if run is None or not present:
        return dict.fromkeys(names, 0.0 if present else float("nan"))
    precision = run.eval["precision"][:, :, class_id, band, -1]
    recall = run.eval["recall"][:, class_id, band, -1]
    values = (precision, precision[0], precision[5], recall)
    return {name: float(np.mean(value)) for name, value in zip(names, values, strict=True)}


def _bootstrap(truths, found, resamples):
    """95 % percentile interval of AP over resampled images, from matches made once."""
    best = [_best(d) for d in found]
    hits = [match(t, d, IOUS) >= 0 for t, d in zip(truths, best, strict=True)]
    scores = np.concatenate([d.scores for d in best])
    image = np.repeat(np.arange(len(best)), [len(d) for d in best])
    order = np.argsort(-scores, kind="stable")
    hits, image = np.concatenate(hits, axis=1)[:, order], image[order]
    counts = np.array([len(t) for t in truths])
    rng = np.random.default_rng(0)
    values = []
    while len(values) < resamples:
        times = np.bincount(rng.integers(len(truths), size=len(truths)), minlength=len(truths))
        if facings := times @ counts:  # without any, there is no AP
            values.append(pooled_ap(hits, facings, times[image]))
    return tuple(float(v) for v in np.quantile(values, [0.025, 0.975]))


def pooled_ap(hits, truths, times=None):
    """COCO's AP of detections already matched.

    Args:
        hits: (t, d) bool, a true positive at each of t IoU thresholds, best score first.
        truths: number of true boxes.
        times: (d,) int, how often each detection counts; default once.
    """
    times = np.ones(hits.shape[1], int) if times is None else times
    counted = np.cumsum(times)
    points = np.linspace(0, 1, 101)
    values = []
    for row in hits:
        at = np.flatnonzero(row)  # precision peaks at true positives
        true = np.cumsum(times[at])
        precision = true / np.maximum(counted[at], 1)
        envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0)
        values.append(envelope[np.searchsorted(true / max(truths, 1), points, side="left")].mean())
    return float(np.mean(values))
