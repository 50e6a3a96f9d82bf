import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from skushare.detections import Detections
from skushare.evaluation.coco import (
    IOUS,
    SIZES,
    average_precision,
    class_precisions,
    pooled_ap,
    size_bands,
    size_precisions,
)
from skushare.evaluation.matching import match
from skushare.geometry import area, to_xywh

FIGURES = "AP50", "AP75", "AP", "AR300"


def grid(n):
    x = np.arange(n) * 20.0
    return np.stack([x, np.zeros(n), x + 16, np.full(n, 30.0)], axis=1)


def found(boxes, scores=None):
    return Detections(
        boxes, np.linspace(0.9, 0.5, len(boxes)) if scores is None else scores, np.zeros(len(boxes))
    )


@pytest.mark.parametrize(
    ("truths", "detections", "ap50"),
    [
        ([grid(5)], [found(grid(5))], 1.0),
        ([grid(5)], [Detections()], 0.0),
        ([grid(2), np.zeros((0, 4))], [found(grid(2)), Detections()], 1.0),
        ([grid(2)], [found(grid(1))], 51 / 101),  # one of two: recall .5, points 0 .. .5
    ],
)
def test_known_cases(truths, detections, ap50):
    assert average_precision(truths, detections)["AP50"] == pytest.approx(ap50)


@pytest.mark.parametrize("detections", [Detections(), found(grid(5))])
def test_where_there_is_nothing_to_find_there_are_no_figures(detections):
    figures = average_precision([np.zeros((0, 4))], [detections], resamples=2)
    assert len(figures) == 6 and np.isnan(list(figures.values())).all()


def test_more_than_a_hundred_facings_are_not_cut():
    result = average_precision([grid(250)], [found(grid(250))])
    assert result["AR300"] == 1.0 and result["AP"] == pytest.approx(1.0)
    assert average_precision([grid(400)], [found(grid(400))])["AR300"] == pytest.approx(0.75)


def test_the_best_of_a_photo_count_and_of_each_class_its_own():
    boxes, scores = grid(400), np.linspace(0.5, 0.9, 400)  # the worst come first
    assert average_precision([boxes[100:]], [found(boxes, scores)])["AP"] == pytest.approx(1.0)
    ids = np.repeat([1, 0], [100, 300])
    named = replace(found(boxes, scores), class_ids=ids)
    assert average_precision([boxes[100:]], [named])["AP"] == pytest.approx(1.0)  # all classes as one
    figures = class_precisions([boxes], [ids], [named], 2)
    assert [each["AP"] for each in figures] == pytest.approx([1, 1])


def reference(truths, classes, detections, count, scale=1.0):
    """AP at each IoU and AR of pycocotools, (10, classes, sizes + all) and (classes, sizes + all).

    Areas are multiplied by ``scale``.
    """
    annotations = [
        {"image_id": i, "category_id": int(k), "bbox": box, "area": float(size) * scale, "iscrowd": 0}
        for i, (boxes, ids) in enumerate(zip(truths, classes, strict=True))
        for box, k, size in zip(to_xywh(boxes).tolist(), ids, area(boxes), strict=True)
    ]
    results = [
        {"image_id": i, "category_id": int(k), "bbox": box, "score": float(score)}
        for i, d in enumerate(detections)
        for box, k, score in zip(to_xywh(d.boxes).tolist(), d.class_ids, d.scores, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i} for i in range(len(truths))],
            "annotations": [{"id": n, **a} for n, a in enumerate(annotations, 1)],
            "categories": [{"id": k, "name": str(k)} for k in range(count)],
        }
        truth.createIndex()
        loaded = truth.loadRes(results)
        for annotation in loaded.anns.values():
            annotation["area"] *= scale
        run = COCOeval(truth, loaded, "bbox")
        run.params.maxDets = [300]
        run.params.areaRng = [*run.params.areaRng[1:], run.params.areaRng[0]]  # of all comes last
        run.evaluate()
        run.accumulate()
    return run.eval["precision"][..., 0].mean(axis=1), run.eval["recall"][..., 0].mean(axis=0)


def as_figures(precision, recall):
    """The figures of one class and size, of its part of what :func:`reference` gives."""
    values = np.append(precision[[0, 5]], [precision.mean(), recall])
    return {name: pytest.approx(value, abs=1e-12) for name, value in zip(FIGURES, values, strict=True)}


