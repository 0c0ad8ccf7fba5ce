"""Alerts: the feed of notices about jobs, and the outbox of those that go elsewhere too."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from workbench.store.state import schedule_tables
from workbench.store.state.database import Database

table = schedule_tables.alerts
outbox = schedule_tables.deliveries


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """One notice as it stands in the feed."""

    id: int
    at: datetime
    job: str
    state: str
    level: str
    text: str
    hint: str | None
    run_id: int | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way out by one channel."""

    alert: KeptAlert
    channel: str
    attempts: int
    """Tries so far, all in vain."""
    error: str | None = None


class Alerts:
    """The notices of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        notice: dict[str, Any],
        *,
        at: datetime,
        channels: Sequence[str] = (),
        within: Connection | None = None,
    ) -> int:
        """Put a notice into the feed, and into the outbox for each channel; gives its number.

        Args:
            notice: ``job state level text`` and, where there are such, ``hint run_id``.
        """
        with self._database.writes(within) as connection:
            added = connection.execute(insert(table).values(at=at, **notice)).inserted_primary_key
            assert added is not None
            number = int(added[0])
            waiting = [
                {"alert_id": number, "channel": channel, "state": "waiting", "next_at": at}
                for channel in channels
            ]
            if waiting:
                connection.execute(insert(outbox), waiting)
        return number

    def remember(
        self, job: str, told: str, *, at: datetime, within: Connection | None = None
    ) -> None:
        """Keep which state of a job was told last."""
        jobs = schedule_tables.jobs
        with self._database.writes(within) as connection:
            is_job = jobs.c.job == job
            changed = connection.execute(update(jobs).where(is_job).values(told=told))
            if not changed.rowcount:
                row = {"job": job, "told": told, "considered_until": at}
                connection.execute(insert(jobs).values(**row))

    def latest(self, limit: int = 20, *, unread: bool = False) -> list[KeptAlert]:
        """The newest notices, newest first."""
        wanted = select(table).order_by(table.c.id.desc()).limit(limit)
        if unread:
            wanted = wanted.where(table.c.read_at.is_(None))
        with self._database.reads() as connection:
            return [_as_alert(row) for row in connection.execute(wanted)]

    def unread(self) -> int:
        """How many notices nobody has marked as read."""
        wanted = select(func.count()).select_from(table).where(table.c.read_at.is_(None))
        with self._database.reads() as connection:
            return int(connection.execute(wanted).scalar_one())

    def mark_read(self, up_to: int, *, at: datetime) -> None:
        """Mark notices as read, up to a number: a later one was not seen."""
        seen = table.c.read_at.is_(None) & (table.c.id <= up_to)
        with self._database.writes() as connection:
            connection.execute(update(table).where(seen).values(read_at=at))

    def due(self, now: datetime, limit: int = 20) -> list[Delivery]:
        """What is to be sent now, oldest first."""
        waiting = (outbox.c.state == "waiting") & (outbox.c.next_at <= now)
        return self._deliveries(waiting, table.c.id, limit)

    def delivered(self, delivery: Delivery) -> None:
        """Note that a notice arrived."""
        self._note(delivery, {"state": "delivered", "next_at": None, "error": None})

    def failed(self, delivery: Delivery, error: str, next_at: datetime | None) -> None:
        """Note that a notice did not arrive; it is given up where no next try is named."""
        state = "waiting" if next_at else "given up"
        self._note(delivery, {"state": state, "next_at": next_at, "error": error})

    def given_up(self, limit: int = 20) -> list[Delivery]:
        """The newest notices that never arrived, with the last error of each."""
        return self._deliveries(outbox.c.state == "given up", table.c.id.desc(), limit)

    def _deliveries(self, wanted: Any, order: Any, limit: int) -> list[Delivery]:
        found = (
            select(table, outbox.c.channel, outbox.c.attempts, outbox.c.error)
            .join(outbox, outbox.c.alert_id == table.c.id)
            .where(wanted)
            .order_by(order, outbox.c.channel)
            .limit(limit)
        )
        with self._database.reads() as connection:
            rows = connection.execute(found).all()
        return [Delivery(_as_alert(row), row.channel, row.attempts, row.error) for row in rows]

    def _note(self, delivery: Delivery, values: dict[str, Any]) -> None:
        is_it = (outbox.c.alert_id == delivery.alert.id) & (outbox.c.channel == delivery.channel)
        counted = {**values, "attempts": delivery.attempts + 1}
        with self._database.writes() as connection:
            connection.execute(update(outbox).where(is_it).values(**counted))


def _as_alert(row: Row[Any]) -> KeptAlert:
    return KeptAlert(**{field.name: row._mapping[field.name] for field in fields(KeptAlert)})
