"""Look at both sides and make the plan: what a preview shows and a sync carries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from workbench.campaigns import reading, shapes
from workbench.campaigns.budget import PAGE_ROWS, Estimate, estimate, write_calls
from workbench.campaigns.engaged import engaged
from workbench.campaigns.fields import (
    STATUS_OBJECT,
    may_tick_opt_outs,
    may_write_status,
    writable_statistics,
)
from workbench.campaigns.known import Known
from workbench.campaigns.marked import with_marked
from workbench.campaigns.plan import Inputs, ReconcilePlan, Rules, reconcile
from workbench.campaigns.reading import Gone, Members
from workbench.campaigns.statistics import Figures, figures
from workbench.campaigns.statistics_out import StatisticsOut, statistics_out
from workbench.campaigns.vocabulary import SyncKind
from workbench.campaigns.warnings import Warned

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state.campaigns import CampaignRow

WINDOW_MARGIN = timedelta(minutes=5)
"""Deletions are asked for again from a little before the last read: clocks differ."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Everything a sync found out, before it changes anything."""

    sync: CampaignSync
    kind: SyncKind
    known: Known
    chosen: tuple[CampaignRow, ...]
    whole: tuple[str, ...]
    """Campaigns read member by member; of the others only what changed."""
    members: Members
    gone: Gone | None
    plan: ReconcilePlan
    figures: Figures
    statistics: StatisticsOut
    warnings: tuple[Warned, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Campaign → why a batch leaves it out."""

    @property
    def campaign_ids(self) -> list[str]:
        """The campaigns that are synced."""
        return [row.id for row in self.chosen]

    @property
    def all_warnings(self) -> tuple[Warned, ...]:
        """What the owners should read: of reading, of the plan, of the statistics."""
        return (*self.warnings, *self.plan.warnings, *self.statistics.warnings)

    @property
    def calls(self) -> int:
        """Calls that carrying this out costs from a fresh start: reads, writes, reading again."""
        rows, sent = self.members.rows.num_rows, self.plan.writes.num_rows
        statistics = self.statistics.rows.num_rows
        read = 2 + int(rows) // PAGE_ROWS + (1 if self.gone else 0)
        again = 2 + int(sent) // PAGE_ROWS if sent else 0
        return read + write_calls(sent) + again + write_calls(statistics)

    @property
    def estimate(self) -> Estimate:
        """The contract's own sum for this run."""
        return estimate(
            campaigns=len(self.chosen),
            changed=0 if self.whole else self.members.rows.num_rows,
            statuses=self.plan.writes.num_rows,
            statistics=self.statistics.rows.num_rows,
            members=self.members.rows.num_rows,
            reconcile=bool(self.whole),
        )


def look(
    sync: CampaignSync,
    kind: SyncKind,
    known: Known,
    chosen: Sequence[CampaignRow],
    services: Services,
    org: SalesforceClient,
    *,
    release: bool = False,
    skipped: Mapping[str, str] | None = None,
) -> Looked:
    """Read both sides of some campaigns and decide what would change.

    Raises:
        InputError: the engagement dataset is not there or lacks a column.
        RemoteError: as the client says; nothing was changed.
    """
    ids = [row.id for row in chosen]
    whole, since = _how(sync, kind, chosen, services)
    started = services.now()
    gone = None
    members = reading.members(org, known.seen.fields, sync, now=started, whole=whole, since=since)
    warnings = list(known.seen.warnings)
    if since and takes_deletes(sync, kind):
        gone = reading.deleted(
            org, min(_deleted_since(row) for row in chosen if row.id in since), started
        )
        if gone.too_late:
            warnings.append(
                Warned("reconcile forced", "Deletions are known too far back: everybody is read")
            )
            whole, since, gone = ids, {}, None
            members = reading.members(org, known.seen.fields, sync, now=started, whole=whole)
    happened = engaged(services.datasets, sync, ids)
    backlog, gone_before = _backlog(services, sync, [each for each in ids if each not in whole])
    theirs = members.rows
    if backlog.num_rows:
        theirs = reading.latest([backlog, theirs])
    if kind == "initial":
        people = reading.marked_people(org, known.seen.fields, sync)
        theirs = with_marked(theirs, people, ids)
    if kind == "initial" or any(row.labels is None for row in chosen):
        chosen = _learned(services, sync, chosen, reading.labels(org, ids))
    inputs = Inputs(
        theirs=theirs,
        ours=_ours(services, sync, ids),
        labels=_labels(chosen),
        rules=_rules(sync, kind, known, ids, release=release),
        gone=pa.concat_tables([gone_before, *([gone.ids] if gone else [])]),
        complete=frozenset(whole if takes_deletes(sync, kind) else ()),
        events=happened.events,
        decisions=_decisions(services, sync, ids),
    )
    plan = reconcile(inputs)
    if kind != "initial" and _writes_labels(plan):
        chosen = _learned(services, sync, chosen, reading.labels(org, ids))
        del plan  # two plans of a large campaign at once would be too much
        plan = reconcile(replace(inputs, labels=_labels(chosen)))
    counted = figures(plan.states, plan.matched, click_base=sync.stats.click_base)
    return Looked(
        sync=sync,
        kind=kind,
        known=known,
        chosen=tuple(chosen),
        whole=tuple(whole),
        members=members,
        gone=gone,
        plan=plan,
        figures=counted,
        statistics=_statistics(sync, kind, known, counted),
        warnings=(*warnings, *happened.warnings, *_changed_there(sync, chosen)),
        skipped=skipped or {},
    )


def _how(
    sync: CampaignSync, kind: SyncKind, chosen: Sequence[CampaignRow], services: Services
) -> tuple[list[str], dict[str, datetime]]:
    """Which campaigns are read whole, and since when the others are asked for changes."""
    every = [row.id for row in chosen]
    counts = services.state.campaigns.member_counts(sync.name)
    total = sum(counts.get((sync.name, each), {}).get("total", 0) for each in every)
    batch = sync.nightly.reconcile if kind == "nightly" else sync.hourly.reconcile
    reconciles = kind in ("nightly", "hourly") and batch
    if kind == "initial" or reconciles or total <= sync.members.whole_up_to:
        return every, {}
    since = {row.id: row.cursor_at for row in chosen if row.cursor_at is not None}
    return [each for each in every if each not in since], since


def _deleted_since(row: CampaignRow) -> datetime:
    assert row.cursor_at is not None
    return min(row.deleted_until or row.cursor_at, row.cursor_at)


def _ours(services: Services, sync: CampaignSync, ids: Sequence[str]) -> pa.Table:
    return services.state.campaigns.members(sync.name, ids).select(shapes.OURS.names)


def _decisions(services: Services, sync: CampaignSync, ids: Sequence[str]) -> pa.Table:
    rows = services.state.campaigns.decisions(sync.name, ids)
    return shapes.table(rows, shapes.DECISIONS)


def _backlog(
    services: Services, sync: CampaignSync, ids: Sequence[str]
) -> tuple[pa.Table, pa.Table]:
    """Members that an earlier run read and did not take over, and those it knew to be gone."""
    rows = services.state.campaigns.backlog(sync.name, ids)
    theirs = [_from_json(row["theirs"]) for row in rows if row["theirs"] is not None]
    gone = [{"member_id": row["member_id"]} for row in rows if row["theirs"] is None]
    return shapes.table(theirs, shapes.THEIRS), shapes.table(gone, shapes.GONE)


def _from_json(row: Mapping[str, Any]) -> dict[str, Any]:
    moments = ("joined_at", "modified_at", "person_modified_at")
    parsed = {name: datetime.fromisoformat(row[name]) for name in moments if row.get(name)}
    return {**row, **parsed}


def _labels(chosen: Sequence[CampaignRow]) -> pa.Table:
    """The labels as they were read last."""
    rows = [{**label, "campaign_id": row.id} for row in chosen for label in row.labels or ()]
    return shapes.table(rows, shapes.LABELS)


def _writes_labels(plan: ReconcilePlan) -> bool:
    """Whether labels are read once more: they only matter to what would be written."""
    unsure = any(warned.code == "unknown status label" for warned in plan.warnings)
    return unsure or plan.writes.num_rows > 0


def _learned(
    services: Services, sync: CampaignSync, chosen: Sequence[CampaignRow], labels: pa.Table
) -> list[CampaignRow]:
    by_campaign: dict[str, list[dict[str, Any]]] = {row.id: [] for row in chosen}
    for label in labels.to_pylist():
        by_campaign[label.pop("campaign_id")].append(label)
    services.state.campaigns.learn_labels(sync.name, by_campaign)
    return [replace(row, labels=by_campaign[row.id]) for row in chosen]


def _rules(
    sync: CampaignSync, kind: SyncKind, known: Known, ids: Sequence[str], *, release: bool
) -> Rules:
    unknown = sync.status.unknown_label
    if unknown == "create" and not known.described.get(STATUS_OBJECT, {}).get("createable"):
        unknown = "hold"
    return Rules(
        maps={each: sync.status_map_of(each) for each in ids},
        policy=sync.conflict.member_status,
        unknown_label=unknown,
        hold_above_pct=sync.deletes.hold_above_pct,
        hold_above_n=sync.deletes.hold_above_n,
        release=release,
        out=writes_back(sync, kind, "status") and may_write_status(known.described),
        opt_outs=sync.optout.write_person
        and writes_back(sync, kind, "status")
        and may_tick_opt_outs(known.described),
    )


def writes_back(sync: CampaignSync, kind: SyncKind, what: str) -> bool:
    """Whether a kind of sync carries statuses or statistics to Salesforce (Q02, Q03)."""
    if kind == "initial" or kind not in sync.writeback.on:
        return False
    if kind == "nightly":
        return what in sync.nightly.data
    if kind == "hourly":
        return what in sync.hourly.data and sync.hourly.directions != "in"
    return True


def takes_deletes(sync: CampaignSync, kind: SyncKind) -> bool:
    """Whether a kind of sync lets members leave (Q03)."""
    data = {"nightly": sync.nightly.data, "hourly": sync.hourly.data}
    return "deleted" in data.get(kind, ("deleted",))


def _statistics(
    sync: CampaignSync, kind: SyncKind, known: Known, counted: Figures
) -> StatisticsOut:
    if not writes_back(sync, kind, "statistics"):
        return StatisticsOut.none()
    fields, warned = writable_statistics(known.described, sync)
    types = {name: str(each[1]) for name, each in known.described["Campaign"]["fields"].items()}
    return statistics_out(
        counted, fields, types, known.there, warned, stop_pct=sync.bounce.stop_pct
    )


def _changed_there(sync: CampaignSync, chosen: Sequence[CampaignRow]) -> list[Warned]:
    """Campaign fields that Salesforce changed since the first sync (Q05)."""
    if sync.campaign_fields.later == "apply":
        return []
    warned = []
    for row in chosen:
        for name, now in taken_over(row).items():
            before = (row.ours or {}).get(name, now)
            if before != now:
                word = name.replace("_", " ")
                there, here = now or "empty", before or "empty"
                text = f"Its {word} is now {there} in Salesforce, and {here} here"
                warned.append(Warned("campaign changed in Salesforce", text, row.id))
    return warned


def taken_over(row: CampaignRow) -> dict[str, Any]:
    """What the first sync takes over of a campaign."""
    return {
        "name": row.name,
        "type": row.type,
        "start_date": row.start_date.isoformat() if row.start_date else None,
        "end_date": row.end_date.isoformat() if row.end_date else None,
    }
