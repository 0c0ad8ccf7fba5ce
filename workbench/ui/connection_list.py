"""All connections: where each leads, whether its key works, what needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import AccessError, WorkbenchError
from workbench.pendo.model import region
from workbench.ui import formats, frame, salesforce_list
from workbench.ui.chips import chip_text
from workbench.ui.connection_form import REGION_NAMES
from workbench.ui.session import (
    WHO,
    asked,
    explained,
    note_for_later,
    remember,
    remembered,
    services,
    show,
    show_error,
)
from workbench.ui.session import ask as open_question

if TYPE_CHECKING:
    from workbench.pendo.model import PendoConnection, TokenScope

TEST_REMEMBERED = "connection test "


def connection_list() -> None:
    """The page without a connection chosen."""
    actions = frame.header(
        "Connections", "The Pendo subscriptions and Salesforce orgs you work with, and their keys."
    )
    names = services().documents.names("connection")
    with actions:
        if st.button(
            "Add connection", type="primary", icon=":material/add:", key="connections.add"
        ):
            show(new="connection")
            st.rerun()
        if st.button("Add Salesforce", icon=":material/add:", key="connections.add.salesforce"):
            show(new="salesforce")
            st.rerun()
    if not names:
        frame.empty(
            "No connection yet. You need an integration key from Pendo: "
            "Settings, Integrations, Integration keys.",
            "connections",
            "Connect Pendo",
            ":material/add:",
            new="connection",
        )
        return
    users, syncs = by_connection("pull"), by_connection("campaign_sync")
    of_salesforce = services().documents.connections("salesforce")
    for name in names:
        if name in of_salesforce:
            _draw_salesforce(name, syncs.get(name, []))
        else:
            _draw(name, users.get(name, []))


def leads_to_salesforce(name: str) -> bool:
    """Whether a connection is one to Salesforce."""
    return name in services().documents.connections("salesforce")


def by_connection(kind: str) -> dict[str, list[str]]:
    """The documents of one kind that need each connection."""
    found: dict[str, list[str]] = {}
    for stored in services().state.documents.all(kind):
        found.setdefault(str(stored.body.get("connection")), []).append(stored.name)
    return found


def _draw_salesforce(name: str, syncs: list[str]) -> None:
    with st.container(border=True, key=f"connection-line-{name}"):
        try:
            connection = services().documents.salesforce(name)
        except WorkbenchError as error:
            st.markdown(f"**{name}**")
            show_error(str(error), error.hint, error.details)
            _delete(name, syncs, "campaign sync")
            return
        chips_, below = salesforce_list.told_of(connection)
        left, middle, right = st.columns([4, 4, 4], vertical_alignment="center")
        left.markdown(f"**{name}** {chips_}")
        if connection.description:
            left.caption(formats.plain(connection.description))
        middle.markdown(f"Salesforce `{connection.url}`")
        middle.caption(f"{below} · {used_by(syncs, 'campaign sync')}")
        with right:
            if _buttons(name):
                salesforce_list.test(name)
        salesforce_list.tested(name)
        if asked(f"delete connection/{name}"):
            _delete(name, syncs, "campaign sync")


def _buttons(name: str) -> bool:
    """Test, edit, delete; says whether a test was asked for."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        test = st.button("Test", icon=":material/network_check:", key=f"connections.test.{name}")
        if st.button("Edit", icon=":material/edit:", key=f"connections.edit.{name}"):
            show(connection=name)
            st.rerun()
        if st.button("Delete", icon=":material/delete:", key=f"connections.delete.{name}"):
            open_question(f"delete connection/{name}")
            st.rerun()
    return test


def _draw(name: str, pulls: list[str]) -> None:
    with st.container(border=True, key=f"connection-line-{name}"):
        try:
            connection = services().documents.connection(name)
        except WorkbenchError as error:
            st.markdown(f"**{name}**")
            show_error(str(error), error.hint, error.details)
            _delete(name, pulls)
            return
        left, middle, right = st.columns([4, 4, 4], vertical_alignment="center")
        left.markdown(f"**{name}** {chips(connection)}")
        if connection.description:
            left.caption(formats.plain(connection.description))
        middle.markdown(f"{address_words(connection)} · {apps_words(connection)}")
        middle.caption(f"Days of {connection.timezone} · {used_by(pulls)}")
        with right:
            if _buttons(name):
                _test(name)
        _tested(name, connection)
        if asked(f"delete connection/{name}"):
            _delete(name, pulls)


def chips(connection: PendoConnection) -> str:
    """What must be seen at a glance: whether the key is set, and whether this is a rehearsal."""
    is_set = services().documents.is_secret_set("connection", connection.name)
    words = [chip_text("key set" if is_set else "key not set")]
    if connection.url.startswith(frame.LOOPBACK):
        words.append(chip_text("rehearsal"))
    return " ".join(words)


def address_words(connection: PendoConnection) -> str:
    """The region, or the address where there is none."""
    known = region(connection.url)
    return f"Pendo {REGION_NAMES[known]}" if known else f"`{connection.url}`"


def apps_words(connection: PendoConnection) -> str:
    """Which applications, in words."""
    if connection.apps == "all":
        return "all applications"
    if connection.apps == "default":
        return "the default application"
    return formats.counted(len(connection.apps), "application")


def used_by(users: list[str], noun: str = "pull") -> str:
    """How many documents need it."""
    return formats.counted(len(users), noun) if users else f"no {noun}s yet"


def _test(name: str) -> None:
    try:
        with st.spinner("Asking Pendo…"), services().pendo(name) as client:
            remember(TEST_REMEMBERED + name, client.verify_token())
    except WorkbenchError as error:
        remember(TEST_REMEMBERED + name, error)


def _tested(name: str, connection: PendoConnection) -> None:
    """What the last test of this session said."""
    from workbench.pendo.model import TokenScope

    told = remembered(TEST_REMEMBERED + name)
    if isinstance(told, TokenScope):
        st.success(scope_words(told, connection), icon=":material/check_circle:")
    elif isinstance(told, WorkbenchError):
        hint = told.hint
        if isinstance(told, AccessError) and not hint:
            hint = "Check the key and its region."
        show_error(str(told), hint, told.details)


def scope_words(scope: TokenScope, connection: PendoConnection) -> str:
    """Valid or not, what the key may do, where, and how quick."""
    may = (
        "it may read and write"
        if scope.write_access
        else "it may read only: pulls work, syncs into Pendo will not"
    )
    return f"The key works at {address_words(connection)}: {may}. {scope.latency_ms:.0f} ms."


def _delete(name: str, users: list[str], noun: str = "pull") -> None:
    if users:
        st.warning(
            f"{formats.counted(len(users), noun)} would stop: {formats.listed(users, 12)}. "
            "Delete those first, or give them another connection.",
            icon=":material/link_off:",
        )
    else:
        st.warning(f"Delete {name} and its key? No {noun} needs it.", icon=":material/delete:")
    with st.container(horizontal=True):
        if st.button("Keep it", key=f"connections.keep.{name}"):
            open_question(f"delete connection/{name}", False)
            st.rerun()
        if st.button(
            "Delete the connection",
            type="primary",
            key=f"connections.delete.yes.{name}",
            disabled=bool(users),
        ):
            with explained():
                services().documents.delete("connection", name, WHO)
            open_question(f"delete connection/{name}", False)
            note_for_later(f"Deleted {name}")
            st.rerun()
