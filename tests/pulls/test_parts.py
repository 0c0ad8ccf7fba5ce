"""Rows become parts with nothing lost, nothing made up, and nothing taken for rows that is not."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from workbench.errors import BrokenAnswerError, InputError
from workbench.pendo.body import Keys
from workbench.pendo.cutting import ArrayCutter
from workbench.pulls import parts
from workbench.pulls.learned import SAMPLE_ROWS, Learned
from workbench.pulls.recipe import Recipe
from workbench.pulls.shapes import Wanted
from workbench.pulls.sources import SOURCES

DAY_MS = 1772946000000
EVENTS = Recipe(
    columns=SOURCES["page_events"].columns,
    day=date(2026, 3, 8),
    span_ms=(DAY_MS, DAY_MS + 23 * 3_600_000),
)
VISITORS = Recipe(
    wanted=Wanted(
        moments=frozenset({("metadata", "custom", "renewal")}),
        texts=frozenset({("metadata", "custom", "code")}),
    ),
    auto_times=frozenset({"lastvisit"}),
)


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = parts.connect()
    yield connection
    connection.close()


class Bench:
    """Writes parts from rows and reads them back."""

    def __init__(self, folder: Path, cursor: duckdb.DuckDBPyConnection) -> None:
        self.folder = folder
        self.cursor = cursor

    def part(
        self, rows: Sequence[Any], recipe: Recipe, learned: Learned | None = None
    ) -> list[dict[str, Any]]:
        return self.text_part([json.dumps(list(rows), separators=(",", ":"))], recipe, learned)

    def text_part(
        self, bodies: Sequence[str], recipe: Recipe, learned: Learned | None = None
    ) -> list[dict[str, Any]]:
        spools, keys = [], Keys()
        for at, body in enumerate(bodies):
            spools.append(self.folder / f"{at}.json")
            spools[-1].write_text(body, encoding="utf-8")
            cutter = ArrayCutter(io.BytesIO())
            cutter.feed(body.encode())
            keys += cutter.keys
        target = self.folder / "part.parquet"
        target.unlink(missing_ok=True)
        written = parts.write_part(spools, target, recipe, self.cursor, keys=keys, learned=learned)
        if not written:
            assert not target.exists()
            return []
        table = self.cursor.sql(f"FROM '{target}'").to_arrow_table()
        assert table.num_rows == written
        found: list[dict[str, Any]] = table.to_pylist(maps_as_pydicts="strict")
        return found


@pytest.fixture
def bench(tmp_path: Path, cursor: duckdb.DuckDBPyConnection) -> Bench:
    return Bench(tmp_path, cursor)


def as_sent(value: Any) -> Any:
    """What came back, as Pendo sent it: empty cells left out, kinds kept apart put together."""
    if isinstance(value, dict):
        members: dict[str, Any] = {}
        for key, each in value.items():
            if each is None:
                continue
            base, _, kind = key.partition("__")
            members[base] = json.loads(each) if kind == "json" else as_sent(each)
        return members
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, list):
        return [as_sent(each) for each in value]
    return value


def without_nothing(value: Any) -> Any:
    """A row as it was sent, without keys that say nothing: nulls, empty objects."""
    if isinstance(value, dict):
        kept = {key: without_nothing(each) for key, each in value.items() if each is not None}
        return {key: each for key, each in kept.items() if each != {}}
    return value


def sorted_rows(rows: Sequence[Any]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


TEXTS = st.text(max_size=8) | st.sampled_from(
    ["", "null", '":', '\\":', "},{", '"', "\\", 'a":"b', "v-1", "å", "😀", "5", "true"]
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6, width=32)
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
FREE = st.dictionaries(st.sampled_from(["tab", "q", "id", 'od"d', "b\\s"]), SCALARS, max_size=3)
ROWS = st.fixed_dictionaries(
    {"day": st.just(DAY_MS), "visitorId": TEXTS},
    optional={
        "numEvents": st.integers(0, 9) | st.just(1.5) | st.just("many"),
        "firstTime": st.just(DAY_MS + 5),
        "latitude": st.floats(-90, 90, width=32),
        "server": TEXTS | st.none(),
        "parameters": FREE | st.none(),
        "news": SCALARS,
        "more": st.dictionaries(st.sampled_from(["a", "b"]), FREE | SCALARS, max_size=2),
        "tags": st.lists(TEXTS, max_size=3),
    },
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(slices=st.lists(st.lists(ROWS, max_size=4), min_size=1, max_size=3))
@example(slices=[[{"day": DAY_MS, "visitorId": "v"}], [{"day": DAY_MS, "visitorId": "v", "n": 1}]])
def test_every_value_of_every_row_is_in_the_part(
    slices: list[list[dict[str, Any]]], bench: Bench
) -> None:
    learned = Learned()
    for rows in slices:
        found = [
            {key: each for key, each in as_sent(row).items() if key != "day"}
            for row in bench.part(rows, EVENTS, learned)
        ]
        sent = [
            {key: each for key, each in without_nothing(row).items() if key != "day"}
            for row in rows
        ]
        assert _same(found, sent)


def _same(found: list[Any], sent: list[Any]) -> bool:
    """Equal as multisets; empty groups say nothing, and 3.0 is 3."""
    left = [without_nothing(each) for each in found]
    for each in sent:
        at = next((index for index, other in enumerate(left) if other == each), None)
        if at is None:
            return False
        left.pop(at)
    return not left


def test_known_columns_come_with_their_types(bench: Bench) -> None:
    [row] = bench.part(
        [
            {
                "day": DAY_MS,
                "visitorId": "v-1",
                "numEvents": 3,
                "firstTime": DAY_MS,
                "parameters": {"tab": "x"},
            }
        ],
        EVENTS,
    )

    assert row == {
        "day": date(2026, 3, 8),
        "visitorId": "v-1",
        "firstTime": datetime(2026, 3, 8, 5, tzinfo=UTC),
        "numEvents": 3,
        "parameters": {"tab": "x"},
    }


def test_a_key_that_first_comes_in_a_later_slice_is_not_passed_over(bench: Bench) -> None:
    learned = Learned()
    bench.part([{"day": DAY_MS, "visitorId": "a", "parameters": {"tab": "x"}}], EVENTS, learned)
    [row] = bench.part(
        [{"day": DAY_MS, "visitorId": "b", "parameters": {"tab": "y", "page": "2"}, "new": 7}],
        EVENTS,
        learned,
    )

    assert row["parameters"] == {"tab": "y", "page": "2"}
    assert row["new"] == 7


def test_a_key_that_first_comes_behind_the_rows_looked_at_is_not_passed_over(bench: Bench) -> None:
    learned = Learned()
    usual = {"day": DAY_MS, "visitorId": "a", "parameters": {"tab": "x"}}
    late = {"day": DAY_MS, "visitorId": "b", "parameters": {"tab": "y", "page": "2"}, "new": 7}
    found = bench.part([*[usual] * 3 * SAMPLE_ROWS, late], EVENTS, learned)

    assert [row["parameters"] for row in found if row["new"] == 7] == [late["parameters"]]
    assert len(found) == 3 * SAMPLE_ROWS + 1
    assert {"parameters", "new"} == set(learned.free)


def test_rows_fetched_by_the_hour_are_put_together_as_if_the_day_had_come_whole(
    bench: Bench,
) -> None:
    hours = [
        {"hour": DAY_MS, "visitorId": "v", "numEvents": 2, "numMinutes": 1, "firstTime": DAY_MS},
        {
            "hour": DAY_MS + 3_600_000,
            "visitorId": "v",
            "numEvents": 3,
            "numMinutes": 2,
            "firstTime": DAY_MS + 3_600_000,
        },
        {"hour": DAY_MS, "visitorId": "w", "numEvents": 1, "numMinutes": 1, "firstTime": DAY_MS},
    ]
    rows = bench.part(hours, replace(EVENTS, merges=SOURCES["page_events"].merges))

    by_visitor = {row["visitorId"]: row for row in rows}
    assert by_visitor["v"]["numEvents"] == 5
    assert by_visitor["v"]["numMinutes"] == 3
    assert by_visitor["v"]["firstTime"] == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert by_visitor["w"]["numEvents"] == 1
    assert "hour" not in by_visitor["v"]


def test_metadata_keeps_its_groups_and_says_times_as_times(bench: Bench) -> None:
    rows = [
        {
            "visitorId": "1",
            "metadata": {
                "auto": {"lastvisit": DAY_MS, "idhash": 4108050209, "accountids": ["a", "b"]},
                "auto__323232": {"lastvisit": DAY_MS},
                "custom": {"renewal": "2026-01-31T00:00:00Z", "code": 7, "score": 1.5},
                "salesforce": {},
            },
        },
        {"visitorId": "2", "metadata": {"custom": {"score": 2}}},
        {"visitorId": "3"},
    ]
    first, second, third = bench.part(rows, VISITORS)

    assert first["metadata"]["auto"]["lastvisit"] == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert first["metadata"]["auto"]["accountids"] == ["a", "b"]
    assert first["metadata"]["auto__323232"]["lastvisit"].tzinfo is not None
    assert first["metadata"]["custom"]["renewal"] == datetime(2026, 1, 31, tzinfo=UTC)
    assert first["metadata"]["custom"]["code"] == "7"
    assert second["metadata"]["custom"]["score"] == 2.0
    assert third["metadata"] is None


def test_metadata_can_be_laid_flat(bench: Bench) -> None:
    rows = [{"visitorId": "1", "metadata": {"custom": {"tier": "gold"}, "auto": {"nid": 3}}}]
    [row] = bench.part(rows, replace(VISITORS, flat=True))

    assert row == {"visitorId": "1", "custom_tier": "gold", "auto_nid": 3}


def test_names_that_differ_only_in_case_are_kept_apart(bench: Bench) -> None:
    [row] = bench.part([{"a": 1, "A": 2, "": 3, "n": {"k": 1, "K": "x"}}], Recipe())

    assert row == {"a": 1, "A_2": 2, "unnamed": 3, "n": {"k": 1, "K_2": "x"}}


def test_numbers_beyond_64_bits_are_kept_exactly(bench: Bench) -> None:
    [row] = bench.part([{"big": 2**64 - 1, "small": 5}], Recipe())

    assert int(row["big"]) == 2**64 - 1
    assert row["small"] == 5


def test_an_object_of_very_many_keys_is_a_map(bench: Bench) -> None:
    [row] = bench.part([{"free": {f"k{at}": f"v{at}" for at in range(300)}}], Recipe())

    assert len(row["free"]) == 300
    assert row["free"]["k7"] == "v7"


def test_a_reports_titles_become_column_names_and_repeated_ones_are_numbered(
    bench: Bench,
) -> None:
    titled = Recipe(titles={"visitorId": "Visitor", "account_agent_name": "Visitor"})
    [row] = bench.part([{"visitorId": "1", "account_agent_name": "Acme"}], titled)

    assert row == {"Visitor": "1", "Visitor_2": "Acme"}


@pytest.mark.parametrize("body", ["[]", "[{}]", "[{},{}]"])
def test_an_answer_without_rows_makes_no_part(body: str, bench: Bench) -> None:
    assert bench.text_part([body], EVENTS) == []
    assert bench.text_part([body], Recipe()) == []


@pytest.mark.parametrize(
    "body",
    [
        '[{"visitorId":"a"}',
        '[{"visitorId":"a"},',
        '[{"visitorId":"a"} {"visitorId":"b"}]',
        '[{"visitorId":"a"},3]',
        '[{"visitorId":"a"},null]',
        "[1,2,3]",
        '["a"]',
        '[{"visitorId":"a"}]x',
        '{"visitorId":"a"}',
        "[{'visitorId':'a'}]",
    ],
)
@pytest.mark.parametrize("recipe", [EVENTS, Recipe()], ids=["events", "other"])
def test_what_is_not_rows_never_becomes_data(body: str, recipe: Recipe, bench: Bench) -> None:
    whole = replace(recipe, day=None, span_ms=None)

    with pytest.raises(BrokenAnswerError):
        bench.text_part([body], whole)
    assert not (bench.folder / "part.parquet").exists()
    assert not (bench.folder / "part.writing").exists()


def test_rows_of_another_day_say_that_the_time_zone_is_not_pendos(bench: Bench) -> None:
    with pytest.raises(InputError, match="2026-03-08 05:00 UTC") as refused:
        bench.part([{"day": DAY_MS + 3_600_000, "visitorId": "v"}], EVENTS)

    assert "time zone" in refused.value.hint


def test_whole_numbers_of_either_sign_stay_whole(bench: Bench) -> None:
    learned = Learned()
    rows = [
        {"day": DAY_MS, "visitorId": "v", "appId": -323232, "new": {"n": -1}, "x": [1, -1]},
        {"day": DAY_MS, "visitorId": "v", "appId": 5629499534213120, "new": {"n": 2}},
    ]
    for recipe in (EVENTS, Recipe()):
        found = bench.part(rows, recipe, learned)
        assert {type(row["appId"]) for row in found} == {int}
        assert {type(row["new"]["n"]) for row in found} == {int}
        assert [1, -1] in [row["x"] for row in found]
