"""Members of campaigns on the mail side: who they are, who waits, whom a person decided about.

What a sync changes of them goes through ``Campaigns.changing``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, or_, select, update

from workbench.store.state import columnar
from workbench.store.state.campaign_rows import of, parts
from workbench.store.state.campaign_tables import (
    campaign_backlog,
    campaign_decisions,
    campaign_members,
)
from workbench.store.state.database import Database

if TYPE_CHECKING:
    import pyarrow as pa

MEMBER_COLUMNS = tuple(column for column in campaign_members.columns if column.name != "sync")
TEST_PREFIX = "test:"
"""Ids of global test members, who are on the mail side alone."""


class CampaignMembers:
    """The members of one installation's campaigns, by the name of their sync document."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, sync: str, campaign_ids: Sequence[str]) -> pa.Table:
        """Every member of some campaigns, one row each."""
        wanted = select(*MEMBER_COLUMNS).where(
            of(campaign_members, sync, campaign_ids, "campaign_id")
        )
        with self._database.reads() as connection:
            return columnar.read(connection, wanted)

    def page(
        self,
        sync: str,
        campaign_id: str,
        *,
        search: str = "",
        state: str | None = None,
        reason: str | None = None,
        offset: int = 0,
        limit: int | None = 100,
    ) -> tuple[int, pa.Table]:
        """Some members by name, and how many there are of that kind."""
        table = campaign_members
        where: list[ColumnElement[bool]] = [of(table, sync, [campaign_id], "campaign_id")]
        if search:
            like = f"%{search.lower()}%"
            names = (table.c.email, table.c.first_name, table.c.last_name, table.c.member_id)
            where.append(or_(*(func.lower(name).like(like) for name in names)))
        if state is not None:
            where.append(table.c.state == state)
        if reason is not None:
            where.append(table.c.reason == reason)
        order = (table.c.last_name, table.c.first_name, table.c.member_id)
        wanted = select(*MEMBER_COLUMNS).where(*where).order_by(*order).offset(offset)
        with self._database.reads() as connection:
            counted = select(func.count()).select_from(table).where(*where)
            total = connection.execute(counted).scalar_one()
            return total, columnar.read(connection, wanted.limit(limit))

    def get(self, sync: str, member_id: str) -> dict[str, Any] | None:
        """One member; None if there is none."""
        table = campaign_members
        at = (table.c.sync == sync) & (table.c.member_id == member_id)
        with self._database.reads() as connection:
            row = connection.execute(select(*MEMBER_COLUMNS).where(at)).one_or_none()
        return dict(row._mapping) if row else None

    def want(
        self, sync: str, member_ids: Sequence[str], status: str, *, why: str, at: datetime
    ) -> int:
        """Let the mail side want a status for members; the next sync carries it. How many."""
        values = {"wanted": status, "wanted_at": at, "wanted_why": why}
        with self._database.writes() as connection:
            return sum(
                connection.execute(
                    update(campaign_members)
                    .where(of(campaign_members, sync, part, "member_id"))
                    .values(**values)
                ).rowcount
                for part in parts(member_ids)
            )

    def counts(self, sync: str | None = None) -> dict[tuple[str, str], dict[str, int]]:
        """Members of every campaign in numbers, by (sync, campaign).

        ``total`` is leads and contacts less converted leads, whose row counts as both.
        """
        table = campaign_members
        both = table.c.lead_id.is_not(None) & table.c.contact_id.is_not(None)
        active = table.c.state == "Active"
        wanted = (
            select(
                table.c.sync,
                table.c.campaign_id,
                func.count().label("total"),
                _count_if(active).label("active"),
                _count_if(~active).label("inactive"),
                func.count(table.c.lead_id).label("leads"),
                func.count(table.c.contact_id).label("contacts"),
                _count_if(both).label("converted"),
            )
            .where(~table.c.member_id.startswith(TEST_PREFIX))
            .group_by(table.c.sync, table.c.campaign_id)
        )
        if sync is not None:
            wanted = wanted.where(table.c.sync == sync)
        with self._database.reads() as connection:
            found = connection.execute(wanted).mappings().all()
        names = ("total", "active", "inactive", "leads", "contacts", "converted")
        return {
            (row["sync"], row["campaign_id"]): {name: int(row[name]) for name in names}
            for row in found
        }

    # -- rows that wait, rows a person decided about -----------------------------------------

    def backlog(self, sync: str, campaign_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Members read and not taken over: ``member_id campaign_id theirs reason``."""
        table = campaign_backlog
        wanted = select(table.c.member_id, table.c.campaign_id, table.c.theirs, table.c.reason)
        wanted = wanted.where(of(table, sync, campaign_ids, "campaign_id"))
        with self._database.reads() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def decisions(self, sync: str, campaign_ids: Sequence[str]) -> list[dict[str, Any]]:
        """What people decided about single members."""
        table = campaign_decisions
        wanted = select(table).where(of(table, sync, campaign_ids, "campaign_id"))
        with self._database.reads() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def decide(
        self,
        sync: str,
        campaign_id: str,
        member_ids: Sequence[str],
        decision: str | None,
        *,
        who: str,
        at: datetime,
        reason: str | None = None,
    ) -> None:
        """Hold or exclude members, choose a conflict's winner, or (None) take that back."""
        common: dict[str, Any] = {"sync": sync, "campaign_id": campaign_id}
        common |= {"decision": decision, "who": who, "at": at, "reason": reason}
        with self._database.writes() as connection:
            for part in parts(member_ids):
                gone = of(campaign_decisions, sync, part, "member_id")
                connection.execute(campaign_decisions.delete().where(gone))
                if decision is not None:
                    rows = [{**common, "member_id": member} for member in part]
                    connection.execute(campaign_decisions.insert(), rows)


def _count_if(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
