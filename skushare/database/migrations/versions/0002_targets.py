"""Target shares of brands, joined pictures of an audit, pictures that a deleted audit had."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _named(name):
    return sa.Column(name, sa.Integer, sa.ForeignKey("names.id"), nullable=False, primary_key=True)


def upgrade():
    op.create_table(
        "targets",
        _named("category_id"),
        _named("brand_id"),
        sa.Column("share", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leftovers", sa.Column("picture", sa.String(64), primary_key=True), sqlite_with_rowid=False
    )
    op.add_column("photos", sa.Column("role", sa.String(16), nullable=False, server_default=""))
