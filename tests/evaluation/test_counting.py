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
    assert curve["threshold"].iloc[[0, -1]].tolist() == [0.05, 0.95] and len(curve) == 91
    for row in curve.to_dict("records"):
        threshold = row.pop("threshold")
        error = [len(photo.above(threshold)) for photo in photos] - true
        size = np.abs(error)
        expected = {"MAE": size.mean(), "RMSE": np.sqrt((error**2).mean()), "bias": error.mean()}
        assert row == pytest.approx({**expected, "MAPE": 100 * (size / true).mean()})


def test_best_threshold_separates_facings_from_doubts():
    photos = [found(0.9, 0.8, 0.4), found(0.7, 0.6, 0.3)]
    assert best_threshold([2, 2], photos) == (0.41, 0)  # the lowest of those that count as well
