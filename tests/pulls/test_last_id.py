"""Where a page of ids ends, told from its spooled rows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from workbench.errors import BrokenAnswerError
from workbench.pulls import parts
from workbench.pulls.found import SMALL_OBJECT_BYTES, last_id

# NUL and lone surrogates are no text that an answer could hold.
ids = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = parts.connect()
    yield connection
    connection.close()


def ends(folder: Path, rows: Any, cursor: duckdb.DuckDBPyConnection) -> tuple[int, str | None]:
    spool = folder / "page.json"
    spool.write_text(json.dumps(rows), encoding="utf-8")
    return last_id(spool, "visitorId", cursor)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(found=st.lists(ids, min_size=1))
@example(found=["a\\", 'a"', "ä", "Z", "𐀀", "\uffff", " ", ""])
@example(found=["null", "0042", "42", "7"])
def test_a_page_ends_with_the_largest_id_by_its_bytes(
    found: list[str], tmp_path: Path, cursor: duckdb.DuckDBPyConnection
) -> None:
    rows = [{"metadata": {"visitorId": "~"}, "visitorId": each} for each in found]

    assert ends(tmp_path, rows, cursor) == (len(found), max(found, key=str.encode))


def test_a_page_without_rows_has_no_last_id(
    tmp_path: Path, cursor: duckdb.DuckDBPyConnection
) -> None:
    assert ends(tmp_path, [], cursor) == (0, None)


def test_rows_without_an_id_are_counted_and_end_nothing(
    tmp_path: Path, cursor: duckdb.DuckDBPyConnection
) -> None:
    rows = [{"visitorId": None}, {"visitorId": "a"}, {"accountId": "z"}]

    assert ends(tmp_path, rows, cursor) == (3, "a")


def test_a_row_that_is_wider_than_any_expected_is_read_all_the_same(
    tmp_path: Path, cursor: duckdb.DuckDBPyConnection
) -> None:
    wide = {"visitorId": "b", "metadata": "x" * (SMALL_OBJECT_BYTES + 1)}

    assert ends(tmp_path, [{"visitorId": "a"}, wide], cursor) == (2, "b")


@pytest.mark.parametrize("rows", [[{"visitorId": "a"}, 3], [{"visitorId": "a"}, None], ["a"]])
def test_a_page_of_something_else_than_rows_is_refused(
    rows: list[Any], tmp_path: Path, cursor: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(BrokenAnswerError):
        ends(tmp_path, rows, cursor)
