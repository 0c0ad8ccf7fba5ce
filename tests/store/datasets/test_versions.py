"""Versions are kept, told, compared and gone back to; names are safe."""

from pathlib import Path

import pytest

from tests.store.datasets.conftest import Bench
from workbench.errors import InputError
from workbench.store.datasets import Update
from workbench.store.duck import quoted

MERGE = Update("merge", ("id",))


def test_every_version_is_told_with_its_run_and_rows(bench: Bench) -> None:
    part = bench.part("SELECT 1 id")
    bench.commit("t", Update("replace"), part, run=7, source="pull/t", note={"days": 3})
    bench.commit("t", MERGE, bench.part("SELECT 2 id"), run=8)

    newest, oldest = bench.datasets.versions("t")
    assert (newest.version, newest.run, newest.operation, newest.rows) == (1, 8, "merge", 2)
    assert (oldest.version, oldest.run, oldest.operation, oldest.rows) == (0, 7, "replace", 1)
    assert (oldest.source, oldest.note) == ("pull/t", {"days": 3})
    assert oldest.at <= newest.at


def test_going_back_is_a_new_version_and_loses_nothing(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 'x' a")
    bench.append("t", "SELECT 2 id, 5 a, true b")
    made = bench.datasets.revert("t", 0, run=9)

    assert (made.version, made.run, made.operation, made.rows) == (2, 9, "revert", 1)
    assert made.note == {"reverted_to": 0}
    assert bench.rows("t") == [{"id": 1, "a": "x"}]
    assert len(bench.rows("t", 1)) == 2
    bench.append("t", "SELECT 3 id, true b")
    assert len(bench.rows("t")) == 2
    for wrong in (3, 99, -1):
        with pytest.raises(InputError):
            bench.datasets.revert("t", wrong)


def test_going_back_over_a_change_of_partitions_works(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 'x' a")
    bench.commit("t", Update("partition", ("a",)), bench.part("SELECT 2 id, 'y' a"))
    bench.datasets.revert("t", 0)
    assert bench.rows("t") == [{"id": 1, "a": "x"}]
    bench.datasets.revert("t", 1)
    assert bench.rows("t") == [{"id": 1, "a": "x"}, {"id": 2, "a": "y"}]


def test_versions_stay_readable_past_a_checkpoint(bench: Bench) -> None:
    part = bench.part("SELECT 1::BIGINT id")
    for _ in range(52):
        bench.commit("t", Update("append"), part)

    folder = bench.datasets._root / "t" / "_delta_log"
    assert list(folder.glob("*.checkpoint.parquet"))
    assert len(bench.datasets.versions("t")) == 52
    assert len(bench.rows("t", 3)) == 4
    assert bench.commit("t", Update("append"), part, stamp="stamp-2").repeated
    assert bench.commit("t", Update("append"), part).version == 52


def test_a_diff_by_the_merge_key_tells_changed_rows(bench: Bench) -> None:
    rows = "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) t(id, v)"
    bench.commit("t", MERGE, bench.part(rows))
    bench.commit("t", MERGE, bench.part("SELECT * FROM (VALUES (2, 'B'), (4, 'd')) t(id, v)"))
    diff = bench.datasets.diff("t", 0, 1)

    assert (diff.added, diff.removed, diff.changed, diff.same) == (1, 0, 1, 2)
    assert diff.key == ("id",)
    told = sorted(tuple(row.values()) for row in diff.rows.to_pylist())
    assert told == [("added", 4, "d"), ("after", 2, "B"), ("before", 2, "b")]


def test_a_diff_without_a_key_counts_repeated_rows_as_often_as_they_occur(bench: Bench) -> None:
    bench.replace("t", "SELECT 1 id FROM range(3) UNION ALL SELECT 2")
    bench.replace("t", "SELECT 1 id FROM range(1) UNION ALL SELECT 3")
    diff = bench.datasets.diff("t", 0, 1)

    assert (diff.added, diff.removed, diff.changed, diff.same) == (1, 3, 0, 1)
    assert [row["__change"] for row in diff.rows.to_pylist()].count("removed") == 3


def test_a_diff_tells_columns_that_came_went_or_changed_type(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 5 n")
    bench.append("t", "SELECT 2 id, 0.5::DOUBLE n, 'x' a")
    there = bench.datasets.diff("t", 0, 1)
    back = bench.datasets.diff("t", 1, 0, key=("id",))

    assert [column.name for column in there.columns_added] == ["a"]
    assert there.types_changed == (("n", "whole number", "number"),)
    assert (there.added, there.same) == (1, 1)
    assert [column.name for column in back.columns_removed] == ["a"]
    assert (back.removed, back.same) == (1, 1)


def test_a_diff_by_a_column_that_is_no_key_is_refused(bench: Bench) -> None:
    bench.replace("t", "SELECT 1 id FROM range(2)")
    bench.replace("t", "SELECT 1 id")
    with pytest.raises(InputError, match="not a key of both"):
        bench.datasets.diff("t", 0, 1, key=("id",))
    with pytest.raises(InputError, match="no column idd") as caught:
        bench.datasets.diff("t", 0, 1, key=("idd",))
    assert caught.value.hint == "Did you mean id?"


def test_a_diff_can_be_taken_away_as_a_file(bench: Bench, tmp_path: Path) -> None:
    bench.replace("t", "SELECT 1 id")
    bench.replace("t", "SELECT 2 id")

    assert bench.datasets.export_diff("t", 0, 1, tmp_path / "diff.csv") == 2
    lines = (tmp_path / "diff.csv").read_text().split()
    assert sorted(lines) == ["__change,id", "added,2", "removed,1"]


def test_a_summary_reads_no_rows(bench: Bench) -> None:
    bench.commit("t", MERGE, bench.part("SELECT range id, ['a'] tags, {'x': 1} g FROM range(9)"))
    for path in bench.files("t"):
        path.write_bytes(b"")
    summary = bench.datasets.summary("t")

    assert (summary.rows, summary.version, summary.source) == (9, 0, "pull/test")
    assert [column.type for column in summary.columns] == [
        "whole number",
        "list of text",
        "group {x}",
    ]
    assert summary.columns[0].arrow_type == "int64"
    assert (summary.key, bench.datasets.list()) == (("id",), [summary])


def test_reading_picks_columns_and_versions(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id, 'x' a")
    bench.append("t", "SELECT 2 id, 'y' a")

    assert bench.datasets.read("t", 0, ["a"]).to_pylist() == [{"a": "x"}]
    assert bench.datasets.head("t", 1).num_rows == 1
    with pytest.raises(InputError, match="t has no column b"):
        bench.datasets.read("t", columns=["b"])
    with pytest.raises(InputError, match="t has no version 5"):
        bench.datasets.scan("t", 5)


def test_a_deleted_dataset_is_gone_and_may_come_again(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id")
    bench.datasets.delete("t")
    assert bench.datasets.names() == []
    bench.append("t", "SELECT 2 id")
    assert bench.rows("t") == [{"id": 2}]


def test_an_unknown_dataset_is_answered_with_the_nearest_name(bench: Bench) -> None:
    with pytest.raises(InputError, match="no dataset page_event") as caught:
        bench.datasets.read("page_event")
    assert "no dataset yet" in caught.value.hint

    bench.append("page_events", "SELECT 1 id")
    for ask in (bench.datasets.summary, bench.datasets.versions, bench.datasets.delete):
        with pytest.raises(InputError) as caught:
            ask("page_event")
        assert caught.value.hint == "Did you mean page_events?"


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", "é", "con", "A", "a b", "a" * 64, "a\n", ".locks", "1a", "-"]
)
def test_names_that_would_leave_the_folder_are_refused(bench: Bench, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name"):
        bench.append(name, "SELECT 1 id")
    with pytest.raises(InputError):
        bench.datasets.exists(name)


def test_a_home_with_pattern_characters_in_its_path_works(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "o'home [1] * x=1")
    bench.append("t", "SELECT 1 id", "SELECT 2 id")
    bench.commit("t", Update("partition", ("id",)), bench.part("SELECT 2 id, 'x' a"))

    assert bench.rows("t") == [{"id": 1, "a": None}, {"id": 2, "a": "x"}]
    bench.duck.close()


def test_spilled_files_are_gone_afterwards(bench: Bench) -> None:
    bench.append("t", "SELECT 1 id")
    (bench.spool / ".spill" / "999999999-dead").mkdir(parents=True)
    bench.datasets.head("t", 1)

    assert list((bench.spool / ".spill").iterdir()) == []


def test_names_are_quoted_in_sql() -> None:
    assert quoted('a"b') == '"a""b"'
