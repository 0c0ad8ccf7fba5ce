"""The mail side: campaigns and their editions, as the workbench keeps them.

Reads stand alone; what one sync changes goes through ``changing``, one transaction for all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from workbench.errors import InputError
from workbench.store.state.campaign_changing import Changing
from workbench.store.state.campaign_rows import CampaignRow, EditionRow, of, parts
from workbench.store.state.campaign_tables import campaigns, editions
from workbench.store.state.columnar import upsert
from workbench.store.state.database import Database
from workbench.store.state.run_rows import as_run
from workbench.store.state.tables import runs


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
            for part in parts(gone):
                columns = {"status": "Deleted", "is_active": False}
                where = of(campaigns, sync, part, "id")
                connection.execute(update(campaigns).where(where).values(**columns))

    def learn_labels(self, sync: str, labels: Mapping[str, list[dict[str, Any]]]) -> None:
        """Keep the member statuses of campaigns as they were read."""
        with self._database.writes() as connection:
            for campaign_id, told in labels.items():
                where = of(campaigns, sync, [campaign_id], "id")
                connection.execute(update(campaigns).where(where).values(labels=told))

    def change(self, sync: str, campaign_id: str, **columns: Any) -> None:
        """Set columns of one campaign, such as ``auto_sync``."""
        at = of(campaigns, sync, [campaign_id], "id")
        with self._database.writes() as connection:
            connection.execute(update(campaigns).where(at).values(**columns))

    # -- who has it in hand ------------------------------------------------------------------

    def claim(self, sync: str, campaign_ids: Sequence[str], run_id: int) -> dict[str, int]:
        """Take campaigns in hand for a run: all of them or none; gives who has which instead."""
        with self._database.writes() as connection:
            wanted = of(campaigns, sync, campaign_ids, "id")
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

    # -- editions ----------------------------------------------------------------------------

    def editions(self, sync: str, campaign_id: str) -> list[EditionRow]:
        """A campaign's editions in the order they are sent."""
        wanted = select(editions).where(of(editions, sync, [campaign_id], "campaign_id"))
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
