"""What a dataset is like, as small tables for charts: its counts, sizes, places, classes, and limits.

Every function takes an :class:`~skushare.dataset.index.Index` and goes through all boxes at
once; what comes back is aggregated, so that a browser gets a few kilobytes whatever the size.
"""

import numpy as np
import pandas as pd

from skushare.dataset.index import Index
from skushare.dataset.split_names import split_order

CEILING = 0.995  # share of all boxes that a detector should be able to find
NO_SPLIT = "all"  # what samples without a split are called

_SIDES = np.geomspace(0.005, 1, 33)  # of a box against the picture's longest side
_ASPECTS = 2.0 ** np.linspace(-3, 3, 31)
_CELLS = 24, 32  # across and down a picture
_BINS = 30  # at most, of the number of boxes on a picture


def columns(dataset):
    """The :class:`~skushare.dataset.index.Index` of a dataset that is not stored."""
    return Index.of(dataset, [str(sample.path) for sample in dataset.samples])


def summary(index):
    """A row for each split, and one for all of them where there are several.

    Returns:
        DataFrame: split, pictures, boxes, empty (pictures without boxes), mean, median, p95 and
        max (boxes a picture), classes (that occur), width and height (the median picture's).
    """
    rows = [(split, index.split_ids == number) for number, split in enumerate(index.splits)]
    rows.sort(key=lambda row: split_order(row[0]))
    if len(rows) != 1:
        rows.append((NO_SPLIT, np.ones(len(index), bool)))
    picture, class_id = _shown(index)
    table = []
    for split, chosen in rows:
        counts = index.counts[chosen] if chosen.any() else np.zeros(1, int)
        table.append(
            {
                "split": split or NO_SPLIT,
                "pictures": int(chosen.sum()),
                "boxes": int(counts.sum()),
                "empty": int((index.counts[chosen] == 0).sum()),
                "mean": counts.mean(),
                "median": np.median(counts),
                "p95": np.percentile(counts, 95),
                "max": counts.max(),
                "classes": len(np.unique(class_id[chosen[picture]])),
                "width": _median(index.widths[chosen]),
                "height": _median(index.heights[chosen]),
            }
        )
    return pd.DataFrame(table)


def objects_a_picture(index):
    """Histogram of the number of boxes on a picture.

    Returns:
        DataFrame: split, low, high (boxes; high is exclusive), pictures.
    """
    top = int(index.counts.max(initial=0)) + 1
    edges = np.unique(np.linspace(0, top, _BINS + 1).round().astype(int))
    return pd.concat(
        [
            _histogram(index.counts[index.split_ids == number], edges, "pictures").assign(
                split=split or NO_SPLIT
            )
            for number, split in enumerate(index.splits)
        ]
        or [_histogram(index.counts, edges, "pictures").assign(split=NO_SPLIT)],
        ignore_index=True,
    )


def box_sides(index, rows=slice(None)):
    """Histogram of the boxes' size: side of the square of equal area, against the picture's longest side.

    Args:
        rows: which boxes.

    Returns:
        DataFrame: low, high (shares of the picture's longest side), boxes.
    """
    sides = index.sides / np.maximum(_sizes(index).max(axis=1), 1)
    return _histogram(sides[rows], _SIDES, "boxes")


def box_aspects(index):
    """Histogram of width / height of the boxes.

    Returns:
        DataFrame: low, high, boxes.
    """
    width, height = (index.boxes[:, 2:] - index.boxes[:, :2]).T
    good = (width > 0) & (height > 0)
    return _histogram(width[good] / height[good], _ASPECTS, "boxes")


def positions(index):
    """Where the boxes' centres lie, on a grid laid over every picture.

    Returns:
        DataFrame: x, y (upper left of a cell, shares of the picture), x2, y2, boxes.
    """
    size = _sizes(index)
    good = (size > 0).all(axis=1)
    centres = (index.boxes[good, :2] + index.boxes[good, 2:]) / 2 / size[good]
    across, down = _CELLS
    cells = np.clip((centres * _CELLS).astype(int), 0, [across - 1, down - 1])
    counts = np.bincount(cells[:, 1] * across + cells[:, 0], minlength=across * down)
    y, x = np.divmod(np.arange(across * down), across)
    return pd.DataFrame(
        {"x": x / across, "y": y / down, "x2": (x + 1) / across, "y2": (y + 1) / down, "boxes": counts}
    )


def classes(index):
    """How often each class occurs, most frequent first.

    Returns:
        DataFrame: name, boxes, share (of all boxes), pictures (that show it).
    """
    number = len(index.labels)
    boxes = np.bincount(index.class_ids, minlength=number)
    table = pd.DataFrame(
        {
            "name": list(index.labels),
            "boxes": boxes,
            "share": boxes / max(1, boxes.sum()),
            "pictures": np.bincount(_shown(index)[1], minlength=number),
        }
    )
    return table.sort_values("boxes", ascending=False, kind="stable", ignore_index=True)


def detection_caps(index, caps=None):
    """What the best possible detector could reach if it kept so many boxes a picture at most.

    Args:
        caps: numbers of boxes; default: 40 from 0 to the most on a picture.

    Returns:
        DataFrame: cap, recall (of all boxes), mae (mean error of the count), above (share of
        pictures with more).
    """
    counts = index.counts
    if caps is None:
        caps = np.unique(np.linspace(0, counts.max(initial=1), 40).round().astype(int))
    rest = np.maximum(counts[None, :] - np.asarray(caps)[:, None], 0)
    return pd.DataFrame(
        {
            "cap": caps,
            "recall": 1 - rest.sum(axis=1) / max(1, counts.sum()),
            "mae": rest.mean(axis=1) if len(counts) else 0.0,
            "above": (rest > 0).mean(axis=1) if len(counts) else 0.0,
        }
    )


def cap_warning(index, config):
    """What to tell of a ``DetectorConfig`` that keeps too few boxes for this data; empty if it does not."""
    texts = []
    for setting, effect in (
        ("max_detections", "can be found at best"),
        ("max_boxes", "are taught where training uses pictures whole; the others count as background"),
    ):
        cap = getattr(config, setting)
        row = detection_caps(index, [cap]).iloc[0]
        if row["recall"] < CEILING:
            texts.append(
                f"{setting} is {cap}, but {row['above']:.0%} of the pictures have more boxes: "
                f"{row['recall']:.1%} of all boxes {effect}."
            )
    if texts:
        texts.append(f"Set it to {_enough(index.counts)} or more.")
    return " ".join(texts)


def _enough(counts):
    """The least multiple of 50 that keeps ``CEILING`` of all boxes."""
    cap = 50
    while np.minimum(counts, cap).sum() < CEILING * counts.sum():
        cap += 50
    return cap


def _shown(index):
    """Numbers of the pictures and of the classes that they show, each pair once."""
    classes = max(1, len(index.labels))
    return np.divmod(np.unique(index.pictures * classes + index.class_ids), classes)


def _sizes(index):
    """(m, 2) float32: width and height of the picture that each box is on."""
    return np.stack([index.widths, index.heights], axis=1)[index.pictures].astype(np.float32)


def _median(values):
    values = values[values > 0]  # of pictures that cannot be read, unknown
    return int(np.median(values)) if len(values) else 0


def _histogram(values, edges, name):
    """Counts between ``edges``; what lies beyond them is counted in the first or last bin."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], name: counts})
