"""Carry out a plan: create what is missing, push, read back, account for every record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.automations.live import forget
from workbench.automations.push import (
    Progress,
    missing_fields,
    push,
    with_created,
    written_rows,
)
from workbench.automations.reading import live_folder, reader, run_file
from workbench.automations.saved import read_plan, write_plan
from workbench.automations.verify import Outcome, unread, verify
from workbench.errors import CancelledError, RemoteError, WorkbenchError
from workbench.store.state import Push
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.automations.fields import Schema
    from workbench.automations.model import Automation
    from workbench.automations.plan import Plan
    from workbench.pendo.client import PendoClient
    from workbench.services import Services
    from workbench.store.state import Tally
    from workbench.store.state.ledger import Purpose
    from workbench.transport import Meter

FEW = 500
"""Up to so many records are read back by their ids; more, with all the others in one request."""
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Carried:
    """What carrying out came to."""

    plan: Plan
    """With new fields under the names Pendo gave them."""
    outcome: Outcome
    error: WorkbenchError | None = None
    """What stopped it before its end."""
    reading_back: int = 0
    """Requests that the proof took."""


class Carrying:
    """The means of one run."""

    def __init__(
        self,
        automation: Automation,
        services: Services,
        client: PendoClient,
        tally: Tally,
        on_progress: OnProgress | None,
        waits_s: Sequence[float],
    ) -> None:
        self._automation, self._services, self._client = automation, services, client
        self._tally, self._on_progress, self._waits_s = tally, on_progress, waits_s
        self._ledger = services.state.ledger

    def carry_out(
        self, plan: Plan, schema: Schema, purpose: Purpose, of_run: int | None
    ) -> Carried:
        """Push and verify; an error on the way is told, after everything is accounted for.

        The whole plan is in the run's file: it is what a killed push is settled with.

        Args:
            plan: With the rows, at least, of which something is sent.

        Raises:
            AccessError, RejectedError: a field could not be created; nothing was sent.
        """
        to_write = written_rows(plan).num_rows
        if not to_write:
            self._ledger.begin(self._entry(plan, purpose, of_run))
            self._ledger.end(self._tally.run_id)
            return Carried(plan, Outcome())
        plan, schema = self._with_fields(plan, schema)
        entry = self._entry(plan, purpose, of_run)
        self._ledger.begin(entry)
        error = self._push(plan, entry, to_write)
        forget(live_folder(self._services))
        return self._verify(plan, entry, schema, error)

    def _entry(self, plan: Plan, purpose: Purpose, of_run: int | None) -> Push:
        return Push(
            run_id=self._tally.run_id,
            automation=plan.automation,
            connection=self._automation.connection,
            object=plan.object,
            field_group=plan.group,
            purpose=purpose,
            of_run=of_run,
            fingerprint=plan.fingerprint,
            dataset=self._automation.read_from.dataset,
            version=plan.base_version,
        )

    def _with_fields(self, plan: Plan, schema: Schema) -> tuple[Plan, Schema]:
        missing = missing_fields(plan)
        if not missing:
            return plan, schema
        self._tally.stage("creating fields")
        self._client.create_fields(plan.object, plan.group, missing)
        names = ", ".join(field.name for field in missing)
        self._tally.log(f"Created {counted(len(missing), 'field')}: {names}")
        schema = self._client.metadata_schema(plan.object)
        here = schema.get(plan.group, {})
        file = run_file(self._services, plan.automation, self._tally.run_id)
        write_plan(with_created(read_plan(file), here), file)
        return with_created(plan, here), schema

    def _push(self, plan: Plan, entry: Push, to_write: int) -> WorkbenchError | None:
        self._tally.stage("writing")
        self._tally.progress(done=0, total=to_write, rows=0)
        try:
            for progress in push(
                plan,
                entry,
                self._client,
                self._ledger,
                write=self._automation.write,
                create=self._automation.update.create_unknown,
                cancelled=lambda: self._tally.is_cancel_requested,
            ):
                self._tell(progress)
        except WorkbenchError as error:
            return error
        return None

    def _tell(self, progress: Progress) -> None:
        calls = self._client.meter.snapshot().total
        self._tally.progress(
            done=progress.done,
            total=progress.total,
            rows=progress.done - progress.failed,
            requests=calls.calls,
            bytes=calls.bytes,
        )
        if self._on_progress is not None:
            self._on_progress(progress)

    def _verify(
        self, plan: Plan, entry: Push, schema: Schema, error: WorkbenchError | None
    ) -> Carried:
        """Read back what was written, also after an error; with a client nobody has cancelled."""
        self._tally.stage("verifying")
        names = [field.name for field in plan.fields]
        rows = written_rows(plan)
        ids = rows["id"].to_pylist() if rows.num_rows <= FEW else None
        folder = live_folder(self._services) / "spill"
        meter: Meter | None = None
        try:
            with self._services.pendo(entry.connection) as client:
                meter = client.meter
                outcome = verify(
                    plan,
                    entry,
                    self._ledger,
                    reader(entry, self._services, client, names, schema=schema, ids=ids),
                    folder,
                    complete=error is None,
                    reason=f"Not sent: {error}",
                    waits_s=self._waits_s if error is None else self._waits_s[:2],
                )
        except RemoteError as unreadable:
            outcome = unread(plan, entry, self._ledger, folder)
            error = error or unreadable
        if error is not None:
            error = _accounted(error, outcome)
        calls = 0 if meter is None else meter.snapshot().total.calls
        return Carried(plan, outcome, error, calls)


def _accounted(error: WorkbenchError, outcome: Outcome) -> WorkbenchError:
    """The same error, saying as well how far it came."""
    written, left = counted(outcome.sent, "record"), counted(outcome.skipped, "record")
    unsure = "" if outcome.settled else "; what was on its way is found out by the next run"
    told = type(error)(
        f"{error}. {written} written, {left} not{unsure}",
        hint=error.hint if isinstance(error, CancelledError) else "Run it again for the rest.",
        details=error.details,
    )
    told.__cause__ = error
    return told
