"""The mail side: campaigns, their editions and members, as the workbench keeps them.

Reads stand alone; what one sync changes goes through ``changing``, one transaction for all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, or_, select, update

from workbench.errors import InputError
from workbench.store.state import columnar
from workbench.store.state.campaign_changing import Changing
from workbench.store.state.campaign_tables import (
    campaign_backlog,
    campaign_decisions,
    campaign_members,
    campaigns,
    editions,
)
from workbench.store.state.columnar import upsert
from workbench.store.state.database import Database
from workbench.store.state.run_rows import as_run
from workbench.store.state.tables import runs

if TYPE_CHECKING:
    import pyarrow as pa

MEMBER_COLUMNS = tuple(column for column in campaign_members.columns if column.name != "sync")
TEST_PREFIX = "test:"
"""Ids of global test members, who are on the mail side alone."""
IDS_AT_ONCE = 500
"""Ids of one statement: below the limit of every database."""


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign: as Salesforce had it last, and how far it is synced."""

    sync: str
    id: str
    name: str
    type: str | None
    status: str | None
    is_active: bool
    start_date: date | None
    end_date: date | None
    owner_id: str | None
    owner: str | None
    counts: dict[str, int] | None
    labels: list[dict[str, Any]] | None
    auto_sync: bool
    read_at: datetime | None
    ours: dict[str, Any] | None
    """Name, type and dates taken over by the first sync; None before it."""
    sends: str | None
    initial_at: datetime | None
    manual_at: datetime | None
    nightly_at: datetime | None
    hourly_at: datetime | None
    cursor_at: datetime | None
    deleted_until: datetime | None
    members_read_with: str | None
    """Which optional fields of members were asked for when all of them were read last."""
    claimed_by: int | None
    statistics: dict[str, Any] | None
    warnings: list[dict[str, Any]] | None

    @property
    def last_synced_at(self) -> datetime | None:
        """When any sync of it succeeded last."""
        moments = (self.initial_at, self.manual_at, self.nightly_at, self.hourly_at)
        return max((each for each in moments if each), default=None)


@dataclass(frozen=True, slots=True)
class EditionRow:
    """One e-mail edition of a campaign."""

    id: int
    sync: str
    campaign_id: str
    number: int
    name: str
    audience: str | None
    subject: str | None
    active: bool
    start_date: date | None
    end_date: date | None
    days_delay: int | None
    external_id: str | None
    send_settings: dict[str, Any] | None
    statistics: dict[str, Any] | None
    created_at: datetime


