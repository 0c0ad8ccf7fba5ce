"""The four campaign syncs, end to end: what buttons, command line and scheduler call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.campaigns.calls import opened
from workbench.campaigns.choosing import Chosen, batch, find, one
from workbench.campaigns.editions import new_editions, sends_of
from workbench.campaigns.known import Known, with_known
from workbench.campaigns.look import look
from workbench.campaigns.looked import Looked
from workbench.campaigns.recorded import JOBS, recorded
from workbench.campaigns.results import SyncResult
from workbench.campaigns.turns import turn
from workbench.campaigns.vocabulary import SyncKind
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow
    from workbench.store.state.run_rows import Trigger


def preview(
    sync: CampaignSync,
    campaign_id: str,
    services: Services,
    *,
    kind: SyncKind = "manual",
    release: bool = False,
    only: Sequence[str] | None = None,
) -> Looked:
    """What a sync of one campaign would change on both sides; changes nothing on either.

    Args:
        only: As ``sync_one`` says.

    Raises:
        InputError: no such campaign, or it is not started.
        RemoteError: as the client says.
    """
    with opened(sync, services, "preview") as org:

        def looked(told: Known) -> Looked:
            chosen = one(sync, kind, told, campaign_id)
            campaigns = chosen.campaigns
            return look(sync, kind, told, campaigns, services, org, release=release, only=only)

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
    only: Sequence[str] | None = None,
) -> SyncResult:
    """Synchronize (manual) or New Edition (initial) for one campaign, as a recorded run.

    Args:
        fingerprint: Of the sheet that was seen; the sync goes only if it would still be that one.
        release: Let members leave although there are more than the limits allow.
        only: Ids of members whose writes failed and are tried again, "" for the statistics;
            nobody else is looked at.

    Raises:
        InputError: no such campaign, it is not started, or another run has it.
        HeldError: the sheet is no longer the one that was seen; nothing was sent.
        RemoteError: as the client says; the next sync goes on from where this one began.
    """

    def choose(told: Known) -> Chosen:
        return one(sync, kind, told, campaign_id)

    if run_id is None:
        options = {"campaign": campaign_id, "kind": kind, "release": release}
        options |= {"only": list(only)} if only is not None else {}
        run_id = turn(f"{JOBS[kind]}/{sync.name}", services, sync, trigger, options)
    return recorded(
        sync,
        kind,
        services,
        choose,
        trigger=trigger,
        run_id=run_id,
        fingerprint=fingerprint,
        release=release,
        only=only,
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
    return recorded(sync, kind, services, choose, trigger=trigger, run_id=run_id, release=release)


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
    with opened(sync, services, "campaigns") as org:
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
    if row is None or sync.auto_sync_box is not None:
        with opened(sync, services, "auto-sync") as org:
            row = with_known(
                sync, services, org, lambda told: one(sync, "any", told, campaign_id).campaigns[0]
            )
            if sync.auto_sync_box is not None:
                _tick(org, row, sync.auto_sync_box, on=on)
    services.state.campaigns.change(sync.name, row.id, auto_sync=on)
    return row


def _tick(org: SalesforceClient, row: CampaignRow, field: str, *, on: bool) -> None:
    for answers in org.update("Campaign", [{"Id": row.id, field: on}]):
        for answer in answers:
            if not answer.ok:
                raise InputError(f"Salesforce did not change {field}: {answer.message}")
