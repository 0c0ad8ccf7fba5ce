"""People's files, in and out: nothing is guessed that cannot be known."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.store.datasets.conftest import Bench
from workbench.errors import InputError
from workbench.store.datasets import Datasets

CSV = """id,zip,score,ok,day,at,note
a1,00123,1,true,2026-03-01,2026-03-01T10:00:00Z,
a2,04109,2.5,FALSE,2026-03-02,2026-03-02 11:30:00+02:00,"two
lines, quoted"
"""


def import_text(bench: Bench, text: str | bytes, *, name: str = "file.csv") -> None:
    path = bench.spool / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    bench.datasets.import_file("t", path)


def test_a_csv_keeps_ids_as_text_and_finds_honest_types(bench: Bench) -> None:
    import_text(bench, CSV)

    assert bench.types("t") == {
        "id": "text",
        "zip": "text",
        "score": "number",
        "ok": "yes/no",
        "day": "date",
        "at": "time (UTC)",
        "note": "text",
    }
    assert list(bench.rows("t")[1].values()) == [
        "a2",
        "04109",
        2.5,
        False,
        date(2026, 3, 2),
        datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        "two\nlines, quoted",
    ]


@pytest.mark.parametrize(
    "value",
    "00123 +15550100 12E4 12345678901234567890 03/04/2026 1.234.567 0x1F nan inf yes -0 1_000 "
    "2026-02-30 9223372036854775808 0.10.1 ١".split(),
)
def test_what_only_looks_like_a_number_or_a_date_stays_text(bench: Bench, value: str) -> None:
    import_text(bench, f"id,v\n1,{value}\n")

    assert bench.rows("t") == [{"id": 1, "v": value}]


def test_separators_and_marks_of_other_programs_are_understood(bench: Bench) -> None:
    for name, text in [
        ("a.csv", "id;name\n1;x\n2;y\n"),
        ("b.tsv", "id\tname\n1\tx\n2\ty\n"),
        ("c.csv", "\ufeffid,name\r\n1,x\r\n2,y\r\n"),
    ]:
        import_text(bench, text, name=name)
        assert bench.rows("t") == [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"id,name\n", "no rows"),
        (b"id,,x\n1,2,3\n", "Column 2 of file.csv has no name"),
        (b"id,id\n1,2\n", "two columns named id"),
        (b"1,2\n3,4\n", "holds values, not column names"),
        ("id,name\n1,Müller\n".encode("latin-1"), "not UTF-8"),
        ("id,name\n1,x\n".encode("utf-16"), "UTF-16"),
        (b"id,name\n" + b"1,x\n" * 5000 + b"1,2,3,4\n", "cannot be read as CSV"),
    ],
    ids=["empty", "header", "unnamed", "twice", "values", "latin-1", "utf-16", "ragged"],
)
def test_a_file_that_cannot_be_read_is_explained(bench: Bench, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        import_text(bench, content)
    assert bench.datasets.names() == []


@pytest.mark.parametrize("name", ["x.xls", "x.docx", "x"])
def test_endings_that_are_not_known_are_refused(bench: Bench, name: str) -> None:
    with pytest.raises(InputError, match="ending"):
        import_text(bench, "id\n1\n", name=name)
    for broken in ("x.xlsx", "x.parquet"):
        with pytest.raises(InputError, match=broken):
            import_text(bench, "id\n1\n", name=broken)
    with pytest.raises(InputError, match="no file"):
        bench.datasets.import_file("t", bench.spool / "absent.csv")


def test_importing_again_replaces_everything_and_append_adds(bench: Bench) -> None:
    import_text(bench, "id,old\n1,x\n")
    import_text(bench, "id,new\nabc,2\n")
    assert bench.rows("t") == [{"id": "abc", "new": 2}]

    path = bench.spool / "more.csv"
    path.write_text("id,new\ndef,3\n")
    committed = bench.datasets.import_file("t", path, append=True, run=5)
    assert (committed.version, committed.rows) == (2, 2)
    newest = bench.datasets.versions("t")[0]
    assert (newest.operation, newest.source, newest.run) == ("import", "more.csv", 5)


def test_names_in_a_header_that_differ_only_in_case_are_kept_apart(bench: Bench) -> None:
    import_text(bench, "Id,id\n1,x\n")
    assert bench.rows("t") == [{"Id": 1, "id__2": "x"}]


def test_an_excel_sheet_keeps_the_types_of_its_cells(bench: Bench) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "n", "v", "at", "mixed", "ok", None])
    sheet.append(["00123", 1, 1, datetime(2026, 3, 1, 10), 5, True])
    sheet.append([None] * 6)
    sheet.append(["00124", 2, 2.5, None, "x", False])
    book.save(bench.spool / "book.xlsx")
    bench.datasets.import_file("t", bench.spool / "book.xlsx")

    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert [list(row.values()) for row in bench.rows("t")] == [
        ["00123", 1, 1.0, at, "5", True],
        ["00124", 2, 2.5, None, "x", False],
    ]


RICH = """
    SELECT 1 id, '=1+1' v, {'a': ['x']} g, TIMESTAMPTZ '2026-03-01 10:00:00+00' AS at,
        DATE '2026-03-01' AS d, 12345678901234567 big, 0.5::DOUBLE n, true ok, [1, 2] l
    UNION ALL SELECT 2, '@evil', NULL, NULL, NULL, NULL, 'nan'::DOUBLE, NULL, NULL
