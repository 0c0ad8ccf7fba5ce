"""Conditions as SQL: which records of a decision base an automation reads. Pure.

A record without a value passes only what asks for absence: ``empty``, ``is_not``, ``ne``,
``not_contains``, ``not_one_of``, ``contains_none``. Days are whole days of the automation's zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Literal

from workbench import sql
from workbench.automations.days import in_range, span
from workbench.automations.filters import Condition, Conditions, Group, Operator, Scalar
from workbench.errors import InputError
from workbench.words import nearest

Family = Literal["text", "number", "boolean", "date", "list", "other"]

OPERATORS: Mapping[Family, tuple[Operator, ...]] = {
    "text": (
        "is", "is_not", "contains", "not_contains", "starts_with", "ends_with",
        "one_of", "not_one_of", "empty", "not_empty",
    ),
    "number": ("eq", "ne", "gt", "gte", "lt", "lte", "between", "empty", "not_empty"),
    "boolean": ("is_true", "is_false", "empty"),
    "date": (
        "on", "before", "after", "on_or_before", "on_or_after", "between",
        "in_the_last", "in_the_next", "more_than_ago", "empty", "not_empty",
    ),
    "list": ("contains_any", "contains_all", "contains_none", "empty", "not_empty"),
    "other": ("empty", "not_empty"),
}  # fmt: skip
"""Operators by the type of the column (A-37)."""
NAMED: Mapping[Family, str] = {
    "text": "text",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "list": "a list",
    "other": "a structure",
}
WORDS: Mapping[Operator, str] = {
    "is": "is", "is_not": "is not", "contains": "contains", "not_contains": "does not contain",
    "starts_with": "starts with", "ends_with": "ends with", "one_of": "is one of",
    "not_one_of": "is not one of", "eq": "=", "ne": "≠", "gt": ">", "gte": "≥", "lt": "<",
    "lte": "≤", "between": "is between", "is_true": "is true", "is_false": "is false",
    "on": "is on", "before": "is before", "after": "is after",
    "on_or_before": "is on or before", "on_or_after": "is on or after",
    "in_the_last": "is in the last", "in_the_next": "is in the next",
    "more_than_ago": "is more than", "contains_any": "contains any of",
    "contains_all": "contains all of", "contains_none": "contains none of",
    "empty": "is empty", "not_empty": "is not empty",
}  # fmt: skip
SIGNS: Mapping[Operator, str] = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
NUMBER_TYPES = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the decision base, as it is read."""

    sql: str
    type: str
    """As DuckDB writes it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One condition, and the conditions up to it together."""

    words: str
    field: str
    alone: str
    """SQL: whether a record passes this one."""
    so_far: str
    """SQL: whether it passes everything up to here."""
    depth: int = 0
    """1 inside a group."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions compiled for one set of columns."""

    sql: str
    """A boolean expression that is never null."""
    steps: tuple[Step, ...]
    fields: tuple[str, ...]
    """The columns they look at."""


def family(column_type: str) -> Family:
    """What kind of operators a DuckDB type takes.

    >>> family("TIMESTAMP WITH TIME ZONE"), family("VARCHAR[]"), family("DECIMAL(10,2)")
    ('date', 'list', 'number')
    """
    if column_type.endswith("[]"):
        return "list"
    if column_type in NUMBER_TYPES or column_type.startswith("DECIMAL"):
        return "number"
    if column_type == "BOOLEAN":
        return "boolean"
    if column_type == "DATE" or column_type.startswith("TIMESTAMP"):
        return "date"
    return "text" if column_type in ("VARCHAR", "UUID") or column_type[:4] == "ENUM" else "other"


def compiled(
    conditions: Conditions, columns: Mapping[str, Column], *, today: date, zone: str
) -> Filter:
    """The conditions as SQL over ``columns``.

    Args:
        today: The present day of ``zone``.

    Raises:
        InputError: a condition names an unknown column, or does not suit its type.
    """
    setting = _Setting(columns, today, zone, conditions.case_sensitive)
    joint = " AND " if conditions.needs_all else " OR "
    steps: list[Step] = []
    before: list[str] = []
    for item in conditions.items:
        inside = _inside(item)
        inner_joint = " OR " if isinstance(item, Group) and item.any else " AND "
        tests = [setting.test(condition) for condition in inside]
        for number, condition in enumerate(inside):
            partial = _joined(tests[: number + 1], inner_joint)
            steps.append(
                Step(
                    words=in_words(condition),
                    field=condition.field,
                    alone=tests[number],
                    so_far=_joined([*before, partial], joint),
                    depth=int(isinstance(item, Group)),
                )
            )
        before.append(_joined(tests, inner_joint))
    fields = tuple(dict.fromkeys(step.field for step in steps))
    return Filter(_joined(before, joint) if before else "true", tuple(steps), fields)


def _inside(item: Condition | Group) -> tuple[Condition, ...]:
    return (item,) if isinstance(item, Condition) else item.all or item.any or ()


def _joined(tests: list[str], joint: str) -> str:
    return f"({joint.join(tests)})" if len(tests) > 1 else tests[0]


