"""A guide's change history as rows, whatever shape Pendo gives it (pendo-api contract, U34)."""

import json
from pathlib import Path
from typing import Any


def as_rows(path: Path) -> None:
    """Rewrite a raw history file as a JSON array of objects. Histories are short."""
    path.write_text(json.dumps(rows_of(json.loads(path.read_bytes()))), encoding="utf-8")


def rows_of(raw: Any) -> list[dict[str, Any]]:
    """The changes in a history: a list of them, a list inside an object, or one object.

    >>> rows_of([{"type": "stateChange"}])
    [{'type': 'stateChange'}]
    >>> rows_of({"history": [{"ts": 1}], "more": False})
    [{'ts': 1}]
    >>> rows_of({"ts": 1}), rows_of([]), rows_of(None), rows_of(["a"])
    ([{'ts': 1}], [], [], [{'value': 'a'}])
    """
    if isinstance(raw, dict):
        lists = [value for value in raw.values() if _is_rows(value)]
        return lists[0] if lists else [raw] if raw else []
    if isinstance(raw, list):
        return [each if isinstance(each, dict) else {"value": each} for each in raw]
    return [] if raw is None else [{"value": raw}]


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)
