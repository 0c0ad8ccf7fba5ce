"""A dataset gets a sensible chart, added up before it reaches the screen."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from workbench.explore.charts import OTHERS, ChartSpec, default_chart, kinds_for, x_choices
from workbench.explore.columns import Part
from workbench.explore.rows import parts, points


def part(name: str, sort: Any = "text") -> Part:
    return Part((name,), sort, "")


def test_events_are_drawn_over_their_days(shelf: Any) -> None:
    spec = default_chart(parts(shelf, "page_events"))

    assert spec is not None
    assert (spec.kind, spec.x.title, spec.measure_title) == ("line", "day", "sum of numEvents")
    drawn = points(shelf, "page_events", None, spec).to_pylist()
    assert [row["x"].isoformat()[:10] for row in drawn] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
    ]
    assert sum(row["value"] for row in drawn) == sum(range(60))


def test_without_a_time_the_rows_are_counted_by_category() -> None:
    spec = default_chart([part("visitorId"), part("plan"), part("score", "number")])

    assert spec is not None
    assert (spec.kind, spec.x.title, spec.of) == ("bar", "plan", None)


def test_only_numbers_make_a_distribution() -> None:
    spec = default_chart([part("score", "number")])

    assert spec is not None
    assert spec.kind == "histogram"


def test_nothing_to_draw_is_no_chart() -> None:
    assert default_chart([part("metadata", "nested"), part("tags", "list")]) is None


def test_rare_categories_are_put_together(shelf: Any) -> None:
    shelf.put("many", "SELECT 'c' || least(i % 40, 30) AS c FROM range(400) t(i)")

    drawn = points(shelf, "many", None, ChartSpec("bar", part("c"))).to_pylist()

    assert len(drawn) == 16
    assert drawn[0] == {"x": "c30", "value": 100}
    assert drawn[-1]["x"] == OTHERS
    assert sum(row["value"] for row in drawn) == 400


def test_a_split_gives_each_value_its_own_series(shelf: Any) -> None:
    spec = ChartSpec("line", part("day", "day"), split=part("country"))

    drawn = points(shelf, "page_events", None, spec).to_pylist()

    assert {row["series"] for row in drawn} == {"DE", "US", "JP", "(empty)"}
    assert sum(row["value"] for row in drawn) == 60


def test_moments_fall_into_the_days_of_the_zone_asked_for(shelf: Any) -> None:
    utc = ChartSpec("line", part("firstTime", "time"))
    new_york = replace(utc, zone="America/New_York")

    first = points(shelf, "page_events", None, new_york).to_pylist()[0]["x"]

    assert first == datetime(2026, 2, 28)
    assert points(shelf, "page_events", None, utc).to_pylist()[0]["x"] == datetime(2026, 3, 1)


def test_a_histogram_counts_every_finite_value_once(shelf: Any) -> None:
    spec = ChartSpec("histogram", part("numEvents", "number"))

    drawn = points(shelf, "page_events", None, spec).to_pylist()

    assert len(drawn) == 30
    assert sum(row["value"] for row in drawn) == 60
    assert (drawn[0]["x"], drawn[-1]["until"]) == (0, 59)


def test_a_histogram_of_one_value_is_one_bar(shelf: Any) -> None:
    shelf.put("same", "SELECT 7 AS n FROM range(5)")

    drawn = points(shelf, "same", None, ChartSpec("histogram", part("n", "number"))).to_pylist()

    assert [row["value"] for row in drawn] == [5]


@pytest.mark.parametrize("name", ["nothing"])
def test_charts_of_nothing_are_empty(shelf: Any, name: str) -> None:
    for x in x_choices(parts(shelf, name)):
        for kind in kinds_for(x):
            assert points(shelf, name, None, ChartSpec(kind, x)).num_rows == 0


def test_days_can_be_gathered_into_weeks_and_months(shelf: Any) -> None:
    spec = ChartSpec("bar", part("day", "day"), bucket="month")

    (month,) = points(shelf, "page_events", None, spec).to_pylist()

    assert month["value"] == 60
    assert str(month["x"])[:10] == date(2026, 3, 1).isoformat()
