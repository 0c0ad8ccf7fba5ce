"""Before there is a campaign sync: what is missing, and the one step that comes next."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from workbench.ui import formats, frame
from workbench.ui.session import WHO, explained, note_for_later, services, show_error

NAME = "campaigns"
"""What the first sync is called where the person says nothing else."""


def no_sync() -> None:
    """What to do while there is no campaign sync."""
    if not services().documents.connections("salesforce"):
        frame.empty(
            "No Salesforce connection yet. You need the org's own address and a connected app "
            "that may log in as a Marketing User.",
            "connections",
            "Connect Salesforce",
            ":material/add:",
            new="salesforce",
        )
        return
    with st.container(border=True, key="empty"):
        st.markdown(
            "No campaign sync yet. It needs one choice: whose campaigns. Everything else has a "
            "default, and nothing is written to Salesforce before you press Synchronize."
        )
        connection = st.selectbox(
            "Salesforce connection",
            services().documents.connections("salesforce"),
            key="campaigns.new.connection",
            width=320,
        )
        name = st.text_input("Name", NAME, key="campaigns.new.name", width=320)
        if st.button("Start", type="primary", icon=":material/add:", key="empty.go"):
            _create(name.strip(), str(connection))


def _create(name: str, connection: str) -> None:
    from workbench.campaigns.model import CampaignSync

    try:
        sync = CampaignSync(name=name, connection=connection)
    except ValidationError as error:
        show_error(str(error.errors()[0]["msg"]))
        return
    with explained():
        services().documents.save(sync, WHO)
    note_for_later(f"Saved {name}")
    st.rerun()


def no_campaigns(name: str) -> None:
    """What to do before the campaigns were read for the first time."""
    from workbench.campaigns.run import refresh

    with st.container(border=True, key="empty"):
        st.markdown(
            f"No campaign of {formats.plain(name)} is known yet. Reading them changes nothing and "
            "costs a handful of API calls."
        )
        if st.button(
            "Read the campaigns", type="primary", icon=":material/refresh:", key="empty.go"
        ):
            with explained(), st.spinner("Asking Salesforce…", show_time=True):
                refresh(services().documents.campaign_sync(name), services())
            st.rerun()
