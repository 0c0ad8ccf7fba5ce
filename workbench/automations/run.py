"""One prediction sync, end to end: what the Push button, the command line and the scheduler call.

Preview and run make the same plan from the same inputs; a run lets it pass the guardrails,
carries it out and proves it. Undo, retry and the test of one record are plans too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workbench.automations.carrying import Carried, Carrying, OnProgress
from workbench.automations.model import Automation
from workbench.automations.plan import Plan, PlanInputs
from workbench.automations.reading import (
    job_of,
    planned,
    read_inputs,
    remember,
    remembered,
    run_file,
    settle_killed,
    workspace,
)
from workbench.automations.recheck import recheck, same_fields
from workbench.automations.rest import is_rest_of, moved_cells
from workbench.automations.saved import read_plan, write_plan
from workbench.automations.verify import WAITS_S
from workbench.errors import CancelledError, HeldError, InputError
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.automations.fields import Schema
    from workbench.pendo.client import PendoClient
    from workbench.services import Services
    from workbench.store.state import Outcome, Push, Request, Tally
    from workbench.store.state.ledger import Purpose
    from workbench.store.state.run_rows import Trigger

UNATTENDED = ("schedule", "catch-up")
"""Triggers with nobody watching."""


@dataclass(frozen=True, slots=True)
class AutomationResult:
    """What a run came to. Records, except ``values`` (cells) and ``api_calls`` (requests).

    Every record that something was to be written to is accounted for: ``sent``, ``failed``,
    ``skipped`` and ``held`` add up to ``planned``.
    """

    run: int
    status: str
    fingerprint: str
    records: int
    values: int
    planned: int
    sent: int = 0
    verified: int = 0
    failed: int = 0
    skipped: int = 0
    not_found: int = 0
    conflict: int = 0
    held: int = 0
    late: int = 0
    """Values that are written and not visible yet."""
    api_calls: int = 0
    reason: str | None = None
    moved: tuple[dict[str, Any], ...] = ()
    """Cells whose value in Pendo was no longer what the plan saw."""
    mismatches: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """What writing one chosen record showed, down to the wire."""

    plan: Plan
    result: AutomationResult
    requests: tuple[Request, ...]
    cells: tuple[dict[str, Any], ...]
    """Of the record: field, before, after, status, reason."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a run is to do beside what its document says."""

    purpose: Purpose = "sync"
    of_run: int | None = None
    release: bool = False
    fingerprint: str | None = None
    only: frozenset[str] | None = None
    seen: Plan | None = None
    waits_s: Sequence[float] = WAITS_S
    on_progress: OnProgress | None = field(default=None, compare=False)


def preview(
    automation: Automation, services: Services, *, fresh: bool = False, keep: bool = True
) -> Plan:
    """What a run would write now. Sends nothing that writes.

    Args:
        fresh: Whether what Pendo held within the last minute will not do.
        keep: Whether this counts as seen, so that exactly this plan can be pushed.

    Raises:
        InputError: the base, a column or a condition is not there or does not suit.
        RemoteError: Pendo did not answer.
    """
    with services.pendo(automation.connection) as client:
        plan = planned(read_inputs(automation, services, client, fresh=fresh), services)
    if keep:
        remember(plan, services)
    return plan


