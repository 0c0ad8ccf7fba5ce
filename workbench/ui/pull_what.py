"""What a pull asks for: the report or source, and how its rows come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.pulls.sources import SOURCES
from workbench.ui import pickers
from workbench.ui.applications import ask_apps

if TYPE_CHECKING:
    from workbench.ui.pull_form import Form

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
AS_CONNECTION = "connection"
"""Stands for applications that the pull says nothing of."""


def ask_what(form: Form) -> dict[str, Any]:
    """The controls; gives the document's keys from ``connection`` to ``apps``."""
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
        body["report_id"] = _picked(
            form, body["connection"], "report_id", "reports", "Pendo report"
        )
        body["use_report_schema"] = st.checkbox(
            "Use report schema",
            stored.get("use_report_schema", False),
            key=form.key("use_report_schema"),
            help="Name the columns as the report's own headings do.",
        )
    if report == "guide_history":
        body["guide"] = _picked(form, body["connection"], "guide", "guides", "Guide ID or URL")
    return {key: value for key, value in body.items() if value not in (None, False)}


def _picked(form: Form, connection: str, control: str, what: str, label: str) -> str | None:
    """What was picked of a subscription's reports or guides."""
    picked = pickers.pick(
        what, connection, label=label, value=form.body.get(control), key=form.key(control)
    )
    form.beside.place(control)
    return picked


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
    usual = {AS_CONNECTION: "As the connection says"}
    now = AS_CONNECTION if stored.get("apps") is None else stored["apps"]
    apps = ask_apps(now, form.key, form.beside, others=usual)
    return body | ({"apps": apps} if apps != AS_CONNECTION else {})


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
