"""A second, naive planner: dictionaries and loops, written from the contract, not from the code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from workbench.automations.model import Automation

Record = dict[str, Any]
Values = dict[str, str | None]

FIELDS = {"score": "predict_score", "trend": "predict_trend", "state": "predict_state"}
LABELS = ["excellent", "good", "fair", "poor"]


@dataclass
class Told:
    """What the naive planner says of one record."""

    id: str | None
    status: str
    after: Values
    written: set[str]


def key_of(text: str | None, rules: tuple[str, ...]) -> str | None:
    """An id after the rules."""
    if text is None:
        return None
    for rule in rules:
        text = text.strip() if rule == "trim" else text.lower()
    return text or None


def found(text: str | None, live: dict[str, Values], rules: tuple[str, ...]) -> tuple[str, int]:
    """Which of Pendo's ids a base's id means, and how many it could be."""
    key = key_of(text, rules)
    if key is None or key in live:
        return key or "", int(key in live)
    same = [id for id in live if rules and key_of(id, rules) == key]
    return (min(same) if same else key), len(same)


def trend_of(record: Record, now: Values, last: Values) -> str | None:
    """Up, down, no change, or nothing, since the score that was pushed last."""
    score = record["score"]
    before = last.get("predict_score") or now.get("predict_score")
    if not score or not before:
        return None
    if score.lower() == before.lower():
        return last.get("predict_trend") or now.get("predict_trend")
    if score.lower() not in LABELS or before.lower() not in LABELS:
        return None
    rank = LABELS.index
    return "up" if rank(score.lower()) < rank(before.lower()) else "down"


def plan(
    automation: Automation,
    base: list[Record],
    live: dict[str, Values],
    last: dict[str, Values],
    passes: list[bool],
) -> dict[tuple[str | None, str | None], list[Told]]:
    """Every record on the sheet, by source ID and id."""
    update, rules = automation.update, automation.update.match
    rows = []
    for record, chosen in zip(base, passes, strict=True):
        match, times = found(record["id"], live, rules)  # type: ignore[arg-type]
        rows.append((record, match or None, times, chosen))
    sources = Counter(r["source"] for r, _, _, chosen in rows if chosen and r["source"])
    ids = Counter(id for _, id, _, chosen in rows if chosen and id)
    kept_ids = {id for _, id, _, chosen in rows if chosen}
    sheet: dict[tuple[str | None, str | None], list[Told]] = {}
    for record, id, times, chosen in rows:
        if chosen:
            repeated = bool(sources[record["source"]] > 1 or (id and ids[id] > 1))
            told = judge(update, record, id, times, repeated, live, last)
            sheet.setdefault((record["source"], id), []).append(told)
    if update.departed != "keep":
        left = [(r, id) for r, id, times, chosen in rows if not chosen and times]
        # Of several records the last source ID counts, then the last row.
        left.sort(key=lambda pair: pair[0]["source"] or "")
        states = {id: r["state"] for r, id in left}
        for id in last:
            if id in live and id not in kept_ids:
                told = depart(update, id, live[id], last[id], states.get(id))
                sheet.setdefault((None, id), []).append(told)
    return sheet


def judge(
    update: Any,
    record: Record,
    id: str | None,
    times: int,
    repeated: bool,
    live: dict[str, Values],
    last: dict[str, Values],
) -> Told:
    """One record that passes the conditions."""
    now = live.get(id or "", {}) if times else {}
    then = last.get(id or "", {}) if times else {}
    after: Values = {}
    for output, field in FIELDS.items():
        wanted = trend_of(record, now, then) if output == "trend" else record[output] or None
        keep = update.nulls == "skip" or output == "trend"
        after[field] = wanted or (now.get(field) if keep else None)
    written = {field for field in after if after[field] != now.get(field)}
    outside = any(then.get(f) is not None and now.get(f) != then[f] for f in written)
    if not record["source"]:
        status = "blocked"
    elif not id:
        status = "not_found"
    elif repeated or times > 1:
        status = "conflict"
    elif not times and not update.create_unknown:
        status = "not_found"
    elif not written:
        status = "same"
    elif outside and update.outside_changes == "hold":
        status = "conflict"
    else:
        status = "changed" if any(now.get(f) for f in FIELDS.values()) else "new"
    return Told(id, status, after, written if status in ("new", "changed") else set())


def depart(update: Any, id: str, now: Values, then: Values, state: str | None) -> Told:
    """One record that was written and matches no more."""
    after: Values = {field: now.get(field) for field in FIELDS.values()}
    if update.departed == "clear":
        after = dict.fromkeys(after, None)
    else:
        after["predict_state"] = state or now.get("predict_state")
    written = {field for field in after if after[field] != now.get(field)}
    outside = any(then.get(f) is not None and now.get(f) != then[f] for f in written)
    if not written:
        status = "same"
    elif outside and update.outside_changes == "hold":
        status = "conflict"
    else:
        status = "changed" if any(now.values()) else "new"
    return Told(id, status, after, written if status in ("new", "changed") else set())
