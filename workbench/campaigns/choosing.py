"""Which campaigns a sync takes: the one a person named, or those a batch is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from workbench.campaigns.closed import DELETED, of_hourly, why_closed
from workbench.campaigns.known import Known, today
from workbench.campaigns.vocabulary import SyncKind
from workbench.errors import InputError
from workbench.salesforce.ids import to_18
from workbench.words import nearest

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow

NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The campaigns of a run, and those a batch leaves out, with the reason."""

    campaigns: tuple[CampaignRow, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    def without(self, why: Mapping[str, str]) -> Chosen:
        """The same with some more left out."""
        left = tuple(row for row in self.campaigns if row.id not in why)
        return Chosen(left, {**self.skipped, **why})

    def anew(self, rows: Mapping[str, CampaignRow]) -> Chosen:
        """The same campaigns as they are by now."""
        return replace(self, campaigns=tuple(rows[row.id] for row in self.campaigns))


def find(services: Services, sync: CampaignSync, campaign_id: str) -> CampaignRow | None:
    """A campaign as it was read last, by its 15 or 18 characters or its name; None if never."""
    long = to_18(campaign_id)
    rows = services.state.campaigns.all(sync.name)
    named = [row for row in rows if row.id == long or row.name == campaign_id]
    return named[0] if len(named) == 1 else None


def one(
    sync: CampaignSync, kind: SyncKind | Literal["any"], known: Known, campaign_id: str
) -> Chosen:
    """The campaign that a person means.

    Raises:
        InputError: Salesforce has none of that id or name; or it cannot be synced this way yet.
    """
    long = to_18(campaign_id)
    rows = [row for row in known.campaigns.values() if row.status != DELETED]
    named = [row for row in rows if row.id == long or row.name == campaign_id]
    if len(named) != 1:
        words = [row.name for row in rows] + [row.id for row in rows]
        what = "There are several campaigns called" if named else "Salesforce has no campaign"
        raise InputError(
            f"{what} {campaign_id[:80]}{'' if named else nearest(campaign_id, words)}",
            hint="See `campaign list`.",
        )
    row = named[0]
    if kind == "manual" and row.initial_at is None:
        raise InputError(
            f"The campaign {row.name} has not been started: it has no edition yet",
            hint=f"Make its first edition: campaign sync {row.id} --kind initial",
        )
    if kind == "initial" and row.initial_at is not None:
        raise InputError(
            f"The campaign {row.name} has had its initial sync already",
            hint="New Edition adds an edition; Synchronize takes over what changed since.",
        )
    return Chosen((row,))


def batch(sync: CampaignSync, kind: SyncKind, known: Known, services: Services) -> Chosen:
    """The campaigns of a batch, those that waited longest first, so that none starves."""
    day = today(sync, services)
    if kind == "nightly":
        wanted = [row for row in known.campaigns.values() if row.auto_sync]
    else:
        wanted = [row for row in known.campaigns.values() if of_hourly(sync, row, day)]
    skipped: dict[str, str] = {}
    for row in wanted:
        closed = why_closed(sync, row, day)
        if row.status == DELETED or (closed is not None and sync.skip_closed):
            skipped[row.id] = f"closed campaign skipped: {closed}"
        elif row.initial_at is None:
            skipped[row.id] = "it has not been started: it has no edition yet"
    taken = [row for row in wanted if row.id not in skipped]
    taken.sort(key=lambda row: (row.last_synced_at or NEVER, row.id))
    return Chosen(tuple(taken), skipped)
