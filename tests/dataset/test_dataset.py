from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.errors import DatasetError


def sample(split):
    return Sample(
        Path("a.jpg"),
        10,
        10,
        np.zeros((1, 4), np.float32),
        np.ones(1, np.int32),
        np.ones(1, np.float32),
        split,
    )


def test_a_split_is_a_dataset_of_its_own():
    dataset = Dataset("shop", tuple(map(sample, ("val", "train", "val"))), ("a", "b"))
    assert dataset.splits == ("val", "train")
    part = dataset.only("val")
    assert part.name == "shop@val" and len(part) == 2 and part.labels == dataset.labels
    with pytest.raises(DatasetError, match="train"):
        dataset.only("test")


def test_as_one_class_keeps_boxes():
    one = Dataset("shop", (sample(""),), ("a", "b")).as_one_class()
    assert one.labels == ("facing",) and one.samples[0].class_ids.tolist() == [0]
