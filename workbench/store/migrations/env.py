"""Alembic's entry: run the steps on the connection that the caller has opened and locked."""

from alembic import context

from workbench.store.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can undo table changes when the transaction was begun by hand, which ours is.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
