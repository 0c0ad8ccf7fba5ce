"""The feed of alerts: what changed about jobs, newest first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.session import explained, note_for_later, services, zone
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.store.state.alerts import KeptAlert

SHOWN = 8
DAY = timedelta(days=1)


def show_notices() -> None:
    """The newest notices; unread ones in bold."""
    alerts = services().state.alerts
    latest = alerts.latest(SHOWN)
    if not latest:
        return
    unread = alerts.unread()
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f" · {unread} unread" if unread else ""
        st.subheader(f"Notices{count}", anchor=False)
        if unread and st.button("Mark as read", icon=":material/done_all:", key="notices.read"):
            with explained():
                alerts.mark_read(latest[0].id, at=services().now())
            st.rerun()
    for alert in latest:
        _draw(alert)
    for lost in alerts.given_up(1):
        st.caption(
            f":material/unsubscribe: A notice could not be sent by {lost.channel}: "
            f"{formats.plain(lost.error or '')}"
        )


def _draw(alert: KeptAlert) -> None:
    at = formats.moment(alert.at, zone())
    text = formats.plain(alert.text)
    with st.container(horizontal=True, vertical_alignment="center", key=f"notice-{alert.id}"):
        st.markdown(
            f"{chip_text(alert.state)} {text if alert.read_at else f'**{text}**'} "
            f'<small><abbr title="{at.hover}">{at.text}</abbr></small>',
            unsafe_allow_html=True,
            width="content",
        )
        if alert.run_id is not None:
            frame.link("runs", f"Run {alert.run_id}", run=str(alert.run_id))
        if alert.state != "recovered" and st.button(
            "Mute for a day",
            key=f"notices.mute.{alert.id}",
            type="tertiary",
            help=f"Nothing more about {job_words(alert.job)} until tomorrow; its runs go on.",
        ):
            mute(alert.job, services().now() + DAY)


def mute(job: str, until: datetime | None) -> None:
    """Tell nobody of a job's troubles until then; None ends it."""
    with explained():
        services().state.jobs.mute(job, until)
    named = job_words(job)
    note_for_later(f"{named} is muted" if until else f"{named} is heard again")
    st.rerun()
