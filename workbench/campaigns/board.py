"""What stands, for the list, the gauge and the warnings: from the store, asking nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.campaigns.budget import Gate, Load, Waste, per_day, wasted
from workbench.campaigns.calls import allocation
from workbench.campaigns.closed import of_hourly, why_closed
from workbench.campaigns.known import today
from workbench.campaigns.vocabulary import SYNC_KINDS

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow

DAY = timedelta(days=1)
LEARNED_FROM = 5
"""Past syncs of a campaign that the forecast is made from."""
NO_MEMBERS = dict.fromkeys(("total", "active", "inactive", "leads", "contacts", "converted"), 0)


@dataclass(frozen=True, slots=True)
class Listed:
    """One campaign on the list."""

    row: CampaignRow
    members: dict[str, int]
    closed: str | None
    """Why it is closed; None while it is open."""
    next_at: datetime | None
    """When it is synced next by itself, UTC."""
    warnings: tuple[str, ...]
    needs_attention: bool

    def as_json(self) -> dict[str, Any]:
        """What ``campaign list --json`` promises."""
        row = self.row
        return {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "status": row.status,
            "is_active": row.is_active,
            "start_date": row.start_date,
            "end_date": row.end_date,
            "auto_sync": row.auto_sync,
            "members": self.members,
            "last_sync": {kind: getattr(row, f"{kind}_at") for kind in SYNC_KINDS},
            "next_at": self.next_at,
            "warnings": list(self.warnings),
        }


def listed(sync: CampaignSync, services: Services) -> list[Listed]:
    """Every campaign as it was read last, those that need somebody first."""
    counts = services.state.campaign_members.counts(sync.name)
    found = [
        _listed(sync, services, row, counts.get((sync.name, row.id), dict(NO_MEMBERS)))
        for row in services.state.campaigns.all(sync.name)
    ]
    return sorted(found, key=lambda each: (not each.needs_attention, each.row.name.lower()))


def _listed(
    sync: CampaignSync, services: Services, row: CampaignRow, members: dict[str, int]
) -> Listed:
    closed = why_closed(sync, row, today(sync, services))
    told = [str(warning["text"]) for warning in row.warnings or ()]
    wasting = row.auto_sync and closed is not None
    if wasting:
        told.insert(0, f"Auto-sync is on although the campaign is closed: {closed}")
    held = any(warning.get("code") == "deletes held" for warning in row.warnings or ())
    return Listed(
        row,
        members,
        closed,
        next_sync(sync, row, services, closed=closed is not None),
        tuple(told),
        wasting or held,
    )


def next_sync(
    sync: CampaignSync, row: CampaignRow, services: Services, *, closed: bool
) -> datetime | None:
    """When a campaign is synced next by itself; None if nobody will."""
    from workbench.schedules.fires import next_after

    if row.initial_at is None or (closed and sync.skip_closed):
        return None
    now, moments = services.now(), []
    if sync.nightly.enabled and row.auto_sync:
        moments.append(next_after(sync.nightly_schedule, now))
    if sync.hourly.enabled and of_hourly(sync, row, today(sync, services)):
        moments.append(next_after(sync.hourly_schedule, now))
    return min((each for each in moments if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class Budget:
    """Calls of one connection: the org's, ours, and what the schedule will cost."""

    limit: int | None
    used_org: int | None
    """The whole org's in the last 24 hours, as Salesforce said last."""
    used_ours: int
    allocation: int | None
    gate: Gate
    forecast_per_day: int
    forecast_percent: float | None
    """Of the org's limit."""
    one_by_one_per_day: int
    """The same where every campaign is synced by itself."""
    wasted: tuple[Waste, ...]

    def as_json(self) -> dict[str, Any]:
        """What ``campaign budget --json`` promises."""
        return {
            "limit": self.limit,
            "used_org": self.used_org,
            "used_ours": self.used_ours,
            "allocation": self.allocation,
            "forecast_per_day": self.forecast_per_day,
            "wasted": [
                {"id": each.campaign_id, "calls_per_month": each.calls_per_month}
                for each in self.wasted
            ],
        }


def budget(sync: CampaignSync, services: Services) -> Budget:
    """The gauge: what was used, what is ours, what the schedule will use."""
    history = services.state.campaign_history
    usage = history.usage(sync.connection)
    used = history.calls_since(sync.connection, services.now() - DAY)
    share = allocation(sync, services)
    limit = usage.limit if usage else None
    paused = usage is not None and usage.paused_at is not None
    loads = _loads(sync, services)
    taken = [load for load in loads if not (load.closed and sync.skip_closed)]
    hourly = _hourly_runs(sync)
    nightly = sync.nightly.enabled
    forecast = per_day(
        taken,
        nightly=nightly,
        hourly_runs=hourly,
        reconcile=sync.nightly.reconcile,
        editions="edition.object" in sync.pam.fields,
    )
    runs = hourly + (1 if nightly else 0)
    return Budget(
        limit=limit,
        used_org=usage.used if usage else None,
        used_ours=used,
        allocation=share.calls(limit),
        gate=share.gate(used=used, limit=limit, paused=paused),
        forecast_per_day=forecast,
        forecast_percent=round(forecast * 100 / limit, 2) if limit else None,
        one_by_one_per_day=4 * runs * len(taken),
        # What a closed campaign costs where closed ones are not skipped: the reason to turn it off.
        wasted=tuple(wasted(loads, nightly=nightly, hourly_runs=hourly)),
    )


def _hourly_runs(sync: CampaignSync) -> int:
    """Runs of the hourly batch a day, without the one the nightly batch stands for."""
    if not sync.hourly.enabled:
        return 0
    hours = sync.hourly.active_hours
    first, last = hours.first, hours.last
    count = (last - first) % 24 + 1
    rides = sync.nightly.enabled and (sync.nightly.at[0] - first) % 24 < count
    return count - 1 if rides else count


def _loads(sync: CampaignSync, services: Services) -> list[Load]:
    """What each campaign with auto-sync asks of a run, from its last syncs."""
    counts = services.state.campaign_members.counts(sync.name)
    day = today(sync, services)
    found = []
    for row in services.state.campaigns.all(sync.name):
        if not row.auto_sync or row.initial_at is None:
            continue
        past = services.state.campaign_history.syncs(sync.name, row.id, limit=LEARNED_FROM)
        told = [line.counts or {} for line in past if line.kind != "initial"]
        found.append(
            Load(
                row.id,
                counts.get((sync.name, row.id), NO_MEMBERS)["total"],
                _mean([one.get("joined", 0) + one.get("updated", 0) for one in told]),
                _mean([one.get("statuses_out", 0) for one in told]),
                why_closed(sync, row, day) is not None,
                _mean([one.get("fields_out", 0) for one in told]),
            )
        )
    return found


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
