"""Slots that nobody was there to run: their dates, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import formats
from workbench.ui.chips import chip_text
from workbench.ui.scheduler_status import holder
from workbench.ui.session import WHO, explained, note_for_later, services, zone
from workbench.words import job_words

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.store.state import Decision

Missed = tuple[str, "datetime"]
"""A slot by its job and its due time."""

DATES_SHOWN = 6
"""Dates on the line; the others are in the list that opens."""
DECISIONS: tuple[tuple[Decision, str, str], ...] = (
    ("once", "Run once", "One run, for the newest slot."),
    ("each", "Run each", "A run for every slot, the oldest first."),
    ("skip", "Skip", "No run; the slots are settled."),
)


def missed_slots() -> list[Missed]:
    """Slots that wait for a decision, oldest first; also those that no scheduler has seen yet."""
    if holder() is not None:
        return [(slot.job, slot.due_at) for slot in services().state.slots.missed()]
    from workbench.schedules.overview import missed

    return missed(services(), services().now())


def show_missed(missed: Sequence[Missed]) -> None:
    """Each job's missed slots with the three ways to settle them."""
    by_job: dict[str, list[datetime]] = {}
    for job, due_at in missed:
        by_job.setdefault(job, []).append(due_at)
    for job, slots in by_job.items():
        with st.container(border=True, key=f"missed-line-{job}"):
            left, right = st.columns([5, 3], vertical_alignment="center")
            with left:
                count = formats.counted(len(slots), "slot")
                st.markdown(
                    f"{chip_text('missed')} **{formats.plain(job_words(job))}** · {count}  \n"
                    f"<small>{_dates(slots)}</small>",
                    unsafe_allow_html=True,
                )
            with right.container(horizontal=True, horizontal_alignment="right"):
                for decision, label, about in DECISIONS:
                    key = f"missed.{decision}.{job}"
                    if st.button(label, key=key, help=about):
                        _decide(job, decision)
            if len(slots) > DATES_SHOWN:
                with st.expander("All dates", type="compact"):
                    st.caption(" · ".join(_date(slot) for slot in slots), unsafe_allow_html=True)


def _dates(slots: Sequence[datetime]) -> str:
    words = [_date(slot) for slot in slots[-DATES_SHOWN:]]
    earlier = len(slots) - len(words)
    return (f"{earlier} earlier · " if earlier else "") + " · ".join(words)


def _date(due_at: datetime) -> str:
    told = formats.moment(due_at, zone())
    return f'<abbr title="{told.hover}">{told.text}</abbr>'


def _decide(job: str, decision: Decision) -> None:
    from workbench.schedules.once import take_slots

    with explained():
        if holder() is None:
            take_slots(services())  # nobody else has recorded them
        run_ids = services().state.slots.decide(job, decision, WHO)
    told = f"Missed slots of {job_words(job)} settled"
    if run_ids:
        later = "" if holder() else " until the scheduler runs"
        told = f"{formats.counted(len(run_ids), 'run')} of {job_words(job)} queued{later}"
    note_for_later(told)
    st.rerun()
