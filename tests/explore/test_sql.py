"""Users' SQL reads every dataset by name, and can do nothing else."""

from pathlib import Path
from typing import Any

import pytest

from workbench.errors import InputError
from workbench.explore.sql import query


def test_a_dataset_is_a_table_of_its_name(shelf: Any) -> None:
    answer = query(
        shelf, "SELECT pageId, sum(numEvents) AS n FROM page_events GROUP BY 1 ORDER BY 1"
    )

    assert answer.num_rows == 4
    assert answer.column_names == ["pageId", "n"]


def test_a_total_is_a_whole_number_and_no_decimal(shelf: Any) -> None:
    answer = query(shelf, "SELECT sum(numEvents) AS n, 2::HUGEINT ** 100 AS far FROM page_events")

    assert str(answer.schema.field("n").type) == "int64"
    assert answer.column("far").to_pylist()[0] > 2**63


def test_datasets_join_with_each_other_whatever_the_case_of_their_names(shelf: Any) -> None:
    answer = query(shelf, "SELECT count(*) AS n FROM Page_Events LEFT JOIN nothing USING (day)")

    assert answer.to_pylist() == [{"n": 60}]


def test_a_limit_ends_the_answer_and_keeps_its_order(shelf: Any) -> None:
    answer = query(shelf, "SELECT numEvents FROM page_events ORDER BY 1 DESC", limit=3)

    assert answer.column("numEvents").to_pylist() == [59, 58, 57]


def test_an_answer_without_rows_still_has_its_columns(shelf: Any) -> None:
    assert query(shelf, "SELECT day FROM nothing").column_names == ["day"]


def test_a_question_may_be_explained(shelf: Any) -> None:
    assert query(shelf, "EXPLAIN SELECT * FROM page_events").num_rows > 0
    assert query(shelf, "/* why */ explain (analyze) -- so\n FROM page_events").num_rows > 0


def test_words_in_comments_and_texts_are_only_words(shelf: Any) -> None:
    answer = query(shelf, "SELECT ';DROP TABLE x' AS t /* ; COPY */ -- ; ATTACH")

    assert answer.to_pylist() == [{"t": ";DROP TABLE x"}]


@pytest.mark.parametrize(
    "text",
    [
        "COPY page_events TO 'x.csv'",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA version",
        "CALL pragma_version()",
        "SET threads = 1",
        "RESET threads",
        "SET VARIABLE a = 1",
        "CREATE TABLE t (i INT)",
        "CREATE OR REPLACE VIEW page_events AS SELECT 1",
        "DROP VIEW page_events",
        "DELETE FROM page_events",
        "UPDATE page_events SET day = NULL",
        "EXPORT DATABASE 'x'",
        "IMPORT DATABASE 'x'",
        "CHECKPOINT",
        "VACUUM",
        "USE x",
        "BEGIN",
        "PREPARE p AS SELECT 1",
        "SELECT 1; DROP VIEW page_events",
        "SELECT 1; SELECT 2",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/x.parquet' (use_tmp_file false)",
        "EXPLAIN /* a */ (ANALYZE) COPY (SELECT 1) TO '{root}/x.parquet'",
        "EXPLAIN (ANALYZE, FORMAT json) COPY (SELECT 1) TO '{root}/x.parquet'",
        "EXPLAIN EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/x.parquet'",
        "",
        "  -- nothing\n;",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('{root}/../secret.txt')",
        "SELECT * FROM '{root}/../secret.txt'",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM read_csv('https://example.com/x.csv')",
        "SELECT getenv('HOME')",
        "SELECT * FROM query('COPY (SELECT 1) TO ''x''')",
        "SELECT * FROM (COPY page_events TO 'x')",
        "WITH x AS (INSERT INTO page_events SELECT 1 RETURNING *) SELECT * FROM x",
        "PIVOT page_events ON country USING count(*)",
    ],
)
def test_whatever_is_not_one_question_about_datasets_is_refused(shelf: Any, text: str) -> None:
    before = sorted(shelf.root.parent.rglob("*"))

    with pytest.raises(InputError) as refused:
        query(shelf, text.replace("{root}", str(shelf.root)))

    assert str(refused.value)
    assert sorted(shelf.root.parent.rglob("*")) == before
    assert not Path("x").exists()


def test_an_unknown_table_names_the_nearest_dataset(shelf: Any) -> None:
    with pytest.raises(InputError, match="no dataset pagevents; did you mean page_events"):
        query(shelf, "SELECT * FROM pagevents")


def test_an_unknown_column_names_the_nearest_one(shelf: Any) -> None:
    with pytest.raises(InputError, match="numEvent") as wrong:
        query(shelf, "SELECT numEvent FROM page_events")

    assert "numEvents" in wrong.value.hint


def test_a_slip_of_the_keyboard_is_shown_with_its_line(shelf: Any) -> None:
    with pytest.raises(InputError, match="does not read") as wrong:
        query(shelf, "SELECT day\nFRM page_events")

    assert wrong.value.hint.startswith("Line 2:")


def test_a_question_without_end_is_stopped(shelf: Any) -> None:
    with pytest.raises(InputError, match="longer than"):
        query(
            shelf,
            "SELECT sum(a.i * b.i) AS n FROM range(10000000) a(i), range(10000000) b(i)",
            patience_s=0.2,
        )
