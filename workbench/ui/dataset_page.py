"""One dataset: rows, statistics, chart, SQL, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import downloads, formats, frame
from workbench.ui.dataset_chart import show_chart
from workbench.ui.dataset_rows import show_dataset_rows
from workbench.ui.dataset_sql import show_sql
from workbench.ui.dataset_statistics import show_statistics
from workbench.ui.dataset_versions import show_versions
from workbench.ui.session import explained, pick_shown, services, shown, zone

if TYPE_CHECKING:
    from workbench.store.datasets import Summary

TABS = ("Rows", "Statistics", "Chart", "SQL", "Versions")
ABOUT = "Rows, statistics, charts and SQL of the data your pulls brought."


def explore_page() -> None:
    """The whole page."""
    names = services().datasets.names()
    if not names:
        frame.header("Explore", ABOUT)
        frame.empty(
            "No data yet. Run a pull, and its rows are here.",
            "pulls",
            "Go to pulls",
            ":material/download:",
        )
        return
    actions = frame.header("Explore", ABOUT)
    pick, about = st.columns([3, 8], gap="large", vertical_alignment="center")
    with pick:
        name = _picked(names)
    with explained():
        summary = services().datasets.summary(name)
    with actions:
        _origin(summary)
        downloads.offer(name, summary.version, summary.rows)
    with about:
        _facts(summary)
    _tabs(summary)


def _picked(names: list[str]) -> str:
    """The dataset shown: in the address, so that reloading shows the same."""
    asked_for = shown("dataset")
    if asked_for and asked_for not in names:
        st.warning(f"There is no dataset {formats.plain(asked_for)}.", icon=":material/search_off:")
    return pick_shown("dataset", "Dataset", names)


def _facts(summary: Summary) -> None:
    pairs = [
        ("Rows", formats.number(summary.rows)),
        ("Columns", formats.number(len(summary.columns))),
        ("Size", formats.size(summary.size_bytes)),
        ("Version", formats.number(summary.version)),
        ("Updated", formats.moment(summary.updated_at, zone()).text),
    ]
    frame.facts("dataset", pairs)


def _origin(summary: Summary) -> None:
    """Where the rows come from."""
    kind, _, pull = summary.source.partition("/")
    if kind == "pull" and pull in services().documents.names("pull"):
        frame.link("pulls", f"Pull {pull}", icon=":material/download:", pull=pull)
    elif summary.source:
        st.caption(f"Comes from {formats.plain(summary.source)}")


def _tabs(summary: Summary) -> None:
    """Only the tab that is open is read."""
    rows, statistics, chart, sql, versions = st.tabs(
        list(TABS), on_change="rerun", key="explore.tab"
    )
    name, version = summary.name, summary.version
    with rows:
        if rows.open:
            show_dataset_rows(name, version, summary.partitioned_by)
    with statistics:
        if statistics.open:
            show_statistics(name, version)
    with chart:
        if chart.open:
            show_chart(name, version)
    with sql:
        if sql.open:
            show_sql(name)
    with versions:
        if versions.open:
            show_versions(name)
