"""The five steps that define an automation: source, destination, fields, schedule, activate.

Each control answers with what the document says; whether that makes sense is decided by the
document's own checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui.automation_destination import ask_destination
from workbench.ui.automation_limits import ask_limits
from workbench.ui.automation_outputs import ask_outputs
from workbench.ui.beside import Beside
from workbench.ui.condition_form import Counters, ask_conditions
from workbench.ui.pickers import place_of
from workbench.ui.schedule_form import ask_schedules
from workbench.ui.session import generation, preset, services

if TYPE_CHECKING:
    from workbench.automations.editing import Editing
    from workbench.automations.model import Automation

STEPS = ("1 Source", "2 Destination", "3 Fields", "4 Schedule", "5 Activate")


@dataclass(slots=True)
class Form:
    """One form being filled in: what was stored, and where its faults appear."""

    name: str | None
    """The stored automation's name; None while it is new."""
    body: dict[str, Any]
    """What was stored, or what a new one starts from."""
    editing: Editing
    beside: Beside = field(default_factory=Beside)
    counters: Counters = field(default_factory=Counters)

    def key(self, control: str) -> str:
        """The key of a control, new whenever the form starts afresh."""
        which = self.name or "new"
        return f"automations.{which}.{generation(f'automation/{which}')}.{control}"


def ask(form: Form) -> dict[str, Any]:
    """Draw the steps; gives the document as it now reads."""
    tabs = st.tabs(list(STEPS), key=form.key("steps"), on_change="rerun")
    body: dict[str, Any] = {"kind": "automation"}
    with tabs[0]:
        read_from, types = _source(form)
        _onward(form, "Next", 1)
    with tabs[1]:
        body |= ask_destination(form, types)
        _onward(form, "Next", 2)
    with tabs[2]:
        read_from |= {"outputs": ask_outputs(form, types, body["update"])}
        _onward(form, "Done", 3)
    body["read_from"] = read_from
    with tabs[3]:
        st.subheader("Sync", anchor=False)
        st.caption("How often and at what hour it runs; add as many schedules as are needed.")
        body |= ask_schedules(form.body, form.key, form.beside, _usual_zone())
        _onward(form, "Next", 4)
    with tabs[4]:
        body |= _activate(form)
    return body


def _onward(form: Form, label: str, step: int) -> None:
    """A button that opens the following step."""
    st.button(
        label,
        icon=":material/arrow_forward:" if label == "Next" else ":material/check:",
        key=form.key(f"to.{step}"),
        on_click=preset,
        args=(form.key("steps"), STEPS[step]),
    )


def _usual_zone() -> str:
    return services().settings.workspace_timezone


def _source(form: Form) -> tuple[dict[str, Any], dict[str, str]]:
    stored = form.body.get("read_from", {})
    names = services().datasets.names()
    st.subheader("Read from", anchor=False)
    what, key_place, twice = st.columns([3, 3, 3], vertical_alignment="top")
    with what:
        dataset = st.selectbox(
            "Decision base", names, index=place_of(names, stored.get("dataset")),
            key=form.key("dataset"), help="The dataset with the predictions.",
        )  # fmt: skip
        form.beside.place("dataset")
    types = _types(form, dataset)
    columns = list(types)
    with key_place:
        likely = next((c for c in columns if c.lower().endswith("id")), None)
        source = st.selectbox(
            "Source ID", columns, index=place_of(columns, stored.get("source_id") or likely),
            key=form.key(f"source_id.{dataset}"), help="The primary key of the decision base.",
        )  # fmt: skip
        form.beside.place("source_id")
    with twice:
        duplicates = st.selectbox(
            "When two records have one id", ["hold", "latest_date"],
            index=1 if stored.get("duplicates") == "latest_date" else 0,
            format_func={"hold": "Hold the run", "latest_date": "Take the latest Date"}.__getitem__,
            key=form.key("duplicates"),
        )  # fmt: skip
    st.markdown("**Conditions**")
    st.caption("Only records that pass are read; the number beside each line says how many.")
    conditions, form.counters = ask_conditions(
        stored.get("conditions") or {}, types, lambda name: form.key(f"where.{dataset}.{name}")
    )
    form.beside.place("conditions")
    body: dict[str, Any] = {"dataset": dataset, "source_id": source}
    body |= {"conditions": conditions} if conditions else {}
    return body | ({"duplicates": duplicates} if duplicates != "hold" else {}), types


def _types(form: Form, dataset: str | None) -> dict[str, str]:
    if dataset is None:
        return {}
    try:
        return dict(form.editing.column_types(dataset))
    except WorkbenchError:
        return {}


def _activate(form: Form) -> dict[str, Any]:
    stored = form.body
    left, right = st.columns([2, 3])
    with left:
        active = st.toggle(
            "On", bool(stored.get("active")), key=form.key("active"),
            help="On, it runs at its hours. Off, only when a person runs it.",
        )  # fmt: skip
        st.caption("A draft runs only when you run it. Turned on, each run updates Pendo.")
        name = form.name or st.text_input(
            "Name", str(stored.get("name") or ""), key=form.key("name"),
            placeholder="churn-to-pendo", help="Small letters, digits and hyphens.",
        )  # fmt: skip
        form.beside.place("name")
        about = st.text_input(
            "Description", str(stored.get("description") or ""), key=form.key("about")
        )
        owner = st.text_input("Owner", str(stored.get("owner") or ""), key=form.key("owner"))
    with right:
        limits = ask_limits(stored, form.key, form.beside)
    body = {"name": name, "description": about, "owner": owner, "active": active}
    kept = {
        key: stored[key]
        for key in ("tags", "trend", "labels", "timezone", "write")
        if key in stored
    }
    return {key: value for key, value in body.items() if value} | kept | limits


def checked(body: dict[str, Any], beside: Beside) -> Automation | None:
    """The automation a document makes; None with every fault told beside its control."""
    from workbench.automations.model import Automation

    return beside.checked(body, Automation)
