"""From a SOQL tree to one SQLite statement over the org's tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from workbench.standin.salesforce import literals, soql
from workbench.standin.salesforce.fields import EXACT, NUMERIC, Field, Table
from workbench.standin.salesforce.refusals import Refusal
from workbench.standin.salesforce.soql import Call, Comparison, Condition, Path, Query

MOST_OFFSET = 2000
"""What SOQL allows to be skipped."""
TEXTUAL_OPERATORS = {"=": "IS", "!=": "IS NOT"}
"""SOQL's comparisons know no "unknown": null = null is true, and null != 'x' too."""
_BRACED = re.compile(r"\{([A-Za-z0-9_.]+)\}")


class Schema(Protocol):
    """What may be asked of the org's tables."""

    def table(self, name: str, *, at: tuple[int, int] | None = None) -> Table:
        """A table that the user may see."""
        ...

    def visible(self, table: Table, name: str) -> Field | None:
        """A field that the user may see."""
        ...

    @property
    def every(self) -> Mapping[str, Table]:
        """All tables, visible or not."""
        ...

    def now(self) -> datetime:
        """The present moment."""
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """One thing selected: where it goes in a record, and what it is."""

    path: tuple[str, ...]
    """As the describes spell it."""
    type: str
    sql: str


@dataclass(slots=True)
class Compiled:
    """A query as SQL. Rows are found first, then read page by page."""

    source: str
    columns: list[Column]
    rows: str
    """Where rows come from: the table, called ``t0``, and its joined parents."""
    found: str
    """Gives the row numbers that the query is about, in order."""
    values: list[object]
    is_count: bool = False
    is_grouped: bool = False
    parents: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)
    """By path of relations: the object, and SQL for its id."""


