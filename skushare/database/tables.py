"""The tables: what an audit, a correction, a share, a target and a gallery are in the database.

Times are whole seconds since 1970 in UTC, which both databases sort and divide alike. A name
(of a store, shelf, category or brand) is stored once and referred to by number: names may be of any
length, and grouping by a number is quick.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DIGEST = String(64)  # a SHA-256 in hexadecimal


class Base(DeclarativeBase):
    """What all tables belong to."""


def _of(column, **options):
    """A reference to another row, which goes when that row goes."""
    return mapped_column(ForeignKey(column, ondelete="CASCADE"), **options)


class NameRow(Base):
    """A name of something, known by the digest of its text, as an index cannot hold long texts."""

    __tablename__ = "names"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    text: Mapped[str] = mapped_column(Text)


class AuditRow(Base):
    """One audit; its figures are those after corrections."""

    __tablename__ = "audits"
    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("names.id"))
    shelf_id: Mapped[int] = mapped_column(ForeignKey("names.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("names.id"))
    time: Mapped[int] = mapped_column(BigInteger)
    utc_offset: Mapped[int]  # seconds that the clock at the shelf was ahead of UTC
    note: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(16))  # photos, live, sweep or phone
    finished: Mapped[bool]  # whether all its photos are in; others are in no list and no trend
    planned: Mapped[int]  # photos it is to have
    photos: Mapped[int]
    facings: Mapped[int]
    corrections: Mapped[int]
    edits: Mapped[int] = mapped_column(server_default="0")  # how often its words were changed
    brands: Mapped[list] = mapped_column(JSON)  # numbers of names, in the order of brand ids
    model: Mapped[str] = mapped_column(Text)
    model_digest: Mapped[str] = mapped_column(DIGEST)
    gallery: Mapped[str] = mapped_column(Text)
    gallery_digest: Mapped[str] = mapped_column(DIGEST)
    thresholds: Mapped[dict] = mapped_column(JSON)
    software: Mapped[str] = mapped_column(String(64))
    # What a batch was asked for, to go on with it; of an imported one, {"phone": by what it is known again}.
    request: Mapped[dict | None] = mapped_column(JSON)
    __table_args__ = (
        Index("ix_audits_time", "time"),
        Index("ix_audits_store", "store_id", "time"),
        Index("ix_audits_category", "category_id", "time"),
        Index("ix_audits_shelf", "shelf_id", "time"),
        Index("ix_audits_gallery", "gallery_digest"),
        {"sqlite_autoincrement": True},  # the number of a deleted audit is not given again
    )


class PhotoRow(Base):
    """A photo of an audit; the same one is in it once."""

    __tablename__ = "photos"
    id: Mapped[int] = mapped_column(primary_key=True)
    audit_id: Mapped[int] = _of("audits.id")
    position: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(DIGEST, index=True)  # its file among the pictures; empty: none
    width: Mapped[int]
    height: Mapped[int]
    role: Mapped[str] = mapped_column(String(16), server_default="")  # "", joined or part
    __table_args__ = (UniqueConstraint("audit_id", "picture"),)


class FacingsRow(Base):
    """What was found in a photo, packed by :func:`skushare.audits.packing.pack`; never changed."""

    __tablename__ = "facings"
    photo_id: Mapped[int] = _of("photos.id", primary_key=True)
    count: Mapped[int]
    columns: Mapped[str] = mapped_column(Text)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    # Boxes that scored too low to count, four float32 each, little-endian; of some photos not known.
    doubtful: Mapped[bytes | None] = mapped_column(LargeBinary)


class CorrectionRow(Base):
    """What a person changed: from then on, facing number ``facing`` of a photo is ``after``."""

    __tablename__ = "corrections"
    id: Mapped[int] = mapped_column(primary_key=True)
    audit_id: Mapped[int] = _of("audits.id", index=True)
    photo_id: Mapped[int] = _of("photos.id")
    facing: Mapped[int]
    time: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(Text)
    before: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))  # {"box": [...], "brand": name}
    after: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))


class ShareRow(Base):
    """How much of an audit's shelf a brand has, after corrections; what trends are made of."""

    __tablename__ = "shares"
    audit_id: Mapped[int] = _of("audits.id", primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("names.id"), primary_key=True)
    facings: Mapped[int]
    share: Mapped[float] = mapped_column(Double)
    margin: Mapped[float | None] = mapped_column(Double)  # of the share; of old audits it is not known
    # The part of the margin that other audits have alike; of old audits it is not known.
    together_margin: Mapped[float | None] = mapped_column(Double)
    linear_share: Mapped[float | None] = mapped_column(Double)
    __table_args__ = (
        Index("ix_shares_brand", "brand_id", "audit_id", "facings", "margin", "together_margin"),
        {"sqlite_with_rowid": False},
    )


class TargetRow(Base):
    """The share that a brand should have, of a category or (the empty name) of any shelf."""

    __tablename__ = "targets"
    category_id: Mapped[int] = mapped_column(ForeignKey("names.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("names.id"), primary_key=True)
    share: Mapped[float] = mapped_column(Double)
    __table_args__ = {"sqlite_with_rowid": False}


class LeftoverRow(Base):
    """A picture that a deleted audit or gallery had, to be removed unless something else uses it."""

    __tablename__ = "leftovers"
    picture: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    __table_args__ = {"sqlite_with_rowid": False}


class GalleryRow(Base):
    """A version of a gallery; ``content`` is all of it but its pictures and embeddings."""

    __tablename__ = "galleries"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(DIGEST, index=True)
    created: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[dict] = mapped_column(JSON)
    hidden: Mapped[bool] = mapped_column(server_default=false())  # kept for the audits that name its digest
    __table_args__ = (UniqueConstraint("name", "version"),)


class GalleryExampleRow(Base):
    """An example of a gallery: which of its SKUs it shows, its picture and its embedding."""

    __tablename__ = "gallery_examples"
    gallery_id: Mapped[int] = _of("galleries.id", primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sku: Mapped[int]
    picture: Mapped[str] = mapped_column(DIGEST, index=True)
    embedding: Mapped[bytes] = mapped_column(LargeBinary)  # float32, little-endian
