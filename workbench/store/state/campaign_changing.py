"""What one sync changes on the mail side, inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from workbench.store.state.campaign_tables import (
    campaign_backlog,
    campaign_changes,
    campaign_members,
    campaign_notices,
    campaign_syncs,
    campaigns,
    editions,
)
from workbench.store.state.columnar import AT_ONCE, rows_of, upsert

if TYPE_CHECKING:
    import pyarrow as pa


class Changing:
    """Writes of one run of one sync; all of them are kept, or none."""

    def __init__(self, connection: Connection, sync: str, run_id: int) -> None:
        self._connection = connection
        self._sync, self._run_id = sync, run_id

    @property
    def transaction(self) -> Connection:
        """For what another store keeps with it, or not at all."""
        return self._connection

    def keep(self, members: pa.Table) -> None:
        """Store members as they are now; their columns are those of the table."""
        for rows in rows_of(members, {"sync": self._sync}):
            upsert(self._connection, campaign_members, rows)

    def agree(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Statuses that both sides now have: ``member_id status has_responded``."""
        table = campaign_members
        agreed = (
            update(table)
            .where(table.c.sync == self._sync, table.c.member_id == bindparam("at_member"))
            .values(
                status=bindparam("now_status"),
                has_responded=bindparam("now_responded"),
                wanted=None,
                wanted_at=None,
                wanted_why=None,
            )
        )
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            self._connection.execute(
                agreed,
                [
                    {
                        "at_member": row["member_id"],
                        "now_status": row["status"],
                        "now_responded": row["has_responded"],
                    }
                    for row in part
                ],
            )

    def tell(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """What stands in Salesforce's fields of members by now: ``member_id`` and columns."""
        if not rows:
            return
        table = campaign_members
        columns: dict[str, Any] = {
            name: bindparam(f"now_{name}") for name in rows[0] if name != "member_id"
        }
        told = (
            update(table)
            .where(table.c.sync == self._sync, table.c.member_id == bindparam("at_member"))
            .values(**columns)
        )
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            self._connection.execute(
                told,
                [
                    {
                        "at_member": row["member_id"],
                        **{f"now_{name}": row[name] for name in columns},
                    }
                    for row in part
                ],
            )

    def leave(self, member_ids: pa.Table) -> None:
        """Remove members."""
        gone = delete(campaign_members).where(
            campaign_members.c.sync == self._sync,
            campaign_members.c.member_id == bindparam("gone"),
        )
        for rows in rows_of(member_ids.select(["member_id"]), {}):
            self._connection.execute(gone, [{"gone": row["member_id"]} for row in rows])

    def wait(
        self,
        campaign_ids: Sequence[str],
        rows: Sequence[Mapping[str, Any]],
        *,
        at: datetime,
        among: Sequence[str] | None = None,
    ) -> None:
        """Replace the backlog of these campaigns: ``member_id campaign_id theirs reason``.

        Args:
            among: The members whose backlog is replaced; None is everybody's.
        """
        table = campaign_backlog
        mine = (table.c.sync == self._sync) & table.c.campaign_id.in_(list(campaign_ids))
        if among is None:
            self._connection.execute(delete(table).where(mine))
        else:
            one = mine & (table.c.member_id == bindparam("waiting"))
            told = [{"waiting": member} for member in among]
            if told:
                self._connection.execute(delete(table).where(one), told)
        if rows:
            kept = [{**row, "sync": self._sync, "at": at} for row in rows]
            self._connection.execute(insert(table), kept)

    def settle(self, campaign_id: str, **columns: Any) -> None:
        """Set columns of one campaign: its cursor, the moment of its sync, statistics."""
        at = (campaigns.c.sync == self._sync) & (campaigns.c.id == campaign_id)
        self._connection.execute(update(campaigns).where(at).values(**columns))

    def add_editions(self, campaign_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add editions behind those there are."""
        mine = (editions.c.sync == self._sync) & (editions.c.campaign_id == campaign_id)
        last = self._connection.execute(select(func.max(editions.c.number)).where(mine)).scalar()
        common = {"sync": self._sync, "campaign_id": campaign_id}
        numbered = [
            {**row, **common, "number": number}
            for number, row in enumerate(rows, start=(last or 0) + 1)
        ]
        if numbered:
            self._connection.execute(insert(editions), numbered)

    def set_edition(self, edition_id: int, statistics: Mapping[str, Any]) -> None:
        """Keep an edition's figures."""
        at = editions.c.id == edition_id
        self._connection.execute(update(editions).where(at).values(statistics=dict(statistics)))

    def note(self, changes: pa.Table, *, state: str, at: datetime) -> None:
        """Add to what this run changed, member by member."""
        for rows in rows_of(changes, self._common | {"state": state, "at": at}):
            self._connection.execute(insert(campaign_changes), rows)

    def answered(
        self, failed: Sequence[Mapping[str, Any]], what: str = "status", *, done: bool = True
    ) -> None:
        """Say what became of what was to be sent: all of it arrived, but for ``failed``.

        Args:
            failed: ``campaign_id member_id code reason``, each a row of its own.
        """
        table = campaign_changes
        mine = (table.c.run_id == self._run_id) & (table.c.direction == "out")
        if failed:
            one = (
                update(table)
                .where(
                    mine,
                    table.c.what == what,
                    table.c.campaign_id == bindparam("at_campaign"),
                    table.c.member_id == bindparam("at_member"),
                )
                .values(state="failed", code=bindparam("told"), reason=bindparam("why"))
            )
            names = {"campaign_id": "at_campaign", "member_id": "at_member"}
            names |= {"code": "told", "reason": "why"}
            rows = [{to: row[name] for name, to in names.items()} for row in failed]
            self._connection.execute(one, rows)
        if done:
            waiting = mine & (table.c.what == what) & (table.c.state == "planned")
            self._connection.execute(update(table).where(waiting).values(state="done"))

    def history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a line to the sync history of campaigns."""
        if rows:
            own = {"run_id": self._run_id, "sync": self._sync}
            self._connection.execute(insert(campaign_syncs), [{**row, **own} for row in rows])

    def notices(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Tell owners something."""
        if rows:
            own = {"run_id": self._run_id, "sync": self._sync}
            self._connection.execute(insert(campaign_notices), [{**row, **own} for row in rows])

    @property
    def _common(self) -> dict[str, Any]:
        return {"run_id": self._run_id, "sync": self._sync}
