"""Saved galleries, in the database; every version stays, so that an old audit can be explained.

A version may be hidden: it is in no list, and kept as long as an audit names its digest.
"""

import shlex
import time
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from sqlalchemy import delete, func, insert, select, text, update

from skushare.brands.brand_map import MAP_NAME
from skushare.brands.gallery import Gallery, GalleryError, Sku
from skushare.brands.gallery_files import read_gallery
from skushare.database import pictures
from skushare.database.engine import portions, reading, session
from skushare.database.leftovers import leave, remove_leftovers
from skushare.database.tables import AuditRow, GalleryExampleRow, GalleryRow
from skushare.errors import DatabaseError
from skushare.samples import DEMO_GALLERY


class Saved(NamedTuple):
    """A version of a saved gallery.

    Attributes:
        created: in seconds since 1970.
        content: all but the examples, as :meth:`~skushare.brands.gallery.Gallery.description` gives it.
        examples: how many there are.
    """

    name: str
    version: int
    digest: str
    created: int
    content: dict
    examples: int

    @property
    def products(self):
        """How many products it has."""
        return len(self.content["skus"])

    @property
    def brands(self):
        """Names of its brands, in order of their first product."""
        return tuple(dict.fromkeys(sku["brand"] for sku in self.content["skus"]))


def save_gallery(gallery, seen=None):
    """Save ``gallery`` as the next version of its name; returns the version's number.

    The newest version once more is not saved again.

    Args:
        seen: digest of the version that ``gallery`` was made from, empty if there was none.

    Raises:
        GalleryError: the newest version is no longer the one ``seen``, or it has a brand map's name and is
            none; nothing is saved then.
        DatabaseError: the database or the pictures cannot be written.
    """
    check_name(gallery)
    kept = _put(gallery)
    with session() as db:
        _take_turns(db)
        newest = db.scalars(_versions(gallery.name).limit(1)).first()
        if newest is not None and newest.digest == gallery.digest:
            return newest.version
        if seen is not None and newest is not None and newest.digest != seen:
            raise GalleryError(
                f"{gallery.name}: was taught elsewhere in the meantime, so nothing was changed; try again"
            )
        return _add_version(db, gallery, kept)


@contextmanager
def session_with(gallery):
    """As :func:`~skushare.database.engine.session`, with ``gallery`` among the saved versions.

    If it is not among them, like an imported one or one embedded anew, it becomes a hidden version. None
    removes it before the session ends, so that what the session saves may name its digest. ``None`` is a
    session without.
    """
    kept = None
    if gallery is not None:
        with reading() as db:
            there = db.scalar(_of_digest(gallery.digest)) is not None
        kept = None if there else _put(gallery)  # before others wait for the session
    with session() as db:
        if gallery is not None:
            query = _of_digest(gallery.digest).with_for_update(read=True)
            if db.scalar(query) is None:
                _take_turns(db)
                if db.scalar(query) is None:
                    _add_version(db, gallery, kept or _put(gallery), hidden=True)
        yield db


def open_gallery(name, version=None):
    """The saved :class:`Gallery` ``name``, the newest ``version`` by default.

    Raises:
        GalleryError: there is none, or pictures of its examples are lost.
        DatabaseError: the database cannot be read.
    """
    if version is None:
        return _opened(_versions(name), f"{name!r}")
    numbers = [saved.version for saved in gallery_versions(name)]
    if numbers and version not in numbers:
        there = ", ".join(map(str, reversed(numbers[:20])))
        raise GalleryError(f"{name}: there is no version {version}; there are: {there}")
    return _opened(_versions(name).where(GalleryRow.version == version), f"{name!r}")


def repair_gallery(name):
    """Save the gallery ``name`` without the examples whose pictures are lost, as its next version.

    Returns:
        (the :class:`Gallery`, how many examples it lost).

    Raises:
        As :func:`open_gallery` and :func:`save_gallery`.
    """
    seen = newest_digest(name)
    row, examples, losses = _read(_versions(name), repr(name))
    gallery = _gallery(row, [example for example in examples if example.data is not None])
    if losses:
        save_gallery(gallery, seen)
    return gallery, len(losses)


