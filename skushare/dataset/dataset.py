"""An index of a dataset: which images there are and which boxes lie in them."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skushare.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled image; the image itself stays on disk.

    Attributes:
        path: the image file.
        width, height: its size in pixels, as labelled.
        boxes: (n, 4) float32 xyxy in its pixels.
        class_ids: (n,) int32.
        scores: (n,) float32, confidence of machine-made labels; 1 for human ones.
        split: "train", "val", "test" or another; empty where there are no splits.
    """

    path: Path
    width: int
    height: int
    boxes: np.ndarray
    class_ids: np.ndarray
    scores: np.ndarray
    split: str = ""


@dataclass(frozen=True)
class Dataset:
    """Samples and the names of their classes.

    Attributes:
        name: what figures and runs call it.
        samples: tuple of :class:`Sample`, of all splits.
        labels: class names; class id = position.
        provenance: where it comes from: source, format, licence; plain JSON values.
    """

    name: str
    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    provenance: dict = field(default_factory=dict)

    def __len__(self):
        return len(self.samples)

    @property
    def splits(self):
        """Names of the splits that samples lie in, in order of first appearance."""
        return tuple(dict.fromkeys(sample.split for sample in self.samples))

    def only(self, split):
        """The samples of ``split``, as a dataset called ``name@split``.

        Raises:
            DatasetError: there is no such split.
        """
        if split not in self.splits:
            raise DatasetError(f"{self.name}: no split called {split!r}; there are: {', '.join(self.splits)}")
        samples = tuple(s for s in self.samples if s.split == split)
        return replace(self, name=f"{self.name}@{split}", samples=samples)

    def as_one_class(self, label="facing"):
        """The same boxes, all of the one class ``label``: what a detector of facings learns from."""
        samples = tuple(replace(s, class_ids=np.zeros_like(s.class_ids)) for s in self.samples)
        return replace(self, samples=samples, labels=(label,))
