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
            _advise(told.proposed, told.gained, advised_key)
            st.dataframe(
                [
                    {
                        "Rule by itself": rule_words(as_json(finding.rule)),
                        "Finds": finding.gained,
                        "For example": "   ".join(f"{a} → {b}" for a, b in finding.examples),
                    }
                    for finding in told.findings
                ],
                hide_index=True,
            )
        if told.strangers:
            st.caption(f"Found by none: {formats.plain(formats.listed(told.strangers, 10))}")


def _advise(rules: tuple[MatchRule, ...], gained: int, advised_key: str) -> None:
    words = "; ".join(rule_words(as_json(rule)) for rule in rules)
    st.markdown(f"With these rules {formats.counted(gained, 'more id')} are found: {words}.")
    st.button(
        "Use these rules",
        icon=":material/healing:",
        key="automations.use_rules",
        on_click=remember,
        args=(advised_key, [as_json(rule) for rule in rules]),
    )
