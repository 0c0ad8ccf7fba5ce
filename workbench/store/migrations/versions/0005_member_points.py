"""Points and owners of members, and what stands in the fields of Salesforce that we write."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add columns; nothing that stands changes."""
    op.add_column("campaigns", sa.Column("members_read_with", sa.Text))
    for column in (
        sa.Column("owner", sa.Text),
        sa.Column("points", sa.Integer),
        sa.Column("state_there", sa.Text),
        sa.Column("reason_there", sa.Text),
        sa.Column("action_there", sa.Text),
        sa.Column("points_there", sa.Float),
        sa.Column("merged_into", sa.String(18)),
    ):
        op.add_column("campaign_members", column)
