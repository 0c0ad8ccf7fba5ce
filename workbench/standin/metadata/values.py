"""Is this value right for that field? One answer for bulk and single writes."""

from datetime import UTC, datetime
from typing import Any

import orjson

from workbench.standin import zones
from workbench.standin.expressions.functions import as_text, is_number
from workbench.standin.metadata.schema import Field
from workbench.standin.switches import Switches

LONGEST_TEXT = 1500
"""Longer strings are where nobody knows what Pendo does (U60)."""


class ValueRefusedError(ValueError):
    """The value does not fit; the text says why."""


class TypeRefusedError(ValueRefusedError):
    """The value has the wrong type."""


IGNORED = object()
"""Stands for a value that is accepted and then forgotten."""


def stored(field: Field, value: Any, switches: Switches) -> Any:
    """A sent value as it is kept, or `IGNORED`.

    Raises:
        ValueRefusedError: it does not fit the field.
    """
    if value is None:
        return _null(switches)
    kept = _typed(field, value, switches)
    if isinstance(kept, str) and field.type == "string" and len(kept) > LONGEST_TEXT:
        return _long(kept, switches)
    return kept


def _null(switches: Switches) -> Any:
    style = switches.text("null_write")
    if style == "error":
        raise ValueRefusedError("null is not a value")
    return None if style == "clear" else IGNORED


def _long(text: str, switches: Switches) -> str:
    style = switches.text("long_string")
    if style == "per_record":
        raise ValueRefusedError(f"longer than {LONGEST_TEXT} characters")
    return text if style == "store" else text[:LONGEST_TEXT]


def _typed(field: Field, value: Any, switches: Switches) -> Any:
    right = _exact(field.type, value, switches)
    if right is not None:
        return right
    if switches.is_at("type_mismatch", "coerce"):
        right = _coerced(field.type, value)
        if right is not None:
            return right
    raise TypeRefusedError(f"{field.name} takes a {field.type or 'list'} value")


def _exact(kind: str, value: Any, switches: Switches) -> Any:
    """The value if it has the right type; None if not."""
    if kind == "string":
        return value if isinstance(value, str) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "integer":
        return int(value) if is_number(value) and value == int(value) else None
    if kind == "float":
        return float(value) if is_number(value) else None
    if kind == "time":
        return _moment(value, switches.text("time_forms"))
    return orjson.dumps(value).decode() if isinstance(value, list) or kind == "" else None


def _moment(value: Any, forms: str) -> int | None:
    if is_number(value) and forms in ("both", "ms"):
        return int(value)
    if not isinstance(value, str) or forms == "ms":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return zones.to_ms(moment) if moment.tzinfo else None


def _coerced(kind: str, value: Any) -> Any:
    text = as_text(value) if not isinstance(value, list | dict) else orjson.dumps(value).decode()
    try:
        if kind == "string":
            return text
        if kind == "boolean":
            return {"true": True, "false": False}.get(str(text).lower())
        if kind == "integer":
            return int(float(str(text)))
        if kind == "float":
            return float(str(text))
        if kind == "time":
            moment = datetime.fromisoformat(str(text))
            return zones.to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return None