def in_words(condition: Condition) -> str:
    """A condition as a sentence's end.

    >>> in_words(Condition(field="churn_date", op="in_the_next", value=90, unit="days"))
    'churn_date is in the next 90 days'
    """
    values = [str(value) for value in condition.value_list]
    if condition.op == "between":
        told = " and ".join(values)
    elif condition.unit is not None:
        told = f"{values[0]} {condition.unit}" + (" ago" if condition.op == "more_than_ago" else "")
    else:
        told = ", ".join(values)
    return f"{condition.field} {WORDS[condition.op]} {told}".rstrip()


@dataclass(frozen=True, slots=True)
class _Setting:
    columns: Mapping[str, Column]
    today: date
    zone: str
    case_sensitive: bool

    def test(self, condition: Condition) -> str:
        """One condition as SQL that is never null.

        Raises:
            InputError: the column is unknown, or the operator or value does not suit it.
        """
        column = self.columns.get(condition.field)
        if column is None:
            raise InputError(
                f"The decision base has no column {condition.field[:80]}"
                f"{nearest(condition.field, self.columns)}",
                hint=f"It has: {', '.join(list(self.columns)[:30])}.",
            )
        kind = family(column.type)
        if condition.op not in OPERATORS[kind]:
            raise InputError(
                f"{condition.field} is {NAMED[kind]}: {condition.op} does not apply to it",
                hint=f"Use one of: {', '.join(OPERATORS[kind])}.",
            )
        return f"coalesce({self._expression(condition, column, kind)}, false)"

    def _expression(self, condition: Condition, column: Column, kind: Family) -> str:
        if condition.op in ("empty", "not_empty"):
            empty = _empty(column, kind)
            return empty if condition.op == "empty" else f"NOT {empty}"
        if kind == "boolean":
            return column.sql if condition.op == "is_true" else f"NOT {column.sql}"
        if kind == "number":
            return _number_test(condition, column)
        if kind == "date":
            days = span(condition, self.today)
            return in_range(column.sql, column.type, days, self.zone)
        if kind == "list":
            return self._list_test(condition, column)
        return self._text_test(condition, f"CAST({column.sql} AS VARCHAR)")

    def _text_test(self, condition: Condition, text: str) -> str:
        text = self._folded(text)
        values = [self._folded(sql.literal(_word(value))) for value in condition.value_list]
        one, listed = values[0], ", ".join(values)
        return {
            "is": f"{text} = {one}",
            "is_not": f"{text} IS DISTINCT FROM {one}",
            "contains": f"contains({text}, {one})",
            "not_contains": f"NOT coalesce(contains({text}, {one}), false)",
            "starts_with": f"starts_with({text}, {one})",
            "ends_with": f"ends_with({text}, {one})",
            "one_of": f"{text} IN ({listed})",
            "not_one_of": f"NOT coalesce({text} IN ({listed}), false)",
        }[condition.op]

    def _list_test(self, condition: Condition, column: Column) -> str:
        items = f"CAST({column.sql} AS VARCHAR[])"
        if not self.case_sensitive:
            items = f"list_transform({items}, lambda item: lower(item))"
        folded = [self._folded(sql.literal(_word(value))) for value in condition.value_list]
        values = f"[{', '.join(folded)}]"
        return {
            "contains_any": f"list_has_any({items}, {values})",
            "contains_all": f"list_has_all({items}, {values})",
            "contains_none": f"NOT coalesce(list_has_any({items}, {values}), false)",
        }[condition.op]

    def _folded(self, text: str) -> str:
        return text if self.case_sensitive else f"lower({text})"


def _word(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _empty(column: Column, kind: Family) -> str:
    if kind == "text":
        return f"(nullif(trim(CAST({column.sql} AS VARCHAR)), '') IS NULL)"
    if kind == "list":
        return f"(coalesce(len({column.sql}), 0) = 0)"
    return f"({_number(column) if kind == 'number' else column.sql} IS NULL)"


def _number(column: Column) -> str:
    # Not-a-number comes from pandas where nothing stood, and is greater than every number.
    if column.type in ("FLOAT", "DOUBLE"):
        return f"(CASE WHEN isnan({column.sql}) THEN NULL ELSE {column.sql} END)"
    return column.sql


def _number_test(condition: Condition, column: Column) -> str:
    number = _number(column)
    values = [_number_literal(condition, value) for value in condition.value_list]
    if condition.op == "between":
        return f"{number} BETWEEN {values[0]} AND {values[1]}"
    if condition.op == "ne":
        return f"{number} IS DISTINCT FROM {values[0]}"
    return f"{number} {SIGNS[condition.op]} {values[0]}"


def _number_literal(condition: Condition, value: Scalar) -> str:
    try:
        if isinstance(value, bool):
            raise ValueError
        number = value if isinstance(value, int) else float(value)
        if not isfinite(number):
            raise ValueError
    except (ValueError, OverflowError):
        raise InputError(
            f"{condition.field} is a number, and {str(value)[:60]!r} is not",
            hint="Write the number without quotes or signs, for example 0.5.",
        ) from None
    exact = isinstance(number, int) and abs(number) < 2**63
    return f"{number}::HUGEINT" if exact else f"{float(number)!r}::DOUBLE"
