"""Values as canonical text, so that what we write and what Pendo holds compare by value. Pure.

A text is as it is; a number its shortest decimal form (``81``, ``0.25``); a time RFC 3339 in UTC,
to the millisecond (``2026-03-01T05:00:00Z``); a boolean ``true`` or ``false``. Nothing and the
empty text are null. Everything here is an SQL expression for DuckDB (session time zone UTC).
"""

from __future__ import annotations

import json
from typing import Any

from workbench import sql
from workbench.automations.model import LONGEST_TEXT, FieldType

CUT_MARK = "… [cut]"
"""How a text ends that was too long for Pendo (pendo-api contract, U60)."""
WHOLE = 2**53
"""Up to here every whole number is exact as a JSON number."""


def field_type(schema_type: str) -> FieldType | None:
    """The type we write for a type of Pendo's schema; None where we cannot write.

    >>> field_type("integer"), field_type(""), field_type("list")
    ('number', 'string', None)
    """
    known: dict[str, FieldType | None] = {
        "integer": "number",
        "float": "number",
        "number": "number",
        "boolean": "boolean",
        "time": "time",
        "date": "time",
        "list": None,
    }
    return known.get(schema_type, "string")


def live_text(text: str, kind: FieldType) -> str:
    """What Pendo holds, as canonical text.

    Args:
        text: SQL for the JSON scalar's text (``value ->> '$'``); a time may be RFC 3339 or
            epoch milliseconds (pendo-api contract, U64).
        kind: The field's type; a value that is not of it stays as it is, and so differs.
    """
    if kind == "number":
        return f"coalesce({number_text(f'TRY_CAST({text} AS DOUBLE)')}, nullif({text}, ''))"
    if kind == "time":
        return f"coalesce({time_text(_moment(text))}, nullif({text}, ''))"
    if kind == "boolean":
        return f"nullif(lower({text}), '')"
    return f"nullif({text}, '')"


def _moment(text: str) -> str:
    digits = f"regexp_full_match({text}, '-?[0-9]{{8,17}}(\\.0+)?')"
    epoch = f"epoch_ms(TRY_CAST(TRY_CAST({text} AS DOUBLE) AS BIGINT))"
    return (
        f"CASE WHEN {digits} THEN {epoch} "
        f"ELSE (TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC') END"
    )


def number_text(number: str) -> str:
    """A DOUBLE as text; null where it is not finite."""
    whole = f"{number} = trunc({number}) AND abs({number}) <= {WHOLE}"
    return (
        f"CASE WHEN NOT isfinite({number}) THEN NULL "
        f"WHEN {whole} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) "
        f"ELSE CAST({number} AS VARCHAR) END"
    )


def time_text(moment: str) -> str:
    """A TIMESTAMP in UTC as text, to the millisecond."""
    cut = f"date_trunc('millisecond', {moment})"
    return (
        f"CASE WHEN {cut} = date_trunc('second', {cut}) "
        f"THEN strftime({cut}, '%Y-%m-%dT%H:%M:%SZ') "
        f"ELSE strftime({cut}, '%Y-%m-%dT%H:%M:%S.%gZ') END"
    )


def base_text(column: str, column_type: str, kind: FieldType, *, zone: str = "UTC") -> str:
    """A column of the decision base as canonical text of a field; null also where impossible.

    Args:
        column: SQL of the column.
        column_type: Its DuckDB type.
        zone: Whose midnight a day without a time means.
    """
    plain = plain_text(column, column_type)
    if kind == "string":
        return shortened(plain)
    if kind == "boolean":
        return f"CASE WHEN lower({plain}) IN ('true', 'false') THEN lower({plain}) END"
    if kind == "number":
        return number_text(f"TRY_CAST({plain} AS DOUBLE)")
    if column_type == "DATE":
        return time_text(_midnight(column, zone))
    if column_type.startswith("TIMESTAMP"):
        return time_text(_utc(column, column_type))
    day = f"regexp_full_match(trim({plain}), '\\d{{4}}-\\d{{2}}-\\d{{2}}')"
    midnight = _midnight(f"TRY_CAST({plain} AS DATE)", zone)
    return time_text(f"CASE WHEN {day} THEN {midnight} ELSE {_moment(plain)} END")


def _midnight(day: str, zone: str) -> str:
    return f"((CAST({day} AS TIMESTAMP) AT TIME ZONE {sql.literal(zone)}) AT TIME ZONE 'UTC')"


def _utc(column: str, column_type: str) -> str:
    with_zone = column_type == "TIMESTAMP WITH TIME ZONE"
    return f"({column} AT TIME ZONE 'UTC')" if with_zone else f"CAST({column} AS TIMESTAMP)"


def plain_text(column: str, column_type: str) -> str:
    """Any column as text, null where empty: lists joined, structures as JSON."""
    if column_type == "VARCHAR":
        return f"nullif({column}, '')"
    if column_type.startswith("TIMESTAMP"):
        return time_text(_utc(column, column_type))
    if column_type.endswith("[]"):
        return f"nullif(array_to_string({column}, '; '), '')"
    if column_type.startswith(("STRUCT", "MAP")):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if column_type in ("DOUBLE", "FLOAT") or column_type.startswith("DECIMAL"):
        return number_text(f"CAST({column} AS DOUBLE)")
    return f"CAST({column} AS VARCHAR)"


def shortened(text: str) -> str:
    """A text no longer than Pendo keeps, ending in a mark where it was cut."""
    kept = LONGEST_TEXT - len(CUT_MARK)
    return (
        f"CASE WHEN length({text}) > {LONGEST_TEXT} "
        f"THEN left({text}, {kept}) || {sql.literal(CUT_MARK)} ELSE {text} END"
    )


def wire(text: str | None, kind: FieldType) -> Any:
    """Canonical text as the JSON value that is sent; None clears the field.

    >>> wire("81", "number"), wire("0.25", "number"), wire("true", "boolean"), wire("x", "string")
    (81, 0.25, True, 'x')
    """
    if text is None or kind in ("string", "time"):
        return text
    return json.loads(text)
