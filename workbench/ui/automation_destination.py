"""Step 2 of an automation: whose metadata the predictions become, and how ids are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui.pickers import connections, place_of
from workbench.ui.session import remembered

if TYPE_CHECKING:
    from workbench.ui.automation_form import Form

RULES: tuple[Any, ...] = (
    "trim", "lower", "strip_leading_zeros", "sfdc18", "sfdc15",
    {"replace": {"-": "_"}}, {"replace": {"_": "-"}}, {"replace": {" ": ""}},
)  # fmt: skip
NONE = "The source ID is Pendo's id"


def ask_destination(form: Form, types: Mapping[str, str]) -> dict[str, Any]:
    """The controls; gives the document's ``connection``, and its ``update`` without the fields.

    Args:
        types: The base's columns with DuckDB's types.
    """
    stored = form.body.get("update", {})
    columns = list(types)
    st.subheader("Define update source", anchor=False)
    left, middle, right = st.columns(3)
    with left:
        st.selectbox("Update source", ["Pendo"], key=form.key("update_source"))
        names = connections()
        connection = st.selectbox(
            "Connection", names, index=place_of(names, form.body.get("connection")),
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
            index=place_of([NONE, *columns], stored.get("id_field")), key=form.key("id_field"),
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
