"""One prediction sync, end to end: what the Push button, the command line and the scheduler call.

Preview and run make the same plan from the same inputs; a run holds it against the guardrails,
carries it out and proves it. Undo, retry and the test of one record are plans too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.automations.again import Tested, retry_failed, test_one, undo, undo_plan
from workbench.automations.clearing import clear, clear_plan
from workbench.automations.letting import UNATTENDED, Wish, has_been_seen, kept, let_go, recorded
from workbench.automations.reading import (
    job_of,
    planned,
    read_inputs,
    remember,
    remembered,
    run_file,
    workspace,
)
from workbench.automations.recheck import recheck, same_destination, same_fields
from workbench.automations.rest import moved_cells
from workbench.automations.result import AutomationResult, Moved
from workbench.automations.saved import read_plan
from workbench.automations.verify import WAITS_S
from workbench.errors import CancelledError, InputError

if TYPE_CHECKING:
    from workbench.automations.carrying import OnProgress
    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan, PlanInputs
    from workbench.services import Services
    from workbench.store.state import Outcome
    from workbench.store.state.run_rows import Trigger

__all__ = [
    "AutomationResult",
    "Tested",
    "carry_out_job",
    "clear",
    "clear_plan",
    "has_been_seen",
    "job_of",
    "plan_of_run",
    "plan_seen_last",
    "preview",
    "retry_failed",
    "run",
    "switch",
    "test_one",
    "undo",
    "undo_plan",
]


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
    seen: str | None = None,
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
        seen: The same, by the fingerprint of a plan that was previewed.
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
    wish = Wish(
        release=release,
        fingerprint=fingerprint,
        only=None if only is None else frozenset(only),
        waits_s=waits_s,
        on_progress=on_progress,
    )
    with recorded(automation, services, trigger, run_id) as under_way:
        if trigger in UNATTENDED and not automation.active:
            raise CancelledError(f"{automation.name} is off", hint="Switch it on to let it run.")
        if seen is not None:
            plan = _seen(automation, services, seen)
        inputs = read_inputs(automation, services, under_way.client)
        schema = inputs.schema
        made, moved = _checked(plan, inputs, services)
        # What Pendo held, and the plan as it was seen, are not held on to while pushing.
        del inputs, plan
        if wish.only is not None:
            made = made.only(wish.only)
        made = kept(made, under_way)
        return let_go(made, schema, under_way, wish, moved)


def carry_out_job(
    services: Services,
    name: str,
    *,
    trigger: Trigger = "person",
    run_id: int | None = None,
    undo_of: int | None = None,
    retry_of: int | None = None,
    released: int | None = None,
    clear_for: str | None = None,
    **options: Any,
) -> AutomationResult:
    """Carry out a queued run of the automation ``name``; what it is told is kept as JSON.

    Args:
        undo_of: The run to take back.
        retry_of: The run whose failed records are written.
        released: The held run whose plan may go now.
        clear_for: The person for whom its fields are emptied and it is then deleted.
        options: Of ``run``: ``seen``, ``fingerprint``, ``release``, ``only``.

    Raises:
        WorkbenchError: as ``run``, ``undo`` and ``retry_failed``.
    """
    if undo_of is not None:
        return undo(undo_of, services, trigger=trigger, as_run=run_id)
    if retry_of is not None:
        return retry_failed(retry_of, services, trigger=trigger, as_run=run_id)
    automation = services.documents.automation(name)
    if clear_for is not None:
        return clear(automation, services, delete_as=clear_for, trigger=trigger, as_run=run_id)
    if released is not None:
        options |= {"plan": plan_of_run(released, services), "release": True}
    return run(automation, services, trigger=trigger, run_id=run_id, **options)


def plan_of_run(run_id: int, services: Services) -> Plan:
    """The plan that a run carried out, or was held with.

    Raises:
        InputError: there is no such run, or it came to no plan.
    """
    job = services.state.runs.get(run_id).job
    return read_plan(run_file(services, job.partition("/")[2], run_id))


def plan_seen_last(automation: Automation, services: Services) -> Plan | None:
    """The plan of an automation that a person has seen last; None before the first."""
    saved = services.state.plans.latest(automation.name)
    return remembered(services, automation.name, saved[0].fingerprint) if saved else None


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


def _checked(seen: Plan | None, inputs: PlanInputs, services: Services) -> tuple[Plan, Moved]:
    """The plan to carry out, and the cells that dropped out of it since it was seen."""
    if seen is None:
        return planned(inputs, services), ()
    update = inputs.automation.update
    same_destination(seen, inputs.automation)
    same_fields(seen, inputs.schema.get(update.group, {}))
    with workspace(services) as connection:
        moved = moved_cells(seen, inputs.live, connection)
        made = recheck(seen, inputs.live, connection, create=update.create_unknown)
    return made, moved


def _seen(automation: Automation, services: Services, fingerprint: str) -> Plan:
    plan = remembered(services, automation.name, fingerprint)
    if plan is None:
        raise InputError(
            f"The plan {fingerprint[:32]} of {automation.name} is not kept any more",
            hint="Preview again, read the sheet, and push that.",
        )
    return plan
