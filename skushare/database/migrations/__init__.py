"""How the database came to be what it is: one module a step, carried out by Alembic on first use."""
