"""A run of an automation: its sheet as it was, each row's outcome, retry and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats
from workbench.ui.change_sheet import Told, show_head, show_rows
from workbench.ui.run_view import launch_run, show_run
from workbench.ui.session import ask as open_question
from workbench.ui.session import asked, explained, services, show

if TYPE_CHECKING:
    from workbench.automations.plan import Plan
    from workbench.store.state.ledger import CellStatus

OUTCOMES: dict[CellStatus, str] = {
    "verified": "✓ read back",
    "sent": "→ sent",
    "mismatch": "▲ reads back otherwise",
    "failed": "✕ failed",
    "skipped": "– not sent",
    "planned": "◦ planned",
}
MOST_ROWS = 2_000
"""Rows of the ledger shown at once; the shell and the download have all."""


def show_automation_run(name: str, run_id: int) -> None:
    """One run of an automation, live while it goes."""
    run = show_run(run_id)
    if run is None or not run.is_finished or run.job != f"automation/{name}":
        return
    _say_base(run_id)
    with st.container(horizontal=True):
        if run.status == "held":
            _release(name, run_id)
        counts = services().state.ledger.counts(run_id)
        left = sum(counts.get(status, 0) for status in ("failed", "skipped", "mismatch"))
        if left and st.button(
            "Retry what failed", icon=":material/replay:", key="automations.retry",
            help=f"{formats.counted(left, 'value')} failed or were not sent.",
        ):  # fmt: skip
            _start(name, {"retry_of": run_id})
        written = sum(counts.get(status, 0) for status in ("verified", "sent", "mismatch"))
        if written and st.button("Undo this run", icon=":material/undo:", key="automations.undo"):
            open_question(f"undo {run_id}", True)
    if asked(f"undo {run_id}"):
        _undo(name, run_id)
    if counts:
        _rows(run_id, counts)
    _sheet(run_id, counts)


def _say_base(run_id: int) -> None:
    """Which version of the decision base it read; an undo reads none."""
    try:
        push = services().state.ledger.push(run_id)
    except WorkbenchError:
        return  # it did not come as far as the push
    if push.version is not None:
        st.caption(f"It read version {push.version} of {formats.plain(push.dataset or '')}.")


def _start(name: str, options: dict[str, Any]) -> None:
    run_id = launch_run(f"automation/{name}", options)
    if run_id is not None:
        show(automation=name, run=run_id)
        st.rerun()


def _release(name: str, run_id: int) -> None:
    if st.button(
        "Let it go", type="primary", icon=":material/lock_open:", key="automations.release",
        help="Writes exactly the plan that was held, but for cells that moved since.",
    ):  # fmt: skip
        _start(name, {"released": run_id})


def _undo(name: str, run_id: int) -> None:
    """The change sheet of an undo, and the button that carries it out."""
    from workbench.automations.run import undo_plan
    from workbench.automations.undo import in_words

    with st.container(border=True), explained(stop=False):
        st.subheader(f"Undo run {run_id}", anchor=False)
        with st.spinner("Comparing with Pendo…"):
            plan = undo_plan(run_id, services())
        st.markdown(formats.plain(f"{in_words(plan)}."))
        show_plan(plan, f"automations.undo.{run_id}")
        left, right = st.columns([1, 5])
        if left.button("Leave it", key="automations.undo.no"):
            open_question(f"undo {run_id}", False)
            st.rerun()
        if right.button(
            f"Put back {formats.counted(plan.counts.values, 'value')}", type="primary",
            key="automations.undo.yes", disabled=not plan.counts.values,
        ):  # fmt: skip
            open_question(f"undo {run_id}", False)
            _start(name, {"undo_of": run_id})


def show_plan(plan: Plan, key: str) -> None:
    """The sheet of a finished plan."""
    import duckdb

    from workbench.automations.sheet import plan_sheet

    told = Told(
        counts=plan.counts,
        fields=plan.fields,
        fingerprint=plan.fingerprint,
        api_calls=plan.api_calls,
        warnings=plan.warnings,
        verdict=plan.verdict.words,
        movement=plan.movement,
        object=plan.object,
    )
    which = show_head(told, key)
    with duckdb.connect() as connection:
        show_rows(plan_sheet(connection, plan), told, which, key)


def _rows(run_id: int, counts: dict[str, int]) -> None:
    """What became of each value, from the ledger."""
    with st.expander(f"Rows: {_counted(counts)}", icon=":material/receipt_long:"):
        wanted = st.pills(
            "Show", [status for status in OUTCOMES if counts.get(status)], selection_mode="multi",
            format_func=OUTCOMES.__getitem__, key=f"automations.rows.{run_id}",
            label_visibility="collapsed",
        )  # fmt: skip
        chosen = tuple(wanted or OUTCOMES)
        cells = services().state.ledger.cells(run_id, statuses=chosen, limit=MOST_ROWS)
        all_of_them = sum(counts.get(status, 0) for status in chosen)
        if all_of_them > MOST_ROWS:
            first, whole = formats.number(MOST_ROWS), formats.number(all_of_them)
            st.caption(f"The first {first} of {whole}.")
        rows = cells.select(["record_id", "field", "before", "after", "status", "reason"])
        st.dataframe(rows, hide_index=True)
        _requests(run_id)


def _counted(counts: dict[str, int]) -> str:
    return " · ".join(
        f"{formats.number(counts[status])} {words[2:]}"
        for status, words in OUTCOMES.items()
        if counts.get(status)
    )


def _requests(run_id: int) -> None:
    requests = services().state.ledger.requests(run_id)
    for request in requests[:3]:
        left, right = st.columns(2)
        left.caption(f"Request {request.batch}")
        left.code((request.request or "")[:2_000], language="json", wrap_lines=True)
        right.caption("Answer")
        right.code((request.answer or "")[:2_000], language="json", wrap_lines=True)


def _sheet(run_id: int, counts: dict[str, int]) -> None:
    from workbench.automations.run import plan_of_run

    try:
        plan = plan_of_run(run_id, services())
    except WorkbenchError:
        if counts:
            st.caption("Its change sheet is no longer kept; every value it wrote is in its rows.")
        return  # without values it came to no plan, which the run itself says
    with st.expander("The change sheet it carried out", icon=":material/table:"):
        show_plan(plan, f"automations.run.{run_id}")
