"""Tables of the campaign syncs: the mail side, what every sync changed, calls, notices."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from workbench.store.state.tables import Identity, Moment, metadata

ID = String(18)
"""An id of Salesforce in its long spelling."""

campaigns = Table(
    "campaigns",
    metadata,
    Column("sync", String(64), primary_key=True),
    Column("id", ID, primary_key=True),
    # As last read from Salesforce.
    Column("name", Text, nullable=False),
    Column("type", Text),
    Column("status", Text),
    Column("is_active", Boolean, nullable=False, server_default=text("false")),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("owner_id", ID),
    Column("owner", Text),
    Column("counts", JSON(none_as_null=True)),
    Column("labels", JSON(none_as_null=True)),
    Column("auto_sync", Boolean, nullable=False, server_default=text("false")),
    Column("read_at", Moment),
    # What the first sync took over: from then on the mail side is master of it.
    Column("ours", JSON(none_as_null=True)),
    Column("sends", String(16)),
    Column("initial_at", Moment),
    Column("manual_at", Moment),
    Column("nightly_at", Moment),
    Column("hourly_at", Moment),
    # Where the next read starts. Moves only after everything of a run succeeded.
    Column("cursor_at", Moment),
    Column("deleted_until", Moment),
    # Which optional fields of members were asked for when all of them were read last.
    Column("members_read_with", Text),
    # The run that has this campaign in hand.
    Column("claimed_by", BigInteger),
    Column("statistics", JSON(none_as_null=True)),
    Column("warnings", JSON(none_as_null=True)),
)

editions = Table(
    "editions",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("sync", String(64), nullable=False),
    Column("campaign_id", ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("audience", Text),
    Column("subject", Text),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("days_delay", Integer),
    Column("external_id", Text),
    Column("send_settings", JSON(none_as_null=True)),
    Column("statistics", JSON(none_as_null=True)),
    Column("created_at", Moment, nullable=False),
    Index("uq_editions_campaign_number", "sync", "campaign_id", "number", unique=True),
)

campaign_members = Table(
    "campaign_members",
    metadata,
    Column("sync", String(64), primary_key=True),
    Column("member_id", String(32), primary_key=True),
    Column("campaign_id", ID, nullable=False),
    Column("person_id", ID),
    Column("lead_id", ID),
    Column("contact_id", ID),
    Column("is_converted", Boolean, nullable=False, server_default=text("false")),
    Column("email", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    # The status both sides agreed on, and the one our side wants instead.
    Column("status", Text),
    Column("has_responded", Boolean, nullable=False, server_default=text("false")),
    Column("wanted", Text),
    Column("wanted_at", Moment),
    Column("wanted_why", Text),
    Column("opted_out", Boolean, nullable=False, server_default=text("false")),
    Column("opt_out", Text),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("last_action", String(16)),
    Column("last_action_at", Moment),
    Column("email_since", Moment),
    Column("is_test", Boolean, nullable=False, server_default=text("false")),
    Column("joined_at", Moment),
    Column("modified_at", Moment),
    Column("person_modified_at", Moment),
    Column("owner", Text),
    Column("points", Integer),
    # What stands in the fields of Salesforce that `pam.fields` names.
    Column("state_there", Text),
    Column("reason_there", Text),
    Column("action_there", Text),
    Column("points_there", Float),
    # The person that Salesforce merged this one into, where merges are not followed.
    Column("merged_into", ID),
    Index("ix_campaign_members_sync_campaign_id", "sync", "campaign_id"),
    Index("ix_campaign_members_email", "email"),
)

campaign_backlog = Table(
    "campaign_backlog",
    metadata,
    Column("sync", String(64), primary_key=True),
    Column("member_id", String(32), primary_key=True),
    Column("campaign_id", ID, nullable=False),
    # The member as Salesforce had it; null where it was deleted there.
    Column("theirs", JSON(none_as_null=True)),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_campaign_backlog_sync_campaign_id", "sync", "campaign_id"),
)

campaign_decisions = Table(
    "campaign_decisions",
    metadata,
    Column("sync", String(64), primary_key=True),
    Column("member_id", String(32), primary_key=True),
    Column("campaign_id", ID, nullable=False),
    Column("decision", String(16), nullable=False),  # hold | exclude | salesforce | mail_side
    Column("reason", Text),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

campaign_syncs = Table(
    "campaign_syncs",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run_id", Identity, ForeignKey("runs.id"), nullable=False),
    Column("sync", String(64), nullable=False),
    Column("campaign_id", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("status", String(32), nullable=False),
    Column("counts", JSON(none_as_null=True)),
    Column("calls", Float, nullable=False, server_default=text("0")),
    Column("warnings", JSON(none_as_null=True)),
    Column("error", Text),
    Index("ix_campaign_syncs_sync_campaign_id", "sync", "campaign_id", "id"),
    Index("ix_campaign_syncs_run_id", "run_id"),
)

campaign_changes = Table(
    "campaign_changes",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run_id", Identity, ForeignKey("runs.id"), nullable=False),
    Column("sync", String(64), nullable=False),
    Column("campaign_id", ID, nullable=False),
    Column("member_id", String(32)),
    Column("direction", String(8), nullable=False),  # in | out
    Column("what", String(32), nullable=False),
    Column("field", Text),
    Column("before", Text),
    Column("after", Text),
    Column("state", String(16), nullable=False),  # planned | done | failed | held
    Column("code", Text),
    Column("reason", Text),
    Column("at", Moment, nullable=False),
    Index("ix_campaign_changes_run_id", "run_id", "campaign_id"),
    Index("ix_campaign_changes_member_id", "sync", "member_id"),
)

campaign_notices = Table(
    "campaign_notices",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("sync", String(64), nullable=False),
    Column("campaign_id", ID, nullable=False),
    Column("owner", Text),
    Column("event", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("warnings", JSON(none_as_null=True)),
    Column("run_id", BigInteger),
    Column("read_at", Moment),
    Index("ix_campaign_notices_sync_id", "sync", "id"),
)

api_calls = Table(
    "api_calls",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("run_id", BigInteger),
    Column("kind", String(16), nullable=False),
    Column("estimated", Integer),
    Column("calls", Integer, nullable=False),
    Index("ix_api_calls_connection_at", "connection", "at"),
)

api_usage = Table(
    "api_usage",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("limit", BigInteger),
    Column("used", BigInteger),
    Column("paused_at", Moment),
    Column("describes", JSON(none_as_null=True)),
    Column("described_at", Moment),
)
