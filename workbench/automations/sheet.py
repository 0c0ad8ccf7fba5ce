"""The change sheet of a plan in the making or of a finished one: pages of rows, and downloads.

Only the rows of one page leave DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from workbench import sql
from workbench.automations.outputs import place
from workbench.automations.plan import Plan, PlannedField
from workbench.errors import InputError
from workbench.words import nearest

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from workbench.automations.preparation import Drawn, Preparation

Which = Literal["write", "new", "changed", "same", "not_found", "conflict", "held", "all"]
STATUSES: dict[Which, tuple[str, ...]] = {
    "write": ("new", "changed"),
    "new": ("new",),
    "changed": ("changed",),
    "same": ("same",),
    "not_found": ("not_found",),
    "conflict": ("conflict", "blocked"),
    "held": ("held",),
    "all": (),
}
"""The filters of the sheet, and the statuses behind them."""
ROWS_PER_PAGE = 50
PLAIN = ("id", "source_id", "status")
"""Columns that can be sorted by without reading any text."""


@dataclass(frozen=True, slots=True)
class View:
    """Which rows of the sheet to look at, and in what order."""

    which: Which = "all"
    search: str = ""
    """Text that Pendo's id or the source ID contains."""
    moved: tuple[str, str] | None = None
    """A cell of the movement matrix: label before and label after; "" is no label."""
    order: str | None = None
    """A column of the plan's rows; None is by id."""
    descending: bool = False
    offset: int = 0
    limit: int = ROWS_PER_PAGE


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the sheet."""

    rows: pa.Table
    matching: int
    """Rows in the view, on all pages."""


class Sheet:
    """Rows of a plan as a person looks at them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: str,
        fields: Sequence[PlannedField],
        labels: Sequence[str] = (),
        *,
        narrow: str | None = None,
        near: Callable[[str], str] | None = None,
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Args:
        rows: SQL of the rows, as a plan has them.
        narrow: A table of ``rid id source status from_place to_place``, where there is one; it
            spares reading the texts of rows that are not shown.
        near: Gives SQL of the rows with some ``rid``, where that costs less than ``rows``.
        turn: Lets one thread at a time use the connection.
        """
        self._db = connection
        self._rows = rows
        self._fields = tuple(fields)
        self._labels = tuple(labels)
        self._narrow = narrow
        self._near = near or (lambda rids: f"SELECT * FROM ({rows}) WHERE rid IN ({rids})")
        self.turn = turn

    @property
    def columns(self) -> tuple[str, ...]:
        """What the sheet can be sorted by."""
        cells = (f"{field.name}__{cell}" for field in self._fields for cell in ("before", "after"))
        return (*PLAIN, "reason", "decision", *cells)

    def page(self, view: View) -> Page:
        """The rows of one page, and how many there are on all.

        Raises:
            InputError: there is no such column to sort by.
        """
        if view.order is not None and view.order not in self.columns:
            near = nearest(view.order, self.columns)
            raise InputError(f"The sheet has no column {view.order[:80]}{near}")
        with self.turn():
            if self._narrow is None:
                return self._full_page(view)
            return self._narrow_page(view, self._narrow)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Holds the rows."""
        return self._db

    def query(self, view: View) -> str:
        """SQL of every row of a view, for a download."""
        where = self._where(view, full=True)
        hidden = " EXCLUDE (rid)" if self._narrow is not None else ""
        return f"SELECT *{hidden} FROM ({self._rows}){where}{_ordered(view)}"

    def all(self, view: View) -> pa.Table:
        """Every row of a view."""
        with self.turn():
            return self._table(self.query(view))

    def records(self, ids: Iterable[str]) -> pa.Table:
        """The rows of these of Pendo's ids, or source IDs."""
        wanted = sql.literals(ids)
        test = f"list_contains({wanted}, id) OR list_contains({wanted}, source_id)"
        with self.turn():
            return _shown(self._table(f"SELECT * FROM ({self._rows}) WHERE {test}"))

    def _full_page(self, view: View) -> Page:
        where = self._where(view, full=True)
        cut = f" LIMIT {view.limit:d} OFFSET {view.offset:d}"
        rows = self._table(f"SELECT * FROM ({self._rows}){where}{_ordered(view)}{cut}")
        return Page(_shown(rows), self._count(f"({self._rows}){where}"))

    def _narrow_page(self, view: View, narrow: str) -> Page:
        chosen = f"(SELECT *, source AS source_id FROM {narrow}){self._where(view)}"
        cut = f" LIMIT {view.limit:d} OFFSET {view.offset:d}"
        asked = chosen
        if (view.order or "id") not in PLAIN:
            # Only the column that is sorted by is read for rows on other pages.
            asked = f"({self._rows}){self._where(view, full=True)}"
        found = self._db.execute(f"SELECT rid FROM {asked}{_ordered(view)}{cut}").fetchall()
        rids = ", ".join(str(rid) for (rid,) in found) or "-1"
        # Made a table first: a query that is asked for its columns is planned twice.
        self._db.execute(f"CREATE OR REPLACE TABLE page AS {self._near(rids)}")
        rows = self._table(f"SELECT * FROM page{_ordered(view)}")
        return Page(_shown(rows), self._count(chosen))

    def _table(self, query: str) -> pa.Table:
        return self._db.sql(query).to_arrow_table()

    def _count(self, rows: str) -> int:
        [(number,)] = self._db.execute(f"SELECT count(*) FROM {rows}").fetchall()
        return int(number)

    def _where(self, view: View, *, full: bool = False) -> str:
        tests = []
        if STATUSES[view.which]:
            statuses = ", ".join(sql.literal(status) for status in STATUSES[view.which])
            tests.append(f"status IN ({statuses})")
        if view.search:
            text = f"lower({sql.literal(view.search)})"
            tests.append(f"(contains(lower(id), {text}) OR contains(lower(source_id), {text}))")
        if view.moved is not None:
            narrow = self._narrow is not None and not full
            tests += [*self._moved(view.moved, narrow), "status != 'not_found'"]
        return f" WHERE {' AND '.join(tests)}" if tests else ""

    def _moved(self, moved: tuple[str, str], narrow: bool) -> list[str]:
        places = [list(self._labels).index(label) + 1 if label else None for label in moved]
        if narrow:
            columns = ["from_place", "to_place"]
        else:
            score = next(field for field in self._fields if field.output == "score")
            cells = (sql.name(f"{score.name}__{cell}") for cell in ("before", "after"))
            columns = [place(cell, self._labels) for cell in cells]
        return [
            f"{column} IS NOT DISTINCT FROM {number or 'NULL'}"
            for column, number in zip(columns, places, strict=True)
        ]


def _ordered(view: View) -> str:
    direction = "DESC" if view.descending else "ASC"
    return f" ORDER BY {sql.name(view.order or 'id')} {direction} NULLS LAST, id, source_id"


def _shown(rows: pa.Table) -> pa.Table:
    return rows.drop_columns(["rid"]) if "rid" in rows.column_names else rows


def drawn_sheet(
    preparation: Preparation,
    drawn: Drawn,
    turn: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Sheet:
    """The sheet of a plan in the making, as it was drawn last."""
    return Sheet(
        preparation.connection,
        drawn.rows,
        drawn.fields,
        drawn.labels,
        narrow="sheet",
        near=partial(preparation.near, drawn),
        turn=turn,
    )


def plan_sheet(connection: duckdb.DuckDBPyConnection, plan: Plan) -> Sheet:
    """The sheet of a finished plan, such as one that a run carried out."""
    connection.register("plan_rows", plan.rows)
    labels = dict.fromkeys(label for pair in plan.movement for label in pair if label)
    return Sheet(connection, "SELECT * FROM plan_rows", plan.fields, list(labels))
