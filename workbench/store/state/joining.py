"""Which run a slot may join because its job is not done with an earlier one, and how that is said.

At most one run of a job waits behind the one that goes on: a fire that comes while it waits is
skipped, and that run makes up for it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from workbench.store.state.tables import runs
from workbench.store.state.tally import Said


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one job has not finished yet."""

    run_id: int | None = None
    """The run that waits and does just what a new one would; None where none does."""
    not_before: datetime | None = None
    """It waits until then."""
    due_at: datetime | None = None
    """When it was due, if it was."""
    running: int | None = None
    """The run that goes on."""
    running_since: datetime | None = None


def waiting_of(connection: Connection, jobs: Collection[str]) -> dict[str, Waiting]:
    """What each of some jobs has not finished yet; jobs that are idle are left out."""
    if not jobs:
        return {}
    wanted = select(runs).where(runs.c.job.in_(jobs), runs.c.status.in_(("queued", "running")))
    found: dict[str, Waiting] = {}
    for row in connection.execute(wanted.order_by(runs.c.id)):
        known = found.get(row.job, Waiting())
        if row.status == "running":
            known = replace(known, running=row.id, running_since=row.started_at)
        elif known.run_id is None and row.options is None:
            # One that was given options, such as the rows to try again, does something else.
            known = replace(
                known,
                run_id=row.id,
                due_at=row.due_at,
                not_before=row.not_before,
            )
        found[row.job] = known
    return found


def is_open_to(known: Waiting | None, due_at: datetime) -> bool:
    """Whether the run that waits will do for a slot: it may start by then, not only hours later.

    One that is due later than the slot was queued while the clock was ahead of itself.
    """
    if known is None or known.run_id is None:
        return False
    return all(at is None or at <= due_at for at in (known.not_before, known.due_at))


def lines_of(due_at: datetime, known: Waiting | None, *, joins: bool) -> list[Said]:
    """What the log of a run says of a slot that waits behind others.

    Args:
        joins: Whether the slot joined the run, which had been queued for an earlier one.
    """
    behind = ""
    if known is not None and known.running is not None:
        behind = f"run {known.running} is still running since {_told(known.running_since)}"
    if joins:
        reason = behind or "this run still waits"
        text = f"Due at {_told(due_at)}, skipped: {reason}. This run makes up for it."
        return [Said(datetime.now(UTC), "warning", text)]
    return [Said(datetime.now(UTC), "info", f"Waits, for {behind}.")] if behind else []


def _told(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown time"
