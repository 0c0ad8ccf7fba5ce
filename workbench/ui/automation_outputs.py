"""Step 3 of an automation: the prefix, and which column becomes which output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.automations.model import KNOWN_OUTPUTS
from workbench.errors import WorkbenchError
from workbench.ui.pickers import place_of
from workbench.ui.session import services

if TYPE_CHECKING:
    from workbench.automations.model import Automation
    from workbench.ui.automation_form import Form

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


def ask_outputs(form: Form, types: Mapping[str, str], update: dict[str, Any]) -> dict[str, str]:
    """Prefix, and a line per output; gives the column of each. The rest goes into ``update``.

    Args:
        types: The base's columns with DuckDB's types.
        update: The part of the document that the fields belong to.
    """
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
            f"Column of {output}", options, index=place_of(options, usual),
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
