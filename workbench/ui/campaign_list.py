"""All campaigns: those that need somebody first, what was synced, what comes next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats, frame
from workbench.ui.campaign_feed import show_feed
from workbench.ui.campaign_gauge import show_gauge, show_schedules, show_wasted
from workbench.ui.campaign_start import no_campaigns, no_sync
from workbench.ui.chips import chip_text
from workbench.ui.search import searched
from workbench.ui.session import (
    explained,
    note_for_later,
    preset,
    remember,
    remembered,
    services,
    show_error,
    zone,
)

if TYPE_CHECKING:
    from workbench.campaigns.board import Listed
    from workbench.campaigns.model import CampaignSync

ABOUT = "Who is in each Salesforce campaign, what they did, and what was synced both ways."
KINDS = ("initial", "manual", "nightly", "hourly")


def campaign_list(name: str | None) -> None:
    """The page without a campaign chosen."""
    actions = frame.header("Campaigns", ABOUT)
    names = services().documents.names("campaign_sync")
    if not names:
        no_sync()
        return
    sync = _sync(names, name)
    trouble()
    with explained():
        from workbench.campaigns.board import listed

        found = listed(sync, services())
    with actions:
        _read(sync)
    if not found:
        no_campaigns(sync.name)
        return
    show_wasted(sync, found)
    show_gauge(sync)
    searched(
        found,
        partial(_draw, sync),
        thing="campaign",
        places="Name, type, status, owner or warning",
        text=_text,
    )
    show_schedules(sync)
    show_feed(sync.name)


def _sync(names: list[str], name: str | None) -> CampaignSync:
    chosen = names[0]
    if len(names) > 1:
        chosen = str(
            st.selectbox(
                "Campaign sync",
                names,
                index=names.index(name) if name in names else 0,
                key="campaigns.sync",
                width=320,
            )
        )
    with explained():
        sync = services().documents.campaign_sync(chosen)
    return sync  # noqa: RET504 -- `explained` has stopped the page if there is none


def _read(sync: CampaignSync) -> None:
    """Read the campaigns anew: the page itself asks nobody."""
    if st.button(
        "Read the campaigns again",
        icon=":material/refresh:",
        key="campaigns.read",
        help="Name, status, dates and auto-sync of every campaign: one API call.",
    ):
        from workbench.campaigns.run import refresh

        with explained(stop=False), st.spinner("Asking Salesforce…", show_time=True):
            refresh(sync, services())
            st.rerun()


def _text(each: Listed) -> str:
    row = each.row
    words = (row.name, row.id, row.type, row.status, row.owner, state_of(each), *each.warnings)
    return " ".join(word for word in words if word).lower()


def state_of(each: Listed) -> str:
    """A campaign in one word."""
    if each.closed:
        return "closed"
    return "open" if each.row.initial_at else "not started"


def _draw(sync: CampaignSync, each: Listed) -> None:
    row = each.row
    with st.container(border=True, key=f"campaign-line-{row.id}"):
        name, dates, auto, members, last = st.columns([4, 2, 2, 2, 4], vertical_alignment="center")
        with name:
            frame.link("campaigns", row.name, icon=":material/campaign:", campaign=row.id)
            told = " · ".join(filter(None, (row.type, row.status)))
            st.caption(f"{chip_text(state_of(each))} {formats.plain(told)}")
        dates.caption(dates_of(row.start_date, row.end_date))
        with auto:
            auto_sync(sync, each, key=f"campaigns.auto.{row.id}")
        counts = each.members
        members.markdown(
            f"**{formats.number(counts['total'])}** members  \n"
            f":small[:gray[{formats.number(counts['active'])} active, "
            f"{formats.number(counts['inactive'])} inactive]]"
        )
        with last:
            st.caption(_last(each), unsafe_allow_html=True)
        if each.warnings:
            icon = "warning" if each.needs_attention else "info"
            st.caption(f":material/{icon}: {formats.plain(' · '.join(each.warnings))}")


def dates_of(start: object, end: object) -> str:
    """From when to when a campaign goes, as far as anybody said."""
    if start is None and end is None:
        return "no dates"
    first = f"{start:%-d %b %Y}" if start else "no start"
    last = f"{end:%-d %b %Y}" if end else "no end"
    return f"{first} to {last}"


def _last(each: Listed) -> str:
    now = services().now()
    told = [
        f'<abbr title="{formats.moment(at, zone()).hover}">{kind} {formats.ago(at, now)}</abbr>'
        for kind in KINDS
        if (at := getattr(each.row, f"{kind}_at")) is not None
    ]
    synced = "Synced: " + ", ".join(told) if told else "Never synced"
    return f"{synced}  \n{next_words(each)}"


def next_words(each: Listed) -> str:
    """When a campaign is synced next by itself: in UTC and in the viewer's zone."""
    if each.next_at is None:
        return "Next: only by hand"
    utc, local = formats.moment(each.next_at, "UTC").text, formats.moment(each.next_at, zone()).text
    return f"Next: {utc}" + (f" = {local}" if local != utc else "")


def auto_sync(sync: CampaignSync, each: Listed, *, key: str) -> None:
    """The Auto Sync checkbox; where Salesforce refuses, it goes back and says why."""
    st.toggle(
        "Auto-sync",
        each.row.auto_sync,
        key=key,
        on_change=_switch,
        args=(sync.name, each.row.id, not each.row.auto_sync, key),
        help="Update its members every night"
        + (f"; the field {sync.auto_sync_field} in Salesforce." if sync.auto_sync_field else "."),
    )


def _switch(name: str, campaign_id: str, on: bool, key: str) -> None:
    if not switch(name, campaign_id, on):
        preset(key, not on)


def switch(name: str, campaign_id: str, on: bool) -> bool:
    """Turn auto-sync on or off; False where it could not be, and the page says why."""
    from workbench.campaigns.run import set_auto_sync

    bench = services()
    try:
        sync = bench.documents.campaign_sync(name)
        row = set_auto_sync(sync, campaign_id, bench, on=on)
    except WorkbenchError as error:
        remember("campaigns.trouble", (str(error), error.hint, error.details))
        return False
    note_for_later(f"Auto-sync of {row.name} is {'on' if on else 'off'}")
    return True


def trouble() -> None:
    """What went wrong with the last click, once."""
    told = remembered("campaigns.trouble")
    if isinstance(told, tuple):
        remember("campaigns.trouble", None)
        show_error(*told)
