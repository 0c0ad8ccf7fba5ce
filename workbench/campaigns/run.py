"""The four campaign syncs, end to end: what buttons, command line and scheduler call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.campaigns.budget import Allocation
from workbench.campaigns.carry import Sent, carry_out
from workbench.campaigns.choosing import Chosen, batch, find, one
from workbench.campaigns.editions import new_editions, sends_of
from workbench.campaigns.known import Known, with_known
from workbench.campaigns.look import Looked, look
from workbench.campaigns.turns import claimed, turn
from workbench.campaigns.vocabulary import SyncKind
from workbench.errors import CancelledError, HeldError, InputError, QuotaError, RemoteError
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state import Tally
    from workbench.store.state.campaigns import CampaignRow
    from workbench.store.state.run_rows import Trigger

JOBS: Mapping[SyncKind, str] = {
    "initial": "campaign",
    "manual": "campaign",
    "nightly": "campaign_nightly",
    "hourly": "campaign_hourly",
}
"""The job of each kind of sync; its name follows: ``campaign_nightly/acme-campaigns``."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync came to; the keys of ``campaign sync --json``."""

    run: int
    status: str
    inward: Mapping[str, int]
    outward: Mapping[str, int]
    conflicts: int
    held: int
    failed: int
    warnings: tuple[str, ...]
    api_calls: int
    campaigns: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Campaign → why a batch left it out."""

    def as_json(self) -> dict[str, Any]:
        """What the command line promises."""
        told = asdict(self)
        told["warnings"] = list(self.warnings)
        return told


def preview(
    sync: CampaignSync,
    campaign_id: str,
    services: Services,
    *,
    kind: SyncKind = "manual",
    release: bool = False,
) -> Looked:
    """What a sync of one campaign would change on both sides; changes nothing on either.

    Raises:
        InputError: no such campaign, or it is not started.
        RemoteError: as the client says.
    """
    with _opened(sync, services, "preview") as org:

        def looked(told: Known) -> Looked:
            chosen = one(sync, kind, told, campaign_id)
            return look(sync, kind, told, chosen.campaigns, services, org, release=release)

        return with_known(sync, services, org, looked)


def sync_one(
    sync: CampaignSync,
    campaign_id: str,
    services: Services,
    *,
    kind: SyncKind = "manual",
    trigger: Trigger = "person",
    run_id: int | None = None,
    fingerprint: str | None = None,
    release: bool = False,
) -> SyncResult:
    """Synchronize (manual) or New Edition (initial) for one campaign, as a recorded run.

    Args:
        fingerprint: Of the sheet that was seen; the sync goes only if it would still be that one.
        release: Let members leave although there are more than the limits allow.

    Raises:
        InputError: no such campaign, it is not started, or another run has it.
        HeldError: the sheet is no longer the one that was seen; nothing was sent.
        RemoteError: as the client says; the next sync goes on from where this one began.
    """

    def choose(told: Known) -> Chosen:
        return one(sync, kind, told, campaign_id)

    if run_id is None:
        options = {"campaign": campaign_id, "kind": kind, "release": release}
        run_id = turn(f"{JOBS[kind]}/{sync.name}", services, sync, trigger, options)
    return _run(
        sync,
        kind,
        services,
        choose,
        trigger=trigger,
        run_id=run_id,
        fingerprint=fingerprint,
        release=release,
    )


def run_batch(
    sync: CampaignSync,
    kind: SyncKind,
    services: Services,
    *,
    trigger: Trigger = "person",
    run_id: int | None = None,
    release: bool = False,
) -> SyncResult:
    """The nightly or the hourly batch, as a recorded run.

    Closed campaigns are skipped and listed; too many deletes of one campaign are held while the
    rest goes on.

    Raises:
        QuotaError: our share of the calls is used up; the batch pauses until it is not.
        RemoteError: as the client says; the next batch goes on from where this one began.
    """
    if kind == "hourly" and not sync.hourly.enabled and trigger == "schedule":
        raise InputError("The hourly sync is off", hint="Turn it on: hourly: {enabled: true}.")

    def choose(told: Known) -> Chosen:
        return batch(sync, kind, told, services)

    if run_id is None:
        job = f"{JOBS[kind]}/{sync.name}"
        run_id = turn(job, services, sync, trigger, {"release": release})
    return _run(sync, kind, services, choose, trigger=trigger, run_id=run_id, release=release)


def new_edition(
    sync: CampaignSync,
    campaign_id: str,
    services: Services,
    *,
    trigger: Trigger = "person",
    run_id: int | None = None,
) -> SyncResult | None:
    """The New Edition button: the first press is the initial sync, a later one adds an edition.

    None where no sync was needed.

    Raises:
        InputError: no such campaign.
        RemoteError: as the client says.
    """
    row = services.state.campaigns.get(campaign_id, sync.name)
    if row is None or row.initial_at is None:
        return sync_one(sync, campaign_id, services, kind="initial", trigger=trigger, run_id=run_id)
    there = services.state.campaigns.editions(sync.name, row.id)
    sends = sends_of(sync, row.id, row.type)
    start, end = row.start_date, row.end_date
    added = new_editions(sync, sends, there, start=start, end=end, now=services.now())
    with services.state.campaigns.changing(sync.name, 0) as changing:
        changing.add_editions(row.id, added)
    return None


def refresh(sync: CampaignSync, services: Services) -> None:
    """Read every campaign's own fields anew; one call.

    Raises:
        RemoteError: as the client says; what was read before stays.
    """
    with _opened(sync, services, "campaigns") as org:
        with_known(sync, services, org, lambda told: told)


def set_auto_sync(
    sync: CampaignSync, campaign_id: str, services: Services, *, on: bool
) -> CampaignRow:
    """The Auto Sync checkbox: the campaign's own field, or ours where there is none.

    Raises:
        InputError: no such campaign, or Salesforce did not change its field.
        RemoteError: Salesforce refused; the checkbox is as it was.
    """
    row = find(services, sync, campaign_id)
    if row is None or sync.auto_sync_field is not None:
        with _opened(sync, services, "auto-sync") as org:
            row = with_known(
                sync, services, org, lambda told: one(sync, "any", told, campaign_id).campaigns[0]
            )
            if sync.auto_sync_field is not None:
                _tick(org, row, sync.auto_sync_field, on=on)
    services.state.campaigns.change(sync.name, row.id, auto_sync=on)
    return row


def _tick(org: SalesforceClient, row: CampaignRow, field: str, *, on: bool) -> None:
    for answers in org.update("Campaign", [{"Id": row.id, field: on}]):
        for answer in answers:
            if not answer.ok:
                raise InputError(f"Salesforce did not change {field}: {answer.message}")


def _run(
    sync: CampaignSync,
    kind: SyncKind,
    services: Services,
    choose: Callable[[Known], Chosen],
    *,
    trigger: Trigger,
    run_id: int,
    fingerprint: str | None = None,
    release: bool = False,
) -> SyncResult:
    runs = services.state.runs
    with runs.recorded(f"{JOBS[kind]}/{sync.name}", trigger, run_id=run_id) as tally:
        _require_share(sync, kind, services)
        began = services.now()
        taken = Chosen(())

        def carried(told: Known) -> SyncResult:
            nonlocal taken
            taken = choose(told)
            with claimed(sync, services, taken, tally) as free:
                taken = free
                return _carried(sync, kind, told, free, services, org, tally, fingerprint, release)

        try:
            with _opened(sync, services, kind, tally) as org:
                tally.stage("reading campaigns")
                result = with_known(sync, services, org, carried)
        except (RemoteError, CancelledError) as error:
            _record_failure(sync, kind, services, taken, tally.run_id, trigger, began, error)
            raise
        tally.failed = result.failed
        status = "done with errors" if result.failed else "done"
        tally.result = {**result.as_json(), "status": status, "kind": kind}
    return result


def _carried(
    sync: CampaignSync,
    kind: SyncKind,
    told: Known,
    chosen: Chosen,
    services: Services,
    org: SalesforceClient,
    tally: Tally,
    fingerprint: str | None,
    release: bool,
) -> SyncResult:
    tally.stage("reading members")
    for campaign, why in chosen.skipped.items():
        tally.log(f"Skipped {told.campaigns[campaign].name}: {why}", level="warning")
    looked = look(
        sync,
        kind,
        told,
        chosen.campaigns,
        services,
        org,
        release=release,
        skipped=chosen.skipped,
    )
    if fingerprint is not None and fingerprint != looked.plan.fingerprint:
        raise HeldError(
            f"What would change is no longer what was seen: {_counts(looked)}",
            hint="Preview it again; nothing was sent.",
        )
    members = looked.members.rows.num_rows
    tally.progress(done=0, total=None, rows=members, requests=org.api_calls)
    sent = carry_out(looked, services, org, tally)
    tally.progress(done=1, total=1, rows=members, requests=org.api_calls)
    for warned in (*looked.all_warnings, *sent.warnings):
        tally.log(str(warned), level="warning")
    return _result(looked, sent, tally.run_id, org.api_calls)


def _counts(looked: Looked) -> str:
    counts = looked.plan.counts
    told = {
        "joined": counts.joined,
        "left": counts.left,
        "changed": counts.updated,
        "statuses in": counts.statuses_in,
        "statuses out": counts.statuses_out,
    }
    return ", ".join(f"{number} {name}" for name, number in told.items())


def _result(looked: Looked, sent: Sent, run_id: int, calls: int) -> SyncResult:
    counts, failed = looked.plan.counts, len(sent.failed) + len(sent.statistics_failed)
    warnings = (*looked.all_warnings, *sent.warnings)
    names = {row.id: row.name for row in looked.known.campaigns.values()}
    return SyncResult(
        run=run_id,
        status="done with errors" if failed else "done",
        inward={
            "joined": counts.joined,
            "left": counts.left,
            "updated": counts.updated,
            "statuses": counts.statuses_in,
        },
        outward={
            "statuses": len(sent.agreed),
            "editions": 0,
            "statistics": sent.statistics,
        },
        conflicts=counts.conflicts,
        held=counts.held,
        failed=failed,
        warnings=tuple(
            f"{names[each.campaign_id]}: {each}" if each.campaign_id else str(each)
            for each in warnings
        ),
        api_calls=calls,
        campaigns=tuple(looked.campaign_ids),
        skipped=dict(looked.skipped),
    )


def _record_failure(
    sync: CampaignSync,
    kind: SyncKind,
    services: Services,
    chosen: Chosen,
    run_id: int,
    trigger: Trigger,
    began: datetime,
    error: Exception,
) -> None:
    """A line in the history of every campaign that was to be synced."""
    line = {
        "run_id": run_id,
        "sync": sync.name,
        "kind": kind,
        "trigger": trigger,
        "started_at": began,
        "finished_at": services.now(),
        "status": "cancelled" if isinstance(error, CancelledError) else "failed",
        "error": str(error),
    }
    rows = [{**line, "campaign_id": row.id} for row in chosen.campaigns]
    services.state.campaign_history.record(rows)


@contextmanager
def _opened(
    sync: CampaignSync, services: Services, kind: str, tally: Tally | None = None
) -> Iterator[SalesforceClient]:
    """The org; every call is written down, whatever becomes of the work."""
    history = services.state.campaign_history

    def cancelled() -> bool:
        return tally is not None and tally.is_cancel_requested

    with services.salesforce(sync.connection, cancelled=cancelled) as org:
        try:
            yield org
        finally:
            now = services.now()
            run_id = tally.run_id if tally else None
            if org.api_calls:
                history.spent(
                    sync.connection, calls=org.api_calls, at=now, kind=kind, run_id=run_id
                )
            if (told := org.usage) is not None:
                history.learn_usage(sync.connection, at=now, used=told.used, limit=told.limit)


def allocation(sync: CampaignSync, services: Services) -> Allocation:
    """Our share of the org's calls, as the connection says."""
    budget = services.documents.salesforce(sync.connection).api_budget
    return Allocation(
        share_percent=budget.share_percent,
        warn_percent=budget.warn_percent,
        pause_percent=budget.pause_percent,
        resume_percent=budget.resume_percent,
    )


def _require_share(sync: CampaignSync, kind: SyncKind, services: Services) -> None:
    """Batches pause when our share of the day's calls is nearly used up; people's syncs go on.

    Raises:
        QuotaError: it is.
    """
    if kind not in ("nightly", "hourly"):
        return
    history, now = services.state.campaign_history, services.now()
    usage = history.usage(sync.connection)
    if usage is None or usage.limit is None:
        return
    share = allocation(sync, services)
    used = history.calls_since(sync.connection, now - DAY)
    gate = share.gate(used=used, limit=usage.limit, paused=usage.paused_at is not None)
    if gate != "paused":
        if usage.paused_at is not None:
            history.learn_usage(sync.connection, at=now, paused_at=None)
        return
    if usage.paused_at is None:
        history.learn_usage(sync.connection, at=now, paused_at=now)
    raise QuotaError(
        f"Our share of the day's calls is nearly used up: {counted(used, 'call')} of "
        f"{share.calls(usage.limit)}",
        hint=f"Batches go on by themselves below {share.resume_percent:g} %; or raise "
        f"api_budget.share_percent of connection/{sync.connection}.",
    )
