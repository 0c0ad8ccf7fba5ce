"""The four update methods, as contract lines B-38 to B-43 describe them."""

from datetime import date

import pytest

from tests.store.datasets.conftest import Bench
from workbench.errors import InputError
from workbench.store.datasets import Update

DAY_1, DAY_2, DAY_9 = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 9)
TODAY = date(2026, 3, 10)


def test_replace_puts_the_new_rows_in_place_of_the_old(bench: Bench) -> None:
    bench.replace("visits", "SELECT 1 id UNION ALL SELECT 2")
    bench.replace("visits", "SELECT 3 id")

    assert bench.rows("visits") == [{"id": 3}]
    assert bench.rows("visits", 0) == [{"id": 1}, {"id": 2}]


def test_append_adds_rows_unchecked(bench: Bench) -> None:
    bench.append("visits", "SELECT 1 id")
    bench.append("visits", "SELECT 1 id", "SELECT 2 id")

    assert bench.rows("visits") == [{"id": 1}, {"id": 1}, {"id": 2}]


def test_merge_replaces_rows_of_the_same_key_and_adds_the_others(bench: Bench) -> None:
    bench.replace("people", "SELECT * FROM (VALUES ('a', 1), ('b', 2)) t(id, score)")
    bench.commit(
        "people",
        Update("merge", ("id",)),
        bench.part("SELECT * FROM (VALUES ('b', 20), ('c', 30)) t(id, score)"),
    )

    assert [tuple(row.values()) for row in bench.rows("people")] == [
        ("a", 1),
        ("b", 20),
        ("c", 30),
    ]


def test_merge_writes_only_files_again_that_hold_an_incoming_key(bench: Bench) -> None:
    bench.append("people", "SELECT 1::BIGINT id", "SELECT 2::BIGINT id")
    before = {path.name for path in bench.files("people")}
    bench.commit("people", Update("merge", ("id",)), bench.part("SELECT 2::BIGINT id"))

    state = bench.datasets._snapshot("people", None)
    assert len(before & {file.path for file in state.files}) == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT NULL::VARCHAR id UNION ALL SELECT 'a'", "1 incoming rows have no id"),
        ("SELECT 'a' id FROM range(3)", "2 incoming rows repeat a id"),
    ],
    ids=["null", "duplicate"],
)
def test_merge_refuses_keys_that_are_empty_or_repeat(bench: Bench, query: str, said: str) -> None:
    bench.replace("people", "SELECT 'z' id")
    with pytest.raises(InputError, match=said) as caught:
        bench.commit("people", Update("merge", ("id",)), bench.part(query))

    assert "times)" in caught.value.hint
    assert bench.rows("people") == [{"id": "z"}]
    assert len(bench.files("people")) == 1


def test_merge_keeps_standing_rows_that_have_no_key(bench: Bench) -> None:
    bench.append("people", "SELECT NULL::BIGINT id, 1 v UNION ALL SELECT 1, 2")
    bench.commit("people", Update("merge", ("id",)), bench.part("SELECT 1::BIGINT id, 3 v"))

    assert [tuple(row.values()) for row in bench.rows("people")] == [(1, 3), (None, 1)]


def test_a_key_of_several_columns_is_compared_as_a_whole(bench: Bench) -> None:
    bench.replace("views", "SELECT * FROM (VALUES (1, 'x', 5), (1, 'y', 6)) t(a, b, v)")
    bench.commit(
        "views",
        Update("merge", ("a", "b")),
        bench.part("SELECT * FROM (VALUES (1, 'y', 60), (2, 'y', 7)) t(a, b, v)"),
    )

    assert [row["v"] for row in bench.rows("views")] == [5, 60, 7]


def test_a_key_whose_type_changed_is_refused_in_words(bench: Bench) -> None:
    bench.replace("people", "SELECT 1 id")
    with pytest.raises(InputError, match="was whole number and came as text"):
        bench.commit("people", Update("merge", ("id",)), bench.part("SELECT 'a' id"))


def test_partition_replaces_whole_partitions_and_leaves_the_others(bench: Bench) -> None:
    update = Update("partition", ("day",))
    bench.commit(
        "events",
        update,
        bench.part("SELECT 1 id", day=DAY_1),
        bench.part("SELECT 2 id", day=DAY_2),
    )
    bench.commit("events", update, bench.part("SELECT 3 id", day=DAY_2))

    assert bench.rows("events") == [{"id": 1, "day": DAY_1}, {"id": 3, "day": DAY_2}]


def test_partition_splits_parts_that_hold_the_key_column(bench: Bench) -> None:
    update = Update("partition", ("day",))
    both = "SELECT 1 id, DATE '2026-03-01' AS day UNION ALL SELECT 2, DATE '2026-03-02'"
    bench.commit("events", update, bench.part(both))

    assert bench.rows("events") == [{"id": 1, "day": DAY_1}, {"id": 2, "day": DAY_2}]
    assert bench.datasets.summary("events").partitioned_by == ("day",)


def test_the_rolling_window_drops_old_partitions_and_takes_no_older_rows(bench: Bench) -> None:
    update = Update("partition", ("day",), keep_days=8)
    bench.commit("events", update, bench.part("SELECT 1 id", day=DAY_1), today=DAY_9)
    parts = [bench.part("SELECT 2 id", day=DAY_9), bench.part("SELECT 3 id", day=DAY_1)]
    effect = bench.datasets.effect("events", parts, update, today=TODAY)
    bench.commit("events", update, *parts, today=TODAY)

    assert bench.rows("events") == [{"id": 2, "day": DAY_9}]
    assert (effect.partitions_dropped, effect.expired) == (("2026-03-01",), 1)


