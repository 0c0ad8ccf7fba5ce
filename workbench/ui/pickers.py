"""Menus filled from what exists: connections, and what a Pendo subscription holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui.session import services

if TYPE_CHECKING:
    from workbench.services import Services

FRESH_S = 600
"""Seconds a list from Pendo is shown without asking again; a button asks at once."""


@st.cache_data(ttl=FRESH_S, max_entries=50, show_spinner=False)
def _listed(
    what: str, connection: str, address: str, home: str, _services: Services
) -> tuple[dict[str, str], str]:
    """Names by id, or why there are none.

    Trouble is remembered too: asking again with every key typed would stop the page each time.
    """
    try:
        with _services.pendo(connection) as client:
            rows = client.reports() if what == "reports" else client.guides()
    except WorkbenchError as error:
        return {}, str(error)
    names = {str(row["id"]): str(row.get("name") or row["id"]) for row in rows if row.get("id")}
    return names, "" if names else f"{connection} has no {what}"


def listed(what: str, connection: str) -> tuple[Mapping[str, str], str]:
    """Reports or guides of a connection, names by id; and why there are none, if so."""
    bench = services()
    try:
        address = bench.documents.connection(connection).url
    except WorkbenchError as error:
        return {}, str(error)
    with st.spinner(f"Reading the {what} of {connection}…"):
        return _listed(what, connection, address, str(bench.settings.home), bench)


def pick(what: str, connection: str, *, label: str, value: str | None, key: str) -> str | None:
    """A menu of reports or guides, with a button to read it again; text where it cannot be read."""
    names, trouble = listed(what, connection)
    field, again = st.columns([6, 1], vertical_alignment="bottom")
    if again.button(
        "",
        icon=":material/refresh:",
        key=f"{key}.refresh",
        help=f"Read the {what} again",
        width="stretch",
    ):
        _listed.clear()
        st.rerun()
    if trouble:
        given = field.text_input(label, value or "", key=f"{key}.text", help=_help(what))
        st.caption(f":material/info: {trouble}: type the id instead.")
        return given.strip() or None
    options = list(names)
    if value and value not in options:
        options.insert(0, value)
    return field.selectbox(
        label,
        options,
        index=options.index(value) if value else None,
        format_func=lambda each: names.get(each, each),
        placeholder="Choose one, or paste its id",
        accept_new_options=True,
        key=key,
        help=_help(what),
    )


def _help(what: str) -> str:
    if what == "guides":
        return "The guide's id, or its whole address in Pendo: https://app.pendo.io/guides/…"
    return "A report that is public in Pendo, or its id."


def connections() -> list[str]:
    """Every connection to Pendo, sorted."""
    return services().documents.connections("pendo")


def place_of(options: Sequence[str], wanted: object) -> int | None:
    """Where a menu stands: at what is wanted, or else at the first; None where it is empty."""
    if wanted in options:
        return list(options).index(str(wanted))
    return 0 if options else None
