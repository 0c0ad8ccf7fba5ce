"""Tables of the prediction syncs: every value written, the requests, decisions on single rows."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from workbench.store.state.tables import Identity, Moment, metadata

pushes = Table(
    "pushes",
    metadata,
    Column("run_id", Identity, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("automation", String(64), nullable=False),
    Column("connection", String(64), nullable=False),
    Column("object", String(16), nullable=False),
    Column("field_group", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),  # sync | undo | retry | test | clear
    # The run that an undo takes back, or whose failed rows are sent again.
    Column("of_run", BigInteger),
    Column("fingerprint", String(64), nullable=False),
    Column("dataset", String(64)),
    Column("version", BigInteger),
    Column("began_at", Moment, nullable=False),
    # Empty until every cell of it is accounted for: a push that was killed.
    Column("ended_at", Moment),
    Index("ix_pushes_automation_run_id", "automation", "run_id"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run_id", Identity, ForeignKey("runs.id"), nullable=False),
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
    Column("run_id", Identity, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("batch", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),  # sent | answered | unknown | split | refused
    Column("records", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("sent_at", Moment, nullable=False),
    Column("answered_at", Moment),
    # Compressed: the bodies of a first push are hundreds of megabytes of very similar text.
    Column("request", LargeBinary),
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
    Column("automation", String(64), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("counts", JSON(none_as_null=True), nullable=False),
    Column("file", Text, nullable=False),
    Index("ix_plans_automation_seen_at", "automation", "seen_at"),
)
