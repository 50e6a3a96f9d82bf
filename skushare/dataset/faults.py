"""Faults of a dataset, each found by a function and put right by another, as ``health.Check`` has them."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from skushare.dataset.class_names import spelling_variants
from skushare.dataset.dataset import Dataset
from skushare.dataset.duplicates import near_pairs
from skushare.dataset.label_text import clean_text
from skushare.dataset.scan import Scan
from skushare.dataset.statistics import columns
from skushare.geometry import area, clip
from skushare.orientation import lies_on_side

BEYOND = 1.0  # pixels that a box may lie outside of its picture; less is rounding
TINY = 0.003  # of the picture's longest side; nothing can be seen on fewer than 3 of 1,000 pixels
TWICE = 0.75  # IoU from which two boxes are one; on real shelves, neighbours stay below .6
NEIGHBOURS = 200  # boxes that each is compared with, in the order of their centres
_PICTURES = 200  # looked through at once for boxes drawn twice
SAME_SHAPE = 0.02  # by which the aspect of a picture may differ from the labelled one's

_KEPT_FIRST = {"test": 0, "val": 1, "train": 3}  # what a leak is measured with stays as it is


@dataclass(frozen=True, eq=False)
class View:
    """A ``Dataset`` with what the checks look at, its pictures' ``Scan`` among it."""

    dataset: Dataset
    scan: Scan

    @cached_property
    def index(self):
        return columns(self.dataset)

    @cached_property
    def size(self):
        """(m, 2) width and height of the picture that each box is on."""
        return np.stack([self.index.widths, self.index.heights], axis=1)[self.index.pictures]

    @cached_property
    def measured(self):
        """(m,) bool: whether the size of the picture that a box is on is known."""
        return (self.size > 0).all(axis=1)

    def at(self, rows, detail):
        """The places of boxes, given by their rows in the index."""
        pictures = self.index.pictures[rows]
        return pictures, rows - self.index.starts[pictures], [detail(row) for row in rows]

    def places(self, pictures, boxes, details):
        samples = [self.dataset.samples[i] if i >= 0 else None for i in pictures]
        return pd.DataFrame(
            {
                "file": [clean_text(sample.path) if sample else "" for sample in samples],
                "split": [sample.split if sample else "" for sample in samples],
                "box": pd.array([None if box < 0 else int(box) for box in boxes], "Int64"),
                "detail": list(map(clean_text, details)),
            }
        )

    def without_pictures(self, pictures):
        gone = set(np.asarray(pictures).tolist())
        kept = tuple(s for row, s in enumerate(self.dataset.samples) if row not in gone)
        return replace(self.dataset, samples=kept)

    def with_boxes(self, pictures, change):
        """The dataset with ``change(sample, row)`` in place of some of its samples."""
        samples = list(self.dataset.samples)
        for row in np.unique(pictures).tolist():
            samples[row] = change(samples[row], row)
        return replace(self.dataset, samples=tuple(samples))

    def without_boxes(self, pictures, boxes):
        gone = {row: boxes[pictures == row] for row in np.unique(pictures).tolist()}
        return self.with_boxes(
            pictures,
            lambda sample, row: sample.with_boxes(np.delete(np.arange(len(sample.boxes)), gone[row])),
        )


def _whole(pictures, details):
    return list(pictures), [-1] * len(details), details


# Damaged pictures


def find_damaged(view):
    rows = np.flatnonzero(~view.scan.readable).tolist()
    return _whole(rows, [view.scan.faults[row] for row in rows])


def drop_pictures(view, pictures, boxes):
    return view.without_pictures(pictures)


# Sizes


def find_sizes(view):
    index, facts = view.index, view.scan
    differs = (index.widths != facts.widths) | (index.heights != facts.heights)
    rows = np.flatnonzero(differs & facts.readable).tolist()
    return _whole(
        rows,
        [
            f"labelled {index.widths[i]} x {index.heights[i]}, is {facts.widths[i]} x {facts.heights[i]}"
            for i in rows
        ],
    )


