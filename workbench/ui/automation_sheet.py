"""The live sheet below the editor: drawn again at every change, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats
from workbench.ui.change_sheet import Told, show_head, show_rows
from workbench.ui.match_doctor import show_doctor
from workbench.ui.movement import show_movement
from workbench.ui.session import WHO, explained, note_for_later, services, show_error, zone

if TYPE_CHECKING:
    from workbench.automations.editing import Look
    from workbench.automations.model import Automation
    from workbench.store.state.decisions import Decided
    from workbench.ui.automation_form import Form


DECISIONS: dict[Decided, str] = {"hold": "Hold", "exclude": "Exclude", "approve": "Approve"}


def look_at(form: Form, automation: Automation, *, fresh: bool = False) -> Look | None:
    """The sheet of the automation as it is written; None where it cannot be, and why."""
    try:
        with st.spinner("Comparing with Pendo…", show_time=True):
            return form.editing.look(automation, fresh=fresh)
    except WorkbenchError as error:
        show_error(str(error), error.hint, error.details)
        return None


def told_of(look: Look) -> Told:
    """What stands above the sheet."""
    drawn = look.drawn
    return Told(
        counts=drawn.totals.counts,
        fields=drawn.fields,
        fingerprint=drawn.totals.fingerprint,
        api_calls=drawn.totals.api_calls,
        warnings=drawn.warnings,
        verdict=drawn.totals.verdict.words,
        movement=drawn.totals.movement,
        object=drawn.inputs.automation.update.object,
    )


def show_sheet(form: Form, automation: Automation, look: Look) -> None:
    """Numbers, filters, rows, and decisions on the records that are ticked."""
    told = told_of(look)
    form.counters.fill(look.steps)
    key = form.key("sheet")
    which = show_head(told, key)
    sheet_tab, labels_tab, ids_tab, why_tab = st.tabs(
        ["Change sheet", "Label movement", "Match doctor", "Why this record?"], key=f"{key}.tabs"
    )
    with labels_tab:
        moved = show_movement(told.movement, look.drawn.labels, f"{key}.movement")
    with sheet_tab:
        if moved is not None:
            before, after = (label or "no label" for label in moved)
            st.caption(f"Only records that go from {before} to {after}: see Label movement.")
            which = "all"
        ticked: list[str] = []
        with explained(stop=False):
            ticked = [id for id in show_rows(look.sheet, told, which, key, moved=moved) if id]
        _decide(form, automation, ticked, look)
    with ids_tab:
        show_doctor(form.editing, form.key("advised"), automation.update.object)
    with why_tab:
        from workbench.ui.automation_record import show_why

        show_why(form, automation)
    at = formats.moment(look.read_at, zone())
    st.caption(
        f"Pendo as of {at.text} · sheet {told.fingerprint} · drawn in "
        f"{formats.duration(look.took_s)}"
    )


def _decide(form: Form, automation: Automation, ticked: Sequence[str], look: Look) -> None:
    """Hold, exclude, approve, or forget what was decided, with a reason."""
    if form.name is None:
        st.caption("Once it is saved, single records can be held, excluded or approved here.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input(
            "Reason", key=form.key("reason"), width=280, placeholder="Reason",
            label_visibility="collapsed",
        )  # fmt: skip
        for decision, label in DECISIONS.items():
            if st.button(
                label, key=form.key(f"decide.{decision}"), disabled=not ticked,
                help=None if ticked else "Tick records in the sheet first.",
            ):  # fmt: skip
                _keep(automation.name, ticked, decision, reason, look)
        if st.button("Forget", key=form.key("decide.forget"), disabled=not ticked,
                     help="Forget what was decided about the ticked records."):  # fmt: skip
            services().state.decisions.withdraw(automation.name, ticked)
            st.rerun()


def _keep(
    automation: str, ticked: Sequence[str], decision: Decided, reason: str | None, look: Look
) -> None:
    stamps = {row["id"]: row["stamp"] for row in look.sheet.records(ticked).to_pylist()}
    approved = [stamps.get(record) for record in ticked] if decision == "approve" else None
    services().state.decisions.decide(
        automation, list(ticked), decision, reason=reason or None, who=WHO, approved=approved
    )
    words = {"hold": "on hold", "exclude": "excluded", "approve": "approved"}[decision]
    note_for_later(f"{formats.counted(len(ticked), 'record')} {words}")
    st.rerun()
