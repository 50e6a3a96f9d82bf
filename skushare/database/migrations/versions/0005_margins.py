"""The margin of each share, not known of those that are there; trends read it from the index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    op.add_column("shares", sa.Column("margin", sa.Double))
    op.drop_index("ix_shares_brand", "shares")
    op.create_index("ix_shares_brand", "shares", ["brand_id", "audit_id", "facings", "margin"])
