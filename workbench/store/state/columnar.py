"""Rows of a table as Arrow columns and back, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Connection, Date, Float, Integer, Select, Table

from workbench.store.state.tables import Moment

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 5_000
"""Rows held as Python objects while they become columns, or columns become rows."""


def schema_of(query: Select[Any]) -> pa.Schema:
    """The Arrow types of a query's columns; moments are aware, in UTC."""
    import pyarrow as pa

    def arrow(kind: object) -> pa.DataType:
        if isinstance(kind, Moment):
            return pa.timestamp("us", tz="UTC")
        if isinstance(kind, Boolean):
            return pa.bool_()
        if isinstance(kind, Integer):
            return pa.int64()
        if isinstance(kind, Float):
            return pa.float64()
        return pa.date32() if isinstance(kind, Date) else pa.string()

    return pa.schema([(c.name, arrow(c.type)) for c in query.selected_columns])


def read(connection: Connection, query: Select[Any]) -> pa.Table:
    """A query's rows as one table, whose columns hold no Python objects."""
    import pyarrow as pa

    schema = schema_of(query)
    batches = []
    rows = connection.execution_options(yield_per=AT_ONCE).execute(query)
    for part in rows.partitions():
        columns = list(zip(*part, strict=True))
        arrays = [pa.array(each, kind) for each, kind in zip(columns, schema.types, strict=True)]
        batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def rows_of(table: pa.Table, also: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """A table's rows with the values of ``also``, some thousands at a time."""
    for batch in table.to_batches(max_chunksize=AT_ONCE):
        yield [{**row, **also} for row in batch.to_pylist()]


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or change those whose primary key is there; columns not given stay."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    key = [column.name for column in table.primary_key]
    adding = insert(table)
    changed = {name: adding.excluded[name] for name in rows[0] if name not in key}
    connection.execute(adding.on_conflict_do_update(index_elements=key, set_=changed), list(rows))
