"""Write rows as a file for other programs: CSV, Parquet or Excel, by the file's ending."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from workbench.errors import InputError
from workbench.store.datasets.shapes import Leaf, Shape, columns_of
from workbench.store.duck import literal, parquet_options, quoted

if TYPE_CHECKING:
    import duckdb

EXCEL_ROWS = 1_048_575
"""Excel's 1,048,576 rows, less the header."""
EXCEL_COLUMNS = 16_384
EXCEL_TEXT = 32_767
"""Characters an Excel cell holds; more would be cut without a word."""
EXCEL_EXACT = 10**15
"""Excel keeps 15 digits; longer whole numbers, ids mostly, are written as text."""
BATCH_ROWS = 10_000
"""Rows handed to the Excel writer at once; memory, not speed, depends on it."""
SUFFIXES = (".csv", ".parquet", ".xlsx")


def opened(name: str, write: Callable[[Path], object]) -> BinaryIO:
    """What ``write`` puts into a file of that name, open for reading.

    Nothing is left behind: the file has lost its name already, and is gone once it is closed.
    """
    with TemporaryDirectory(prefix="workbench-download-") as folder:
        path = Path(folder) / name
        write(path)
        return path.open("rb")


def export_query(connection: duckdb.DuckDBPyConnection, source: str, path: Path) -> int:
    """Write the rows of ``source`` (SQL to stand after FROM) to ``path``; how many there were.

    The file appears whole or not at all. In CSV and Excel, groups and lists are JSON text and
    times are ISO 8601 in UTC.

    Raises:
        InputError: the ending is unknown, the folder is missing, or Excel cannot hold the rows.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path.name} has an ending that cannot be written",
            hint=f"Use one of {', '.join(SUFFIXES)}.",
        )
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist")
    draft = path.with_name(f".{uuid.uuid4().hex}{suffix}")
    try:
        rows = _write(connection, source, suffix, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _write(connection: duckdb.DuckDBPyConnection, source: str, suffix: str, draft: Path) -> int:
    if suffix == ".parquet":
        return _copy(connection, f"SELECT * FROM {source}", draft, parquet_options())
    empty = connection.sql(f"SELECT * FROM {source} LIMIT 0").to_arrow_table()
    columns = columns_of(empty.schema)
    plain = f"SELECT {', '.join(_plain(*column) for column in columns.items())} FROM {source}"
    if suffix == ".csv":
        return _copy(connection, plain, draft, "(FORMAT csv, HEADER)")
    return _excel(connection, plain, columns, draft)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> int:
    [[rows]] = connection.execute(f"COPY ({query}) TO {literal(str(path))} {options}").fetchall()
    return int(rows)


def _plain(name: str, shape: Shape) -> str:
    """A column as text, number or yes/no."""
    value = quoted(name)
    if not isinstance(shape, Leaf):
        return f"CAST(to_json({value}) AS VARCHAR) AS {value}"
    if shape.kind == "time":
        moment = f"strftime(CAST({value} AS TIMESTAMPTZ), '%Y-%m-%dT%H:%M:%S.%fZ')"
        return f"replace({moment}, '.000000Z', 'Z') AS {value}"
    if shape.kind == "bytes":
        return f"base64({value}) AS {value}"
    if shape.kind in ("date", "json", "text"):
        return f"CAST({value} AS VARCHAR) AS {value}"
    return value


def _excel(
    connection: duckdb.DuckDBPyConnection, query: str, columns: dict[str, Shape], path: Path
) -> int:
    from xlsxwriter import Workbook

    rows = _checked_for_excel(connection, query, columns)
    # Constant memory: each row is on disk before the next one comes.
    book = Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    sheet = book.add_worksheet("rows")
    for index, name in enumerate(columns):
        sheet.write_string(0, index, name)
    line = 0
    for batch in connection.sql(query).to_arrow_reader(BATCH_ROWS):
        values = [column.to_pylist() for column in batch.columns]
        for row in zip(*values, strict=True):
            line += 1
            for index, value in enumerate(row):
                if value is not None:
                    _write_cell(sheet, line, index, value)
    book.close()
    return rows


def _checked_for_excel(
    connection: duckdb.DuckDBPyConnection, query: str, columns: dict[str, Shape]
) -> int:
    instead = "Export as .csv or .parquet, which have no limit."
    texts = [
        f"coalesce(max(length({quoted(name)})), 0)"
        for name, shape in columns.items()
        if not (isinstance(shape, Leaf) and shape.kind in ("whole", "number", "decimal", "yes_no"))
    ]
    longest = f"greatest({', '.join(texts)})" if texts else "0"
    [[rows, length]] = connection.execute(f"SELECT count(*), {longest} FROM ({query})").fetchall()
    if rows > EXCEL_ROWS:
        raise InputError(f"{rows:,} rows are more than Excel's {EXCEL_ROWS:,}", hint=instead)
    if len(columns) > EXCEL_COLUMNS:
        raise InputError(f"{len(columns):,} columns are more than Excel's", hint=instead)
    if length > EXCEL_TEXT:
        raise InputError(
            f"A text of {length:,} characters does not fit an Excel cell", hint=instead
        )
    return int(rows)


def _write_cell(sheet: Any, line: int, index: int, value: object) -> None:
    """Write by type: a text that begins with = stays a text, never a formula."""
    if isinstance(value, str):
        sheet.write_string(line, index, value)
    elif isinstance(value, bool):
        sheet.write_boolean(line, index, value)
    elif _outside_excel(value):
        sheet.write_string(line, index, str(value))
    else:
        sheet.write_number(line, index, value)


def _outside_excel(number: object) -> bool:
    if isinstance(number, float):
        return not math.isfinite(number)
    return isinstance(number, int) and abs(number) >= EXCEL_EXACT
