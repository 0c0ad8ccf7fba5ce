"""Runs that start from another run, or from one record: undo, retry of what failed, a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workbench.automations.letting import Wish, kept, let_go, recorded
from workbench.automations.live import read_live
from workbench.automations.model import Automation, ReadFrom
from workbench.automations.reading import (
    live_folder,
    planned,
    read_inputs,
    settle_killed,
    workspace,
)
from workbench.automations.undo import plan_undo
from workbench.automations.verify import WAITS_S
from workbench.errors import InputError, WorkbenchError
from workbench.store.state.ledger import WRITTEN

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.automations.carrying import OnProgress
    from workbench.automations.fields import Schema
    from workbench.automations.plan import Plan
    from workbench.automations.result import AutomationResult
    from workbench.pendo.client import PendoClient
    from workbench.services import Services
    from workbench.store.state import Push, Request
    from workbench.store.state.run_rows import Trigger


@dataclass(frozen=True, slots=True)
class Tested:
    """What writing one chosen record showed, down to the wire."""

    plan: Plan
    result: AutomationResult
    requests: tuple[Request, ...]
    cells: tuple[dict[str, Any], ...]
    """Of the record: field, before, after, status, reason."""


def undo_plan(run_id: int, services: Services) -> Plan:
    """What undoing a run would write now: its own change sheet.

    Raises:
        InputError: that run wrote nothing, or its connection was deleted.
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
    as_run: int | None = None,
    on_progress: OnProgress | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> AutomationResult:
    """Write the values that stood before a run, except where somebody changed them since.

    Args:
        as_run: A queued run to carry it out as.

    Raises:
        InputError: that run wrote nothing, or its connection was deleted.
        CancelledError, RemoteError: as ``run``.
    """
    entry = services.state.ledger.push(run_id)
    automation = _automation_of(entry, services)
    wish = Wish(
        purpose="undo", of_run=run_id, release=True, waits_s=waits_s, on_progress=on_progress
    )
    with recorded(automation, services, trigger, as_run) as run:
        plan, schema = _undoing(entry, automation, services, run.client)
        return let_go(kept(plan, run), schema, run, wish)


def retry_failed(
    run_id: int,
    services: Services,
    *,
    trigger: Trigger = "retry",
    as_run: int | None = None,
    on_progress: OnProgress | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> AutomationResult:
    """Write the records of a run that failed or were not sent, as they are wanted now.

    Args:
        as_run: A queued run to carry it out as.

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
    wish = Wish(
        purpose="retry",
        of_run=run_id,
        release=True,
        only=frozenset(left["record_id"].to_pylist()),
        waits_s=waits_s,
        on_progress=on_progress,
    )
    with recorded(automation, services, trigger, as_run) as run:
        inputs = read_inputs(automation, services, run.client)
        assert wish.only is not None
        plan = kept(planned(inputs, services).only(wish.only), run)
        return let_go(plan, inputs.schema, run, wish)


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
    wish = Wish(purpose="test", release=True, only=frozenset({record_id}), waits_s=waits_s)
    with recorded(automation, services, "person", None) as run:
        inputs = read_inputs(automation, services, run.client)
        plan = planned(inputs, services).only([record_id])
        if not plan.counts.values:
            reasons = plan.rows["reason"].to_pylist() or ["it is not on the sheet"]
            raise InputError(
                f"Nothing would be written to {record_id}: {reasons[0] or 'all of it is there'}",
                hint="Choose a record that is new or changed on the sheet.",
            )
        result = let_go(kept(plan, run), inputs.schema, run, wish)
    ledger = services.state.ledger
    cells = ledger.cells(result.run).select(["field", "before", "after", "status", "reason"])
    return Tested(plan, result, tuple(ledger.requests(result.run)), tuple(cells.to_pylist()))


def _undoing(
    entry: Push, automation: Automation, services: Services, client: PendoClient
) -> tuple[Plan, Schema]:
    settle_killed(automation, services, client)
    cells = services.state.ledger.cells(entry.run_id, statuses=WRITTEN)
    return planned_back(automation, cells, services, client)


def planned_back(
    automation: Automation, cells: pa.Table, services: Services, client: PendoClient
) -> tuple[Plan, Schema]:
    """The plan that gives cells their ``before`` where they still hold their ``after``.

    Args:
        cells: ``record_id``, ``field``, ``before``, ``after`` as canonical text.
    """
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

    The ledger alone is enough: of an automation that was deleted, or whose document cannot be read
    any more, only the names of its outputs are missed.

    Raises:
        InputError: the connection that it wrote to is gone.
    """
    if entry.connection not in services.documents.connections("pendo"):
        raise InputError(
            f"Run {entry.run_id} wrote to the connection {entry.connection}, which was deleted",
            hint="Add a connection of that name to the same subscription, then undo it.",
        )
    automation = _as_it_was(entry, services)
    where = {"object": entry.object, "group": entry.field_group}
    update = automation.update.model_copy(update=where)
    return automation.model_copy(update={"connection": entry.connection, "update": update})


def _as_it_was(entry: Push, services: Services) -> Automation:
    body = services.state.documents.get("automation", entry.automation)
    if body is None:
        changes = services.state.documents.history("automation", entry.automation)
        body = next((each.before for each in reversed(changes) if each.before), None)
    try:
        return Automation.model_validate(body)
    except (ValidationError, WorkbenchError):
        # An undo reads no base: the cells name their fields themselves.
        read_from = ReadFrom(
            dataset=entry.dataset or "deleted", source_id="id", outputs={"score": "score"}
        )
        return Automation(name=entry.automation, connection=entry.connection, read_from=read_from)
