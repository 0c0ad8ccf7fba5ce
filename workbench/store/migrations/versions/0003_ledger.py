"""The ledger of prediction syncs, decisions on single rows, plans that were seen."""

import sqlalchemy as sa
from alembic import op

from workbench.store.state.tables import Identity, Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what prediction syncs keep."""
    _pushes()
    _ledger()
    _decisions()
    _plans()


def _pushes() -> None:
    op.create_table(
        "pushes",
        sa.Column("run_id", Identity, autoincrement=False, nullable=False),
        sa.Column("automation", sa.String(64), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("object", sa.String(16), nullable=False),
        sa.Column("field_group", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("of_run", sa.BigInteger),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("dataset", sa.String(64)),
        sa.Column("version", sa.BigInteger),
        sa.Column("began_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("run_id", name="pk_pushes"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_pushes_run_id"),
    )
    op.create_index("ix_pushes_automation_run_id", "pushes", ["automation", "run_id"])


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", Identity, nullable=False),
        sa.Column("run_id", Identity, nullable=False),
        sa.Column("object", sa.String(16), nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_ledger_run_id"),
    )
    op.create_index("ix_ledger_run_id_batch", "ledger", ["run_id", "batch"])
    op.create_index("ix_ledger_object_record_id", "ledger", ["object", "record_id"])
    op.create_table(
        "ledger_requests",
        sa.Column("run_id", Identity, autoincrement=False, nullable=False),
        sa.Column("batch", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("sent_at", Moment, nullable=False),
        sa.Column("answered_at", Moment),
        sa.Column("request", sa.LargeBinary),
        sa.Column("answer", sa.Text),
        sa.PrimaryKeyConstraint("run_id", "batch", name="pk_ledger_requests"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_ledger_requests_run_id"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("automation", sa.String(64), nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("approved", sa.Text),
        sa.PrimaryKeyConstraint("automation", "record_id", name="pk_decisions"),
    )


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("automation", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("counts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("automation", "fingerprint", name="pk_plans"),
    )
    op.create_index("ix_plans_automation_seen_at", "plans", ["automation", "seen_at"])
