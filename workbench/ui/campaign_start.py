"""Before there is a campaign sync: connect Salesforce, name the sync, read the campaigns."""

from __future__ import annotations

import streamlit as st
from pydantic import SecretStr, ValidationError

from workbench.ui import formats
from workbench.ui.session import WHO, explained, note_for_later, services, show_error

NAMES = {"connection": "salesforce", "sync": "campaigns"}
"""What the first ones are called where the person says nothing else."""


def no_sync() -> None:
    """What to do while there is no campaign sync."""
    if not services().documents.connections("salesforce"):
        _connect()
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
        name = st.text_input("Name", NAMES["sync"], key="campaigns.new.name", width=320)
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


def _connect() -> None:
    """The connection, in the one flow that needs no browser; the others come from a document."""
    with st.container(border=True, key="empty"):
        st.markdown(
            "No Salesforce connection yet. You need the org's own address and a connected app "
            "that allows the client credentials flow, run as a Marketing User."
        )
        with st.form("campaigns.connect", border=False):
            left, right = st.columns(2)
            name = left.text_input("Name", NAMES["connection"], key="campaigns.connect.name")
            url = right.text_input(
                "Address", placeholder="https://acme.my.salesforce.com", key="campaigns.connect.url"
            )
            key = left.text_input(
                "Consumer key", type="password", key="campaigns.connect.client_id"
            )
            secret = right.text_input(
                "Consumer secret", type="password", key="campaigns.connect.client_secret"
            )
            pressed = st.form_submit_button(
                "Connect Salesforce", type="primary", icon=":material/cable:"
            )
        if pressed:
            _save(name.strip(), url.strip(), {"client_id": key, "client_secret": secret})
        st.caption(
            "JWT bearer, refresh token and username with password are set up by a document: "
            "`kind: connection`, `type: salesforce`, then `python -m workbench apply FILE`."
        )


def _save(name: str, url: str, secrets: dict[str, str]) -> None:
    from workbench.salesforce.model import SalesforceConnection

    if not all(secrets.values()):
        show_error("The consumer key and secret are both needed")
        return
    try:
        connection = SalesforceConnection(name=name, url=url)
    except ValidationError as error:
        told = error.errors()[0]
        where = formats.listed(map(str, told["loc"]))
        show_error(f"{where}: {told['msg'].removeprefix('Value error, ')}")
        return
    with explained():
        kept = {which: SecretStr(text) for which, text in secrets.items()}
        services().documents.save(connection, WHO, secrets=kept)
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
