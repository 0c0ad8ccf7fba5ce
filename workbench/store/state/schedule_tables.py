"""Tables of the scheduler: which slots were taken, who holds the lease, what it told people."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from workbench.store.state.tables import Identity, Moment, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("job", String(160), primary_key=True),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    # Every fire up to here is in `slots`.
    Column("considered_until", Moment, nullable=False),
    # What the scheduler last knew it to fire by, so that a change owes only what was due before.
    Column("schedules", JSON(none_as_null=True)),
    Column("failures_in_row", Integer, nullable=False, server_default=text("0")),
    Column("paused_at", Moment),
    Column("paused_reason", Text),
    # The state the last alert spoke of, so that people hear of changes only.
    Column("told", String(32)),
    Column("muted_until", Moment),
)

slots = Table(
    "slots",
    metadata,
    Column("job", String(160), primary_key=True),
    Column("due_at", Moment, primary_key=True),
    Column("state", String(16), nullable=False),  # queued | missed | skipped
    Column("schedule", Text),
    Column("run_id", BigInteger),
    Column("decided_at", Moment),
    Column("decided_by", Text),
    Index("ix_slots_state_due_at", "state", "due_at"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("pid", Integer),
    Column("host", Text),
    Column("process_started", Text),
    Column("taken_at", Moment),
    Column("heartbeat_at", Moment),
    Column("note", JSON(none_as_null=True)),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("job", String(160), nullable=False),
    Column("state", String(32), nullable=False),
    Column("level", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("hint", Text),
    Column("run_id", BigInteger),
    Column("read_at", Moment),
    Index("ix_alerts_job_id", "job", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("alert_id", Identity, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("state", String(16), nullable=False),  # waiting | delivered | given up
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Moment),
    Column("error", Text),
)
