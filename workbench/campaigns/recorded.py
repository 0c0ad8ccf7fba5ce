"""A campaign sync as a recorded run: looked at, carried out, and written down however it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.campaigns.calls import opened, require_share, spent
from workbench.campaigns.carry import carry_out
from workbench.campaigns.choosing import Chosen
from workbench.campaigns.known import Known, with_known
from workbench.campaigns.look import look
from workbench.campaigns.looked import Looked
from workbench.campaigns.results import SyncResult, in_numbers, result_of
from workbench.campaigns.turns import claimed
from workbench.campaigns.vocabulary import SyncKind
from workbench.errors import CancelledError, HeldError, QuotaError, RemoteError
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state import Tally
    from workbench.store.state.run_rows import Trigger

JOBS: Mapping[SyncKind, str] = {
    "initial": "campaign",
    "manual": "campaign",
    "nightly": "campaign_nightly",
    "hourly": "campaign_hourly",
}
"""The job of each kind of sync; its name follows: ``campaign_nightly/acme-campaigns``."""


def recorded(
    sync: CampaignSync,
    kind: SyncKind,
    services: Services,
    choose: Callable[[Known], Chosen],
    *,
    trigger: Trigger,
    run_id: int,
    fingerprint: str | None = None,
    release: bool = False,
    only: Sequence[str] | None = None,
) -> SyncResult:
    """Carry a sync out as the run ``run_id``; the other arguments as ``run.sync_one`` says.

    Args:
        choose: Which campaigns, once they are known.

    Raises:
        HeldError: the sheet is no longer the one that was seen; nothing was sent.
        QuotaError: our share of the calls, or the hourly batch's own, would be used up.
        RemoteError: as the client says; the history of every chosen campaign says so too.
    """
    runs = services.state.runs
    with runs.recorded(f"{JOBS[kind]}/{sync.name}", trigger, run_id=run_id) as tally:
        require_share(sync, kind, services)
        began = services.now()
        taken = Chosen(())

        def carried(told: Known) -> SyncResult:
            nonlocal taken
            taken = choose(told)
            with claimed(sync, services, taken, tally) as free:
                taken = free
                looked = _looked(sync, kind, told, free, services, org, tally, release, only)
                return _carried(looked, services, org, tally, fingerprint)

        try:
            with opened(sync, services, kind, tally) as org:
                tally.stage("reading campaigns")
                result = with_known(sync, services, org, carried)
        except (RemoteError, CancelledError) as error:
            _record_failure(sync, kind, services, taken, tally.run_id, trigger, began, error)
            raise
        tally.failed = result.failed
        status = "done with errors" if result.failed else "done"
        tally.result = {**result.as_json(), "status": status, "kind": kind}
    return result


def _looked(
    sync: CampaignSync,
    kind: SyncKind,
    told: Known,
    chosen: Chosen,
    services: Services,
    org: SalesforceClient,
    tally: Tally,
    release: bool,
    only: Sequence[str] | None,
) -> Looked:
    tally.stage("reading members")
    for campaign, why in chosen.skipped.items():
        tally.log(f"Skipped {told.campaigns[campaign].name}: {why}", level="warning")
    return look(
        sync,
        kind,
        told,
        chosen.campaigns,
        services,
        org,
        release=release,
        skipped=chosen.skipped,
        only=only,
    )


def _carried(
    looked: Looked,
    services: Services,
    org: SalesforceClient,
    tally: Tally,
    fingerprint: str | None,
) -> SyncResult:
    if fingerprint is not None and fingerprint != looked.fingerprint:
        raise HeldError(
            f"What would change is no longer what was seen: {in_numbers(looked)}",
            hint="Preview it again; nothing was sent.",
        )
    _require_few_calls(looked, spent(looked.sync, org))
    tally.log(f"Read {counted(len(looked.chosen), 'campaign')}: {in_numbers(looked)}")
    _tell(looked, org, tally, done=0)
    sent = carry_out(looked, services, org, tally)
    _tell(looked, org, tally, done=1)
    for warned in (*looked.all_warnings, *sent.warnings):
        tally.log(str(warned), level="warning")
    return result_of(looked, sent, tally.run_id, spent(looked.sync, org))


def _tell(looked: Looked, org: SalesforceClient, tally: Tally, *, done: int) -> None:
    tally.progress(
        done=done,
        total=done or None,
        rows=looked.members.rows.num_rows,
        requests=org.api_calls,
        bytes=org.meter.snapshot().total.bytes,
    )


def _require_few_calls(looked: Looked, calls: int) -> None:
    """The hourly batch may have a limit of its own; what it read is read again later.

    Raises:
        QuotaError: writing would go over it.
    """
    most = looked.sync.hourly.max_calls
    needed = calls + looked.calls_to_write
    if looked.kind == "hourly" and most is not None and needed > most:
        raise QuotaError(
            f"This run would cost {counted(needed, 'call')}; hourly.max_calls is {most}",
            hint="Nothing was written; the nightly batch has no such limit.",
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
