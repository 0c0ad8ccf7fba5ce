"""The days of a pull: a date, the last days, or a range whose ends are mixed freely."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.pulls.model import MOST_DAYS
from workbench.pulls.sources import SOURCES
from workbench.pulls.window import today_in
from workbench.ui.session import services

if TYPE_CHECKING:
    from workbench.ui.pull_form import Form

NO_WINDOW = "All"
ONE = "Report date"
RANGE = "Date range"
SPECIFIC = "Specific date"
BACK = "Days back"
USUAL_DAYS = 7
"""Offered first: a week shows the rhythm of work days and is quick."""


def ask_days(form: Form, body: dict[str, Any]) -> dict[str, Any]:
    """The controls of the duration that apply to this report and source."""
    source = SOURCES.get(str(body.get("source")))
    if body["report"] != "row_aggregation":
        st.caption("A report says its own days in Pendo.")
        return {}
    if source is None or source.name == "custom":
        st.caption("A custom request says its own days.")
        return {}
    kinds = [ONE, RANGE] if source.is_events else [NO_WINDOW, ONE, RANGE]
    stored: dict[str, Any] = form.body.get("duration") or {}
    now = _kind(stored, kinds)
    kind = st.segmented_control(
        "Duration",
        kinds,
        default=now,
        required=True,
        key=form.key(f"duration.{'events' if source.is_events else 'rows'}"),
    )
    answer: dict[str, Any] = {}
    if kind == ONE:
        answer = _report_date(form, stored)
    elif kind == RANGE:
        start = _end(form, "start", "Start date", stored.get("from"), 10)
        end = _end(form, "end", "End date", stored.get("to"), 1)
        answer = {"duration": {"from": start, "to": end}}
    else:
        st.caption("Every row, whatever its date.")
    form.beside.place("duration")
    if source.paged and kind != NO_WINDOW:
        answer |= _date_field(form)
    if kind != NO_WINDOW:
        answer |= _lookback(form, answer)
    return answer


def _kind(stored: dict[str, Any], kinds: list[str]) -> str:
    if "from" in stored:
        return RANGE
    if stored:
        return ONE
    return kinds[0]


def _report_date(form: Form, stored: dict[str, Any]) -> dict[str, Any]:
    how = st.segmented_control(
        "Report date",
        [BACK, SPECIFIC],
        default=SPECIFIC if "date" in stored else BACK,
        required=True,
        key=form.key("date.how"),
        label_visibility="collapsed",
    )
    if how == SPECIFIC:
        chosen = st.date_input(
            "Select specific date",
            _day(stored.get("date")) or _yesterday(form),
            key=form.key("date"),
            format="YYYY-MM-DD",
        )
        return {"duration": {"date": chosen.isoformat() if isinstance(chosen, date) else None}}
    back = st.number_input(
        "Days back",
        value=int(stored.get("days_back", USUAL_DAYS)),
        step=1,
        key=form.key("days_back"),
        help=f"The last so many complete days before today; at most {MOST_DAYS}.",
    )
    answer: dict[str, Any] = {"duration": {"days_back": back}}
    if st.toggle(
        "Today too",
        form.body.get("include_today", False),
        key=form.key("include_today"),
        help="Today is not complete: its rows will still grow.",
    ):
        answer["include_today"] = True
    return answer


def _end(
    form: Form, which: str, label: str, stored: Any, usual: int
) -> dict[str, Any] | str | None:
    """One end of a range: a date, or days back."""
    relative = not stored or isinstance(stored, dict)
    how = st.segmented_control(
        label,
        [BACK, SPECIFIC],
        default=BACK if relative else SPECIFIC,
        required=True,
        key=form.key(f"{which}.how"),
    )
    if how == SPECIFIC:
        chosen = st.date_input(
            f"Select specific {label.lower()}",
            _day(stored) or _yesterday(form) - timedelta(days=usual),
            key=form.key(f"{which}.date"),
            format="YYYY-MM-DD",
        )
        return chosen.isoformat() if isinstance(chosen, date) else None
    label = "Days back to start from" if which == "start" else "Days back to end at"
    back = st.number_input(
        label,
        value=int(stored["days_back"]) if isinstance(stored, dict) else usual,
        step=1,
        key=form.key(f"{which}.back"),
        help="1 is yesterday, 0 is today. Both ends are included.",
    )
    return {"days_back": back}


def _date_field(form: Form) -> dict[str, Any]:
    choices = {"lastvisit": "Last visit", "lastupdated": "Last update"}
    chosen = st.selectbox(
        "By date of",
        list(choices),
        index=list(choices).index(form.body.get("date_field", "lastvisit")),
        format_func=choices.__getitem__,
        key=form.key("date_field"),
    )
    return {"date_field": chosen} if chosen != "lastvisit" else {}


def _lookback(form: Form, answer: dict[str, Any]) -> dict[str, Any]:
    """Days re-read, where the first day moves with time."""
    duration = answer.get("duration") or {}
    if not ("days_back" in duration or isinstance(duration.get("from"), dict)):
        return {}
    days = st.number_input(
        "Days to read again",
        value=int(form.body.get("lookback_days", 3)),
        step=1,
        key=form.key("lookback_days"),
        help="So many earlier days are read once more on each run, because Pendo's recent rows "
        "arrive late. Works with the update methods Partition and Merge.",
    )
    form.beside.place("lookback_days")
    return {"lookback_days": days} if days != 3 else {}


def _day(stored: Any) -> date | None:
    return date.fromisoformat(str(stored)) if stored else None


def _yesterday(form: Form) -> date:
    from workbench.ui.pull_form import connection_zone

    zone = connection_zone(form.body.get("connection", ""))
    return today_in(zone, services().now()) - timedelta(days=1)
