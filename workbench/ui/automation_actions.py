"""What can be done with an automation as it stands on its page: save it, write what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import InputError
from workbench.ui import formats
from workbench.ui.automation_restore import restore
from workbench.ui.chips import chip_text
from workbench.ui.run_view import launch_run
from workbench.ui.session import WHO, explained, note_for_later, services, show, start_afresh

if TYPE_CHECKING:
    from workbench.automations.editing import Look
    from workbench.automations.model import Automation
    from workbench.ui.automation_form import Form


@dataclass(frozen=True, slots=True)
class Standing:
    """An automation as it stands in the form and in the store."""

    name: str | None
    automation: Automation | None
    """None while something in the form is not right."""
    stored: Automation | None

    @property
    def is_saved(self) -> bool:
        """Whether the form says what is stored."""
        return self.automation is not None and self.automation == self.stored


def show_actions(form: Form, standing: Standing, look: Look | None) -> None:
    """Save and write: in the same place on every page."""
    st.markdown(chip_text(_state(standing)), width="content")
    ready = standing.automation is not None
    if not standing.is_saved and st.button(
        "Save", icon=":material/save:", key="automations.save", disabled=not ready
    ):
        name = _save(form, standing)
        note_for_later(f"Saved {name}")
        show(automation=name)
        st.rerun()
    why_not = _why_not(standing, look)
    values, records = _to_write(look)
    kind = standing.automation.update.object if standing.automation else "account"
    label = f"Write {formats.counted(values, 'value')} on {formats.counted(records, kind)}"
    held = look is not None and look.drawn.totals.verdict.held
    if held and not why_not:
        label = f"Let it go: {label[:1].lower()}{label[1:]}"
    if st.button(
        label if standing.is_saved else f"Save and {label[:1].lower()}{label[1:]}",
        type="primary",
        icon=":material/lock_open:" if held else ":material/upload:",
        key="automations.write",
        disabled=bool(why_not),
        help=why_not or None,
    ):
        _write(form, standing, held)
    if why_not:
        st.caption(why_not, width="content")


def _state(standing: Standing) -> str:
    if standing.stored is None or not standing.is_saved:
        return "unsaved"
    return "on" if standing.stored.active else "draft"


def _to_write(look: Look | None) -> tuple[int, int]:
    if look is None:
        return 0, 0
    counts = look.drawn.totals.counts
    return counts.values, counts.written


def _why_not(standing: Standing, look: Look | None) -> str:
    """Why nothing can be written now; "" where it can."""
    if standing.automation is None or look is None:
        return "The sheet cannot be drawn yet"
    if not look.drawn.totals.counts.values:
        return "Nothing is to be written"
    if standing.name and under_way(standing.name) is not None:
        return "It is running already"
    return ""


def _save(form: Form, standing: Standing) -> str:
    automation = standing.automation
    assert automation is not None
    with explained():
        if automation.name == "new-automation" and form.name is None:
            raise InputError("It has no name yet", hint="Name it in step 5, Activate.")
        if form.name is None and automation.name in services().documents.names("automation"):
            raise InputError(
                f"There is an automation {automation.name} already", hint="Choose another name."
            )
        services().documents.save(automation, WHO)
        if automation.active and not (standing.stored and standing.stored.active):
            # Turned on in this form: what it will do has been looked at.
            form.editing.keep(automation)
    if form.name is not None:
        # What was restored is stored now.
        restore(form.name, None)
    else:
        start_afresh("automation/new")
    return automation.name


def _write(form: Form, standing: Standing, held: bool) -> None:
    """Push the very plan that is shown; a person who read it may let a held one go."""
    assert standing.automation is not None
    name = standing.name if standing.is_saved and standing.name else _save(form, standing)
    with explained():
        plan = form.editing.keep(standing.automation)
    run_id = launch_run(f"automation/{name}", {"seen": plan.fingerprint, "release": held})
    show(automation=name, run=run_id)
    st.rerun()


def under_way(name: str) -> int | None:
    """The run of this automation that is under way or waits."""
    latest = services().state.runs.latest(f"automation/{name}", limit=1)
    return latest[0].id if latest and not latest[0].is_finished else None
