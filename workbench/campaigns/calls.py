"""Every call is written down; batches pause before our share of them is used up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from workbench.campaigns.budget import Allocation
from workbench.campaigns.vocabulary import SyncKind
from workbench.errors import QuotaError
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state import Tally

DAY = timedelta(days=1)


def spent(sync: CampaignSync, org: SalesforceClient) -> int:
    """Calls so far that count: those of bulk jobs only where the settings say so (Q27)."""
    return org.api_calls - (0 if sync.api.count_bulk else org.bulk_calls)


@contextmanager
def opened(
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
            if calls := spent(sync, org):
                history.spent(sync.connection, calls=calls, at=now, kind=kind, run_id=run_id)
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


def require_share(sync: CampaignSync, kind: SyncKind, services: Services) -> None:
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
