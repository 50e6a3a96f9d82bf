"""An index of audits by shelf, to filter lists by."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade():
    op.create_index("ix_audits_shelf", "audits", ["shelf_id", "time"])
