"""Quoting for SQL that is put together from names and values. Pure."""

from collections.abc import Iterable


def name(text: str) -> str:
    """An identifier, whatever it holds.

    >>> print(name('an "odd" one'))
    "an ""odd"" one"
    """
    return '"' + text.replace('"', '""') + '"'


def names(texts: Iterable[str]) -> str:
    """Identifiers with commas between them.

    >>> names(["a", "b"])
    '"a", "b"'
    """
    return ", ".join(name(text) for text in texts)


def literal(text: str) -> str:
    """A string value.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """A list of string values.

    >>> literals(["a", "b"])
    "['a', 'b']"
    """
    return "[" + ", ".join(literal(text) for text in texts) + "]"
