"""What a pull would bring and do: rows, types, absolute days, the request, the effect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.tables import show_rows

if TYPE_CHECKING:
    from workbench.pulls.preview import Preview
    from workbench.store.datasets.model import Column, Effect

SHOWN_PARTITIONS = 8


def show_preview(preview: Preview, dataset: str, *, is_current: bool) -> None:
    """The preview of a pull, most asked-for first."""
    with st.container(border=True, key="preview"):
        title = "Preview" if is_current else "Preview, from before the last change"
        st.subheader(title, anchor=False)
        if not is_current:
            st.caption(":material/history: The pull has changed since. Preview it again.")
        _facts(preview)
        for warning in preview.warnings:
            st.caption(f":material/info: {formats.plain(warning)}")
        if preview.effect is not None:
            show_effect(preview.effect, dataset, exact=preview.exact)
        rows, columns, request = st.tabs(
            [
                f"First rows ({preview.rows.num_rows})",
                f"Columns ({len(preview.columns)})",
                "Request",
            ]
        )
        with rows:
            if preview.rows.num_rows:
                show_rows(preview.rows, first=("day",), key="preview.rows")
            else:
                st.info("Pendo answered with no rows for these days.")
        with columns:
            show_columns(preview.columns)
        with request:
            _request(preview)


def _facts(preview: Preview) -> None:
    """Days, rows and calls: what an analyst checks before anything is sent."""
    days = "Everything"
    if preview.first_day and preview.last_day:
        days = formats.days(preview.first_day, preview.last_day)
    estimate = formats.number(preview.row_estimate)
    pairs = [
        (f"Days in {preview.zone}" if days != "Everything" else "Days", days),
        ("Rows expected", estimate),
        ("Requests", formats.number(preview.requests)),
    ]
    frame.facts("preview", pairs)


def show_effect(effect: Effect, dataset: str, *, exact: bool) -> None:
    """What the update method would do to the dataset, counted in rows."""
    if effect.refusal:
        st.error(formats.plain(effect.refusal), icon=":material/block:")
        offending(effect)
        return
    about = "" if exact else ", judged by the rows shown"
    st.markdown(f"**What it does to `{dataset}`**{about}")
    pairs = [
        ("Rows now", effect.rows_before),
        ("New", effect.new),
        ("Changed", effect.changed),
        ("Gone", effect.gone),
        ("Same", effect.same),
        ("Rows after", effect.rows_after),
    ]
    if effect.duplicates_created:
        pairs.insert(5, ("Duplicates created", effect.duplicates_created))
    frame.facts("effect", [(label, formats.number(value)) for label, value in pairs])
    for line in _effect_lines(effect):
        st.caption(line)
    offending(effect)


def _effect_lines(effect: Effect) -> list[str]:
    lines = []
    if effect.partitions_touched:
        count = formats.counted(len(effect.partitions_touched), "partition")
        named = formats.listed(effect.partitions_touched, SHOWN_PARTITIONS)
        lines.append(f"{count} replaced: {formats.plain(named)}")
    if effect.partitions_dropped:
        named = formats.listed(effect.partitions_dropped, SHOWN_PARTITIONS)
        lines.append(f"Dropped by the rolling window: {formats.plain(named)}")
    if effect.expired:
        lines.append(f"{formats.counted(effect.expired, 'row')} older than the window, not taken")
    lines += [formats.plain(str(change)) for change in effect.schema_changes]
    return lines


def offending(effect: Effect) -> None:
    """The key's test: empty and repeated values, with examples."""
    if not (effect.key_nulls or effect.key_duplicates):
        return
    words = []
    if effect.key_nulls:
        words.append(f"{formats.counted(effect.key_nulls, 'row')} without a key")
    if effect.key_duplicates:
        words.append(f"{formats.counted(effect.key_duplicates, 'row')} repeating a key")
    st.warning(f"The key does not tell rows apart: {' and '.join(words)}.", icon=":material/key:")
    if effect.offending is not None and effect.offending.num_rows:
        show_rows(effect.offending, height=200)


def show_columns(columns: tuple[Column, ...]) -> None:
    """Names and types."""
    st.dataframe(
        [{"Column": column.name, "Type": column.type} for column in columns],
        hide_index=True,
        height=420 if len(columns) > 10 else "auto",
        column_config={"Type": st.column_config.TextColumn(width="large")},
    )


def _request(preview: Preview) -> None:
    if preview.request is None:
        st.caption("This report is read from its own address; no aggregation request is sent.")
        return
    if preview.requests and preview.requests > 1:
        st.caption(f"The first of {formats.counted(preview.requests, 'request')}.")
    st.code(json.dumps(preview.request, indent=2, ensure_ascii=False), language="json", height=420)
