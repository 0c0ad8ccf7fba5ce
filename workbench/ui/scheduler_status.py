"""Whether the scheduler runs, and the buttons that start and stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st

from workbench.ui import formats
from workbench.ui.chips import chip_text
from workbench.ui.session import explained, note_for_later, services, zone

if TYPE_CHECKING:
    from workbench.store.state import LeaseHolder


def holder() -> LeaseHolder | None:
    """The scheduler that is alive, or None."""
    found = services().state.lease.holder()
    return found if found is not None and found.is_alive() else None


def show_scheduler() -> None:
    """Its state in words, and the button that changes it."""
    found = holder()
    with st.container(horizontal=True, vertical_alignment="center", key="scheduler-status"):
        if found is None:
            st.markdown(
                f"{chip_text('stopped')} The scheduler is not running: nothing starts by itself, "
                "and what is due meanwhile is listed as missed.",
                width="stretch",
            )
            start_button("scheduler.start")
            return
        since = formats.moment(found.since, zone())
        st.markdown(
            f'{chip_text("on")} The scheduler runs since <abbr title="{since.hover}">{since.text}'
            f"</abbr> (process {found.pid} on {formats.plain(found.host)}).",
            unsafe_allow_html=True,
            width="stretch",
        )
        if st.button("Stop", icon=":material/stop:", key="scheduler.stop"):
            _stop()


def start_button(key: str, *, small: bool = False) -> None:
    """Starts the scheduler in a process of its own."""
    weight: Literal["tertiary", "primary"] = "tertiary" if small else "primary"
    if st.button("Start scheduler", icon=":material/play_arrow:", key=key, type=weight):
        from workbench.schedules.process import start_detached

        with explained(), st.spinner("Starting the scheduler…"):
            start_detached(services())
        note_for_later("The scheduler is running")
        st.rerun()


def _stop() -> None:
    from workbench.schedules.process import stop

    with explained(), st.spinner("Stopping the scheduler…"):
        stop(services())
    note_for_later("The scheduler is stopped; runs under way go on")
    st.rerun()
