"""The sheets of past runs: how long they are kept, and which ones longer.

Every value that was written is in the ledger for ever, and undo, retry and a run's rows need no
more. A sheet has in addition what was not written, and is as large as the decision base: the
newest are kept to be looked at, older ones only where something still goes by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.automations.reading import job_of, plans_folder, run_file

if TYPE_CHECKING:
    from workbench.services import Services

SHEETS_KEPT = 30
"""Of one automation: a month of nights. A sheet of a million records takes some 30 MB."""


def clear_old_sheets(services: Services, automation: str, keep: int = SHEETS_KEPT) -> None:
    """Remove the sheets of an automation's runs that are old and that nothing can need any more.

    Args:
        keep: So many of the newest stay in any case.
    """
    runs = sorted(_runs_with_sheets(services, automation), reverse=True)
    old = set(runs[keep:])
    if not old:
        return
    for run_id in old - _needed(services, automation):
        run_file(services, automation, run_id).unlink(missing_ok=True)


def _runs_with_sheets(services: Services, automation: str) -> list[int]:
    files = plans_folder(services, automation).glob("run-*.parquet")
    numbers = (file.stem.removeprefix("run-") for file in files)
    return [int(number) for number in numbers if number.isdigit()]


def _needed(services: Services, automation: str) -> set[int]:
    """Runs whose sheets something goes by, however old they are.

    A push that was killed is settled by its sheet; the last sync that came to its end is what the
    next is compared with, and the last push what a run may be the rest of; a held plan that
    somebody let go is about to be read.
    """
    pushes = services.state.ledger.pushes(automation)
    needed = {push.run_id for push in pushes if push.ended_at is None}
    needed |= {push.run_id for push in pushes[:1]}
    needed |= set([push.run_id for push in pushes if push.purpose == "sync" and push.ended_at][:1])
    waiting = (run for run in services.state.runs.latest(job_of(automation)) if not run.is_finished)
    released = ((run.options or {}).get("released") for run in waiting)
    return needed | {run_id for run_id in released if run_id is not None}
