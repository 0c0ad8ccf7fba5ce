"""What campaign syncs did: history by campaign, every change, notices, calls by run and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from workbench.store.state import columnar
from workbench.store.state.campaign_tables import (
    api_calls,
    api_usage,
    campaign_changes,
    campaign_notices,
    campaign_syncs,
)
from workbench.store.state.columnar import upsert
from workbench.store.state.database import Database

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class SyncedRow:
    """One line of a campaign's sync history."""

    id: int
    run_id: int
    sync: str
    campaign_id: str
    kind: str
    trigger: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    counts: dict[str, Any] | None
    calls: float
    """This campaign's share of the run's calls."""
    warnings: list[str] | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an owner should read."""

    id: int
    at: datetime
    sync: str
    campaign_id: str
    owner: str | None
    event: str
    text: str
    warnings: list[str] | None
    run_id: int | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of an org's calls."""

    connection: str
    at: datetime
    limit: int | None
    used: int | None
    paused_at: datetime | None
    """Since when runs nobody waits for are paused; None while they go."""
    describes: dict[str, Any] | None
    described_at: datetime | None


class CampaignHistory:
    """What was done, for ever; and what it cost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def syncs(
        self,
        sync: str | None = None,
        campaign_id: str | None = None,
        *,
        run_id: int | None = None,
        limit: int = 50,
    ) -> list[SyncedRow]:
        """The newest syncs, newest first."""
        table = campaign_syncs
        wanted = select(table).order_by(table.c.id.desc()).limit(limit)
        for column, value in (("sync", sync), ("campaign_id", campaign_id), ("run_id", run_id)):
            if value is not None:
                wanted = wanted.where(table.c[column] == value)
        with self._database.reads() as connection:
            return [SyncedRow(**row) for row in connection.execute(wanted).mappings()]

    def record(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add lines to the sync history outside of a sync's own transaction: failed ones."""
        if rows:
            with self._database.writes() as connection:
                connection.execute(insert(campaign_syncs), list(rows))

    def changes(
        self,
        run_id: int,
        *,
        campaign_id: str | None = None,
        state: str | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """What a run changed, member by member, before and after."""
        table = campaign_changes
        wanted = select(table).where(table.c.run_id == run_id).order_by(table.c.id)
        if campaign_id is not None:
            wanted = wanted.where(table.c.campaign_id == campaign_id)
        if state is not None:
            wanted = wanted.where(table.c.state == state)
        with self._database.reads() as connection:
            return columnar.read(connection, wanted.limit(limit))

    def changes_of(self, sync: str, member_id: str) -> pa.Table:
        """Everything that ever changed about one member, oldest first."""
        table = campaign_changes
        wanted = select(table).where(table.c.sync == sync, table.c.member_id == member_id)
        with self._database.reads() as connection:
            return columnar.read(connection, wanted.order_by(table.c.id))

    # -- notices -----------------------------------------------------------------------------

    def notices(
        self, sync: str | None = None, *, unread: bool = False, limit: int = 50
    ) -> list[Notice]:
        """The newest notices, newest first."""
        table = campaign_notices
        wanted = select(table).order_by(table.c.id.desc()).limit(limit)
        if sync is not None:
            wanted = wanted.where(table.c.sync == sync)
        if unread:
            wanted = wanted.where(table.c.read_at.is_(None))
        with self._database.reads() as connection:
            return [Notice(**row) for row in connection.execute(wanted).mappings()]

    def mark_read(self, notice_ids: Sequence[int], *, at: datetime) -> None:
        """Say that notices were read."""
        mine = campaign_notices.c.id.in_(list(notice_ids))
        with self._database.writes() as connection:
            connection.execute(update(campaign_notices).where(mine).values(read_at=at))

    # -- calls -------------------------------------------------------------------------------

    def spent(
        self,
        connection_name: str,
        *,
        calls: int,
        at: datetime,
        kind: str,
        run_id: int | None = None,
        estimated: int | None = None,
    ) -> None:
        """Add the calls of a piece of work, whatever became of it."""
        row = {"connection": connection_name, "calls": calls, "at": at, "kind": kind}
        with self._database.writes() as connection:
            connection.execute(insert(api_calls).values(**row, run_id=run_id, estimated=estimated))

    def calls_since(self, connection_name: str, since: datetime) -> int:
        """Our own calls of a connection since a moment."""
        table = api_calls
        wanted = select(func.coalesce(func.sum(table.c.calls), 0)).where(
            table.c.connection == connection_name, table.c.at > since
        )
        with self._database.reads() as connection:
            return int(connection.execute(wanted).scalar_one())

    def calls(self, connection_name: str, since: datetime) -> pa.Table:
        """Our own calls since a moment, one row per piece of work: at, run, kind, both counts."""
        table = api_calls
        wanted = select(table).where(table.c.connection == connection_name, table.c.at > since)
        with self._database.reads() as connection:
            return columnar.read(connection, wanted.order_by(table.c.id))

    def usage(self, connection_name: str) -> Usage | None:
        """What is known of an org's calls; None before it was ever asked."""
        wanted = select(api_usage).where(api_usage.c.connection == connection_name)
        with self._database.reads() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        return Usage(**{each.name: row._mapping[each.name] for each in fields(Usage)})

    def learn_usage(self, connection_name: str, *, at: datetime, **columns: Any) -> None:
        """Keep what was learnt of an org's calls; columns not named stay as they are."""
        with self._database.writes() as connection:
            upsert(connection, api_usage, [{"connection": connection_name, "at": at, **columns}])
