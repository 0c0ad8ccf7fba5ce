"""One pull on its page: define, preview, run, record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import formats, frame
from workbench.ui.deleting import Deletion
from workbench.ui.history import show_history, show_yaml
from workbench.ui.pull_form import Form, ask, checked
from workbench.ui.pull_preview import show_preview
from workbench.ui.run_view import launch_run, runs_table, show_run
from workbench.ui.session import (
    WHO,
    explained,
    keep_preview,
    kept_preview,
    note_for_later,
    services,
    show,
    shown,
    start_afresh,
)

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from workbench.pulls.model import Pull

PREVIEW_ROWS = 100
"""GAP-29."""
RUNS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """A pull as it stands in the form and in the store."""

    name: str | None
    pull: Pull | None
    """None while something in the form is not right."""
    written: str
    """The form as one text, to tell whether a preview is still about it."""
    is_saved: bool

    @property
    def form(self) -> str:
        """What the session calls this form."""
        return f"pull/{self.name or 'new'}"


def pull_page(name: str | None, copied: str | None = None) -> None:
    """The whole page of one pull, or of a new one, perhaps a copy of another."""
    body = _stored(name or copied)
    if copied:
        body.pop("dataset", None)
        body["name"] = f"{copied}-copy"
    title = name or "New pull"
    about = str(body.get("description") or "") if name else "What to ask Pendo for, and where to."
    actions = frame.header(title, formats.plain(about), back=("pulls", "All pulls"))
    running = st.container()
    form = Form(name, body)
    document = ask(form)
    pull = checked(document, form.beside)
    standing = Standing(name, pull, json.dumps(document, default=str), _is_saved(name, pull))
    if pull is not None and not _said_days(pull, form):
        standing = Standing(name, None, standing.written, standing.is_saved)
    with actions:
        _actions(standing)
    with running:
        _runs_now(standing)
    _previewed(standing)
    if name is not None:
        _record(name)


def _stored(name: str | None) -> dict[str, Any]:
    """The stored document's keys; empty for a new pull."""
    if name is None:
        return {"connection": shown("connection")} if shown("connection") else {}
    with explained():
        pull = services().documents.pull(name)
    return pull.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


def _is_saved(name: str | None, pull: Pull | None) -> bool:
    if name is None or pull is None:
        return False
    try:
        return services().documents.pull(name) == pull
    except WorkbenchError:
        return False


def _said_days(pull: Pull, form: Form) -> bool:
    """One sentence with the absolute days, in the subscription's zone; False where impossible."""
    from workbench.pulls.plan import plan_pull

    try:
        connection = services().documents.connection(pull.connection)
        plan = plan_pull(pull, connection, services().now())
    except WorkbenchError as error:
        sentence = f"{error}. {error.hint}".strip()
        key = "request" if pull.source == "custom" else "guide" if pull.guide else "duration"
        if not form.beside.say(key, sentence):
            st.error(formats.plain(sentence), icon=":material/error:")
        return False
    words = days_sentence(pull, plan)
    st.markdown(f":material/calendar_month: {words}")
    return True


def days_sentence(pull: Pull, plan: Any) -> str:
    """What a run would ask for if it started now."""
    into = f"into `{pull.dataset_name}` by {pull.update_method.method}"
    if plan.window is None:
        return f"A run now asks for everything, {into}."
    days = formats.days(plan.window.first, plan.window.last)
    count = formats.counted(len(plan.window.days), "day")
    told = f"A run now asks for **{days}**, {count} in {plan.zone}, {into}."
    again = (plan.asked.first - plan.window.first).days if plan.asked else 0
    if again > 0:
        told += f" The first {formats.counted(again, 'day')} of them are read again for late rows."
    return told


