"""The ledger of prediction syncs, decisions on single rows, plans that were seen."""

from alembic import op

from workbench.store.state import ledger_tables
from workbench.store.state.tables import metadata

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what prediction syncs keep."""
    tables = ("ledger", "ledger_requests", "decisions", "plans")
    assert ledger_tables
    metadata.create_all(op.get_bind(), [metadata.tables[name] for name in tables])
