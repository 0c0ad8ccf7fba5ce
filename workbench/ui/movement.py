"""The label movement matrix: where labels go from and to, each cell a filter of the sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench.ui import formats

NO_LABEL = "no label"
HEIGHT = 300
RISKY = ("critical", "high")
"""The labels of the risk set that count as at risk."""


def show_movement(
    movement: Mapping[tuple[str, str], int], labels: Sequence[str], key: str
) -> tuple[str, str] | None:
    """Draw the matrix; gives the cell that is picked, as label before and label after."""
    if not movement or not labels:
        st.caption("There are no labels to compare: the Score has none of the label sets.")
        return None
    _tiles(movement, labels)
    named = [*labels, ""]
    event: Any = st.plotly_chart(
        heat_map(movement, named),
        key=key,
        theme="streamlit",
        on_select="rerun",
        selection_mode="points",
    )
    moves = sorted(movement.items())
    with st.expander("See the numbers", type="compact"):
        lines: Any = st.dataframe(
            [
                {"In Pendo now": a or NO_LABEL, "To be written": b or NO_LABEL, "Records": n}
                for (a, b), n in moves
            ],
            hide_index=True,
            key=f"{key}.lines",
            on_select="rerun",
            selection_mode="single-row",
        )
    if picked := list(lines.selection.rows):
        return moves[picked[0]][0] if picked[0] < len(moves) else None
    points = event.selection.points if event else []
    if not points:
        return None
    back = {label or NO_LABEL: label for label in named}
    return back[points[0]["y"]], back[points[0]["x"]]


def heat_map(movement: Mapping[tuple[str, str], int], named: Sequence[str]) -> Any:
    """The plotly figure: rows are labels now, columns labels to be written."""
    import plotly.graph_objects as go

    titles = [label or NO_LABEL for label in named]
    counts = [[movement.get((a, b), 0) for b in named] for a in named]
    chart = go.Figure(
        go.Heatmap(
            x=titles,
            y=titles,
            z=[[number or None for number in row] for row in counts],
            text=[[formats.number(number) if number else "" for number in row] for row in counts],
            texttemplate="%{text}",
            colorscale="Blues",
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    moves = [(a or NO_LABEL, b or NO_LABEL) for a, b in movement]
    # A heat map's cells cannot be picked; unseen points upon them can.
    chart.add_trace(
        go.Scatter(
            x=[b for _, b in moves],
            y=[a for a, _ in moves],
            mode="markers",
            marker={"size": 44, "symbol": "square", "opacity": 0},
            customdata=[formats.number(number) for number in movement.values()],
            hovertemplate="%{y} → %{x}: %{customdata} records<extra></extra>",
            showlegend=False,
        )
    )
    chart.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False, hoverdistance=60
    )
    chart.update_yaxes(autorange="reversed", title="In Pendo now", fixedrange=True, showgrid=False)
    chart.update_xaxes(title="To be written", fixedrange=True, showgrid=False)
    return chart


def _tiles(movement: Mapping[tuple[str, str], int], labels: Sequence[str]) -> None:
    """Escalating and recovering records, and those at risk (A-27)."""
    told = tiles(movement, labels)
    with st.container(horizontal=True, gap="large", key="facts-movement"):
        for label, value in told.items():
            st.metric(label, formats.number(value), width="content")


def tiles(movement: Mapping[tuple[str, str], int], labels: Sequence[str]) -> dict[str, int]:
    """What moved towards risk and away from it.

    The set that ends in the worst label is the outlook; the one that starts with Critical is
    the risk, where higher is worse.

    >>> tiles({("Good", "Poor"): 2, ("", "Good"): 1}, ("Excellent", "Good", "Fair", "Poor"))
    {'Getting worse': 2, 'Getting better': 0}
    """
    rank = {label: place for place, label in enumerate(labels)}
    is_risk = labels[0].lower() in RISKY
    worse = better = at_risk = 0
    for (before, after), number in movement.items():
        at_risk += number if after.lower() in RISKY else 0
        if before not in rank or after not in rank or before == after:
            continue
        lower = rank[after] > rank[before]
        if lower != is_risk:
            worse += number
        else:
            better += number
    told = {"Getting worse": worse, "Getting better": better}
    return {"At risk": at_risk, **told} if is_risk else told
