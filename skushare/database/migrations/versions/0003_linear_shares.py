"""Forget linear shares that were computed with the wrong shelf rows: those of corrected audits.

The next correction of an audit computes them anew.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    corrected = "SELECT id FROM audits WHERE corrections > 0"
    op.execute(f"UPDATE shares SET linear_share = NULL WHERE audit_id IN ({corrected})")
