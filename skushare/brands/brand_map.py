"""Brands of a detector that tells products apart itself: which of its class labels are of which brand."""

import csv
import io
from dataclasses import dataclass, replace

import numpy as np

from skushare.brands.gallery import GalleryError, checked_text
from skushare.errors import SkushareError

COLUMNS = ("label", "brand", "own")
_YES, _NO = ("1", "yes", "true", "own"), ("", "0", "no", "false", "competitor")


@dataclass(frozen=True)
class BrandMap:
    """Many labels to one brand.

    Attributes:
        brand_of: {label: brand}; a label that is not in it is of unknown brand.
        own_brands: those of the user's own; the others are competitors.
    """

    brand_of: dict[str, str]
    own_brands: tuple[str, ...] = ()

    @property
    def brands(self):
        """Names of the brands, in the order of their first label."""
        return tuple(dict.fromkeys(self.brand_of.values()))

    def name(self, detections, labels):
        """``detections`` with ``brand_ids``, which count in :attr:`brands`.

        Args:
            labels: the class names that ``class_ids`` count in.
        """
        numbers = {brand: i for i, brand in enumerate(self.brands)}
        ids = np.array([numbers.get(self.brand_of.get(label), -1) for label in labels], np.int32)
        return replace(detections, brand_ids=ids[detections.class_ids] if len(detections) else [])


def labels_as_brands(labels):
    """The :class:`BrandMap` of a detector whose labels are the brands."""
    return BrandMap({label: label for label in labels})


def read_brand_map(path):
    """The :class:`BrandMap` in a CSV file with the columns ``label``, ``brand`` and, if any, ``own``.

    ``own`` is yes or no; a brand is own if one of its labels is.

    Raises:
        SkushareError: the file cannot be read, or a line of it is wrong; the message names it.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SkushareError(f"{path}: cannot be read ({reason}); check the file") from None
    rows = csv.DictReader(io.StringIO(text))
    missing = set(COLUMNS[:2]) - set(rows.fieldnames or ())
    if missing:
        raise SkushareError(f"{path}: lacks the column {min(missing)!r}; write a first line label,brand,own")
    brand_of, own = {}, []
    try:
        for row in rows:
            label, brand = (
                checked_text(row["label"] or "", "label"),
                checked_text(row["brand"] or "", "brand"),
            )
            flag = (row.get("own") or "").strip().lower()
            if flag not in _YES + _NO:
                raise GalleryError(f"own is yes or no, not {flag!r}")
            if brand_of.setdefault(label, brand) != brand:
                raise GalleryError(f"{label!r} has two brands")
            if flag in _YES:
                own.append(brand)
    except (GalleryError, csv.Error) as error:
        raise SkushareError(f"{path}, line {rows.line_num}: {error}") from None
    return BrandMap(brand_of, tuple(dict.fromkeys(own)))
