"""Let a plan go: hold it against its guardrails, carry it out, record what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from workbench.automations.carrying import Carried, Carrying, OnProgress
from workbench.automations.keeping import clear_old_sheets
from workbench.automations.push import written_rows
from workbench.automations.reading import job_of, remembered, run_file, workspace
from workbench.automations.rest import differences, is_rest_of
from workbench.automations.result import AutomationResult, Moved, result_of
from workbench.automations.saved import write_plan
from workbench.automations.verify import WAITS_S
from workbench.errors import CancelledError, HeldError

if TYPE_CHECKING:
    from workbench.automations.fields import Schema
    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan
    from workbench.pendo.client import PendoClient
    from workbench.services import Services
    from workbench.store.state import Tally
    from workbench.store.state.ledger import Purpose
    from workbench.store.state.run_rows import Trigger

UNATTENDED = ("schedule", "catch-up")
"""Triggers with nobody watching."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is to do beside what its document says."""

    purpose: Purpose = "sync"
    of_run: int | None = None
    release: bool = False
    """Whether a plan goes that a guardrail holds."""
    fingerprint: str | None = None
    """The only plan that may go."""
    only: frozenset[str] | None = None
    """Pendo's ids of the only records to write."""
    waits_s: Sequence[float] = WAITS_S
    on_progress: OnProgress | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded run under way, and what it works with."""

    automation: Automation
    services: Services
    client: PendoClient
    tally: Tally
    trigger: Trigger


@contextmanager
def recorded(
    automation: Automation, services: Services, trigger: Trigger, run_id: int | None
) -> Iterator[Run]:
    """One recorded run, with a client that stops when somebody asks it to."""
    job = job_of(automation.name)
    with services.state.runs.recorded(job, trigger, run_id=run_id) as tally:
        cancelled: Callable[[], bool] = lambda: tally.is_cancel_requested  # noqa: E731
        tally.stage("reading")
        with services.pendo(automation.connection, cancelled=cancelled) as client:
            yield Run(automation, services, client, tally, trigger)


def has_been_seen(automation: Automation, services: Services) -> bool:
    """Whether a person has previewed this automation, or a run of it has written."""
    state = services.state
    return bool(state.plans.latest(automation.name) or state.ledger.pushes(automation.name))


def kept(plan: Plan, run: Run) -> Plan:
    """Keep a run's plan; gives it with the rows alone of which something is sent.

    Nothing else is needed from here on, and where little changed all the others are most of what
    the run would hold in memory.
    """
    write_plan(plan, run_file(run.services, run.automation.name, run.tally.run_id))
    clear_old_sheets(run.services, run.automation.name)
    if plan.base_version is not None:
        dataset = run.automation.read_from.dataset
        run.tally.log(f"Read version {plan.base_version} of {dataset}")
    for warning in plan.warnings:
        run.tally.log(warning, level="warning")
    return replace(plan, rows=written_rows(plan))


def let_go(plan: Plan, schema: Schema, run: Run, wish: Wish, moved: Moved = ()) -> AutomationResult:
    """Hold a plan that is kept, or carry it out.

    Args:
        plan: As ``kept`` gives it.
        schema: The fields as they were read for the plan.
        moved: Cells that dropped out of it because their values changed meanwhile.

    Raises:
        HeldError: it must not go by itself; nothing was sent.
        CancelledError, RemoteError: it stopped on the way; every record is accounted for.
    """
    if reason := _held(plan, run, wish):
        if wish.fingerprint is not None and wish.fingerprint != plan.fingerprint:
            moved = _since(plan, run, wish.fingerprint)
        _keep(run, result_of(
            plan, run.tally.run_id, None,
            status="held", reason=reason, moved=moved, api_calls=_calls(run),
        ))  # fmt: skip
        raise HeldError(
            f"{run.automation.name} is held: {reason}",
            hint="Read the change sheet; then release it, or change the automation.",
        )
    carrying = Carrying(
        run.automation, run.services, run.client, run.tally, wish.on_progress, wish.waits_s
    )
    carried = carrying.carry_out(plan, schema, wish.purpose, wish.of_run)
    result = result_of(
        carried.plan, run.tally.run_id, carried.outcome,
        status=_status(carried),
        reason=None if carried.error is None else str(carried.error),
        moved=moved, api_calls=_calls(run) + carried.reading_back,
    )  # fmt: skip
    _keep(run, result)
    if carried.error is not None:
        raise carried.error
    return result


def _keep(run: Run, result: AutomationResult) -> None:
    run.tally.result = asdict(result)
    run.tally.failed = result.failed


def _calls(run: Run) -> int:
    return run.client.meter.snapshot().total.calls


def _status(carried: Carried) -> str:
    if carried.error is not None:
        return "cancelled" if isinstance(carried.error, CancelledError) else "failed"
    return "done with errors" if carried.outcome.failed else "done"


def _held(plan: Plan, run: Run, wish: Wish) -> str | None:
    """Why a plan must not go by itself; None if it may."""
    if wish.fingerprint is not None and plan.fingerprint != wish.fingerprint:
        return f"the plan is no longer {wish.fingerprint}: it is {plan.fingerprint}"
    if wish.release:
        return None
    first = run.trigger in UNATTENDED and run.automation.guardrails.hold_first_run
    if first and not has_been_seen(run.automation, run.services):
        return "it is its first run, and nobody has previewed it"
    if plan.verdict.held and not is_rest_of(plan, run.automation, run.services):
        return plan.verdict.words
    return None


def _since(plan: Plan, run: Run, fingerprint: str) -> Moved:
    """What is different in the plan since the one that was seen."""
    seen = remembered(run.services, run.automation.name, fingerprint)
    if seen is None:
        return ()
    with workspace(run.services) as connection:
        return differences(seen, plan, connection)
