"""Guardrails and approval of an automation, as controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.automations.limits import Guardrails

if TYPE_CHECKING:
    from workbench.ui.beside import Beside

PERCENTS = {
    "max_changed_percent": "Records that change, %",
    "max_two_step_flips_percent": "Labels that move two steps, %",
    "max_drop_percent": "Fewer records than last time, %",
    "max_null_percent": "Empty predictions, %",
    "max_not_found_percent": "Ids that Pendo does not know, %",
}


def ask_limits(
    stored: Mapping[str, Any], key: Callable[[str], str], beside: Beside
) -> dict[str, Any]:
    """The controls; gives ``guardrails`` and ``review``, left out where they are usual."""
    st.markdown("**Guardrails**")
    st.caption("A run beyond any of them is held before it writes, until you let it go.")
    was = Guardrails.model_validate(stored.get("guardrails") or {})
    chosen: dict[str, Any] = {}
    columns = st.columns(3)
    for place, (name, label) in enumerate(PERCENTS.items()):
        chosen[name] = columns[place % 3].number_input(
            label, 0.0, 100.0, float(getattr(was, name)), 1.0, format="%g", key=key(name)
        )
    chosen["min_rows"] = columns[2].number_input(
        "Fewest records", 0, None, was.min_rows, key=key("min_rows")
    )
    chosen["floor"] = columns[0].number_input(
        "Up to … records pass at any percentage", 0, None, was.floor, key=key("floor"),
        help="A percentage holds a run only where it stands for more records than this: "
        "1 of 3 records is 33 %, and no disaster. Empty predictions are counted one by one.",
    )  # fmt: skip
    beside.place("guardrails")
    usual = Guardrails()
    limits = {name: value for name, value in chosen.items() if value != getattr(usual, name)}
    more = {n: v for n, v in (stored.get("guardrails") or {}).items() if n not in chosen}
    limits |= more
    return ({"guardrails": limits} if limits else {}) | _review(stored, key)


def _review(stored: Mapping[str, Any], key: Callable[[str], str]) -> dict[str, Any]:
    review = stored.get("review") or {}
    rules = review.get("auto_approve") or {}
    required = st.toggle(
        "Each record waits for approval", bool(review.get("required")), key=key("review")
    )
    if not required:
        return {}
    left, right = st.columns(2)
    steps = left.number_input(
        "But not if its label moves at most … steps", 0, 20, rules.get("max_label_steps"),
        key=key("steps"), placeholder="No such rule",
    )  # fmt: skip
    few = right.number_input(
        "And not if fewer records than … are written", 1, None, rules.get("fewer_than"),
        key=key("fewer"), placeholder="No such rule",
    )  # fmt: skip
    auto = {"max_label_steps": steps, "fewer_than": few}
    auto = {name: int(value) for name, value in auto.items() if value is not None}
    return {"review": {"required": True} | ({"auto_approve": auto} if auto else {})}
