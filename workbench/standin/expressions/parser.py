"""Turn an expression into a tree, by precedence; C's rules, as Pendo's documentation says."""

from dataclasses import dataclass

from workbench.standin.expressions.tokens import ParseError, Token, tokens

__all__ = ["Binary", "Call", "Literal", "Node", "ParseError", "Path", "Unary", "parse"]

PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
"""How strongly each operator binds; equal ones group from the left."""
FUNCTIONS = {
    "contains": (2, 2),
    "startsWith": (2, 2),
    "len": (1, 1),
    "split": (2, 2),
    "toLowerCase": (1, 1),
    "toString": (1, 1),
    "isNull": (1, 1),
    "isNil": (1, 1),
    "isEmpty": (1, 1),
    "isBoolean": (1, 1),
    "isNumber": (1, 1),
    "isString": (1, 1),
    "isList": (1, 1),
    "if": (3, 3),
    "identified": (1, 1),
    "hash": (1, 1),
    "now": (0, 0),
    "date": (1, 6),
    "startOfPeriod": (2, 2),
    "dateAdd": (3, 3),
    "dateDist": (3, 3),
    "formatTime": (2, 2),
    "list": (0, 255),
    "expandAppIds": (1, 1),
    "eventSubType": (1, 1),
}
"""Function names with their least and greatest number of arguments."""
DEEPEST = 200
"""Nesting beyond this is refused, before Python's own stack is."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out."""

    value: str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    """A field: names, and numbers for places in a list."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """``!x`` or ``-x``."""

    operator: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what joins them."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple["Node", ...]


Node = Literal | Path | Unary | Binary | Call
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "nil": None}


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ParseError: the text is no expression of the language.
    """
    reader = _Reader(tokens(text))
    tree = reader.expression(1)
    if reader.next.kind != "end":
        raise ParseError(f"unexpected {reader.next.text!r} at {reader.next.at}")
    return tree


def _balanced(operator: str, parts: list[Node]) -> Node:
    """Many operands of one kind as a tree of little depth: thousands of ids are usual."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _balanced(operator, parts[:half]), _balanced(operator, parts[half:])
    return Binary(operator, left, right)


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def expect(self, mark: str) -> None:
        token = self.take()
        if token.kind != "mark" or token.text != mark:
            raise ParseError(f"expected {mark} at {token.at}, found {token.text!r}")

    def is_mark(self, mark: str) -> bool:
        return self.next.kind == "mark" and self.next.text == mark

    def expression(self, least: int) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ParseError("nested too deeply")
        left = self.operand()
        while self.next.kind == "mark" and PRECEDENCE.get(self.next.text, 0) >= least:
            operator = self.next.text
            if operator in ("||", "&&"):
                left = self.chain(operator, left)
            else:
                self.take()
                left = Binary(operator, left, self.expression(PRECEDENCE[operator] + 1))
        self._depth -= 1
        return left

    def chain(self, operator: str, first: Node) -> Node:
        """``a || b || c …``, which stands for the list of values that ``in`` would take."""
        parts = [first]
        while self.is_mark(operator):
            self.take()
            parts.append(self.expression(PRECEDENCE[operator] + 1))
        return _balanced(operator, parts)

    def operand(self) -> Node:
        signs: list[str] = []
        while self.next.kind == "mark" and self.next.text in ("!", "-", "+"):
            signs.append(self.take().text)
        node = self.primary()
        for sign in reversed(signs):
            node = node if sign == "+" else Unary(sign, node)
        return node

    def primary(self) -> Node:
        token = self.take()
        if token.kind == "number":
            number = float(token.text)
            return Literal(int(number) if number.is_integer() else number)
        if token.kind == "text":
            return Literal(token.text)
        if token.kind == "name":
            return self.named(token)
        if token.text == "(" and token.kind == "mark":
            node = self.expression(1)
            self.expect(")")
            return node
        raise ParseError(f"unexpected {token.text!r} at {token.at}")

    def named(self, token: Token) -> Node:
        if self.is_mark("("):
            return self.call(token)
        if token.text in _WORDS:
            return Literal(_WORDS[token.text])
        return self.path(token)

    def call(self, token: Token) -> Node:
        if token.text not in FUNCTIONS:
            raise ParseError(f"unknown function {token.text}")
        self.expect("(")
        arguments: list[Node] = []
        while not self.is_mark(")"):
            arguments.append(self.expression(1))
            if not self.is_mark(")"):
                self.expect(",")
        self.expect(")")
        least, most = FUNCTIONS[token.text]
        if not least <= len(arguments) <= most:
            raise ParseError(f"{token.text} does not take {len(arguments)} arguments")
        return Call(token.text, tuple(arguments))

    def path(self, token: Token) -> Node:
        parts: list[str | int] = [token.text]
        while self.is_mark(".") or self.is_mark("["):
            if self.take().text == ".":
                parts.append(self._member())
            else:
                parts.append(self._index())
                self.expect("]")
        return Path(tuple(parts))

    def _member(self) -> str:
        token = self.take()
        if token.kind not in ("name", "number"):
            raise ParseError(f"expected a field name at {token.at}")
        return token.text

    def _index(self) -> str | int:
        token = self.take()
        if token.kind == "number" and token.text.isdigit():
            return int(token.text)
        if token.kind == "text":
            return token.text
        raise ParseError(f"expected a place in a list at {token.at}")
