"""What a plan is made from: the base, what Pendo holds, what was written, what was decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.automations.fields import Other, planned_fields
from workbench.automations.live import read_live
from workbench.automations.model import Automation
from workbench.automations.plan import Counts, Plan, PlanInputs
from workbench.automations.preparation import make_plan
from workbench.automations.saved import mapped, read_counts, read_plan, write_plan
from workbench.automations.verify import verify
from workbench.automations.written import last_written
from workbench.store import duck
from workbench.store.datasets.lease import sole_writer

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.automations.fields import Schema
    from workbench.pendo.client import PendoClient
    from workbench.pendo.model import Kind
    from workbench.services import Services
    from workbench.store.state import Push

MEMORY_MB = 256
"""For holding two plans of a million records side by side; what is more goes to the disk."""
ROOMS = ((MEMORY_MB, 2), (2 * MEMORY_MB, 2), (4 * MEMORY_MB, 1))
"""Megabytes and threads for making a plan, tried in turn: a million records need the first."""
SETTLING_S = 120.0
"""How long a preview waits for another that finds out what a killed push has written."""
PREVIEWS_KEPT = 5
"""Previews of one automation whose rows are kept; of runs see ``keeping``."""


def job_of(automation: str) -> str:
    """The name under which an automation's runs are recorded."""
    return f"automation/{automation}"


def live_folder(services: Services) -> Path:
    """Where readings of Pendo stand for a minute."""
    return services.settings.spool_root / ".live"


def plans_folder(services: Services, automation: str) -> Path:
    """Where an automation's plans are kept."""
    return services.settings.home / "plans" / automation


def run_file(services: Services, automation: str, run_id: int) -> Path:
    """The plan that a run carried out, or was held with."""
    return plans_folder(services, automation) / f"run-{run_id}.parquet"


