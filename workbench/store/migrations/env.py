"""Alembic's entry: run the steps on the connection that the caller has opened and locked."""

from alembic import context
from sqlalchemy import Connection

from workbench.store.state.tables import metadata


def migrate(connection: Connection) -> None:
    """Bring the tables to the revision that was asked for."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite can undo table changes when the transaction was begun by hand, which ours is.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic gives the context its configuration only while it runs; a tool that merely reads the
# module must not start a migration.
if hasattr(context, "config"):
    migrate(context.config.attributes["connection"])
