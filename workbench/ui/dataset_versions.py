"""Versions of a dataset: list, compare two, go back to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.session import (
    ask,
    asked,
    explained,
    note_for_later,
    remember,
    remembered,
    services,
    zone,
)
from workbench.ui.tables import show_rows

if TYPE_CHECKING:
    from workbench.store.datasets import Diff, Version


def show_versions(name: str) -> None:
    """The versions tab."""
    with explained():
        versions = services().datasets.versions(name)
        _table(versions)
        if len(versions) < 2:
            st.caption("One version so far. The next run makes another, which can be compared.")
            return
        left, right = st.columns(2, gap="large")
        with left:
            _compare(name, versions)
        with right:
            _revert(name, versions)
        _compared(name)


def _table(versions: list[Version]) -> None:
    st.dataframe(
        [
            {
                "Version": version.version,
                "Made": version.at,
                "By": version.operation,
                "Run": version.run,
                "Rows": version.rows,
                "From": version.source,
                "About": ", ".join(f"{key}: {said}" for key, said in version.note.items()),
            }
            for version in versions
        ],
        hide_index=True,
        height=280 if len(versions) > 6 else "auto",
        column_config={
            "Version": st.column_config.NumberColumn(width="small"),
            "Run": st.column_config.NumberColumn(width="small"),
            "Made": st.column_config.DatetimeColumn(
                f"Made ({zone()})", timezone=zone(), format="D MMM YYYY, HH:mm:ss"
            ),
            "Rows": st.column_config.NumberColumn(format="localized"),
        },
    )


def _compare(name: str, versions: list[Version]) -> None:
    numbers = [version.version for version in versions]
    st.subheader("Compare two", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        older = st.selectbox("From", numbers, index=1, key=f"explore.{name}.from")
        newer = st.selectbox("To", numbers, index=0, key=f"explore.{name}.to")
        if st.button("Compare", icon=":material/compare_arrows:", key=f"explore.{name}.compare"):
            remember(f"compared {name}", (older, newer))


def _compared(name: str) -> None:
    pair = remembered(f"compared {name}")
    if not isinstance(pair, tuple):
        return
    older, newer = pair
    with st.spinner("Comparing…"):
        diff = services().datasets.diff(name, older, newer)
    st.markdown(f"**Version {older} to version {newer}**, {_matched(diff)}")
    counts = {
        "Added": diff.added,
        "Removed": diff.removed,
        "Changed": diff.changed,
        "Same": diff.same,
    }
    frame.facts("diff", [(label, formats.number(count)) for label, count in counts.items()])
    for line in _schema_lines(diff):
        st.caption(line)
    if diff.rows.num_rows:
        st.caption(f"{formats.counted(diff.rows.num_rows, 'line')} of what differs:")
        show_rows(diff.rows, height=320)


def _matched(diff: Diff) -> str:
    if diff.key:
        return f"rows matched by {formats.plain(formats.listed(diff.key))}"
    return "whole rows counted"


def _schema_lines(diff: Diff) -> list[str]:
    lines = [f"New column {column.name} ({column.type})" for column in diff.columns_added]
    lines += [f"Column {column.name} is gone" for column in diff.columns_removed]
    lines += [f"{name} was {was}, is {now}" for name, was, now in diff.types_changed]
    return [formats.plain(line) for line in lines]


def _revert(name: str, versions: list[Version]) -> None:
    st.subheader("Go back to one", anchor=False)
    question = f"revert {name}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.selectbox(
            "Version", [version.version for version in versions[1:]], key=f"explore.{name}.back"
        )
        if st.button("Go back", icon=":material/undo:", key=f"explore.{name}.revert"):
            ask(question)
    if not asked(question):
        return
    chosen = next(version for version in versions if version.version == wanted)
    st.warning(
        f"{name} becomes as it was in version {wanted}, with "
        f"{formats.counted(chosen.rows, 'row')}. That makes a new version; nothing is lost.",
        icon=":material/undo:",
    )
    with st.container(horizontal=True):
        if st.button("Leave it", key=f"explore.{name}.leave"):
            ask(question, False)
            st.rerun()
        if st.button(f"Go back to version {wanted}", type="primary", key=f"explore.{name}.yes"):
            made = services().datasets.revert(name, int(wanted))
            ask(question, False)
            note_for_later(f"{name} is as in version {wanted}; that is version {made.version}")
            st.rerun()
