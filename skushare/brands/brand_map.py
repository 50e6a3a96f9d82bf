"""Brands of a detector that tells products apart itself: which of its class labels are of which brand.

A brand map is a :class:`~skushare.brands.gallery.Gallery` that never had examples, in which each product is
named like a class label: many labels to one brand, own ones and competitors'. It is saved as galleries are.
"""

import codecs
import csv
import io
import json
from pathlib import Path

import numpy as np

from skushare.brands.gallery import Gallery, GalleryError, Sku, checked_text
from skushare.errors import SkushareError
from skushare.text import delimiter_of, is_delimiter_note, tidy_name

COLUMNS = ("label", "brand", "own")
MAP_NAME = "{} (brand map)"  # so that no map takes the name of a gallery that was taught
_YES, _NO = ("1", "yes", "true", "own"), ("", "0", "no", "false", "competitor")


def name_by_label(detections, labels, gallery):
    """``detections`` with ``sku_ids`` and ``brand_ids`` of ``gallery``; a label that it lacks is unknown.

    Args:
        labels: the class names that ``class_ids`` count in.
    """
    products = {sku.name: number for number, sku in enumerate(gallery.skus)}
    ids = np.array([products.get(tidy_name(label), -1) for label in labels], np.int32)
    return gallery.name_products(detections, ids[detections.class_ids])


def require_labels(gallery, labels, of="model"):
    """Raise :class:`GalleryError` unless the brand map ``gallery`` has one of the ``labels``.

    Args:
        of: whose labels they are, a model's or a dataset's.
    """
    if not {sku.name for sku in gallery.skus} & set(map(tidy_name, labels)):
        such = f", as {labels[0]!r}" if labels else ""
        raise GalleryError(
            f"{gallery.name}: it has none of the {of}'s labels{such}; take another {of} or map"
        )


def read_brand_map(source):
    """The brand map in a CSV file with the columns ``label``, ``brand`` and, if any, ``own``.

    As a spreadsheet saves it: with commas, semicolons or tabs, in UTF-8 or UTF-16. Or in a JSON file: a list
    of objects with these keys.

    ``own`` is yes or no (in JSON also ``true`` or ``false``); a brand is own if one of its labels is.

    Args:
        source: path, or a binary file with a ``name``.

    Raises:
        SkushareError: the file cannot be read, or a line of it is wrong; the message names it.
    """
    given = hasattr(source, "read")
    path = Path(source.name if given else source)
    try:
        data = source.read() if given else path.read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        advice = "check the file" if isinstance(error, OSError) else "save it anew as CSV UTF-8"
        raise SkushareError(f"{path}: cannot be read ({reason}); {advice}") from None
    brand_of, own, spelled = {}, set(), {}
    for place, row in (_json_rows if path.suffix.lower() == ".json" else _csv_rows)(path, text):
        try:
            label, brand = (checked_text(row.get(key) or "", key) for key in COLUMNS[:2])
            flag = str(row.get("own") or "").strip().lower()
            if flag not in _YES + _NO:
                raise GalleryError(f"own is yes or no, not {flag!r}")
            brand = spelled.setdefault(brand.casefold(), brand)  # as in a gallery
            if brand_of.setdefault(label, brand) != brand:
                raise GalleryError(f"{label!r} has two brands")
        except GalleryError as error:
            raise SkushareError(f"{path}, {place}: {error}") from None
        if flag in _YES:
            own.add(brand)
    if not brand_of:
        raise SkushareError(f"{path}: has no labels; write a line for each, as: Cola can,Cola,yes")
    skus = [
        Sku(f"sku-{number}", label, brand, own=brand in own)
        for number, (label, brand) in enumerate(brand_of.items(), 1)
    ]
    return Gallery(MAP_NAME.format(path.stem[:100]), skus)


def _csv_rows(path, text):
    note, _, rest = text.partition("\n")
    skipped = is_delimiter_note(note)
    text = rest if skipped else text
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.partition("\n")[0]))
    try:
        rows.fieldnames = [name.strip().casefold() for name in rows.fieldnames or ()]
        missing = set(COLUMNS[:2]) - set(rows.fieldnames)
        if missing:
            raise SkushareError(
                f"{path}: lacks the column {min(missing)!r}; write a first line label,brand,own"
            )
        for row in rows:
            yield f"line {rows.line_num + skipped}", row
    except csv.Error as error:
        raise SkushareError(f"{path}, line {rows.line_num + skipped}: {error}") from None


def _json_rows(path, text):
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SkushareError(f"{path}: is no JSON ({error}); check the file") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SkushareError(
            f'{path}: must be a list as [{{"label": "Cola can", "brand": "Cola", "own": true}}]'
        )
    for number, row in enumerate(rows, 1):
        yield f"entry {number}", row
