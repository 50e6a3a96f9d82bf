"""Audits, their photos, facings, corrections and shares; galleries."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

DIGEST = sa.String(64)


def _number(name, **options):
    return sa.Column(name, sa.Integer, nullable=False, **options)


def _text(name, kind=sa.Text):
    return sa.Column(name, kind, nullable=False)


def _of(name, column, **options):
    return sa.Column(name, sa.Integer, sa.ForeignKey(column, ondelete="CASCADE"), nullable=False, **options)


def _named(name, **options):
    return sa.Column(name, sa.Integer, sa.ForeignKey("names.id"), nullable=False, **options)


def upgrade():
    op.create_table(
        "names",
        _number("id", primary_key=True),
        sa.Column("digest", DIGEST, nullable=False, unique=True),
        _text("text"),
    )
    op.create_table(
        "audits",
        _number("id", primary_key=True),
        _named("store_id"),
        _named("shelf_id"),
        _named("category_id"),
        sa.Column("time", sa.BigInteger, nullable=False),
        _number("utc_offset"),
        _text("note"),
        _text("source", sa.String(16)),
        sa.Column("finished", sa.Boolean, nullable=False),
        _number("planned"),
        _number("photos"),
        _number("facings"),
        _number("corrections"),
        sa.Column("brands", sa.JSON, nullable=False),
        _text("model"),
        _text("model_digest", DIGEST),
        _text("gallery"),
        _text("gallery_digest", DIGEST),
        sa.Column("thresholds", sa.JSON, nullable=False),
        _text("software", sa.String(64)),
        sa.Column("request", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audits_time", "audits", ["time"])
    op.create_index("ix_audits_store", "audits", ["store_id", "time"])
    op.create_index("ix_audits_category", "audits", ["category_id", "time"])
    op.create_table(
        "photos",
        _number("id", primary_key=True),
        _of("audit_id", "audits.id"),
        _number("position"),
        _text("name"),
        _text("picture", DIGEST),
        _number("width"),
        _number("height"),
        sa.UniqueConstraint("audit_id", "picture"),
    )
    op.create_index("ix_photos_picture", "photos", ["picture"])
    op.create_table(
        "facings",
        _of("photo_id", "photos.id", primary_key=True),
        _number("count"),
        _text("columns"),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "corrections",
        _number("id", primary_key=True),
        _of("audit_id", "audits.id"),
        _of("photo_id", "photos.id"),
        _number("facing"),
        sa.Column("time", sa.BigInteger, nullable=False),
        _text("who"),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
    )
    op.create_index("ix_corrections_audit_id", "corrections", ["audit_id"])
    op.create_table(
        "shares",
        _of("audit_id", "audits.id", primary_key=True),
        _named("brand_id", primary_key=True),
        _number("facings"),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("linear_share", sa.Double),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shares_brand", "shares", ["brand_id", "audit_id", "facings"])
    op.create_table(
        "galleries",
        _number("id", primary_key=True),
        _text("name", sa.String(200)),
        _number("version"),
        _text("digest", DIGEST),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.UniqueConstraint("name", "version"),
    )
    op.create_index("ix_galleries_digest", "galleries", ["digest"])
    op.create_table(
        "gallery_examples",
        _of("gallery_id", "galleries.id", primary_key=True),
        _number("position", primary_key=True, autoincrement=False),
        _number("sku"),
        _text("picture", DIGEST),
        sa.Column("embedding", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_gallery_examples_picture", "gallery_examples", ["picture"])
