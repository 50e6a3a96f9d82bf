"""Finding images of a dataset by what is on them."""

from dataclasses import dataclass

import numpy as np

ORDERS = ("as stored", "most boxes first", "fewest boxes first", "by name")


@dataclass(frozen=True)
class Filter:
    """Which images to find, and in which order.

    Attributes:
        text: part of the file name, in any case.
        splits: names of splits; empty for all.
        classes: names of the classes that count as boxes; empty for all.
        sides: least and greatest size of the boxes that count, as the side of a square of
            the same area, in pixels.
        counts: least and greatest number of boxes that count.
        names: file names to choose from; ``None`` for all.
        order: one of ``ORDERS``.
    """

    text: str = ""
    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    sides: tuple[float, float] = (0, np.inf)
    counts: tuple[float, float] = (0, np.inf)
    names: frozenset[str] | None = None
    order: str = ORDERS[0]

    @property
    def chooses_boxes(self):
        """Whether some boxes do not count; then an image needs at least one that does."""
        return bool(self.classes) or self.sides != (0, np.inf)


def find(index, wanted):
    """Numbers of the images in ``index`` that the :class:`Filter` ``wanted`` lets through.

    Returns:
        (k,) int64 numbers in the filter's order, and (m,) bool, which boxes of the index count.
    """
    boxes = np.ones(len(index.boxes), bool)
    if wanted.classes:
        boxes = _chosen(index.labels, wanted.classes)[index.class_ids]
    if wanted.sides != (0, np.inf):
        boxes &= (index.sides >= wanted.sides[0]) & (index.sides <= wanted.sides[1])
    counts = index.counts
    if wanted.chooses_boxes:
        counts = np.diff(np.concatenate([[0], np.cumsum(boxes)])[index.starts])
    low, high = wanted.counts
    images = (counts >= max(low, 1 if wanted.chooses_boxes else 0)) & (counts <= high)
    if wanted.splits:
        images &= _chosen(index.splits, wanted.splits)[index.split_ids]
    if wanted.text:
        text = wanted.text.casefold()
        images &= np.fromiter((text in name.casefold() for name in index.names), bool, len(index))
    if wanted.names is not None:
        images &= np.fromiter((name in wanted.names for name in index.names), bool, len(index))
    rows = np.flatnonzero(images)
    if wanted.order == "by name":
        rows = np.array(sorted(rows.tolist(), key=lambda row: index.names[row].casefold()), np.int64)
    elif wanted.order != ORDERS[0]:
        sign = -1 if wanted.order == "most boxes first" else 1
        rows = rows[np.argsort(sign * counts[rows], kind="stable")]
    return rows, boxes


def _chosen(names, wanted):
    return np.array([name in wanted for name in names], bool)
