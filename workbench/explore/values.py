"""Values made readable. Pure but for DuckDB on the values given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.sql import name as quoted

if TYPE_CHECKING:
    import pyarrow as pa


def nested_as_json(table: pa.Table) -> pa.Table:
    """The same rows, every nested column as JSON text."""
    import duckdb
    import pyarrow.types as kinds

    listed = ", ".join(
        f"to_json({quoted(field.name)})::VARCHAR AS {quoted(field.name)}"
        if kinds.is_nested(field.type)
        else quoted(field.name)
        for field in table.schema
    )
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("given", table)
        answer: pa.Table = connection.sql(f"SELECT {listed} FROM given").to_arrow_table()
        return answer
    finally:
        connection.close()
