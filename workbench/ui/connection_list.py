"""All connections: where each leads, whether its key works, what needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

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
from workbench.words import listed as in_a_row

if TYPE_CHECKING:
    from workbench.documents.kinds import Reference
    from workbench.pendo.model import PendoConnection, TokenScope
    from workbench.salesforce.model import SalesforceConnection

Connection = TypeVar("Connection", "PendoConnection", "SalesforceConnection")
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
    users = services().documents.users("connection")
    documents = services().documents
    of_salesforce = documents.connections("salesforce")
    for name in names:
        needing = users.get(name, [])
        if name in of_salesforce:
            to = salesforce_list
            _draw(name, needing, documents.salesforce, to.told_of, to.test, to.tested)
        else:
            _draw(name, needing, documents.connection, _told_of, _test, _tested)


def leads_to_salesforce(name: str) -> bool:
    """Whether a connection is one to Salesforce."""
    return name in services().documents.connections("salesforce")


def _draw(
    name: str,
    users: list[Reference],
    read: Callable[[str], Connection],
    told_of: Callable[[Connection], tuple[str, str, str]],
    test: Callable[[str], None],
    tested: Callable[[Connection], None],
) -> None:
    """One connection; what it leads to knows how it is read, told of and tested."""
    with st.container(border=True, key=f"connection-line-{name}"):
        try:
            connection = read(name)
        except WorkbenchError as error:
            st.markdown(f"**{name}**")
            show_error(str(error), error.hint, error.details)
            _delete(name, users)
            return
        beside, where, below = told_of(connection)
        left, middle, right = st.columns([4, 4, 4], vertical_alignment="center")
        left.markdown(f"**{name}** {beside}")
        if connection.description:
            left.caption(formats.plain(connection.description))
        middle.markdown(where)
        middle.caption(f"{below} · {used_by(users)}")
        with right:
            if _buttons(name):
                test(name)
        tested(connection)
        if asked(f"delete connection/{name}"):
            _delete(name, users)


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


def _told_of(connection: PendoConnection) -> tuple[str, str, str]:
    """Chips beside the name, where it leads, and the line beneath."""
    where = f"{address_words(connection)} · {apps_words(connection)}"
    return chips(connection), where, f"Days of {connection.timezone}"


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


def used_by(users: Sequence[Reference]) -> str:
    """How many documents of each kind need it.

    >>> used_by([("pull", "a"), ("automation", "b"), ("pull", "c")])
    'needed by 2\u202fpulls and 1\u202fautomation'
    """
    if not users:
        return "nothing needs it yet"
    kinds = Counter(kind for kind, _ in users)
    return f"needed by {in_a_row([_counted(kind, number) for kind, number in kinds.items()])}"


def _counted(kind: str, number: int) -> str:
    return formats.counted(number, kind.replace("_", " "))


def _test(name: str) -> None:
    try:
        with st.spinner("Asking Pendo…"), services().pendo(name) as client:
            remember(TEST_REMEMBERED + name, client.verify_token())
    except WorkbenchError as error:
        remember(TEST_REMEMBERED + name, error)


def _tested(connection: PendoConnection) -> None:
    """What the last test of this session said."""
    from workbench.pendo.model import TokenScope

    told = remembered(TEST_REMEMBERED + connection.name)
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


def _delete(name: str, users: Sequence[Reference]) -> None:
    if users:
        named = [f"{kind.replace('_', ' ')} {user}" for kind, user in users]
        st.warning(
            f"{formats.listed(named, 12)} would stop. "
            "Delete those first, or give them another connection.",
            icon=":material/link_off:",
        )
    else:
        st.warning(f"Delete {name} and its keys? Nothing needs it.", icon=":material/delete:")
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
