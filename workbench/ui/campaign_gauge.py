"""Calls of the org and of ours against the limit, what the schedule will cost, what is wasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.schedules.wording import in_words
from workbench.ui import formats, frame
from workbench.ui.charts import graph_objects
from workbench.ui.session import WHO, explained, note_for_later, services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.campaigns.board import Budget, Listed
    from workbench.campaigns.model import CampaignSync

HOURLY = "Documented only in the older manual of the source product; its rules are not public."
GAUGE_HEIGHT = 120
OTHERS, OURS, FREE = "#7a7f87", "#0072b2", "rgba(128, 128, 128, 0.15)"
"""The org's other calls, ours, and what is left: told apart by colour-blind eyes."""


def show_gauge(sync: CampaignSync) -> None:
    """The org's use and ours apart, the forecast, and what it would be one by one."""
    from workbench.campaigns.board import budget

    try:
        told = budget(sync, services())
    except WorkbenchError as error:
        st.caption(f":material/info: {formats.plain(str(error))}")
        return
    share = (
        ""
        if told.forecast_percent is None
        else f" · {formats.number(told.forecast_percent)}{formats.THIN}% of the limit"
    )
    with st.expander(_title(told), icon=":material/speed:", expanded=told.gate != "open"):
        if told.gate == "paused":
            st.warning(
                "Our share of the calls is nearly used up: scheduled syncs pause until it is not.",
                icon=":material/pause_circle:",
            )
        elif told.gate == "warn":
            st.warning("Most of our share of the calls is used.", icon=":material/warning:")
        frame.facts(
            "calls",
            (
                ("Whole org, last 24 h", _of(told.used_org, told.limit)),
                ("Ours, last 24 h", _of(told.used_ours, told.allocation)),
                ("Forecast of a day", f"{formats.counted(told.forecast_per_day, 'call')}{share}"),
                ("One by one it would be", formats.counted(told.one_by_one_per_day, "call")),
            ),
        )
        if told.limit:
            st.plotly_chart(gauge(told), key="campaigns.gauge", theme="streamlit")
        st.caption(
            "The forecast is our own sum from past syncs and Salesforce's page sizes; the org's "
            "use is what Salesforce said with its last answer, and may lag behind."
        )
        _by_day(sync)


def _title(told: Budget) -> str:
    org = "not known yet" if told.limit is None else _of(told.used_org, told.limit)
    return f"API calls: org {org} · ours {formats.number(told.used_ours)}"


def _of(part: int | None, whole: int | None) -> str:
    if whole is None:
        return formats.number(part)
    share = formats.share(part or 0, whole)
    return f"{formats.number(part)} of {formats.number(whole)} ({share})"


def gauge(told: Budget) -> Any:
    """One bar: the org's other calls, ours, and what is left; our share as a line."""
    go = graph_objects()
    limit, used = told.limit or 0, max(told.used_org or 0, told.used_ours)
    parts = (
        ("Others", used - told.used_ours, OTHERS),
        ("Ours", told.used_ours, OURS),
        ("Left", max(limit - used, 0), FREE),
    )
    chart = go.Figure(
        [
            go.Bar(
                x=[value], y=[""], name=name, orientation="h", marker_color=colour,
                text=[f"{name} {formats.number(value)}" if value > limit / 20 else ""],
                textposition="inside", insidetextanchor="middle",
                hovertemplate=f"{name}: %{{x:,}} calls<extra></extra>",
            )
            for name, value, colour in parts
        ]
    )  # fmt: skip
    if told.allocation:
        chart.add_vline(
            x=min(used - told.used_ours + told.allocation, limit),
            line_dash="dot",
            line_color="#8a8f98",
            annotation_text="our share ends",
            annotation_position="top",
        )
    chart.update_layout(
        barmode="stack", height=GAUGE_HEIGHT, showlegend=False, dragmode=False,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
    )  # fmt: skip
    chart.update_xaxes(title="API calls in 24 hours", fixedrange=True, range=[0, limit])
    chart.update_yaxes(fixedrange=True)
    return chart