class Compiler:
    """Compiles one SELECT; semi-joins get a compiler of their own."""

    def __init__(self, schema: Schema, query: Query, text: str, *, deleted: str, depth: int = 0):
        self.schema, self.query, self.text, self.deleted = schema, query, text, deleted
        self.base = f"t{depth}"
        self.depth = depth
        self.table = schema.table(query.source, at=_place(text, query.source_at))
        self.joined: dict[tuple[str, ...], tuple[str, Table]] = {(): (self.base, self.table)}
        self.joins: list[str] = []
        self.values: list[object] = []

    def compiled(self) -> Compiled:
        """The whole query."""
        query = self.query
        if query.offset > MOST_OFFSET:
            raise Refusal(
                "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}"
            )
        first = query.selected[0]
        is_count = isinstance(first, Call) and first.path is None and len(query.selected) == 1
        grouped = query.group_by is not None or any(isinstance(s, Call) for s in query.selected)
        columns = [] if is_count else self._columns(grouped)
        where = self._where()
        order = "" if is_count else self._order(grouped)
        parents = {
            path: (table.name, f'{alias}."Id"') for path, (alias, table) in self.joined.items()
        }
        limit = f" LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset}"
        source = f'"{self.table.name}" {self.base}{"".join(self.joins)}'
        if is_count:
            found = f"SELECT COUNT(*) FROM (SELECT 1 FROM {source}{where}{limit})"
        elif grouped:
            group = ""
            if query.group_by is not None:
                group = f" GROUP BY {self._sql(query.group_by)[0]}"
            chosen = ", ".join(column.sql for column in columns)
            found = f"SELECT {chosen} FROM {source}{where}{group}{order}{limit}"
        else:
            found = f"SELECT {self.base}.rowid FROM {source}{where}{order}{limit}"
        return Compiled(
            self.table.name, columns, source, found, self.values, is_count, grouped, parents
        )

    def semi_join(self) -> str:
        """As the inside of ``IN (…)``."""
        selected = self.query.selected[0]
        if len(self.query.selected) != 1 or not isinstance(selected, Path):
            raise Refusal("MALFORMED_QUERY", "A semi-join selects one field")
        sql, _ = self._sql(selected)
        where = self._where()
        source = f'"{self.table.name}" {self.base}{"".join(self.joins)}'
        rows = f"SELECT {sql} AS found FROM {source}{where}"
        # One null among the rows would make NOT IN true of nothing.
        return f"SELECT found FROM ({rows}) WHERE found IS NOT NULL"

    def _columns(self, grouped: bool) -> list[Column]:
        columns, unnamed = [], 0
        for selected in self.query.selected:
            if isinstance(selected, Path):
                sql, named = self._sql(selected)
                if grouped and selected.parts != getattr(self.query.group_by, "parts", None):
                    raise Refusal(
                        "MALFORMED_QUERY", f"Field must be grouped or aggregated: {selected}"
                    )
                path = (named.name,) if grouped else self._spelled(selected)
                columns.append(Column(path, named.type, sql))
                continue
            alias = selected.alias or f"expr{unnamed}"
            unnamed += not selected.alias
            columns.append(self._aggregate(selected, alias))
        return columns

    def _aggregate(self, call: Call, alias: str) -> Column:
        if call.path is None:
            return Column((alias,), "int", "COUNT(*)")
        sql, named = self._sql(call.path)
        if call.function == "count_distinct":
            return Column((alias,), "int", f"COUNT(DISTINCT {sql})")
        kind = "int" if call.function == "count" else named.type
        return Column((alias,), kind, f"{call.function.upper()}({sql})")

    def _where(self) -> str:
        conditions = [] if self.deleted == "shown" else [f"{self.base}.IsDeleted = 0"]
        if self.deleted == "shown but members" and self.table.name != "CampaignMember":
            conditions = []
        if self.query.where is not None:
            conditions.append(self._condition(self.query.where))
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _order(self, grouped: bool) -> str:
        parts = []
        for order in self.query.order_by:
            sql, _ = self._sql(order.path)
            nulls = "FIRST" if order.nulls_first else "LAST"
            parts.append(f"{sql} {'DESC' if order.descending else 'ASC'} NULLS {nulls}")
        if not grouped:
            parts.append(f"{self.base}.rowid")
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _condition(self, condition: Condition) -> str:
        if isinstance(condition, soql.Not):
            return f"NOT COALESCE({self._condition(condition.inner)}, 0)"
        if isinstance(condition, soql.Group):
            return "(" + f" {condition.word} ".join(map(self._condition, condition.parts)) + ")"
        return self._comparison(condition)

    def _comparison(self, asked: Comparison) -> str:
        sql, named = self._sql(asked.path)
        if "F" in named.flags:
            raise Refusal(
                "INVALID_FIELD", f"field '{asked.path}' can not be filtered in a query call"
            )
        if isinstance(asked.value, Query):
            inner = Compiler(
                self.schema, asked.value, self.text, deleted=self.deleted, depth=self.depth + 1
            )
            rows = inner.semi_join()
            self.values += inner.values
            return self._among(sql, asked.operator, rows)
        if isinstance(asked.value, tuple):
            constants = [literals.stored(named, one, asked.path) for one in asked.value]
            self.values += constants
            return self._among(sql, asked.operator, ", ".join("?" * len(constants)))
        if asked.value.kind == "period":
            today = self.schema.now().date()
            text, values = literals.in_period(sql, named, asked.operator, asked.value.value, today)
            self.values += values
            return text
        value = literals.stored(named, asked.value, asked.path)
        self.values.append(value)
        if asked.operator == "LIKE":
            if named.type in NUMERIC or named.type in ("id", "reference", "date", "datetime"):
                raise Refusal("INVALID_FIELD", f"invalid operator on {named.type} field")
            return f"{sql} LIKE ? ESCAPE '\\'"
        return f"{sql} {TEXTUAL_OPERATORS.get(asked.operator, asked.operator)} ?"

    @staticmethod
    def _among(sql: str, operator: str, inner: str) -> str:
        if operator == "NOT IN":
            return f"({sql} IS NULL OR {sql} NOT IN ({inner}))"
        return f"{sql} IN ({inner})"

    def _spelled(self, path: Path) -> tuple[str, ...]:
        table, spelled = self.table, []
        for part in path.parts[:-1]:
            relation, table = self._relation(table, part, path)
            spelled.append(relation.relation)
        return (*spelled, table.fields[path.parts[-1].lower()].name)

    def _sql(self, path: Path) -> tuple[str, Field]:
        """The SQL of a field that the user may see, and the field."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() == self.query.source.lower():
            # The object's own name may stand in front.
            named = self.schema.visible(self.table, parts[1])
            if named is not None and len(parts) == 2 and not self._has_relation(parts[0]):
                parts = parts[1:]
        relations: tuple[str, ...] = ()
        table = self.table
        for part in parts[:-1]:
            relation, table = self._relation(table, part, path)
            relations = (*relations, relation.relation)
        named = self.schema.visible(table, parts[-1])
        if named is None:
            raise self._no_column(parts[-1], table)
        return self._field_sql(relations, named), named

    def _has_relation(self, name: str) -> bool:
        fields = self.table.fields.values()
        return any(field.relation.lower() == name.lower() for field in fields)

    def _relation(self, table: Table, name: str, path: Path) -> tuple[Field, Table]:
        for each in table.fields.values():
            is_seen = self.schema.visible(table, each.name) is not None
            if each.relation and each.relation.lower() == name.lower() and is_seen:
                return each, self.schema.table(each.refers_to)
        raise Refusal(
            "INVALID_FIELD",
            f"\n{path}\n^\nERROR at Row:1:Column:{path.at + 1}\nDidn't understand relationship"
            f" '{name}' in field path. If you are attempting to use a custom relationship, be sure"
            " to append the '__r' after the custom relationship name.",
        )

    def _field_sql(self, relations: tuple[str, ...], named: Field) -> str:
        if not named.formula:
            return f'{self._alias(relations)}."{named.name}"'

        def inner(match: re.Match[str]) -> str:
            *parents, name = match[1].split(".")
            path = (*relations, *parents)
            self._alias(path)
            table = self.joined[path][1]
            return self._field_sql(path, table.fields[name.lower()])

        sql = f"({_BRACED.sub(inner, named.formula)})"
        # What is computed has lost its column's way of comparing.
        return sql if named.type in NUMERIC or named.type in EXACT else f"{sql} COLLATE NOCASE"

    def _alias(self, relations: tuple[str, ...]) -> str:
        if relations not in self.joined:
            parent_alias = self._alias(relations[:-1])
            parent = self.joined[relations[:-1]][1]
            reference = next(f for f in parent.fields.values() if f.relation == relations[-1])
            key = self._field_sql(relations[:-1], reference)
            alias = f"{self.base}_{len(self.joined)}"
            table = self.schema.every[reference.refers_to]
            self.joined[relations] = (alias, table)
            self.joins.append(f' LEFT JOIN "{table.name}" {alias} ON {alias}."Id" = {key}')
            assert parent_alias
        return self.joined[relations][0]

    def _no_column(self, name: str, table: Table) -> Refusal:
        return Refusal(
            "INVALID_FIELD",
            f"\nNo such column '{name}' on entity '{table.name}'. If you are attempting to use a"
            " custom field, be sure to append the '__c' after the custom field name. Please"
            " reference your WSDL or the describe call for the appropriate names.",
        )


def _place(text: str, at: int) -> tuple[int, int]:
    """Row and column of a place in a text, from 1."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
