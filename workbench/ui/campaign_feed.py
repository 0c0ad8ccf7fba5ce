"""What the owners of campaigns are told: synced in, sync completed, warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.session import explained, services, zone

if TYPE_CHECKING:
    from workbench.store.state.campaign_history import Notice

SHOWN = 12
USER_IDS = "005"
"""What the id of a Salesforce user starts with: it tells a reader nothing."""


def show_feed(sync: str, campaign_id: str | None = None) -> None:
    """The newest notices, unread ones in bold; of one campaign, or of all."""
    history = services().state.campaign_history
    # A campaign's own are few among those of all: more are read than shown.
    found = history.notices(sync, limit=SHOWN if campaign_id is None else 500)
    notices = [each for each in found if campaign_id in (None, each.campaign_id)][:SHOWN]
    unread = [each.id for each in notices if each.read_at is None]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"Notices{f' · {len(unread)} unread' if unread else ''}", anchor=False)
        if unread and st.button(
            "Mark as read", icon=":material/done_all:", key="campaigns.notices.read"
        ):
            with explained():
                history.mark_read(unread, at=services().now())
            st.rerun()
    if not notices:
        st.caption("Nothing yet: owners are told of every new campaign and every finished sync.")
    for notice in notices:
        _draw(notice, campaign_id is None)


def _draw(notice: Notice, is_linked: bool) -> None:
    at = formats.moment(notice.at, zone())
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"campaign-notice-{notice.id}"
    ):
        words = formats.plain(notice.text)
        is_named = notice.owner and not notice.owner.startswith(USER_IDS)
        owner = f" · for {formats.plain(notice.owner or '')}" if is_named else ""
        st.markdown(
            f"{words if notice.read_at else f'**{words}**'}{owner} "
            f'<small><abbr title="{at.hover}">{at.text}</abbr></small>',
            unsafe_allow_html=True,
            width="content",
        )
        if is_linked:
            frame.link("campaigns", "Open", campaign=notice.campaign_id)
        if notice.run_id is not None:
            frame.link("runs", f"Run {notice.run_id}", run=str(notice.run_id))
        if notice.warnings:
            told = " · ".join(map(str, notice.warnings))
            st.caption(f":material/warning: {formats.plain(told)}", width="content")
