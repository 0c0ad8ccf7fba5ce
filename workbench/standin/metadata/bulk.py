"""``POST /metadata/{kind}/{group}/value``: many records (pendo-api contract, section 6.4)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workbench.standin.context import Call
from workbench.standin.metadata.entities import BOTH_KINDS_ID, Values
from workbench.standin.metadata.fields import kind_of, writable_field
from workbench.standin.metadata.schema import Kind
from workbench.standin.metadata.values import IGNORED, TypeRefusedError, ValueRefusedError, stored
from workbench.standin.replies import RefusedError, Reply, json_reply

RECORDS_PER_S = 1000
"""The pace the rehearsal pretends to work at, for ``bulk_max_run_s``."""
Record = tuple[str, dict[str, Any]]


@dataclass
class Outcome:
    """What became of the records of one call."""

    total: int
    updates: dict[str, Values] = field(default_factory=dict)
    updated: int = 0
    missing: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)


def write(call: Call) -> Reply:
    """Apply a bulk write; 200 even when records fail.

    Raises:
        RefusedError: the whole call is refused.
    """
    kind, group = kind_of(call), call.names["group"]
    records = _records(call, kind)
    most_s = call.switches.number("bulk_max_run_s")
    if most_s and len(records) / RECORDS_PER_S > most_s:
        part = len(records) // 2 if call.switches.is_at("bulk_408_applied", "part") else 0
        _apply(call, kind, group, records[:part])
        raise RefusedError(408, "the call took too long")
    outcome = _apply(call, kind, group, records)
    return json_reply(_answer(call, kind, outcome))


def _records(call: Call, kind: Kind) -> list[Record]:
    """The records of a body.

    Raises:
        RefusedError: not a list of records, or over a cap.
    """
    switches = call.switches
    most_bytes = switches.number("bulk_max_bytes")
    if most_bytes and len(call.request.body) > most_bytes:
        raise RefusedError(413, "the body is too large")
    body = call.json()
    if not isinstance(body, list):
        raise RefusedError(400, "the body is a list of records")
    most = switches.number("bulk_max_records")
    if most and len(body) > most:
        raise RefusedError(400, "too many records")
    name = BOTH_KINDS_ID[kind]
    for item in body:
        sound = isinstance(item, dict) and isinstance(item.get(name), str)
        if not sound or not isinstance(item.get("values"), dict):
            raise RefusedError(400, f"each record has a {name} and values")
    return [(item[name], item["values"]) for item in body]


def _apply(call: Call, kind: Kind, group: str, records: list[Record]) -> Outcome:
    entities = call.subscription.entities
    outcome = Outcome(len(records))
    with entities.lock:
        _create_missing(call, kind, group, records)
        for identity, values in _distinct(call, records, outcome):
            if identity not in entities.places[kind]:
                outcome.missing.append(identity)
                continue
            try:
                made = _values(call, kind, group, values)
            except ValueRefusedError as error:
                if isinstance(error, TypeRefusedError) and call.switches.is_at(
                    "type_mismatch", 400
                ):
                    raise RefusedError(400, str(error)) from error
                outcome.errors.append((identity, str(error)))
                continue
            outcome.updates.setdefault(identity, {}).update(made)
            outcome.updated += 1
    commit(call, kind, group, outcome.updates)
    return outcome


def commit(call: Call, kind: Kind, group: str, updates: dict[str, Values]) -> None:
    """Keep new values, as the switches on visibility, stamps and snippets say."""
    subscription, switches = call.subscription, call.switches
    if group == "agent" and switches.is_at("agent_overwrite", "on"):
        subscription.remember_snippets(kind, updates)
    subscription.entities.write(
        kind,
        updates,
        after_s=switches.number("write_visible_after_s"),
        bump=switches.is_at("write_bumps_lastupdated", "on"),
    )


def _create_missing(call: Call, kind: Kind, group: str, records: list[Record]) -> None:
    """Make the unknown ids when ``?create=true`` says so (U45)."""
    if call.query("create") != "true":
        return
    if call.switches.is_at("create_scope", "agent") and group != "agent":
        return
    entities = call.subscription.entities
    unknown = dict.fromkeys(i for i, _values in records if i not in entities.places[kind])
    if unknown:
        entities.create(kind, list(unknown))


def _distinct(call: Call, records: list[Record], outcome: Outcome) -> Iterator[Record]:
    """The records to apply; an id that comes twice is a switch (U51)."""
    style = call.switches.text("bulk_duplicates")
    seen: set[str] = set()
    for identity, values in records:
        if identity in seen and style == "error":
            outcome.errors.append((identity, "the id occurs twice in this call"))
        elif identity in seen and style == "first":
            outcome.updated += 1
        else:
            yield identity, values
        seen.add(identity)


def _values(call: Call, kind: Kind, group: str, values: dict[str, Any]) -> Values:
    made: Values = {}
    for name, value in values.items():
        found = writable_field(call, kind, group, name)
        if found is not None:
            # A field made by writing is text, whatever was written first (U47).
            kept = stored(found, value, call.switches)
            if kept is not IGNORED:
                made[found] = kept
    return made


def _answer(call: Call, kind: Kind, outcome: Outcome) -> dict[str, Any]:
    errors = [_error_item(call, identity, text) for identity, text in outcome.errors]
    answer: dict[str, Any] = {
        "total": outcome.total,
        "updated": outcome.updated,
        "failed": len(outcome.missing) + len(errors),
        "missing": outcome.missing,
        "errors": errors,
        "kind": kind,
    }
    style = call.switches.text("bulk_empty_lists")
    for name in ("missing", "errors"):
        if not answer[name] and style == "null":
            answer[name] = None
        elif not answer[name] and style == "absent":
            del answer[name]
    return answer


def _error_item(call: Call, identity: str, text: str) -> Any:
    style = call.switches.text("bulk_error_item")
    if style == "string":
        return f"{identity}: {text}"
    return {"id": identity} if style == "id_only" else {"id": identity, style: text}
