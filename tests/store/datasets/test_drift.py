"""Columns that come, go and change their type: nothing crashes, nothing is lost."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.store.datasets.conftest import Bench
from workbench.store.datasets import Drift, Part, Update


def values(bench: Bench, column: str) -> list[object]:
    return [row[column] for row in bench.rows("t")]


def test_a_new_column_is_empty_in_old_rows_and_a_missing_one_in_new_rows(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 'x' a")
    committed = bench.append("t", "SELECT 2 id, 'y' b")

    assert bench.rows("t") == [{"id": 1, "a": "x", "b": None}, {"id": 2, "a": None, "b": "y"}]
    assert committed.drift == (
        Drift("added", "b", became="text"),
        Drift("missing", "a", was="text"),
    )


def test_a_changed_type_is_kept_apart_and_later_rows_land_where_they_belong(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 5 score")
    [drift] = bench.append("t", "SELECT 2 id, 'high' score").drift
    assert str(drift) == "score was whole number and came as text: kept as score__text"

    assert bench.append("t", "SELECT 3 id, 6 score", "SELECT 4 id, 'low' score").drift == ()
    assert values(bench, "score") == [5, None, 6, None]
    assert values(bench, "score__text") == [None, "high", None, "low"]


def test_whole_numbers_become_numbers_where_they_fit_exactly(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 5 score")
    assert bench.append("t", "SELECT 2 id, 0.5::DOUBLE score").drift == ()
    bench.append("t", "SELECT 3 id, 7::TINYINT score")

    assert bench.types("t") == {"id": "whole number", "score": "number"}
    assert values(bench, "score") == [5.0, 0.5, 7.0]


def test_a_whole_number_that_a_double_cannot_hold_is_not_rounded(bench: Bench) -> None:
    bench.append("t", f"SELECT 1 id, {2**53 + 1} v")
    bench.append("t", "SELECT 2 id, 0.5::DOUBLE v")
    bench.append("t", "SELECT 3 id, 18446744073709551615::UBIGINT big")

    assert values(bench, "v") == [2**53 + 1, None, None]
    assert values(bench, "v__number") == [None, 0.5, None]
    assert values(bench, "big")[2] == 18446744073709551615


def test_groups_are_merged_field_by_field_and_conflicts_kept_apart_inside(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, {'plan': 'pro', 'seats': 5, 'in': {'x': 1}} m")
    committed = bench.append(
        "t", "SELECT 2 id, {'seats': 'many', 'city': 'Rom', 'in': {'x': 'q', 'y': 2}} m"
    )

    assert {drift.kept_as for drift in committed.drift} == {"m.seats__text", "m.in.x__text", ""}
    nothing = {"plan": None, "seats": None, "city": None, "seats__text": None}
    first, second = values(bench, "m")
    assert first == {
        **nothing,
        "plan": "pro",
        "seats": 5,
        "in": {"x": 1, "x__text": None, "y": None},
    }
    assert second == {
        **nothing,
        "city": "Rom",
        "seats__text": "many",
        "in": {"x": None, "x__text": "q", "y": 2},
    }


def test_lists_of_groups_grow_and_lists_of_other_things_are_kept_apart(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, [{'q': 1}] polls, [1, 2] tags")
    bench.append("t", "SELECT 2 id, [{'q': 'x', 'n': 2}] polls, ['a'] tags")

    assert values(bench, "polls") == [
        [{"q": 1, "q__text": None, "n": None}],
        [{"q": None, "q__text": "x", "n": 2}],
    ]
    assert values(bench, "tags") == [[1, 2], None]
    assert values(bench, "tags__list_text") == [None, ["a"]]


@pytest.mark.parametrize("empty", ["NULL::JSON", "NULL::VARCHAR", "NULL::INTEGER"])
def test_a_column_without_any_value_agrees_with_every_type(bench: Bench, empty: str) -> None:
    bench.append("t", "SELECT 1 id, 0.5::DOUBLE v, {'a': 1} g, ['x'] l")
    bench.append("t", f"SELECT 2 id, {empty} v, {empty} g, {empty} l")

    assert list(bench.types("t")) == ["id", "v", "g", "l"]
    assert bench.rows("t")[1] == {"id": 2, "v": None, "g": None, "l": None}


def test_a_column_that_was_always_empty_takes_the_first_type_that_comes(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, NULL::JSON v, '{}'::JSON g, {'x': NULL::JSON} s")
    bench.append("t", "SELECT 2 id, 0.5::DOUBLE v, {'a': 1} g, {'x': 7} s")

    assert bench.types("t") == {
        "id": "whole number",
        "v": "number",
        "g": "group {a}",
        "s": "group {x}",
    }
    assert values(bench, "g") == [{"a": None}, {"a": 1}]
    assert values(bench, "s") == [{"x": None}, {"x": 7}]


def test_empty_json_objects_and_lists_are_empty_groups_and_lists(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, {'a': 1} g, ['x'] l")
    bench.append("t", "SELECT 2 id, '{}'::JSON g, []::JSON[] l")

    assert bench.rows("t")[1] == {"id": 2, "g": {"a": None}, "l": []}
    assert list(bench.types("t")) == ["id", "g", "l"]


def test_json_of_one_kind_lands_as_that_kind_and_mixed_json_as_text(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 5 a, 'x' b, true c")
    mixed = """SELECT 2 id, '7'::JSON a, '"y"'::JSON b, 'false'::JSON c
        UNION ALL SELECT 3, 'null', '{"k": 1}', NULL"""
    bench.append("t", mixed)
    bench.append("t", "SELECT 4 id, '\"z\"'::JSON a")

    assert values(bench, "a") == [5, 7, None, None]
    assert values(bench, "b")[1:3] == ["y", '{"k": 1}'] or values(bench, "b")[2] == '{"k":1}'
    assert values(bench, "c") == [True, False, None, None]
    assert values(bench, "a__text") == [None, None, None, "z"]


def test_names_that_differ_only_in_case_are_kept_apart(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 'a' AS Plan, {'City': 1} g")
    bench.append("t", "SELECT 2 id, 'b' AS plan, {'city': 2} g")
    bench.append("t", "SELECT 3 id, 'c' AS PLAN", "SELECT 4 id, 'd' AS plan")

    assert values(bench, "Plan") == ["a", None, None, None]
    assert values(bench, "plan__2") == [None, "b", None, "d"]
    assert values(bench, "PLAN__3") == [None, None, "c", None]
    assert values(bench, "g")[1] == {"City": None, "city__2": 2}


def test_one_file_with_names_that_differ_only_in_case_loses_nothing(bench: Bench) -> None:
    path = bench.spool / "case.parquet"
    table = pa.table({"Name": [1], "name": ["b"], "g": [{"A": 1, "a": "x"}]})
    pq.write_table(table, path)
    bench.commit("t", Update("append"), Part(path, 1))
    bench.commit("t", Update("append"), Part(path, 1))

    row = {"Name": 1, "name__2": "b", "g": {"A": 1, "a__2": "x"}}
    assert bench.rows("t") == [row, row]


def test_a_real_column_is_not_pushed_aside_by_one_kept_apart(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 5 score, 'own' score__text")
    bench.append("t", "SELECT 2 id, 'high' score, 'own too' score__text")

    assert values(bench, "score__text") == ["own", "own too"]
    assert values(bench, "score__text__2") == [None, "high"]


def test_parts_of_one_commit_may_differ_like_parts_of_two(bench: Bench) -> None:
    bench.append(
        "t",
        "SELECT 1 id, NULL::JSON v",
        "SELECT 2 id, 7 v, {'a': 1} g",
        "SELECT 3 id, 0.5::DOUBLE v, {'b': 'x'} g",
        "SELECT 4 id, 'text' v",
    )

    assert values(bench, "v") == [None, 7.0, 0.5, None]
    assert values(bench, "v__text") == [None, None, None, "text"]
    assert values(bench, "g") == [None, {"a": 1, "b": None}, {"a": None, "b": "x"}, None]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT TIMESTAMP '2026-03-01 10:00:00' v", "time (UTC)"),
        ("SELECT TIMESTAMPTZ '2026-03-01 10:00:00+02' v", "time (UTC)"),
        ("SELECT DATE '2026-03-01' v", "date"),
        ("SELECT ['a'] v", "list of text"),
        ("SELECT MAP {'a': 1} v", "map of whole number"),
        ("SELECT 1.5::DECIMAL(10,2) v", "number"),
        ("SELECT 'ab'::BLOB v", "bytes"),
        ("SELECT TIME '10:00' v", "text"),
        ("SELECT uuid() v", "text"),
        ("SELECT 1::UTINYINT v", "whole number"),
        ("SELECT NULL::VARCHAR v", "text"),
    ],
)
def test_every_type_duckdb_writes_has_a_place(bench: Bench, query: str, told: str) -> None:
    bench.append("t", query)
    bench.append("t", query)

    assert bench.types("t") == {"v": told}
    assert len(bench.rows("t")) == 2


def test_columns_with_hostile_names_survive(bench: Bench) -> None:
    names = ['say "hi"', "a.b", "x;y", "drop table t", "é", "select", "__file", "__h", "#1"]
    listed = ", ".join('1 AS "' + name.replace('"', '""') + '"' for name in names)
    bench.append("t", f"SELECT {listed}, {{'a \"b\"': 2}} g")
    bench.commit("t", Update("merge", ("a.b",)), bench.part(f"SELECT {listed}"))

    assert list(bench.types("t")) == [*names, "g"]
    assert len(bench.rows("t")) == 1


def test_the_order_of_a_groups_fields_means_nothing(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, {'a': 'x', 'b': 'y'} g")
    bench.append("t", "SELECT 2 id, {'b': 'v', 'a': 'u'} g")

    assert values(bench, "g") == [{"a": "x", "b": "y"}, {"a": "u", "b": "v"}]
    again = bench.part(
        "SELECT 1 id, {'b': 'y', 'a': 'x'} g UNION ALL SELECT 2, {'b': 'v', 'a': 'u'}"
    )
    effect = bench.datasets.effect("t", [again], Update("replace"))
    assert (effect.same, effect.new, effect.gone) == (2, 0, 0)
