"""SOQL as text: literals, lists, and how many ids an address holds. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from urllib.parse import quote_plus

from workbench.errors import InputError

MOST_ADDRESS_BYTES = 16_384
"""Of address and headers together (salesforce-api contract, section 2)."""
RESERVED_BYTES = 2_500
"""What the headers, a session's token among them, and the rest of the address take at most."""


def quoted(text: str) -> str:
    r"""A string literal.

    >>> print(quoted("O'Neil \\"))
    'O\'Neil \\'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def listed(texts: Sequence[str]) -> str:
    """A list of string literals, as IN takes it.

    >>> listed(["a", "b"])
    "('a','b')"
    """
    return "(" + ",".join(map(quoted, texts)) + ")"


def moment(at: datetime) -> str:
    """A datetime literal: unquoted, in UTC, whole seconds.

    >>> from datetime import timedelta, timezone
    >>> moment(datetime(2026, 3, 10, 9, 30, 1, 5, timezone(timedelta(hours=1))))
    '2026-03-10T08:30:01Z'

    Raises:
        InputError: it has no time zone; Salesforce would take it for something else.
    """
    if at.tzinfo is None:
        raise InputError(f"The moment {at.isoformat()} has no time zone", hint="Add one, e.g. Z.")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(on: date) -> str:
    """A date literal; not to be compared with datetimes.

    >>> day(date(2026, 3, 10))
    '2026-03-10'
    """
    return on.strftime("%Y-%m-%d")


def fits(soql: str) -> bool:
    """Whether a query can be sent in an address."""
    return len(quote_plus(soql)) <= MOST_ADDRESS_BYTES - RESERVED_BYTES


def chunked(texts: Sequence[str], around: str, *, most: int | None = None) -> Iterator[list[str]]:
    """Cut ``texts`` so that each list fits into the address of the query ``around`` it.

    Args:
        texts: What goes into the list, e.g. ids.
        around: The query without the list.
        most: Never more than so many, whatever the address would hold.

    Raises:
        InputError: not even one fits.
    """
    room = MOST_ADDRESS_BYTES - RESERVED_BYTES - len(quote_plus(around))
    chunk: list[str] = []
    used = len(quote_plus("()"))
    for text in texts:
        size = len(quote_plus(quoted(text) + ","))
        if chunk and (used + size > room or (most is not None and len(chunk) >= most)):
            yield chunk
            chunk, used = [], len(quote_plus("()"))
        if used + size > room:
            raise InputError("The query is too long for Salesforce", hint="Ask for fewer fields.")
        chunk.append(text)
        used += size
    if chunk:
        yield chunk