@contextmanager
def workspace(services: Services) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty DuckDB for comparing plans."""
    folder = live_folder(services) / "spill"
    with duck.session(folder, memory_limit_mb=MEMORY_MB) as connection:
        yield connection


def read_inputs(
    automation: Automation, services: Services, client: PendoClient, *, fresh: bool = True
) -> PlanInputs:
    """Everything that a plan of this automation is made from. Writes nothing to Pendo.

    Args:
        fresh: Whether what Pendo held within the last minute will not do.

    Raises:
        InputError: there is no such dataset.
        RemoteError: Pendo did not answer.
    """
    settle_killed(automation, services, client)
    update = automation.update
    base = services.datasets.summary(automation.read_from.dataset)
    schema = client.metadata_schema(update.object)
    destination = (automation.connection, update.object, update.group)
    folder = plans_folder(services, automation.name)
    last = last_written(services.state.ledger, automation.name, destination, folder)
    fields = [field.name for field in planned_fields(automation, schema)]
    dropped = [] if last is None else [n for n in last.column_names if n not in ("id", *fields)]
    live = read_live(
        client,
        update.object,
        update.group,
        [*fields, *dropped],
        schema,
        live_folder(services),
        key=automation.connection,
        fresh=fresh,
    )
    return PlanInputs(
        automation=automation,
        base=services.datasets.scan(automation.read_from.dataset, base.version),
        live=live.rows,
        schema=schema,
        now=services.now(),
        last=last,
        previous=_previous(automation, services),
        decisions=services.state.decisions.of(automation.name),
        others=tuple(_others(automation, services)),
        zone=services.settings.workspace_timezone,
        base_version=base.version,
    )


def planned(inputs: PlanInputs, services: Services) -> Plan:
    """The plan of these inputs."""
    folder = live_folder(services)
    kept = partial(mapped, folder=folder)
    return duck.with_room(
        folder / "spill", lambda duckdb: make_plan(duckdb, inputs, kept), rooms=ROOMS
    )


def remember(plan: Plan, services: Services) -> None:
    """Keep a plan that a person has seen, so that exactly it can be pushed."""
    folder, plans = plans_folder(services, plan.automation), services.state.plans
    file = f"{plan.fingerprint}.parquet"
    write_plan(plan, folder / file)
    counts = asdict(plan.counts)
    plans.save(plan.automation, plan.fingerprint, made_at=plan.made_at, counts=counts, file=file)
    for old in plans.latest(plan.automation)[PREVIEWS_KEPT:]:
        (folder / old.file).unlink(missing_ok=True)
        plans.forget(plan.automation, old.fingerprint)


def remembered(services: Services, automation: str, fingerprint: str) -> Plan | None:
    """A plan that a person has seen; None where it is not kept."""
    saved = services.state.plans.get(automation, fingerprint)
    path = plans_folder(services, automation) / f"{fingerprint}.parquet"
    return read_plan(path) if saved is not None and path.exists() else None


def settle_killed(automation: Automation, services: Services, client: PendoClient) -> int:
    """Find out what pushes that were killed have written; gives how many there were.

    Raises:
        RemoteError: Pendo could not be asked.
    """
    open_ones = services.state.ledger.pushes(automation.name, unsettled=True)
    if not open_ones:
        return 0
    services.state.runs.close_interrupted()
    folder = plans_folder(services, automation.name)
    # Two previews at once must not enter the same cells twice.
    with sole_writer(folder, "settling", writer="another preview", patience_s=SETTLING_S):
        killed = [
            entry
            for entry in services.state.ledger.pushes(automation.name, unsettled=True)
            if services.state.runs.get(entry.run_id).is_finished
            and run_file(services, automation.name, entry.run_id).exists()
        ]
        for entry in reversed(killed):
            _settle(entry, services, client)
    return len(killed)


def _settle(entry: Push, services: Services, client: PendoClient) -> None:
    plan = read_plan(run_file(services, entry.automation, entry.run_id))
    verify(
        plan,
        entry,
        services.state.ledger,
        reader(entry, services, client, [field.name for field in plan.fields]),
        live_folder(services) / "spill",
        complete=False,
        reason="Not sent: the run was interrupted",
        waits_s=(),
    )


def reader(
    entry: Push,
    services: Services,
    client: PendoClient,
    names: list[str],
    *,
    schema: Schema | None = None,
    ids: list[str] | None = None,
) -> Callable[[], pa.Table]:
    """Reads anew what Pendo holds in the fields of a push."""
    kind: Kind = "visitor" if entry.object == "visitor" else "account"
    known = client.metadata_schema(kind) if schema is None else schema

    def read() -> pa.Table:
        return read_live(
            client,
            kind,
            entry.field_group,
            names,
            known,
            live_folder(services),
            key=entry.connection,
            ids=ids,
        ).rows

    return read


def column_types(services: Services, dataset: str, version: int) -> dict[str, str]:
    """DuckDB's types of a dataset's columns, which decide operators and types of new fields."""
    scan = services.datasets.scan(dataset, version)
    with workspace(services) as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    return {row[0]: row[1] for row in described}


def _previous(automation: Automation, services: Services) -> Counts | None:
    """What the last run that wrote came to."""
    for push in services.state.ledger.pushes(automation.name):
        if push.purpose == "sync" and push.ended_at is not None:
            return read_counts(run_file(services, automation.name, push.run_id))
    return None


def _others(automation: Automation, services: Services) -> Iterator[Other]:
    """Other automations that write one of the same fields."""
    mine = set(automation.field_names.values())
    for name in services.documents.names("automation"):
        if name == automation.name:
            continue
        other = services.documents.automation(name)
        shared = other.connection == automation.connection
        same = other.update.object == automation.update.object
        fields = tuple(other.field_names.values())
        if shared and same and mine & set(fields):
            destination = (other.connection, other.update.object, other.update.group)
            folder = plans_folder(services, name)
            wrote = last_written(services.state.ledger, name, destination, folder)
            ids = None if wrote is None else wrote["id"].combine_chunks()
            yield Other(name, other.update.object, fields, ids)
