"""One Salesforce connection in the list of connections: how it logs in, and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.salesforce.model import NEEDED, Access
from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.salesforce_form import FLOWS
from workbench.ui.session import remember, remembered, services, show_error

if TYPE_CHECKING:
    from workbench.salesforce.model import SalesforceConnection

TEST_REMEMBERED = "salesforce test "


def told_of(connection: SalesforceConnection) -> tuple[str, str, str]:
    """Chips beside the name, where it leads, and the line beneath."""
    is_set = services().documents.is_secret_set
    needed = NEEDED[connection.auth.flow]
    missing = [each for each in needed if not is_set("connection", connection.name, each)]
    words = [chip_text("login set" if not missing else f"{_plain(missing[0])} not set")]
    if connection.url.startswith(frame.LOOPBACK):
        words.append(chip_text("rehearsal"))
    budget = connection.api_budget
    share = f"at most {budget.share_percent:g} % of the org's API calls"
    where = f"Salesforce `{connection.url}`"
    return " ".join(words), where, f"{FLOWS[connection.auth.flow]} · {share}"


def test(name: str) -> None:
    """Log in and look, and remember what came of it."""
    try:
        with st.spinner("Asking Salesforce…"), services().salesforce(name) as client:
            client.require_campaigns()
            remember(TEST_REMEMBERED + name, client.test())
    except WorkbenchError as error:
        remember(TEST_REMEMBERED + name, error)


def tested(connection: SalesforceConnection) -> None:
    """What the last test of this session said."""
    told = remembered(TEST_REMEMBERED + connection.name)
    if isinstance(told, Access):
        st.success(access_words(told), icon=":material/check_circle:")
    elif isinstance(told, WorkbenchError):
        show_error(str(told), told.hint, told.details)


def access_words(access: Access) -> str:
    """What the login may do, and how much of the day's calls is used."""
    may = (
        "it may read and write campaign members"
        if access.may_write
        else "it may read campaign members only: statuses cannot be written back"
    )
    words = f"The login works: {may}."
    if access.usage is not None:
        used = formats.counted(access.usage.used, "API call")
        words += f" {used} of {formats.number(access.usage.limit)} used in 24 hours, by everybody."
    return f"{words} {access.latency_ms:.0f} ms."


def _plain(secret: str) -> str:
    return secret.replace("_", " ")
