"""What a route gets and what it gives back; nothing here touches a socket."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
Block = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Request:
    """One request, parsed but not understood."""

    method: str
    path: str
    """As sent, still percent-encoded, without the query."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(slots=True)
class Reply:
    """One answer. ``body`` is whole, or blocks that are made while they are sent."""

    status: int = 200
    body: bytes | Iterable[Block] = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: str | None = None
    """``body`` or ``reset``: stop half-way, as an overrun request does (U08)."""

    def blocks(self) -> Iterator[Block]:
        """The body, block by block."""
        if isinstance(self.body, bytes):
            yield self.body
        else:
            yield from self.body


class RefusedError(Exception):
    """A request the stand-in answers with an error status."""

    def __init__(self, status: int, text: str = "", *, plain: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.plain = plain
        """The body is known to be plain text, whatever ``error_body`` says."""


def json_reply(value: Any, status: int = 200) -> Reply:
    """An answer with a JSON body."""
    return Reply(status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), JSON)


def text_reply(status: int, text: str) -> Reply:
    """An answer with a plain-text body."""
    return Reply(status, text.encode(), TEXT)


def not_found() -> Reply:
    """What Pendo says to a route it does not have (section 1.4)."""
    return text_reply(404, "404 page not found\n")


def error_reply(status: int, text: str, style: str) -> Reply:
    """An error whose body nobody is sure about, in the style of the switch ``error_body``."""
    if style == "empty":
        return Reply(status)
    if style == "text":
        return text_reply(status, text)
    return json_reply({style: text}, status)