"""
TEXTS = ["1", "=1+1", '{"a":["x"]}', "2026-03-01T10:00:00Z", "2026-03-01", "12345678901234567"]


def test_a_csv_has_json_for_groups_and_iso_times(bench: Bench, tmp_path: Path) -> None:
    import csv

    bench.replace("t", RICH)
    assert bench.datasets.export_file("t", tmp_path / "t.csv") == 2
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = {row["id"]: list(row.values()) for row in csv.DictReader(file)}
    assert rows["1"] == [*TEXTS, "0.5", "true", "[1,2]"]


def test_an_excel_file_has_no_formulas(bench: Bench, tmp_path: Path) -> None:
    bench.replace("t", RICH)
    bench.datasets.export_file("t", tmp_path / "t.xlsx")
    sheet: Any = openpyxl.load_workbook(tmp_path / "t.xlsx")["rows"]

    rows = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert [cell.value for cell in rows[1]] == [1, *TEXTS[1:], 0.5, True, "[1,2]"]
    assert {rows[1][1].data_type, rows[2][1].data_type} == {"s"}
    assert rows[2][6].value == "nan"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "xlsx"])
def test_what_is_exported_can_be_imported_again(bench: Bench, tmp_path: Path, suffix: str) -> None:
    bench.replace("t", "SELECT 1 id, '00123' zip, 0.5::DOUBLE v, DATE '2026-03-01' AS d")
    bench.datasets.export_file("t", tmp_path / f"t.{suffix}")
    bench.datasets.import_file("again", tmp_path / f"t.{suffix}")

    expected = bench.rows("t")
    if suffix == "xlsx":
        expected[0]["d"] = "2026-03-01"
    assert bench.rows("again") == expected


def test_what_excel_cannot_hold_is_said_beforehand(bench: Bench, tmp_path: Path) -> None:
    bench.replace("t", "SELECT range id FROM range(1048576)")
    with pytest.raises(InputError, match="1,048,576 rows are more than Excel's") as caught:
        bench.datasets.export_file("t", tmp_path / "t.xlsx")
    assert ".parquet" in caught.value.hint

    bench.replace("long", "SELECT repeat('x', 40000) v")
    with pytest.raises(InputError, match="40,000 characters"):
        bench.datasets.export_file("long", tmp_path / "t.xlsx")
    assert [path.suffix for path in tmp_path.iterdir() if path.is_file()] == []


def test_an_export_that_cannot_be_written_is_explained(bench: Bench, tmp_path: Path) -> None:
    bench.replace("t", "SELECT 1 id")
    export: Callable[[str, Path], int] = Datasets.export_file.__get__(bench.datasets)
    with pytest.raises(InputError, match="ending"):
        export("t", tmp_path / "t.pdf")
    with pytest.raises(InputError, match="does not exist"):
        export("t", tmp_path / "absent" / "t.csv")
    assert export("t", tmp_path / "a'b [1].csv") == 1
