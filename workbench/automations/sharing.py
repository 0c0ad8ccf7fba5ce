"""Records that other automations write too, in the same fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.automations.plan import PlanInputs, PlannedField


def share(
    connection: duckdb.DuckDBPyConnection, inputs: PlanInputs, fields: Sequence[PlannedField]
) -> bool:
    """Make the table ``shared``, ids and who writes them; False, and no table, where none is."""
    import pyarrow as pa

    overlapping = list(_overlaps(inputs, fields))
    if not overlapping:
        return False
    tables = [
        pa.table({"id": ids, "name": pa.repeat(pa.scalar(name), len(ids))})
        for name, ids in overlapping
    ]
    connection.register("others", pa.concat_tables(tables))
    connection.execute(
        "CREATE OR REPLACE TABLE shared AS SELECT id, string_agg(DISTINCT name, ', ' "
        "ORDER BY name) AS names FROM others GROUP BY id"
    )
    return True


def _overlaps(inputs: PlanInputs, fields: Sequence[PlannedField]) -> Iterator[tuple[str, pa.Array]]:
    """Other automations that write one of these fields, and of which the records are known."""
    names = {field.name for field in fields}
    for other in inputs.others:
        same = other.object == inputs.automation.update.object and names & set(other.fields)
        if same and other.ids is not None and len(other.ids):
            yield other.name, other.ids