def _actions(standing: Standing) -> None:
    """Preview, save, run: in the same place on every page."""
    busy = _running(standing.name) is not None
    ready = standing.pull is not None
    if st.button("Preview", icon=":material/visibility:", key="pulls.preview", disabled=not ready):
        _preview(standing)
    if not standing.is_saved and st.button(
        "Save", icon=":material/save:", key="pulls.save", disabled=not ready
    ):
        name = _save(standing)
        note_for_later(f"Saved {name}")
        show(pull=name)
        st.rerun()
    label = "Run" if standing.is_saved else "Save and run"
    if st.button(
        label,
        type="primary",
        icon=":material/play_arrow:",
        key="pulls.run",
        disabled=not ready or busy,
        help="It is running already." if busy else None,
    ):
        _run(standing)


def _preview(standing: Standing) -> None:
    from workbench.pulls.preview import preview

    assert standing.pull is not None
    with explained(stop=False), st.spinner("Asking Pendo…", show_time=True):
        told = preview(standing.pull, services(), rows=PREVIEW_ROWS)
        keep_preview(standing.form, standing.written, told)


def _save(standing: Standing) -> str:
    assert standing.pull is not None
    with explained():
        if standing.name is None and standing.pull.name in services().documents.names("pull"):
            from workbench.errors import InputError

            raise InputError(
                f"There is a pull {standing.pull.name} already", hint="Choose another name."
            )
        services().documents.save(standing.pull, WHO)
    start_afresh(standing.form)
    return standing.pull.name


def _run(standing: Standing) -> None:
    kept = kept_preview(standing.form)
    name = standing.name if standing.is_saved and standing.name else _save(standing)
    if kept is not None:
        keep_preview(f"pull/{name}", *kept)
    run_id = launch_run(f"pull/{name}")
    show(pull=name, run=run_id)
    st.rerun()


def _running(name: str | None) -> int | None:
    """The run of this pull that is under way or waits."""
    if name is None:
        return None
    latest = services().state.runs.latest(f"pull/{name}", limit=1)
    return latest[0].id if latest and not latest[0].is_finished else None


def _runs_now(standing: Standing) -> None:
    """The run under way, or the one the address names."""
    run_id = _running(standing.name)
    asked_for = shown("run")
    if run_id is None and asked_for and asked_for.isdecimal():
        run_id = int(asked_for)
    if run_id is None:
        return
    run = show_run(run_id)
    dataset = (run.result or {}).get("dataset") if run else None
    if run and run.status.startswith("done") and dataset:
        frame.link(
            "explore", f"Look at the rows of {dataset}", icon=":material/table:", dataset=dataset
        )


def _previewed(standing: Standing) -> None:
    kept = kept_preview(standing.form)
    if kept is None:
        return
    body, told = kept
    dataset = standing.pull.dataset_name if standing.pull else ""
    show_preview(told, dataset, is_current=body == standing.written)


def _record(name: str) -> None:
    """The last runs, the document and its history, and what else can be done with it."""
    latest = services().state.runs.latest(f"pull/{name}", limit=RUNS_SHOWN)
    # One under way is drawn above, live; here it would stand still.
    runs = [run for run in latest if run.is_finished]
    st.subheader("Last runs", anchor=False)
    if runs:
        runs_table(runs, with_job=False)
    else:
        st.caption("Not run yet. Preview shows what would come; Run brings it.")
    with st.expander("Document", icon=":material/description:"):
        show_yaml("pull", name)
    with st.expander("Changes", icon=":material/history:"):
        show_history("pull", name)
    with st.container(horizontal=True):
        if st.button("Duplicate", icon=":material/content_copy:", key="pulls.duplicate"):
            show(new=name)
            st.rerun()
        _delete(name, st.container(horizontal=True))


def _delete(name: str, place: DeltaGenerator) -> None:
    deletion = Deletion("pull", name, "pulls", place)
    if deletion.is_asked():
        place.markdown(f"Delete {name}? Its dataset and its runs stay.")
        deletion.offer_keeping()
        deletion.offer()
