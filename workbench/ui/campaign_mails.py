"""Sends by day and hour, what happened day by day, and the pages that were clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui.charts import graph_objects
from workbench.ui.session import services, zone
from workbench.ui.table_file import offer

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_rows import CampaignRow

HEIGHT = 340
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FEW_DAYS = 14
DAY_MS = 86_400_000
LINES = (
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("opened", "Opened"),
    ("clicked", "Clicked"),
    ("completed", "Completed"),
    ("hard_bounced", "Hard bounced"),
    ("soft_bounced", "Soft bounced"),
    ("opted_out", "Opted out"),
    ("complained", "Complained"),
)


def show_mails(sync: CampaignSync, row: CampaignRow) -> None:
    """Everything that is told of the campaign's mails, from its engagement."""
    from workbench.campaigns.mail_history import mail_history

    with st.spinner("Reading the engagement…"):
        told = mail_history(sync, row.id, services(), zone=zone())
    if told is None or not told.days.num_rows:
        st.info(
            "Nothing is told of this campaign's mails. Import a dataset with campaign_id, "
            "person_id or email, event and occurred_at, and name it in the campaign sync: "
            "`engagement: {dataset: campaign_engagement}`.",
            icon=":material/mail:",
        )
        return
    st.subheader("Sends, last 30 days", anchor=False)
    _sends(told.sends)
    st.subheader("Day by day", anchor=False)
    st.plotly_chart(by_day(told.days), key="campaign.days", theme="streamlit")
    with st.expander("See the numbers", type="compact"):
        st.dataframe(told.days, hide_index=True)
        offer(told.days, "mails-by-day", "campaign.days")
    st.subheader("Click throughs", anchor=False)
    if told.clicks.num_rows:
        st.dataframe(
            told.clicks,
            hide_index=True,
            column_config={"url": "Page", "hits": "Hits", "people": "People"},
        )
    else:
        st.caption("No page is named among the clicks.")


def _sends(sends: pa.Table) -> None:
    if not sends.num_rows:
        st.caption("None.")
        return
    st.plotly_chart(by_hour(sends), key="campaign.hours", theme="streamlit")
    columns = sends.to_pydict()
    with st.expander("See the numbers", type="compact"):
        st.dataframe(
            {
                "Edition": columns["edition"],
                "Subject": columns["subject"],
                "Count": columns["count"],
                "Day": [WEEKDAYS[day - 1] for day in columns["weekday"]],
                "Date": columns["day"],
                "Hour": columns["hour"],
            },
            hide_index=True,
            column_config={"Hour": st.column_config.NumberColumn(help="10 is 10:00 to 10:59")},
        )
        offer(sends, "sends", "campaign.sends")
    st.caption(f"Days and hours of {zone()}.")


def by_hour(sends: pa.Table) -> Any:
    """The plotly figure: days across, hours down, mails as colour."""
    go = graph_objects()
    summed = sends.group_by(["day", "hour"]).aggregate([("count", "sum")]).to_pydict()
    cells = {
        (day, hour): count
        for day, hour, count in zip(*(summed[n] for n in ("day", "hour", "count_sum")), strict=True)
    }
    days = sorted({day for day, _ in cells})
    hours = list(range(24))
    chart = go.Figure(
        go.Heatmap(
            x=[f"{WEEKDAYS[day.weekday()]} {day.day} {day:%b}" for day in days],
            y=[f"{hour:02d}:00" for hour in hours],
            z=[[cells.get((day, hour)) for day in days] for hour in hours],
            colorscale="Blues",
            zmin=0,
            zmax=max(cells.values()),
            colorbar={"title": "Mails", "thickness": 12},
            xgap=2,
            ygap=1,
            hovertemplate="%{x}, from %{y}: %{z:,} mails<extra></extra>",
        )
    )
    chart.update_layout(height=HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False)
    chart.update_yaxes(autorange="reversed", title="Hour", fixedrange=True, dtick=3)
    chart.update_xaxes(fixedrange=True, type="category")
    return chart


def by_day(days: pa.Table) -> Any:
    """The plotly figure: one line per kind of happening."""
    go = graph_objects()
    columns = days.to_pydict()
    found: dict[str, dict[Any, int]] = {}
    for day, event, count in zip(columns["day"], columns["event"], columns["count"], strict=True):
        found.setdefault(event, {})[day] = count
    chart = go.Figure()
    for event, title in LINES:
        if event in found:
            xs = sorted(found[event])
            chart.add_trace(
                go.Scatter(
                    x=xs, y=[found[event][x] for x in xs], name=title, mode="lines+markers",
                    hovertemplate="%{y:,}",
                )
            )  # fmt: skip
    chart.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.12, "title": {"text": ""}},
    )
    chart.update_yaxes(title="Events a day", rangemode="tozero")
    if len({*columns["day"]}) <= FEW_DAYS:
        # Else hours are written between two days, where nothing is told.
        chart.update_xaxes(dtick=DAY_MS, tickformat="%-d %b")
    return chart
