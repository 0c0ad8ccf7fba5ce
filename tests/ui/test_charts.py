"""Charts are drawn from sums, labelled directly where there are few lines."""

from typing import Any

import pyarrow as pa
import pytest

from workbench.explore.charts import ChartSpec
from workbench.explore.columns import Part
from workbench.ui.charts import figure


def part(name: str, sort: Any) -> Part:
    return Part((name,), sort, "")


DAY = part("day", "day")


def test_few_lines_are_labelled_at_their_ends_and_need_no_legend() -> None:
    points = pa.table({"x": [1, 2, 1, 2], "series": ["a", "a", "b", "b"], "value": [1, 2, 3, 4]})

    drawn = figure(ChartSpec("line", DAY, split=part("country", "text")), points)

    assert not drawn.layout.showlegend
    assert [trace.text[-1] for trace in drawn.data] == ["b", "a"]


def test_many_lines_have_a_legend() -> None:
    names = [f"c{number}" for number in range(6)]
    points = pa.table({"x": [1] * 6, "series": names, "value": [1] * 6})

    assert figure(ChartSpec("line", DAY, split=part("c", "text")), points).layout.showlegend


@pytest.mark.parametrize("sort", ["text", "yes/no"])
def test_categories_are_bars_beside_their_names(sort: Any) -> None:
    points = pa.table({"x": ["a", "b"], "value": [2, 1]})

    drawn = figure(ChartSpec("bar", part("country", sort)), points)

    assert drawn.data[0].orientation == "h"
    assert drawn.layout.xaxis.title.text == "rows"


def test_axes_say_what_they_measure() -> None:
    points = pa.table({"x": [1, 2], "value": [2.0, 1.0]})
    spec = ChartSpec("line", DAY, "sum", part("numEvents", "number"))

    drawn = figure(spec, points)

    assert drawn.layout.yaxis.title.text == "sum of numEvents"
    assert drawn.layout.xaxis.title.text == "day"


def test_a_distribution_has_bars_as_wide_as_their_bins() -> None:
    points = pa.table({"x": [0.0, 2.0], "until": [2.0, 4.0], "value": [3, 1]})

    drawn = figure(ChartSpec("histogram", part("score", "number")), points)

    assert list(drawn.data[0].x) == [1.0, 3.0]
    assert list(drawn.data[0].width) == [2.0, 2.0]
