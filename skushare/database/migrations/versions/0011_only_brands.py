"""A shelf's only brand had no margin, and some margins were above 1; what they are is not known any more."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade():
    op.execute("UPDATE shares SET margin = NULL WHERE margin > 1 OR (margin = 0 AND share = 1)")
