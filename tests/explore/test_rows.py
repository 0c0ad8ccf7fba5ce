"""Rows are looked at by column, filter, search and order."""

from typing import Any

import pytest

from workbench.errors import InputError
from workbench.explore.rows import Filter, Look, rows


def test_nested_values_are_readable_text(shelf: Any) -> None:
    seen = rows(shelf, "page_events", None, Look(limit=1, order="numEvents"))

    assert seen.nested == ("parameters", "metadata")
    assert seen.table.to_pylist()[0]["parameters"] == '{"plan":"p0"}'
    assert seen.matching == 60


def test_only_chosen_columns_come_in_the_order_of_the_dataset(shelf: Any) -> None:
    seen = rows(shelf, "page_events", None, Look(columns=("country", "day")))

    assert seen.table.column_names == ["day", "country"]


@pytest.mark.parametrize(
    ("look", "matching"),
    [
        (Filter("country", "is", "DE"), 18),
        (Filter("country", "is not", "DE"), 42),
        (Filter("country", "is empty"), 6),
        (Filter("country", "is not empty"), 54),
        (Filter("pageId", "starts with", "PAGE-"), 60),
        (Filter("numEvents", "at least", "50"), 10),
        (Filter("numEvents", "is", "7"), 1),
        (Filter("day", "at most", "2026-03-02"), 40),
        (Filter("identified", "is", "true"), 30),
        (Filter("metadata.auto.lastvisit", "at most", "9"), 10),
        (Filter("parameters", "contains", "P1"), 30),
        (Filter("pageId", "is", "page-1' OR 1=1 --"), 0),
    ],
    ids=lambda value: value.in_words if isinstance(value, Filter) else "",
)
def test_a_filter_keeps_what_it_says(shelf: Any, look: Filter, matching: int) -> None:
    assert rows(shelf, "page_events", None, Look(filters=(look,))).matching == matching


def test_a_search_looks_into_every_column(shelf: Any) -> None:
    assert rows(shelf, "page_events", None, Look(search="P1")).matching == 30
    assert rows(shelf, "page_events", None, Look(search="o'hara %")).matching == 0


def test_the_order_is_kept_and_empty_values_come_last(shelf: Any) -> None:
    seen = rows(shelf, "page_events", None, Look(order="country", descending=True))

    values = seen.table.column("country").to_pylist()
    assert values[0] == "US"
    assert values[-1] is None


def test_a_value_that_is_not_a_number_is_said_in_words(shelf: Any) -> None:
    with pytest.raises(InputError, match="cannot be compared"):
        rows(shelf, "page_events", None, Look(filters=(Filter("numEvents", "at least", "many"),)))


def test_an_unknown_column_names_the_nearest(shelf: Any) -> None:
    with pytest.raises(InputError, match="did you mean country"):
        rows(shelf, "page_events", None, Look(order="contry"))


def test_fields_of_nested_columns_can_be_columns_of_their_own(shelf: Any) -> None:
    look = Look(columns=("metadata",), flat=True, order="numEvents", limit=1)

    seen = rows(shelf, "page_events", None, look)

    assert seen.table.to_pylist() == [
        {"metadata.auto.lastvisit": 0, "metadata.auto.note": None, "metadata.tags": "[]"}
    ]
