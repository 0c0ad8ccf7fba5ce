"""One pull, end to end: what the Run button, the command line and the scheduler all call."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from workbench.errors import CancelledError, HeldError, RemoteError
from workbench.pulls.model import Pull
from workbench.pulls.plan import Plan, plan_pull
from workbench.pulls.recipes import Known, by_day
from workbench.pulls.spool import Finished, Spool
from workbench.pulls.window import today_in
from workbench.store.datasets.model import Committed, Part
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.pendo.client import PendoClient
    from workbench.pendo.model import Kind
    from workbench.services import Services
    from workbench.store.state import Tally
    from workbench.store.state.run_rows import Trigger


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a finished run of a pull came to."""

    run: int
    status: str
    rows: int
    dataset: str
    version: int
    requests: int
    bytes: int
    seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, after one more slice."""

    run: int
    done: int
    total: int | None
    rows: int
    requests: int
    bytes: int
    resumed: int
    """Slices that an earlier run had finished."""


OnProgress = Callable[[Progress], None]


def run(
    pull: Pull,
    services: "Services",
    *,
    trigger: "Trigger" = "person",
    run_id: int | None = None,
    on_progress: OnProgress | None = None,
    release: bool = False,
) -> PullResult:
    """Fetch a pull's rows and commit them as one new version of its dataset, recorded as a run.

    Args:
        run_id: A queued run to carry out.
        release: Let an answer without rows empty the dataset.

    Raises:
        InputError: the window is impossible, a key is not unique, or the pull is running already.
        HeldError: no rows came where there were some; nothing was changed.
        CancelledError: somebody stopped it; the finished slices are kept.
        RemoteError, StorageError: as they say; the finished slices are kept.
    """
    started = perf_counter()
    with services.state.runs.recorded(f"pull/{pull.name}", trigger, run_id=run_id) as tally:
        tally.stage("planning")
        plan = plan_pull(pull, services.documents.connection(pull.connection), services.now())
        spool = Spool.open(
            services.settings.spool_root,
            pull.name,
            plan.fingerprint,
            services.now(),
            run=tally.run_id,
            is_done=lambda run: services.state.runs.get(run).status == "done",
        )
        with services.pendo(pull.connection, cancelled=lambda: tally.is_cancel_requested) as client:
            tally.log(f"Asking Pendo for {plan.window or 'all there is'}")
            finished = list(_fetched(plan, client, spool, tally, on_progress))
            calls = client.meter.snapshot().total
        _stop_if_cancelled(tally)
        warnings = (*plan.warnings, *_empty_days(plan, finished))
        tally.stage("writing")
        writing = perf_counter()
        committed = _commit(plan, finished, spool, services, tally, release=release)
        warnings = (*warnings, *(str(drift) for drift in committed.drift))
        for warning in warnings:
            tally.log(warning, level="warning")
        rows = sum(each.rows for each in finished)
        name = pull.dataset_name
        tally.log(f"Version {committed.version} of {name} has {counted(rows, 'row')} of this run")
        result = PullResult(
            run=tally.run_id,
            status="done",
            rows=rows,
            dataset=pull.dataset_name,
            version=committed.version,
            requests=calls.calls,
            bytes=calls.bytes,
            seconds=round(perf_counter() - started, 3),
            warnings=warnings,
        )
        tally.result = {
            "dataset": result.dataset,
            "version": result.version,
            "rows": result.rows,
            "seconds": result.seconds,
            "warnings": list(warnings),
            # Of all threads together, so the sum may be more than the seconds that passed.
            "spent_s": {
                "receiving": round(sum(each.receive_s for each in finished), 2),
                "parsing": round(sum(each.write_s for each in finished), 2),
                "committing": round(perf_counter() - writing, 2),
            },
        }
    # Only now: until the run is recorded, a kill must find what would make it go on.
    spool.discard()
    return result


def known_columns(plan: Plan, client: "PendoClient") -> Known:
    """What Pendo says of the columns beforehand; what it will not say is found in the rows."""
    source = plan.source
    if source is not None and source.paged:
        kind: Kind = "visitor" if source.name == "visitors" else "account"
        try:
            return Known(schema=client.metadata_schema(kind))
        except RemoteError:
            # A key may read rows and not the schema; types are then found in the rows.
            return Known()
    if plan.endpoint == "report_results" and plan.pull.use_report_schema:
        reports = {str(report.get("id")): report for report in client.reports()}
        report: dict[str, Any] = reports.get(plan.pull.report_id or "", {})
        return Known(report_fields=(report.get("aggregation") or {}).get("fields") or ())
    return Known()


def _fetched(
    plan: Plan,
    client: "PendoClient",
    spool: Spool,
    tally: "Tally",
    on_progress: OnProgress | None,
) -> Iterator[Finished]:
    """Every slice, with the run's progress told after each."""
    from workbench.pulls.fetch import Fetch

    tally.stage("fetching")
    fetch = Fetch(
        plan,
        client,
        spool,
        known_columns(plan, client),
        cancelled=lambda: tally.is_cancel_requested,
    )
    total = _expected_slices(plan, client)
    tally.progress(done=0, total=total)
    rows = done = resumed = 0
    for finished in fetch.slices():
        done, rows, resumed = done + 1, rows + finished.rows, resumed + finished.resumed
        calls = client.meter.snapshot().total
        told = Progress(tally.run_id, done, total, rows, calls.calls, calls.bytes, resumed)
        tally.progress(done=done, total=total, rows=rows, requests=told.requests, bytes=told.bytes)
        if on_progress is not None:
            on_progress(told)
        yield finished
    if resumed:
        tally.log(f"Went on from {counted(resumed, 'part')} that an earlier run had finished")