class Campaigns:
    """The campaigns of one installation, by the name of their sync document."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, sync: str | None = None) -> list[CampaignRow]:
        """Every campaign, of one sync or of all, by name."""
        wanted = select(campaigns).order_by(campaigns.c.name, campaigns.c.id)
        if sync is not None:
            wanted = wanted.where(campaigns.c.sync == sync)
        with self._database.reads() as connection:
            return [_campaign(row) for row in connection.execute(wanted)]

    def get(self, campaign_id: str, sync: str | None = None) -> CampaignRow | None:
        """One campaign by its 18 characters; None if it was never read.

        Raises:
            InputError: two syncs have it.
        """
        wanted = select(campaigns).where(campaigns.c.id == campaign_id)
        if sync is not None:
            wanted = wanted.where(campaigns.c.sync == sync)
        with self._database.reads() as connection:
            found = [_campaign(row) for row in connection.execute(wanted)]
        if len(found) > 1:
            raise InputError(
                f"{campaign_id} is a campaign of {' and '.join(row.sync for row in found)}",
                hint="Say which sync is meant.",
            )
        return found[0] if found else None

    def learn(self, sync: str, rows: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
        """Keep campaigns as Salesforce has them; what is ours of them stays."""
        with self._database.writes() as connection:
            upsert(connection, campaigns, [{**row, "sync": sync, "read_at": at} for row in rows])

    def mark_deleted(self, sync: str, there: Collection[str]) -> None:
        """Campaigns that Salesforce has no more are closed for good; what is ours stays."""
        with self._database.writes() as connection:
            known = connection.execute(select(campaigns.c.id).where(campaigns.c.sync == sync))
            gone = [each for each in known.scalars() if each not in there]
            for part in _parts(gone):
                columns = {"status": "Deleted", "is_active": False}
                where = _of(campaigns, sync, part, "id")
                connection.execute(update(campaigns).where(where).values(**columns))

    def learn_labels(self, sync: str, labels: Mapping[str, list[dict[str, Any]]]) -> None:
        """Keep the member statuses of campaigns as they were read."""
        with self._database.writes() as connection:
            for campaign_id, told in labels.items():
                where = _of(campaigns, sync, [campaign_id], "id")
                connection.execute(update(campaigns).where(where).values(labels=told))

    def change(self, sync: str, campaign_id: str, **columns: Any) -> None:
        """Set columns of one campaign, such as ``auto_sync``."""
        at = _of(campaigns, sync, [campaign_id], "id")
        with self._database.writes() as connection:
            connection.execute(update(campaigns).where(at).values(**columns))

    # -- who has it in hand ------------------------------------------------------------------

    def claim(self, sync: str, campaign_ids: Sequence[str], run_id: int) -> dict[str, int]:
        """Take campaigns in hand for a run: all of them or none; gives who has which instead."""
        with self._database.writes() as connection:
            wanted = _of(campaigns, sync, campaign_ids, "id")
            # Locked, where the database locks rows: two runs may ask at the same moment.
            asked = select(campaigns.c.id, campaigns.c.claimed_by).where(wanted)
            rows = connection.execute(asked.with_for_update()).all()
            held = [row for row in rows if row.claimed_by not in (None, run_id)]
            numbers = {row.claimed_by for row in held}
            found = connection.execute(select(runs).where(runs.c.id.in_(numbers))).all()
            running = {run.id for run in map(as_run, found) if _is_at_work(run)}
            busy = {row.id: row.claimed_by for row in held if row.claimed_by in running}
            if not busy:
                connection.execute(update(campaigns).where(wanted).values(claimed_by=run_id))
            return busy

    def release(self, run_id: int) -> None:
        """Give back whatever a run has in hand."""
        mine = campaigns.c.claimed_by == run_id
        with self._database.writes() as connection:
            connection.execute(update(campaigns).where(mine).values(claimed_by=None))

    # -- members -----------------------------------------------------------------------------

    def members(self, sync: str, campaign_ids: Sequence[str]) -> pa.Table:
        """Every member of some campaigns, one row each."""
        wanted = select(*MEMBER_COLUMNS).where(
            _of(campaign_members, sync, campaign_ids, "campaign_id")
        )
        with self._database.reads() as connection:
            return columnar.read(connection, wanted)

    def members_page(
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
        where: list[ColumnElement[bool]] = [_of(table, sync, [campaign_id], "campaign_id")]
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

    def member(self, sync: str, member_id: str) -> dict[str, Any] | None:
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
                    .where(_of(campaign_members, sync, part, "member_id"))
                    .values(**values)
                ).rowcount
                for part in _parts(member_ids)
            )

    def member_counts(self, sync: str | None = None) -> dict[tuple[str, str], dict[str, int]]:
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
        wanted = wanted.where(_of(table, sync, campaign_ids, "campaign_id"))
        with self._database.reads() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def decisions(self, sync: str, campaign_ids: Sequence[str]) -> list[dict[str, Any]]:
        """What people decided about single members."""
        table = campaign_decisions
        wanted = select(table).where(_of(table, sync, campaign_ids, "campaign_id"))
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
            for part in _parts(member_ids):
                gone = _of(campaign_decisions, sync, part, "member_id")
                connection.execute(campaign_decisions.delete().where(gone))
                if decision is not None:
                    rows = [{**common, "member_id": member} for member in part]
                    connection.execute(campaign_decisions.insert(), rows)

    # -- editions ----------------------------------------------------------------------------

    def editions(self, sync: str, campaign_id: str) -> list[EditionRow]:
        """A campaign's editions in the order they are sent."""
        wanted = select(editions).where(_of(editions, sync, [campaign_id], "campaign_id"))
        with self._database.reads() as connection:
            rows = connection.execute(wanted.order_by(editions.c.number))
            return [EditionRow(**row) for row in rows.mappings()]

    def change_edition(self, edition_id: int, **columns: Any) -> None:
        """Set columns of an edition, such as its subject or dates."""
        with self._database.writes() as connection:
            connection.execute(
                update(editions).where(editions.c.id == edition_id).values(**columns)
            )

    @contextmanager
    def changing(self, sync: str, run_id: int) -> Iterator[Changing]:
        """One transaction for what a sync changes here: all of it or nothing."""
        with self._database.writes() as connection:
            yield Changing(connection, sync, run_id)


def _campaign(row: Any) -> CampaignRow:
    return CampaignRow(**{each.name: row._mapping[each.name] for each in fields(CampaignRow)})


def _is_at_work(run: Any) -> bool:
    return run.status == "running" and not run.is_interrupted


def _of(table: Any, sync: str, ids: Sequence[str], column: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = (table.c.sync == sync) & table.c[column].in_(list(ids))
    return condition


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]


def _count_if(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
