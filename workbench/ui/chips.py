"""States of things: an icon, a word and a colour, never a colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from workbench.ui import formats

if TYPE_CHECKING:
    from datetime import datetime

Colour = Literal["gray", "blue", "green", "orange", "violet", "red"]

STATES: dict[str, tuple[Colour, str]] = {
    "draft": ("gray", "edit_note"),
    "on": ("blue", "toggle_on"),
    "open": ("green", "lock_open"),
    "closed": ("gray", "lock"),
    "not started": ("gray", "hourglass_empty"),
    "queued": ("gray", "hourglass_top"),
    "running": ("blue", "progress_activity"),
    "done": ("green", "check_circle"),
    "done with errors": ("orange", "warning"),
    "held": ("violet", "front_hand"),
    "failed": ("red", "error"),
    "stale": ("orange", "schedule"),
    "cancelled": ("gray", "cancel"),
    "missed": ("orange", "event_busy"),
    "paused": ("red", "pause_circle"),
    "off": ("gray", "toggle_off"),
    "stopped": ("red", "power_settings_new"),
    "recovered": ("green", "check_circle"),
    "not run yet": ("gray", "remove"),
    "key set": ("green", "key"),
    "key not set": ("orange", "key_off"),
    "login set": ("green", "key"),
    "rehearsal": ("violet", "theater_comedy"),
    "unsaved": ("orange", "edit"),
    "saved": ("gray", "check"),
}
"""Colour and icon of every state; the word is the state itself."""


SIGNS = {
    "queued": "◦",
    "running": "▸",
    "done": "✓",
    "done with errors": "▲",
    "held": "‖",
    "failed": "✕",
    "cancelled": "–",
}
"""What stands for the icon in a table's cells, which draw text only."""


def chip(state: str, *, hover: str = "") -> None:
    """One state, small."""
    colour, icon = _looks(state)
    st.badge(state, icon=f":material/{icon}:", color=colour, help=hover or None)


def chip_text(state: str) -> str:
    """The same as Markdown, to stand inside a line of text."""
    colour, icon = _looks(state)
    return f":{colour}-badge[:material/{icon}: {state}]"


def _looks(state: str) -> tuple[Colour, str]:
    # A login has several parts, and the chip names the one that is missing.
    missing = STATES["key not set"] if state.endswith(" not set") else None
    return STATES.get(state) or missing or ("gray", "circle")


def column(label: str = "Status") -> Any:
    """A table column of states: cells hold a list with the state's name."""
    return st.column_config.MultiselectColumn(
        label,
        options=list(SIGNS),
        color=[STATES[state][0] for state in SIGNS],
        format_func=lambda state: f"{SIGNS[state]} {state}",
        width=150,
    )


def moment(at: datetime | None, zone: str, subscription: str = "", *, before: str = "") -> None:
    """A moment in the viewer's zone; UTC and the subscription's zone on hover."""
    told = formats.moment(at, zone, subscription)
    st.html(f'<small>{before}<abbr title="{told.hover}">{told.text}</abbr></small>')
