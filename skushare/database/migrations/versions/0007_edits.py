"""How often the words of an audit were changed, to tell when what was read by them is old."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    op.add_column("audits", sa.Column("edits", sa.Integer, nullable=False, server_default="0"))
