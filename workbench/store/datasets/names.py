"""Which names a dataset may have. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from workbench.errors import InputError

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""A name is a folder, an SQL table and a word in a document: the letters that are safe in all."""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Devices on Windows: a folder of that name could not be copied there."""


def checked(name: str) -> str:
    """The name, if a dataset may have it.

    Raises:
        InputError: it has other characters, or would leave its folder.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a dataset",
            hint="Use small letters, digits and _, starting with a letter, at most 63 of them.",
        )
    if name in RESERVED:
        raise InputError(f"{name!r} cannot be the name of a dataset: Windows keeps it for a device")
    return name


def unknown(name: str, existing: Iterable[str]) -> InputError:
    """What to say about a dataset that does not exist."""
    names = sorted(existing)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        hint = f"Did you mean {near[0]}?"
    elif names:
        hint = f"There are: {', '.join(names[:20])}."
    else:
        hint = "There is no dataset yet; run a pull or import a file."
    return InputError(f"There is no dataset {name}", hint=hint)


def unknown_column(column: str, name: str, columns: Iterable[str]) -> InputError:
    """What to say about a column that does not exist."""
    near = get_close_matches(column, list(columns), n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(list(columns)[:30])}."
    return InputError(f"{name} has no column {column}", hint=hint)
