"""Saving, opening and correcting audits.

An audit is saved whole, in one transaction, after its pictures. A batch is saved photo by photo and is in
no list and no trend before it is finished, so that a crash leaves no half audit, but something to go on with.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import chain

from sqlalchemy import delete, func, insert, select, update

from skushare.audits.audit import Audit, AuditPhoto, brand_names
from skushare.audits.corrections import SAME_PLACE, Correction, Facing, correct
from skushare.audits.names import name_ids, texts
from skushare.audits.packing import pack, pack_boxes, unpack, unpack_boxes
from skushare.brands.library import forget_versions, session_with
from skushare.database.engine import portions, reading, session
from skushare.database.leftovers import leave, remove_leftovers
from skushare.database.tables import (
    AuditRow,
    CorrectionRow,
    FacingsRow,
    GalleryRow,
    NameRow,
    PhotoRow,
    ShareRow,
)
from skushare.errors import AuditError
from skushare.text import tidy_name

_AT_ONCE = (
    32  # audits that are read together: many times as fast as each by itself, and few enough for memory
)

# Saving


def save_audit(audit):
    """Keep ``audit``, whose pictures were put among the pictures before; it is safe when this returns.

    So is the version of the gallery that it was made with.

    Returns:
        Its number.

    Raises:
        DatabaseError: it could not be saved; then nothing of it is.
    """
    with session_with(audit.gallery_version) as db:
        number = _add_audit(db, audit, planned=len(audit.photos), request=None)
        for photo in audit.photos:
            _add_photo(db, number, photo)
        _finish(db, number)
    return number


def save_imported(audits):
    """Keep those of ``audits`` that were not imported before, with their corrections, in one transaction.

    Args:
        audits: {what an audit is known by: :class:`~skushare.audits.audit.Audit`}; its corrections name its
            photos by their ``id``, in place of which each gets one of the database.

    Returns:
        (numbers of the audits that are new, of those that were there), each oldest first.

    Raises:
        DatabaseError: they could not be saved; then none is.
    """
    key, added, known = AuditRow.request["phone"].as_string(), [], {}
    with session() as db:
        for some in portions(audits):
            query = select(key, AuditRow.id).where(AuditRow.source == "phone", key.in_(some))
            known.update(map(tuple, db.execute(query)))
        for name in [name for name in audits if name not in known]:
            audit = audits[name]
            number = _add_audit(db, audit, len(audit.photos), {"phone": name})
            ids = {photo.id: _add_photo(db, number, photo) for photo in audit.photos}
            for each in audit.corrections:
                _add_correction_row(db, number, replace(each, photo=ids[each.photo]))
            _finish(db, number)
            added.append(number)
    return added, sorted(known.values())


def begin_audit(audit, planned, request):
    """Keep an unfinished ``audit``, so far without photos; :func:`add_photo` adds them.

    Args:
        planned: how many photos it is to have.
        request: JSON value that tells how to go on with it.

    Returns:
        Its number.
    """
    with session_with(audit.gallery_version) as db:
        return _add_audit(db, replace(audit, photos=()), planned, request)


def add_photo(number, photo):
    """Add ``photo`` to the unfinished audit ``number``; one that is in it already is not added again.

    Returns:
        Whether it was added.
    """
    with session() as db:
        row = _lock(db, number)
        if row.finished:
            raise AuditError(f"audit {number} is finished; begin another")
        same = select(PhotoRow.id).where(PhotoRow.audit_id == number, PhotoRow.picture == photo.picture)
        if db.scalar(same) is not None:
            return False
        _add_photo(db, number, photo)
        return True


def finish_audit(number):
    """Let the audit ``number``, all of whose photos are in, be listed and counted."""
    with session() as db:
        _lock(db, number)
        _finish(db, number)


def delete_audit(number):
    """Remove the audit ``number`` for good, and what only it uses: a deleted gallery's version, pictures.

    A picture younger than a day is left for a later deletion, as another audit may be about to name it.
    """
    with session() as db:
        row = _lock(db, number)
        its = set(db.scalars(select(PhotoRow.picture).where(PhotoRow.audit_id == number)))
        db.execute(delete(AuditRow).where(AuditRow.id == number))
        leave(db, its - {""} | forget_versions(db, GalleryRow.digest == row.gallery_digest))
    remove_leftovers()


def _add_audit(db, audit, planned, request):
    ids = name_ids(db, [audit.store, audit.shelf, audit.category, *audit.brands])
    time, utc_offset = _clock(audit.time)
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


def _add_photo(db, number, photo):
    count = select(func.count()).where(PhotoRow.audit_id == number).scalar_subquery()
    row = PhotoRow(
        audit_id=number,
        position=db.scalar(select(count)),
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


def _finish(db, number):
    db.flush()
    db.execute(update(AuditRow).where(AuditRow.id == number).values(finished=True))
    _update_figures(db, _read(db, number))


def _update_figures(db, audit):
    """Bring what is computed from an audit's facings and corrections up to date in its rows."""
    now = audit.corrected()
    db.execute(delete(ShareRow).where(ShareRow.audit_id == audit.id))
    shares = now.shares()
    ids = name_ids(db, [*shares["name"], *now.brands])
    rows = [
        {
            "audit_id": audit.id,
            "brand_id": ids[name],
            "facings": facings,
            "share": share,
            "margin": margin,
            "linear_share": along,
        }
        for name, facings, share, margin, along in zip(
            *(shares[c].tolist() for c in ("name", "facings", "share", "margin", "linear")), strict=True
        )
    ]
    if rows:
        db.execute(insert(ShareRow), rows)
    figures = {"photos": now.photos_taken, "facings": now.facings, "corrections": len(audit.corrections)}
    db.execute(update(AuditRow).where(AuditRow.id == audit.id).values(**figures))


