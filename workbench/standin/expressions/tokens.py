"""Cut the text of an expression into tokens."""

import re
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["number", "text", "name", "mark", "end"]

_PATTERN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d]\w*)
    | "(?P<quoted>(?:[^"\\\n]|\\.)*)"
    | `(?P<raw>[^`]*)`
    | (?P<mark>\|\||&&|==|!=|<=|>=|[-+*/%<>!().,\[\]])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "/": "/", "'": "'"}


class ParseError(ValueError):
    """The text is no expression."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression."""

    kind: TokenKind
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The tokens of ``text``, closed by one of kind ``end``.

    Raises:
        ParseError: a character that starts no token, or an unknown escape.
    """
    found: list[Token] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _PATTERN.match(text, at)
        if match is None:
            raise ParseError(f"unexpected {text[at : at + 10]!r} at {at}")
        found.append(_token(match))
        at = match.end()
    found.append(Token("end", "", at))
    return found


def _token(match: re.Match[str]) -> Token:
    kind, at = match.lastgroup, match.start()
    if kind == "quoted":
        return Token("text", _ESCAPE.sub(_unescaped, match["quoted"]), at)
    if kind == "raw":
        return Token("text", match["raw"], at)
    if kind == "number":
        return Token("number", match["number"], at)
    if kind == "name":
        return Token("name", match["name"], at)
    return Token("mark", match["mark"], at)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16))
    if match[3] not in _ESCAPED:
        raise ParseError(f"unknown escape \\{match[3]}")
    return _ESCAPED[match[3]]
