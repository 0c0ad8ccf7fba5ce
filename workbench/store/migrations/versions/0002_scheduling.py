"""Slots, the scheduler's lease, alerts; what a retried run comes from and how it failed."""

import sqlalchemy as sa
from alembic import op

from workbench.store.state.tables import Identity, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what the scheduler keeps."""
    _runs()
    op.create_table(
        "jobs",
        sa.Column("job", sa.String(160), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("considered_until", Moment, nullable=False),
        sa.Column("schedules", sa.JSON(none_as_null=True)),
        sa.Column("failures_in_row", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("paused_at", Moment),
        sa.Column("paused_reason", sa.Text),
        sa.Column("told", sa.String(32)),
        sa.Column("muted_until", Moment),
        sa.PrimaryKeyConstraint("job", name="pk_jobs"),
    )
    op.create_table(
        "slots",
        sa.Column("job", sa.String(160), nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("schedule", sa.Text),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("decided_at", Moment),
        sa.Column("decided_by", sa.Text),
        sa.PrimaryKeyConstraint("job", "due_at", name="pk_slots"),
    )
    op.create_index("ix_slots_state_due_at", "slots", ["state", "due_at"])
    op.create_table(
        "lease",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("pid", sa.Integer),
        sa.Column("host", sa.Text),
        sa.Column("process_started", sa.Text),
        sa.Column("taken_at", Moment),
        sa.Column("heartbeat_at", Moment),
        sa.Column("note", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    _alerts()


def _runs() -> None:
    for column in (
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("retry_of", sa.BigInteger),
        sa.Column("not_before", Moment),
        sa.Column("schedule", sa.Text),
        sa.Column("who", sa.Text),
        sa.Column("options", sa.JSON(none_as_null=True)),
        sa.Column("error_kind", sa.Text),
        sa.Column("settled", sa.Boolean, nullable=False, server_default=sa.text("false")),
    ):
        op.add_column("runs", column)
    # What ended before there was a scheduler is not tried again by it.
    op.execute("UPDATE runs SET settled = true")
    op.create_index("ix_runs_status", "runs", ["status"])
    op.create_index(
        "ix_runs_unsettled",
        "runs",
        ["finished_at"],
        sqlite_where=sa.text("settled = 0"),
        postgresql_where=sa.text("NOT settled"),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", Identity, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("job", sa.String(160), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("hint", sa.Text),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("read_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_job_id", "alerts", ["job", "id"])
    op.create_table(
        "deliveries",
        sa.Column("alert_id", Identity, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("next_at", Moment),
        sa.Column("error", sa.Text),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name="fk_deliveries_alert_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("alert_id", "channel", name="pk_deliveries"),
    )
