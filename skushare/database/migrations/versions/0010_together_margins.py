"""The part of each margin that other audits have alike, not known of those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.add_column("shares", sa.Column("together_margin", sa.Double))
    op.drop_index("ix_shares_brand", "shares")
    columns = ["brand_id", "audit_id", "facings", "margin", "together_margin"]
    op.create_index("ix_shares_brand", "shares", columns)
