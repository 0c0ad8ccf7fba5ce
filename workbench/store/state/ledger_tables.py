"""Tables of the prediction syncs: every value written, the requests, decisions on single rows."""

from sqlalchemy import (
    JSON,
    BigInteger,
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

ledger = Table(
    "ledger",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run_id", Identity, ForeignKey("runs.id"), nullable=False),
    Column("automation", String(64), nullable=False),
    Column("object", String(16), nullable=False),
    Column("record_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("batch", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("at", Moment, nullable=False),
    Index("ix_ledger_run_id_batch", "run_id", "batch"),
    Index("ix_ledger_object_record_id", "object", "record_id"),
)

ledger_requests = Table(
    "ledger_requests",
    metadata,
    Column("run_id", Identity, ForeignKey("runs.id"), primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("records", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("sent_at", Moment),
    Column("answered_at", Moment),
    Column("request", Text),
    Column("answer", Text),
)

decisions = Table(
    "decisions",
    metadata,
    Column("automation", String(64), primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("decision", String(16), nullable=False),  # hold | exclude | approve
    Column("reason", Text),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    # What an approval was given for; another value needs another look.
    Column("approved", Text),
)

plans = Table(
    "plans",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("automation", String(64), primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("run_id", BigInteger),
    Column("counts", JSON(none_as_null=True), nullable=False),
    Column("file", Text),
    Index("ix_plans_automation_made_at", "automation", "made_at"),
)