def repair_sizes(view, pictures, boxes):
    facts = view.scan
    lost = []

    def resized(sample, row):
        size = int(facts.widths[row]), int(facts.heights[row])
        moved = _fitted(sample, size, facts.orientations[row])
        if moved is None:
            lost.append(row)
            return sample
        return replace(sample, width=size[0], height=size[1], boxes=moved)

    dataset = view.with_boxes(pictures, resized)
    return replace(view, dataset=dataset).without_pictures(lost)


def _fitted(sample, size, orientation):
    """The boxes of a sample on the picture of that ``size`` as it really is; ``None`` if that is a guess."""
    labelled = np.float32([sample.width, sample.height])
    if (labelled <= 0).any():
        return sample.boxes
    swapped = (sample.height, sample.width) == size  # the labels, or their size alone, are of it unturned
    if swapped and lies_on_side(orientation) and _inside(sample.boxes, labelled):
        return _turned(sample.boxes, *labelled, orientation)
    scale = np.float32(size) / labelled
    if abs(scale[0] / scale[1] - 1) <= SAME_SHAPE:
        return sample.boxes * np.tile(scale, 2)
    return sample.boxes if swapped and _inside(sample.boxes, size) else None


def _inside(boxes, size):
    return bool((boxes >= -BEYOND).all() and (boxes <= np.tile(size, 2) + BEYOND).all())


def _turned(boxes, width, height, orientation):
    """Boxes on a picture of ``width`` x ``height`` after EXIF's ``orientation`` (5 to 8) has turned it."""
    boxes = boxes[:, [1, 0, 3, 2]]  # mirrored at the diagonal, which makes it height x width
    if orientation in (6, 7):
        boxes[:, [0, 2]] = height - boxes[:, [2, 0]]
    if orientation in (7, 8):
        boxes[:, [1, 3]] = width - boxes[:, [3, 1]]
    return boxes


# Boxes


def find_inverted(view):
    boxes = view.index.boxes
    rows = np.flatnonzero((boxes[:, 2:] < boxes[:, :2]).any(axis=1))
    return view.at(rows, lambda row: _text(boxes[row]))


def repair_inverted(view, pictures, boxes):
    def sorted_edges(sample, row):
        edges = np.sort(sample.boxes.reshape(-1, 2, 2), axis=1)
        return replace(sample, boxes=edges.reshape(-1, 4))

    return view.with_boxes(pictures, sorted_edges)


def find_outside(view):
    boxes = view.index.boxes
    low, high = _ordered(boxes)
    beyond = np.maximum(-low, high - view.size).max(axis=1, initial=0)
    wholly = ((high <= 0) | (low >= view.size)).any(axis=1)
    rows = np.flatnonzero(view.measured & (beyond > BEYOND))
    return view.at(rows, lambda row: "wholly outside" if wholly[row] else f"{beyond[row]:.0f} pixels outside")


def repair_outside(view, pictures, boxes):
    def clipped(sample, row):
        inner = clip(sample.boxes, sample.width, sample.height)
        nothing = (inner[:, 2:] - inner[:, :2] <= 0).any(axis=1)
        was = (sample.boxes[:, 2:] - sample.boxes[:, :2] > 0).all(axis=1)
        return replace(sample, boxes=inner).with_boxes(~(nothing & was))

    return view.with_boxes(pictures, clipped)


def find_tiny(view):
    boxes = view.index.boxes
    low, high = _ordered(boxes)
    sides = high - low
    tiny = sides.min(axis=1, initial=np.inf) < TINY * view.size.max(axis=1, initial=0)
    rows = np.flatnonzero(view.measured & tiny)
    return view.at(rows, lambda row: "{:.1f} x {:.1f} pixels".format(*sides[row]))


def drop_boxes(view, pictures, boxes):
    return view.without_boxes(pictures, boxes)


