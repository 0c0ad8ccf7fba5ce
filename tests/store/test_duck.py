"""More memory is taken only where rows turn out too wide for less."""

from pathlib import Path

import duckdb
import pytest

from workbench.errors import StorageError
from workbench.pulls import parts
from workbench.store.duck import ROOMS, first_with_room, with_room


def test_work_is_done_again_with_more_room_until_it_suffices(tmp_path: Path) -> None:
    seen = []

    def work(connection: duckdb.DuckDBPyConnection) -> str:
        seen.append(connection.sql("SELECT current_setting('threads')").fetchall()[0][0])
        if len(seen) < 3:
            raise duckdb.OutOfMemoryException("full")
        return "done"

    assert with_room(tmp_path, work) == "done"
    assert seen == [threads for _memory, threads in ROOMS[:3]]
    assert list(tmp_path.iterdir()) == []


def test_a_pull_keeps_the_room_it_once_needed() -> None:
    seen = []
    with parts.connect() as connection:
        cursor = connection.cursor()

        def work() -> None:
            seen.append(cursor.sql("SELECT current_setting('memory_limit')").fetchall()[0][0])
            if len(seen) == 1:
                raise duckdb.OutOfMemoryException("full")

        parts.with_room(cursor, work)
        parts.with_room(cursor, work)

    assert seen[0] != seen[1] == seen[2]


def test_rows_too_wide_for_any_room_are_said_with_what_to_do() -> None:
    def full() -> None:
        raise duckdb.OutOfMemoryException("no more")

    with pytest.raises(StorageError, match="too wide for 1,024 MB of memory") as raised:
        first_with_room([full, full], 1024, hint="Leave out columns.")

    assert (raised.value.hint, raised.value.details) == ("Leave out columns.", "no more")


def test_rows_that_turn_out_too_wide_while_they_are_streamed_get_more_room_too(
    tmp_path: Path,
) -> None:
    limits = []
    late = "repeat('x', CASE WHEN i = 300_000 THEN 150_000_000 ELSE 1 END)"

    def work(connection: duckdb.DuckDBPyConnection) -> int:
        limits.append(connection.sql("SELECT current_setting('memory_limit')").fetchall()[0][0])
        rows = connection.sql(f"SELECT {late} AS text FROM range(300_001) AS rows(i)")
        return sum(batch.num_rows for batch in rows.to_arrow_reader(8_192))

    assert with_room(tmp_path, work) == 300_001
    assert len(set(limits)) > 1


def test_another_fault_of_the_disk_is_no_reason_to_try_again(tmp_path: Path) -> None:
    tries = []

    def work(connection: duckdb.DuckDBPyConnection) -> None:
        tries.append(connection)
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        with_room(tmp_path, work)
    assert len(tries) == 1
