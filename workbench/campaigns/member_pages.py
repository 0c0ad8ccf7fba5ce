"""Pages of members as they come from Salesforce, made into columns one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench import in_memory
from workbench.campaigns import queries, shapes
from workbench.campaigns.queries import Fields


class MemberPages:
    """Turns pages into columns one by one, so that no more than a page is held as objects."""

    def __init__(self, fields: Fields, *, follow_conversion: bool) -> None:
        self._connection = in_memory.connect()
        self._sql = queries.shaped("page", fields, follow_conversion=follow_conversion)
        self._schema = _nested(fields)
        self._parts: list[pa.Table] = []
        self.newest_at: datetime | None = None

    def take(self, page: list[dict[str, Any]]) -> None:
        """Add one page."""
        if not page:
            return
        self._connection.register("page", pa.Table.from_pylist(page, schema=self._schema))
        columns = self._connection.sql(self._sql).to_arrow_table()
        newest = pc.max(columns["touched_at"]).as_py()
        if newest is not None:
            self.newest_at = max(newest, self.newest_at or newest)
        self._parts.append(columns.select(shapes.THEIRS.names).cast(shapes.THEIRS))

    def rows(self) -> pa.Table:
        """Everything taken, each member once: as it was read last."""
        rows = pa.concat_tables([shapes.empty(shapes.THEIRS), *self._parts])
        # Only filters over parents asked one by one bring a member twice.
        is_once = len(pc.unique(rows["member_id"])) == rows.num_rows
        return rows if is_once else latest(self._parts)

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()


def latest(tables: Iterable[pa.Table]) -> pa.Table:
    """Rows of several reads, each member as the last of them had it."""
    numbered = [
        table.append_column("read", pa.array([number] * table.num_rows, pa.int64()))
        for number, table in enumerate(tables)
    ]
    rows = pa.concat_tables(numbered)
    with in_memory.connect({"rows": rows}) as connection:
        once = connection.sql("""
            SELECT * EXCLUDE (read) FROM rows
            QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY read DESC) = 1
        """)
        return once.to_arrow_table().select(shapes.THEIRS.names).cast(shapes.THEIRS)


def _nested(fields: Fields) -> pa.Schema:
    flags = {"HasResponded", "HasOptedOutOfEmail", fields.member_test, fields.person_test}
    numbers = {fields.there.get(column) for column in shapes.NUMBERS_THERE}

    def kind(name: str) -> pa.DataType:
        if name in numbers:
            return pa.float64()
        return pa.bool_() if name in flags else pa.string()

    def person(names: Sequence[str]) -> pa.DataType:
        return pa.struct([(name, kind(name)) for name in names])

    return pa.schema(
        [
            *((name, kind(name)) for name in fields.member),
            ("Lead", person(fields.lead)),
            ("Contact", person(fields.contact)),
            *([("LeadOrContactOwner", person(("Name",)))] if fields.owners else []),
        ]
    )
