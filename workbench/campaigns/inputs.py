"""What a reconcile looks at: both sides, and the rules that the settings give it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from workbench.campaigns import shapes

if TYPE_CHECKING:
    from workbench.campaigns.choices import StatusMap

Winner = Literal["salesforce", "mail_side", "newest", "hold"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings decide of one reconcile."""

    maps: Mapping[str, StatusMap]
    """Campaign id → which label a mail action becomes."""
    policy: Winner = "salesforce"
    unknown_label: Literal["hold", "default", "create"] = "hold"
    hold_above_pct: float = 5.0
    hold_above_n: int = 100
    release: bool = False
    """A person has seen how many would leave, and lets them."""
    out: bool = True
    """Whether this sync writes statuses to Salesforce."""
    opt_outs: bool = False
    """Whether it ticks Email Opt Out on people who opted out here (Q32)."""
    points: Mapping[str, int] = field(default_factory=dict)
    """Action → points; without any, members are not scored (Q22)."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Fact of a member → field of CampaignMember that it is written to (Q16)."""
    follow_merges: bool = True
    """Whether a member whose person was merged away leaves with its row (Q07)."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a reconcile looks at, in the shapes of ``workbench.campaigns.shapes``."""

    theirs: pa.Table
    """Members read from Salesforce, each once: all of a campaign, or those that changed."""
    ours: pa.Table
    """Every member of the campaigns as the mail side has them."""
    labels: pa.Table
    rules: Rules
    gone: pa.Table = field(default_factory=lambda: shapes.empty(shapes.GONE))
    """Members that Salesforce says were deleted; others than ours are ignored."""
    complete: frozenset[str] = frozenset()
    """Campaigns of which ``theirs`` holds every member, so that whoever is not in it is gone."""
    merged: pa.Table = field(default_factory=lambda: shapes.empty(shapes.MERGED))
    """Of the members that are gone: whose person was merged, where merges are not followed."""
    only: frozenset[str] | None = None
    """Members that are looked after; None is everybody. The others stay as they are."""
    events: pa.Table = field(default_factory=lambda: shapes.empty(shapes.EVENTS))
    decisions: pa.Table = field(default_factory=lambda: shapes.empty(shapes.DECISIONS))


def tables(inputs: Inputs) -> dict[str, pa.Table]:
    """What the SQL of a reconcile reads, by the names it uses."""
    return {
        "theirs": inputs.theirs.select(shapes.THEIRS.names),
        "ours": inputs.ours.select(shapes.OURS.names),
        "gone": inputs.gone,
        "merged": inputs.merged,
        "labels": inputs.labels,
        "events": inputs.events,
        "decisions": inputs.decisions,
        "complete": pa.table({"campaign_id": pa.array(sorted(inputs.complete), pa.string())}),
        **_maps(inputs.rules.maps),
    }


def _maps(maps: Mapping[str, StatusMap]) -> dict[str, pa.Table]:
    actions = ("sent", "opened", "clicked", "completed", "bounced", "opted_out")
    rows = [
        {"campaign_id": campaign, "acted": action, "label": label}
        for campaign, status_map in maps.items()
        for action in actions
        if (label := getattr(status_map, action)) is not None
    ]
    text = pa.string()
    schema = pa.schema([("campaign_id", text), ("acted", text), ("label", text)])
    kept = {
        "campaign_id": pa.array(list(maps), text),
        "never_downgrade": pa.array([each.never_downgrade for each in maps.values()], pa.bool_()),
    }
    return {"maps": pa.Table.from_pylist(rows, schema=schema), "downgrades": pa.table(kept)}
