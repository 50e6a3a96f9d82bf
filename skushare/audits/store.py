"""Saving, opening and correcting audits.

An audit is saved whole, in one transaction, after its pictures. A batch is saved photo by photo and is in
no list and no trend before it is finished, so that a crash leaves no half audit, but something to go on with.
"""

from dataclasses import replace
from datetime import datetime, timezone
from itertools import chain

from sqlalchemy import delete, func, select, update

from skushare.audits import rows
from skushare.audits.audit import brand_names
from skushare.audits.corrections import SAME_PLACE, Correction, correct
from skushare.audits.names import name_ids
from skushare.brands.library import forget_versions, session_with
from skushare.database.engine import portions, reading, session, take_turns
from skushare.database.leftovers import leave, remove_leftovers
from skushare.database.tables import AuditRow, GalleryRow, NameRow, PhotoRow
from skushare.errors import AuditError
from skushare.text import tidy_name

_AT_ONCE = 32  # audits read together: many times as fast as each by itself, and few enough for memory
_IMPORTS = 0x736B7570  # as PostgreSQL's advisory lock: two of one file at once would both save it

# Saving


def save_audit(audit):
    """Keep ``audit``, whose pictures were put among the pictures before; it is safe when this returns.

    So is the version of the gallery that it was made with.

    Returns:
        Its number.

    Raises:
        DatabaseError: it could not be saved; then nothing of it is.
    """
    figures = rows.figures_of([audit])
    with session_with(audit.gallery_version) as db:
        number = rows.add_audit(db, audit, planned=len(audit.photos), request=None)
        for photo in audit.photos:
            rows.add_photo(db, number, photo)
        _finish(db, number, *figures)
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
    with reading() as db:
        known = _imported(db, audits)
    new = {name: audit for name, audit in audits.items() if name not in known}
    if not new:
        return [], sorted(known.values())
    figures, added = rows.figures_of(new.values()), []  # before the transaction, which others wait for
    with session() as db:
        take_turns(db.connection(), _IMPORTS)
        meanwhile = _imported(db, new)
        # All names at once, so that no other writer of some of them is met in another order.
        words = ((audit.store, audit.shelf, audit.category, *audit.brands) for audit in new.values())
        name_ids(db, set(chain(*words, *(each.shares for each in figures))))
        for (name, audit), its in zip(new.items(), figures, strict=True):
            if name in meanwhile:
                continue
            number = rows.add_audit(db, audit, len(audit.photos), {"phone": name})
            ids = {photo.id: rows.add_photo(db, number, photo) for photo in audit.photos}
            for each in audit.corrections:
                rows.add_correction(db, number, replace(each, photo=ids[each.photo]))
            _finish(db, number, its)
            added.append(number)
    return added, sorted([*known.values(), *meanwhile.values()])


def _imported(db, names):
    """{what an audit is known by: its number} of those of ``names`` that were imported."""
    key, found = AuditRow.request["phone"].as_string(), {}
    for some in portions(names):
        query = select(key, AuditRow.id).where(AuditRow.source == "phone", key.in_(some))
        found.update(map(tuple, db.execute(query)))
    return found


def begin_audit(audit, planned, request):
    """Keep an unfinished ``audit``, so far without photos; :func:`add_photo` adds them.

    Args:
        planned: how many photos it is to have.
        request: JSON value that tells how to go on with it.

    Returns:
        Its number.
    """
    with session_with(audit.gallery_version) as db:
        return rows.add_audit(db, replace(audit, photos=()), planned, request)


def add_photo(number, photo):
    """Add ``photo`` to the unfinished audit ``number``; one that is in it already is not added again.

    Returns:
        Whether it was added.
    """
    with session() as db:
        row = rows.lock_audit(db, number)
        if row.finished:
            raise AuditError(f"audit {number} is finished; begin another")
        same = select(PhotoRow.id).where(PhotoRow.audit_id == number, PhotoRow.picture == photo.picture)
        if db.scalar(same) is not None:
            return False
        rows.add_photo(db, number, photo)
        return True


