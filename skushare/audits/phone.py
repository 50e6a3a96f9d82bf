"""Audits that were made on a phone, from the file that "All as JSON" of a bundle's app saves there.

Such a file has everything but the pictures, which stay on the phone; ``web/src/ui/exports.ts`` writes it.
"""

import hashlib
import json
from datetime import datetime

from skushare.audits import store
from skushare.audits.audit import Audit, AuditPhoto, distinct
from skushare.audits.corrections import Correction, Facing
from skushare.brands.library import skus_of
from skushare.detections import Detections
from skushare.errors import AuditError
from skushare.shelf.rows import assign_rows
from skushare.shelf.share import UNKNOWN
from skushare.text import counted, tidy_name

# Of a file; an audit of 150 facings has 30 kB. It is saved as a whole, and others wait to write meanwhile.
MOST_MB = 50
MOST_AUDITS = 1000
MOST_FACINGS = 3000  # of a photo, and as many corrections; shelf rows need the square of that in memory
_SIDE = 100_000  # pixels
_YEARS = range(2000, 2200)  # others are mistakes, and beyond what tables of times can hold


class _Wrong(ValueError):
    """What is wrong with an audit, in words that follow its number."""


def import_audits(files, local=datetime.astimezone):
    """Save the audits of files that a phone exported; all of them, or none.

    One that was imported before is left as it is here, also where it was changed on the phone since.

    Args:
        files: (name, bytes) of each file.
        local: gives a time as the clock at the shelf shows it; the files have it in UTC.

    Returns:
        (numbers of the audits that are new, of those that were there), two lists.

    Raises:
        AuditError: one of the files is not such an export, or is too large; or two of them have an audit with
            different words or corrections. The message names them.
        DatabaseError: they could not be saved.
    """
    audits, origins = {}, {}
    for name, data in files:
        for key, audit in read_export(name, data, local).items():
            if _differ(audits.setdefault(key, audit), audit):
                raise AuditError(
                    f"{name}: has an audit with other words or corrections than {origins[key]}, that of "
                    f"{audit.time:%Y-%m-%d %H:%M}; first import the newer of the two files by itself"
                )
            origins[key] = name
    return store.save_imported(audits)


def read_export(name, data, local=datetime.astimezone):
    """The audits in the bytes ``data`` of the file ``name``: {what each is known by: its ``Audit``}.

    Each has one photo, whose ``id`` is 0, with an empty ``picture``. Raises as :func:`import_audits`.
    """
    if len(data) > MOST_MB << 20:
        raise AuditError(f"{name}: is larger than {MOST_MB} MB; search on the phone to export fewer audits")
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, list) or not told:
        raise AuditError(f"{name}: is no export of audits; on the phone, save one by All as JSON")
    if len(told) > MOST_AUDITS:
        raise AuditError(f"{name}: has more than {MOST_AUDITS:,} audits; search on the phone to export fewer")
    audits, products = {}, _Products()
    for number, values in enumerate(told, 1):
        try:
            key, audit = _audit(values, products, local)
            if _differ(audits.setdefault(key, audit), audit):
                raise _Wrong("is in it twice, with different words or corrections")
        except _Wrong as error:
            raise AuditError(f"{name}: audit {number} in it {error}; export it again on the phone") from None
    return audits


def _differ(one, other):
    """Whether two exports of an audit differ in what can be changed on the phone.

    Which is the newer one cannot be told: the phone dates no words, and forgets corrections that it undoes.
    """
    return any(
        getattr(one, name) != getattr(other, name)
        for name in ("store", "shelf", "category", "note", "corrections")
    )


