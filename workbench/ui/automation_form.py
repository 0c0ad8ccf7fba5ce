"""The five steps that define an automation: source, destination, fields, schedule, activate.

Each control answers with what the document says; whether that makes sense is decided by the
document's own checks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.automations.model import KNOWN_OUTPUTS
from workbench.errors import WorkbenchError
from workbench.ui import pickers
from workbench.ui.automation_limits import ask_limits
from workbench.ui.beside import Beside
from workbench.ui.condition_form import Counters, ask_conditions
from workbench.ui.schedule_form import ask_schedules
from workbench.ui.session import generation, preset, remembered, services

if TYPE_CHECKING:
    from workbench.automations.editing import Editing
    from workbench.automations.model import Automation

STEPS = ("1 Source", "2 Destination", "3 Fields", "4 Schedule", "5 Activate")
ABOUT_OUTPUTS = {
    "score": "The label, such as Excellent, Good, Fair, Poor.",
    "date": "When the score was calculated.",
    "trend": "Whether the score goes up or down.",
    "explain": "The reasoning behind the score.",
    "state": "The record's state now, such as Churned, Renewed, Up for renewal.",
}
LIKELY = {
    "score": ("score", "score_label", "label", "risk"),
    "date": ("scored_at", "score_date", "scoring_date", "date", "calculated_at"),
    "trend": ("trend", "score_trend"),
    "explain": ("explain", "reasons", "reason", "explanation", "why"),
    "state": ("state", "status", "stage"),
}
"""Names of columns that usually hold an output; the first that exists is offered."""
RULES: tuple[Any, ...] = (
    "trim", "lower", "strip_leading_zeros", "sfdc18", "sfdc15",
    {"replace": {"-": "_"}}, {"replace": {"_": "-"}}, {"replace": {" ": ""}},
)  # fmt: skip
NONE = "The source ID is Pendo's id"


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
        body |= _destination(form, types)
        _onward(form, "Next", 2)
    with tabs[2]:
        read_from |= {"outputs": _outputs(form, types, body["update"])}
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
            "Decision base", names, index=_place(names, stored.get("dataset"), 0),
            key=form.key("dataset"), help="The dataset with the predictions.",
        )  # fmt: skip
        form.beside.place("dataset")
    types = _types(form, dataset)
    columns = list(types)
    with key_place:
        likely = next((c for c in columns if c.lower().endswith("id")), None)
        source = st.selectbox(
            "Source ID", columns, index=_place(columns, stored.get("source_id") or likely, 0),
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


def _place(options: Sequence[str], wanted: Any, usual: int | None) -> int | None:
    if wanted in options:
        return list(options).index(wanted)
    return usual if options else None


def _destination(form: Form, types: Mapping[str, str]) -> dict[str, Any]:
    stored = form.body.get("update", {})
    columns = list(types)
    st.subheader("Define update source", anchor=False)
    left, middle, right = st.columns(3)
    with left:
        st.selectbox("Update source", ["Pendo"], key=form.key("update_source"))
        names = pickers.connections()
        connection = st.selectbox(
            "Connection", names, index=_place(names, form.body.get("connection"), 0),
            key=form.key("connection"),
        )  # fmt: skip
        form.beside.place("connection")
    with middle:
        object_ = st.segmented_control(
            "Object", ["account", "visitor"], default=stored.get("object", "account"),
            required=True, format_func={"account": "Account", "visitor": "Visitor"}.__getitem__,
            key=form.key("object"), help="Whose metadata the predictions become.",
        )  # fmt: skip
        id_field = st.selectbox(
            "Add source ID", [NONE, *columns],
            index=_place([NONE, *columns], stored.get("id_field"), 0), key=form.key("id_field"),
            help=f"The column with Pendo's {object_} id, when the source ID is something else.",
        )  # fmt: skip
        form.beside.place("id_field")
    with right:
        body: dict[str, Any] = {"object": object_}
        body |= {"id_field": id_field} if id_field != NONE else {}
        body |= _match(form, stored)
        body |= _departed(form, stored)
    return {"connection": connection, "update": body}


def _match(form: Form, stored: Mapping[str, Any]) -> dict[str, Any]:
    from workbench.ui.match_doctor import rule_words

    advised = remembered(form.key("advised"))
    kept = [json.dumps(rule, sort_keys=True) for rule in stored.get("match") or ()]
    if isinstance(advised, list):
        kept = advised
    options = list(dict.fromkeys([*kept, *(json.dumps(rule, sort_keys=True) for rule in RULES)]))
    chosen = st.multiselect(
        "To compare ids",
        options,
        default=kept,
        format_func=rule_words,
        # Advice that was taken makes a control of its own, which starts from it.
        key=form.key("match" if advised is None else f"match:{'+'.join(kept)}"),
        placeholder="As they are",
        help="Rules for ids that are written differently on both sides.",
    )
    form.beside.place("match")
    return {"match": [json.loads(rule) for rule in chosen]} if chosen else {}


def _departed(form: Form, stored: Mapping[str, Any]) -> dict[str, Any]:
    words = {
        "keep": "Keep their values",
        "clear": "Clear our fields",
        "state_only": "Write State only",
    }
    departed = st.selectbox(
        "Records that match no more", list(words), format_func=words.__getitem__,
        index=list(words).index(stored.get("departed", "keep")), key=form.key("departed"),
    )  # fmt: skip
    nulls = {"skip": "Leave the value as it is", "write": "Clear the field"}
    empty = st.selectbox(
        "Empty predictions", list(nulls), format_func=nulls.__getitem__,
        index=list(nulls).index(stored.get("nulls", "skip")), key=form.key("nulls"),
    )  # fmt: skip
    chosen = {"departed": departed, "nulls": empty}
    return {key: value for key, value in chosen.items() if value not in ("keep", "skip")}


def _outputs(form: Form, types: Mapping[str, str], update: dict[str, Any]) -> dict[str, str]:
    """Prefix, and a line per output; what is cleared goes into ``update.fields``."""
    stored = form.body.get("update", {})
    kept = {str(k): str(v) for k, v in form.body.get("read_from", {}).get("outputs", {}).items()}
    prefix = _prefix(form, stored)
    update["prefix"] = prefix
    listed = stored.get("fields")
    outputs: dict[str, str] = {}
    written: list[str] = []
    names = [*KNOWN_OUTPUTS, *(name for name in kept if name not in KNOWN_OUTPUTS)]
    extra = st.multiselect(
        "Further outputs", names[5:], default=names[5:], accept_new_options=True,
        key=form.key("extra"), placeholder="Sub-scores, such as adoption: type a name, then Enter",
    )  # fmt: skip
    for output in [*KNOWN_OUTPUTS, *extra]:
        column, wanted = _output(form, output, prefix, types, kept, listed)
        outputs |= {output: column} if column else {}
        written += [output] if wanted else []
    if len(written) < len(KNOWN_OUTPUTS) + len(extra):
        update["fields"] = written
    form.beside.place("outputs", "fields", "read_from")
    known = {"group", "name_pattern", "types", "on_remove", "create_unknown", "shared_prefix",
             "outside_changes"}  # fmt: skip
    update |= {key: value for key, value in stored.items() if key in known} | _sharing(form, stored)
    return outputs


def _prefix(form: Form, stored: Mapping[str, Any]) -> str:
    from workbench.automations.fields import used_prefixes

    used = list(
        dict.fromkeys([str(stored.get("prefix", "predict")), *used_prefixes(_automations())])
    )
    prefix = st.selectbox(
        "Prefix", used, accept_new_options=True, key=form.key("prefix"), width=340,
        placeholder="Pick one, or type a new one and press Enter to create it",
        help="All fields start with it. Pick one that is used already, or type a new one: "
        "pressing Enter creates it.",
    )  # fmt: skip
    form.beside.place("prefix", "update")
    return str(prefix or "")


def _automations() -> list[Automation]:
    found = []
    for name in services().documents.names("automation"):
        try:
            found.append(services().documents.automation(name))
        except WorkbenchError:
            continue  # its own page says what is wrong with it
    return found


def _output(
    form: Form, output: str, prefix: str, types: Mapping[str, str],
    kept: Mapping[str, str], listed: Sequence[str] | None,
) -> tuple[str | None, bool]:  # fmt: skip
    columns = list(types)
    tick, name, source = st.columns([3, 3, 4], vertical_alignment="center")
    wanted = tick.checkbox(
        output.capitalize(), listed is None or output in listed, key=form.key(f"write.{output}"),
        help=ABOUT_OUTPUTS.get(output, "A further score of the model."),
    )  # fmt: skip
    name.markdown(f"`{prefix}_{output}`")
    nothing = "Told from the score before" if output == "trend" else "No column"
    options = [nothing, *columns]
    likely = next((c for c in LIKELY.get(output, (output,)) if c in columns), None)
    usual = kept.get(output) or (likely if not kept else None)
    with source:
        column = st.selectbox(
            f"Column of {output}", options, index=_place(options, usual, 0),
            key=form.key(f"column.{output}"), label_visibility="collapsed",
        )  # fmt: skip
    return (None if column == nothing else str(column)), wanted


def _sharing(form: Form, stored: Mapping[str, Any]) -> dict[str, Any]:
    with st.expander("What if others write these fields?", type="compact"):
        shared = st.checkbox(
            "Other automations may write the same fields; the later one wins",
            bool(stored.get("shared_prefix")), key=form.key("shared_prefix"),
        )  # fmt: skip
        held = st.checkbox(
            "Hold records whose fields somebody else changed since the last run",
            stored.get("outside_changes") == "hold", key=form.key("outside_changes"),
        )  # fmt: skip
    return {"shared_prefix": shared, "outside_changes": "hold" if held else "overwrite"}


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
