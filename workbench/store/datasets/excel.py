"""Read an Excel sheet into a Parquet file, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from workbench.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 10_000
"""Rows in memory at once."""
Row = tuple[Any, ...]


def excel_to_parquet(path: Path, target: Path) -> int:
    """Write the first sheet's rows to ``target``; how many there were.

    The sheet is read twice, first for the types: a column is whole numbers, numbers, yes/no,
    dates or times only if every cell is.

    Raises:
        InputError: the file is not a workbook, or its first line is no header.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from workbench.store.datasets.imports import check_header

    header = next(_rows(path), ())
    names = [str(cell).strip() if cell is not None else "" for cell in header]
    while names and not names[-1]:
        names.pop()
    check_header(names, path.name)
    schema = _schema(path, names)
    count = 0
    with pq.ParquetWriter(target, schema) as writer:
        rows = islice(_rows(path), 1, None)
        while batch := list(islice(rows, BATCH_ROWS)):
            filled = [row for row in batch if any(cell is not None for cell in row)]
            columns = [
                pa.array(
                    [_as(row[i] if i < len(row) else None, field.type) for row in filled]
                ).cast(field.type)
                for i, field in enumerate(schema)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            count += len(filled)
    return count


def _rows(path: Path) -> Iterator[Row]:
    """The cells' values, line by line; the workbook is closed behind them."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise InputError(f"{path.name} is not an Excel workbook (.xlsx)") from error
    try:
        yield from book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()


def _schema(path: Path, names: list[str]) -> pa.Schema:
    import pyarrow as pa

    from workbench.store.datasets.imports import spelled_apart

    kinds: list[set[type]] = [set() for _ in names]
    for number, row in enumerate(islice(_rows(path), 1, None), 2):
        if any(cell is not None for cell in row[len(names) :]):
            raise InputError(f"Row {number} of {path.name} has a value beyond the named columns")
        for seen, cell in zip(kinds, row, strict=False):
            if cell is not None:
                seen.add(type(cell))
    types = [_type(seen) for seen in kinds]
    return pa.schema(list(zip(spelled_apart(names), types, strict=True)))


def _type(seen: set[type]) -> pa.DataType:
    import pyarrow as pa

    if seen == {bool}:
        return pa.bool_()
    if seen == {int}:
        return pa.int64()
    if seen and seen <= {int, float}:
        return pa.float64()
    if seen == {date}:
        return pa.date32()
    if seen and seen <= {datetime, date}:
        return pa.timestamp("us", "UTC")
    return pa.string()


def _as(cell: Any, dtype: pa.DataType) -> Any:
    """A cell as the column's type; Excel's times have no zone and are taken as UTC."""
    import pyarrow.types as is_

    if cell is None:
        return None
    if is_.is_timestamp(dtype):
        moment = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
        return moment.replace(tzinfo=UTC)
    if is_.is_string(dtype):
        return cell.isoformat() if isinstance(cell, date | time) else str(cell)
    return float(cell) if is_.is_floating(dtype) else cell
