"""Random shelves, found more or less well, and a detector that knows the answer."""

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.detections import Detections
from skushare.detector.models import Model
from skushare.detector.presets import preset
from skushare.images import write_image


def random_shelf(rng, facings, classes=1, side=640):
    """True boxes, their class ids, and detections: moved, doubled, missed and made up ones."""
    corner = rng.uniform(0, side - 140, (facings, 2))
    truths = np.concatenate([corner, corner + rng.uniform(20, 140, (facings, 2))], axis=1).astype(np.float32)
    moved = (truths + rng.normal(0, 3, truths.shape))[rng.random(facings) < 0.9]
    doubled = truths[: facings // 5] + rng.normal(0, 4, (facings // 5, 4))
    invented = truths[: facings // 4] + rng.uniform(30, 60)
    boxes = np.concatenate([moved, doubled, invented])
    found = Detections(boxes, rng.random(len(boxes)), rng.integers(classes, size=len(boxes)))
    return truths, rng.integers(classes, size=facings), found


def random_shelves(seed, photos=6, classes=1, side=640):
    """Lists of true boxes, of their class ids and of detections."""
    rng = np.random.default_rng(seed)
    shelves = [random_shelf(rng, rng.integers(5, 40), classes, side) for _ in range(photos)]
    return tuple(map(list, zip(*shelves, strict=True)))


def labelled(path, boxes, class_ids=None, size=(640, 640)):
    """A :class:`Sample`."""
    return Sample(path, *size, boxes, class_ids)


class Knowing:
    """A detector that finds as many facings as the first pixel is bright, and doubts every second."""

    labels = ("facing",)
    seen = 0

    def __init__(self, model):
        self.model, self.name, self.config = model, model.name, model.config

    def threshold(self, mode):
        return 0.5

    def detect(self, image, mode, min_score, size):
        type(self).seen += 1
        boxes = row_of_boxes(int(image[0, 0, 0]))
        scores = np.where(np.arange(len(boxes)) % 2, 0.4, 0.9)
        return Detections(boxes, scores, np.zeros(len(boxes))).above(min_score)


def row_of_boxes(facings):
    left = np.arange(facings) * 20.0
    return np.stack([left, left * 0, left + 15, left * 0 + 30], axis=1)


@pytest.fixture
def knowing(monkeypatch):
    """The class :class:`Knowing`, in place of the real detector."""
    monkeypatch.setattr("skushare.evaluation.evaluation.Detector", Knowing)
    monkeypatch.setattr(Knowing, "seen", 0)
    return Knowing


@pytest.fixture
def model(tmp_path):
    """A model without weights."""
    return Model(tmp_path / "known", preset("shelf_dense"), {"model.tflite": "0" * 64})


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """Three photos of 2, 4 and 6 facings; the workspace lies beside them."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    samples = []
    for facings in (2, 4, 6):
        path = tmp_path / f"{facings}.png"
        write_image(path, np.full((40, 130, 3), facings, np.uint8))
        samples.append(labelled(path, row_of_boxes(facings), size=(130, 40)))
    return Dataset("tiny@val", tuple(samples), ("facing",))


@pytest.fixture(scope="session")
def shelves():
    """The function :func:`random_shelves`."""
    return random_shelves
