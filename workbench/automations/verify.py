"""Read back what a push wrote, and account for every cell of its plan.

A value that is not visible yet is not a wrong one: it is waited for, and where it does not come
in time, it stays "sent". What was on the wire when a push stopped is settled the same way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import sql
from workbench.store import duck

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.automations.plan import Plan
    from workbench.store.state import Ledger, Push

WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits between readings while values are not visible. Pendo says minutes, mostly it is less;
who needs the proof later runs the automation again: what is there is not sent twice."""
SHOWN = 100
"""Mismatches told in a run's result; all of them are in the ledger."""
CHUNK_ROWS = 10_000
"""Cells entered into the ledger at once."""
NO_ANSWER = "No answer came, and Pendo does not hold the value"
Reading = Callable[[], "pa.Table"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the records of a push; sent, failed and skipped add up to all of them."""

    sent: int = 0
    verified: int = 0
    """Those sent that Pendo holds as they were written."""
    failed: int = 0
    """Refused, or something else than what was written is there."""
    skipped: int = 0
    """Not sent: the push stopped before."""
    late: int = 0
    """Values, not records, that are not visible yet."""
    mismatches: tuple[Mapping[str, Any], ...] = ()
    """Of the failed ones: id, field, after, now; ``SHOWN`` at most."""
    settled: bool = True
    """False where Pendo could not be asked: some of the skipped may have been written."""


def verify(
    plan: Plan,
    entry: Push,
    ledger: Ledger,
    read: Reading,
    folder: Path,
    *,
    complete: bool = True,
    reason: str = "Not sent",
    waits_s: Sequence[float] = WAITS_S,
    cancelled: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Compare what Pendo holds with what was written, enter it in the ledger, close the account.

    Args:
        read: Reads anew: ``id`` and a column for each field.
        folder: Where DuckDB may spill.
        complete: Whether the push came to its end; if not, the ledger says how far it came.
        reason: Why cells were not sent.

    Raises:
        RemoteError: Pendo could not be read; the account stays open.
    """
    with _cells(plan, entry, ledger, folder, complete) as connection:
        _judge(connection, plan, read())
        for wait_s in waits_s:
            if not _any_late(connection) or cancelled():
                break
            sleep(wait_s)
            _judge(connection, plan, read())
        _settle(connection, entry, ledger)
        if not complete:
            ledger.add(entry, _unsent(connection), "skipped", reason)
        outcome = _outcome(connection)
    ledger.end(entry.run_id)
    return outcome


def unread(plan: Plan, entry: Push, ledger: Ledger, folder: Path) -> Outcome:
    """The account as far as it is known without asking Pendo; it stays open."""
    from dataclasses import replace

    with _cells(plan, entry, ledger, folder, complete=False) as connection:
        connection.execute(
            "CREATE TABLE judged AS SELECT *, NULL::VARCHAR AS now, "
            "CASE known WHEN 'planned' THEN 'skipped' WHEN 'unsent' THEN 'skipped' "
            "ELSE known END AS verdict FROM cells"
        )
        return replace(_outcome(connection), settled=False)


@contextmanager
def _cells(
    plan: Plan, entry: Push, ledger: Ledger, folder: Path, complete: bool
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A table ``cells`` of everything that was to be written, with what is known of it."""
    statuses: Any = ("failed", "planned", "skipped") if complete else ()
    entered = ledger.cells(entry.run_id, statuses=statuses)
    otherwise = "sent" if complete else "unsent"
    with duck.session(folder) as connection:
        connection.register("plan_rows", plan.rows)
        connection.register("entered", entered)
        wanted = " UNION ALL ".join(
            f"SELECT id AS record_id, {sql.literal(field.name)} AS field, "
            f"{sql.name(field.name + '__before')} AS before, "
            f"{sql.name(field.name + '__after')} AS after "
            f"FROM plan_rows WHERE {sql.name(field.name + '__write')}"
            for field in plan.fields
        )
        connection.execute(
            "CREATE TABLE cells AS SELECT w.*, "
            f"coalesce(e.status, {sql.literal(otherwise)}) AS known "
            f"FROM ({wanted}) w LEFT JOIN entered e USING (record_id, field)"
        )
        yield connection


def _judge(connection: duckdb.DuckDBPyConnection, plan: Plan, live: pa.Table) -> None:
    """Say of each cell what reading showed, in ``judged.verdict``.

    Batches go out in the order of their ids. So a value that still is the old one, while one
    behind it is already visible, is not late: Pendo did not take it.
    """
    connection.register("live", live)
    there = [field.name for field in plan.fields if field.name in live.column_names]
    cases = " ".join(f"WHEN {sql.literal(name)} THEN l.{sql.name(name)}" for name in there)
    now = f"CASE c.field {cases} END" if there else "NULL::VARCHAR"
    connection.execute(
        "CREATE OR REPLACE TABLE judged AS WITH seen AS ("
        f"SELECT c.*, {now} AS now FROM cells c LEFT JOIN live l ON l.id = c.record_id), "
        "newest AS (SELECT max(record_id) AS id FROM seen "
        "WHERE known = 'sent' AND now IS NOT DISTINCT FROM after) "
        "SELECT seen.*, CASE "
        "WHEN known IN ('sent', 'planned') AND now IS NOT DISTINCT FROM after THEN 'verified' "
        "WHEN known = 'planned' THEN 'skipped' WHEN known <> 'sent' THEN known "
        "WHEN now IS NOT DISTINCT FROM before AND "
        "(newest.id IS NULL OR record_id > newest.id) THEN 'late' "
        "ELSE 'mismatch' END AS verdict FROM seen, newest"
    )
    connection.unregister("live")


def _any_late(connection: duckdb.DuckDBPyConnection) -> bool:
    # An old value before a visible one may be late all the same where two batches cross.
    query = (
        "SELECT count(*) FROM judged WHERE verdict = 'late' OR "
        "(verdict IN ('mismatch', 'skipped') AND known <> 'unsent' "
        "AND now IS NOT DISTINCT FROM before)"
    )
    return bool(connection.execute(query).fetchall()[0][0])


def _settle(connection: duckdb.DuckDBPyConnection, entry: Push, ledger: Ledger) -> None:
    some_seen = connection.execute(
        "SELECT count(*) FROM judged WHERE known = 'sent' AND verdict = 'verified'"
    ).fetchall()[0][0]
    # Where nothing is visible, "sent" stands already.
    skipping_late = "" if some_seen else "AND verdict <> 'late'"
    rows = connection.execute(
        "SELECT record_id, field, CASE verdict WHEN 'late' THEN 'sent' ELSE verdict END, "
        "CASE verdict WHEN 'late' THEN 'Not visible yet' "
        f"WHEN 'skipped' THEN {sql.literal(NO_ANSWER)} "
        "WHEN 'mismatch' THEN CASE WHEN now IS NOT DISTINCT FROM before "
        "THEN 'Pendo accepted the value and still holds the old one' "
        "ELSE 'Pendo holds ' || coalesce(left(now, 200), 'nothing') END END "
        "FROM judged WHERE (known = 'planned' OR (known = 'sent' AND verdict <> 'verified')) "
        f"{skipping_late}"
    ).fetchall()
    outcomes = [
        {"record_id": record, "field": field, "status": status, "reason": reason}
        for record, field, status, reason in rows
    ]
    ledger.settle(entry, outcomes, rest="verified" if some_seen else None)


def _unsent(connection: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    import pyarrow as pa

    query = "SELECT record_id, field, before, after FROM judged WHERE known = 'unsent'"
    for batch in connection.sql(query).to_arrow_reader(CHUNK_ROWS):
        yield pa.Table.from_batches([batch])


def _outcome(connection: duckdb.DuckDBPyConnection) -> Outcome:
    """Cells by record: one refused cell makes a failed record."""
    connection.execute(
        "CREATE OR REPLACE TABLE records AS SELECT record_id, CASE "
        "WHEN bool_or(verdict IN ('failed', 'mismatch')) THEN 'failed' "
        "WHEN bool_or(verdict IN ('skipped', 'unsent')) THEN 'skipped' "
        "WHEN bool_and(verdict = 'verified') THEN 'verified' ELSE 'sent' END AS came_to "
        "FROM judged GROUP BY record_id"
    )
    found = dict(connection.execute("SELECT came_to, count(*) FROM records GROUP BY 1").fetchall())
    late = connection.execute("SELECT count(*) FROM judged WHERE verdict = 'late'").fetchall()
    rows = connection.sql(
        "SELECT record_id AS id, field, after, now FROM judged WHERE verdict = 'mismatch' "
        f"ORDER BY ALL LIMIT {SHOWN}"
    ).to_arrow_table()
    return Outcome(
        sent=found.get("sent", 0) + found.get("verified", 0),
        verified=found.get("verified", 0),
        failed=found.get("failed", 0),
        skipped=found.get("skipped", 0),
        late=late[0][0],
        mismatches=tuple(rows.to_pylist()),
    )
