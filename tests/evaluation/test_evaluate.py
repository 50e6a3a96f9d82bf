import csv

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.detections import Detections
from skushare.evaluation.evaluate import append_row, evaluate
from skushare.images import write_image


class Perfect:
    """A detector that knows the answer, doubting every second box."""

    name, min_score, live_min_score = "perfect", 0.5, 0.5

    def __init__(self, boxes):
        self.boxes = boxes

    def threshold(self, mode):
        return 0.5

    def size(self, mode):
        return 640

    def detect(self, image, mode, min_score, size):
        scores = np.where(np.arange(len(self.boxes)) % 2, 0.4, 0.9)
        return Detections(self.boxes, scores, np.zeros(len(self.boxes))).above(min_score)


@pytest.fixture
def dataset(tmp_path):
    boxes = np.float32([[i * 20, 0, i * 20 + 15, 30] for i in range(6)])
    write_image(tmp_path / "a.png", np.zeros((40, 130, 3), np.uint8))
    sample = Sample(tmp_path / "a.png", 130, 40, boxes, np.zeros(6, np.int32), np.ones(6, np.float32))
    return Dataset("tiny", (sample,), ("facing",))


def test_figures_of_a_perfect_but_doubtful_detector(dataset):
    row = evaluate(Perfect(dataset.samples[0].boxes), dataset, resamples=10)
    assert row["AP"] == pytest.approx(1.0)
    assert (row["count_mae"], row["count_bias"], row["best_mae"]) == (3, -3, 0)
    assert row["best_score"] <= 0.4 and row["photos"] == 1 and row["boxes"] == 6


def test_rows_of_different_columns_share_a_file(tmp_path):
    path = tmp_path / "new" / "results.csv"
    append_row(path, {"model": "a", "AP": 0.5})
    append_row(path, {"model": "b", "AP": 0.25, "extra": 1})
    with path.open() as handle:
        rows = list(csv.DictReader(handle))
    assert [r["AP"] for r in rows] == ["0.5000", "0.2500"]
    assert [r["extra"] for r in rows] == ["", "1"] and all(r["date"] for r in rows)