def _by_day(sync: CampaignSync) -> None:
    """Our calls by day and kind of work, to compare with the forecast."""
    from datetime import timedelta

    import pyarrow.compute as pc

    since = services().now() - timedelta(days=14)
    calls = services().state.campaign_history.calls(sync.connection, since)
    if not calls.num_rows:
        return
    days = pc.strftime(calls["at"], format="%Y-%m-%d")
    told = calls.select(["kind", "calls"]).append_column("day", days)
    summed = told.group_by(["day", "kind"]).aggregate([("calls", "sum")])
    with st.expander("See the numbers of the last 14 days (UTC)", type="compact"):
        st.dataframe(
            summed.sort_by([("day", "descending"), ("kind", "ascending")]),
            hide_index=True,
            column_order=["day", "kind", "calls_sum"],
            column_config={"day": "Day", "kind": "For", "calls_sum": "API calls"},
        )


def show_wasted(sync: CampaignSync, found: Sequence[Listed]) -> None:
    """Auto-sync on, campaign closed: what each costs, and one click against it."""
    closed = [each for each in found if each.closed and each.row.auto_sync]
    if not closed:
        return
    costs = {each.campaign_id: each for each in _wasted(sync)}
    with st.container(border=True, key="wasted"):
        st.markdown(
            f":material/warning: **Auto-sync on, campaign closed** · "
            f"{formats.counted(len(closed), 'campaign')}"
        )
        if sync.skip_closed:
            st.caption(
                "Scheduled syncs skip them here, so they cost nothing; other tools that follow "
                "the checkbox do not skip them."
            )
        for each in closed:
            _closed_line(sync, each, costs.get(each.row.id))


def _wasted(sync: CampaignSync) -> Sequence[Any]:
    from workbench.campaigns.board import budget

    try:
        return budget(sync, services()).wasted
    except WorkbenchError:
        return ()  # the gauge says what is wrong


def _closed_line(sync: CampaignSync, each: Listed, cost: Any) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"wasted-line-{each.row.id}"
    ):
        frame.link("campaigns", each.row.name, icon=":material/campaign:", campaign=each.row.id)
        words = f"{each.closed}"
        if cost is not None:
            words += (
                f" · wastes {formats.counted(cost.calls_per_month, 'call')} a month in a common "
                f"run, {formats.number(cost.one_by_one)} where campaigns are synced one by one"
            )
        elif each.row.initial_at is None:
            words += " · never started, so nothing is read of its members"
        st.caption(formats.plain(words), width="stretch")
        st.button(
            "Turn off",
            icon=":material/toggle_off:",
            key=f"campaigns.off.{each.row.id}",
            on_click=_turn_off,
            args=(sync.name, each.row.id),
        )


def _turn_off(name: str, campaign_id: str) -> None:
    from workbench.ui.campaign_list import switch

    switch(name, campaign_id, on=False)


def show_schedules(sync: CampaignSync) -> None:
    """The nightly and the hourly sync: on or off, when, and what is known of them."""
    st.subheader("Scheduled syncs", anchor=False)
    nightly, hourly = st.columns(2)
    with nightly.container(border=True, key="schedule-nightly"):
        _toggle(sync, "nightly", "Nightly sync", sync.nightly.enabled)
        st.caption(
            f"{formats.plain(in_words(sync.nightly_schedule))}: campaigns with auto-sync that are "
            "not closed. Members that joined, left or changed; statuses and statistics to "
            "Salesforce."
        )
    with hourly.container(border=True, key="schedule-hourly"):
        _toggle(sync, "hourly", "Hourly sync", sync.hourly.enabled)
        st.caption(f":material/help: {HOURLY}")
        st.caption(f"Ours: {formats.plain(in_words(sync.hourly_schedule))}, "
                   f"campaigns: {sync.hourly.campaigns.replace('_', ' ')}.")  # fmt: skip


def _toggle(sync: CampaignSync, which: str, label: str, is_on: bool) -> None:
    # Its key holds the state, so that a document saved elsewhere is shown as it is.
    on = st.toggle(label, is_on, key=f"campaigns.{which}.{is_on}")
    if on == is_on:
        return
    group = getattr(sync, which).model_copy(update={"enabled": on})
    with explained():
        services().documents.save(sync.model_copy(update={which: group}), WHO)
    note_for_later(f"{label} is {'on' if on else 'off'}")
    st.rerun()
