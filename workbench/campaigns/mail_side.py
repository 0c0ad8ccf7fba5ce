"""What the mail side holds of some campaigns, in the shapes that a reconcile looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.campaigns import shapes

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow


def members(services: Services, sync: CampaignSync, ids: Sequence[str]) -> pa.Table:
    """Every member, in the shape of ours."""
    return services.state.campaign_members.all(sync.name, ids).select(shapes.OURS.names)


def decisions(services: Services, sync: CampaignSync, ids: Sequence[str]) -> pa.Table:
    """What people decided about members of these campaigns."""
    rows = services.state.campaign_members.decisions(sync.name, ids)
    return shapes.table(rows, shapes.DECISIONS)


def backlog(
    services: Services, sync: CampaignSync, ids: Sequence[str], only: Sequence[str] | None
) -> tuple[pa.Table, pa.Table]:
    """Members that an earlier run read and did not take over, and those it knew to be gone."""
    rows = services.state.campaign_members.backlog(sync.name, ids)
    rows = [row for row in rows if only is None or row["member_id"] in only]
    theirs = [_from_json(row["theirs"]) for row in rows if row["theirs"] is not None]
    gone = [{"member_id": row["member_id"]} for row in rows if row["theirs"] is None]
    return shapes.table(theirs, shapes.THEIRS), shapes.table(gone, shapes.GONE)


def _from_json(row: Mapping[str, Any]) -> dict[str, Any]:
    moments = ("joined_at", "modified_at", "person_modified_at")
    parsed = {name: datetime.fromisoformat(row[name]) for name in moments if row.get(name)}
    return {**row, **parsed}


def labels(chosen: Sequence[CampaignRow]) -> pa.Table:
    """The labels as they were read last."""
    rows = [{**label, "campaign_id": row.id} for row in chosen for label in row.labels or ()]
    return shapes.table(rows, shapes.LABELS)


def learned(
    services: Services, sync: CampaignSync, chosen: Sequence[CampaignRow], labels: pa.Table
) -> list[CampaignRow]:
    """Keep labels as they were just read; gives the campaigns with them."""
    by_campaign: dict[str, list[dict[str, Any]]] = {row.id: [] for row in chosen}
    for label in labels.to_pylist():
        by_campaign[label.pop("campaign_id")].append(label)
    services.state.campaigns.learn_labels(sync.name, by_campaign)
    return [replace(row, labels=by_campaign[row.id]) for row in chosen]
