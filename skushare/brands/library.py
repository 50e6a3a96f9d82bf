"""Saved galleries, in the database; every version stays, so that an old audit can be explained."""

import time
from typing import NamedTuple

import numpy as np
from sqlalchemy import func, insert, select

from skushare.brands.brand_map import MAP_NAME
from skushare.brands.gallery import Gallery, GalleryError, Sku
from skushare.colors import shown_colors
from skushare.database import pictures
from skushare.database.engine import reading, session
from skushare.database.tables import GalleryExampleRow, GalleryRow


class Saved(NamedTuple):
    """A version of a saved gallery; ``created`` in seconds since 1970."""

    name: str
    version: int
    digest: str
    created: int
    products: int
    brands: tuple[str, ...]


class BrandNotes(NamedTuple):
    """What the saved galleries say of brands, whichever gallery or audit these come from.

    Attributes:
        own: names of the user's own brands.
        chosen: {brand: ``"#RRGGBB"``} of those that somebody chose a colour for.
        usual: {brand: ``"#RRGGBB"``} of all, as the pages show them that work with the gallery.
    """

    own: frozenset[str]
    chosen: dict[str, str]
    usual: dict[str, str]

    def colors(self, names, shown=()):
        """As :func:`~skushare.colors.shown_colors`."""
        return shown_colors(names, shown, self.chosen, self.usual)


def save_gallery(gallery):
    """Save ``gallery`` as the next version of its name; returns the version's number.

    The newest version once more is not saved again.

    Raises:
        DatabaseError: the database or the pictures cannot be written.
    """
    kept = [pictures.put(picture) for picture in gallery.pictures]
    with session() as db:
        newest = db.scalars(_versions(gallery.name).limit(1)).first()
        if newest is not None and newest.digest == gallery.digest:
            return newest.version
        row = GalleryRow(
            name=gallery.name,
            version=1 if newest is None else newest.version + 1,
            digest=gallery.digest,
            created=int(time.time()),
            content=gallery.description(),
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


def open_gallery(name, version=None):
    """The saved :class:`Gallery` ``name``, the newest ``version`` by default.

    Raises:
        GalleryError: there is none.
        DatabaseError: the database or a picture cannot be read.
    """
    query = _versions(name) if version is None else _versions(name).where(GalleryRow.version == version)
    return _opened(query, f"{name!r}" if version is None else f"{name!r} of version {version}")


def gallery_of(digest):
    """The saved :class:`Gallery` with this digest, as an audit names it; raises as :func:`open_gallery`."""
    return _opened(select(GalleryRow).where(GalleryRow.digest == digest), f"of digest {digest[:12]}")


def skus_of(digest):
    """The products of the saved gallery with this digest, without pictures; empty if there is none."""
    with reading() as db:
        content = db.scalar(select(GalleryRow.content).where(GalleryRow.digest == digest).limit(1))
    return tuple(Sku(**sku) for sku in content["skus"]) if content else ()


def gallery_names():
    """Names of the saved galleries, the one saved last first; brand maps are not among them."""
    return [name for name in _names() if not _is_map(name)]


def brand_map_names():
    """Names of the saved brand maps, the one saved last first; they are opened as galleries are."""
    return [name for name in _names() if _is_map(name)]


def _names():
    with reading() as db:
        last = func.max(GalleryRow.id)
        return list(db.scalars(select(GalleryRow.name).group_by(GalleryRow.name).order_by(last.desc())))


def _is_map(name):
    return name.endswith(MAP_NAME.format(""))


def gallery_versions(name):
    """All versions of the gallery ``name``, newest first, as :class:`Saved`."""
    with reading() as db:
        return [_saved(row) for row in db.scalars(_versions(name))]


def brand_notes(first=""):
    """The :class:`BrandNotes` of the newest version of every gallery; pictures are not read.

    Where galleries differ, the one called ``first`` is right, then the one saved last.
    """
    newest = select(func.max(GalleryRow.id)).group_by(GalleryRow.name)
    query = select(GalleryRow.content).where(GalleryRow.id.in_(newest)).order_by(GalleryRow.id)
    own, chosen, usual = {}, {}, {}
    with reading() as db:
        for content in sorted(db.scalars(query), key=lambda content: content["name"] == first):
            skus = [Sku(**sku) for sku in content["skus"]]
            gallery = Gallery(content["name"], skus)
            chosen = {**{b: c for b, c in chosen.items() if b not in gallery.brands}, **gallery.chosen_colors}
            usual |= gallery.colors
            own |= {brand: brand in gallery.own_brands for brand in gallery.brands}
    return BrandNotes(frozenset(brand for brand, is_own in own.items() if is_own), chosen, usual)


def library_state():
    """A value that is another one after any gallery was saved or deleted."""
    with reading() as db:
        return tuple(db.execute(select(func.max(GalleryRow.id), func.count(GalleryRow.id))).one())


def delete_gallery(name):
    """Delete all versions of the gallery ``name``; audits keep the brands that they were made with."""
    with session() as db:
        for row in db.scalars(_versions(name)):
            db.delete(row)


def _versions(name):
    return select(GalleryRow).where(GalleryRow.name == name).order_by(GalleryRow.version.desc())


def _opened(query, what):
    with reading() as db:
        row = db.scalars(query.limit(1)).first()
        if row is None:
            names = list(db.scalars(select(GalleryRow.name).distinct().limit(20)))
            raise GalleryError(f"there is no gallery {what}; there are: {', '.join(names) or 'none'}")
        examples = db.execute(
            select(GalleryExampleRow.sku, GalleryExampleRow.picture, GalleryExampleRow.embedding)
            .where(GalleryExampleRow.gallery_id == row.id)
            .order_by(GalleryExampleRow.position)
        ).all()
    vectors = [np.frombuffer(vector, "<f4") for _, _, vector in examples]
    return Gallery(
        row.content["name"],
        [Sku(**sku) for sku in row.content["skus"]],
        [sku for sku, _, _ in examples],
        np.stack(vectors) if vectors else np.zeros((0, 0)),
        [pictures.get(picture) for _, picture, _ in examples],
        row.content["embedder"],
        row.content["threshold"],
    )


def _saved(row):
    brands = tuple(dict.fromkeys(sku["brand"] for sku in row.content["skus"]))
    return Saved(row.name, row.version, row.digest, row.created, len(row.content["skus"]), brands)
