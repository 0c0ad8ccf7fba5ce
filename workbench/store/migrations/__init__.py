"""Alembic's scripts: how the state database came to have its tables, one file per step."""
