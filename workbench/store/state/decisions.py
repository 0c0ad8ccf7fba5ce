"""What people decided about single records of an automation: hold, exclude, approve."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Delete, delete, insert, select

from workbench.store.state.database import Database
from workbench.store.state.ledger_tables import decisions

if TYPE_CHECKING:
    import pyarrow as pa

Decided = Literal["hold", "exclude", "approve"]
COLUMNS = ("record_id", "decision", "reason", "approved", "who")
AT_ONCE = 500
"""Ids in one statement; databases take a few thousand parameters at most."""


class Decisions:
    """The decisions of one installation, one per automation and record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def decide(
        self,
        automation: str,
        records: Sequence[str],
        decision: Decided,
        *,
        who: str,
        reason: str | None = None,
        approved: Sequence[str | None] | None = None,
    ) -> None:
        """Keep one decision for several records; it replaces what was decided before.

        Args:
            approved: For each record what an approval is given for.
        """
        now = datetime.now(UTC)
        given = approved if approved is not None else [None] * len(records)
        common = {"automation": automation, "decision": decision, "who": who, "reason": reason}
        rows = [
            {**common, "record_id": record, "approved": what, "at": now}
            for record, what in zip(records, given, strict=True)
        ]
        with self._database.writes() as connection:
            for start in range(0, len(rows), AT_ONCE):
                some = rows[start : start + AT_ONCE]
                connection.execute(_of(automation, [str(row["record_id"]) for row in some]))
                connection.execute(insert(decisions), some)

    def withdraw(self, automation: str, records: Sequence[str]) -> None:
        """Forget what was decided about these records."""
        with self._database.writes() as connection:
            for start in range(0, len(records), AT_ONCE):
                connection.execute(_of(automation, records[start : start + AT_ONCE]))

    def of(self, automation: str) -> "pa.Table":
        """Every decision of an automation: record_id, decision, reason, approved, who."""
        import pyarrow as pa

        wanted = select(*(decisions.c[name] for name in COLUMNS))
        wanted = wanted.where(decisions.c.automation == automation)
        with self._database.reads() as connection:
            rows = connection.execute(wanted.order_by(decisions.c.record_id)).all()
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
        return pa.table(
            {
                name: pa.array(column, pa.string())
                for name, column in zip(COLUMNS, columns, strict=True)
            }
        )


def _of(automation: str, records: Sequence[str]) -> Delete:
    mine = decisions.c.automation == automation
    return delete(decisions).where(mine & decisions.c.record_id.in_(records))
