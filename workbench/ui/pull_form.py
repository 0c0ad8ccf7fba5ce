"""The pane that defines a pull: what to ask for, on one page; menus appear as they are needed.

Each control answers with what the document says; whether that makes sense is decided by the
document's own checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.pulls.sources import SOURCES
from workbench.ui import pickers
from workbench.ui.beside import Beside
from workbench.ui.pull_days import ask_days
from workbench.ui.pull_target import ask_target
from workbench.ui.schedule_form import ask_schedules
from workbench.ui.session import generation, services

if TYPE_CHECKING:
    from workbench.pulls.model import Pull

REPORTS = {
    "row_aggregation": "Row aggregation",
    "report_contents": "Contents of reports",
    "public_reports": "Public reports",
    "guide_history": "Change history for guide",
}
ABOUT_REPORTS = {
    "row_aggregation": "Rows of one source: accounts, visitors, events, features, guides, pages …",
    "report_contents": "The rows of a report saved in Pendo.",
    "public_reports": "The list of reports that are public in Pendo.",
    "guide_history": "Every change of one guide.",
}
FIRST_SOURCE = "accounts"
"""Offered first: it needs no days and takes seconds."""
CUSTOM_EXAMPLE = """{
  "source": {
    "pageEvents": null,
    "timeSeries": {"first": "now()", "count": -7, "period": "dayRange"}
  },
  "pipeline": [
    {"group": {"group": ["pageId"], "fields": {"views": {"sum": "numEvents"}}}}
  ]
}"""
JSON_HEIGHT = 260


@dataclass(slots=True)
class Form:
    """One form being filled in: what was stored, and where its faults appear."""

    name: str | None
    """The stored pull's name; None while it is new."""
    body: dict[str, Any]
    """What was stored, or what a new one starts from."""
    beside: Beside = field(default_factory=Beside)

    def key(self, control: str) -> str:
        """The key of a control, new whenever the form starts afresh."""
        which = self.name or "new"
        return f"pulls.{which}.{generation(f'pull/{which}')}.{control}"


def ask(form: Form) -> dict[str, Any]:
    """Draw every control that applies; gives the document as it now reads."""
    body: dict[str, Any] = {"kind": "pull"}
    what, days, target = st.columns([10, 10, 11], gap="small")
    with what, st.container(border=True, height="stretch"):
        st.subheader("What", anchor=False)
        body |= _what(form)
    with days, st.container(border=True, height="stretch"):
        st.subheader("Which days", anchor=False)
        body |= ask_days(form, body)
    with target, st.container(border=True, height="stretch"):
        st.subheader("Into which dataset", anchor=False)
        body = ask_target(form, body)
    if body.get("source") == "custom":
        body |= _custom(form)
    with st.container(border=True):
        st.subheader("When", anchor=False)
        usual_zone = connection_zone(body["connection"])
        body |= ask_schedules(form.body, form.key, form.beside, usual_zone)
    return body


def _what(form: Form) -> dict[str, Any]:
    stored = form.body
    body: dict[str, Any] = {"connection": _connection(form)}
    report = st.selectbox(
        "Report",
        list(REPORTS),
        index=list(REPORTS).index(stored.get("report", "row_aggregation")),
        format_func=REPORTS.__getitem__,
        key=form.key("report"),
        help="\n".join(f"- **{REPORTS[key]}**: {about}" for key, about in ABOUT_REPORTS.items()),
    )
    body["report"] = report
    if report == "row_aggregation":
        return body | _source(form)
    if report == "report_contents":
        body["report_id"] = pickers.pick(
            "reports",
            body["connection"],
            label="Pendo report",
            value=stored.get("report_id"),
            key=form.key("report_id"),
        )
        form.beside.place("report_id")
        body["use_report_schema"] = st.checkbox(
            "Use report schema",
            stored.get("use_report_schema", False),
            key=form.key("use_report_schema"),
            help="Name the columns as the report's own headings do.",
        )
    if report == "guide_history":
        body["guide"] = pickers.pick(
            "guides",
            body["connection"],
            label="Guide ID or URL",
            value=stored.get("guide"),
            key=form.key("guide"),
        )
        form.beside.place("guide")
    return {key: value for key, value in body.items() if value not in (None, False)}


def _connection(form: Form) -> str:
    names = pickers.connections()
    stored = form.body.get("connection")
    if stored and stored not in names:
        names = [stored, *names]
    chosen = st.selectbox(
        "Connection",
        names,
        index=names.index(stored) if stored else 0,
        key=form.key("connection"),
    )
    form.beside.place("connection")
    return str(chosen)


