"""Margins of shares became wider; of those that are there they are not known any more."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    op.execute("UPDATE shares SET margin = NULL")
