"""Pipeline stages on rows, one by one: the whole language, for what SQL does not cover."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from workbench.standin.aggregation.aggregates import aggregate
from workbench.standin.expressions import Setting, compiled, parse
from workbench.standin.expressions.evaluate import truth, value_at
from workbench.standin.expressions.functions import is_identified, is_number
from workbench.standin.switches import Switches

Row = dict[str, Any]
Rows = list[Row]
Step = Callable[[Rows, Any, Setting, Switches], Rows]


class StageError(ValueError):
    """A stage whose argument makes no sense."""


def filtered(rows: Rows, text: Any, setting: Setting, switches: Switches) -> Rows:
    """``filter``; the object form only when the switch lets it (U28)."""
    if isinstance(text, Mapping) and switches.is_at("object_filter", "accept"):
        text = (
            f"{text.get('field')} {text.get('operator')} {orjson.dumps(text.get('value')).decode()}"
        )
    keep = compiled(parse(text), setting)
    return [row for row in rows if truth(keep(row))]


def identified(rows: Rows, field: Any, setting: Setting, _switches: Switches) -> Rows:
    """``identified``; ``!`` keeps the anonymous."""
    name = str(field)
    value, wanted = compiled(parse(name.removeprefix("!")), setting), not name.startswith("!")
    return [row for row in rows if is_identified(value(row)) is wanted]


def ordered(rows: Rows, fields: Any, setting: Setting, switches: Switches) -> Rows:
    """``sort``; stable, missing values first unless the switch says last (U62)."""
    missing_first = switches.is_at("sort_missing", "first")
    for field in reversed(fields if isinstance(fields, list) else [fields]):
        name = str(field)
        value = compiled(parse(name.lstrip("+-")), setting)
        key = functools.partial(_sort_key, value, missing_first)
        rows = sorted(rows, key=key, reverse=name.startswith("-"))
    return rows


def _sort_key(value: Callable[[Row], Any], missing_first: bool, row: Row) -> tuple[int, Any]:
    found = value(row)
    if found is None:
        return (-1 if missing_first else 9, 0)
    if isinstance(found, bool):
        return (0, found)
    if is_number(found):
        return (1, found)
    return (2, found) if isinstance(found, str) else (3, orjson.dumps(found))


def selected(rows: Rows, fields: Any, setting: Setting, _switches: Switches) -> Rows:
    """``select``: only the listed keys, missing ones as null."""
    values = {name: compiled(parse(str(text)), setting) for name, text in fields.items()}
    made = []
    for row in rows:
        out: Row = {}
        for name, value in values.items():
            put(out, name, value(row))
        made.append(out)
    return made


def evaluated(rows: Rows, fields: Any, setting: Setting, _switches: Switches) -> Rows:
    """``eval``: adds fields worked out of those there before."""
    values = {name: compiled(parse(str(text)), setting) for name, text in fields.items()}
    made = []
    for row in rows:
        out = copied(row)
        for name, value in values.items():
            found = value(row)
            if found is not None:
                put(out, name, found)
            else:
                drop(out, name.split("."))
        made.append(out)
    return made


def assigned(rows: Rows, fields: Any, _setting: Setting, _switches: Switches) -> Rows:
    """``set``: constants (U29)."""
    made = [copied(row) for row in rows]
    for row in made:
        for name, value in fields.items():
            put(row, name, value)
    return made


def grouped(rows: Rows, spec: Any, setting: Setting, _switches: Switches) -> Rows:
    """``group``: one row per combination of keys, ordered by them."""
    keys = [str(key) for key in spec.get("group") or []]
    values = [compiled(parse(key), setting) for key in keys]
    aggregates = _aggregates(spec.get("fields") or {}, setting)
    found: dict[bytes, tuple[list[Any], Rows]] = {}
    for row in rows:
        key = [value(row) for value in values]
        found.setdefault(orjson.dumps(key), (key, []))[1].append(row)
    made = []
    for key, members in sorted(found.values(), key=lambda entry: _group_order(entry[0])):
        out: Row = {}
        for name, part in zip(keys, key, strict=True):
            put(out, name, part)
        made.append(out | {alias: apply(members) for alias, apply in aggregates.items()})
    return made


def _group_order(key: list[Any]) -> list[tuple[int, Any]]:
    return [_sort_key(lambda row: row["k"], True, {"k": part}) for part in key]


def reduced(rows: Rows, fields: Any, setting: Setting, _switches: Switches) -> Rows:
    """``reduce``: one row of aggregates."""
    return [{alias: apply(rows) for alias, apply in _aggregates(fields, setting).items()}]


def _aggregates(fields: Any, setting: Setting) -> dict[str, Callable[[Any], Any]]:
    if isinstance(fields, list):
        fields = {alias: spec for part in fields for alias, spec in part.items()}
    return {alias: aggregate(spec, setting) for alias, spec in fields.items()}


def joined(rows: Rows, spec: Any, _setting: Setting, switches: Switches) -> Rows:
    """``join``: rows with the same key fields become one (U31 for those without partner)."""
    fields, width = spec["fields"], int(spec.get("width", 2))
    found: dict[bytes, Rows] = {}
    for row in rows:
        found.setdefault(_key(row, fields), []).append(row)
    whole = switches.is_at("join_mode", "outer")
    made = []
    for members in found.values():
        if whole or len(members) >= width:
            out: Row = {}
            for member in members:
                out |= member
            made.append(out)
    return made


def merged(rows: Rows, inner: Rows, spec: Any) -> Rows:
    """``merge``: a left join with the rows of an inner pipeline."""
    fields, mappings = spec["fields"], spec.get("mappings") or {}
    partners = {_key(row, fields): row for row in reversed(inner)}
    made = []
    for row in rows:
        out, partner = copied(row), partners.get(_key(row, fields))
        for name, source in mappings.items():
            put(out, name, value_at(partner, tuple(str(source).split("."))))
        made.append(out)
    return made


def _key(row: Row, fields: list[str]) -> bytes:
    return orjson.dumps([value_at(row, tuple(str(field).split("."))) for field in fields])


def unwound(rows: Rows, spec: Any, _setting: Setting, _switches: Switches) -> Rows:
    """``unwind``: one row per element of a list."""
    if isinstance(spec, str):
        spec = {"field": spec}
    field, index = str(spec["field"]), spec.get("index")
    made = []
    for row in rows:
        elements = value_at(row, tuple(field.split(".")))
        if not isinstance(elements, list) or not elements:
            if spec.get("keepEmpty"):
                made.append(row)
            continue
        for place, element in enumerate(elements):
            out = copied(row)
            if spec.get("prefix") is False and isinstance(element, dict):
                out |= element
            else:
                put(out, field, element)
            if index:
                put(out, str(index), place)
            made.append(out)
    return made


def switched(rows: Rows, spec: Any, _setting: Setting, _switches: Switches) -> Rows:
    """``switch``: ``{"out": {"field": [{"value": "Yes", "==": 1}, …]}}``."""
    made = [copied(row) for row in rows]
    for out, cases in spec.items():
        ((field, choices),) = cases.items()
        for row in made:
            found = value_at(row, tuple(str(field).split(".")))
            for choice in choices:
                if _meets(found, choice):
                    put(row, out, choice.get("value"))
                    break
    return made


def _meets(found: Any, choice: Mapping[str, Any]) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "==": lambda other: found == other,
        "!=": lambda other: found != other,
        "<": lambda other: found is not None and found < other,
        "<=": lambda other: found is not None and found <= other,
        ">": lambda other: found is not None and found > other,
        ">=": lambda other: found is not None and found >= other,
    }
    try:
        return all(tests[name](other) for name, other in choice.items() if name != "value")
    except TypeError:
        return False
    except KeyError as error:
        raise StageError(f"switch does not know {error.args[0]}") from error


def unmarshalled(rows: Rows, spec: Any, _setting: Setting, _switches: Switches) -> Rows:
    """``unmarshal``: JSON text to a value, in place or ``{out: field}``."""
    pairs = spec if isinstance(spec, Mapping) else {str(spec): str(spec)}
    made = [copied(row) for row in rows]
    for row in made:
        for out, field in pairs.items():
            text = value_at(row, tuple(str(field).split(".")))
            try:
                put(row, out, orjson.loads(text) if isinstance(text, str) else None)
            except orjson.JSONDecodeError:
                put(row, out, None)
    return made


_BROWSER = re.compile(r"(Edg|Firefox|Chrome|Version)/([\d.]+)")
_NAMES = {"Edg": "Edge", "Version": "Safari"}
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Mac OS X", "Mac OS X"),
    ("Android", "Android"),
    ("X11", "Linux"),
)


def user_agent(rows: Rows, spec: Any, _setting: Setting, _switches: Switches) -> Rows:
    """``useragent``: ``{"ua": "userAgent"}`` adds ``ua.os``, ``ua.name``, ``ua.version``."""
    made = [copied(row) for row in rows]
    for row in made:
        for out, field in spec.items():
            put(row, out, parsed_agent(value_at(row, tuple(str(field).split(".")))))
    return made


@functools.lru_cache(maxsize=512)
def parsed_agent(text: object) -> dict[str, str]:
    """Browser, version and system of a user agent."""
    agent = str(text or "")
    found = dict(_BROWSER.findall(agent))
    name = next((n for n in ("Edg", "Firefox", "Chrome", "Version") if n in found), "")
    system = next((system for mark, system in _SYSTEMS if mark in agent), "")
    return {"name": _NAMES.get(name, name), "version": found.get(name, ""), "os": system}


def put(row: Row, name: str, value: Any) -> None:
    """Set a dotted name, with objects on the way there."""
    *above, last = name.split(".")
    for part in above:
        inner = row.get(part)
        row[part] = dict(inner) if isinstance(inner, dict) else {}
        row = row[part]
    row[last] = value


def drop(row: Row, keys: list[str]) -> None:
    """Remove what stands at a path, and objects that are empty without it."""
    inner = row.get(keys[0])
    if len(keys) == 1:
        row.pop(keys[0], None)
    elif isinstance(inner, dict):
        row[keys[0]] = inner = dict(inner)
        drop(inner, keys[1:])
        if not inner:
            del row[keys[0]]


def copied(row: Row) -> Row:
    """A row that may be changed; `put` copies inner objects on its way."""
    return dict(row)


STEPS: dict[str, Step] = {
    "filter": filtered,
    "identified": identified,
    "sort": ordered,
    "limit": lambda rows, count, _setting, _switches: rows[:count],
    "skip": lambda rows, count, _setting, _switches: rows[count:],
    "count": lambda rows, _argument, _setting, _switches: [{"count": len(rows)}],
    "select": selected,
    "eval": evaluated,
    "set": assigned,
    "group": grouped,
    "reduce": reduced,
    "join": joined,
    "unwind": unwound,
    "switch": switched,
    "unmarshal": unmarshalled,
    "useragent": user_agent,
    "cat": lambda rows, _argument, _setting, _switches: rows,
}
"""Stages that need nothing but the rows."""
