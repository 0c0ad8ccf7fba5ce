"""One campaign on its page: synchronize it, see who is in it, what they did, what was synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import InputError
from workbench.ui import formats, frame
from workbench.ui.campaign_board import show_board
from workbench.ui.campaign_editions import show_editions
from workbench.ui.campaign_kept import kept_sheet, open_sheet, running
from workbench.ui.campaign_list import (
    auto_sync,
    dates_of,
    next_words,
    state_of,
    trouble,
)
from workbench.ui.campaign_mails import show_mails
from workbench.ui.campaign_mapping import show_mapping
from workbench.ui.campaign_members import show_members
from workbench.ui.campaign_product import show_product
from workbench.ui.campaign_record import show_record
from workbench.ui.campaign_sheet import show_sheet
from workbench.ui.campaign_statistics import show_statistics
from workbench.ui.chips import chip_text
from workbench.ui.run_view import show_run
from workbench.ui.session import explained, note_for_later, pick_section, services, shown

if TYPE_CHECKING:
    from workbench.campaigns.board import Listed
    from workbench.campaigns.model import CampaignSync

SECTIONS = {
    "dashboard": "Dashboard",
    "members": "Members",
    "editions": "Editions",
    "mails": "Sends and clicks",
    "statistics": "Statistics",
    "product": "Product activity",
    "mapping": "Status mapping",
    "history": "Sync history",
}


def campaign_page(campaign_id: str, name: str | None) -> None:
    """The whole page of one campaign."""
    with explained():
        sync, each = _found(campaign_id, name)
    row = each.row
    told = " · ".join(
        filter(None, (row.type, row.status, dates_of(row.start_date, row.end_date), row.owner))
    )
    actions = frame.header(
        formats.plain(row.name), formats.plain(told), back=("campaigns", "All campaigns")
    )
    trouble()
    running_place = st.container()
    with actions:
        _actions(sync, each, "top")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(chip_text(state_of(each)), width="content")
        auto_sync(sync, each, key=f"campaign.auto.{row.id}")
        st.caption(next_words(each), width="content")
    with running_place:
        _runs_now(sync, each)
    if (kept := kept_sheet(row.id)) is not None:
        show_sheet(sync, row, kept)
    section = pick_section("Section", SECTIONS)
    _section(section, sync, each)


def _found(campaign_id: str, name: str | None) -> tuple[CampaignSync, Listed]:
    """The campaign and the sync that has it.

    Raises:
        InputError: no sync has read such a campaign.
    """
    from workbench.campaigns.board import listed

    bench = services()
    for each in [name] if name else bench.documents.names("campaign_sync"):
        sync = bench.documents.campaign_sync(each)
        for one in listed(sync, bench):
            if one.row.id[:15] == campaign_id[:15]:
                return sync, one
    raise InputError(
        f"No campaign {campaign_id[:40]} is known here",
        hint="Go to Campaigns and read the campaigns again.",
    )


def _actions(sync: CampaignSync, each: Listed, place: str) -> None:
    """New Edition and Synchronize: where the source product has them, at the top and at members."""
    row, busy = each.row, running(sync.name, each.row.id) is not None
    if place == "top" and st.button(
        "New Edition",
        icon=":material/add:",
        key="campaign.edition",
        type="secondary" if row.initial_at else "primary",
        disabled=busy,
        help="Adds an edition." if row.initial_at else
        "Starts the campaign here: takes over name, type, dates, test members and members.",
    ):  # fmt: skip
        _new_edition(sync, each)
    if st.button(
        "Synchronize",
        icon=":material/sync:",
        key=f"campaign.synchronize.{place}",
        type="primary" if row.initial_at and place == "top" else "secondary",
        disabled=busy or row.initial_at is None,
        help=_why_not(each, busy),
    ):
        open_sheet(sync, row, "manual")


def _why_not(each: Listed, busy: bool) -> str:
    if busy:
        return "It is being synced."
    if each.row.initial_at is None:
        return "The campaign has not been started: make its first edition."
    return "Shows what would change on both sides first."


def _new_edition(sync: CampaignSync, each: Listed) -> None:
    from workbench.campaigns.run import new_edition

    if each.row.initial_at is None:
        open_sheet(sync, each.row, "initial")
        return
    with explained():
        new_edition(sync, each.row.id, services())
    note_for_later(f"An edition was added to {each.row.name}")
    st.rerun()


def _runs_now(sync: CampaignSync, each: Listed) -> None:
    """The run under way, or the one the address names."""
    run_id = running(sync.name, each.row.id)
    asked_for = shown("run")
    if run_id is None and asked_for and asked_for.isdecimal():
        run_id = int(asked_for)
    if run_id is not None:
        show_run(run_id)


def _section(section: str, sync: CampaignSync, each: Listed) -> None:
    if each.row.initial_at is None and section not in ("dashboard", "mapping"):
        st.info(
            "The campaign has not been started here yet. New Edition makes its first edition and "
            "takes over its members; you see beforehand who.",
            icon=":material/info:",
        )
        return
    row = each.row
    with explained():
        if section == "members":
            _actions(sync, each, "members")
            show_members(sync, row)
        elif section == "editions":
            show_editions(sync, row)
        elif section == "mails":
            show_mails(sync, row)
        elif section == "statistics":
            show_statistics(sync, row)
        elif section == "product":
            show_product(sync, row)
        elif section == "mapping":
            show_mapping(sync, row)
        elif section == "history":
            show_record(sync, row)
        else:
            show_board(sync, each)
