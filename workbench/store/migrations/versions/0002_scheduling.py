"""Slots, the scheduler's lease, alerts; what a retried run comes from."""

import sqlalchemy as sa
from alembic import op

from workbench.store.state import schedule_tables
from workbench.store.state.tables import Moment, metadata

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what the scheduler keeps."""
    for column in (
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("retry_of", sa.BigInteger),
        sa.Column("not_before", Moment),
        sa.Column("schedule", sa.Text),
        sa.Column("who", sa.Text),
    ):
        op.add_column("runs", column)
    op.create_index("ix_runs_status", "runs", ["status"])
    tables = ("jobs", "slots", "lease", "alerts", "deliveries")
    assert schedule_tables
    metadata.create_all(op.get_bind(), [metadata.tables[name] for name in tables])
