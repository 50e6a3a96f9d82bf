import numpy as np
import pytest

from skushare.detections import Detections
from skushare.evaluation.counting import THRESHOLDS, best_threshold, counting_curve, counting_error


def found(*scores):
    return Detections(np.zeros((len(scores), 4)), scores, np.zeros(len(scores)))


@pytest.mark.parametrize(
    ("true", "photos", "expected"),
    [
        ([2, 1], [found(0.9, 0.8), found(0.7)], {"MAE": 0, "RMSE": 0, "MAPE": 0, "bias": 0}),
        ([4, 1], [found(0.9, 0.8), found(0.7)], {"MAE": 1, "RMSE": 2**0.5, "MAPE": 25, "bias": -1}),
        ([0], [found(0.9, 0.2)], {"MAE": 1, "RMSE": 1, "MAPE": 100, "bias": 1}),
        ([3], [Detections()], {"MAE": 3, "RMSE": 3, "MAPE": 100, "bias": -3}),
        ([1], [found(0.5)], {"MAE": 0, "RMSE": 0, "MAPE": 0, "bias": 0}),  # the threshold itself counts
    ],
)
def test_counting_error(true, photos, expected):
    assert counting_error(true, photos, 0.5) == pytest.approx(expected)


def test_the_curve_counts_as_the_detections_do():
    rng = np.random.default_rng(0)
    photos = [found(*rng.choice(THRESHOLDS, size=rng.integers(0, 30))) for _ in range(20)]
    true = rng.integers(1, 20, size=20)
    curve = counting_curve(true, photos)
    for threshold, mae in zip(curve["threshold"], curve["MAE"], strict=True):
        counts = [len(photo.above(threshold)) for photo in photos]
        assert mae == pytest.approx(np.abs(counts - true).mean())


def test_best_threshold_separates_facings_from_doubts():
    threshold, error = best_threshold([2, 2], [found(0.9, 0.8, 0.4), found(0.7, 0.6, 0.3)])
    assert 0.4 < threshold <= 0.6 and error == 0
