"""Explore shows rows, statistics, a chart, SQL and versions of a dataset."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Open
from workbench.services import Services

EVENTS = "explore.page_events"


def tab(app: AppTest, name: str) -> AppTest:
    """Open a tab."""
    app.session_state["explore.tab"] = name
    return app.run()


def test_rows_can_be_searched_sorted_and_chosen(page: Open, sampled: Services) -> None:
    app = page("explore", dataset="page_events")
    everything = len(app.dataframe[0].value)
    somebody = app.dataframe[0].value["visitorId"][0]

    app.text_input(key=f"{EVENTS}.search").input(somebody.upper())
    app.multiselect(key=f"{EVENTS}.columns").select("visitorId").run()

    found = app.dataframe[0].value
    assert 0 < len(found) < everything
    assert list(found.columns) == ["visitorId"]
    assert not app.exception


def test_a_filter_whose_value_makes_no_sense_is_said_in_words(
    page: Open, sampled: Services
) -> None:
    app = page("explore", dataset="page_events")
    app.selectbox(key=f"{EVENTS}.filter.0").select("numEvents").run()

    app.text_input(key=f"{EVENTS}.filter.0.numEvents.value").input("many").run()

    assert "cannot be compared" in app.error[0].value
    assert not app.exception


def test_statistics_tell_every_column(page: Open, sampled: Services) -> None:
    app = tab(page("explore", dataset="page_events"), "Statistics")

    assert {"numEvents", "day"} <= set(app.dataframe[0].value["Column"])
    assert not app.exception


@pytest.mark.parametrize("dataset", ["page_events", "accounts"])
def test_a_chart_is_drawn_before_anybody_chose(page: Open, sampled: Services, dataset: str) -> None:
    app = tab(page("explore", dataset=dataset), "Chart")

    assert app.selectbox(key=f"explore.{dataset}.chart.x").value
    assert not app.exception
    assert not app.error


def test_every_axis_can_be_drawn(page: Open, sampled: Services) -> None:
    app = tab(page("explore", dataset="page_events"), "Chart")

    for choice in app.selectbox(key=f"{EVENTS}.chart.x").options[:12]:
        app.selectbox(key=f"{EVENTS}.chart.x").select(choice).run()
        assert not app.exception, choice
        assert not app.error, choice


def test_sql_answers_and_its_errors_are_words(page: Open, sampled: Services) -> None:
    app = tab(page("explore", dataset="page_events"), "SQL")
    sql = app.text_area(key="explore.sql.page_events")

    sql.input("SELECT count(*) AS n FROM page_events JOIN accounts ON true")
    app.button(key="explore.sql.ask").click().run()
    assert app.dataframe[0].value["n"][0] > 0

    app.text_area(key="explore.sql.page_events").input("SELECT * FROM page_event")
    app.button(key="explore.sql.ask").click().run()
    assert "did you mean page" in app.error[0].value.replace("\\", "")

    app.text_area(key="explore.sql.page_events").input("EXPLAIN SELECT * FROM page_events")
    app.button(key="explore.sql.ask").click().run()
    assert not app.error
    assert not app.exception


def test_versions_are_compared_and_gone_back_to(page: Open, sampled: Services) -> None:
    app = tab(page("explore", dataset="page_events"), "Versions")
    app.button(key=f"{EVENTS}.compare").click().run()
    assert {each.label: each.value for each in app.metric}["Changed"] == "0"

    app.button(key=f"{EVENTS}.revert").click().run()
    assert sampled.datasets.summary("page_events").version == 1
    app.button(key=f"{EVENTS}.yes").click().run()

    assert sampled.datasets.summary("page_events").version == 2
    assert not app.exception
