"""The conditions of an automation: lines of column, operator and value, with live counts beside.

Answers with the document's ``conditions``; operators are those that suit the column's type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.automations.conditions import OPERATORS, WORDS, family
from workbench.automations.filters import WITH_LIST, WITH_SPAN, WITHOUT_VALUE
from workbench.ui import formats
from workbench.ui.session import remember, remembered

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

Key = Callable[[str], str]
Written = dict[str, Any]
UNITS = ("days", "weeks", "months", "quarters", "years")
ALL_OR_ANY = {"all": "All of these", "any": "Any of these"}


@dataclass(slots=True)
class Counters:
    """Where the counts of the conditions go, in their order, once the sheet is drawn."""

    places: list[DeltaGenerator] = field(default_factory=list)

    def fill(self, counts: Sequence[tuple[int, int]]) -> None:
        """Say how many records pass; the first pair is of the whole base."""
        total = counts[0][0]
        for place, (alone, so_far) in zip(self.places, counts[1:], strict=False):
            place.caption(
                f"**{formats.number(so_far)}** pass so far; {formats.number(alone)} by itself, "
                f"of {formats.number(total)}"
            )


def ask_conditions(
    stored: Mapping[str, Any], types: Mapping[str, str], key: Key
) -> tuple[Written, Counters]:
    """The controls of all conditions; gives the document's ``conditions``, empty where none is.

    Args:
        types: The base's columns with DuckDB's types.
    """
    joint = "any" if stored.get("any") else "all"
    items: list[Written] = list(stored.get(joint) or [])
    counters = Counters()
    if not types:
        return dict(stored), counters
    numbers = _numbers(key("items"), len(items))
    if len(numbers) > 1:
        joint = st.segmented_control(
            "A record is read if it passes", list(ALL_OR_ANY), default=joint, required=True,
            format_func=ALL_OR_ANY.__getitem__, key=key("joint"),
        )  # fmt: skip
    written: list[Written] = []
    for number in numbers:
        was = items[number] if number < len(items) else remembered(key(f"{number}.new")) or {}
        assert isinstance(was, dict)
        within = _within(key, number)
        one = _group if _is_group(was) else _one
        answer, is_unwanted = one(was, types, within, counters)
        written += [answer] if answer else []
        if is_unwanted:
            remember(key("items"), [other for other in numbers if other != number])
            st.rerun()
    _add(numbers, len(items), types, key)
    case = _case(stored, written, key)
    return ({joint: written} | case if written else {}), counters


def _is_group(was: Mapping[str, Any]) -> bool:
    return bool(was.get("all") or was.get("any"))


def _case(stored: Mapping[str, Any], written: Sequence[Written], key: Key) -> Written:
    if not written:
        return {}
    chosen = st.toggle(
        "Capital letters matter", bool(stored.get("case_sensitive")), key=key("case"),
        help="Off, `Acme` and `acme` are the same text.",
    )  # fmt: skip
    return {"case_sensitive": True} if chosen else {}


def _numbers(key: str, stored: int) -> list[int]:
    known = remembered(key)
    return list(known) if isinstance(known, list) else list(range(stored))


def _within(key: Key, number: int) -> Key:
    return lambda control: key(f"{number}.{control}")


def _add(numbers: list[int], stored: int, types: Mapping[str, str], key: Key) -> None:
    following = max([stored - 1, *numbers]) + 1
    first = {"field": next(iter(types)), "op": "not_empty"}
    with st.container(horizontal=True):
        if st.button("Add a condition", icon=":material/add:", key=key("add")):
            remember(key("items"), [*numbers, following])
            st.rerun()
        if numbers and st.button("Add a group", icon=":material/data_array:", key=key("group")):
            remember(key(f"{following}.new"), {"any": [first]})
            remember(key("items"), [*numbers, following])
            st.rerun()


def _group(
    was: Written, types: Mapping[str, str], key: Key, counters: Counters
) -> tuple[Written, bool]:
    """A group's lines; groups are one level deep."""
    joint = "any" if was.get("any") else "all"
    items: list[Written] = list(was[joint])
    with st.container(border=True):
        head, away = st.columns([5, 1], vertical_alignment="bottom")
        joint = head.segmented_control(
            "Group", list(ALL_OR_ANY), default=joint, required=True,
            format_func=ALL_OR_ANY.__getitem__, key=key("joint"), label_visibility="collapsed",
        )  # fmt: skip
        is_unwanted = away.button("", icon=":material/close:", key=key("remove"), help="Remove")
        numbers = _numbers(key("items"), len(items))
        written = []
        for number in numbers:
            line = items[number] if number < len(items) else {}
            answer, gone = _one(line, types, _within(key, number), counters)
            written.append(answer)
            if gone:
                remember(key("items"), [other for other in numbers if other != number])
                st.rerun()
        if st.button("Add to the group", icon=":material/add:", key=key("add")):
            remember(key("items"), [*numbers, max([len(items) - 1, *numbers]) + 1])
            st.rerun()
    return ({joint: written} if written else {}), is_unwanted


