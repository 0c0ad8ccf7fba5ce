"""``dataset …``: from a file and back, queried, compared, reverted."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

CSV = "id,name,score\n1,Ann,0.5\n2,Bob,\n3,Zoë,0.25\n"


@pytest.fixture
def people(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(CSV)
    (tmp_path / "more.csv").write_text("id,name,score\n3,Zoe,0.75\n4,Dan,1\n")
    assert cli("dataset", "import", "people", "people.csv").code == 0


def test_a_file_becomes_a_dataset_and_a_file_again(cli: Cli, people: None, tmp_path: Path) -> None:
    [summary] = cli("dataset", "list", "--json").value

    assert list(summary) == [
        "name",
        "rows",
        "columns",
        "size_bytes",
        "version",
        "updated_at",
        "source",
    ]
    assert (summary["name"], summary["rows"], summary["version"]) == ("people", 3, 0)
    assert [column["name"] for column in summary["columns"]] == ["id", "name", "score"]
    for suffix in ("csv", "parquet", "xlsx"):
        done = cli("dataset", "export", "people", "--out", f"out.{suffix}", "--json")
        assert done.value == {"file": f"out.{suffix}", "rows": 3}
        assert cli("dataset", "import", f"again_{suffix}", f"out.{suffix}").code == 0
        rows = cli("dataset", "sql", f"SELECT * FROM again_{suffix} ORDER BY id", "--json").value
        assert [row["name"] for row in rows] == ["Ann", "Bob", "Zoë"]
    assert "people" in cli("dataset", "list").out


def test_importing_again_replaces_and_append_adds(cli: Cli, people: None) -> None:
    replaced = cli("dataset", "import", "people", "more.csv", "--json").value
    appended = cli("dataset", "import", "people", "people.csv", "--append", "--json").value

    assert (replaced["version"], replaced["rows"]) == (1, 2)
    assert (appended["version"], appended["rows"]) == (2, 5)
    versions = cli("dataset", "versions", "people", "--json").value
    assert list(versions[0]) == [
        "version",
        "at",
        "run",
        "operation",
        "rows",
    ]
    assert sorted(version["rows"] for version in versions) == [2, 3, 5]
    assert cli("dataset", "versions", "people").code == 0


def test_two_versions_are_compared_and_an_old_one_comes_back(cli: Cli, people: None) -> None:
    cli("dataset", "import", "people", "more.csv")

    found = cli("dataset", "diff", "people", "0", "1", "--json").value
    assert (found["added"], found["removed"]) == (2, 3)
    assert "2 added, 3 removed" in cli("dataset", "diff", "people", "0", "1").out

    assert cli("dataset", "revert", "people", "0", "--json").value["version"] == 2
    assert cli("dataset", "sql", "SELECT count(*) AS n FROM people", "--json").value == [{"n": 3}]
    old = cli("dataset", "export", "people", "--out", "old.csv", "--version", "1", "--json")
    assert old.value["rows"] == 2


def test_a_dataset_is_shown_with_its_column_statistics(cli: Cli, people: None) -> None:
    shown = cli("dataset", "show", "people", "--json").value

    by_name = {column["column"]: column for column in shown["statistics"]}
    assert by_name["score"]["nulls"] == 1
    assert by_name["id"]["most"] == 3
    text = cli("dataset", "show", "people").out
    assert text.startswith("people: 3 rows, version 0")
    assert "33.3%" in text


def test_sql_answers_in_text_json_and_files(cli: Cli, people: None, tmp_path: Path) -> None:
    query = "SELECT name, score FROM people ORDER BY id"

    assert cli("dataset", "sql", query).out.splitlines() == [
        "name  score",
        "----  -----",
        "Ann   0.5",
        "Bob",
        "Zoë   0.25",
    ]
    assert cli("dataset", "sql", query, "--json").value[1] == {"name": "Bob", "score": None}
    assert len(cli("dataset", "sql", query, "--limit", "2", "--json").value) == 2
    assert cli("dataset", "sql", query, "--out", "out.csv").out == "out.csv: 3 rows\n"
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "name,score",
        "Ann,0.5",
        "Bob,",
        "Zoë,0.25",
    ]
    total = cli("dataset", "sql", "SELECT sum(id) AS total FROM people", "--json").value
    assert total == [{"total": 6}]


def test_a_screen_shows_the_first_rows_and_says_so(cli: Cli, people: None) -> None:
    done = cli("dataset", "sql", "SELECT * FROM range(150)")

    assert len(done.out.splitlines()) == 102
    assert done.err.startswith("The first 100 rows;")
    assert (
        len(cli("dataset", "sql", "SELECT * FROM range(150)", "--limit", "120").out.splitlines())
        == 122
    )
    assert len(cli("dataset", "sql", "SELECT * FROM range(150)", "--json").value) == 150


def test_a_sorted_answer_stays_sorted_in_a_file(cli: Cli, people: None, tmp_path: Path) -> None:
    cli("dataset", "sql", "SELECT range AS n FROM range(300000) ORDER BY n", "--out", "n.csv")

    numbers = [int(line) for line in (tmp_path / "n.csv").read_text().splitlines()[1:]]
    assert numbers == list(range(300_000))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["sql", "DROP TABLE people"], ""),
        (["sql", "SELECT 1; SELECT 2"], ""),
        (["sql", "COPY people TO 'x.csv'"], ""),
        (["sql", "SELECT * FROM peple"], ""),
        (["sql", "SELECT * FROM read_csv('/etc/passwd')"], ""),
        (["sql", "SELECT * FROM people", "--out", "x.txt"], ""),
        (["sql", "SELECT * FROM people", "--out", "gone/x.csv"], ""),
        (["show", "peple"], ""),
        (["show", "../people"], ""),
        (["versions", "peple"], ""),
        (["export", "people", "--out", "x.doc"], ""),
        (["export", "people", "--out", "x.csv", "--version", "9"], ""),
        (["import", "../../outside", "people.csv"], ""),
        (["import", "people", "gone.csv"], "There is no file gone.csv"),
        (["import", "people", "../"], "There is no file ../"),
        (["import", "people", "binary.xlsx"], ""),
        (["import", "people", "binary.parquet"], ""),
        (["diff", "people", "0", "9"], ""),
        (["revert", "people", "9"], ""),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
    cli: Cli, people: None, tmp_path: Path, words: list[str], error: str
) -> None:
    for name in ("binary.xlsx", "binary.parquet"):
        (tmp_path / name).write_bytes(b"\x00\x01\x02" * 1000)
    before = sorted(path.name for path in tmp_path.iterdir())

    done = cli("dataset", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {error}")
    assert "unexpected" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert len(cli("dataset", "versions", "people", "--json").value) == 1


def test_json_of_an_empty_home_is_an_empty_list(cli: Cli) -> None:
    assert json.loads(cli("dataset", "list", "--json").out) == []
    assert cli("dataset", "list").out == ""
