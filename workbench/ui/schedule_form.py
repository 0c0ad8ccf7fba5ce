"""The editor of a job's schedules: any number, with their next fires while one edits.

Answers with the keys that every document with schedules has; whether they make sense is decided
by the document's own checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import streamlit as st
from pydantic import ValidationError

from workbench.schedules.fires import next_fires
from workbench.schedules.model import WEEKDAYS, Schedule
from workbench.schedules.wording import DAY_NAMES, in_words
from workbench.ui import formats
from workbench.ui.schedule_rules import Key, ask_rules
from workbench.ui.session import remember, remembered, services, zone
from workbench.zones import zone_names

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.ui.beside import Beside

RHYTHMS = {
    "daily": "Every day",
    "weekdays": "Every weekday",
    "weekly": "On days of the week",
    "monthly": "On days of the month",
    "hourly": "Every hour",
    "cron": "Cron",
}
UNITS = {"daily": "days", "weekdays": "weeks", "weekly": "weeks"}
"""Of which rhythms an interval counts what; hours have their own line."""
WORK_DAYS = list(WEEKDAYS[:5])
MONTH_DAYS: list[int | str] = [*range(1, 29), "last"]
USUAL_HOUR = 7
"""Offered first: done before most people start to work."""
FIRES_SHOWN = 5


def ask_schedules(
    stored: dict[str, Any], key: Key, beside: Beside, usual_zone: str
) -> dict[str, Any]:
    """The controls of all schedules; gives the document's keys, left out where they are usual.

    Args:
        stored: The document's ``schedules``, ``catch_up``, ``retry`` and ``stale_after`` as they
            were kept.
        usual_zone: The zone that a new schedule starts with.
    """
    kept: list[dict[str, Any]] = list(stored.get("schedules") or [])
    numbers = _numbers(key, len(kept))
    written: list[dict[str, Any]] = []
    for number in numbers:
        was = kept[number] if number < len(kept) else _new(usual_zone)
        with st.container(border=True, key=key(f"schedule-line-{number}")):
            schedule, is_unwanted = _one(was, _within(key, number))
            written.append(schedule)
            if is_unwanted:
                remember(key("schedules"), [other for other in numbers if other != number])
                st.rerun()
    label = "Add another schedule" if numbers else "Add a schedule"
    if st.button(label, icon=":material/add:", key=key("schedules.add")):
        remember(key("schedules"), [*numbers, max([len(kept) - 1, *numbers]) + 1])
        st.rerun()
    beside.place("schedules", "catch_up", "retry", "stale_after")
    if not written:
        st.caption("Without a schedule it runs when somebody presses Run.")
    answer: dict[str, Any] = {"schedules": written} if written else {}
    if valid := valid_schedules(written):
        show_next(valid)
    return answer | ask_rules(stored, key, is_scheduled=bool(written))


def _within(key: Key, number: int) -> Key:
    """The keys of one schedule's controls."""
    return lambda control: key(f"schedule.{number}.{control}")


def valid_schedules(written: Sequence[dict[str, Any]]) -> list[Schedule]:
    """Those that can be."""
    found = []
    for each in written:
        try:
            found.append(Schedule.model_validate(each))
        except ValidationError:
            continue
    return found


def show_next(schedules: Sequence[Schedule], count: int = FIRES_SHOWN) -> None:
    """The next fires in the viewer's zone, UTC and the schedules' own zones on hover."""
    coming = next_fires(schedules, services().now(), count)
    lines = []
    for fire in coming:
        names = (schedule.timezone for schedule in schedules)
        own = next((name for name in names if name not in ("UTC", zone())), "")
        told = formats.moment(fire.at, zone(), own)
        note = f" {fire.note}" if fire.note else ""
        lines.append(f'<abbr title="{told.hover}">{weekday(fire.at)} {told.text}</abbr>{note}')
    st.caption("Next: " + " · ".join(lines), unsafe_allow_html=True)


def weekday(at: datetime) -> str:
    """The day of the week of a moment, where the viewer is."""
    return f"{at.astimezone(ZoneInfo(zone())):%a}"


def _numbers(key: Key, stored: int) -> list[int]:
    """Which schedules the form shows: the stored ones by their place, new ones counted on."""
    known = remembered(key("schedules"))
    return list(known) if isinstance(known, list) else list(range(stored))


def _new(usual_zone: str) -> dict[str, Any]:
    return {"every": "daily", "hour": USUAL_HOUR, "timezone": usual_zone}


