"""Small datasets, and a store for them."""

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.images import write_image


@pytest.fixture
def store_folder(tmp_path, monkeypatch):
    """An empty workspace; gives its folder of datasets."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace" / "datasets"


@pytest.fixture
def make_dataset(tmp_path):
    """A function that makes pictures, with as many boxes on each as ``counts`` says."""

    def make_dataset(counts=(2, 0, 3), splits=("train", "", "val"), labels=("can", "jar")):
        rng = np.random.default_rng(0)
        samples = []
        for number, count in enumerate(counts):
            path = tmp_path / f"shop{number}" / f"shelf {number}.png"
            path.parent.mkdir(exist_ok=True)
            write_image(path, np.full((30, 40, 3), 10 * number, np.uint8))
            boxes = rng.uniform(-5, 35, (count, 4))  # wrong boxes too
            ids, scores = rng.integers(0, len(labels), count, np.int32), rng.uniform(0, 1, count)
            split, group = splits[number % len(splits)], f"group {number}" * (number % 2)
            samples.append(Sample(path, 40, 30, boxes, ids, scores, split, group))
        return Dataset("made", tuple(samples), labels, {"licence": "none"})

    return make_dataset
