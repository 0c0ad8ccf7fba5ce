"""Charts drawn with plotly in the theme of the page; they only ever see sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.explore.charts import ChartSpec

HEIGHT = 380
"""Pixels: the chart and its controls fit on one screen at 1280 by 800."""
DIRECT_LABELS = 5
"""Up to so many lines are labelled at their ends instead of in a legend."""


def draw(spec: ChartSpec, points: pa.Table, *, key: str) -> None:
    """A chart, and the numbers behind it."""
    if not points.num_rows:
        st.info("Nothing to draw: there are no rows with a value here.")
        return
    st.plotly_chart(figure(spec, points), key=key, theme="streamlit")
    with st.expander("See the numbers", type="compact"):
        st.dataframe(points, hide_index=True, height=260)


def graph_objects() -> Any:
    """Plotly's figures; imported in the order that is safe while other sessions import as well."""
    # Plotly looks whether pandas is there, and must not find one half imported by another session.
    import pandas  # noqa: F401
    import plotly.graph_objects as go

    return go


def figure(spec: ChartSpec, points: pa.Table) -> Any:
    """The plotly figure of a chart's points."""
    go = graph_objects()
    chart = go.Figure()
    for name, xs, values, widths in _series(points):
        chart.add_trace(_trace(spec, name, xs, values, widths))
    titles = {line[0] for line in _series(points)}
    direct = spec.kind == "line" and 1 < len(titles) <= DIRECT_LABELS
    chart.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 96 if direct else 8, "t": 24, "b": 8},
        showlegend=len(titles) > 1 and not direct,
        hovermode="x unified" if spec.kind == "line" else "closest",
        barmode="stack",
        bargap=0.02 if spec.kind == "histogram" else 0.15,
        legend={"orientation": "h", "y": 1.12, "title": {"text": ""}},
    )
    sideways = _is_sideways(spec)
    x_title, y_title = spec.x_title, spec.measure_title
    if sideways:
        x_title, y_title = y_title, x_title
        chart.update_yaxes(autorange="reversed", automargin=True, type="category")
    elif spec.kind == "bar" and spec.x.sort not in ("day", "time"):
        chart.update_xaxes(type="category")
    chart.update_xaxes(title=x_title)
    chart.update_yaxes(title=y_title)
    if not sideways:
        chart.update_yaxes(rangemode="tozero")
    return chart


def _is_sideways(spec: ChartSpec) -> bool:
    """Names of categories read better beside their bars than below them."""
    return spec.kind == "bar" and spec.x.sort in ("text", "yes/no")


def _series(points: pa.Table) -> list[tuple[str, list[Any], list[Any], list[Any]]]:
    """Name, x, values and bar widths of each series, the largest first."""
    columns = points.to_pydict()
    names = columns.get("series") or [""] * points.num_rows
    widths = columns.get("until") or [None] * points.num_rows
    found: dict[str, tuple[list[Any], list[Any], list[Any]]] = {}
    for name, x, value, until in zip(names, columns["x"], columns["value"], widths, strict=True):
        xs, values, sizes = found.setdefault(str(name), ([], [], []))
        xs.append(x)
        values.append(value)
        sizes.append(until)
    order = sorted(found, key=lambda name: -sum(value or 0 for value in found[name][1]))
    return [(name, *found[name]) for name in order]


def _trace(spec: ChartSpec, name: str, xs: list[Any], values: list[Any], until: list[Any]) -> Any:
    import plotly.graph_objects as go

    if spec.kind == "line":
        labels = [""] * (len(xs) - 1) + [name]
        few = len(xs) < 60
        return go.Scatter(
            x=xs,
            y=values,
            name=name or spec.measure_title,
            mode=("lines+markers+text" if few else "lines+text") if name else "lines+markers",
            text=labels,
            textposition="middle right",
            cliponaxis=False,
            line={"width": 2},
            hovertemplate="%{y:,.6~g}",
        )
    if spec.kind == "histogram":
        sizes = [end - start for start, end in zip(xs, until, strict=True)]
        middles = [start + width / 2 for start, width in zip(xs, sizes, strict=True)]
        ends = [list(pair) for pair in zip(xs, until, strict=True)]
        return go.Bar(
            x=middles,
            y=values,
            width=sizes,
            customdata=ends,
            hovertemplate="%{customdata[0]:,.6~g} to %{customdata[1]:,.6~g}: %{y:,}<extra></extra>",
        )
    if _is_sideways(spec):
        return go.Bar(
            x=values,
            y=[str(x) for x in xs],
            name=name,
            orientation="h",
            hovertemplate="%{y}: %{x:,.6~g}",
        )
    if spec.x.sort in ("day", "time"):
        return go.Bar(x=xs, y=values, name=name, hovertemplate="%{x}: %{y:,.6~g}")
    return go.Bar(x=[str(x) for x in xs], y=values, name=name, hovertemplate="%{x}: %{y:,.6~g}")
