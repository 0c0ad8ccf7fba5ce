"""Queries and their pages: a locator keeps which rows were found, a page reads them."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.standin.salesforce.ids import LOCATOR_PREFIX, minted
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.refusals import Refusal
from workbench.standin.salesforce.soql import parse
from workbench.standin.salesforce.sql import Column, Compiled, Compiler

MOST_LOCATORS = 10
"""What an org keeps open for one user."""
BATCH_MIN, BATCH_MAX = 200, 2000

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Found:
    """A query that was evaluated: its rows' numbers in order."""

    compiled: Compiled
    numbers: Sequence[int]
    page_rows: int


class Queries:
    """Evaluates queries and remembers the unfinished ones."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self._open: OrderedDict[str, _Found] = OrderedDict()
        self._asked = 0

    def first(self, text: str, *, everything: bool, batch: int, version: str) -> dict[str, Any]:
        """The first page of a query.

        Raises:
            Refusal: the query cannot be understood, or may not ask for this.
        """
        compiled = self.compiled(text, everything=everything)
        if compiled.is_count:
            ((count,),) = self.org.rows(compiled.found, *compiled.values)
            return {"totalSize": count, "done": True, "records": []}
        if compiled.is_grouped:
            records = self._aggregated(compiled)
            return {"totalSize": len(records), "done": True, "records": records}
        numbers = [number for (number,) in self.org.rows(compiled.found, *compiled.values)]
        found = _Found(compiled, numbers, self._page_rows(batch))
        locator = ""
        if len(numbers) > found.page_rows:
            self._asked += 1
            locator = minted(LOCATOR_PREFIX, self._asked)
            self._open[locator] = found
            while len(self._open) > MOST_LOCATORS:
                self._open.popitem(last=False)
        return self._page(found, locator, 0, version)

    def following(self, locator: str, version: str) -> dict[str, Any]:
        """The page at a locator such as ``01g…-2000``.

        Raises:
            Refusal: INVALID_QUERY_LOCATOR.
        """
        name, _, start = locator.partition("-")
        found = self._open.get(name)
        if found is None or not start.isdigit() or int(start) >= len(found.numbers):
            raise Refusal("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(found, name, int(start), version)

    def compiled(self, text: str, *, everything: bool) -> Compiled:
        """A query as SQL; ``everything`` shows deleted rows too."""
        deleted = "hidden"
        if everything:
            on = self.org.switches.is_at("deleted_members_in_queryall", "on")
            deleted = "shown" if on else "shown but members"
        return Compiler(self.org, parse(text), text, deleted=deleted).compiled()

    def records(self, compiled: Compiled, numbers: Sequence[int], version: str) -> Rows:
        """Rows by their numbers, as records with their parents nested."""
        wanted = [
            (),
            *dict.fromkeys(c.path[:i] for c in compiled.columns for i in range(1, len(c.path))),
        ]
        keys = [compiled.parents[path][1] for path in wanted]
        chosen = ", ".join([*keys, *(column.sql for column in compiled.columns)])
        sql = (
            f"SELECT t0.rowid, {chosen} FROM {compiled.rows}"
            " WHERE t0.rowid IN (SELECT value FROM json_each(?))"
        )
        by_number = {row[0]: row[1:] for row in self.org.rows(sql, json.dumps(list(numbers)))}
        shape = _Shape(compiled, wanted, version)
        return [shape.record(by_number[number]) for number in numbers if number in by_number]

    def _page(self, found: _Found, locator: str, start: int, version: str) -> dict[str, Any]:
        end = min(start + found.page_rows, len(found.numbers))
        page: dict[str, Any] = {"totalSize": len(found.numbers), "done": end == len(found.numbers)}
        if not page["done"]:
            page["nextRecordsUrl"] = f"/services/data/{version}/query/{locator}-{end}"
        page["records"] = self.records(found.compiled, found.numbers[start:end], version)
        return page

    def _page_rows(self, batch: int) -> int:
        rows = self.org.switches.whole("page_rows")
        return rows or min(max(batch, BATCH_MIN), BATCH_MAX)

    def _aggregated(self, compiled: Compiled) -> Rows:
        rows = self.org.rows(compiled.found, *compiled.values)
        return [
            {
                "attributes": {"type": "AggregateResult"},
                **{
                    column.path[-1]: _outward(column.type, value)
                    for column, value in zip(compiled.columns, row, strict=True)
                },
            }
            for row in rows
        ]


class _Shape:
    """How the values of one row become a record."""

    def __init__(self, compiled: Compiled, wanted: list[tuple[str, ...]], version: str) -> None:
        self.heads = [
            (path, compiled.parents[path][0], f"/services/data/{version}/sobjects/")
            for path in wanted
        ]
        self.columns: list[Column] = compiled.columns
        self.booleans = [column.type == "boolean" for column in compiled.columns]

    def record(self, values: tuple[Any, ...]) -> dict[str, Any]:
        nodes: dict[tuple[str, ...], dict[str, Any] | None] = {}
        for (path, name, root), key in zip(self.heads, values, strict=False):
            node: dict[str, Any] | None = None
            if key is not None:
                node = {"attributes": {"type": name, "url": f"{root}{name}/{key}"}}
            nodes[path] = node
            parent = nodes[path[:-1]] if path else None
            if parent is not None:
                parent[path[-1]] = node
        for column, is_boolean, value in zip(
            self.columns, self.booleans, values[len(self.heads) :], strict=True
        ):
            node = nodes[column.path[:-1]]
            if node is not None:
                node[column.path[-1]] = bool(value) if is_boolean else value
        whole = nodes[()]
        assert whole is not None
        return whole


def _outward(kind: str, value: Any) -> Any:
    return bool(value) if kind == "boolean" and value is not None else value