# Opening and correcting


def open_audit(number):
    """The :class:`~skushare.audits.audit.Audit` of this number, with its corrections beside the original.

    Raises:
        AuditError: there is none.
    """
    with reading() as db:
        return _read(db, number)


def open_audits(numbers):
    """Yield the audits of these numbers as :func:`open_audit` gives them, some read at a time."""
    for i in range(0, len(numbers), _AT_ONCE):
        some = numbers[i : i + _AT_ONCE]
        with reading() as db:
            audits = _read_all(db, some)
        yield from map(audits.get, some)


def save_correction(number, photo, before, after, who=""):
    """Keep what a person changed on the audit ``number``; its shares follow at once.

    Args:
        photo: number of the photo, :attr:`AuditPhoto.id`.
        before, after: :class:`~skushare.audits.corrections.Facing` as it was and as it is from now on,
            ``None`` where there was or is none.

    Raises:
        AuditError: there is no facing like ``before``, as somebody else has changed it meanwhile,
            the brand of ``after`` has no name, or the audit is not finished.
    """
    with session() as db:
        _lock(db, number)
        audit = _read(db, number)
        original = next((each for each in audit.photos if each.id == photo), None)
        if original is None:
            raise AuditError(f"audit {number} has no photo number {photo}")
        brands = list(audit.brands)
        now, numbers = correct(original, audit.corrections, brands)
        if before is None:
            used = [each.facing + 1 for each in audit.corrections if each.photo == photo]
            facing = max([len(original.detections), *used])
        else:
            facing = _find(now.detections, numbers, brands, before)
        if after is not None:
            after = after._replace(brand=tidy_name(after.brand))
            if not after.brand:
                raise AuditError("a brand needs a name")
        _add_correction(db, audit, Correction(photo, facing, before, after, tidy_name(who), _now()))


def change_words(number, store, shelf, category, note, time=None):
    """Call the audit ``number`` by other words, as :class:`~skushare.audits.audit.Audit` has them.

    ``time``: when the shelf looked like this, a datetime; default: as saved.

    Raises:
        AuditError: there is none.
    """
    with session() as db:
        row = _lock(db, number)
        audit = _read(db, number)
        time = time or audit.time
        audit = replace(audit, store=store, shelf=shelf, category=category, note=note, time=time)
        ids = name_ids(db, [audit.store, audit.shelf, audit.category])
        row.store_id, row.shelf_id, row.category_id = ids[audit.store], ids[audit.shelf], ids[audit.category]
        row.note = audit.note
        row.time, row.utc_offset = _clock(audit.time)
        row.edits += 1


