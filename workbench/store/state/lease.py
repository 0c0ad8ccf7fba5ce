"""The scheduler's lease: one holder at a time, known by a number that only grows.

Every write of a holder checks its number in the same transaction, so a holder that slept through
its lease can do nothing after another took over. Who waits judges by its own steady clock whether
the holder still beats: clocks that jump, or differ between machines, change nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.errors import StorageError
from workbench.store.state import schedule_tables
from workbench.store.state.database import Database
from workbench.store.state.processes import Process

SCHEDULER = "scheduler"
"""The name of the only lease there is."""
TTL_S = 15.0
"""How long a holder may be silent before another takes over; it beats three times as often."""

table = schedule_tables.lease


class LostLeaseError(StorageError):
    """Another process holds the lease now: nothing was written."""


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """The process that holds the lease, or held it last without giving it back."""

    fence: int
    pid: int
    host: str
    process_started: str | None
    since: datetime
    heartbeat_at: datetime

    def __str__(self) -> str:
        return f"(process {self.pid}, {self.host})"

    @property
    def process(self) -> Process:
        """The process, to look for it."""
        return Process(self.host, self.pid, self.process_started)

    def is_alive(self, ttl_s: float = TTL_S) -> bool:
        """Whether it beat within the lease time and is not known to be gone."""
        silent = datetime.now(UTC) - self.heartbeat_at
        return not self.process.is_gone and silent < timedelta(seconds=ttl_s)


class Lease:
    """The lease, as one process sees it."""

    def __init__(self, database: Database, name: str = SCHEDULER) -> None:
        self._database = database
        self._name = name
        self._seen: tuple[int, datetime] | None = None
        self._seen_at = 0.0

    def holder(self) -> LeaseHolder | None:
        """Who holds it; None when nobody does. Ask ``is_alive``: it may have been killed."""
        with self._database.reads() as connection:
            return self._holder(connection)

    def take(self, process: Process, ttl_s: float = TTL_S) -> int | None:
        """Take the lease if it is free, given back, or its holder gone or silent; gives the fence.

        None while another holds it: ask again about once a second, for silence is measured
        between the asking.
        """
        if not self._is_free(self.holder(), ttl_s):
            return None
        try:
            with self._database.writes() as connection:
                return self._taken(connection, process, ttl_s)
        except IntegrityError:
            return None  # another made the first row at this moment

    def beat(self, fence: int) -> bool:
        """Say that the holder lives; False when it is the holder no more."""
        values = {"heartbeat_at": datetime.now(UTC)}
        with self._database.writes() as connection:
            changed = connection.execute(update(table).where(self._is(fence)).values(**values))
            return bool(changed.rowcount)

    def release(self, fence: int) -> None:
        """Give the lease back, so that another need not wait; nothing if it is lost already."""
        with self._database.writes() as connection:
            connection.execute(update(table).where(self._is(fence)).values(pid=None))

    @contextmanager
    def guarded(self, fence: int) -> Iterator[Connection]:
        """A transaction that writes only while the lease is held.

        Raises:
            LostLeaseError: another took over; nothing inside was written.
        """
        with self._database.writes() as connection:
            # On PostgreSQL the row stays locked until the end: nobody takes over in between.
            held = select(table.c.fence).where(self._is(fence)).with_for_update()
            if connection.execute(held).one_or_none() is None:
                raise LostLeaseError("Another scheduler has taken over")
            yield connection

    def _taken(self, connection: Connection, process: Process, ttl_s: float) -> int | None:
        row = connection.execute(
            select(table).where(table.c.name == self._name).with_for_update()
        ).one_or_none()
        now = datetime.now(UTC)
        fence: int = 1 if row is None else row.fence + 1
        values = {
            "fence": fence,
            "pid": process.pid,
            "host": process.host,
            "process_started": process.started,
            "taken_at": now,
            "heartbeat_at": now,
        }
        if row is None:
            connection.execute(insert(table).values(name=self._name, **values))
        elif not self._is_free(_as_holder(row), ttl_s):
            return None
        else:
            connection.execute(update(table).where(table.c.name == self._name).values(**values))
        return fence

    def _is_free(self, holder: LeaseHolder | None, ttl_s: float) -> bool:
        if holder is None or holder.process.is_gone:
            return True
        seen = (holder.fence, holder.heartbeat_at)
        if seen != self._seen:
            self._seen, self._seen_at = seen, monotonic()
            return False
        return monotonic() - self._seen_at >= ttl_s

    def _holder(self, connection: Connection) -> LeaseHolder | None:
        row = connection.execute(select(table).where(table.c.name == self._name)).one_or_none()
        return None if row is None else _as_holder(row)

    def _is(self, fence: int) -> Any:
        return (table.c.name == self._name) & (table.c.fence == fence) & table.c.pid.is_not(None)


def _as_holder(row: Row[Any]) -> LeaseHolder | None:
    if row.pid is None:
        return None
    return LeaseHolder(
        row.fence, row.pid, row.host, row.process_started, row.taken_at, row.heartbeat_at
    )
