"""Audits as CSV, Parquet or JSON, for other programs; many audits go through without filling the memory."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from skushare.audits import store
from skushare.audits.audit import facings_of
from skushare.audits.listing import ALL, list_audits
from skushare.brands.library import skus_of
from skushare.errors import AuditError
from skushare.files import atomic_write, check_target
from skushare.shelf.share import share_of_each
from skushare.spreadsheet import to_csv

FORMATS = ("csv", "parquet", "json")
TABLES = ("facings", "shares")
_CHUNK = 40_000  # facings in one table, and those of one audit more


def facings_table(audits, products):
    """Every facing of ``audits`` as they stand after corrections, with the audit's words in each row.

    Args:
        audits: a list of at least one.
        products: {digest of a gallery: names of its products}, which ``sku`` then has; empty where the
            product is not known.
    """
    audits = [audit.corrected() for audit in audits]
    frame, sizes = facings_of(audits), [audit.facings for audit in audits]
    galleries = np.repeat([audit.gallery_digest for audit in audits], sizes).tolist()
    names = [_name(sku, products[of]) for sku, of in zip(frame["sku"].tolist(), galleries, strict=True)]
    frame["sku"] = pd.Series(names, dtype=str)
    return _with_words(audits, frame, sizes)


def shares_table(audits):
    """Every brand's share in each of ``audits`` as they stand after corrections, with the audit's words."""
    shares, sizes = share_of_each([audit.corrected().by_brand() for audit in audits])
    return _with_words(audits, shares.rename(columns={"name": "brand"}), sizes)


def describe(audits, products):
    """Yield all of each of ``audits`` as JSON values: facings as found, shares and gaps after corrections.

    Args:
        audits: a list; products: as in :func:`facings_table`.

    ``gaps`` of a photo is ``None`` where they are not known (:meth:`~skushare.audits.audit.Audit.gaps`).
    """
    if not audits:
        return
    corrected = [audit.corrected() for audit in audits]
    facings = _records(facings_of(audits).drop(columns="photo"))
    shares, sizes = share_of_each([now.by_brand() for now in corrected])
    shares = _records(shares)
    for audit, now, size in zip(audits, corrected, sizes, strict=True):
        yield _describe(audit, now, facings, list(islice(shares, size)), products[audit.gallery_digest])


def _describe(audit, now, facings, shares, products):
    """The JSON values of an audit, ``now`` after its corrections; takes its facings from the iterator."""
    words = ("id", "store", "shelf", "category", "note", "source")
    made_with = ("model", "model_digest", "gallery", "gallery_digest", "thresholds", "software")
    gaps = now.gaps() or [None] * len(now.photos)
    return {
        **{name: getattr(audit, name) for name in words},
        "time": audit.time.isoformat(),
        "finished": audit.finished,
        **{name: getattr(audit, name) for name in made_with},
        "photos": [
            {
                "name": photo.name,
                "role": photo.role,
                "picture": photo.picture,
                "width": photo.width,
                "height": photo.height,
                "facings": [
                    {**facing, "product": _name(facing["sku"], products)}
                    for facing in islice(facings, len(photo.detections))
                ],
                "gaps": empty and empty.records(),
            }
            for photo, empty in zip(audit.photos, gaps, strict=True)
        ],
        "corrections": [
            {
                "photo": [photo.id for photo in audit.photos].index(each.photo),
                "facing": each.facing,
                "before": each.before and each.before._asdict(),
                "after": each.after and each.after._asdict(),
                "who": each.who,
                "time": each.time.isoformat(),
            }
            for each in audit.corrections
        ],
        "shares": shares,
    }


def export(audits, kind, table="facings"):
    """Bytes of ``audits``, a list, in the format ``kind``.

    Args:
        kind: ``csv`` (safe to open in a spreadsheet), ``parquet`` or ``json`` (all of :func:`describe`).
        table: ``facings`` or ``shares``, for the first two.
    """
    products = _Products()
    if kind == "json":
        return json.dumps(list(describe(audits, products)), ensure_ascii=False, indent=1).encode()
    frame = _table(audits, table, products)
    if kind == "csv":
        return to_csv(frame)
    return frame.to_parquet(index=False)


def export_file(path, wanted=ALL, table="facings", numbers=None, progress=iter):
    """Write the audits that ``wanted`` lets through into the file ``path``, whose ending names the format.

    Args:
        numbers: write these audits instead, all of them; of the others, one that is deleted meanwhile is
            left out.
        progress: wraps the list of numbers.

    Returns:
        How many audits were written.

    Raises:
        AuditError: the ending is none of ``FORMATS``, or there is none of a number of ``numbers``.
        SkushareError: the file cannot be written.
    """
    kind = Path(path).suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise AuditError(f"{path}: is to end in {', '.join('.' + name for name in FORMATS)}")
    check_target(path)
    if numbers is None:
        numbers = list_audits(wanted)["audit"].tolist()
        audits = store.open_audits(numbers)
    else:
        audits = map(store.open_audit, numbers)
    written = 0

    def found():
        nonlocal written
        for _ in progress(numbers):
            if (audit := next(audits)) is not None:
                written += 1
                yield audit

    with atomic_write(path) as handle:
        _WRITERS[kind](handle, found(), table)
    return written


def _write_csv(handle, audits, table):
    for i, part in enumerate(_tables(audits, table)):
        text = to_csv(part)
        handle.write(text if i == 0 else text.partition(b"\n")[2])  # one head line


def _write_parquet(handle, audits, table):
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    for frame in _tables(audits, table):
        part = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pq.ParquetWriter(handle, part.schema)
        writer.write_table(part.cast(writer.schema))
    if writer:
        writer.close()


def _write_json(handle, audits, _):
    before, products = b"[\n", _Products()
    for part in _parts(audits):
        for told in describe(part, products):
            handle.write(before + json.dumps(told, ensure_ascii=False).encode())
            before = b",\n"
    handle.write(b"[]\n" if before == b"[\n" else b"\n]\n")


_WRITERS = {"csv": _write_csv, "parquet": _write_parquet, "json": _write_json}


def _parts(audits):
    """``audits`` in lists that fit in memory; of none, an empty one."""
    some, size, given = [], 0, False
    for audit in audits:
        some.append(audit)
        size += max(1, audit.facings)
        if size >= _CHUNK:
            yield some
            some, size, given = [], 0, True
    if some or not given:
        yield some


def _tables(audits, table):
    """The table of each of the :func:`_parts` of ``audits``."""
    products = _Products()
    for part in _parts(audits):
        yield _table(part, table, products)


def _table(audits, table, products):
    if not audits:
        return pd.DataFrame()
    return shares_table(audits) if table == "shares" else facings_table(audits, products)


class _Products(dict):
    """Names of the products of each gallery by its digest, read once: of many audits by few large ones."""

    def __missing__(self, digest):
        self[digest] = [sku.name for sku in skus_of(digest)]
        return self[digest]


def _name(index, names):
    return names[index] if 0 <= index < len(names) else ""


def _with_words(audits, frame, sizes):
    """``frame``, in which each of ``audits`` has as many lines as ``sizes`` says, with its words in each."""
    words = pd.DataFrame(
        {
            "audit": [audit.id for audit in audits],
            "time": [pd.Timestamp(audit.time).tz_convert("UTC") for audit in audits],
            "store": [audit.store for audit in audits],
            "shelf": [audit.shelf for audit in audits],
            "category": [audit.category for audit in audits],
        }
    )
    words = words.take(np.repeat(np.arange(len(audits)), sizes)).reset_index(drop=True)
    return pd.concat([words, frame], axis=1)


def _records(frame):
    """Yield rows as JSON values; what is not a number is left out."""
    names = frame.columns.tolist()
    for row in zip(*(frame[name].tolist() for name in names), strict=True):
        yield {name: value for name, value in zip(names, row, strict=True) if value == value}
