"""A campaign in numbers: the funnel, rates and what they are shares of, inactive members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.campaigns.vocabulary import PRODUCT_FIELDS
from workbench.ui import formats, frame
from workbench.ui.campaign_editions import rate_words
from workbench.ui.charts import graph_objects

if TYPE_CHECKING:
    from workbench.campaigns.model import CampaignSync
    from workbench.store.state.campaign_rows import CampaignRow

FUNNEL = (
    ("Active", "active"),
    ("Sent", "sent"),
    ("Delivered", "delivered_members"),
    ("Opened", "opened"),
    ("Clicked", "clicked"),
    ("Completed", "completed"),
)
"""Members, each once, from who can be mailed to who reached the end."""
RATES = (
    ("Open rate", "open_rate", "opened", "delivered_members", "delivered to"),
    ("Click rate", "click_rate", "clicked", "", ""),
    ("Clicked to Open Rate", "click_to_open_rate", "clicked", "opened", "who opened"),
    ("Completed to Open Rate", "completion_to_open_rate", "completed", "opened", "who opened"),
    ("Opt Out Rate", "opt_out_rate", "opted_out", "delivered_members", "delivered to"),
    ("Complaint Rate", "complaint_rate", "complained", "delivered_members", "delivered to"),
    ("Bounce Rate", "bounce_rate", "bounced", "sent", "sent to"),
)
"""Title, rate, its part, its whole and the whole in words; clicks are of what the sync says."""
FUNNEL_HEIGHT = 300


def show_statistics(sync: CampaignSync, row: CampaignRow) -> None:
    """Funnel, rates and reasons, as of the last sync."""
    told = row.statistics or {}
    if not told:
        st.caption("No statistics yet: they are counted at every sync.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("From members to the end", anchor=False)
        show_funnel(sync, row, told.get("active", 0), key="campaign.statistics.funnel")
    with right:
        st.subheader("Opt Outs, Complaints & Bounces", anchor=False)
        _reasons(told)
    frame.facts("rates", ((title, rate_words(told.get(rate))) for title, rate, *_ in RATES))
    st.caption("  \n".join(_bases(told)))
    frame.facts(
        "mails",
        (
            ("Delivered Total, in mails", formats.number(told.get("delivered", 0))),
            ("Total Members", formats.number(told.get("total", 0))),
        ),
    )
    _of_the_product(row, told)


def _of_the_product(row: CampaignRow, told: dict[str, Any]) -> None:
    """What the source product's own fields say in Salesforce, where its package is installed."""
    there = row.counts or {}
    lines = [
        {"Field in Salesforce": name, "There": there[name], "Here": told.get(statistic)}
        for statistic, name in PRODUCT_FIELDS.items()
        if name in there
    ]
    if lines:
        st.subheader("The source product's own fields", anchor=False)
        st.caption("Salesforce computes them itself: they are read with every sync, not written.")
        st.dataframe(lines, hide_index=True)


def _bases(told: dict[str, Any]) -> list[str]:
    """Each rate with what it is a share of."""
    by_opened = told.get("click_base") == "opened"
    click = ("opened", "who opened") if by_opened else ("delivered_members", "delivered to")
    lines = []
    for title, rate, part, whole, words in RATES:
        base, of = (whole, words) if whole else click
        lines.append(
            f"{title}: {rate_words(told.get(rate))} = {formats.number(told.get(part, 0))} of "
            f"{formats.number(told.get(base, 0))} {of}"
        )
    return lines


def _reasons(told: dict[str, Any]) -> None:
    """Why members cannot be mailed, each with its share of all members."""
    reasons: dict[str, int] = told.get("reasons") or {}
    if not reasons:
        st.caption("Every member can be mailed.")
        return
    total = told.get("total", 0)
    st.dataframe(
        [
            {"Reason": reason, "Members": number, "Of all members": formats.share(number, total)}
            for reason, number in sorted(reasons.items(), key=lambda pair: -pair[1])
        ],
        hide_index=True,
    )


def show_funnel(sync: CampaignSync, row: CampaignRow, active: int, *, key: str) -> None:
    """The funnel of members, each counted once, with the numbers behind it."""
    told = {"active": active, **(row.statistics or {})}
    values = [int(told.get(name) or 0) for _, name in FUNNEL]
    if not any(values):
        st.caption("No member yet, and nothing told of any mail.")
        return
    st.plotly_chart(funnel([title for title, _ in FUNNEL], values), key=key, theme="streamlit")
    if not any(values[1:]):
        st.caption(
            "Nothing of its mails is counted yet: what is told of them is counted at each sync."
            if sync.engagement.is_named
            else "Nothing is told of any mail: name an engagement dataset in the campaign sync."
        )
    with st.expander("See the numbers", type="compact"):
        st.dataframe({"Members": [title for title, _ in FUNNEL], "Count": values}, hide_index=True)


def funnel(titles: list[str], values: list[int]) -> Any:
    """The plotly figure: each step with its number and its share of the first."""
    go = graph_objects()
    shares = [formats.share(value, values[0]) for value in values]
    chart = go.Figure(
        go.Funnel(
            y=titles,
            x=values,
            text=[f"{formats.number(v)} · {s}" for v, s in zip(values, shares, strict=True)],
            texttemplate="%{text}",
            marker={"color": "#0072b2"},
            hovertemplate="%{y}: %{text} of the active members<extra></extra>",
        )
    )
    chart.update_layout(
        height=FUNNEL_HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False
    )
    return chart