def gallery_of(digest):
    """The :class:`Gallery` with this digest, saved (hidden or not) or bundled.

    Raises:
        As :func:`open_gallery`.
    """
    bundled = _bundled()
    if bundled is not None and bundled.digest == digest:
        return bundled
    return _opened(select(GalleryRow).where(GalleryRow.digest == digest), f"of digest {digest[:12]}")


def skus_of(digest):
    """The products of the gallery with this digest, saved or bundled; empty if it is neither."""
    if not digest:
        return ()
    with reading() as db:
        content = db.scalar(select(GalleryRow.content).where(GalleryRow.digest == digest).limit(1))
    if content:
        return tuple(Sku(**sku) for sku in content["skus"])
    bundled = _bundled()
    return bundled.skus if bundled is not None and bundled.digest == digest else ()


def gallery_names():
    """Names of the saved galleries, the one saved last first; brand maps are not among them."""
    return [name for name in _names() if not _is_map(name)]


def brand_map_names():
    """Names of the saved brand maps, the one saved last first; they are opened as galleries are."""
    return [name for name in _names() if _is_map(name)]


def _names():
    with reading() as db:
        shown = select(GalleryRow.name).where(~GalleryRow.hidden).group_by(GalleryRow.name)
        return list(db.scalars(shown.order_by(func.max(GalleryRow.id).desc())))


def check_name(gallery):
    """Raise :class:`GalleryError` if ``gallery`` has a brand map's name and is none."""
    if _is_map(gallery.name) and not gallery.by_label:
        raise GalleryError(f"{gallery.name}: only brand maps are called so; choose another name")


def _is_map(name):
    return name.endswith(MAP_NAME.format(""))


def gallery_versions(name, most=None):
    """The versions of the gallery ``name``, newest first, as :class:`Saved`; hidden ones are left out.

    ``most``: give no more than the newest so many.
    """
    with reading() as db:
        rows = db.scalars(_versions(name).limit(most)).all()
        of_gallery, counts = GalleryExampleRow.gallery_id, {}
        for some in portions(row.id for row in rows):
            query = select(of_gallery, func.count()).where(of_gallery.in_(some)).group_by(of_gallery)
            counts.update(map(tuple, db.execute(query)))
    return [
        Saved(row.name, row.version, row.digest, row.created, row.content, counts.get(row.id, 0))
        for row in rows
    ]


def newest_digest(name):
    """The digest of the newest version of the saved gallery ``name``; raises as :func:`open_gallery`."""
    with reading() as db:
        digest = db.scalar(_versions(name).with_only_columns(GalleryRow.digest).limit(1))
        if digest is None:
            raise _missing(db, repr(name))
    return digest


def delete_gallery(name):
    """Delete the gallery ``name``: its versions that audits name become hidden, the others go.

    So do the pictures that nothing else uses, those younger than a day with a later deletion.
    """
    with session() as db:
        _take_turns(db)
        db.execute(update(GalleryRow).where(GalleryRow.name == name).values(hidden=True))
        leave(db, forget_versions(db, GalleryRow.name == name))
    remove_leftovers()


def forget_versions(db, condition):
    """Remove, in the session ``db``, the hidden versions of ``condition`` that no audit names.

    Returns:
        The pictures that they had, a set.
    """
    _take_turns(db)
    query = select(GalleryRow.id, GalleryRow.digest).where(GalleryRow.hidden, condition)
    versions = db.execute(query.with_for_update()).all()  # waits for an audit that is about to name one
    named, had = set(), set()
    for some in portions({digest for _, digest in versions}):
        named.update(db.scalars(select(AuditRow.gallery_digest).where(AuditRow.gallery_digest.in_(some))))
    for some in portions(number for number, digest in versions if digest not in named):
        its = select(GalleryExampleRow.picture).where(GalleryExampleRow.gallery_id.in_(some))
        had.update(db.scalars(its.distinct()))
        db.execute(delete(GalleryRow).where(GalleryRow.id.in_(some)))
    return had


