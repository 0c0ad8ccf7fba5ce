"""Keep what a sync came to, here, in one transaction: members, cursors, history, notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench import in_memory
from workbench.campaigns.editions import new_editions, sends_of
from workbench.campaigns.looked import Looked, taken_over, takes_deletes
from workbench.campaigns.plan import Counts
from workbench.campaigns.sent import Sent, cursor_after
from workbench.campaigns.telling import alerts, notices, texts

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state import Tally
    from workbench.store.state.campaign_changing import Changing
    from workbench.store.state.campaign_rows import CampaignRow

WINDOW_MARGIN = timedelta(minutes=5)
"""Deletions are asked for again from a little before the last read: clocks differ."""


def keep(looked: Looked, services: Services, sent: Sent, tally: Tally, began: datetime) -> None:
    """Everything this sync changes here, in one transaction."""
    now, plan, run_id = services.now(), looked.plan, tally.run_id
    trigger = services.state.runs.get(run_id).trigger
    edition_ids = {
        row.id: services.state.campaigns.editions(looked.sync.name, row.id) for row in looked.chosen
    }
    told, elsewhere = notices(looked, sent, now), _alerts(looked, sent, services, run_id, now)
    channels = services.settings.alerts.channels
    with services.state.campaigns.changing(looked.sync.name, run_id) as changing:
        changing.keep(plan.keep)
        changing.agree(_agreed(sent))
        changing.tell([{"member_id": each, **row} for each, row in sent.told.items()])
        changing.leave(plan.leave)
        among = None if looked.only is None else [*looked.only]
        changing.wait(looked.campaign_ids, _backlog(looked, sent), at=now, among=among)
        inward = plan.sheet.filter(pc.equal(plan.sheet["direction"], "in"))
        changing.note(noted(inward, ("new", "changed", "gone")), state="done", at=now)
        changing.note(noted(plan.sheet, ("held", "conflict")), state="held", at=now)
        changing.answered(sent.failed, "status")
        changing.answered(sent.fields_failed, "field")
        changing.answered(sent.statistics_failed, "statistic")
        changing.answered(sent.opt_outs_failed, "opt-out")
        shares = _shares(looked)
        for row in looked.chosen if looked.only is None else ():
            _settle(changing, looked, sent, row, now)
            _editions(changing, looked, row, edition_ids[row.id], now)
        lines = [_line(looked, sent, row, trigger, began, now, shares) for row in looked.chosen]
        changing.history(lines)
        changing.notices(told)
        for alert in elsewhere:
            within = changing.transaction
            services.state.alerts.add(alert, at=now, channels=channels, within=within)


def _alerts(
    looked: Looked, sent: Sent, services: Services, run_id: int, now: datetime
) -> list[dict[str, Any]]:
    """Alerts of this run; none while its job is muted."""
    job = services.state.runs.get(run_id).job
    known = services.state.jobs.get(job)
    muted = known.muted_until if known is not None else None
    return [] if muted is not None and now < muted else alerts(looked, sent, job, run_id)


def _agreed(sent: Sent) -> list[dict[str, Any]]:
    return [
        {"member_id": member, "status": status, "has_responded": responded}
        for member, (status, responded) in sent.agreed.items()
    ]


def _backlog(looked: Looked, sent: Sent) -> list[dict[str, Any]]:
    """What waits for the next sync: rows held, and rows that changed while we wrote."""
    rows = {
        row["member_id"]: {
            "member_id": row["member_id"],
            "campaign_id": row["campaign_id"],
            "theirs": None if row["gone"] else _json(row),
            "reason": row["why"],
        }
        for row in looked.plan.backlog.to_pylist()
    }
    for row in _meanwhile(looked, sent):
        rows[row["member_id"]] = {
            "member_id": row["member_id"],
            "campaign_id": row["campaign_id"],
            "theirs": _json(row),
            "reason": "changed while the sync was writing",
        }
    return list(rows.values())


def _meanwhile(looked: Looked, sent: Sent) -> list[dict[str, Any]]:
    """Rows that somebody else changed between our read and our second look."""
    if sent.again is None or not sent.again.rows.num_rows:
        return []
    tables = {
        "again": sent.again.rows,
        "before": looked.plan.inputs.theirs,
        "written": pa.table({"id": pa.array(sent.written, pa.string())}),
    }
    with in_memory.connect(tables) as connection:
        # A row that we wrote may have got a new address in the same seconds.
        found = connection.sql("""
            SELECT a.* FROM again a
            LEFT JOIN before b ON b.member_id = a.member_id
            LEFT JOIN written w ON w.id = a.member_id
            WHERE CASE WHEN w.id IS NULL
                       THEN b.member_id IS NULL OR a.modified_at IS DISTINCT FROM b.modified_at
                            OR a.person_modified_at IS DISTINCT FROM b.person_modified_at
                       ELSE b.member_id IS NOT NULL
                            AND a.person_modified_at IS DISTINCT FROM b.person_modified_at END
        """)
        rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        return rows


def _json(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if name not in ("gone", "why")}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in plain.items()
    }


def _settle(
    changing: Changing, looked: Looked, sent: Sent, row: CampaignRow, now: datetime
) -> None:
    sent_to = (looked.plan.writes, looked.plan.facts)
    written = sent.again is not None and any(
        pc.index(rows["campaign_id"], row.id).as_py() >= 0 for rows in sent_to
    )
    read = sent.again if written and sent.again else looked.members
    started = looked.members.started_at
    covered = looked.gone.covered_until if looked.gone and row.id not in looked.whole else None
    columns: dict[str, Any] = {
        "cursor_at": cursor_after(looked, read),
        "deleted_until": covered or started - WINDOW_MARGIN,
        "members_read_with": looked.known.seen.fields.beside,
        f"{looked.kind}_at": now,
        "statistics": _figures(looked, row.id),
        "warnings": [
            {"code": each.code, "text": each.text}
            for each in (*looked.all_warnings, *sent.warnings)
            if each.campaign_id == row.id
        ],
    }
    if not takes_deletes(looked.sync, looked.kind):
        columns["deleted_until"] = row.deleted_until or row.cursor_at
    if looked.kind == "initial" or looked.sync.campaign_fields.later == "apply":
        columns["ours"] = taken_over(row)
    if looked.kind == "initial":
        columns["sends"] = sends_of(looked.sync, row.id, row.type)
    changing.settle(row.id, **columns)


def _figures(looked: Looked, campaign: str) -> dict[str, Any]:
    counted = looked.figures
    told = counted.campaigns[campaign].as_json() if campaign in counted.campaigns else {}
    editions = [each.as_json() for each in counted.editions.get(campaign, ())]
    return {**told, "reasons": dict(counted.reasons.get(campaign, {})), "editions": editions}


def _editions(
    changing: Changing, looked: Looked, row: CampaignRow, there: Sequence[Any], now: datetime
) -> None:
    if looked.kind == "initial":
        sends = sends_of(looked.sync, row.id, row.type)
        start, end = row.start_date, row.end_date
        added = new_editions(looked.sync, sends, there, start=start, end=end, now=now)
        changing.add_editions(row.id, added)
    told = {each.edition: each.as_json() for each in looked.figures.editions.get(row.id, ())}
    for edition in there:
        if edition.name in told:
            changing.set_edition(edition.id, told[edition.name])


def _shares(looked: Looked) -> dict[str, float]:
    """How a run's calls are laid on its campaigns: evenly, and by members read."""
    rows: dict[str, int] = {}
    counts = pc.value_counts(looked.members.rows["campaign_id"])
    for pair in counts.to_pylist():
        rows[pair["values"]] = pair["counts"]
    weights = {row.id: 1 + rows.get(row.id, 0) / 500 for row in looked.chosen}
    total = sum(weights.values()) or 1
    return {campaign: weight / total for campaign, weight in weights.items()}


def _line(
    looked: Looked,
    sent: Sent,
    row: CampaignRow,
    trigger: str,
    began: datetime,
    now: datetime,
    shares: Mapping[str, float],
) -> dict[str, Any]:
    counts = looked.plan.by_campaign.get(row.id, Counts())
    failed = sum(1 for each in sent.every_failure if each["campaign_id"] == row.id)
    told = {name: getattr(counts, name) for name in Counts.__dataclass_fields__}
    return {
        "campaign_id": row.id,
        "kind": looked.kind,
        "trigger": trigger,
        "started_at": began,
        "finished_at": now,
        "status": "done with errors" if failed else "done",
        "counts": {**told, "failed": failed},
        "calls": round(shares[row.id] * sent.calls, 3),
        "warnings": texts(looked, sent, row.id),
    }


def noted(sheet: pa.Table, statuses: Sequence[str]) -> pa.Table:
    """Rows of the sheet as the store keeps changes."""
    names = ["campaign_id", "member_id", "direction", "what", "field", "before", "after", "reason"]
    wanted = pc.is_in(sheet["status"], value_set=pa.array(statuses, pa.string()))
    return sheet.filter(wanted).select(names)
