"""The boxes of a photo that scored too low to count; of those that are there they are not known."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column("facings", sa.Column("doubtful", sa.LargeBinary))
