"""Read a person's file, CSV, Parquet or Excel, into a part with honest types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.store.datasets.excel import excel_to_parquet
from workbench.store.datasets.model import Part
from workbench.store.duck import literal, parquet_options, quoted

if TYPE_CHECKING:
    import duckdb

BOMS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
"""How files that are text, but not UTF-8, begin."""
HEAD_BYTES = 4096
"""Enough of a file to know what it is not."""

WHOLE = "-?[1-9][0-9]{0,17}|0"
"""Digits that come back as they were: 00123 and +1555 are texts that look like numbers."""
EXPONENT = r"[eE][+-]?[0-9]{1,3}"
NUMBER = (
    rf"(-?[1-9][0-9]{{0,14}}|0)(\.[0-9]+({EXPONENT})?|[eE][+-][0-9]{{1,3}})?"
    rf"|-0\.[0-9]+({EXPONENT})?"
)
"""At most 15 digits before the point, for a double keeps no more; 12E4 is an article number."""
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""Only ISO dates: nobody can tell 03/04/2026 from 04/03/2026."""
TIME = DATE + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?"


def to_part(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> Part:
    """Write the file's rows to ``target`` as Parquet.

    Raises:
        InputError: the file is missing, empty, of another kind, or broken; says where.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty")
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        rows = _csv(connection, path, target)
    elif suffix == ".parquet":
        rows = _parquet(connection, path, target)
    elif suffix in (".xlsx", ".xlsm"):
        rows = excel_to_parquet(path, target)
    else:
        raise InputError(
            f"{path.name} has an ending that cannot be read",
            hint="Bring CSV, Parquet or Excel (.xlsx).",
        )
    if rows == 0:
        raise InputError(f"{path.name} has column names but no rows")
    return Part(target, rows)


def _parquet(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> int:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from workbench.store.datasets.scan import paths_sql

    try:
        names = pq.read_schema(path).names
        check_header(names, path.name)
        source = f"read_parquet({paths_sql([path])}, hive_partitioning=false)"
        return _copied(connection, f"SELECT * FROM {source}", target)
    except (OSError, pa.ArrowInvalid, duckdb.Error) as error:
        raise _unreadable(path, "Parquet", error) from error


def _unreadable(path: Path, kind: str, error: Exception) -> Exception:
    import duckdb

    ours = isinstance(error, OSError | duckdb.OutOfMemoryException)
    if ours or "Could not write" in str(error):
        return error
    first = str(error).splitlines()[0]
    return InputError(f"{path.name} cannot be read as {kind}: {first}", details=str(error))


def _copied(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    statement = f"COPY ({query}) TO {literal(str(target))} {parquet_options()}"
    [[rows]] = connection.execute(statement).fetchall()
    return int(rows)


def _csv(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> int:
    import duckdb

    _check_encoding(path)
    try:
        names = _header(connection, path)
        check_header(names, path.name)
        listed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in _distinct(names))
        source = f"read_csv({_csv_path(path)}, header=true, {_dialect(path)}columns={{{listed}}})"
        selected = _typed(connection, source, names)
        return _copied(connection, f"SELECT {selected} FROM {source}", target)
    except duckdb.Error as error:
        if "utf-8" in str(error).lower() or "unicode" in str(error).lower():
            raise InputError(
                f"{path.name} is not UTF-8 text", hint='Save it as "CSV UTF-8", then try again.'
            ) from error
        raise _unreadable(path, "CSV", error) from error


def _csv_path(path: Path) -> str:
    from workbench.store.datasets.scan import paths_sql

    return paths_sql([path])


def _dialect(path: Path) -> str:
    return "delim='\t', " if path.suffix.lower() == ".tsv" else ""


def _check_encoding(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    for mark, encoding in BOMS:
        if head.startswith(mark):
            raise InputError(
                f"{path.name} is {encoding} text", hint='Save it as "CSV UTF-8", then try again.'
            )
    if b"\x00" in head:
        raise InputError(f"{path.name} is not a text file")


def _header(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The first line's cells, read by the same rules as the rest of the file."""
    rows = connection.execute(
        f"SELECT * FROM read_csv({_csv_path(path)}, header=false, all_varchar=true, "
        f"{_dialect(path)}null_padding=true, parallel=false) LIMIT 1"
    ).fetchall()
    return [(value or "").strip() for value in rows[0]] if rows else []


def _distinct(names: list[str]) -> list[str]:
    """Names DuckDB can tell apart; the exact ones are given back when the rows are selected."""
    return [f"c{index}" for index in range(len(names))]


def check_header(names: list[str], file: str) -> None:
    """See that the first line can be column names.

    Raises:
        InputError: a name is empty or repeats, or the line holds values.
    """
    if not names:
        raise InputError(f"{file} is empty")
    for number, name in enumerate(names, 1):
        if not name:
            raise InputError(f"Column {number} of {file} has no name", hint="Name every column.")
        if name in names[: number - 1]:
            raise InputError(f"{file} has two columns named {name}", hint="Rename one of them.")
    if all(_is_value(name) for name in names):
        raise InputError(
            f"The first line of {file} holds values, not column names",
            hint="Add a first line with a name for each column.",
        )


def _is_value(text: str) -> bool:
    import re

    return any(re.fullmatch(pattern, text) for pattern in (WHOLE, NUMBER, TIME, DATE))


def _typed(connection: duckdb.DuckDBPyConnection, source: str, names: list[str]) -> str:
    """The select list with every column cast to the narrowest type all its values have."""
    columns = _distinct(names)
    tests = [test for column in columns for test in _tests(column)]
    [answers] = connection.execute(f"SELECT {', '.join(tests)} FROM {source}").fetchall()
    heard = iter(answers)
    selected = []
    for name, column in zip(spelled_apart(names), columns, strict=True):
        verdicts = [next(heard) for _ in _tests(column)]
        selected.append(f"{_cast(column, verdicts)} AS {quoted(name)}")
    return ", ".join(selected)


def spelled_apart(names: list[str]) -> list[str]:
    """Names that differ in more than letter case, as SQL needs them: Name, name__2."""
    apart: list[str] = []
    for name in names:
        taken = {other.lower() for other in apart}
        candidate, number = name, 2
        while candidate.lower() in taken:
            candidate, number = f"{name}__{number}", number + 1
        apart.append(candidate)
    return apart


def _tests(column: str) -> list[str]:
    return [
        f"bool_and(regexp_full_match({column}, {literal(WHOLE)}))",
        f"bool_and(regexp_full_match({column}, {literal(NUMBER)}))",
        f"bool_and(lower({column}) IN ('true', 'false'))",
        f"bool_and(regexp_full_match({column}, {literal(DATE)}) "
        f"AND TRY_CAST({column} AS DATE) IS NOT NULL)",
        f"bool_and(regexp_full_match({column}, {literal(TIME)}) "
        f"AND TRY_CAST({column} AS TIMESTAMPTZ) IS NOT NULL)",
    ]


def _cast(column: str, verdicts: list[bool | None]) -> str:
    types = ("BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMPTZ")
    for verdict, dtype in zip(verdicts, types, strict=True):
        if verdict:
            return f"CAST({column} AS {dtype})"
    return column
