"""The match doctor on the page: why ids are not found, and the rules that would find them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st
from pydantic import TypeAdapter

from workbench.automations.matching import in_words
from workbench.automations.model import MatchRule, Replace
from workbench.ui import formats
from workbench.ui.session import explained, remember

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.automations.doctor import Diagnosis
    from workbench.automations.editing import Editing

RULE: TypeAdapter[MatchRule] = TypeAdapter(MatchRule)


def rule_words(written: str) -> str:
    """A rule, as JSON, in words."""
    told = in_words(RULE.validate_json(written))
    return told[:1].upper() + told[1:]


def as_json(rule: MatchRule) -> str:
    """A rule as it stands in a document, as JSON: what the control for rules offers."""
    body = rule.model_dump() if isinstance(rule, Replace) else rule
    return json.dumps(body, sort_keys=True)


def show_doctor(editing: Editing, advised_key: str, object_: str) -> None:
    """What the doctor found on the sheet as it stands, and a button that takes the advice."""
    with explained(stop=False):
        told = editing.diagnose()
        if told is None or not told.unmatched:
            st.caption(f"Every id was found among Pendo's {object_}s.")
            return
        st.markdown(
            f"**{formats.counted(told.unmatched, 'id')}** of the decision base stand for no "
            f"{object_} in Pendo."
        )
        if not told.gained:
            st.caption("No rule would find more: these ids are not written differently, they are "
                       "others. Perhaps another column holds Pendo's id.")  # fmt: skip
        else:
            _advise(told, advised_key)
            _each(told)
        if told.strangers:
            st.caption(f"Found by none: {formats.plain(formats.listed(told.strangers, 10))}")


def _each(told: Diagnosis) -> None:
    """What each rule finds by itself; some help together only."""
    if told.findings:
        st.dataframe(
            [
                {
                    "Rule by itself": rule_words(as_json(finding.rule)),
                    "Finds": finding.gained,
                    "For example": _examples(finding.examples),
                }
                for finding in told.findings
            ],
            hide_index=True,
        )


def _examples(pairs: Iterable[tuple[str, str]]) -> str:
    return "   ".join(f"{given} → {found}" for given, found in pairs)


def _advise(told: Diagnosis, advised_key: str) -> None:
    written = [as_json(rule) for rule in told.proposed]
    words = "; ".join(map(rule_words, written))
    found = formats.counted(told.gained, "more id")
    st.markdown(f"With these rules {found} are found: {words}.")
    st.caption(f"For example: {formats.plain(_examples(told.examples))}")
    st.button(
        "Use these rules",
        icon=":material/healing:",
        key="automations.use_rules",
        on_click=remember,
        args=(advised_key, written),
    )
