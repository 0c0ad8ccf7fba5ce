"""Deleting an automation: what happens to the values it wrote, and what is left to see after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats, frame
from workbench.ui.automation_run import show_plan
from workbench.ui.deleting import Deletion
from workbench.ui.history import show_history
from workbench.ui.run_view import launch_run, runs_table
from workbench.ui.session import WHO, explained, services, show
from workbench.ui.session import ask as open_question

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from workbench.automations.model import Automation

RUNS_SHOWN = 10


def is_deleted(name: str) -> bool:
    """Whether there was an automation of this name, and is none now."""
    bench = services()
    if name in bench.documents.names("automation"):
        return False
    return bool(bench.state.documents.history("automation", name))


def show_deleted(name: str) -> None:
    """What is left to see of an automation that is gone: its runs, and what it was."""
    frame.header(
        name, "Deleted. Its runs and versions are kept.", back=("automations", "All automations")
    )
    st.subheader("Last runs", anchor=False)
    runs_table(services().state.runs.latest(f"automation/{name}", limit=RUNS_SHOWN), with_job=False)
    with st.expander("Changes", icon=":material/history:"):
        show_history("automation", name)


def ask_delete(name: str, place: DeltaGenerator) -> None:
    """The button that deletes an automation, and the question it asks first."""
    deletion = Deletion("automation", name, "automations", place)
    if not deletion.is_asked():
        return
    stored = _stored(name)
    if stored is not None and _wants_clearing(stored, place):
        _clear_and_delete(stored, deletion)
    else:
        deletion.offer()
    deletion.offer_keeping()


def _wants_clearing(stored: Automation, place: DeltaGenerator) -> bool:
    """What is to happen to the values it wrote: they stay, unless a person wants them cleared."""
    from workbench.automations.clearing import has_written

    if not has_written(stored, services()):
        place.markdown(f"Delete {stored.name}? It has written nothing to Pendo.")
        return False
    choice = place.radio(
        f"Delete {stored.name}: what happens to the values it wrote?",
        ["keep", "clear"],
        format_func={
            "keep": "Keep them in Pendo",
            "clear": "Clear them where they still are what it wrote",
        }.__getitem__,
        key=f"automations.delete.{stored.name}",
        help="The fields themselves stay in Pendo in any case.",
    )
    return choice == "clear"


def _clear_and_delete(stored: Automation, deletion: Deletion) -> None:
    """The change sheet of clearing, and the button that carries it out."""
    from workbench.automations.clearing import clear_plan, in_words

    with deletion.place, explained(stop=False):
        with st.spinner("Comparing with Pendo…"):
            plan = clear_plan(stored, services())
        st.markdown(formats.plain(f"{in_words(plan)}."))
        show_plan(plan, f"automations.clear.{stored.name}")
        label = f"Clear {formats.counted(plan.counts.values, 'value')}, then delete the automation"
        if st.button(label, type="primary", key="automations.clear.yes"):
            open_question(deletion.question, False)
            run_id = launch_run(f"automation/{stored.name}", {"clear_for": WHO})
            show(automation=stored.name, run=run_id)
            st.rerun()


def _stored(name: str) -> Automation | None:
    """None where the document cannot be read any more; it can still be deleted."""
    try:
        return services().documents.automation(name)
    except WorkbenchError:
        return None
