"""The org as the sync's user sees it: fields that may be read, campaigns as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from workbench.campaigns import reading
from workbench.campaigns.fields import OBJECTS, STATUS_OBJECT, Seen, readable
from workbench.campaigns.mapped import Described
from workbench.campaigns.reading import DESCRIBED_FOR
from workbench.errors import InputError, RejectedError

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Known:
    """The org as this user sees it, and every campaign as it is now."""

    described: Described
    seen: Seen
    campaigns: Mapping[str, CampaignRow]
    there: Mapping[str, Mapping[str, Any]]
    """Campaign → field → what stands in the fields that statistics go to."""


def today(sync: CampaignSync, services: Services) -> date:
    """The day it is for a sync: what decides that a campaign has ended."""
    zone = sync.timezone or services.settings.workspace_timezone
    return services.now().astimezone(ZoneInfo(zone)).date()


def known(
    sync: CampaignSync, services: Services, org: SalesforceClient, *, fresh: bool = False
) -> Known:
    """What the org shows: fields from the last days, campaigns as they are now; they are kept.

    Raises:
        AccessError: this user sees no campaigns, or not the fields a sync needs.
        InputError: a field that the document names is not there.
    """
    described = _described(sync, services, org, fresh=fresh)
    try:
        seen = readable(described, sync)
    except InputError:
        if fresh:
            raise
        # Somebody may just have made the field that the document names.
        return known(sync, services, org, fresh=True)
    rows = reading.all_campaigns(org, seen, sync)
    there = {row["id"]: row.pop("statistics_there") for row in rows}
    services.state.campaigns.learn(sync.name, rows, at=services.now())
    services.state.campaigns.mark_deleted(sync.name, set(there))
    kept = {row.id: row for row in services.state.campaigns.all(sync.name)}
    return Known(described, seen, kept, there)


def _described(
    sync: CampaignSync, services: Services, org: SalesforceClient, *, fresh: bool
) -> Mapping[str, Any]:
    history = services.state.campaign_history
    usage, now = history.usage(sync.connection), services.now()
    wanted = [*OBJECTS]
    wanted += [STATUS_OBJECT] if sync.status.unknown_label == "create" else []
    wanted += [name] if (name := sync.pam.fields.get("edition.object")) else []
    kept: Mapping[str, Any] = {}
    since = now
    described_at = usage.described_at if usage and usage.describes and not fresh else None
    if usage and described_at and described_at > now - DESCRIBED_FOR:
        kept, since = usage.describes or {}, described_at
    missing = [name for name in wanted if name not in kept]
    if not missing:
        return kept
    told = {**kept, **reading.described(org, missing)}
    history.learn_usage(sync.connection, at=now, describes=told, described_at=since)
    return told


def with_known(
    sync: CampaignSync,
    services: Services,
    org: SalesforceClient,
    work: Callable[[Known], Made],
) -> Made:
    """Do ``work`` with what the org shows; where a field was hidden since, once more without it.

    Raises:
        AccessError, InputError: as ``known`` says.
        RemoteError: as the work says.
    """
    try:
        return work(known(sync, services, org))
    except RejectedError as error:
        if "INVALID_FIELD" not in f"{error} {error.details}":
            raise
    return work(known(sync, services, org, fresh=True))
