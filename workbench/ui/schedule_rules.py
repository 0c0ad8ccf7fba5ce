"""What holds for all schedules of a job: missed slots, further tries, and when it is stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from workbench.ui import formats

Key = Callable[[str], str]
"""From a control's name to its key in this form."""
CATCH_UP = {
    "ask": "Ask me",
    "once": "Run once",
    "each": "Run each",
    "skip": "Skip",
}
StaleAfter = dict[str, int] | str | None
PERIODS: tuple[StaleAfter, ...] = (
    None,
    {"hours": 1},
    {"hours": 6},
    {"hours": 12},
    {"days": 1},
    {"days": 2},
    {"weeks": 1},
    {"weeks": 2},
    {"months": 1},
    {"months": 3},
    "never",
)
"""From one hour to three months (B-33); a document may hold any between."""


def ask_rules(stored: dict[str, Any], key: Key, *, is_scheduled: bool) -> dict[str, Any]:
    """The controls below all schedules; gives the document's keys that are not the usual."""
    return _catch_up(stored, key, is_scheduled) | _retry(stored, key) | _stale_after(stored, key)


def _catch_up(stored: dict[str, Any], key: Key, is_scheduled: bool) -> dict[str, Any]:
    was = stored.get("catch_up", "ask")
    if not is_scheduled:
        return {"catch_up": was} if was != "ask" else {}
    chosen = st.segmented_control(
        "When slots were missed",
        list(CATCH_UP),
        default=was,
        required=True,
        format_func=CATCH_UP.__getitem__,
        key=key("catch_up"),
        help="The machine slept, or the scheduler was stopped: one run for all missed slots, "
        "one for each, or none.",
    )
    return {"catch_up": chosen} if chosen != "ask" else {}


def _retry(stored: dict[str, Any], key: Key) -> dict[str, Any]:
    was = {"attempts": 3, "wait_minutes": 5, **(stored.get("retry") or {})}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        attempts = st.number_input(
            "Try a failed run again",
            value=int(was["attempts"]),
            step=1,
            key=key("retry.attempts"),
            width=190,
            help="So many times; 0 is never. A refused key is never tried again.",
        )
        wait = st.number_input(
            "Minutes between tries",
            value=float(was["wait_minutes"]),
            step=1.0,
            format="%g",
            key=key("retry.wait"),
            width=190,
        )
    now_is = {"attempts": attempts, "wait_minutes": wait}
    usual = {"attempts": 3, "wait_minutes": 5}
    return {"retry": now_is} if now_is != usual else {}


def _stale_after(stored: dict[str, Any], key: Key) -> dict[str, Any]:
    was = stored.get("stale_after")
    options = PERIODS if was in PERIODS else (*PERIODS, was)
    # The browser tells a choice by its words: they must not hang on the schedules.
    chosen: StaleAfter = st.selectbox(
        "Tell me that it is stale",
        options,
        index=options.index(was),
        format_func=lambda each: "As its schedules say" if each is None else _period(each),
        key=key("stale_after"),
        width=260,
        help="A notice in the app, and where alerts go, when it has not succeeded for so long. "
        "As its schedules say: after two slots without success, and never without a schedule.",
    )
    return {} if chosen is None else {"stale_after": chosen}


def _period(each: dict[str, int] | str) -> str:
    if isinstance(each, str):
        return "Never"
    [(unit, number)] = each.items()
    return f"After {formats.counted(number, unit.removesuffix('s'))}"
