"""The ledger: every value that was ever to be written, before and after, and what became of it.

Rows are written ahead: a batch is in the ledger before it is on the wire, so that a push killed
at any moment can be taken up by asking Pendo what it holds. Nothing here is ever deleted.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Select, and_, bindparam, func, insert, select, update

from workbench.errors import InputError
from workbench.store.state.database import Database
from workbench.store.state.ledger_tables import ledger, ledger_requests, pushes

if TYPE_CHECKING:
    import pyarrow as pa

CellStatus = Literal["planned", "sent", "verified", "mismatch", "failed", "skipped"]
"""``planned``: handed over, answer unknown. ``sent``: accepted, not read back yet."""
Purpose = Literal["sync", "undo", "retry", "test", "clear"]
RequestState = Literal["sent", "answered", "unknown", "split", "refused"]
WRITTEN: tuple[CellStatus, ...] = ("sent", "verified", "mismatch")
"""What Pendo accepted: these cells hold what we wrote, or did."""
FETCHED_AT_ONCE = 20_000
"""Ledger rows held as Python objects while they are made into columns."""
CELL_COLUMNS = ("record_id", "field", "before", "after", "batch", "status", "reason")
NO_BATCH = 0
"""The batch of cells that were never put on the wire."""


@dataclass(frozen=True, slots=True)
class Push:
    """One run's writing, as the ledger knows it."""

    run_id: int
    automation: str
    connection: str
    object: str
    field_group: str
    purpose: Purpose
    fingerprint: str
    of_run: int | None = None
    dataset: str | None = None
    version: int | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    """None while it runs, and for ever if it was killed and not yet settled."""

    @property
    def destination(self) -> tuple[str, str, str]:
        """Where it wrote: connection, object and group of fields."""
        return self.connection, self.object, self.field_group


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a push and its answer, as text."""

    batch: int
    state: RequestState
    records: int
    sent_at: datetime
    answered_at: datetime | None
    request: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """One value in the history of a record."""

    run_id: int
    automation: str
    field: str
    before: str | None
    after: str | None
    status: CellStatus
    reason: str | None
    at: datetime


class Ledger:
    """The pushes of one installation, cell by cell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, push: Push) -> None:
        """Open the account of one run."""
        row = {each.name: getattr(push, each.name) for each in fields(Push)}
        with self._database.writes() as connection:
            connection.execute(insert(pushes).values(**row | {"began_at": datetime.now(UTC)}))

    def end(self, run_id: int) -> None:
        """Close the account: every cell of it is accounted for."""
        closing = update(pushes).where(pushes.c.run_id == run_id)
        with self._database.writes() as connection:
            connection.execute(closing.values(ended_at=datetime.now(UTC)))

    def push(self, run_id: int) -> Push:
        """What a run wrote, as a whole.

        Raises:
            InputError: that run wrote nothing.
        """
        with self._database.reads() as connection:
            row = connection.execute(select(pushes).where(pushes.c.run_id == run_id)).one_or_none()
        if row is None:
            raise InputError(
                f"Run {run_id} wrote nothing to Pendo",
                hint="Only runs of automations that reached the push have rows: see `run list`.",
            )
        return Push(**row._mapping)

    def pushes(self, automation: str, *, unsettled: bool = False) -> list[Push]:
        """An automation's pushes, newest first; only those that were killed if asked so."""
        wanted = select(pushes).where(pushes.c.automation == automation)
        if unsettled:
            wanted = wanted.where(pushes.c.ended_at.is_(None))
        with self._database.reads() as connection:
            rows = connection.execute(wanted.order_by(pushes.c.run_id.desc())).all()
        return [Push(**row._mapping) for row in rows]

    def write_ahead(
        self, push: Push, batch: int, cells: Sequence[Mapping[str, Any]], request: bytes
    ) -> None:
        """Enter one batch before it is sent.

        Args:
            cells: ``record_id``, ``field``, ``before``, ``after`` of each.
            request: The body as it will be sent.
        """
        now = datetime.now(UTC)
        common = {"run_id": push.run_id, "object": push.object, "batch": batch}
        rows = [{**cell, **common, "status": "planned", "at": now} for cell in cells]
        with self._database.writes() as connection:
            connection.execute(insert(ledger), rows)
            records = len({cell["record_id"] for cell in cells})
            _insert_request(connection, push.run_id, batch, records, request, now)

    def split(
        self, run_id: int, batch: int, halves: Mapping[int, tuple[Sequence[str], bytes]]
    ) -> None:
        """Enter the parts of a batch that was refused whole, before they are sent.

        Args:
            halves: New batch → its record ids, and its body.
        """
        now = datetime.now(UTC)
        with self._database.writes() as connection:
            _request_state(connection, run_id, batch, "split")
            for new, (ids, request) in halves.items():
                _insert_request(connection, run_id, new, len(ids), request, now)
                moved = _in_batch(run_id, batch) & ledger.c.record_id.in_(ids)
                connection.execute(update(ledger).where(moved).values(batch=new))

    def answered(
        self,
        run_id: int,
        batch: int,
        answer: str,
        failures: Mapping[str, str],
        *,
        state: RequestState = "answered",
    ) -> None:
        """Enter what became of a batch: every record of it was accepted but those in ``failures``.

        Args:
            failures: Reason by record id.
        """
        now = datetime.now(UTC)
        with self._database.writes() as connection:
            _request_state(connection, run_id, batch, state, answer=answer, answered_at=now)
            if failures:
                refused = update(ledger).where(
                    _in_batch(run_id, batch) & (ledger.c.record_id == bindparam("record"))
                )
                rows = [{"record": one, "why": reason} for one, reason in failures.items()]
                connection.execute(refused.values(status="failed", reason=bindparam("why")), rows)
            rest = _in_batch(run_id, batch) & (ledger.c.status == "planned")
            connection.execute(update(ledger).where(rest).values(status="sent"))

    def unknown(self, run_id: int, batch: int, answer: str) -> None:
        """No answer came: what Pendo did with the batch must be read back."""
        with self._database.writes() as connection:
            _request_state(connection, run_id, batch, "unknown", answer=answer)

    def add(self, push: Push, cells: "Iterator[pa.Table]", status: CellStatus, reason: str) -> int:
        """Enter cells that were not put on the wire; gives how many.

        Args:
            cells: Tables of ``record_id``, ``field``, ``before``, ``after``.
        """
        now, entered = datetime.now(UTC), 0
        common = {
            "run_id": push.run_id,
            "object": push.object,
            "batch": NO_BATCH,
            "status": status,
            "reason": reason,
            "at": now,
        }
        for table in cells:
            rows = [{**cell, **common} for cell in table.to_pylist()]
            if rows:
                with self._database.writes() as connection:
                    connection.execute(insert(ledger), rows)
            entered += len(rows)
        return entered

    def settle(
        self, push: Push, outcomes: Sequence[Mapping[str, Any]], *, rest: CellStatus | None
    ) -> None:
        """Enter what reading back showed.

        Args:
            outcomes: ``record_id``, ``field``, ``status``, ``reason`` of single cells.
            rest: What every other cell that was accepted is then; None leaves them.
        """
        with self._database.writes() as connection:
            # First all of them, then those that differ: these may be "sent" and stay so.
            if rest is not None:
                accepted = (ledger.c.run_id == push.run_id) & (ledger.c.status == "sent")
                connection.execute(update(ledger).where(accepted).values(status=rest))
            if outcomes:
                target = and_(
                    ledger.c.run_id == push.run_id,
                    ledger.c.object == push.object,
                    ledger.c.record_id == bindparam("of_record"),
                    ledger.c.field == bindparam("of_field"),
                )
                rows = [
                    {
                        "of_record": each["record_id"],
                        "of_field": each["field"],
                        "to": each["status"],
                        "why": each["reason"],
                    }
                    for each in outcomes
                ]
                change = update(ledger).where(target)
                connection.execute(
                    change.values(status=bindparam("to"), reason=bindparam("why")), rows
                )

    def cells(
        self, run_id: int, *, statuses: Sequence[CellStatus] = (), limit: int | None = None
    ) -> "pa.Table":
        """A run's rows: record_id, field, before, after, batch, status, reason."""
        wanted = (
            select(*(ledger.c[name] for name in CELL_COLUMNS))
            .where(ledger.c.run_id == run_id)
            .order_by(ledger.c.id)
        )
        if statuses:
            wanted = wanted.where(ledger.c.status.in_(statuses))
        return self._columns(wanted if limit is None else wanted.limit(limit))

    def counts(self, run_id: int) -> dict[str, int]:
        """How many of a run's cells have each status."""
        wanted = select(ledger.c.status, func.count()).where(ledger.c.run_id == run_id)
        with self._database.reads() as connection:
            rows = connection.execute(wanted.group_by(ledger.c.status)).all()
        return {row[0]: row[1] for row in rows}

    def requests(self, run_id: int) -> list[Request]:
        """Every request of a run, in the order sent."""
        wanted = select(ledger_requests).where(ledger_requests.c.run_id == run_id)
        with self._database.reads() as connection:
            rows = connection.execute(wanted.order_by(ledger_requests.c.batch)).all()
        return [
            Request(
                row.batch,
                row.state,
                row.records,
                row.sent_at,
                row.answered_at,
                zlib.decompress(row.request).decode() if row.request else "",
                row.answer,
            )
            for row in rows
        ]

    def last_batch(self, run_id: int) -> int:
        """The highest number a request of this run has; 0 before the first."""
        wanted = select(func.max(ledger_requests.c.batch)).where(ledger_requests.c.run_id == run_id)
        with self._database.reads() as connection:
            return connection.execute(wanted).scalar_one() or NO_BATCH

    def history(self, object: str, record_id: str, *, limit: int = 1000) -> list[Written]:
        """Everything that was ever to be written to one record, newest first."""
        columns = (
            ledger.c.run_id,
            pushes.c.automation,
            *(ledger.c[name] for name in ("field", "before", "after", "status", "reason", "at")),
        )
        wanted = (
            select(*columns)
            .join(pushes, pushes.c.run_id == ledger.c.run_id)
            .where((ledger.c.object == object) & (ledger.c.record_id == record_id))
            .order_by(ledger.c.id.desc())
            .limit(limit)
        )
        with self._database.reads() as connection:
            return [Written(*row) for row in connection.execute(wanted)]

    def _columns(self, wanted: Select[Any]) -> "pa.Table":
        import pyarrow as pa

        schema = pa.schema(
            [(name, pa.int32() if name == "batch" else pa.string()) for name in CELL_COLUMNS]
        )
        pieces = []
        with self._database.reads() as connection:
            found = connection.execution_options(yield_per=FETCHED_AT_ONCE).execute(wanted)
            for rows in found.partitions():
                columns = zip(*rows, strict=True)
                arrays = [
                    pa.array(column, kind.type)
                    for column, kind in zip(columns, schema, strict=True)
                ]
                pieces.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
        return pa.Table.from_batches(pieces, schema=schema)


def _in_batch(run_id: int, batch: int) -> Any:
    return (ledger.c.run_id == run_id) & (ledger.c.batch == batch)


def _insert_request(
    connection: Connection, run_id: int, batch: int, records: int, request: bytes, now: datetime
) -> None:
    row = {"run_id": run_id, "batch": batch, "state": "sent", "records": records, "sent_at": now}
    body = zlib.compress(request, level=1)
    connection.execute(insert(ledger_requests).values(**row, request=body))


def _request_state(
    connection: Connection, run_id: int, batch: int, state: RequestState, **more: Any
) -> None:
    target = (ledger_requests.c.run_id == run_id) & (ledger_requests.c.batch == batch)
    connection.execute(update(ledger_requests).where(target).values(state=state, **more))
