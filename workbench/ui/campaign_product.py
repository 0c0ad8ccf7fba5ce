"""Did the members use the product afterwards? Before and after each mail, by edition and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats, frame
from workbench.ui.charts import graph_objects
from workbench.ui.session import services
from workbench.ui.table_file import offer

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.campaigns.model import CampaignSync
    from workbench.campaigns.product_use import ProductUse
    from workbench.services import Services
    from workbench.store.state.campaign_rows import CampaignRow

DAYS = (3, 7, 14, 28)
WEEK = 7
GROUPINGS = {"edition": "Edition", "status": "Status", "last_action": "Last action"}
NO_VISITORS = "Visitor id alone"
HEIGHT = 340
FRESH_S = 600
"""Seconds an answer is shown again without joining anew; a sync or a pull changes it before."""
NOT_MAILED = "Got no mail, same days"


def show_product(sync: CampaignSync, row: CampaignRow) -> None:
    """The choices, the numbers, the charts, the rows."""
    from workbench.campaigns.product_use import candidates

    found = candidates(services())
    if not found.events:
        st.info(
            "This joins members with what they did in the product. It needs a dataset of events, "
            "such as page events, and best one of visitors with their e-mail addresses.",
            icon=":material/join_inner:",
        )
        frame.link("pulls", "Pull page events and visitors", icon=":material/download:", new="1")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        events = st.selectbox("Product events", found.events, key="campaign.product.events")
        visitors = st.selectbox(
            "Matched by", [*found.visitors, NO_VISITORS], key="campaign.product.visitors",
            format_func=lambda each: each if each == NO_VISITORS else f"e-mail in {each}",
        )  # fmt: skip
        chosen = None if visitors == NO_VISITORS else str(visitors)
        days = st.segmented_control(
            "Days before and after",
            DAYS,
            default=_usual_days(sync, row, str(events), chosen),
            required=True,
            key="campaign.product.days",
        )
    told = _used(sync, row, str(events), chosen, int(days or WEEK))
    _facts(told)
    if told.measured:
        _charts(told)
    _tables(told)


def _usual_days(sync: CampaignSync, row: CampaignRow, events: str, visitors: str | None) -> int:
    """A week, or less where the events do not cover a week around the mails."""
    return WEEK if _used(sync, row, events, visitors, WEEK).measured else DAYS[0]


def _used(
    sync: CampaignSync, row: CampaignRow, events: str, visitors: str | None, days: int
) -> ProductUse:
    bench = services()
    named = {events, visitors, sync.engagement.dataset} - {None}
    versions = [
        (each, bench.datasets.summary(each).version)
        for each in sorted(str(one) for one in named)
        if bench.datasets.exists(each)
    ]
    asked = repr((row.id, row.last_synced_at, versions, days))
    return _cached(str(bench.settings.home), asked, sync, row, events, visitors, days, bench)


@st.cache_resource(max_entries=12, ttl=FRESH_S, show_spinner="Joining members with visitors…")
def _cached(
    home: str,
    asked: str,
    _sync: CampaignSync,
    _row: CampaignRow,
    _events: str,
    _visitors: str | None,
    _days: int,
    _on: Services,
) -> ProductUse:
    from workbench.campaigns.product_use import product_use

    return product_use(_sync, _row, _on, events=_events, visitors=_visitors, days=_days)


def _facts(told: ProductUse) -> None:
    span = formats.days(told.first, told.last) if told.first and told.last else formats.NOTHING
    frame.facts(
        "product",
        (
            ("Members", formats.number(told.members)),
            ("Known in Pendo", _share(told.visitors, told.members)),
            ("Measured", _share(told.measured, told.visitors)),
            ("Days of the events", span),
        ),
    )
    st.caption(
        f"Measured are members known in Pendo whose {told.days} days before and after the mail "
        "the events cover. The day of the mail counts on neither side. A change may have other "
        "causes than the mail: compare with those who got none."
    )
    if not told.measured:
        st.warning(
            "Nobody can be measured: the events cover too few days around the mails. Choose fewer "
            "days, or pull more.",
            icon=":material/date_range:",
        )


def _share(part: int, whole: int) -> str:
    return f"{formats.number(part)} ({formats.share(part, whole)})"


def edition_words(edition: str | None) -> str:
    """What an edition is called here, also where there was none."""
    return NOT_MAILED if edition is None else edition or "Edition not named"


def _charts(told: ProductUse) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Active before and after, by edition", anchor=False)
        st.plotly_chart(before_after(told.groups), key="campaign.product.bars", theme="streamlit")
    with right:
        st.subheader("Active members on each day around the mail", anchor=False)
        st.plotly_chart(curve(told.curve), key="campaign.product.curve", theme="streamlit")


def before_after(groups: pa.Table) -> Any:
    """The plotly figure: two bars for each edition, as shares of the measured members."""
    go = graph_objects()
    rows = [row for row in groups.to_pylist() if row["grouping"] == "edition" and row["measured"]]
    titles = [edition_words(row["label"]) for row in rows]
    chart = go.Figure(
        [
            go.Bar(
                x=titles,
                y=[100 * row[f"active_{side}"] / row["measured"] for row in rows],
                name=side.capitalize(),
                marker_color=colour,
                text=[formats.share(row[f"active_{side}"], row["measured"]) for row in rows],
                customdata=[[row[f"active_{side}"], row["measured"]] for row in rows],
                hovertemplate=f"%{{x}}, {side}: %{{customdata[0]:,}} of %{{customdata[1]:,}}"
                "<extra></extra>",
            )
            for side, colour in (("before", "#7a7f87"), ("after", "#0072b2"))
        ]
    )
    chart.update_layout(
        height=HEIGHT,
        barmode="group",
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        legend={"orientation": "h", "y": 1.15, "title": {"text": ""}},
    )
    chart.update_xaxes(type="category")
    chart.update_yaxes(title="Active members, %", rangemode="tozero")
    return chart


def curve(points: pa.Table) -> Any:
    """The plotly figure: a line for each edition, day 0 is the day of the mail."""
    go = graph_objects()
    found: dict[str, tuple[list[int], list[float]]] = {}
    for row in points.to_pylist():
        xs, ys = found.setdefault(edition_words(row["edition"]), ([], []))
        xs.append(row["day"])
        ys.append(100 * row["active"] / row["measured"])
    chart = go.Figure(
        [
            go.Scatter(x=xs, y=ys, name=name, mode="lines+markers", hovertemplate="%{y:.1f} %")
            for name, (xs, ys) in found.items()
        ]
    )
    chart.add_vline(
        x=0,
        line_dash="dot",
        line_color="#8a8f98",
        annotation_text="mail",
        annotation_position="top",
    )
    chart.update_layout(
        height=HEIGHT,
        hovermode="x unified",
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        legend={"orientation": "h", "y": 1.15, "title": {"text": ""}},
        showlegend=len(found) > 1,
    )
    chart.update_xaxes(title="Days from the mail", dtick=1 if len(points) < 60 else None)
    chart.update_yaxes(title="Active members, %", rangemode="tozero")
    return chart


def _tables(told: ProductUse) -> None:
    grouping = st.segmented_control(
        "By", list(GROUPINGS), default="edition", format_func=GROUPINGS.__getitem__,
        required=True, key="campaign.product.grouping",
    )  # fmt: skip
    grouping = grouping or "edition"
    rows = [row for row in told.groups.to_pylist() if row["grouping"] == grouping]
    st.dataframe([_line(grouping, row) for row in rows], hide_index=True)
    with st.container(horizontal=True):
        offer(
            told.groups, "product-activity", "campaign.product.groups", label="Download the numbers"
        )
        offer(
            told.rows,
            "product-activity-members",
            "campaign.product.rows",
            label="Download the members",
        )


def _line(grouping: str, row: dict[str, Any]) -> dict[str, Any]:
    label = edition_words(row["label"]) if grouping == "edition" else row["label"]
    before, after, whole = row["active_before"], row["active_after"], row["measured"]
    return {
        GROUPINGS[grouping]: label or "none",
        "Members": row["members"],
        "Known in Pendo": row["visitors"],
        "Measured": whole,
        "Active before": f"{formats.number(before)} ({formats.share(before, whole)})",
        "Active after": f"{formats.number(after)} ({formats.share(after, whole)})",
        "Started": row["started"],
        "Stopped": row["stopped"],
        "Events before": row["events_before"],
        "Events after": row["events_after"],
    }
