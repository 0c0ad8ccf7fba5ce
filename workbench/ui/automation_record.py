"""One record: why it is in or out, its history, and the test that writes it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.schedules.fires import next_fires
from workbench.ui import formats
from workbench.ui.session import explained, remember, remembered, services, show, shown, zone

if TYPE_CHECKING:
    from workbench.automations.explain import Why
    from workbench.automations.model import Automation
    from workbench.automations.run import Tested
    from workbench.ui.automation_form import Form

MARKS = {
    True: ":green[:material/check:]",
    False: ":red[:material/close:]",
    None: ":material/remove:",
}
HISTORY_SHOWN = 50


def show_why(form: Form, automation: Automation) -> None:
    """Each condition with the record's value, the match, the limits, what was written before."""
    record = st.text_input(
        "Source ID or id in Pendo", shown("record") or "", key=form.key("record"), width=320,
        placeholder="An id",
    )  # fmt: skip
    if not record:
        st.caption("Says for any id why it is in or out, and what was written to it before.")
        return
    if form.name and shown("record") != record:
        show(automation=form.name, record=record)
    with explained(stop=False):
        found = form.editing.why(record)
        if not found:
            st.markdown(f"The decision base has no record {formats.plain(record)}.")
        for each in found:
            _answers(each)
        st.caption(_next(automation))
        ids = list(dict.fromkeys(each.id for each in found if each.id)) or [record]
        _history(automation, ids[0])
        if form.name is not None and found and found[0].id:
            _test(automation, found[0].id)


def _next(automation: Automation) -> str:
    """When it may be written next."""
    coming = next_fires(automation.schedules, services().now(), 1) if automation.active else []
    if not coming:
        return "Next write: when somebody runs it."
    return f"Next write: {formats.moment(coming[0].at, zone()).text}, if it differs then."


def _answers(each: Why) -> None:
    head = "In" if each.is_in else "Out"
    name = formats.plain(each.source_id or "without a source ID")
    st.markdown(f"**{head}: {name}**")
    lines = [
        f"{MARKS[answer.passes]} {formats.plain(answer.question)}: {formats.plain(answer.words)}"
        for answer in each.answers
    ]
    st.markdown("  \n".join(lines))


def _history(automation: Automation, record: str) -> None:
    """Every value ever written to the record, the newest first."""
    written = services().state.ledger.history(automation.update.object, record, limit=HISTORY_SHOWN)
    if not written:
        st.caption(f"Nothing was ever written to {formats.plain(record)} from here.")
        return
    st.dataframe(
        [
            {
                "When": each.at,
                "Field": each.field,
                "Before": each.before,
                "After": each.after,
                "What became of it": each.status,
                "Run": each.run_id,
                "By": each.automation,
            }
            for each in written
        ],
        hide_index=True,
        column_config={
            "When": st.column_config.DatetimeColumn(timezone=zone(), format="D MMM YYYY, HH:mm:ss"),
            "Run": st.column_config.NumberColumn(format="%d"),
        },
    )


def _test(automation: Automation, record: str) -> None:
    """Write this one record, and show everything."""
    from workbench.automations.run import test_one

    if st.button(
        f"Write {record} only", icon=":material/science:", key="automations.test",
        help="A test: the request, Pendo's answer, and what Pendo holds then. It can be undone.",
    ):  # fmt: skip
        with st.spinner("Writing and reading back…", show_time=True):
            told = test_one(automation, record, services())
        remember(f"tested:{automation.name}", (record, told))
    kept = remembered(f"tested:{automation.name}")
    if isinstance(kept, tuple) and kept[0] == record:
        _tested(automation, kept[1])


def _tested(automation: Automation, told: Tested) -> None:
    result = told.result
    st.markdown(
        f"Run {result.run}: {formats.counted(result.sent, 'record')} written, "
        f"{formats.number(result.verified)} read back as written."
    )
    st.dataframe(list(told.cells), hide_index=True)
    for request in told.requests:
        left, right = st.columns(2)
        left.caption("Request")
        left.code(request.request or "", language="json", wrap_lines=True)
        right.caption("Answer")
        right.code(request.answer or "", language="json", wrap_lines=True)
    if st.button("Look at undoing it", icon=":material/undo:", key="automations.test.undo"):
        show(automation=automation.name, run=result.run)
        st.rerun()
