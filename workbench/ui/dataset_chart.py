"""A chart of a dataset: what along the axis, what measured, what split by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import streamlit as st

from workbench.explore import charts
from workbench.explore.charts import Bucket, ChartSpec, Kind, Measure
from workbench.ui import reading
from workbench.ui.charts import draw
from workbench.ui.session import explained, zone

if TYPE_CHECKING:
    from workbench.explore.columns import Part

ROWS = "Number of rows"
MEASURES: dict[Measure, str] = {"sum": "Sum of", "average": "Average of", "distinct": "Different"}
SUMS: tuple[Measure, ...] = ("sum", "average")
KINDS = {"line": "Line", "bar": "Bars", "histogram": "Distribution"}


def show_chart(name: str, version: int) -> None:
    """The chart tab."""
    parts = reading.parts(name, version)
    usual = charts.default_chart(parts)
    if usual is None:
        st.info("No column of this dataset can be laid along an axis.")
        return
    with explained(stop=False):
        spec = _chosen(name, parts, usual)
        draw(spec, reading.points(name, version, spec), key=f"explore.{name}.chart")


def _chosen(name: str, parts: Sequence[Part], usual: ChartSpec) -> ChartSpec:
    """The chart as its controls say."""
    key = f"explore.{name}.chart"
    along, stepped, measured, divided, drawn = st.columns(
        [5, 3, 6, 5, 4], vertical_alignment="bottom"
    )
    titles = {part.title: part for part in charts.x_choices(parts)}
    x = titles[str(along.selectbox("Along", list(titles), key=f"{key}.x"))]
    kind = _kind(x, f"{key}.kind.{x.sort}", drawn)
    if kind == "histogram":
        return ChartSpec(kind, x)
    measure, of = _measure(parts, usual, x, f"{key}.{x.title}", measured)
    splits = {part.title: part for part in charts.split_choices(parts) if part != x}
    split = divided.selectbox(
        "Split by", list(splits), index=None, key=f"{key}.split.{x.title}", placeholder="Nothing"
    )
    bucket = _bucket(x, f"{key}.bucket.{x.sort}", stepped)
    return ChartSpec(kind, x, measure, of, splits[split] if split else None, bucket, zone())


def _kind(x: Part, key: str, place: st.delta_generator.DeltaGenerator) -> Kind:
    kinds = charts.kinds_for(x)
    if len(kinds) == 1:
        return kinds[0]
    return place.segmented_control(
        "Drawn as", kinds, default=kinds[0], required=True, format_func=KINDS.__getitem__, key=key
    )


def _measure(
    parts: Sequence[Part],
    usual: ChartSpec,
    x: Part,
    key: str,
    place: st.delta_generator.DeltaGenerator,
) -> tuple[Measure, Part | None]:
    """Rows, or a function of a column; the usual one of this dataset first."""
    numbers = charts.number_choices(parts)
    options: dict[str, tuple[Measure, Part | None]] = {ROWS: ("rows", None)}
    for part in numbers:
        for measure in SUMS:
            options[f"{MEASURES[measure]} {part.title}"] = (measure, part)
    for part in charts.split_choices(parts):
        options[f"{MEASURES['distinct']} {part.title}"] = ("distinct", part)
    first = (usual.measure, usual.of)
    names = list(options)
    index = next((at for at, name in enumerate(names) if options[name] == first), 0)
    chosen = place.selectbox("Measured by", names, index=index, key=f"{key}.measure")
    return options[str(chosen)]


def _bucket(x: Part, key: str, place: st.delta_generator.DeltaGenerator) -> Bucket:
    if x.sort not in ("day", "time"):
        return "day"
    choices = ["day", "week", "month"] if x.sort == "day" else ["hour", "day", "week", "month"]
    chosen = place.selectbox("In steps of a", choices, index=choices.index("day"), key=key)
    return cast(Bucket, chosen)
