"""Alembic's versions of the schema, oldest first."""
