"""The tables of the state database, as the newest migration leaves them.

Indexes of some rows only name SQLite's condition here; PostgreSQL's stands in the migrations alone,
because naming it would load that dialect, and asyncio with it, into every process.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

REVISION = "0005"
"""The newest migration, so that opening an up-to-date database need not load alembic."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC, also where the database has no zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; a naive datetime is a mistake of ours and is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Identity = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column called INTEGER."""

documents = Table(
    "documents",
    metadata,
    Column("kind", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("body", JSON(none_as_null=True), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

document_changes = Table(
    "document_changes",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("note", Text),
    Index("ix_document_changes_kind_name_id", "kind", "name", "id"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("token", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("updated_at", Moment, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("job", String(160), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("status", String(32), nullable=False),
    Column("stage", Text),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    Column("total", BigInteger),
    Column("rows", BigInteger, nullable=False, server_default=text("0")),
    Column("requests", BigInteger, nullable=False, server_default=text("0")),
    Column("bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("queued_at", Moment),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("due_at", Moment),
    Column("pid", Integer),
    Column("host", Text),
    Column("process_started", Text),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text),
    Column("hint", Text),
    Column("result", JSON(none_as_null=True)),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    Column("retry_of", BigInteger),
    Column("not_before", Moment),
    Column("schedule", Text),
    Column("who", Text),
    Column("options", JSON(none_as_null=True)),
    Column("error_kind", Text),
    # Whether the scheduler has drawn its conclusions: tried it again, counted it, told people.
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    Index("ix_runs_job_id", "job", "id"),
    Index("ix_runs_status", "status"),
    Index(
        "ix_runs_unsettled",
        "finished_at",
        sqlite_where=text("settled = 0"),
    ),
    # The database itself refuses a second run of one job, whoever forgets to ask first.
    Index(
        "uq_runs_one_running_per_job",
        "job",
        unique=True,
        sqlite_where=text("status = 'running'"),
    ),
    sqlite_autoincrement=True,  # a run's number is quoted in logs and versions: never reused
)

run_log = Table(
    "run_log",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run_id", Identity, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("level", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_run_log_run_id_id", "run_id", "id"),
)
