"""Look at both sides and make the plan: what a preview shows and a sync carries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench.campaigns import mail_side, reading, shapes
from workbench.campaigns.engaged import engaged
from workbench.campaigns.fields import (
    STATUS_OBJECT,
    may_tick_opt_outs,
    may_write_status,
)
from workbench.campaigns.inputs import Inputs, Rules
from workbench.campaigns.known import Known
from workbench.campaigns.looked import (
    Looked,
    carries_statistics,
    statistics_of,
    taken_over,
    takes_deletes,
    writes_back,
)
from workbench.campaigns.marked import with_marked
from workbench.campaigns.member_pages import latest
from workbench.campaigns.plan import ReconcilePlan, reconcile
from workbench.campaigns.queries import Fields
from workbench.campaigns.statistics import figures
from workbench.campaigns.vocabulary import SyncKind
from workbench.campaigns.warnings import Warned

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.salesforce.client import SalesforceClient
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow


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
    only: Sequence[str] | None = None,
) -> Looked:
    """Read both sides of some campaigns and decide what would change.

    Args:
        only: Members whose writes failed and are tried again, "" for statistics; nobody else is
            read, and no cursor moves.

    Raises:
        InputError: the engagement dataset is not there or lacks a column.
        RemoteError: as the client says; nothing was changed.
    """
    ids = [row.id for row in chosen]
    fields = known.seen.fields
    whole, since = ([], {}) if only is not None else _how(sync, kind, chosen, services, fields)
    started = services.now()
    gone = None
    these = [member for member in only or () if member]
    ours = mail_side.members(services, sync, ids)
    if only is None:
        members = reading.members(org, fields, sync, now=started, whole=whole, since=since)
    else:
        members = reading.some_members(
            org, fields, sync, these, now=started, campaign_ids=ids, total=ours.num_rows
        )
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
            members = reading.members(org, fields, sync, now=started, whole=whole)
    happened = engaged(services.datasets, sync, ids)
    waiting = [each for each in ids if each not in whole]
    backlog, gone_before = mail_side.backlog(
        services, sync, waiting, these if only is not None else None
    )
    theirs = members.rows
    if backlog.num_rows:
        theirs = latest([backlog, theirs])
    if kind == "initial":
        people = reading.marked_people(org, fields, sync)
        theirs = with_marked(theirs, people, ids)
    if kind == "initial" or any(row.labels is None for row in chosen):
        chosen = mail_side.learned(services, sync, chosen, reading.labels(org, ids))
    lost = pa.concat_tables([gone_before, *([gone.ids] if gone else [])])
    complete = frozenset(whole if takes_deletes(sync, kind) else ())
    merged, unseen = _merged(sync, known, org, ours, theirs, lost, complete)
    inputs = Inputs(
        theirs=theirs,
        ours=ours,
        labels=mail_side.labels(chosen),
        rules=_rules(sync, kind, known, ids, release=release),
        gone=lost,
        merged=merged,
        complete=complete,
        only=frozenset(these) if only is not None else None,
        events=happened.events,
        decisions=mail_side.decisions(services, sync, ids),
    )
    plan = reconcile(inputs)
    if kind != "initial" and _writes_labels(plan):
        chosen = mail_side.learned(services, sync, chosen, reading.labels(org, ids))
        del plan  # two plans of a large campaign at once would be too much
        plan = reconcile(replace(inputs, labels=mail_side.labels(chosen)))
    counted = figures(plan.states, plan.matched, click_base=sync.stats.click_base)
    wanted = None if only is None else frozenset(only)
    records = _edition_records(sync, kind, known, org, ids, wanted)
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
        statistics=statistics_of(sync, kind, known, counted, records, wanted),
        warnings=(*warnings, *happened.warnings, *unseen, *_changed_there(sync, chosen)),
        skipped=skipped or {},
        records=records,
        only=wanted,
    )


def _how(
    sync: CampaignSync,
    kind: SyncKind,
    chosen: Sequence[CampaignRow],
    services: Services,
    fields: Fields,
) -> tuple[list[str], dict[str, datetime]]:
    """Which campaigns are read whole, and since when the others are asked for changes.

    Where other fields of members are asked for than the last time, nothing is known of those who
    did not change.
    """
    every = [row.id for row in chosen]
    counts = services.state.campaign_members.counts(sync.name)
    total = sum(counts.get((sync.name, each), {}).get("total", 0) for each in every)
    batch = sync.nightly.reconcile if kind == "nightly" else sync.hourly.reconcile
    reconciles = kind in ("nightly", "hourly") and batch
    if kind == "initial" or reconciles or total <= sync.members.whole_up_to:
        return every, {}
    known = [row for row in chosen if fields.beside in ("", row.members_read_with or "")]
    since = {row.id: row.cursor_at for row in known if row.cursor_at is not None}
    return [each for each in every if each not in since], since


def _deleted_since(row: CampaignRow) -> datetime:
    assert row.cursor_at is not None
    return min(row.deleted_until or row.cursor_at, row.cursor_at)


def _merged(
    sync: CampaignSync,
    known: Known,
    org: SalesforceClient,
    ours: pa.Table,
    theirs: pa.Table,
    lost: pa.Table,
    complete: frozenset[str],
) -> tuple[pa.Table, list[Warned]]:
    """Whose person was merged, of those who are gone: asked only where that matters (Q07)."""
    nothing = shapes.empty(shapes.MERGED)
    if sync.merge.follow:
        return nothing, []
    if any("MasterRecordId" not in known.described[name]["fields"] for name in ("Lead", "Contact")):
        text = "MasterRecordId is hidden from this user: merged members leave like deleted ones"
        return nothing, [Warned("hidden field", text)]
    whole = pa.array(sorted(complete), pa.string())
    missing = pc.and_(
        pc.is_in(ours["campaign_id"], value_set=whole),
        pc.invert(pc.is_in(ours["member_id"], value_set=theirs["member_id"])),
    )
    told = pc.is_in(ours["member_id"], value_set=lost["member_id"])
    gone = ours.filter(pc.or_(missing, told)).select(["member_id", "person_id"]).to_pylist()
    people = [row["person_id"] for row in gone if row["person_id"]]
    masters = reading.merged_into(org, people) if people else {}
    rows = [
        {"member_id": row["member_id"], "master": masters[row["person_id"]]}
        for row in gone
        if row["person_id"] in masters
    ]
    return shapes.table(rows, shapes.MERGED), []


def _edition_records(
    sync: CampaignSync,
    kind: SyncKind,
    known: Known,
    org: SalesforceClient,
    ids: Sequence[str],
    only: frozenset[str] | None,
) -> tuple[Mapping[str, Any], ...]:
    editions = known.seen.mapped.editions
    if editions is None or not carries_statistics(sync, kind, only):
        return ()
    return tuple(reading.editions(org, editions, ids))


def _writes_labels(plan: ReconcilePlan) -> bool:
    """Whether labels are read once more: they only matter to what would be written."""
    unsure = any(warned.code == "unknown status label" for warned in plan.warnings)
    return unsure or plan.writes.num_rows > 0


def _rules(
    sync: CampaignSync, kind: SyncKind, known: Known, ids: Sequence[str], *, release: bool
) -> Rules:
    unknown = sync.status.unknown_label
    if unknown == "create" and not known.described.get(STATUS_OBJECT, {}).get("createable"):
        unknown = "hold"
    writes = writes_back(sync, kind, "status")
    fields = known.seen.mapped.members if writes else {}
    return Rules(
        maps={each: sync.status_map_of(each) for each in ids},
        policy=sync.conflict.member_status,
        unknown_label=unknown,
        hold_above_pct=sync.deletes.hold_above_pct,
        hold_above_n=sync.deletes.hold_above_n,
        release=release,
        out=writes and may_write_status(known.described),
        opt_outs=sync.optout.write_person and writes and may_tick_opt_outs(known.described),
        points=sync.scoring.points,
        # Who is not scored has no points to write, not even none.
        fields={each: fields[each] for each in fields if each != "points" or sync.scoring.points},
        follow_merges=sync.merge.follow,
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
