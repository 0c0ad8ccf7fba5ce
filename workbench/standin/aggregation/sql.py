"""Say an expression in SQL, over the columns of a frame; what cannot be said is left to Python.

Each rule gives exactly what `expressions.evaluate` gives for the same rows; the tests hold the two
against each other.
"""

from dataclasses import dataclass
from typing import Any, Literal

from workbench.standin.aggregation.frame import Leaf, LeafType, Tree, members_sql, quoted
from workbench.standin.expressions.evaluate import Setting, compiled
from workbench.standin.expressions.functions import ANONYMOUS
from workbench.standin.expressions.parser import Binary, Call, Node, Path, Unary
from workbench.standin.expressions.parser import Literal as Constant

SaidType = LeafType | Literal["null"]
NUMERIC = ("int", "float")


class NotColumnarError(Exception):
    """This needs row-by-row work."""


@dataclass(frozen=True, slots=True)
class Said:
    """An expression in SQL. A missing value is NULL."""

    sql: str
    type: SaidType
    constant: bool = False


def said(node: Node, tree: Tree, setting: Setting) -> Said:
    """An expression in SQL.

    Raises:
        NotColumnarError: SQL has no word for it.
    """
    if not _has_path(node):
        return constant(compiled(node, setting)({}))
    if isinstance(node, Path):
        return _path(node, tree)
    if isinstance(node, Unary):
        inner = said(node.operand, tree, setting)
        if node.operator == "!":
            return Said(f"(NOT {truth(inner)})", "bool")
        return Said(f"(-{inner.sql})", inner.type) if inner.type in NUMERIC else NULL
    if isinstance(node, Binary):
        return _binary(node, tree, setting)
    if isinstance(node, Call):
        return _call(node, [said(argument, tree, setting) for argument in node.arguments])
    raise NotColumnarError


def truth(value: Said) -> str:
    """SQL for whether a value lets a row pass; never NULL."""
    if value.type == "bool":
        return f"coalesce({value.sql}, FALSE)"
    if value.type in NUMERIC:
        return f"coalesce({value.sql} <> 0, FALSE)"
    if value.type == "text":
        return f"coalesce({value.sql} <> '', FALSE)"
    if value.type == "null":
        return "FALSE"
    raise NotColumnarError


def constant(value: Any) -> Said:
    """A value known beforehand."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Said(str(value).upper(), "bool", True)
    if isinstance(value, int) and abs(value) < 2**62:
        return Said(str(value), "int", True)
    if isinstance(value, float) and abs(value) < 1e300:
        return Said(f"{value!r}::DOUBLE", "float", True)
    if isinstance(value, str) and "\0" not in value:
        return Said(quoted(value), "text", True)
    raise NotColumnarError


NULL = Said("NULL", "null", True)


def _has_path(node: Node) -> bool:
    if isinstance(node, Path):
        return True
    if isinstance(node, Unary):
        return _has_path(node.operand)
    if isinstance(node, Binary):
        return _has_path(node.left) or _has_path(node.right)
    return isinstance(node, Call) and any(_has_path(argument) for argument in node.arguments)


def _path(node: Path, tree: Tree) -> Said:
    at: Leaf | Tree | None = tree
    for part in node.parts:
        if isinstance(at, Leaf):
            if at.type == "json":
                raise NotColumnarError
            return NULL
        at = at.get(str(part)) if at is not None else None
    if at is None:
        return NULL
    if isinstance(at, Leaf):
        return Said(at.column, at.type)
    return Said(members_sql(at), "json")


def _binary(node: Binary, tree: Tree, setting: Setting) -> Said:
    left, right = said(node.left, tree, setting), said(node.right, tree, setting)
    if node.operator in ("&&", "||"):
        word = "AND" if node.operator == "&&" else "OR"
        return Said(f"({truth(left)} {word} {truth(right)})", "bool")
    if node.operator in _COMPARED:
        names_null = Constant(None) in (node.left, node.right)
        return _compared(node.operator, left, right, setting.null_is_zero and not names_null)
    return _arithmetic(node.operator, left, right)


def _compared(operator: str, left: Said, right: Said, null_is_zero: bool) -> Said:
    if null_is_zero:
        if left.constant == right.constant:
            raise NotColumnarError
        left, right = _zeroed(left, right), _zeroed(right, left)
    family = _family(left), _family(right)
    if "json" in family:
        raise NotColumnarError
    alike = family[0] == family[1] or "null" in family
    if operator in ("==", "!="):
        word = "IS NOT DISTINCT FROM" if operator == "==" else "IS DISTINCT FROM"
        if alike:
            return Said(f"({left.sql} {word} {right.sql})", "bool")
        # Two kinds are equal only where both are missing.
        both = f"({left.sql} IS NULL AND {right.sql} IS NULL)"
        return Said(both if operator == "==" else f"(NOT {both})", "bool")
    if family[0] != family[1] or family[0] not in ("text", "number"):
        return Said("FALSE", "bool")
    return Said(f"coalesce({left.sql} {operator} {right.sql}, FALSE)", "bool")


def _zeroed(value: Said, other: Said) -> Said:
    zeros = {"text": "''", "number": "0", "bool": "FALSE", "null": "NULL"}
    zero = zeros.get(_family(other))
    if zero is None or _family(value) not in (_family(other), "null"):
        raise NotColumnarError
    kind = other.type if value.type == "null" else value.type
    return Said(f"coalesce({value.sql}, {zero})", kind)


def _family(value: Said) -> str:
    return "number" if value.type in NUMERIC else value.type


def _arithmetic(operator: str, left: Said, right: Said) -> Said:
    if operator == "+" and left.type == right.type == "text":
        return Said(f"({left.sql} || {right.sql})", "text")
    if left.type not in NUMERIC or right.type not in NUMERIC:
        return NULL
    if operator == "/":
        return Said(f"({left.sql}::DOUBLE / nullif({right.sql}, 0))", "float")
    if operator == "%":
        # DuckDB's remainder of fractions differs in the last digits.
        raise NotColumnarError
    kind: LeafType = "int" if left.type == right.type == "int" else "float"
    return Said(f"({left.sql} {operator} {right.sql})", kind)


def _call(node: Call, given: list[Said]) -> Said:
    kinds = [value.type for value in given]
    first = given[0].sql if given else ""
    if node.name in ("isNull", "isNil") and "json" not in kinds:
        return Said(f"({first} IS NULL)", "bool")
    if node.name in ("contains", "startsWith") and kinds == ["text", "text"]:
        word = "contains" if node.name == "contains" else "starts_with"
        return Said(f"coalesce({word}({first}, {given[1].sql}), FALSE)", "bool")
    if node.name == "identified" and kinds == ["text"]:
        return Said(identified_sql(first), "bool")
    if node.name == "isEmpty" and kinds[0] in ("text", *NUMERIC, "bool"):
        empty = f" OR {first} = ''" if kinds[0] == "text" else ""
        return Said(f"({first} IS NULL{empty})", "bool")
    if node.name == "if" and kinds[1] == kinds[2] and kinds[1] != "json":
        return Said(
            f"CASE WHEN {truth(given[0])} THEN {given[1].sql} ELSE {given[2].sql} END", kinds[1]
        )
    if node.name == "toString" and kinds[0] in ("text", "int"):
        return Said(f"({first})::VARCHAR", "text")
    raise NotColumnarError


def identified_sql(column: str) -> str:
    """SQL for whether an id is somebody's own."""
    return f"coalesce({column} <> '' AND NOT starts_with({column}, '{ANONYMOUS}'), FALSE)"


_COMPARED = ("==", "!=", "<", "<=", ">", ">=")
