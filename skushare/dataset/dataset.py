"""An index of a dataset: which images there are and which boxes lie in them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled image; the image itself stays on disk.

    Attributes:
        path: the image file.
        width, height: its size in pixels, as labelled.
        boxes: (n, 4) float32 xyxy in its pixels.
        class_ids: (n,) int32.
        scores: (n,) float32, confidence of machine-made labels; 1 for human ones.
    """

    path: Path
    width: int
    height: int
    boxes: np.ndarray
    class_ids: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """Samples and the names of their classes."""

    name: str
    samples: tuple[Sample, ...]
    labels: tuple[str, ...]

    def __len__(self):
        return len(self.samples)

    def as_one_class(self, label="facing"):
        """The same boxes, all of the one class ``label``: what a detector of facings learns from."""
        samples = tuple(replace(s, class_ids=np.zeros_like(s.class_ids)) for s in self.samples)
        return replace(self, samples=samples, labels=(label,))
