"""Conditions choose the records that a naive reading of them chooses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.automations.conditions import OPERATORS, Column, Filter, compiled
from workbench.automations.filters import WITH_LIST, WITH_SPAN, WITHOUT_VALUE, Conditions
from workbench.errors import InputError
from workbench.sql import name

TODAY = date(2026, 3, 10)
TYPES = {
    "word": pa.string(),
    "size": pa.float64(),
    "flag": pa.bool_(),
    "day": pa.date32(),
    "at": pa.timestamp("us", "UTC"),
    "tags": pa.list_(pa.string()),
}
FAMILIES = {
    "word": "text", "size": "number", "flag": "boolean", "day": "date", "at": "date",
    "tags": "list",
}  # fmt: skip
WORDS = st.sampled_from(["Acme", "acme", "ac", "Zoë", "x", ""])
DAYS = st.dates(date(2025, 12, 1), date(2026, 6, 30))
MOMENTS = st.datetimes(datetime(2026, 3, 6), datetime(2026, 3, 14)).map(
    lambda at: at.replace(tzinfo=UTC)
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "word": st.none() | WORDS,
    "size": st.none() | st.sampled_from([-1.5, 0.0, 2.0, 3.25, float("nan")]),
    "flag": st.none() | st.booleans(),
    "day": st.none() | DAYS,
    "at": st.none() | MOMENTS,
    "tags": st.none() | st.lists(WORDS, max_size=3),
}
RECORDS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=12)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(sorted(TYPES)))
    op = draw(st.sampled_from(OPERATORS[FAMILIES[field]]))  # type: ignore[index]
    made: dict[str, Any] = {"field": field, "op": op}
    if op in WITHOUT_VALUE:
        return made
    if op in WITH_SPAN:
        units = st.sampled_from(["days", "weeks", "months", "quarters", "years"])
        return made | {"value": draw(st.integers(0, 6)), "unit": draw(units)}
    one = {"word": WORDS, "tags": WORDS, "size": st.sampled_from([-1.5, 0, 2, 3.25])}.get(
        field, DAYS.map(str)
    )
    if op == "between":
        pair: list[Any] = draw(st.lists(one, min_size=2, max_size=2))
        return made | {"value": sorted(pair)}
    if op in WITH_LIST:
        return made | {"value": draw(st.lists(one, min_size=1, max_size=3))}
    return made | {"value": draw(one)}


GROUPS = st.fixed_dictionaries(
    {
        "joint": st.sampled_from(["all", "any"]),
        "items": st.lists(conditions(), min_size=1, max_size=3),
    }
).map(lambda group: {group["joint"]: group["items"]})
DOCUMENTS = st.builds(
    lambda joint, items, case: {joint: items, "case_sensitive": case},
    st.sampled_from(["all", "any"]),
    st.lists(conditions() | GROUPS, min_size=1, max_size=3),
    st.booleans(),
)


def shifted(day: date, count: int, unit: str) -> date:
    months = {"months": 1, "quarters": 3, "years": 12}
    if unit not in months:
        return day + timedelta(days=count * (7 if unit == "weeks" else 1))
    for _ in range(abs(count) * months[unit]):
        first = day.replace(day=1)
        day = first + timedelta(days=31) if count > 0 else first - timedelta(days=1)
        day = day.replace(day=1)
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day.replace(day=min(TODAY.day, last.day))


def passes(test: dict[str, Any], record: dict[str, Any], case: bool) -> bool:
    """Whether a record passes one condition or group, read naively."""
    for joint, of in (("all", all), ("any", any)):
        if joint in test:
            return of(passes(inner, record, case) for inner in test[joint])
    value, op, wanted = record[test["field"]], test["op"], test.get("value")
    if value != value:  # not a number
        value = None
    if op in ("empty", "not_empty"):
        return (value in (None, "", [])) is (op == "empty")
    if value is None:
        return op in ("is_not", "not_contains", "not_one_of", "ne", "contains_none")
    if isinstance(value, bool):
        return value is (op == "is_true")
    if isinstance(value, list):
        return list_passes(op, fold(value, case), fold(wanted, case))
    if isinstance(value, str):
        return text_passes(op, fold(value, case), fold(wanted, case))
    if isinstance(value, float):
        return number_passes(op, value, wanted)
    day = value.date() if isinstance(value, datetime) else value
    return day_passes(op, day, wanted, test.get("unit", "days"))


def fold(value: Any, case: bool) -> Any:
    if isinstance(value, list):
        return [fold(item, case) for item in value]
    return value if case else str(value).lower()


def list_passes(op: str, have: Any, ask: Any) -> bool:
    shared = set(have) & set(ask)
    told = {"contains_any": shared, "contains_all": set(ask) <= set(have)}
    return not shared if op == "contains_none" else bool(told[op])


def text_passes(op: str, have: Any, ask: Any) -> bool:
    if op in ("one_of", "not_one_of"):
        return (have in ask) is (op == "one_of")
    told = {
        "is": have == ask, "is_not": have != ask, "contains": ask in have,
        "not_contains": ask not in have, "starts_with": have.startswith(ask),
        "ends_with": have.endswith(ask),
    }  # fmt: skip
    return bool(told[op])


def number_passes(op: str, value: float, wanted: Any) -> bool:
    low, high = wanted if isinstance(wanted, list) else (wanted, wanted)
    told = {
        "eq": value == low, "ne": value != low, "gt": value > low, "gte": value >= low,
        "lt": value < low, "lte": value <= low, "between": low <= value <= high,
    }  # fmt: skip
    return bool(told[op])


def day_passes(op: str, day: date, wanted: Any, unit: str) -> bool:
    if op in WITH_SPAN:
        first, last = (shifted(TODAY, sign * wanted, unit) for sign in (-1, 1))
        return {
            "in_the_last": first <= day <= TODAY,
            "in_the_next": TODAY <= day <= last,
            "more_than_ago": day < first,
        }[op]
    low, high = (date.fromisoformat(each) for each in (wanted if op == "between" else [wanted] * 2))
    return {
        "on": day == low, "before": day < low, "after": day > low, "on_or_before": day <= low,
        "on_or_after": day >= low, "between": low <= day <= high,
    }[op]  # fmt: skip


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def chosen(duck: duckdb.DuckDBPyConnection, records: list[dict[str, Any]], test: Filter) -> Any:
    asked = ", ".join([test.sql, *(step.alone for step in test.steps)])
    table = pa.table(
        {field: pa.array([r[field] for r in records], kind) for field, kind in TYPES.items()}
    )
    duck.register("records", table)
    return duck.execute(f"SELECT {asked} FROM records").fetchall()


def columns(duck: duckdb.DuckDBPyConnection) -> dict[str, Column]:
    empty = pa.table({field: pa.array([], kind) for field, kind in TYPES.items()})
    duck.register("records", empty)
    rows = duck.execute("DESCRIBE SELECT * FROM records").fetchall()
    return {row[0]: Column(name(row[0]), row[1]) for row in rows}


@settings(max_examples=120, deadline=None)
@given(RECORDS, DOCUMENTS)
def test_conditions_choose_what_a_naive_reading_chooses(
    duck: duckdb.DuckDBPyConnection, records: list[dict[str, Any]], document: dict[str, Any]
) -> None:
    test = compiled(Conditions.model_validate(document), columns(duck), today=TODAY, zone="UTC")
    joint = next(word for word in ("all", "any") if word in document)
    case = document["case_sensitive"]

    for record, told in zip(records, chosen(duck, records, test), strict=True):
        assert told[0] == passes({joint: document[joint]}, record, case), record


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-03-10T03:59:59+00:00", False),  # still the 9th in New York
        ("2026-03-10T04:00:00+00:00", True),
        ("2026-06-09T03:59:59+00:00", True),  # the 90th day after, to its end
        ("2026-06-09T04:00:00+00:00", False),
    ],
)
def test_the_next_90_days_are_whole_days_of_the_automations_zone(
    duck: duckdb.DuckDBPyConnection, moment: str, inside: bool
) -> None:
    asked = Conditions.model_validate(
        {"all": [{"field": "at", "op": "in_the_next", "value": 90, "unit": "days"}]}
    )
    test = compiled(asked, columns(duck), today=TODAY, zone="America/New_York")
    record = dict.fromkeys(TYPES) | {"at": datetime.fromisoformat(moment)}

    assert chosen(duck, [record], test)[0][0] is inside


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"field": "sise", "op": "empty"}, "did you mean size?"),
        ({"field": "size", "op": "contains", "value": "x"}, "size is a number: contains"),
        ({"field": "size", "op": "gt", "value": "many"}, "size is a number, and 'many' is not"),
        ({"field": "day", "op": "on", "value": "yesterday"}, "day is a date, and 'yesterday'"),
        ({"field": "flag", "op": "eq", "value": 1}, "flag is true or false: eq does not apply"),
        ({"field": "word", "op": "in_the_next", "value": 3, "unit": "days"}, "word is text"),
        ({"field": "day", "op": "between", "value": ["2026-03-02", "2026-03-01"]}, "is backwards"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused_in_words(
    duck: duckdb.DuckDBPyConnection, condition: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError) as caught:
        compiled(
            Conditions.model_validate({"all": [condition]}),
            columns(duck), today=TODAY, zone="UTC",
        )  # fmt: skip

    assert told in str(caught.value)
    assert caught.value.hint or "backwards" in told


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"field": "day", "op": "in_the_next", "value": 3}, "`unit` (days, weeks"),
        ({"field": "day", "op": "in_the_next", "value": 1.5, "unit": "days"}, "whole number"),
        ({"field": "word", "op": "is"}, "`is` needs a value"),
        ({"field": "word", "op": "empty", "value": 1}, "`empty` takes no value"),
        ({"field": "word", "op": "is", "value": ["a"]}, "use one_of"),
        ({"field": "size", "op": "between", "value": [1]}, "two values"),
    ],
)
def test_a_value_must_suit_its_operator(condition: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Conditions.model_validate({"all": [condition]})

    assert told in str(caught.value)


def test_names_and_values_are_data_and_never_sql(duck: duckdb.DuckDBPyConnection) -> None:
    hostile = 'x" OR true --'
    duck.register("odd", pa.table({hostile: ["it's'; --", "b"]}))
    asked = Conditions.model_validate(
        {"all": [{"field": hostile, "op": "is", "value": "it's'; --"}]}
    )
    test = compiled(asked, {hostile: Column(name(hostile), "VARCHAR")}, today=TODAY, zone="UTC")

    assert duck.execute(f"SELECT {test.sql} FROM odd").fetchall() == [(True,), (False,)]


def test_each_step_counts_what_passes_up_to_it(duck: duckdb.DuckDBPyConnection) -> None:
    asked = Conditions.model_validate(
        {
            "all": [
                {"field": "size", "op": "gte", "value": 2},
                {"any": [{"field": "word", "op": "is", "value": "x"},
                         {"field": "flag", "op": "is_true"}]},
            ]
        }
    )  # fmt: skip
    test = compiled(asked, columns(duck), today=TODAY, zone="UTC")

    assert [step.words for step in test.steps] == ["size ≥ 2", "word is x", "flag is true"]
    assert [step.depth for step in test.steps] == [0, 1, 1]
    record = dict.fromkeys(TYPES) | {"size": 3.0, "flag": True}
    duck.register("records", pa.table({f: pa.array([record[f]], k) for f, k in TYPES.items()}))
    so_far = ", ".join(step.so_far for step in test.steps)
    assert duck.execute(f"SELECT {so_far} FROM records").fetchone() == (True, False, True)
