"""One automation on its page: five steps, the change sheet always in view, push, record."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats, frame
from workbench.ui.automation_actions import Standing, show_actions, under_way
from workbench.ui.automation_delete import ask_delete, is_deleted, show_deleted
from workbench.ui.automation_form import Form, ask, checked
from workbench.ui.automation_restore import restore, restored, say_restored
from workbench.ui.automation_run import show_automation_run
from workbench.ui.automation_sheet import look_at, show_sheet
from workbench.ui.history import show_history, show_yaml
from workbench.ui.run_view import runs_table
from workbench.ui.session import explained, remember, remembered, services, show, shown

if TYPE_CHECKING:
    from workbench.automations.editing import Editing, Look
    from workbench.automations.model import Automation

RUNS_SHOWN = 10
EDITOR_HEIGHT = 480
"""Pixels: the steps scroll inside, so that the sheet below is always in view."""


def automation_page(name: str | None, copied: str | None = None) -> None:
    """The whole page of one automation, or of a new one, perhaps a copy of another."""
    if name is not None and is_deleted(name):
        show_deleted(name)
        _runs_now(name)
        return
    body = _stored(name or copied)
    if copied:
        body |= {"name": f"{copied}-copy"}
        body.pop("active", None)
    title = name or "New automation"
    about = str(body.get("description") or "") if name else "Predictions into Pendo, on a schedule."
    actions = frame.header(title, formats.plain(about), back=("automations", "All automations"))
    running = st.container()
    form = Form(name, body, _editing(name))
    if name is not None:
        say_restored(name)
    with st.container(border=True, height=EDITOR_HEIGHT):
        document = ask(form)
    has_outputs = bool(document["read_from"]["outputs"])
    automation = checked(_named(document), form.beside) if has_outputs else None
    standing = Standing(name, automation, _as_stored(name))
    look = None
    if automation is None:
        st.subheader("Change sheet", anchor=False)
        st.caption(
            "The sheet appears once the steps above can be read."
            if has_outputs
            else "Choose the column of an output, such as Score, in step 3, Fields: the sheet then "
            "shows what would be written."
        )
    else:
        look = _sheet(form, automation, standing)
    with actions:
        show_actions(form, standing, look)
    with running:
        _runs_now(name)
    if name is not None:
        _record(name)


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """A form without a name can already be looked at; it cannot be saved."""
    return {**document, "name": document.get("name") or "new-automation"}


def _editing(name: str | None) -> Editing:
    """The live sheet of this session."""
    from workbench.automations.editing import Editing

    kept = remembered(f"editing:{name or ''}")
    if isinstance(kept, Editing) and kept.services is services():
        return kept
    made = Editing(services())
    remember(f"editing:{name or ''}", made)
    return made


def _stored(name: str | None) -> dict[str, Any]:
    """The keys the form starts from: of the stored document, or of the version to be restored.

    Empty for a new automation.
    """
    from workbench.automations.model import Automation

    if name is None:
        return {}
    with explained():
        automation = services().documents.automation(name)
    change = restored(name)
    if change is not None:
        with explained():
            # Whether it runs by itself is no part of what an older version restores.
            before = {**(change.after or {}), "active": automation.active}
            automation = Automation.model_validate(before)
    return automation.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude_none=True
    )


def _as_stored(name: str | None) -> Automation | None:
    try:
        return services().documents.automation(name) if name else None
    except WorkbenchError:
        return None


def _sheet(form: Form, automation: Automation, standing: Standing) -> Look | None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Change sheet", anchor=False)
        fresh = st.button("Read Pendo again", icon=":material/refresh:", key=form.key("again"))
    look = look_at(form, automation, fresh=fresh)
    if look is not None:
        if standing.stored is not None and not standing.is_saved and standing.stored.active:
            counts = look.drawn.totals.counts
            st.info(
                f"This automation is on: once saved, its next run would write "
                f"{formats.counted(counts.values, 'value')} on "
                f"{formats.counted(counts.written, 'record')}.",
                icon=":material/info:",
            )
        show_sheet(form, automation, look)
    return look


def _runs_now(name: str | None) -> None:
    """The run under way, or the one the address names."""
    if name is None:
        return
    run_id = under_way(name)
    asked_for = shown("run")
    if run_id is None and asked_for and asked_for.isdecimal():
        run_id = int(asked_for)
    if run_id is not None:
        show_automation_run(name, run_id)


def _record(name: str) -> None:
    """The last runs, the document and its history, and what else can be done with it."""
    latest = services().state.runs.latest(f"automation/{name}", limit=RUNS_SHOWN)
    runs = [run for run in latest if run.is_finished]
    st.subheader("Last runs", anchor=False)
    if runs:
        picked = runs_table(runs, with_job=False, pick=f"automations.runs.{name}")
        if picked is not None and shown("run") != str(picked):
            show(automation=name, run=picked)
            st.rerun()
    else:
        st.caption("Not run yet. The sheet above shows what it would write.")
    with st.expander("Document", icon=":material/description:"):
        show_yaml("automation", name)
    with st.expander("Changes", icon=":material/history:"):
        show_history("automation", name, partial(restore, name))
    with st.container(horizontal=True):
        if st.button("Duplicate", icon=":material/content_copy:", key="automations.duplicate"):
            show(new=name)
            st.rerun()
        ask_delete(name, st.container())