def run(
    automation: Automation,
    services: Services,
    *,
    trigger: Trigger = "person",
    run_id: int | None = None,
    plan: Plan | None = None,
    fingerprint: str | None = None,
    release: bool = False,
    only: Sequence[str] | None = None,
    on_progress: OnProgress | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> AutomationResult:
    """Make the plan, or take the one that was seen; let it pass the guardrails; push and verify.

    Args:
        run_id: A queued run to carry out.
        plan: A plan that was seen: exactly it is written, but for cells that moved since.
        fingerprint: Push only if the plan still is this one.
        release: Let a plan go that a guardrail holds.
        only: These of Pendo's ids alone.
        waits_s: How long to wait for values to become visible.

    Raises:
        HeldError: a guardrail holds it, or it is another plan; nothing was sent.
        InputError: the base, a column or a condition does not suit; nothing was sent.
        CancelledError: somebody stopped it, or the automation is off.
        RemoteError: Pendo stopped answering; what was written is in the run's rows.
    """
    wish = _Wish(
        release=release,
        fingerprint=fingerprint,
        only=None if only is None else frozenset(only),
        seen=plan,
        waits_s=waits_s,
        on_progress=on_progress,
    )
    with _recorded(automation, services, trigger, run_id) as (tally, client):
        if trigger in UNATTENDED and not automation.active:
            raise CancelledError(f"{automation.name} is off", hint="Switch it on to let it run.")
        tally.stage("reading")
        inputs = read_inputs(automation, services, client)
        made, moved = _plan(inputs, wish, services)
        schema = inputs.schema
        return _let_go(made, automation, services, client, tally, trigger, wish, moved, schema)


def undo_plan(run_id: int, services: Services) -> Plan:
    """What undoing a run would write now: its own change sheet.

    Raises:
        InputError: that run wrote nothing, or its automation is no longer known.
    """
    entry = services.state.ledger.push(run_id)
    automation = _automation_of(entry, services)
    with services.pendo(automation.connection) as client:
        return _undoing(entry, automation, services, client)[0]


def undo(
    run_id: int,
    services: Services,
    *,
    trigger: Trigger = "person",
    on_progress: OnProgress | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> AutomationResult:
    """Write the values that stood before a run, except where somebody changed them since.

    Raises:
        InputError: that run wrote nothing.
        CancelledError, RemoteError: as ``run``.
    """
    entry = services.state.ledger.push(run_id)
    automation = _automation_of(entry, services)
    wish = _Wish(
        purpose="undo", of_run=run_id, release=True, waits_s=waits_s, on_progress=on_progress
    )
    with _recorded(automation, services, trigger, None) as (tally, client):
        tally.stage("reading")
        plan, schema = _undoing(entry, automation, services, client)
        return _let_go(plan, automation, services, client, tally, trigger, wish, (), schema)


def retry_failed(
    run_id: int,
    services: Services,
    *,
    on_progress: OnProgress | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> AutomationResult:
    """Write the records of a run that failed or were not sent, as they are wanted now.

    Raises:
        InputError: no record of that run failed.
        CancelledError, RemoteError: as ``run``.
    """
    ledger = services.state.ledger
    entry = ledger.push(run_id)
    automation = services.documents.automation(entry.automation)
    left = ledger.cells(run_id, statuses=("failed", "skipped", "mismatch"))
    if not left.num_rows:
        raise InputError(f"No record of run {run_id} failed", hint="There is nothing to retry.")
    wish = _Wish(
        purpose="retry",
        of_run=run_id,
        release=True,
        only=frozenset(left["record_id"].to_pylist()),
        waits_s=waits_s,
        on_progress=on_progress,
    )
    with _recorded(automation, services, "retry", None) as (tally, client):
        inputs = read_inputs(automation, services, client)
        made, moved = _plan(inputs, wish, services)
        schema = inputs.schema
        return _let_go(made, automation, services, client, tally, "retry", wish, moved, schema)


def test_one(
    automation: Automation,
    record_id: str,
    services: Services,
    *,
    waits_s: Sequence[float] = WAITS_S,
) -> Tested:
    """Write one chosen record, and tell everything: request, answer, what Pendo holds then.

    Args:
        record_id: Pendo's id. ``undo`` of the run takes it back.

    Raises:
        InputError: the record is not on the sheet, or nothing would be written to it.
        CancelledError, RemoteError: as ``run``.
    """
    wish = _Wish(purpose="test", release=True, only=frozenset({record_id}), waits_s=waits_s)
    with _recorded(automation, services, "person", None) as (tally, client):
        inputs = read_inputs(automation, services, client)
        plan, moved = _plan(inputs, wish, services)
        if not plan.counts.values:
            reasons = plan.rows["reason"].to_pylist() or ["it is not on the sheet"]
            raise InputError(
                f"Nothing would be written to {record_id}: {reasons[0] or 'all of it is there'}",
                hint="Choose a record that is new or changed on the sheet.",
            )
        result = _let_go(
            plan, automation, services, client, tally, "person", wish, moved, inputs.schema
        )
    ledger = services.state.ledger
    cells = ledger.cells(result.run).select(["field", "before", "after", "status", "reason"])
    return Tested(plan, result, tuple(ledger.requests(result.run)), tuple(cells.to_pylist()))


def plan_of_run(run_id: int, services: Services) -> Plan:
    """The plan that a run carried out, or was held with.

    Raises:
        InputError: there is no such run, or it came to no plan.
    """
    job = services.state.runs.get(run_id).job
    return read_plan(run_file(services, job.partition("/")[2], run_id))


def switch(automation: Automation, services: Services, *, on: bool, who: str) -> Outcome:
    """Turn an automation on or off. Off stops its scheduled runs, between two batches.

    Raises:
        InputError, RemoteError: on, for the first time: there is no preview of what it will do.
    """
    if on and not has_been_seen(automation, services):
        preview(automation, services)
    outcome = services.documents.save(automation.model_copy(update={"active": on}), who)
    if not on:
        for each in services.state.runs.latest(job_of(automation.name)):
            if not each.is_finished and each.trigger in UNATTENDED:
                services.state.runs.cancel(each.id)
    return outcome


def has_been_seen(automation: Automation, services: Services) -> bool:
    """Whether a person has previewed this automation, or a run of it has written."""
    state = services.state
    return bool(state.plans.latest(automation.name) or state.ledger.pushes(automation.name))


@contextmanager
def _recorded(
    automation: Automation, services: Services, trigger: Trigger, run_id: int | None
) -> Iterator[tuple[Tally, PendoClient]]:
    """One recorded run, with a client that stops when somebody asks it to."""
    job = job_of(automation.name)
    with services.state.runs.recorded(job, trigger, run_id=run_id) as tally:
        cancelled: Callable[[], bool] = lambda: tally.is_cancel_requested  # noqa: E731
        with services.pendo(automation.connection, cancelled=cancelled) as client:
            yield tally, client


def _plan(
    inputs: PlanInputs, wish: _Wish, services: Services
) -> tuple[Plan, tuple[dict[str, Any], ...]]:
    """The plan to carry out, and the cells that moved since it was seen."""
    if wish.seen is None:
        moved: tuple[dict[str, Any], ...] = ()
        made = planned(inputs, services)
    else:
        update = inputs.automation.update
        same_fields(wish.seen, inputs.schema.get(update.group, {}))
        with workspace(services) as connection:
            moved = moved_cells(wish.seen, inputs.live, connection)
            made = recheck(wish.seen, inputs.live, connection, create=update.create_unknown)
    return (made if wish.only is None else made.only(wish.only)), moved


def _undoing(
    entry: Push, automation: Automation, services: Services, client: PendoClient
) -> tuple[Plan, Schema]:
    from workbench.automations.live import read_live
    from workbench.automations.reading import live_folder
    from workbench.automations.undo import plan_undo
    from workbench.store.state.ledger import WRITTEN

    settle_killed(automation, services, client)
    cells = services.state.ledger.cells(entry.run_id, statuses=WRITTEN)
    update = automation.update
    schema = client.metadata_schema(update.object)
    names = sorted(set(cells["field"].unique().to_pylist()))
    live = read_live(
        client, update.object, update.group, names, schema, live_folder(services),
        key=automation.connection,
    )  # fmt: skip
    with workspace(services) as connection:
        plan = plan_undo(connection, automation, cells, live.rows, schema, services.now())
    return plan, schema


def _automation_of(entry: Push, services: Services) -> Automation:
    """The automation that wrote, as far as it still matters: where it wrote to.

    Raises:
        InputError: nothing of it is left.
    """
    if entry.automation in services.documents.names("automation"):
        automation = services.documents.automation(entry.automation)
    else:
        changes = services.documents.history("automation", entry.automation)
        before = next(each.before for each in reversed(changes) if each.before)
        automation = Automation.model_validate(before)
    where = {"object": entry.object, "group": entry.field_group}
    update = automation.update.model_copy(update=where)
    return automation.model_copy(update={"connection": entry.connection, "update": update})


def _let_go(
    plan: Plan,
    automation: Automation,
    services: Services,
    client: PendoClient,
    tally: Tally,
    trigger: Trigger,
    wish: _Wish,
    moved: tuple[dict[str, Any], ...],
    schema: Schema,
) -> AutomationResult:
    """Keep the plan, hold it or carry it out, and record what came of it."""
    write_plan(plan, run_file(services, automation.name, tally.run_id))
    for warning in plan.warnings:
        tally.log(warning, level="warning")
    if reason := _held(plan, automation, services, trigger, wish):
        result = _result(plan, tally, client, None, status="held", reason=reason, moved=moved)
        if wish.fingerprint:
            result = replace(result, moved=_since(plan, automation, services, wish.fingerprint))
        tally.result = asdict(result)
        raise HeldError(
            f"{automation.name} is held: {reason}",
            hint="Read the change sheet; then release it, or change the automation.",
        )
    carrying = Carrying(automation, services, client, tally, wish.on_progress, wish.waits_s)

    def record(carried: Carried) -> AutomationResult:
        status = "done with errors" if carried.outcome.failed or carried.outcome.skipped else "done"
        if carried.error is not None:
            status = "cancelled" if isinstance(carried.error, CancelledError) else "failed"
        reason = None if carried.error is None else str(carried.error)
        made = _result(
            carried.plan, tally, client, carried, status=status, reason=reason, moved=moved
        )
        tally.result = asdict(made)
        tally.failed = made.failed
        return made

    carried = carrying.carry_out(plan, schema, wish.purpose, wish.of_run)
    result = record(carried)
    if carried.error is not None:
        raise carried.error
    return result


def _held(
    plan: Plan, automation: Automation, services: Services, trigger: Trigger, wish: _Wish
) -> str | None:
    """Why a plan must not go by itself; None if it may."""
    if wish.fingerprint is not None and plan.fingerprint != wish.fingerprint:
        return f"the plan is no longer {wish.fingerprint}: it is {plan.fingerprint}"
    if wish.release:
        return None
    first = trigger in UNATTENDED and automation.guardrails.hold_first_run
    if first and not has_been_seen(automation, services):
        return "it is its first run, and nobody has previewed it"
    if plan.verdict.held and not is_rest_of(plan, automation, services):
        return plan.verdict.words
    return None


def _since(
    plan: Plan, automation: Automation, services: Services, fingerprint: str
) -> tuple[dict[str, Any], ...]:
    """What is different in the plan since the one that was seen."""
    from workbench.automations.rest import differences

    seen = remembered(services, automation.name, fingerprint)
    if seen is None:
        return ()
    with workspace(services) as connection:
        return differences(seen, plan, connection)


def _result(
    plan: Plan,
    tally: Tally,
    client: PendoClient,
    carried: Carried | None,
    *,
    status: str,
    reason: str | None,
    moved: tuple[dict[str, Any], ...],
) -> AutomationResult:
    from workbench.automations.push import written_rows

    counts, to_write = plan.counts, written_rows(plan).num_rows
    result = AutomationResult(
        run=tally.run_id,
        status=status,
        fingerprint=plan.fingerprint,
        records=counts.records,
        values=counts.values,
        planned=to_write + counts.held,
        # A plan that is held sends nothing: every record of it waits.
        held=counts.held if carried else to_write + counts.held,
        not_found=counts.not_found,
        conflict=counts.conflict,
        api_calls=client.meter.snapshot().total.calls,
        reason=reason,
        moved=moved,
        warnings=plan.warnings,
    )
    if carried is None:
        return result
    found = carried.outcome
    late = (
        (f"{counted(found.late, 'value')} written and not visible in Pendo yet",)
        if found.late
        else ()
    )
    return replace(
        result,
        sent=found.sent,
        verified=found.verified,
        failed=found.failed,
        skipped=found.skipped,
        late=found.late,
        mismatches=tuple(dict(each) for each in found.mismatches),
        warnings=(*plan.warnings, *late),
    )
