"""A dataset as columns, which filters, counts and charts go through at once."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from pathlib import Path

import numpy as np

from skushare.dataset.dataset import Dataset, Sample
from skushare.files import atomic_write

_TEXTS = ("names", "groups", "splits", "labels")
_COLUMNS = ("widths", "heights", "split_ids", "starts", "boxes", "class_ids", "scores")


@dataclass(frozen=True, eq=False)
class Index:
    """n images and the m boxes on them; the boxes of image i are rows ``starts[i]`` to ``starts[i + 1]``.

    Attributes:
        names: n file names, below the dataset's folder of images, or absolute paths.
        groups: n names of what a split must not tear apart; empty if unknown.
        splits: names of the splits; empty text for images in none.
        labels: class names.
        widths, heights: (n,) int32, pixels as labelled.
        split_ids: (n,) int32, index into ``splits``.
        starts: (n + 1,) int64.
        boxes: (m, 4) float32 xyxy.
        class_ids: (m,) int32.
        scores: (m,) float32.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    labels: tuple[str, ...]
    widths: np.ndarray
    heights: np.ndarray
    split_ids: np.ndarray
    starts: np.ndarray
    boxes: np.ndarray
    class_ids: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, dataset, names):
        """The columns of ``dataset``; ``names`` are the file names of its samples."""
        samples, splits = dataset.samples, dataset.splits
        number = {split: i for i, split in enumerate(splits)}
        return cls(
            names=tuple(names),
            groups=tuple(s.group for s in samples),
            splits=splits,
            labels=tuple(dataset.labels),
            widths=np.array([s.width for s in samples], np.int32),
            heights=np.array([s.height for s in samples], np.int32),
            split_ids=np.array([number[s.split] for s in samples], np.int32),
            starts=_starts([len(s.boxes) for s in samples]),
            boxes=np.concatenate([np.zeros((0, 4)), *(s.boxes for s in samples)], dtype=np.float32),
            class_ids=np.concatenate([[], *(s.class_ids for s in samples)], dtype=np.int32, casting="unsafe"),
            scores=np.concatenate([[], *(s.scores for s in samples)], dtype=np.float32),
        )

    def dataset(self, name, images, provenance):
        """The :class:`Dataset` whose image files lie in the folder ``images``."""
        images = Path(images)
        samples = tuple(self.sample(row, images) for row in range(len(self)))
        return Dataset(name, samples, self.labels, provenance)

    def sample(self, row, images):
        """Image number ``row`` as a :class:`Sample`; its arrays are views."""
        boxes = slice(self.starts[row], self.starts[row + 1])
        return Sample(
            path=images / self.names[row],
            width=int(self.widths[row]),
            height=int(self.heights[row]),
            boxes=self.boxes[boxes],
            class_ids=self.class_ids[boxes],
            scores=self.scores[boxes],
            split=self.splits[self.split_ids[row]],
            group=self.groups[row],
        )

    def __len__(self):
        return len(self.names)

    @cached_property
    def counts(self):
        """(n,) int64: boxes of each image."""
        return np.diff(self.starts)

    @cached_property
    def sides(self):
        """(m,) float32: side in pixels of the square with the box's area; 0 for an inverted box."""
        return np.sqrt(np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 0).prod(axis=1))

    @cached_property
    def pictures(self):
        """(m,) int64: number of the image that each box is on."""
        return np.repeat(np.arange(len(self)), self.counts)

    @cached_property
    def rows(self):
        """File name → number of the image."""
        return {name: row for row, name in enumerate(self.names)}

    def table(self, row):
        """(k, 6) float32 of image number ``row``: left, top, right, bottom, class id, score."""
        boxes = slice(self.starts[row], self.starts[row + 1])
        return np.column_stack([self.boxes[boxes], self.class_ids[boxes], self.scores[boxes]])

    def with_tables(self, tables):
        """A copy in which images have other boxes: {number of the image: (k, 6) table}."""
        if not tables:
            return self
        counts = self.counts.copy()
        pieces, end = [], 0
        for row in sorted(tables):
            pieces += [slice(end, self.starts[row]), tables[row]]
            counts[row], end = len(tables[row]), self.starts[row + 1]
        pieces.append(slice(end, None))

        def column(values, columns):
            parts = [values[p] if isinstance(p, slice) else p[:, columns] for p in pieces]
            return np.concatenate(parts, dtype=values.dtype, casting="unsafe")

        return replace(
            self,
            starts=_starts(counts),
            boxes=column(self.boxes, slice(4)),
            class_ids=column(self.class_ids, 4),
            scores=column(self.scores, 5),
        )

    def without(self, rows):
        """A copy that lacks the images with the numbers ``rows``."""
        if not rows:
            return self
        keep = np.ones(len(self), bool)
        keep[list(rows)] = False
        boxes = np.repeat(keep, self.counts)
        return replace(
            self,
            names=tuple(compress(self.names, keep)),
            groups=tuple(compress(self.groups, keep)),
            widths=self.widths[keep],
            heights=self.heights[keep],
            split_ids=self.split_ids[keep],
            starts=_starts(self.counts[keep]),
            boxes=self.boxes[boxes],
            class_ids=self.class_ids[boxes],
            scores=self.scores[boxes],
        )

    def write(self, path, stamp):
        """Keep the columns in the file ``path``; ``stamp``, plain JSON, says what they were made of."""
        texts = {key: getattr(self, key) for key in _TEXTS} | {"stamp": stamp}
        arrays = {key: getattr(self, key) for key in _COLUMNS}
        arrays["texts"] = np.frombuffer(json.dumps(texts).encode(), np.uint8)
        with atomic_write(path) as file:
            np.savez(file, **arrays)


def read_index(path, stamp):
    """The :class:`Index` in the file ``path``, or ``None`` unless it is whole and was made of ``stamp``."""
    try:
        with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as file:
            texts = json.loads(file["texts"].tobytes())
            if texts["stamp"] != stamp:
                return None
            return Index(**{key: tuple(texts[key]) for key in _TEXTS}, **{key: file[key] for key in _COLUMNS})
    except Exception:
        return None  # it is a cache: whatever is wrong with it, it is made anew


def _starts(counts):
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
