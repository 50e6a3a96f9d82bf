"""Detections of many photos as JSON, CSV or a COCO result file."""

import json
import os

import pandas as pd

from skushare.detections import Detections
from skushare.geometry import to_xywh
from skushare.shelf.gaps import find_gaps
from skushare.shelf.share import COMPETITORS, OWN, UNKNOWN, share_by_row, share_of_shelves
from skushare.spreadsheet import to_csv
from skushare.text import percent

FAILED = "error"


def to_coco(found, labels, brands=(), own=()):
    """COCO JSON text of ``found`` (``Found`` records): every photo has an entry, also without boxes.

    Boxes are left, top, width, height in pixels of the original; ``file_name`` is the
    path as given; category ids count from 1. A known brand is added as ``brand``; where there are brands of
    one's ``own``, so is whether it is one of them, or a competitor's.
    """
    images, annotations = [], []
    for number, photo in enumerate(found, 1):
        images.append(
            {"id": number, "file_name": os.fspath(photo.path), "width": photo.width, "height": photo.height}
        )
        d = photo.detections
        names = [brands[i] if i >= 0 else None for i in d.brand_ids] if brands and len(d) else [None] * len(d)
        for box, score, class_id, brand in zip(to_xywh(d.boxes), d.scores, d.class_ids, names, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": int(class_id) + 1,
                    "bbox": [round(float(v), 2) for v in box],
                    "score": round(float(score), 5),
                    **({"brand": brand} if brand else {}),
                    **({"own": brand in own} if _known(brand) and own else {}),
                }
            )
    categories = [{"id": i, "name": label} for i, label in enumerate(labels, 1)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


def to_json(found, labels, brands=(), own=(), products=()):
    """JSON text: one object a photo with its count, its facings, and the gaps between them.

    ``gaps`` is ``null`` where they are not known: on the frames of a video, of which each facing is on one.
    What is too doubtful to count fills them, as in audits.
    Where there are brands of one's ``own``, a facing tells whether it is of one: ``false`` is a competitor's,
    ``null`` unknown. ``products``: what ``sku_ids`` count in; ``sku`` is then the product's name, empty where
    it is not known.
    """
    photos = [
        {
            "photo": os.fspath(photo.path),
            "width": photo.width,
            "height": photo.height,
            "facings": len(photo.detections),
            "error": str(photo.error) if photo.error else None,
            "detections": _facings(photo.detections, labels, brands, own, products).to_dict("records"),
            "gaps": None if photo.partial else find_gaps(photo.detections, photo.doubtful).records(),
        }
        for photo in found
    ]
    return json.dumps(photos, indent=1, default=float)


def to_csv_text(found, labels, brands=(), own=(), products=()):
    """CSV text: one row a facing, the photo's path first; ``own`` and ``sku`` as of :func:`to_json`."""
    frames = [
        _facings(photo.detections, labels, brands, own, products).assign(photo=_shown(photo.path))
        for photo in found
    ]
    table = pd.concat([Detections().to_frame().assign(photo=""), *frames], ignore_index=True)
    ids = table.columns.intersection(["track", "row", "brand", "sku"])  # a photo that lacks one leaves a hole
    table[ids] = table[ids].apply(lambda column: column.astype("Int64") if column.dtype == float else column)
    return to_csv(table[["photo", *table.columns.drop("photo")]]).decode("utf-8")


def to_table(found):
    """Text for people: one line a photo with its count."""
    # What the error is was said when it was met.
    rows = [(_shown(photo.path), FAILED if photo.error else str(len(photo.detections))) for photo in found]
    rows.append(("all photos", str(sum(len(photo.detections) for photo in found))))
    return pd.DataFrame(rows, columns=["photo", "facings"]).to_string(index=False, justify="left")


def to_shares(found, labels, brands=(), own=()):
    """Text for people: the share of shelf of all photos together, and of each shelf row of each photo.

    Where there are brands of one's ``own``, each brand has its side, and the two sides have their shares.
    """
    found = [photo for photo in found if not photo.error]
    photos = [photo.detections for photo in found]
    lines = [_percents(share_of_shelves(photos, labels, brands), own)]
    if own:
        against = _percents(share_of_shelves(photos, labels, brands, own))
        lines += [f"\n{OWN} against {COMPETITORS}", against]
    for photo in found:
        lines += [
            f"\n{_shown(photo.path)}, by shelf row",
            _percents(share_by_row(photo.detections, labels, brands), own),
        ]
    return "\n".join(lines)


def shares_table(found, labels, brands=(), own=()):
    """The tables of :func:`to_shares` as one DataFrame, with shares and margins from 0 to 1.

    Without ``photo`` and ``row`` are the shares of all photos together; the others are those of the shelf
    row, counted from 1, of the photo. ``side`` is there where there are brands of one's ``own``, whose two
    sides have no lines of their own.
    """
    found = [photo for photo in found if not photo.error]
    whole = share_of_shelves([photo.detections for photo in found], labels, brands)
    tables = [whole.assign(photo=None, row=None)]
    for photo in found:
        rows = share_by_row(photo.detections, labels, brands)
        tables.append(rows.astype({"row": object}).assign(photo=_shown(photo.path)))
    table = pd.concat([each for each in tables if len(each)] or tables[:1], ignore_index=True)
    if own:
        _insert_sides(table, own)
    return table[["photo", "row", *table.columns.drop(["photo", "row"])]]


def shares_to_json(found, labels, brands=(), own=()):
    """JSON text of :func:`shares_table`: one object a line."""
    records = shares_table(found, labels, brands, own).to_dict("records")
    return json.dumps(records, indent=1, default=float)


def shares_to_csv_text(found, labels, brands=(), own=()):
    """CSV text of :func:`shares_table`."""
    table = shares_table(found, labels, brands, own)
    return to_csv(table.astype({"row": "Int64"})).decode("utf-8")  # those of all photos have no row


def _shown(path):
    """``path`` as text that any file takes, also where its bytes are no UTF-8; JSON can have it as it is."""
    return os.fsencode(path).decode(errors="replace")


def _facings(detections, labels, brands, own, products):
    """A row a facing; with the column ``own`` where there are own brands."""
    table = detections.to_frame(labels, brands, products)
    if own and "brand" in table:
        is_own = [brand in own if _known(brand) else None for brand in table["brand"]]
        table["own"] = pd.Series(is_own, table.index, object)
    return table


def _known(brand):
    """Whether ``brand`` is one; a brand map may call what has none as the shares do."""
    return brand not in (None, "", UNKNOWN)


def _percents(table, own=()):
    """``table`` as text; with the side of each name where there are own brands."""
    if own:
        _insert_sides(table, own)
    counted = ("row", "name", "side", "facings")
    table = table.assign(**{c: [percent(share, 1) for share in table[c]] for c in table if c not in counted})
    return table.to_string(index=False) if len(table) else "no facings"


def _insert_sides(table, own):
    sides = [(OWN if name in own else COMPETITORS) if _known(name) else "" for name in table["name"]]
    table.insert(table.columns.get_loc("name") + 1, "side", sides)