def _source(form: Form) -> dict[str, Any]:
    stored = form.body
    names = list(SOURCES)
    chosen = st.selectbox(
        "Source",
        names,
        index=names.index(stored.get("source") or FIRST_SOURCE),
        format_func=lambda name: SOURCES[name].title,
        key=form.key("source"),
    )
    source = SOURCES[chosen]
    st.caption(f"{source.about} Days by `{source.window}`.")
    form.beside.place("source")
    body: dict[str, Any] = {"source": chosen}
    if chosen == "custom":
        return body
    if source.is_events and source.bucketed:
        body |= _period(form)
    if source.paged:
        body |= _people(form, chosen)
    return body | _apps(form)


def _period(form: Form) -> dict[str, Any]:
    period = st.segmented_control(
        "One row per",
        ["day", "hour"],
        default=form.body.get("period", "day"),
        required=True,
        key=form.key("period"),
        help="How finely Pendo adds events up: per visitor, page and day, or hour.",
    )
    return {"period": "hour"} if period == "hour" else {}


def _people(form: Form, source: str) -> dict[str, Any]:
    body: dict[str, Any] = {}
    who = "visitors" if source == "visitors" else "accounts"
    if st.toggle(
        f"Anonymous {who} too",
        form.body.get("anonymous", False),
        key=form.key("anonymous"),
        help="Those Pendo has seen but nobody has identified. There can be many.",
    ):
        body["anonymous"] = True
    shape = st.segmented_control(
        "Metadata",
        ["struct", "flat"],
        default=form.body.get("metadata", "struct"),
        required=True,
        format_func={"struct": "Nested groups", "flat": "One column per field"}.__getitem__,
        key=form.key("metadata"),
        help="Nested: `metadata.custom.tier`. One column per field: `custom_tier`.",
    )
    return body | ({"metadata": "flat"} if shape == "flat" else {})


def _apps(form: Form) -> dict[str, Any]:
    stored = form.body.get("apps")
    choices = {
        "connection": "As the connection says",
        "all": "All applications",
        "default": "The default application",
        "chosen": "Chosen applications",
    }
    now = "chosen" if isinstance(stored, list | tuple) else stored or "connection"
    choice = st.selectbox(
        "Applications",
        list(choices),
        index=list(choices).index(now),
        format_func=choices.__getitem__,
        key=form.key("apps"),
    )
    if choice == "connection":
        form.beside.place("apps")
        return {}
    if choice != "chosen":
        form.beside.place("apps")
        return {"apps": choice}
    text = st.text_input(
        "Application ids",
        ", ".join(str(each) for each in stored) if now == "chosen" and stored else "",
        key=form.key("app_ids"),
        placeholder="-323232, 5629499534213120",
        help="As they stand in Pendo's addresses; commas between them.",
    )
    form.beside.place("apps")
    return {"apps": numbers(text)}


def numbers(text: str) -> list[int | str]:
    """Ids from a text with commas; what is no number stays as it is, for its fault to be told.

    >>> numbers("-323232, 55, x")
    [-323232, 55, 'x']
    """
    words = [word for word in text.replace(",", " ").split() if word]
    return [int(word) if word.lstrip("-").isdecimal() else word for word in words]


def _custom(form: Form) -> dict[str, Any]:
    import json

    stored = form.body.get("request")
    with st.container(border=True):
        left, right = st.columns(2, gap="medium")
        with left:
            text = st.text_area(
                "Custom aggregation",
                json.dumps(stored, indent=2) if stored else CUSTOM_EXAMPLE,
                height=JSON_HEIGHT,
                key=form.key("request"),
                help="The request's JSON: with its envelope it is sent as it is; the bare form "
                "with `source`, `timeSeries` and `pipeline` is put into the envelope.",
            )
            form.beside.place("request")
        with right:
            _sent(text)
    return {"request": text}


def _sent(text: str) -> None:
    """The request as it will be sent, or nothing while it is not one."""
    import json

    from workbench.errors import WorkbenchError
    from workbench.pendo.queries import rewrite_custom

    try:
        request, rewritten = rewrite_custom(json.loads(text))
    except (ValueError, WorkbenchError):
        st.caption("The request as it will be sent appears here once it can be read.")
        return
    words = "put into the envelope Pendo accepts" if rewritten else "unchanged"
    st.caption(f"What will be sent: {words}")
    st.code(json.dumps(request, indent=2), language="json", height=JSON_HEIGHT)


def connection_zone(name: str) -> str:
    """The subscription's zone of a connection; UTC while there is none."""
    from workbench.errors import WorkbenchError

    try:
        return services().documents.connection(name).timezone
    except WorkbenchError:
        return "UTC"


def checked(body: dict[str, Any], beside: Beside) -> Pull | None:
    """The pull a document makes; None with every fault told beside its control."""
    from workbench.pulls.model import Pull

    return beside.checked(body, Pull)