def _one(was: dict[str, Any], key: Key) -> tuple[dict[str, Any], bool]:
    """One schedule's controls; gives what they say, and whether it is to go."""
    is_work = was["every"] == "weekly" and list(was.get("on", [])) == WORK_DAYS
    rhythms = list(RHYTHMS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rhythm = st.selectbox(
            "Runs",
            rhythms,
            index=rhythms.index("weekdays" if is_work else was["every"]),
            format_func=RHYTHMS.__getitem__,
            key=key("every"),
            width=190,
        )
        written = {"every": "weekly" if rhythm == "weekdays" else rhythm}
        written |= _details(rhythm, was, key)
        if (where := _zone(was, key)) != "UTC":
            written["timezone"] = where
        is_unwanted = st.button("Remove", icon=":material/close:", key=key("remove"))
    _say(written)
    return written, is_unwanted


def _details(rhythm: str, was: dict[str, Any], key: Key) -> dict[str, Any]:
    if rhythm == "cron":
        text = st.text_input(
            "Minute hour day month weekday",
            was.get("cron") or f"0 {USUAL_HOUR} * * mon-fri",
            key=key("cron"),
            width=240,
        )
        return {"cron": text.strip()}
    if rhythm == "hourly":
        return _hourly(was, key)
    days: dict[str, Any] = {}
    if rhythm == "weekdays":
        days = {"on": WORK_DAYS}
    elif rhythm in ("weekly", "monthly"):
        days = _on(rhythm, was, key)
    every = _interval(rhythm, was, key) if rhythm in UNITS else 1
    return days | _time(was, key) | _starts(was, every, key)


def _interval(rhythm: str, was: dict[str, Any], key: Key) -> int:
    is_same = was["every"] == ("weekly" if rhythm == "weekdays" else rhythm)
    return int(
        st.number_input(
            f"Every … {UNITS[rhythm]}",
            value=int(was.get("interval", 1)) if is_same else 1,
            step=1,
            key=key(f"interval.{rhythm}"),
            width=120,
        )
    )


def _starts(was: dict[str, Any], every: int, key: Key) -> dict[str, Any]:
    """The interval, and the day it is counted from: today unless said."""
    answer: dict[str, Any] = {"interval": every} if every != 1 else {}
    if every == 1 and "starts" not in was:
        return answer
    today = services().now().astimezone(ZoneInfo(was.get("timezone", "UTC"))).date()
    kept = was.get("starts")
    chosen = st.date_input(
        "From",
        date.fromisoformat(str(kept)) if kept else today,
        key=key("starts"),
        width=140,
        help="The first day on which it may run; days and weeks are counted from it.",
    )
    return answer | {"starts": chosen.isoformat()}


def _on(rhythm: str, was: dict[str, Any], key: Key) -> dict[str, Any]:
    names = dict(zip(WEEKDAYS, DAY_NAMES, strict=True))
    options: list[Any] = list(WEEKDAYS) if rhythm == "weekly" else MONTH_DAYS
    chosen = st.multiselect(
        "Days",
        options,
        default=[day for day in was.get("on", []) if day in options],
        format_func=lambda day: names.get(day) or ("last day" if day == "last" else str(day)),
        key=key(f"on.{rhythm}"),
        width=320,
        placeholder="Choose days",
    )
    return {"on": chosen}


def _time(was: dict[str, Any], key: Key) -> dict[str, Any]:
    hour = _hour("Hour", was.get("hour", USUAL_HOUR), key("hour"))
    return {"hour": hour} | _minute(was, key)


def _minute(was: dict[str, Any], key: Key) -> dict[str, Any]:
    minute = st.number_input(
        "Minute", value=int(was.get("minute", 0)), step=5, key=key("minute"), width=110
    )
    return {"minute": minute} if minute else {}


def _hour(label: str, value: int, key: str) -> int:
    return int(
        st.selectbox(
            label, range(24), index=value, format_func=lambda hour: f"{hour:02d}", key=key, width=90
        )
    )


def _hourly(was: dict[str, Any], key: Key) -> dict[str, Any]:
    window: dict[str, int] = was.get("active_hours") or {}
    every = st.number_input(
        "Every … hours", value=int(was.get("interval", 1)), step=1, key=key("interval"), width=120
    )
    start = _starts(was, 1, key)
    answer: dict[str, Any] = ({"interval": every} if every != 1 else {}) | start | _minute(was, key)
    if st.toggle("Only from … to …", bool(window), key=key("active"), width=160):
        first = _hour("First run", window.get("from", 8), key("from"))
        last = _hour("Last run", window.get("to", 18), key("to"))
        answer["active_hours"] = {"from": first, "to": last}
    return answer


def _zone(was: dict[str, Any], key: Key) -> str:
    stored = was.get("timezone", "UTC")
    known = sorted({*zone_names(), stored})
    return str(
        st.selectbox("Time zone", known, index=known.index(stored), key=key("timezone"), width=230)
    )


def _say(written: dict[str, Any]) -> None:
    """The schedule in words; what is wrong with it is said below all of them."""
    if valid := valid_schedules([written]):
        st.caption(f":material/schedule: {formats.plain(in_words(valid[0]))}")