def _take_turns(db):
    """Have those who add or delete versions follow one another, as writers of SQLite do anyway."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("LOCK TABLE galleries IN SHARE ROW EXCLUSIVE MODE"))


def _put(gallery):
    """Put the pictures of ``gallery`` among the pictures; gives their names."""
    folder = pictures.pictures_folder()
    return [pictures.put(picture, folder) for picture in gallery.pictures]


def _add_version(db, gallery, kept, hidden=False):
    """Add ``gallery``, whose pictures are called ``kept``, as the next version; gives its number."""
    last = db.scalar(select(func.max(GalleryRow.version)).where(GalleryRow.name == gallery.name))
    row = GalleryRow(
        name=gallery.name,
        version=(last or 0) + 1,
        digest=gallery.digest,
        created=int(time.time()),
        content=gallery.description(),
        hidden=hidden,
    )
    db.add(row)
    db.flush()
    rows = [
        {
            "gallery_id": row.id,
            "position": position,
            "sku": int(sku),
            "picture": picture,
            "embedding": vector.astype("<f4").tobytes(),
        }
        for position, (sku, picture, vector) in enumerate(
            zip(gallery.example_skus, kept, gallery.embeddings, strict=True)
        )
    ]
    if rows:
        db.execute(insert(GalleryExampleRow), rows)
    return row.version


def _of_digest(digest):
    return select(GalleryRow.id).where(GalleryRow.digest == digest).limit(1)


@lru_cache(maxsize=1)
def _bundled():
    """The gallery that comes with skushare; ``None`` where that is missing."""
    return read_gallery(DEMO_GALLERY) if DEMO_GALLERY.is_file() else None


def _versions(name):
    shown = select(GalleryRow).where(GalleryRow.name == name, ~GalleryRow.hidden)
    return shown.order_by(GalleryRow.version.desc())


def _opened(query, what):
    row, examples, losses = _read(query, what)
    if losses:
        raise GalleryError(
            f"{row.name}: the pictures of {len(losses)} of its {len(examples)} examples are lost "
            f"({losses[0]}); without a copy, skushare gallery repair {shlex.quote(row.name)} goes on "
            "without these examples"
        )
    return _gallery(row, examples)


class _Example(NamedTuple):
    sku: int
    embedding: bytes
    data: bytes | None  # of the picture; None where it is lost


def _read(query, what):
    """(the :class:`GalleryRow` of ``query``, its examples, why pictures of them are lost)."""
    with reading() as db:
        row = db.scalars(query.limit(1)).first()
        if row is None:
            raise _missing(db, what)
        found = db.execute(
            select(GalleryExampleRow.sku, GalleryExampleRow.embedding, GalleryExampleRow.picture)
            .where(GalleryExampleRow.gallery_id == row.id)
            .order_by(GalleryExampleRow.position)
        ).all()
    examples, losses, folder = [], [], pictures.pictures_folder()
    for sku, embedding, picture in found:
        try:
            examples.append(_Example(sku, embedding, pictures.get(picture, folder)))
        except DatabaseError as error:
            examples.append(_Example(sku, embedding, None))
            losses.append(error)
    return row, examples, losses


def _gallery(row, examples):
    vectors = [np.frombuffer(example.embedding, "<f4") for example in examples]
    return Gallery(
        row.content["name"],
        [Sku(**sku) for sku in row.content["skus"]],
        [example.sku for example in examples],
        np.stack(vectors) if vectors else np.zeros((0, 0)),
        [example.data for example in examples],
        row.content["embedder"],
        row.content["threshold"],
    )


def _missing(db, what):
    names = list(db.scalars(select(GalleryRow.name).where(~GalleryRow.hidden).distinct().limit(20)))
    known = (
        f"there are: {', '.join(names)}" if names else "the Teach page or skushare gallery import makes one"
    )
    return GalleryError(f"there is no gallery {what}; {known}")
