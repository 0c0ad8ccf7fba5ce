"""Documents with their history, secrets, runs with their log."""

import sqlalchemy as sa
from alembic import op

from workbench.store.state.tables import Identity, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    _documents()
    _runs()


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_documents"),
    )
    op.create_table(
        "document_changes",
        sa.Column("id", Identity, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True)),
        sa.Column("after", sa.JSON(none_as_null=True)),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_document_changes"),
    )
    op.create_index("ix_document_changes_kind_name_id", "document_changes", ["kind", "name", "id"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", Identity, nullable=False),
        sa.Column("job", sa.String(160), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("stage", sa.Text),
        sa.Column("done", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("total", sa.BigInteger),
        sa.Column("rows", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("requests", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("bytes", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("queued_at", Moment),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("due_at", Moment),
        sa.Column("pid", sa.Integer),
        sa.Column("host", sa.Text),
        sa.Column("process_started", sa.Text),
        sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("error", sa.Text),
        sa.Column("hint", sa.Text),
        sa.Column("result", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_job_id", "runs", ["job", "id"])
    running = sa.text("status = 'running'")
    op.create_index(
        "uq_runs_one_running_per_job",
        "runs",
        ["job"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_table(
        "run_log",
        sa.Column("id", Identity, nullable=False),
        sa.Column("run_id", Identity, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run_log"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_run_log_run_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_run_log_run_id_id", "run_log", ["run_id", "id"])
