"""An audit as rows of the database, and back."""

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from itertools import chain, islice
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update

from skushare.audits.audit import Audit, AuditPhoto
from skushare.audits.corrections import Correction, Facing
from skushare.audits.names import name_ids, texts
from skushare.audits.packing import pack, pack_boxes, unpack, unpack_boxes
from skushare.database.tables import AuditRow, CorrectionRow, FacingsRow, PhotoRow, ShareRow
from skushare.errors import AuditError, DatabaseError
from skushare.shelf.share import TOGETHER_MARGIN, share_of_each


def add_audit(db, audit, planned, request):
    """Add ``audit`` as unfinished and without its photos; gives its number."""
    ids = name_ids(db, [audit.store, audit.shelf, audit.category, *audit.brands])
    time, utc_offset = to_clock(audit.time)
    row = AuditRow(
        store_id=ids[audit.store],
        shelf_id=ids[audit.shelf],
        category_id=ids[audit.category],
        time=time,
        utc_offset=utc_offset,
        note=audit.note,
        source=audit.source,
        finished=False,
        planned=planned,
        photos=0,
        facings=0,
        corrections=0,
        brands=[ids[name] for name in audit.brands],
        model=audit.model,
        model_digest=audit.model_digest,
        gallery=audit.gallery,
        gallery_digest=audit.gallery_digest,
        thresholds=audit.thresholds,
        software=audit.software,
        request=request,
    )
    db.add(row)
    db.flush()
    return row.id


def add_photo(db, number, photo):
    """Add an :class:`~skushare.audits.audit.AuditPhoto` of the audit ``number`` as its last; give its id."""
    before = select(func.count()).where(PhotoRow.audit_id == number)
    row = PhotoRow(
        audit_id=number,
        position=db.scalar(before),
        name=photo.name,
        picture=photo.picture,
        width=photo.width,
        height=photo.height,
        role=photo.role,
    )
    db.add(row)
    db.flush()
    columns, data = pack(photo.detections)
    db.add(
        FacingsRow(
            photo_id=row.id,
            count=len(photo.detections),
            columns=columns,
            data=data,
            doubtful=pack_boxes(photo.doubtful),
        )
    )
    return row.id


def add_correction(db, number, correction):
    """Add a :class:`~skushare.audits.corrections.Correction` of the audit ``number``."""
    db.add(
        CorrectionRow(
            audit_id=number,
            photo_id=correction.photo,
            facing=correction.facing,
            time=int(correction.time.timestamp()),
            who=correction.who,
            before=_to_json(correction.before),
            after=_to_json(correction.after),
        )
    )
    db.flush()


class Figures(NamedTuple):
    """What is computed from an audit: columns of its own row, and those of its brands' shares, by name."""

    columns: dict
    shares: dict


def figures_of(audits):
    """The :class:`Figures` of each of ``audits`` after its corrections, a list; there is one at least."""
    nows = [audit.corrected() for audit in audits]
    table, sizes = share_of_each([now.by_brand() for now in nows], [TOGETHER_MARGIN])
    kept = table[["facings", "share", "margin", TOGETHER_MARGIN, "linear"]].rename(
        columns={"linear": "linear_share"}
    )
    lines = zip(table["name"].tolist(), kept.to_dict("records"), strict=True)
    return [
        Figures(
            {"photos": now.photos_taken, "facings": now.facings, "corrections": len(audit.corrections)},
            dict(islice(lines, size)),
        )
        for audit, now, size in zip(audits, nows, sizes, strict=True)
    ]


def put_figures(db, number, figures):
    """Keep the :class:`Figures` of the audit ``number`` in place of those before."""
    db.execute(delete(ShareRow).where(ShareRow.audit_id == number))
    ids = name_ids(db, figures.shares)
    rows = [{"audit_id": number, "brand_id": ids[name], **row} for name, row in figures.shares.items()]
    if rows:
        db.execute(insert(ShareRow), rows)
    db.execute(update(AuditRow).where(AuditRow.id == number).values(**figures.columns))


def read_audit(db, number):
    """The :class:`~skushare.audits.audit.Audit` of this number; raises ``AuditError`` where there is none."""
    audits = read_audits(db, [number])
    if not audits:
        raise _gone(number)
    return audits[number]


def read_audits(db, numbers):
    """{number: its audit} of those of ``numbers`` that there are, as :func:`read_audit` gives each."""
    query = select(AuditRow).where(AuditRow.id.in_(numbers)).execution_options(populate_existing=True)
    rows = {row.id: row for row in db.scalars(query)}
    ids = [(row.store_id, row.shelf_id, row.category_id, *row.brands) for row in rows.values()]
    names, photos, corrections = texts(db, chain(*ids)), defaultdict(list), defaultdict(list)
    query = (
        select(PhotoRow, FacingsRow)
        .join(FacingsRow, FacingsRow.photo_id == PhotoRow.id)
        .where(PhotoRow.audit_id.in_(numbers))
        .order_by(PhotoRow.position)
    )
    for photo, facings in db.execute(query):
        photos[photo.audit_id].append((photo, facings))
    query = select(CorrectionRow).where(CorrectionRow.audit_id.in_(numbers)).order_by(CorrectionRow.id)
    for correction in db.scalars(query):
        corrections[correction.audit_id].append(correction)
    return {n: _to_audit(row, names, photos[n], corrections[n]) for n, row in rows.items()}


def _to_photo(photo, facings):
    try:
        found = unpack(facings.count, facings.columns, facings.data)
        doubtful = unpack_boxes(facings.doubtful)
    except ValueError as error:
        raise DatabaseError(
            f"audit {photo.audit_id}, {photo.name}: its facings are damaged in the database ({error}); "
            "restore a copy of it, or delete the audit"
        ) from None
    return AuditPhoto(
        photo.name, photo.picture, photo.width, photo.height, found, photo.id, photo.role, doubtful
    )


def _to_audit(row, names, photos, corrections):
    return Audit(
        photos=tuple(_to_photo(*pair) for pair in photos),
        brands=tuple(names[i] for i in row.brands),
        time=from_clock(row.time, row.utc_offset),
        store=names[row.store_id],
        shelf=names[row.shelf_id],
        category=names[row.category_id],
        note=row.note,
        source=row.source,
        model=row.model,
        model_digest=row.model_digest,
        gallery=row.gallery,
        gallery_digest=row.gallery_digest,
        thresholds=row.thresholds,
        software=row.software,
        id=row.id,
        corrections=tuple(
            Correction(
                each.photo_id,
                each.facing,
                _from_json(each.before),
                _from_json(each.after),
                each.who,
                from_clock(each.time, 0),
            )
            for each in corrections
        ),
        finished=row.finished,
    )


def lock_audit(db, number):
    """The audit's row, kept from other writers until the transaction ends; raises as :func:`read_audit`."""
    row = db.scalar(select(AuditRow).where(AuditRow.id == number).with_for_update())
    if row is None:
        raise _gone(number)
    return row


def _gone(number):
    return AuditError(f"there is no audit {number}; it may have been deleted")


def to_clock(time):
    """(seconds since 1970, seconds that the clock was ahead of UTC), as :func:`from_clock` takes them."""
    return int(time.timestamp()), int(time.utcoffset().total_seconds())


def from_clock(seconds, offset):
    """The datetime that :func:`to_clock` gave the two numbers of."""
    return datetime.fromtimestamp(seconds, timezone(timedelta(seconds=offset)))


def _to_json(facing):
    return None if facing is None else {"box": [float(side) for side in facing.box], "brand": facing.brand}


def _from_json(value):
    return None if value is None else Facing(tuple(value["box"]), value["brand"])
