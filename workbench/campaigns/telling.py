"""What a sync tells people: notices to owners of campaigns, and, if they want, alerts elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.campaigns.activity import Activity, activity, together
from workbench.campaigns.looked import Looked
from workbench.campaigns.plan import Counts
from workbench.campaigns.sent import Sent
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.store.state.campaign_rows import CampaignRow

EVENTS = {
    "initial": "new campaign synced in",
    "manual": "manual sync completed",
    "nightly": "auto-sync completed",
    "hourly": "auto-sync completed",
}
"""What an owner is told (campaign-sync contract, section 7)."""
AGAIN = "failed writes tried again"
ACTIVITY = "member activity"
COMPLETED = "sync completed"
LEVEL = "notice"
"""Of an alert that asks nobody to do anything."""
MOST_CAMPAIGNS = 10
"""Campaigns that one alert names."""


def texts(looked: Looked, sent: Sent, campaign: str) -> list[str]:
    """The warnings that concern a campaign."""
    every = (*looked.all_warnings, *sent.warnings)
    return [each.text for each in every if each.campaign_id in (campaign, None)]


def notices(looked: Looked, sent: Sent, now: datetime) -> list[dict[str, Any]]:
    """The notices of one sync, a line each: what was done, and whose members were active."""
    active = _active(looked)
    told = [_completed(looked, sent, row, now) for row in looked.chosen]
    return told + [
        _line(row, ACTIVITY, f"{row.name}: {active[row.id].words}", now)
        for row in looked.chosen
        if row.id in active
    ]


def alerts(looked: Looked, sent: Sent, job: str, run_id: int) -> list[dict[str, Any]]:
    """What goes where alerts go, one of a kind for each run."""
    common = {"job": job, "level": LEVEL, "run_id": run_id}
    told = []
    if looked.sync.notify.sync_completed:
        moved = [f"{row.name}: {_moved(looked, row)}" for row in looked.chosen[:MOST_CAMPAIGNS]]
        more = len(looked.chosen) - len(moved)
        warned = counted(len(looked.all_warnings) + len(sent.warnings), "warning")
        rest = [counted(more, "more campaign")] if more > 0 else []
        parts = [*moved, *rest, warned]
        text = f"{looked.sync.name}: {_event(looked)}; {'; '.join(parts)}"
        told.append({**common, "state": COMPLETED, "text": text})
    if active := _active(looked):
        text = f"{looked.sync.name}: {together(active).words}"
        told.append({**common, "state": ACTIVITY, "text": text})
    return told


def _active(looked: Looked) -> Mapping[str, Activity]:
    if not looked.sync.notify.member_activity:
        return {}
    return activity(looked.plan.keep, looked.plan.inputs.ours)


def _completed(looked: Looked, sent: Sent, row: CampaignRow, now: datetime) -> dict[str, Any]:
    text = f"{row.name}: {_event(looked)}; {_moved(looked, row)}"
    return _line(row, _event(looked), text, now, texts(looked, sent, row.id))


def _line(
    row: CampaignRow, event: str, text: str, now: datetime, warnings: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        "at": now,
        "campaign_id": row.id,
        "owner": row.owner or row.owner_id,
        "event": event,
        "text": text,
        "warnings": list(warnings),
    }


def _event(looked: Looked) -> str:
    return EVENTS[looked.kind] if looked.only is None else AGAIN


def _moved(looked: Looked, row: CampaignRow) -> str:
    counts = looked.plan.by_campaign.get(row.id, Counts())
    return f"{counts.joined} joined, {counts.left} left, {counts.updated} changed"
