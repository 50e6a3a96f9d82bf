"""The one type that flows through skushare: what was found in one image."""

from dataclasses import dataclass, field, fields, replace

import numpy as np


def _empty(shape, dtype):
    return field(default_factory=lambda: np.zeros(shape, dtype))


@dataclass(frozen=True, eq=False)
class Detections:
    """Facings found in one image; the empty one is a legal value everywhere.

    Attributes:
        boxes: (n, 4) float32, xyxy in pixels of the original image.
        scores: (n,) float32 in [0, 1].
        class_ids: (n,) int32, index into the model's labels.
        track_ids, row_ids, brand_ids, sku_ids: (n,) int32, or ``None`` before the step
            that sets them has run; a negative one stands for none or unknown.
        brand_scores: (n,) float32 in [0, 1], how sure the brand is, or ``None``.
        present: (n,) float32 in [0, 1], how likely each is a facing, as measured for the model that found
            it, or ``None`` where that was not.

    Raises:
        ValueError: the arrays do not have one row a detection.
    """

    boxes: np.ndarray = _empty((0, 4), np.float32)
    scores: np.ndarray = _empty(0, np.float32)
    class_ids: np.ndarray = _empty(0, np.int32)
    track_ids: np.ndarray | None = None
    row_ids: np.ndarray | None = None
    brand_ids: np.ndarray | None = None
    sku_ids: np.ndarray | None = None
    brand_scores: np.ndarray | None = None
    present: np.ndarray | None = None

    def __post_init__(self):
        put = object.__setattr__
        put(self, "boxes", np.asarray(self.boxes, np.float32).reshape(-1, 4))
        put(self, "scores", np.asarray(self.scores, np.float32).reshape(-1))
        floats = "brand_scores", "present"
        for name in ("class_ids", "track_ids", "row_ids", "brand_ids", "sku_ids", *floats):
            value = getattr(self, name)
            if value is not None:
                dtype = np.float32 if name in floats else np.int32
                put(self, name, np.asarray(value, dtype).reshape(-1))
        for name, value in self._columns():
            if len(value) != len(self.boxes):
                raise ValueError(f"{name} has {len(value)} rows for {len(self.boxes)} boxes")

    def _columns(self):
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        return [(name, value) for name, value in values if value is not None]

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, index):
        """The detections that ``index`` (mask, slice, integer or array of them) selects."""
        return replace(self, **{name: value[index] for name, value in self._columns()})

    @classmethod
    def joined(cls, parts):
        """Those of all ``parts``, a list of at least one; a column that one of them lacks is dropped."""
        columns = {}
        for f in fields(cls):
            values = [getattr(part, f.name) for part in parts]
            columns[f.name] = None if any(value is None for value in values) else np.concatenate(values)
        return cls(**columns)

    def above(self, min_score):
        """The detections with a score of at least ``min_score``."""
        return self[self.scores >= min_score]

    def scaled(self, factor):
        """The detections in an image ``factor`` times as large: a number, or four as in ``boxes``."""
        return replace(self, boxes=self.boxes * factor)

    def row_numbers(self):
        """(n,) int32, the shelf rows as people count them: from 1, the topmost; -1 where there is none."""
        if self.row_ids is None:
            return np.full(len(self), -1, np.int32)
        return np.where(self.row_ids < 0, -1, self.row_ids + 1)

    def to_frame(self, labels=(), brands=(), products=()):
        """A table for people: one row a facing, pixels rounded to tenths, shelf rows counted from 1.

        ``labels``, ``brands`` and ``products`` name the classes, the brands and what ``sku_ids`` count in. A
        class without a name keeps its number; brands and products do where none has a name, else unknown
        ones are empty.
        """
        import pandas as pd

        names = [labels[i] if i < len(labels) else str(i) for i in self.class_ids]
        table = {"class": names, "score": _rounded(self.scores, 4)}
        for column, name in enumerate(("left", "top", "right", "bottom")):
            table[name] = _rounded(self.boxes[:, column], 1)
        for name in ("track_ids", "row_ids", "brand_ids", "sku_ids"):
            if getattr(self, name) is not None:
                table[name.removesuffix("_ids")] = getattr(self, name)
        if "row" in table:
            table["row"] = self.row_numbers()
        for column, known in (("brand", brands), ("sku", products)):
            if known and column in table:
                table[column] = [known[i] if 0 <= i < len(known) else "" for i in table[column]]
        if self.brand_scores is not None:
            table["brand score"] = _rounded(self.brand_scores, 4)
        return pd.DataFrame(table)


def _rounded(values, digits):
    """``values`` to print: a float32 that is rounded gets further digits as soon as Python shows it."""
    return values.astype(np.float64).round(digits)
