"""Column statistics say what a dataset holds."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from workbench.explore.statistics import ColumnStatistics, column_statistics


@pytest.fixture
def described(shelf: Any) -> dict[str, ColumnStatistics]:
    told = column_statistics(shelf, "page_events")
    assert told.rows == 60
    return {column.column: column for column in told.columns}


def test_numbers_are_measured(described: dict[str, ColumnStatistics]) -> None:
    number = described["numEvents"]

    assert (number.least, number.most, number.average, number.median) == (0, 59, 29.5, 29.5)
    assert number.quartiles == (14.75, 44.25)
    assert number.deviation == pytest.approx(17.46, abs=0.01)
    assert number.frequent == ()


def test_texts_have_lengths_and_frequent_values(described: dict[str, ColumnStatistics]) -> None:
    country = described["country"]

    assert (country.nulls, country.shortest, country.longest) == (6, 2, 2)
    assert country.frequent == (("US", 18), ("JP", 18), ("DE", 18))
    assert country.distinct == 3


def test_days_and_times_have_a_range(described: dict[str, ColumnStatistics]) -> None:
    assert (described["day"].least, described["day"].most) == (date(2026, 3, 1), date(2026, 3, 3))
    assert described["firstTime"].least == datetime(2026, 3, 1, 3, tzinfo=UTC)


def test_nested_columns_are_told_by_their_parts(described: dict[str, ColumnStatistics]) -> None:
    assert described["metadata"].sort == "nested"
    assert described["metadata.auto.lastvisit"].most == 59
    assert described["metadata.auto.note"].nulls == 60
    assert described["metadata.tags"].longest == 2
    assert described["parameters"].average_length == 1


def test_an_empty_dataset_is_told_too(shelf: Any) -> None:
    told = column_statistics(shelf, "nothing")

    assert told.rows == 0
    assert {column.nulls for column in told.columns} == {0}


def test_frequent_values_among_many_are_counted_exactly(shelf: Any) -> None:
    shelf.put(
        "wide",
        "SELECT CASE WHEN i % 3 = 0 THEN 'it''s' ELSE 'v' || i END AS v FROM range(60000) t(i)",
    )

    (column,) = column_statistics(shelf, "wide").columns

    assert column.frequent[0] == ("it's", 20000)


def test_numbers_that_are_not_finite_do_not_stop_it(shelf: Any) -> None:
    shelf.put("odd", "SELECT unnest([1.0, 'nan'::DOUBLE, 'inf'::DOUBLE, NULL]) AS n")

    (column,) = column_statistics(shelf, "odd").columns

    assert (column.nulls, column.average) == (1, 1.0)


def test_columns_with_hostile_names_are_only_columns(shelf: Any) -> None:
    shelf.put("odd", """SELECT 1 AS "a ""b"" .c", {'x.y': 2} AS "select" """)

    told = column_statistics(shelf, "odd")

    assert [column.most for column in told.columns] == [1, None, 2]
