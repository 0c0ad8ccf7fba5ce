"""Every job with its schedules: on or off, in words, next fires, how its last run ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.schedules.wording import in_words
from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.notices import mute
from workbench.ui.run_page import PAGE_OF
from workbench.ui.schedule_form import weekday
from workbench.ui.session import explained, note_for_later, services, zone
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.schedules.fires import Fire
    from workbench.store.state import Run
    from workbench.ui.known_jobs import Entry

AT_ONCE = 50
"""Jobs listed at once; the search brings the others."""
FIRES_SHOWN = 5


def show_schedules(entries: Sequence[Entry]) -> None:
    """A line per job that has schedules; those without are counted."""
    scheduled = [entry for entry in entries if entry.scheduled.schedules]
    if not scheduled:
        frame.empty(
            "Nothing is scheduled yet. Open a pull and add a schedule under When.",
            "pulls",
            "Go to pulls",
            ":material/arrow_forward:",
        )
        return
    newest = services().state.runs.newest_by_job()
    wanted = ""
    if len(scheduled) > FIRES_SHOWN:
        wanted = st.text_input(
            "Search",
            type="search",
            live=True,
            key="schedules.search",
            placeholder="Job, schedule or connection",
            label_visibility="collapsed",
        )
    words = (wanted or "").lower().split()
    matching = [entry for entry in scheduled if all(word in _text(entry) for word in words)]
    for entry in matching[:AT_ONCE]:
        _draw(entry, newest.get(entry.job))
    if len(matching) > AT_ONCE:
        st.caption(f"{len(matching) - AT_ONCE} more: search for them.")
    if idle := len(entries) - len(scheduled):
        st.caption(f"{formats.counted(idle, 'job')} without a schedule.")


def _text(entry: Entry) -> str:
    told = (in_words(schedule) for schedule in entry.scheduled.schedules)
    return " ".join(
        (entry.job, job_words(entry.job), entry.scheduled.connection or "", *told)
    ).lower()


def _draw(entry: Entry, last: Run | None) -> None:
    with st.container(border=True, key=f"schedule-line-{entry.job}"):
        switch, what, fires, result = st.columns([2, 5, 5, 3], vertical_alignment="center")
        with switch:
            _switch(entry)
        with what:
            _name(entry)
            told = (formats.plain(in_words(each)) for each in entry.scheduled.schedules)
            st.caption("  \n".join(told))
        with fires:
            _fires(entry.next_fires(services().now(), FIRES_SHOWN), entry)
        with result:
            _last(last)
            _muted(entry)


def _switch(entry: Entry) -> None:
    is_on = entry.is_switched_on
    wanted = st.toggle(
        "On" if is_on else "Off",
        is_on,
        key=f"schedules.on.{entry.job}",
        disabled=not entry.scheduled.active,
        help=None if entry.scheduled.active else "Its document says that it is not active.",
    )
    if wanted != is_on and entry.scheduled.active:
        with explained():
            services().state.jobs.switch(entry.job, wanted, services().now())
        note_for_later(f"{job_words(entry.job)} is {'on' if wanted else 'off'}")
        st.rerun()


def _name(entry: Entry) -> None:
    kind, _, name = entry.job.partition("/")
    if kind in PAGE_OF:
        page, what = PAGE_OF[kind]
        frame.link(page, job_words(entry.job), icon=":material/edit_calendar:", **{what: name})
    else:
        st.markdown(f"**{formats.plain(job_words(entry.job))}**")


def _fires(fires: Sequence[Fire], entry: Entry) -> None:
    if entry.paused_reason:
        st.markdown(f"{chip_text('paused')} {formats.plain(entry.paused_reason)}")
    elif not fires:
        st.markdown(chip_text("off"))
    else:
        words = " · ".join(_fire(fire) for fire in fires)
        st.caption(f"Next: {words}", unsafe_allow_html=True)


def _fire(fire: Fire) -> str:
    told = formats.moment(fire.at, zone())
    together = f" ({len(fire.schedules)} schedules, one run)" if len(fire.schedules) > 1 else ""
    note = f" {fire.note}" if fire.note else ""
    when = f"{weekday(fire.at)} {told.text}"
    return f'<abbr title="{told.hover}">{when}</abbr>{together}{note}'


def _muted(entry: Entry) -> None:
    until = entry.standing.muted_until if entry.standing else None
    if until is None or until <= services().now():
        return
    st.caption(f":material/notifications_off: muted until {formats.moment(until, zone()).text}")
    if st.button("Unmute", key=f"schedules.unmute.{entry.job}", type="tertiary"):
        mute(entry.job, None)


def _last(last: Run | None) -> None:
    if last is None:
        st.markdown(chip_text("not run yet"))
        return
    at = formats.moment(last.finished_at or last.started_at or last.queued_at, zone())
    st.markdown(chip_text(last.status))
    frame.link("runs", f"Run {last.id} · {at.text}", run=str(last.id))
