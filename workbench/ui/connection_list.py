"""All connections: where each leads, whether its key works, which pulls need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import AccessError, WorkbenchError
from workbench.pendo.model import region
from workbench.ui import formats, frame
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
        "Connections", "The Pendo subscriptions you can pull from, and their keys."
    )
    names = services().documents.names("connection")
    with actions:
        if st.button(
            "Add connection", type="primary", icon=":material/add:", key="connections.add"
        ):
            show(new="connection")
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
    users = pulls_by_connection()
    for name in names:
        _draw(name, users.get(name, []))


def pulls_by_connection() -> dict[str, list[str]]:
    """The pulls that need each connection."""
    found: dict[str, list[str]] = {}
    for stored in services().state.documents.all("pull"):
        found.setdefault(str(stored.body.get("connection")), []).append(stored.name)
    return found


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
        with right.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Test", icon=":material/network_check:", key=f"connections.test.{name}"):
                _test(name)
            if st.button("Edit", icon=":material/edit:", key=f"connections.edit.{name}"):
                show(connection=name)
                st.rerun()
            if st.button("Delete", icon=":material/delete:", key=f"connections.delete.{name}"):
                open_question(f"delete connection/{name}")
                st.rerun()
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


def used_by(pulls: list[str]) -> str:
    """How many pulls need it."""
    return formats.counted(len(pulls), "pull") if pulls else "no pulls yet"


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


def _delete(name: str, pulls: list[str]) -> None:
    if pulls:
        st.warning(
            f"{formats.counted(len(pulls), 'pull')} would stop: {formats.listed(pulls, 12)}. "
            "Delete those first, or give them another connection.",
            icon=":material/link_off:",
        )
    else:
        st.warning(f"Delete {name} and its key? No pull needs it.", icon=":material/delete:")
    with st.container(horizontal=True):
        if st.button("Keep it", key=f"connections.keep.{name}"):
            open_question(f"delete connection/{name}", False)
            st.rerun()
        if st.button(
            "Delete the connection",
            type="primary",
            key=f"connections.delete.yes.{name}",
            disabled=bool(pulls),
        ):
            with explained():
                services().documents.delete("connection", name, WHO)
            open_question(f"delete connection/{name}", False)
            note_for_later(f"Deleted {name}")
            st.rerun()