def _audit(values, products, local):
    """(what an audit is known by, the audit) of its JSON values."""
    text = {
        key: _of(values, key, str)
        for key in ("store", "shelf", "category", "note", "source", "model", "gallery")
    }
    if text.pop("source") not in ("photo", "live") or "finished" in values:
        raise _Wrong("was not made on a phone")
    digests = {key: _short(values, key) for key in ("model_digest", "gallery_digest", "software")}
    photo, *others = _of(values, "photos", list) or [None]
    if others:
        raise _Wrong("has several photos")
    size = [_number(_of(photo, side, int), side, 1, _SIDE) for side in ("width", "height")]
    facings = [_facing(each) for each in _few(photo, "facings")]
    brands, ids = distinct([UNKNOWN, *(brand for _, brand, *_ in facings)])
    sure = [sure for *_, sure in facings]
    told_none = all(each is None for each in sure)
    skus = products[digests["gallery_digest"]]
    found = Detections(
        [box for box, *_ in facings],
        [score for *_, score, _ in facings],
        [0] * len(facings),
        brand_ids=[i - 1 for i in ids[1:]],
        sku_ids=[skus.get((brand, product), -1) for _, brand, product, *_ in facings],
        brand_scores=None if told_none else [1 if each is None else each for each in sure],
    )
    audit = Audit(
        [AuditPhoto(_of(photo, "name", str), "", *size, assign_rows(found), id=0)],
        brands[1:],
        local(_time(values)),
        source="phone",
        thresholds=_thresholds(values),
        corrections=tuple(map(_correction, _few(values, "corrections"))),
        **(text | {"note": "\n\n".join(filter(None, (text["note"], _told_sweep(values))))}),
        **digests,
    )
    # Words and corrections may be changed on the phone, and its numbers are each phone's own.
    identity = values["time"], digests["model_digest"], photo["name"], size
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest(), audit


def _facing(values):
    """(box, brand, product, score, how sure the brand is) of a facing; ``None`` where nothing told."""
    sure = values.get("brand_score") if isinstance(values, dict) else None
    return (
        _box([_of(values, side, (int, float)) for side in ("left", "top", "right", "bottom")]),
        _brand(values),
        _of(values, "product", str),
        _number(_of(values, "score", (int, float)), "score", 0, 1),
        None if sure is None else _number(sure, "brand_score", 0, 1),
    )


def _correction(values):
    facing = _number(_of(values, "facing", int), "facing", 0, 1e6)
    before, after = (
        None if placed is None else Facing(_box(_of(placed, "box", list)), _brand(placed))
        for placed in (values.get("before"), values.get("after"))
    )
    if not (before or after) or _of(values, "photo", int) != 0:
        raise _Wrong("has a wrong correction")
    return Correction(0, facing, before, after, "", _time(values).replace(microsecond=0))


def _told_sweep(values):
    """What a sweep counted, in words; empty where it was none or nothing. Its facings have no places."""
    if values.get("sweep") is None:
        return ""
    sweep = values["sweep"]
    count = _number(_of(sweep, "unique", int), "unique", 0, 1e9)
    brands = (
        f"{_brand(row)} {_number(_of(row, 'facings', int), 'facings', 0, 1e9):,}"
        for row in _few(sweep, "shares")
    )
    if not count:
        return ""
    told = f"{counted(count, 'facing')}: {', '.join(brands)}"
    return f"The phone's sweep counted {told}. Only its picture's are here."


def _thresholds(values):
    found = _of(values, "thresholds", dict)
    if len(found) > 20:
        raise _Wrong("has too many thresholds")
    return {
        tidy_name(name)[:64]: tidy_name(value)[:64]
        if isinstance(value, str)
        else _number(value, "threshold", -1e9, 1e9)
        for name, value in found.items()
    }


def _of(values, key, kind):
    """The value of ``key``, which is of this ``kind``."""
    value = values.get(key) if isinstance(values, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _Wrong(f"lacks {key}, or has a wrong one")
    return value


def _few(values, key):
    found = _of(values, key, list)
    if len(found) > MOST_FACINGS:
        raise _Wrong(f"has more than {MOST_FACINGS:,} {key}")
    return found


def _short(values, key):
    text = tidy_name(_of(values, key, str))
    if len(text) > 64:
        raise _Wrong(f"has a wrong {key}")
    return text


def _brand(values):
    return tidy_name(_of(values, "brand", str)) or UNKNOWN


def _number(value, what, low, high):
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _Wrong(f"has a wrong {what}")
    return value


def _box(sides):
    box = tuple(_number(side, "box", -_SIDE, 2 * _SIDE) for side in sides[:5])
    if len(box) != 4 or box[0] > box[2] or box[1] > box[3]:
        raise _Wrong("has a wrong box")
    return box


def _time(values):
    try:
        time = datetime.fromisoformat(_of(values, "time", str).replace("Z", "+00:00"))  # Python 3.10 lacks Z
    except ValueError:
        raise _Wrong("has a wrong time") from None
    if time.tzinfo is None or time.year not in _YEARS:
        raise _Wrong("has a wrong time")
    return time


class _Products(dict):
    """{(brand, product): its place} of each gallery by its digest, read once."""

    def __missing__(self, digest):
        self[digest] = {(sku.brand, sku.name): place for place, sku in enumerate(skus_of(digest))}
        return self[digest]
