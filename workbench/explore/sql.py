"""Users' SQL over all datasets by name: exactly one question, never a change.

Three walls, because each alone has a hole: the statement must be one SELECT (or an EXPLAIN of
one); the connection reads below the datasets' folder only; its configuration is locked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

from workbench.errors import InputError, StorageError
from workbench.explore.engine import MEMORY_LIMIT_MB, Scannable, looking
from workbench.words import nearest

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 10_000
"""Rows taken from DuckDB at a time, so that a limit stops the query early."""
PATIENCE_S = 120.0
"""A question that takes longer is stopped: it holds memory and cores that pulls need."""
ONE_QUESTION = "Write one SELECT (or EXPLAIN SELECT): datasets change through pulls and imports."


def query(
    datasets: Scannable,
    text: str,
    *,
    limit: int | None = None,
    patience_s: float = PATIENCE_S,
) -> pa.Table:
    """Answer one SELECT over the datasets, each a view of its own name.

    Args:
        datasets: Where the views come from; only those that ``text`` mentions are opened.
        text: One SELECT, or EXPLAIN of one.
        limit: Most rows to answer with; None is all.
        patience_s: Seconds after which the question is stopped.

    Raises:
        InputError: not one question, wrong SQL, an unknown table or column, or a file outside.
        StorageError: it needs more memory than it may have.
    """
    import pyarrow as pa

    _one_question(text)
    names = datasets.names()
    views = {name: datasets.scan(name) for name in _mentioned(text, names)}
    with looking(datasets, views) as connection, _in_words(names, patience_s):
        timer = Timer(patience_s, connection.interrupt)
        timer.start()
        try:
            reader = connection.sql(text).to_arrow_reader(BATCH_ROWS)
            table = pa.Table.from_batches(_taken(reader, limit), reader.schema)
        finally:
            timer.cancel()
    return _with_plain_totals(table)


def _with_plain_totals(table: pa.Table) -> pa.Table:
    """Totals of whole numbers as whole numbers.

    DuckDB's ``sum`` is 128 bits wide, which arrives as a decimal that no chart and no frame takes
    for a number. What does not fit 64 bits stays as it is.
    """
    import pyarrow as pa

    for at, column in enumerate(table.schema):
        if column.type == pa.decimal128(38, 0):
            try:
                whole = table.column(at).cast(pa.int64())
            except pa.ArrowInvalid:
                continue
            table = table.set_column(at, column.name, whole)
    return table


def _taken(reader: pa.RecordBatchReader, limit: int | None) -> Iterator[pa.RecordBatch]:
    """Batches of the answer until ``limit`` rows are there."""
    left = limit
    for batch in reader:
        if left is None:
            yield batch
            continue
        yield batch.slice(0, left)
        left -= min(left, batch.num_rows)
        if not left:
            return


def _mentioned(text: str, names: list[str]) -> list[str]:
    """The datasets whose names occur in the text; opening all would cost as many log reads."""
    words = {word.lower() for word in re.findall(r"\w+", text)}
    return [name for name in names if name in words]


def _one_question(text: str) -> None:
    """Refuse everything but one SELECT, or an EXPLAIN of one.

    Raises:
        InputError: it is something else, or several.
    """
    kinds = _kinds(text)
    if not kinds:
        raise InputError("There is no question in the SQL", hint=ONE_QUESTION)
    if len(kinds) > 1:
        raise InputError(f"The SQL holds {len(kinds)} statements", hint=ONE_QUESTION)
    kind = kinds[0]
    # EXPLAIN ANALYZE carries out what it explains, and that could be a COPY into the folder.
    if kind == "EXPLAIN":
        explained = _kinds(_explained(text))
        kind = "SELECT" if explained == ["SELECT"] else "".join(explained[:1])
    if kind == "MULTI":
        raise InputError(
            "PIVOT needs its values said here",
            hint="Write PIVOT … ON column IN (value, value), or count with FILTER.",
        )
    if kind != "SELECT":
        raise InputError(
            f"SQL here only reads; {kind or 'this'} is not a SELECT", hint=ONE_QUESTION
        )


def _kinds(text: str) -> list[str]:
    import duckdb

    try:
        return [statement.type.name for statement in duckdb.extract_statements(text)]
    except duckdb.ParserException as error:
        raise _syntax(error) from error


def _explained(text: str) -> str:
    """What an EXPLAIN explains: the text after its own words and options."""
    import duckdb

    words = {"explain", "analyze", "verbose"}
    depth = 0
    for at, kind in duckdb.tokenize(text):
        if kind.name == "comment":
            continue
        if text[at] in "()":
            depth += 1 if text[at] == "(" else -1
            continue
        word = re.match(r"\w*", text[at:])
        if depth == 0 and word is not None and word[0].lower() not in words:
            return text[at:]
    return ""


@contextmanager
def _in_words(names: list[str], patience_s: float) -> Iterator[None]:
    """Say DuckDB's errors in words an analyst can act on."""
    import duckdb

    try:
        yield
    except duckdb.ParserException as error:
        raise _syntax(error) from error
    except duckdb.CatalogException as error:
        raise _unknown(error, names) from error
    except duckdb.PermissionException as error:
        raise InputError(
            "SQL here reads datasets only, no files and no addresses",
            hint="Import the file as a dataset first: dataset import NAME FILE.",
        ) from error
    except duckdb.InterruptException as error:
        raise InputError(
            f"The question took longer than {patience_s:g} seconds and was stopped",
            hint="Ask for fewer days, or count before you list.",
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise StorageError(
            f"The question needs more than the {MEMORY_LIMIT_MB} MB it may use",
            hint="Ask for fewer rows or columns, or group before you sort.",
        ) from error
    except duckdb.Error as error:
        raise InputError(_sentence(error), hint=_where(error), details=str(error)) from error


def _syntax(error: Exception) -> InputError:
    return InputError(f"The SQL does not read: {_sentence(error)}", hint=_where(error))


def _unknown(error: Exception, names: list[str]) -> InputError:
    """An unknown table or function, with the nearest one of ours."""
    table = re.search(r"Table with name (.+?) does not exist", str(error))
    if table is None:
        return InputError(_sentence(error), hint=_where(error))
    listed = ", ".join(names[:20]) if names else "none yet; run a pull first"
    return InputError(
        f"There is no dataset {table[1]}{nearest(table[1].lower(), names)}",
        hint=f"Datasets: {listed}. {_where(error)}".strip(),
    )


def _sentence(error: Exception) -> str:
    """DuckDB's own first line, without the name of its class."""
    first = str(error).strip().splitlines()[0]
    return re.sub(r"^[A-Z][A-Za-z ]*(?:Error|Exception): ", "", first)


def _where(error: Exception) -> str:
    """The line that DuckDB points at, or DuckDB's own suggestion of columns."""
    lines = str(error).splitlines()
    candidates = next((line for line in lines if line.startswith("Candidate bindings")), "")
    at = next((line for line in lines if re.match(r"LINE \d+:", line)), "")
    place = re.sub(r"^LINE (\d+): *", r"Line \1: ", at)
    return " ".join(part for part in (candidates, place) if part)
