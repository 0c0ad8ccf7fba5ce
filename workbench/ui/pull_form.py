"""The pane that defines a pull: what to ask for, on one page; menus appear as they are needed.

Each control answers with what the document says; whether that makes sense is decided by the
document's own checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui.beside import Beside
from workbench.ui.pull_days import ask_days
from workbench.ui.pull_request import ask_request
from workbench.ui.pull_target import ask_target
from workbench.ui.pull_what import ask_what
from workbench.ui.schedule_form import ask_schedules
from workbench.ui.session import generation, services

if TYPE_CHECKING:
    from workbench.pulls.model import Pull


@dataclass(slots=True)
class Form:
    """One form being filled in: what was stored, and where its faults appear."""

    name: str | None
    """The stored pull's name; None while it is new."""
    body: dict[str, Any]
    """What was stored, or what a new one starts from."""
    beside: Beside = field(default_factory=Beside)

    def key(self, control: str) -> str:
        """The key of a control, new whenever the form starts afresh."""
        which = self.name or "new"
        return f"pulls.{which}.{generation(f'pull/{which}')}.{control}"


def ask(form: Form) -> dict[str, Any]:
    """Draw every control that applies; gives the document as it now reads."""
    body: dict[str, Any] = {"kind": "pull"}
    what, days, target = st.columns([10, 10, 11], gap="small")
    with what, st.container(border=True, height="stretch"):
        st.subheader("What", anchor=False)
        body |= ask_what(form)
    with days, st.container(border=True, height="stretch"):
        st.subheader("Which days", anchor=False)
        body |= ask_days(form, body)
    with target, st.container(border=True, height="stretch"):
        st.subheader("Into which dataset", anchor=False)
        body = ask_target(form, body)
    if body.get("source") == "custom":
        body |= ask_request(form)
    with st.container(border=True):
        st.subheader("When", anchor=False)
        usual_zone = connection_zone(body["connection"])
        body |= ask_schedules(form.body, form.key, form.beside, usual_zone)
    return body


def connection_zone(name: str) -> str:
    """The subscription's zone of a connection; UTC while there is none."""
    from workbench.errors import WorkbenchError

    try:
        return services().documents.connection(name).timezone
    except WorkbenchError:
        return "UTC"


def checked(body: dict[str, Any], beside: Beside) -> Pull | None:
    """The pull a document makes; None with every fault told beside its control."""
    from workbench.pulls.model import Pull

    return beside.checked(body, Pull)