def take_back(number, correction, who=""):
    """Undo ``correction`` of the audit ``number`` by another one.

    Raises:
        AuditError: what it changed was changed again since, or the audit is not finished.
    """
    with session() as db:
        _lock(db, number)
        audit = _read(db, number)
        last = [
            each
            for each in audit.corrections
            if (each.photo, each.facing) == (correction.photo, correction.facing)
        ][-1:]
        if not last or last[0].after != correction.after:
            raise AuditError(f"audit {number}: this was corrected again since; look at the newest correction")
        opposite = replace(
            correction, before=correction.after, after=correction.before, who=tidy_name(who), time=_now()
        )
        _add_correction(db, audit, opposite)


def _add_correction(db, audit, correction):
    if not audit.finished:  # its shares, updated below, would be in the totals
        raise AuditError(f"audit {audit.id} is not finished; correct it when all its photos are in")
    _add_correction_row(db, audit.id, correction)
    db.flush()
    _update_figures(db, replace(audit, corrections=(*audit.corrections, correction)))


def _add_correction_row(db, number, correction):
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


def _find(found, numbers, brands, wanted):
    for number, box, brand in zip(numbers, found.boxes, brand_names(found, brands), strict=True):
        if brand == wanted.brand and (abs(box - wanted.box) < SAME_PLACE).all():
            return number
    raise AuditError("this facing was corrected elsewhere in the meantime; look again, then correct it")


def _read(db, number):
    return _read_all(db, [number])[number]


def _read_all(db, numbers):
    """{number: its audit} of ``numbers``."""
    query = select(AuditRow).where(AuditRow.id.in_(numbers)).execution_options(populate_existing=True)
    rows = {row.id: row for row in db.scalars(query)}
    for number in numbers:
        if number not in rows:
            raise AuditError(f"there is no audit {number}; it may have been deleted")
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


def _to_audit(row, names, photos, corrections):
    return Audit(
        photos=tuple(
            AuditPhoto(
                photo.name,
                photo.picture,
                photo.width,
                photo.height,
                unpack(facings.count, facings.columns, facings.data),
                photo.id,
                photo.role,
                unpack_boxes(facings.doubtful),
            )
            for photo, facings in photos
        ),
        brands=tuple(names[i] for i in row.brands),
        time=_datetime(row.time, row.utc_offset),
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
                _datetime(each.time, 0),
            )
            for each in corrections
        ),
        finished=row.finished,
    )


def _lock(db, number):
    """The audit's row, kept from other writers to the end of the transaction."""
    row = db.scalar(select(AuditRow).where(AuditRow.id == number).with_for_update())
    if row is None:
        raise AuditError(f"there is no audit {number}; it may have been deleted")
    return row


# Batches


def unfinished_audits():
    """Batches that were not finished, newest first.

    Returns:
        A list of dictionaries with ``audit`` (number), ``store``, ``time``, ``photos`` (in so far),
        ``planned`` and ``request``.
    """
    photos = select(func.count()).where(PhotoRow.audit_id == AuditRow.id).scalar_subquery()
    query = (
        select(
            AuditRow.id.label("audit"),
            NameRow.text.label("store"),
            AuditRow.time,
            AuditRow.utc_offset,
            photos.label("photos"),
            AuditRow.planned,
            AuditRow.request,
        )
        .join(NameRow, NameRow.id == AuditRow.store_id)
        .where(~AuditRow.finished)
        .order_by(AuditRow.id.desc())
    )
    with reading() as db:
        rows = [dict(row) for row in db.execute(query).mappings()]
    for row in rows:
        row["time"] = _datetime(row["time"], row.pop("utc_offset"))
    return rows


def pictures_of(number):
    """SHA-256 of the pictures that are in the audit ``number``, a set."""
    with reading() as db:
        return set(db.scalars(select(PhotoRow.picture).where(PhotoRow.audit_id == number)))


def _clock(time):
    """(seconds since 1970, seconds that the clock was ahead of UTC), as :func:`_datetime` takes them."""
    return int(time.timestamp()), int(time.utcoffset().total_seconds())


def _datetime(seconds, offset):
    return datetime.fromtimestamp(seconds, timezone(timedelta(seconds=offset)))


def _now():
    return datetime.now(timezone.utc).replace(microsecond=0)


def _to_json(facing):
    return None if facing is None else {"box": [float(side) for side in facing.box], "brand": facing.brand}


def _from_json(value):
    return None if value is None else Facing(tuple(value["box"]), value["brand"])
