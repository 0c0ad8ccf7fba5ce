"""What a command answers: one JSON value, or aligned text for people."""

import dataclasses
import json
import shutil
import sys
import unicodedata
from argparse import Namespace
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

WIDEST_CELL = 60
"""Characters of one cell in a terminal; --json gives all of it."""
Row = Mapping[str, Any]


def answer(asked: Namespace, value: Any, lines: Iterable[str]) -> None:
    """Print ``value`` as JSON if that was asked for, else the lines."""
    if asked.json:
        print(json_text(value))
        return
    for line in lines:
        print(line)


def note(text: str) -> None:
    """Something beside the result, on stderr."""
    print(text, file=sys.stderr)


def json_text(value: Any) -> str:
    """JSON for machines: times in UTC with Z, no NaN, numbers as numbers."""
    import orjson

    options = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(value, default=_plain, option=options).decode()
    except TypeError:
        # Whole numbers of more than 64 bits, which orjson refuses.
        return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def table(rows: Sequence[Row], columns: Sequence[str] | None = None) -> list[str]:
    """Rows as aligned columns with a heading; numbers to the right."""
    names = list(columns if columns is not None else rows[0] if rows else ())
    if not names:
        return []
    cells = [[cell(row.get(name)) for name in names] for row in rows]
    numeric = [bool(rows) and all(_is_number(row.get(name)) for row in rows) for name in names]
    heads = [cell(name) for name in names]
    widths = [max(map(width, column)) for column in zip(heads, *cells, strict=True)]
    lines = [_line(heads, widths, numeric), "  ".join("-" * each for each in widths)]
    lines += [_line(row, widths, numeric) for row in cells]
    return [_fitting(line) for line in lines]


def pairs(row: Row) -> list[str]:
    """One row as names and values below each other."""
    widest = max((width(name) for name in row), default=0)
    return [
        f"{name}{' ' * (widest - width(name))}  {cell(value, 400)}" for name, value in row.items()
    ]


def cell(value: Any, widest: int = WIDEST_CELL) -> str:
    """One value as a person reads it, on one line, harmless to a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%SZ")
    text = value if isinstance(value, str) else _text(value)
    safe = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)
    return safe if len(safe) <= widest else f"{safe[: widest - 1]}…"


def width(text: str) -> int:
    """Columns of a terminal that a text takes: letters of East Asia take two, accents none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def counted(number: int) -> str:
    """A whole number with its thousands separated.

    >>> counted(1234567)
    '1,234,567'
    """
    return f"{number:,}"


def megabytes(size_bytes: int) -> str:
    """A size as a person says it.

    >>> megabytes(1_500_000)
    '1.5 MB'
    """
    return f"{size_bytes / 1_000_000:,.1f} MB" if size_bytes >= 100_000 else f"{size_bytes:,} bytes"


def utc(moment: datetime | None) -> str | None:
    """A moment as JSON says it: ISO 8601 in UTC with Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _text(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return json_text(value)
    return str(value)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = [
        f"{' ' * (wide - width(text))}{text}" if right else f"{text}{' ' * (wide - width(text))}"
        for text, wide, right in zip(cells, widths, numeric, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _fitting(line: str) -> str:
    """A line cut at a terminal's edge; whole where it goes to a file or another program."""
    if not sys.stdout.isatty():
        return line
    columns = shutil.get_terminal_size().columns
    return line if len(line) <= columns else f"{line[: columns - 1]}…"