def finish_audit(number):
    """Let the audit ``number``, all of whose photos are in, be listed and counted."""
    with session() as db:
        rows.lock_audit(db, number)
        _finish(db, number, *rows.figures_of([rows.read_audit(db, number)]))


def delete_audit(number):
    """Remove the audit ``number`` for good, and what only it uses: a deleted gallery's version, pictures.

    A picture younger than a day is left for a later deletion, as another audit may be about to name it.
    """
    with session() as db:
        row = rows.lock_audit(db, number)
        its = set(db.scalars(select(PhotoRow.picture).where(PhotoRow.audit_id == number)))
        db.execute(delete(AuditRow).where(AuditRow.id == number))
        leave(db, its - {""} | forget_versions(db, GalleryRow.digest == row.gallery_digest))
    remove_leftovers()


def _finish(db, number, figures):
    db.flush()
    db.execute(update(AuditRow).where(AuditRow.id == number).values(finished=True))
    rows.put_figures(db, number, figures)


# Opening and correcting


def open_audit(number):
    """The :class:`~skushare.audits.audit.Audit` of this number, with its corrections beside the original.

    Raises:
        AuditError: there is none.
    """
    with reading() as db:
        return rows.read_audit(db, number)


def open_audits(numbers):
    """Yield the audits of these numbers as :func:`open_audit` gives them, some read at a time.

    In the place of one that is not there any more, ``None``.
    """
    for i in range(0, len(numbers), _AT_ONCE):
        some = numbers[i : i + _AT_ONCE]
        with reading() as db:
            audits = rows.read_audits(db, some)
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
        rows.lock_audit(db, number)
        audit = rows.read_audit(db, number)
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
        _keep(db, audit, Correction(photo, facing, before, after, tidy_name(who), _now()))


def change_words(number, store, shelf, category, note, time=None):
    """Call the audit ``number`` by other words, as :class:`~skushare.audits.audit.Audit` has them.

    ``time``: when the shelf looked like this, a datetime; default: as saved.

    Raises:
        AuditError: there is none.
    """
    with session() as db:
        row = rows.lock_audit(db, number)
        audit = rows.read_audit(db, number)
        time = time or audit.time
        audit = replace(audit, store=store, shelf=shelf, category=category, note=note, time=time)
        ids = name_ids(db, [audit.store, audit.shelf, audit.category])
        row.store_id, row.shelf_id, row.category_id = ids[audit.store], ids[audit.shelf], ids[audit.category]
        row.note = audit.note
        row.time, row.utc_offset = rows.to_clock(audit.time)
        row.edits += 1


def take_back(number, correction, who=""):
    """Undo ``correction`` of the audit ``number`` by another one.

    Raises:
        AuditError: what it changed was changed again since, or the audit is not finished.
    """
    with session() as db:
        rows.lock_audit(db, number)
        audit = rows.read_audit(db, number)
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
        _keep(db, audit, opposite)


def _keep(db, audit, correction):
    if not audit.finished:  # its shares, updated below, would be in the totals
        raise AuditError(f"audit {audit.id} is not finished; correct it when all its photos are in")
    rows.add_correction(db, audit.id, correction)
    corrected = replace(audit, corrections=(*audit.corrections, correction))
    rows.put_figures(db, audit.id, *rows.figures_of([corrected]))


def _find(found, numbers, brands, wanted):
    for number, box, brand in zip(numbers, found.boxes, brand_names(found, brands), strict=True):
        if brand == wanted.brand and (abs(box - wanted.box) < SAME_PLACE).all():
            return number
    raise AuditError("this facing was corrected elsewhere in the meantime; look again, then correct it")


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
        found = [dict(row) for row in db.execute(query).mappings()]
    for row in found:
        row["time"] = rows.from_clock(row["time"], row.pop("utc_offset"))
    return found


def pictures_of(number):
    """SHA-256 of the pictures that are in the audit ``number``, a set."""
    with reading() as db:
        return set(db.scalars(select(PhotoRow.picture).where(PhotoRow.audit_id == number)))


def _now():
    return datetime.now(timezone.utc).replace(microsecond=0)
