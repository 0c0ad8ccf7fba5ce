"""The subset of SOQL that the org understands (contract, section 3), from text to a tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from workbench.standin.salesforce.refusals import Refusal

LiteralKind = Literal["text", "number", "boolean", "null", "date", "datetime", "period"]
FUNCTIONS = frozenset(("count", "count_distinct", "min", "max", "sum", "avg"))
OPERATORS = frozenset(("=", "!=", "<>", "<", "<=", ">", ">="))
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)
    |(?P<number>[+-]?\d+(?:\.\d+)?)
    |(?P<text>'(?:[^'\\]|\\.)*')
    |(?P<word>[A-Za-z_][A-Za-z0-9_.]*(?::\d+)?)
    |(?P<mark><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_PERIOD = re.compile(r"(?i)today|yesterday|tomorrow|last_n_days:\d+|next_n_days:\d+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text and where it begins, from 0."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; ``value`` is its text without quotes and escapes."""

    kind: LiteralKind
    value: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: ``Lead.Email``."""

    parts: tuple[str, ...]
    at: int = 0

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """``COUNT()``, ``COUNT(Id) total``."""

    function: str
    path: Path | None
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a literal, a list of them, or the rows of a semi-join."""

    path: Path
    operator: str
    value: "Constant | tuple[Constant, ...] | Query"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    inner: "Condition"


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that are all met, or one of which is."""

    word: Literal["AND", "OR"]
    parts: "tuple[Condition, ...]"


Condition = Comparison | Not | Group


@dataclass(frozen=True, slots=True)
class Order:
    """A field to sort by."""

    path: Path
    descending: bool = False
    nulls_first: bool = True


@dataclass(slots=True)
class Query:
    """One SELECT."""

    selected: list[Path | Call]
    source: str
    source_at: int
    where: Condition | None = None
    group_by: Path | None = None
    order_by: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


def parse(text: str) -> Query:
    """The tree of a query.

    Raises:
        Refusal: MALFORMED_QUERY.
    """
    reader = _Reader(text, list(_tokens(text)))
    query = reader.query()
    if reader.next:
        raise reader.unexpected()
    return query


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Refusal("MALFORMED_QUERY", f"unexpected token: '{text[at : at + 20].strip()}'")
        yield Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        at = match.end()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text, self.tokens, self.place = text, tokens, 0

    @property
    def next(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def unexpected(self) -> Refusal:
        found = self.next.text if self.next else "<EOF>"
        return Refusal("MALFORMED_QUERY", f"unexpected token: '{found}'")

    def take(self) -> Token:
        token = self.next
        if token is None:
            raise self.unexpected()
        self.place += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether these words come next; takes them if so."""
        coming = [token.text.upper() for token in self.tokens[self.place : self.place + len(words)]]
        if coming != list(words):
            return False
        self.place += len(words)
        return True

    def must(self, word: str) -> None:
        if not self.sees(word):
            raise self.unexpected()

    def path(self) -> Path:
        token = self.next
        if token is None or token.kind != "word":
            raise self.unexpected()
        self.place += 1
        return Path(tuple(token.text.split(".")), token.at)

    def query(self) -> Query:
        self.must("SELECT")
        selected = [self.selected()]
        while self.sees(","):
            selected.append(self.selected())
        self.must("FROM")
        source = self.path()
        query = Query(selected, str(source), source.at)
        if self.sees("WHERE"):
            query.where = self.either()
        if self.sees("GROUP", "BY"):
            query.group_by = self.path()
        if self.sees("ORDER", "BY"):
            query.order_by = [self.order()]
            while self.sees(","):
                query.order_by.append(self.order())
        if self.sees("LIMIT"):
            query.limit = self.number()
        if self.sees("OFFSET"):
            query.offset = self.number()
        return query

    def selected(self) -> Path | Call:
        path = self.path()
        if not (str(path).lower() in FUNCTIONS and self.sees("(")):
            return path
        inner = None if self.sees(")") else self.path()
        if inner is not None:
            self.must(")")
        alias = ""
        if self.next and self.next.kind == "word" and self.next.text.upper() != "FROM":
            alias = self.take().text
        return Call(str(path).lower(), inner, alias)

    def order(self) -> Order:
        path = self.path()
        descending = self.sees("DESC")
        if not descending:
            self.sees("ASC")
        if self.sees("NULLS", "LAST"):
            return Order(path, descending, nulls_first=False)
        if self.sees("NULLS", "FIRST"):
            return Order(path, descending, nulls_first=True)
        return Order(path, descending)

    def number(self) -> int:
        token = self.take()
        if token.kind != "number" or not token.text.isdigit():
            self.place -= 1
            raise self.unexpected()
        return int(token.text)

    def either(self) -> Condition:
        """Conditions joined by AND, or by OR; a mixture needs brackets, as it does over there."""
        parts, word = [self.one()], ""
        while self.next and self.next.text.upper() in ("AND", "OR"):
            joined_by = self.next.text.upper()
            if word not in ("", joined_by):
                raise self.unexpected()
            word = joined_by
            self.place += 1
            parts.append(self.one())
        if len(parts) == 1:
            return parts[0]
        return Group("OR" if word == "OR" else "AND", tuple(parts))

    def one(self) -> Condition:
        if self.sees("NOT"):
            return Not(self.one())
        if self.sees("("):
            inner = self.either()
            self.must(")")
            return inner
        return self.comparison()

    def comparison(self) -> Comparison:
        path = self.path()
        if self.sees("NOT", "IN"):
            return Comparison(path, "NOT IN", self.several())
        if self.sees("IN"):
            return Comparison(path, "IN", self.several())
        if self.sees("LIKE"):
            return Comparison(path, "LIKE", self.constant())
        token = self.take()
        if token.text not in OPERATORS:
            self.place -= 1
            raise self.unexpected()
        return Comparison(path, "!=" if token.text == "<>" else token.text, self.constant())

    def several(self) -> "tuple[Constant, ...] | Query":
        self.must("(")
        if self.next and self.next.text.upper() == "SELECT":
            inner = self.query()
            self.must(")")
            return inner
        values = [self.constant()]
        while self.sees(","):
            values.append(self.constant())
        self.must(")")
        return tuple(values)

    def constant(self) -> Constant:
        token = self.take()
        if token.kind == "text":
            return Constant("text", _unescaped(token.text[1:-1]), token.at)
        if token.kind == "number":
            return Constant("number", token.text, token.at)
        if token.kind == "date":
            return Constant("date", token.text, token.at)
        if token.kind == "datetime":
            return Constant("datetime", token.text, token.at)
        word = token.text.lower()
        if word in ("true", "false"):
            return Constant("boolean", word, token.at)
        if word == "null":
            return Constant("null", "", token.at)
        if _PERIOD.fullmatch(word):
            return Constant("period", word, token.at)
        self.place -= 1
        raise self.unexpected()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1].lower(), match[1]), text)