def test_partition_by_texts_that_no_folder_likes_loses_nothing(bench: Bench) -> None:
    values = ["a/b", "../up", "00123", "é ü", "50%", "A", "a", "o'x", "x=y&z", "[*]?", "\\"]
    parts = [bench.part(f"SELECT {n}::BIGINT id", country=value) for n, value in enumerate(values)]
    bench.commit("events", Update("partition", ("country",)), *parts)
    bench.commit("events", Update("partition", ("country",)), *parts)

    assert [row["country"] for row in bench.rows("events")] == values


def test_partition_keys_that_are_empty_are_refused(bench: Bench) -> None:
    for query in ["SELECT 1 id, NULL::DATE AS day", "SELECT 1 id, '' AS day"]:
        with pytest.raises(InputError, match="incoming rows have"):
            bench.commit("events", Update("partition", ("day",)), bench.part(query))
    assert not bench.datasets.exists("events")


def test_a_key_with_too_many_values_is_no_partition(bench: Bench) -> None:
    with pytest.raises(InputError, match="5,000 partitions"):
        part = bench.part("SELECT range id, 1 v FROM range(5000)")
        bench.commit("events", Update("partition", ("id",)), part)


def test_changing_the_method_to_partition_moves_the_standing_rows(bench: Bench) -> None:
    bench.append("events", "SELECT 1 id, DATE '2026-03-01' AS day UNION ALL SELECT 9, NULL")
    bench.commit("events", Update("partition", ("day",)), bench.part("SELECT 2 id", day=DAY_2))
    assert [row["id"] for row in bench.rows("events")] == [1, 2, 9]

    bench.append("events", "SELECT 3 id, DATE '2026-03-02' AS day")
    bench.commit("events", Update("merge", ("id",)), bench.part("SELECT 1 id", day=DAY_2))
    assert bench.rows("events") == [
        {"id": 1, "day": DAY_2},
        {"id": 2, "day": DAY_2},
        {"id": 3, "day": DAY_2},
        {"id": 9, "day": None},
    ]
    bench.replace("events", "SELECT 5 id, DATE '2026-03-02' AS day")
    assert bench.datasets.summary("events").partitioned_by == ()


@pytest.mark.parametrize(
    ("method", "key", "keep_days"),
    [("merge", (), None), ("partition", (), None), ("append", (), 3), ("partition", ("d",), -1)],
)
def test_updates_that_cannot_be_meant_are_refused(
    method: str, key: tuple[str, ...], keep_days: int | None
) -> None:
    with pytest.raises(InputError):
        Update(method, key, keep_days)  # type: ignore[arg-type]


def test_a_missing_key_column_is_named_with_what_there_is(bench: Bench) -> None:
    with pytest.raises(InputError, match="key column idd") as caught:
        bench.commit("people", Update("merge", ("idd",)), bench.part("SELECT 1 id"))
    assert "id" in caught.value.hint


def test_keep_days_needs_a_date(bench: Bench) -> None:
    with pytest.raises(InputError, match="not a date"):
        part = bench.part("SELECT 1 id", day="2026-03-01")
        bench.commit("events", Update("partition", ("day",), keep_days=3), part)


def test_the_same_stamp_is_committed_once(bench: Bench) -> None:
    part = bench.part("SELECT 1 id")
    first = bench.commit("visits", Update("append"), part, stamp="pull-1")
    bench.append("visits", "SELECT 2 id")
    again = bench.commit("visits", Update("append"), part, stamp="pull-1")

    assert (again.version, again.repeated) == (first.version, True)
    assert len(bench.rows("visits")) == 2
    assert len(bench.datasets.versions("visits")) == 2


def test_a_part_with_the_datasets_types_is_linked_not_copied(bench: Bench) -> None:
    part = bench.part("SELECT 1::BIGINT id, 'x' t, {'a': 1::BIGINT} s")
    bench.commit("visits", Update("append"), part)
    fewer = bench.part("SELECT 2::BIGINT id, {'b': 'q'} s")
    bench.commit("visits", Update("append"), fewer)

    assert part.path.stat().st_nlink == 2
    assert fewer.path.stat().st_nlink == 2
    assert bench.rows("visits")[1] == {"id": 2, "t": None, "s": {"a": None, "b": "q"}}


def test_an_update_without_rows_is_a_version_too(bench: Bench) -> None:
    bench.append("visits", "SELECT 1 id")
    committed = bench.commit("visits", Update("append"), bench.part("SELECT 1 id WHERE false"))
    assert (committed.version, committed.rows) == (1, 1)

    bench.commit("visits", Update("replace"))
    assert (bench.rows("visits"), bench.types("visits")) == ([], {"id": "whole number"})
    with pytest.raises(InputError, match="no column"):
        bench.commit("nothing", Update("append"))


def test_a_broken_part_is_named_and_nothing_is_written(bench: Bench) -> None:
    part = bench.part("SELECT 1 id")
    part.path.write_bytes(part.path.read_bytes()[:-5])
    with pytest.raises(InputError, match="not a whole Parquet file"):
        bench.commit("visits", Update("append"), part)
    assert bench.datasets.names() == []
