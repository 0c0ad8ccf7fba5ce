"""The mail side of campaign syncs, what every sync changed, calls, notices."""

import sqlalchemy as sa
from alembic import op

from workbench.store.state.tables import Identity, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what campaign syncs keep."""
    _campaigns()
    _members()
    _history()
    _calls()


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("id", sa.String(18), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text),
        sa.Column("status", sa.Text),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("start_date", sa.Date),
        sa.Column("end_date", sa.Date),
        sa.Column("owner_id", sa.String(18)),
        sa.Column("owner", sa.Text),
        sa.Column("counts", sa.JSON(none_as_null=True)),
        sa.Column("labels", sa.JSON(none_as_null=True)),
        sa.Column("auto_sync", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("read_at", Moment),
        sa.Column("ours", sa.JSON(none_as_null=True)),
        sa.Column("sends", sa.String(16)),
        sa.Column("initial_at", Moment),
        sa.Column("manual_at", Moment),
        sa.Column("nightly_at", Moment),
        sa.Column("hourly_at", Moment),
        sa.Column("cursor_at", Moment),
        sa.Column("deleted_until", Moment),
        sa.Column("claimed_by", sa.BigInteger),
        sa.Column("statistics", sa.JSON(none_as_null=True)),
        sa.Column("warnings", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("sync", "id", name="pk_campaigns"),
    )
    op.create_table(
        "editions",
        sa.Column("id", Identity, nullable=False),
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("campaign_id", sa.String(18), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("audience", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("start_date", sa.Date),
        sa.Column("end_date", sa.Date),
        sa.Column("days_delay", sa.Integer),
        sa.Column("external_id", sa.Text),
        sa.Column("send_settings", sa.JSON(none_as_null=True)),
        sa.Column("statistics", sa.JSON(none_as_null=True)),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_editions"),
    )
    op.create_index(
        "uq_editions_campaign_number", "editions", ["sync", "campaign_id", "number"], unique=True
    )


def _members() -> None:
    op.create_table(
        "campaign_members",
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("campaign_id", sa.String(18), nullable=False),
        sa.Column("person_id", sa.String(18)),
        sa.Column("lead_id", sa.String(18)),
        sa.Column("contact_id", sa.String(18)),
        sa.Column("is_converted", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("email", sa.Text),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("status", sa.Text),
        sa.Column("has_responded", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("wanted", sa.Text),
        sa.Column("wanted_at", Moment),
        sa.Column("wanted_why", sa.Text),
        sa.Column("opted_out", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("opt_out", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("last_action", sa.String(16)),
        sa.Column("last_action_at", Moment),
        sa.Column("email_since", Moment),
        sa.Column("is_test", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("joined_at", Moment),
        sa.Column("modified_at", Moment),
        sa.Column("person_modified_at", Moment),
        sa.PrimaryKeyConstraint("sync", "member_id", name="pk_campaign_members"),
    )
    op.create_index("ix_campaign_members_email", "campaign_members", ["email"])
    op.create_index(
        "ix_campaign_members_sync_campaign_id", "campaign_members", ["sync", "campaign_id"]
    )
    op.create_table(
        "campaign_backlog",
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("campaign_id", sa.String(18), nullable=False),
        sa.Column("theirs", sa.JSON(none_as_null=True)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("sync", "member_id", name="pk_campaign_backlog"),
    )
    op.create_index(
        "ix_campaign_backlog_sync_campaign_id", "campaign_backlog", ["sync", "campaign_id"]
    )
    op.create_table(
        "campaign_decisions",
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("campaign_id", sa.String(18), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("sync", "member_id", name="pk_campaign_decisions"),
    )


def _history() -> None:
    op.create_table(
        "campaign_syncs",
        sa.Column("id", Identity, nullable=False),
        sa.Column("run_id", Identity, nullable=False),
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("campaign_id", sa.String(18), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("finished_at", Moment),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("counts", sa.JSON(none_as_null=True)),
        sa.Column("calls", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("warnings", sa.JSON(none_as_null=True)),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_syncs"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_campaign_syncs_run_id"),
    )
    op.create_index("ix_campaign_syncs_run_id", "campaign_syncs", ["run_id"])
    op.create_index(
        "ix_campaign_syncs_sync_campaign_id", "campaign_syncs", ["sync", "campaign_id", "id"]
    )
    op.create_table(
        "campaign_changes",
        sa.Column("id", Identity, nullable=False),
        sa.Column("run_id", Identity, nullable=False),
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("campaign_id", sa.String(18), nullable=False),
        sa.Column("member_id", sa.String(32)),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("field", sa.Text),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_changes"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_campaign_changes_run_id"),
    )
    op.create_index("ix_campaign_changes_member_id", "campaign_changes", ["sync", "member_id"])
    op.create_index("ix_campaign_changes_run_id", "campaign_changes", ["run_id", "campaign_id"])
    op.create_table(
        "campaign_notices",
        sa.Column("id", Identity, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("sync", sa.String(64), nullable=False),
        sa.Column("campaign_id", sa.String(18), nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("warnings", sa.JSON(none_as_null=True)),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("read_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_notices"),
    )
    op.create_index("ix_campaign_notices_sync_id", "campaign_notices", ["sync", "id"])


def _calls() -> None:
    op.create_table(
        "api_calls",
        sa.Column("id", Identity, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("estimated", sa.Integer),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_calls"),
    )
    op.create_index("ix_api_calls_connection_at", "api_calls", ["connection", "at"])
    op.create_table(
        "api_usage",
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("limit", sa.BigInteger),
        sa.Column("used", sa.BigInteger),
        sa.Column("paused_at", Moment),
        sa.Column("describes", sa.JSON(none_as_null=True)),
        sa.Column("described_at", Moment),
        sa.PrimaryKeyConstraint("connection", name="pk_api_usage"),
    )