def test_figures_are_those_of_pycocotools(shelves):
    truths, classes, detections = shelves(2, classes=3)
    precision, recall = reference(truths, classes, detections, 3)
    for k, figures in enumerate(class_precisions(truths, classes, detections, 3)):
        assert figures == as_figures(precision[:, k, 3], recall[k, 3])

    classes = [np.zeros(len(t), int) for t in truths]
    detections = [found(d.boxes, d.scores) for d in detections]
    precision, recall = reference(truths, classes, detections, 1)
    assert average_precision(truths, detections) == as_figures(precision[:, 0, 3], recall[0, 3])


def test_sizes_are_those_of_coco_on_photos_of_its_own_resolution(shelves):
    truths, classes, detections = shelves(3, side=1280)
    precision, recall = reference(truths, classes, detections, 1, scale=0.25)
    figures = size_precisions(truths, detections, [1280] * len(truths))
    for number, name in enumerate(SIZES):
        if precision[0, 0, number] == -1:  # no such box
            assert np.isnan(figures[name]["AP"])
        else:
            assert figures[name] == as_figures(precision[:, 0, number], recall[0, number])
    assert sum(np.isfinite(values["AP"]) for values in figures.values()) == 2


@pytest.mark.parametrize("side", [640, 1280])
def test_bands_are_those_of_coco_on_a_photo_of_any_size(side):
    sides = np.array([31, 32, 33, 95, 96, 97]) * side / 640
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)
    assert [band.tolist() for band in size_bands([boxes, boxes[:0]], [side, side])] == [
        [0, 1, 1, 1, 2, 2],
        [],
    ]


def test_a_class_that_no_photo_shows_has_no_figures(shelves):
    truths, classes, detections = shelves(4, classes=2)
    figures = class_precisions(truths, classes, detections, 3)
    assert [np.isnan(f["AP"]) for f in figures] == [False, False, True]
    moved = [replace(d, class_ids=d.class_ids + 1) for d in detections]
    assert np.isnan(class_precisions(truths, [ids + 1 for ids in classes], moved, 3)[0]["AP"])


def test_pooled_ap_is_the_figure_itself(shelves):
    truths, _, detections = shelves(5)
    hits = np.concatenate([match(t, d, IOUS) >= 0 for t, d in zip(truths, detections, strict=True)], axis=1)
    order = np.argsort(-np.concatenate([d.scores for d in detections]), kind="stable")
    ap = pooled_ap(hits[:, order], sum(map(len, truths)))
    assert ap == pytest.approx(average_precision(truths, detections)["AP"], abs=1e-9)
    assert pooled_ap(np.array([[True]]), 1) == 1


def test_counting_photos_twice_is_having_them_twice(shelves):
    truths, _, detections = shelves(6, photos=2)
    hits = [match(t, d, IOUS) >= 0 for t, d in zip(truths, detections, strict=True)]
    scores = np.concatenate([d.scores for d in detections])
    photo = np.repeat([0, 1], [len(d) for d in detections])
    order = np.argsort(-scores, kind="stable")
    times = np.array([2, 0])
    twice = pooled_ap(np.concatenate(hits, axis=1)[:, order], 2 * len(truths[0]), times[photo][order])
    assert twice == pytest.approx(average_precision(truths[:1] * 2, detections[:1] * 2)["AP"], abs=1e-9)


def test_the_interval_holds_the_figure(shelves):
    truths, _, detections = shelves(7)
    result = average_precision(truths, detections, resamples=200)
    assert result["AP_low"] < result["AP"] < result["AP_high"]
    alone = average_precision(truths[:1], detections[:1], resamples=2)  # drawn again, it is the same photo
    assert alone["AP_low"] == alone["AP_high"] == pytest.approx(alone["AP"], abs=1e-9)
    beside_bare = average_precision([grid(5), grid(0)], [found(grid(5)), Detections()], resamples=50)
    assert beside_bare["AP_low"] == pytest.approx(1)  # of photos without a facing alone there is no AP
    nothing = average_precision(truths, [Detections()] * len(truths), resamples=2)
    assert nothing["AP"] == nothing["AP_low"] == nothing["AP_high"] == 0
    assert "AP_low" not in average_precision(truths, detections)
