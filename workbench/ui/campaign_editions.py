"""E-mail editions of a campaign with their rates; subject, dates and delay can be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.campaigns.editions import date_faults
from workbench.ui import formats
from workbench.ui.session import explained, note_for_later, services

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_rows import CampaignRow, EditionRow

NUMBERS = ("sent", "delivered", "opened", "clicked", "completed", "bounced", "opted_out")
RATES = {"sent_rate": "Sent %", "open_rate": "Open %", "click_rate": "Click %"}


def show_editions(sync: CampaignSync, row: CampaignRow) -> None:
    """The editions in the order they are sent, and what else was told of as one."""
    editions = services().state.campaigns.editions(sync.name, row.id)
    figures = {each["edition"]: each for each in (row.statistics or {}).get("editions", ())}
    lines = [_line(each, figures.pop(each.name, each.statistics or {})) for each in editions]
    lines += [
        {"Edition": name or "(no edition named)", "Goes to": "told by the engagement only",
         **_told(each)} for name, each in figures.items()
    ]  # fmt: skip
    for fault in date_faults(editions) if row.sends == "scheduled" else ():
        st.warning(formats.plain(fault), icon=":material/event_busy:")
    if not lines:
        st.caption("None yet.")
        return
    st.dataframe(
        lines,
        hide_index=True,
        column_config={
            label: st.column_config.TextColumn(help=help_)
            for label, help_ in (
                ("Sent %", "Members sent to, of the active members"),
                ("Open %", "Members who opened, of those delivered to"),
                ("Click %", "Members who clicked, of those delivered to or who opened: see "
                            "stats.click_base"),
            )
        },
    )  # fmt: skip
    st.caption("Each number counts members once. – where there is nothing to be a share of.")
    st.caption(_goes_to(sync))
    if editions:
        _edit(sync, row, editions)


def _goes_to(sync: CampaignSync) -> str:
    """Where the numbers go in Salesforce, if anywhere."""
    name = sync.pam.fields.get("edition.object")
    if name is None:
        return "They stay here: the campaign sync names no object for them (pam.fields)."
    return f"Written to {formats.plain(name)} in Salesforce, where it has an edition of that name."


def _line(edition: EditionRow, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "Edition": edition.name,
        "Goes to": edition.audience or "All active members",
        "Subject": edition.subject,
        "Active": edition.active,
        "Start": edition.start_date,
        "End": edition.end_date,
        "Days delay": edition.days_delay,
        **_told(figures),
    }


def _told(figures: dict[str, Any]) -> dict[str, Any]:
    numbers = {name.replace("_", " ").capitalize(): figures.get(name, 0) for name in NUMBERS}
    return numbers | {label: rate_words(figures.get(name)) for name, label in RATES.items()}


def rate_words(rate: float | None) -> str:
    """A rate from 0 to 1 as a percentage; "–" where its denominator is zero.

    >>> rate_words(None), rate_words(0.034) == f"3.4{formats.THIN}%"
    ('–', True)
    """
    return formats.NOTHING if rate is None else formats.share(rate, 1)


def _edit(sync: CampaignSync, row: CampaignRow, editions: list[EditionRow]) -> None:
    with st.expander("Change an edition", icon=":material/edit:", type="compact"):
        names = {each.id: f"{each.number}. {each.name}" for each in editions}
        chosen = st.selectbox(
            "Edition", list(names), format_func=names.__getitem__, key="campaign.edition.which"
        )
        edition = next(each for each in editions if each.id == chosen)
        with st.form(f"campaign.edition.{edition.id}", border=False):
            left, right = st.columns(2)
            values: dict[str, Any] = {
                "name": left.text_input("Name", edition.name),
                "subject": left.text_input("Subject", edition.subject or ""),
                "active": left.checkbox("Active", edition.active),
            }
            if row.sends == "scheduled":
                values["start_date"] = right.date_input("Start", edition.start_date)
                values["end_date"] = right.date_input("End", edition.end_date)
            else:
                values["days_delay"] = right.number_input(
                    "Days delay, calendar days", 0, 3650, edition.days_delay or 0
                )
            pressed = st.form_submit_button("Save the edition", icon=":material/save:")
        if pressed:
            values["subject"] = values["subject"] or None
            with explained():
                services().state.campaigns.change_edition(edition.id, **values)
            note_for_later(f"Saved {values['name']}")
            st.rerun()