def _one(
    was: Written, types: Mapping[str, str], key: Key, counters: Counters
) -> tuple[Written, bool]:
    """One condition's controls; gives what they say, and whether it is to go."""
    names = list(types)
    column, how, value, away = st.columns([4, 3, 4, 1], vertical_alignment="bottom")
    known = was.get("field") in names
    name = column.selectbox(
        "Column", names, index=names.index(was["field"]) if known else 0, key=key("field"),
        label_visibility="collapsed",
    )  # fmt: skip
    kind = family(types[str(name)])
    able = list(OPERATORS[kind])
    op = how.selectbox(
        "Condition", able, index=able.index(was["op"]) if was.get("op") in able else 0,
        format_func=lambda each: WORDS[each], key=key(f"op.{kind}"), label_visibility="collapsed",
    )  # fmt: skip
    with value:
        answer = {"field": str(name), "op": str(op)} | _value(was, str(op), kind, key)
    is_unwanted = away.button("", icon=":material/close:", key=key("remove"), help="Remove")
    counters.places.append(st.empty())
    return answer, is_unwanted


def _value(was: Written, op: str, kind: str, key: Key) -> Written:
    stored = was.get("value")
    within = key(f"value.{kind}.{op if op in WITH_LIST | WITH_SPAN | {'between'} else 'one'}")
    if op in WITHOUT_VALUE:
        return {}
    if op in WITH_SPAN:
        return _span(was, within)
    if op == "between":
        pair = stored if isinstance(stored, list) and len(stored) == 2 else [None, None]
        with st.container(horizontal=True):
            return {"value": [_single(each, kind, f"{within}.{i}") for i, each in enumerate(pair)]}
    if op in WITH_LIST:
        given = [str(each) for each in stored] if isinstance(stored, list) else []
        chosen = st.multiselect(
            "Values", given, default=given, accept_new_options=True, key=within,
            placeholder="Type a value, then Enter", label_visibility="collapsed",
        )  # fmt: skip
        return {"value": list(chosen)}
    return {"value": _single(None if isinstance(stored, list) else stored, kind, within)}


def _span(was: Written, key: str) -> Written:
    stored = was.get("value")
    with st.container(horizontal=True):
        count = st.number_input(
            "How many", 0, None, stored if isinstance(stored, int) else 90, key=f"{key}.count",
            label_visibility="collapsed",
        )  # fmt: skip
        unit = st.selectbox(
            "Unit", UNITS, index=UNITS.index(was.get("unit", "days")), key=f"{key}.unit",
            label_visibility="collapsed",
        )  # fmt: skip
    return {"value": int(count), "unit": unit}


def _single(stored: Any, kind: str, key: str) -> Any:
    if kind == "date":
        day = st.date_input("Day", _day(stored), key=key, label_visibility="collapsed")
        return day.isoformat() if isinstance(day, date) else None
    if kind == "number":
        number = st.number_input(
            "Number", value=float(stored or 0), format="%g", key=key, label_visibility="collapsed"
        )
        return int(number) if float(number).is_integer() else number
    return st.text_input("Value", str(stored or ""), key=key, label_visibility="collapsed")


def _day(stored: Any) -> Any:
    try:
        return date.fromisoformat(str(stored)[:10])
    except ValueError:
        return "today"
