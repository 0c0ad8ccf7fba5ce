"""A campaign's dashboard: whether it is well, its numbers, active editions, last syncs, notices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.campaign_feed import show_feed
from workbench.ui.campaign_list import KINDS, next_words
from workbench.ui.campaign_record import syncs_table
from workbench.ui.campaign_statistics import show_funnel
from workbench.ui.session import services, zone

if TYPE_CHECKING:
    from workbench.campaigns.board import Listed
    from workbench.campaigns.model import CampaignSync

COUNTS = (
    ("Total Members", "total"),
    ("Active Members", "active"),
    ("Inactive Members", "inactive"),
    ("Total Leads", "leads"),
    ("Total Contacts", "contacts"),
    ("Converted Leads", "converted"),
)
"""What the campaign page of the source product counts (campaign-sync contract, section 3)."""
SENDS = {
    "scheduled": "Scheduled: editions with dates of their own",
    "adaptive": "Adaptive: what comes next depends on what a member did",
    "drip": "Drip: a series with days between",
}
HISTORY_HEIGHT = 240


def show_board(sync: CampaignSync, each: Listed) -> None:
    """The whole dashboard."""
    row = each.row
    _notice(sync, each)
    frame.facts("members", ((label, formats.number(each.members[name])) for label, name in COUNTS))
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Active editions", anchor=False)
        _editions(sync, each)
        st.subheader("Sync history", anchor=False)
        syncs_table(
            services().state.campaign_history.syncs(sync.name, row.id), height=HISTORY_HEIGHT
        )
    with right:
        st.subheader("From members to the end", anchor=False)
        show_funnel(sync, row, each.members["active"], key="campaign.board.funnel")
        _last_syncs(each)
    show_feed(sync.name, row.id)


def _notice(sync: CampaignSync, each: Listed) -> None:
    """One sentence: may it be mailed, is it started, what waits."""
    row = each.row
    if each.closed:
        st.warning(
            f"Closed, {formats.plain(each.closed)}: no mail is sent"
            + (", and scheduled syncs skip it." if sync.skip_closed else "."),
            icon=":material/block:",
        )
    elif row.initial_at is None:
        st.info(
            "Not started here. New Edition makes its first edition and takes over its members; "
            "you see beforehand who.",
            icon=":material/info:",
        )
    if each.warnings:
        st.caption(f":material/warning: {formats.plain(' · '.join(each.warnings))}")
    if row.sends:
        st.caption(f":material/category: {SENDS.get(row.sends, row.sends)}")
    for name, ours in (row.ours or {}).items():
        theirs: Any = getattr(row, name, None)
        now = theirs.isoformat() if isinstance(theirs, date) else theirs
        if now != ours:
            st.caption(
                f":material/difference: {formats.plain(name.replace('_', ' '))}: "
                f"{formats.plain(str(ours or 'empty'))} here, "
                f"{formats.plain(str(now or 'empty'))} in Salesforce"
            )


def _editions(sync: CampaignSync, each: Listed) -> None:
    editions = services().state.campaigns.editions(sync.name, each.row.id)
    active = [edition for edition in editions if edition.active]
    if not active:
        st.caption("None.")
        return
    st.dataframe(
        [
            {
                "Edition": edition.name,
                "Goes to": edition.audience or "All active members",
                "Subject": edition.subject or formats.NOTHING,
                "Start": edition.start_date,
                "End": edition.end_date,
                "Sent": (edition.statistics or {}).get("sent"),
            }
            for edition in active
        ],
        hide_index=True,
    )


def _last_syncs(each: Listed) -> None:
    """When each of the four kinds ran last, and what comes next."""
    lines = []
    for kind in KINDS:
        at = getattr(each.row, f"{kind}_at")
        told = formats.moment(at, zone())
        when = f'<abbr title="{told.hover}">{told.text}</abbr>' if at else "never"
        lines.append(f"{kind.capitalize()}: {when}")
    lines.append(f"**{next_words(each)}**")
    st.subheader("Last syncs", anchor=False)
    st.markdown("  \n".join(lines), unsafe_allow_html=True)
