import numpy as np
import pytest

from skushare.detections import Detections
from skushare.evaluation.coco import _run_coco, average_precision, pooled_ap


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
        ([np.zeros((0, 4))], [found(grid(5))], 0.0),
        ([grid(2), np.zeros((0, 4))], [found(grid(2)), Detections()], 1.0),
        ([grid(2)], [found(grid(1))], 51 / 101),  # one of two: recall .5, points 0 .. .5
    ],
)
def test_known_cases(truths, detections, ap50):
    assert average_precision(truths, detections)["AP50"] == pytest.approx(ap50)


def test_more_than_a_hundred_facings_are_not_cut():
    result = average_precision([grid(250)], [found(grid(250))])
    assert result["AR300"] == 1.0 and result["AP"] == pytest.approx(1.0)
    assert average_precision([grid(250)], [found(grid(250))], max_detections=100)["AR100"] == pytest.approx(
        0.4
    )


def noisy(seed, images=6):
    rng = np.random.default_rng(seed)
    truths = [grid(rng.integers(3, 30)) for _ in range(images)]
    detections = [
        found(
            np.concatenate([t + rng.normal(0, 2, t.shape), grid(4) + [0, 100, 0, 100]]),
            rng.random(len(t) + 4),
        )
        for t in truths
    ]
    return truths, detections


def test_pooled_ap_agrees_with_pycocotools():
    truths, detections = noisy(0)
    run = _run_coco(truths, detections, 300)
    images = [e for e in run.evalImgs if e is not None]
    scores = np.concatenate([e["dtScores"] for e in images])
    hits = np.concatenate([e["dtMatches"] > 0 for e in images], axis=1)
    ap = pooled_ap(scores, hits, sum(map(len, truths)))
    assert ap == pytest.approx(average_precision(truths, detections)["AP"], abs=1e-9)


def test_the_interval_holds_the_figure():
    truths, detections = noisy(1)
    result = average_precision(truths, detections, resamples=200)
    assert result["AP_low"] < result["AP"] < result["AP_high"]