def find_twice(view):
    boxes, scores = view.index.boxes, view.index.scores
    # Pictures by the hundred: all boxes at once would take many times their own memory.
    starts, pictures = view.index.starts, view.index.pictures
    cuts = pairwise(np.append(starts[:-1:_PICTURES], starts[-1]))
    found = [a + _overlapping(boxes[a:b], pictures[a:b]) for a, b in cuts]
    first, second = np.concatenate([np.zeros((2, 0), np.int64), *found], axis=1)
    swap = scores[second] > scores[first]  # otherwise the one that comes first in the file stays
    kept, gone = np.where(swap, second, first), np.where(swap, first, second)
    rows, at = np.unique(gone, return_index=True)
    partner = dict(zip(rows.tolist(), kept[at].tolist(), strict=True))
    labels, class_ids = view.index.labels, view.index.class_ids

    def detail(row):
        other = partner[row]
        text = f"the same as box {other - view.index.starts[view.index.pictures[row]]}"
        if class_ids[row] != class_ids[other]:
            text += f", there called {labels[class_ids[other]]}, here {labels[class_ids[row]]}"
        return text

    return view.at(rows, detail)


def _overlapping(boxes, picture):
    """Rows of the pairs of boxes on one picture with an IoU of at least ``TWICE``, the lower row first.

    Boxes that overlap so much have centres next to each other. So they are sorted by these,
    and each is compared with the following one, the next but one, and so on while they are near
    (a box drawn a thousand times still has one before it).
    """
    good = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    centres, widths = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 2] - boxes[:, 0]
    order = good[np.lexsort((centres[good], picture[good]))]
    near = (1 / TWICE - 1) * widths[order]
    centres, picture, sorted_boxes, areas = centres[order], picture[order], boxes[order], area(boxes[order])
    found = [np.zeros((2, 0), np.int64)]
    first = np.arange(len(order))
    for step in range(1, NEIGHBOURS):
        first = first[: np.searchsorted(first, len(order) - step)]
        second = first + step
        close = (picture[first] == picture[second]) & (centres[second] - centres[first] <= near[first])
        first, second = first[close], second[close]
        a, b = sorted_boxes[first], sorted_boxes[second]
        shared = np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0).prod(axis=1)
        same = shared >= TWICE * (areas[first] + areas[second] - shared)
        found.append(np.sort(order[np.stack([first[same], second[same]])], axis=0))
    return np.concatenate(found, axis=1)


def _ordered(boxes):
    return np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])


def _text(box):
    return "left {:.0f}, top {:.0f}, right {:.0f}, bottom {:.0f}".format(*box)


# Class names


def find_variants(view):
    labels, counts, variants = view.index.labels, *_variants(view)
    details = [
        f"{labels[i]!r} (boxes: {counts[i]:,}) for {labels[j]!r} (boxes: {counts[j]:,})"
        for i, j in variants.items()
    ]
    return [-1] * len(details), [-1] * len(details), details


def repair_variants(view, pictures, boxes):
    labels = view.index.labels
    return view.dataset.renamed({labels[i]: labels[j] for i, j in _variants(view)[1].items()})


def _variants(view):
    """(boxes of each class, its ``spelling_variants``)."""
    counts = np.bincount(view.index.class_ids, minlength=len(view.index.labels))
    return counts, spelling_variants(view.index.labels, counts.tolist())


# Leaks


def find_leaks(view):
    samples = view.dataset.samples
    rank = np.array([_KEPT_FIRST.get(sample.split, 2) for sample in samples])
    split = view.index.split_ids
    rows = np.flatnonzero(view.scan.readable)
    order = rank * (split.max(initial=0) + 1) + split  # no two splits have the same
    partner = np.full(len(samples), -1)
    for pairs in near_pairs(view.scan.hashes[rows]):
        pairs = rows[pairs]
        pairs = pairs[split[pairs[:, 0]] != split[pairs[:, 1]]]
        kept, gone = np.take_along_axis(pairs, np.argsort(order[pairs], axis=1), axis=1).T
        gone, first = np.unique(gone, return_index=True)
        new = partner[gone] < 0
        partner[gone[new]] = kept[first[new]]
    rows = np.flatnonzero(partner >= 0).tolist()
    return _whole(
        rows, [f"like {samples[partner[r]].path} in {samples[partner[r]].split or 'no split'}" for r in rows]
    )


# Empty pictures


def find_empty(view):
    rows = np.flatnonzero(view.index.counts == 0).tolist()
    return _whole(rows, [""] * len(rows))
