"""Empty the fields that an automation wrote, before it is deleted: with a sheet of its own.

A value that is no longer what was written was changed since by someone else, and stays. The
fields themselves stay in Pendo: they are never deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.automations.again import planned_back
from workbench.automations.letting import Wish, kept, let_go, recorded
from workbench.automations.reading import plans_folder, settle_killed, workspace
from workbench.automations.verify import WAITS_S
from workbench.automations.written import last_written
from workbench.errors import InputError
from workbench.words import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.automations.carrying import OnProgress
    from workbench.automations.fields import Schema
    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan
    from workbench.automations.result import AutomationResult
    from workbench.pendo.client import PendoClient
    from workbench.services import Services
    from workbench.store.state.run_rows import Trigger


def has_written(automation: Automation, services: Services) -> bool:
    """Whether any run of it reached Pendo where it writes now."""
    pushes = services.state.ledger.pushes(automation.name)
    return any(push.destination == _destination(automation) for push in pushes)


def clear_plan(automation: Automation, services: Services) -> Plan:
    """What emptying the fields of an automation would write now.

    Raises:
        InputError: it has written nothing.
        RemoteError: Pendo did not answer.
    """
    with services.pendo(automation.connection) as client:
        return _clearing(automation, services, client)[0]


def clear(
    automation: Automation,
    services: Services,
    *,
    delete_as: str | None = None,
    trigger: Trigger = "person",
    as_run: int | None = None,
    on_progress: OnProgress | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> AutomationResult:
    """Empty its fields wherever they hold what it wrote; it is switched off first.

    Args:
        delete_as: The person for whom the automation is deleted once every value is cleared;
            None keeps it. Where a row failed it stays as well, to be cleared again.
        as_run: A queued run to carry it out as.

    Raises:
        InputError: it has written nothing.
        CancelledError, RemoteError: as ``run``.
    """
    wish = Wish(purpose="clear", release=True, waits_s=waits_s, on_progress=on_progress)
    if automation.active:
        automation = automation.model_copy(update={"active": False})
        services.documents.save(automation, delete_as or "clearing")
    with recorded(automation, services, trigger, as_run) as run:
        plan, schema = _clearing(automation, services, run.client)
        result = let_go(kept(plan, run), schema, run, wish)
    if delete_as is not None and result.status == "done":
        services.documents.delete("automation", automation.name, delete_as)
    return result


def _clearing(
    automation: Automation, services: Services, client: PendoClient
) -> tuple[Plan, Schema]:
    settle_killed(automation, services, client)
    folder = plans_folder(services, automation.name)
    ledger, destination = services.state.ledger, _destination(automation)
    last = last_written(ledger, automation.name, destination, folder)
    if last is None:
        raise InputError(
            f"{automation.name} has no values in Pendo", hint="There is nothing to clear."
        )
    plan, schema = planned_back(automation, _emptied(last, services), services, client)
    elsewhere = {push.destination for push in ledger.pushes(automation.name)} - {destination}
    stays = tuple(
        f"What it wrote before to {where} stays"
        for where in sorted(f"the {kind}s of {connection}" for connection, kind, _ in elsewhere)
    )
    return replace(plan, warnings=(*plan.warnings, *stays)), schema


def _destination(automation: Automation) -> tuple[str, str, str]:
    return automation.connection, automation.update.object, automation.update.group


def _emptied(last: pa.Table, services: Services) -> pa.Table:
    """One row per value that was written last, as cells that become empty again."""
    with workspace(services) as connection:
        connection.register("last", last)
        return connection.sql(
            "SELECT id AS record_id, field, CAST(NULL AS VARCHAR) AS before, after "
            "FROM (UNPIVOT last ON COLUMNS(* EXCLUDE (id)) INTO NAME field VALUE after)"
        ).to_arrow_table()


def in_words(plan: Plan) -> str:
    """What clearing would do, in one sentence."""
    kept = plan.counts.conflict
    stays = f"; {counted(kept, 'record')} changed since and stay" if kept else ""
    values = counted(plan.counts.values, "value")
    return f"Empties {values} on {counted(plan.counts.written, plan.object)}{stays}"
