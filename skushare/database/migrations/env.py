"""Run by Alembic; the connection, already in a transaction, comes from ``skushare.database.engine``."""

from alembic import context

from skushare.database.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
context.run_migrations()
