"""One automation on its page: five steps, the change sheet always in view, push, record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import InputError, WorkbenchError
from workbench.store.state.documents import Change
from workbench.ui import formats, frame
from workbench.ui.automation_delete import ask_delete, is_deleted, show_deleted
from workbench.ui.automation_form import Form, ask, checked
from workbench.ui.automation_run import show_automation_run
from workbench.ui.automation_sheet import look_at, show_sheet
from workbench.ui.chips import chip_text
from workbench.ui.history import show_history, show_yaml
from workbench.ui.run_view import launch_run, runs_table
from workbench.ui.session import (
    WHO,
    explained,
    note_for_later,
    remember,
    remembered,
    services,
    show,
    shown,
    start_afresh,
    zone,
)

if TYPE_CHECKING:
    from workbench.automations.editing import Editing, Look
    from workbench.automations.model import Automation

RUNS_SHOWN = 10
EDITOR_HEIGHT = 430
"""Pixels: the steps scroll inside, so that the sheet below is always in view."""


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
        _say_restored(name)
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
        _actions(form, standing, look)
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
    change = remembered(_restored(name))
    if isinstance(change, Change):
        with explained():
            # Whether it runs by itself is no part of what an older version restores.
            before = {**(change.after or {}), "active": automation.active}
            automation = Automation.model_validate(before)
    return automation.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude_none=True
    )


def _restored(name: str) -> str:
    """Where the version is kept that the form was filled with."""
    return f"restored:{name}"


def _restore(name: str, change: Change | None) -> None:
    """Fill the form with an older version, or with what is stored again. Saves nothing."""
    remember(_restored(name), change)
    start_afresh(f"automation/{name}")


def _say_restored(name: str) -> None:
    change = remembered(_restored(name))
    if not isinstance(change, Change):
        return
    at = formats.moment(change.at, zone()).text
    st.info(
        f"The steps show the version of {at} by {formats.plain(change.who)}; the sheet shows what "
        "the next run would write with it. Save to restore it.",
        icon=":material/settings_backup_restore:",
    )
    st.button(
        "Back to the current version",
        key="automations.restored.leave",
        on_click=_restore,
        args=(name, None),
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


def _actions(form: Form, standing: Standing, look: Look | None) -> None:
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
    if standing.name and _running(standing.name) is not None:
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
        remember(_restored(form.name), None)
    start_afresh(f"automation/{form.name or 'new'}")
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


def _running(name: str) -> int | None:
    """The run of this automation that is under way or waits."""
    latest = services().state.runs.latest(f"automation/{name}", limit=1)
    return latest[0].id if latest and not latest[0].is_finished else None


def _runs_now(name: str | None) -> None:
    """The run under way, or the one the address names."""
    if name is None:
        return
    run_id = _running(name)
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
        show_history("automation", name, partial(_restore, name))
    with st.container(horizontal=True):
        if st.button("Duplicate", icon=":material/content_copy:", key="automations.duplicate"):
            show(new=name)
            st.rerun()
        ask_delete(name, st.container())