def _expected_slices(plan: Plan, client: "PendoClient") -> int | None:
    """How many slices there will be; None where only fetching them tells."""
    if not (plan.slices and plan.slices[0].page):
        return len(plan.slices)
    rows = row_count(plan, client)
    return None if rows is None else rows // plan.slices[0].limit + 1


def row_count(plan: Plan, client: "PendoClient") -> int | None:
    """How many rows Pendo says there are; None where it cannot be asked, or will not say."""
    request = plan.counting()
    if request is None:
        return None
    try:
        answer = client.aggregate(request)
    except RemoteError:
        # Only an estimate: the pull itself says what is wrong, if it is.
        return None
    count = answer[0].get("count") if answer else 0
    return count if isinstance(count, int) else None


def _stop_if_cancelled(tally: "Tally") -> None:
    if tally.is_cancel_requested:
        raise CancelledError("Cancelled", hint="Finished parts are kept: run it again.")


def parts_of(plan: Plan, finished: list[Finished], spool: Spool) -> list[Part]:
    """The fetched slices as a dataset takes them; days without rows have none."""
    days = {piece.key: piece.day for piece in plan.slices}
    return [
        Part(
            Path(spool.part(each.key)),
            each.rows,
            {"day": days[each.key]} if by_day(plan) else {},
        )
        for each in sorted(finished, key=lambda each: each.key)
        if each.rows
    ]


def _commit(
    plan: Plan,
    finished: list[Finished],
    spool: Spool,
    services: "Services",
    tally: "Tally",
    *,
    release: bool,
) -> Committed:
    pull = plan.pull
    parts = parts_of(plan, finished, spool)
    name = pull.dataset_name
    if not parts and not (release and services.datasets.exists(name)):
        return _nothing_came(plan, services)
    return services.datasets.commit(
        name,
        parts,
        pull.update_method,
        run=tally.run_id,
        stamp=spool.token,
        source=f"pull/{pull.name}",
        note={"days": str(plan.window)} if plan.window else {},
        today=today_in(plan.zone, services.now()),
    )


def _nothing_came(plan: Plan, services: "Services") -> Committed:
    """What no rows at all come to: a dataset that has some keeps them."""
    name, method = plan.pull.dataset_name, plan.pull.update_method.method
    if not services.datasets.exists(name):
        raise HeldError(
            "Pendo answered with no rows, so there is nothing to make a dataset of",
            hint="Look at the days and the applications; Preview shows what Pendo would answer.",
        )
    standing = services.datasets.summary(name)
    if method == "replace" and standing.rows:
        raise HeldError(
            f"Pendo answered with no rows; {name} keeps its {counted(standing.rows, 'row')}",
            hint="If it is really empty now, run it again with --release.",
        )
    return Committed(version=standing.version, rows=standing.rows, rows_written=0)


def _empty_days(plan: Plan, finished: list[Finished]) -> tuple[str, ...]:
    """Days for which nothing came: what stands there is kept, and said."""
    source = plan.source
    if source is None or not source.is_events:
        return ()
    empty = sorted(each.key for each in finished if not each.rows)
    if not empty or len(empty) == len(plan.slices):
        return ()
    listed = ", ".join(empty[:5]) + (" …" if len(empty) > 5 else "")
    return (f"No rows came for {counted(len(empty), 'day')} ({listed}); what was there is kept",)
