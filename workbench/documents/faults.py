"""Faults of documents, each with its file, line and key, in the writer's words."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from workbench.errors import InputError
from workbench.words import nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from workbench.documents.yaml_text import Written

SECRET_KEYS = frozenset(
    {"key", "api_key", "apikey", "integration_key", "secret", "token", "password", "client_secret"}
)
"""Keys under which people write a secret; their values are never repeated in a message."""
UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
MISSING = frozenset({"missing", "missing_argument"})
SENTENCES: Mapping[str, str] = {
    "string_type": "must be text: put it in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a group of `key: value`",
    "model_type": "must be a group of `key: value`",
    "dataclass_type": "must be a group of `key: value`",
    "date_type": "must be a date such as 2026-03-01",
    "date_parsing": "must be a date such as 2026-03-01",
    "date_from_datetime_parsing": "must be a date such as 2026-03-01",
    "date_from_datetime_inexact": "must be a date such as 2026-03-01",
    "none_required": "must be empty",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "too_short": "needs at least {min_length}",
    "string_pattern_mismatch": "{input!r} {pattern}",
    "literal_error": "{input!r} is not one of {expected}",
}
"""Pydantic's error types as an analyst would say them."""

PATTERNS: Mapping[str, str] = {
    r"^[a-z][a-z0-9-]{0,62}$": "is not a name: lower-case letters, digits and -, a letter first, "
    "63 at most",
    r"^[a-z_][a-z0-9_]{0,62}$": "is not a dataset name: lower-case letters, digits and _, no digit "
    "first, 63 at most",
}
"""What the patterns of names mean."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a document."""

    file: str
    line: int
    document: str
    """``KIND/NAME`` as far as it is known."""
    text: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place} {self.document}: {self.text}" if self.document else f"{place}: {self.text}"


class DocumentsError(InputError):
    """Documents with faults; nothing of them was kept."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in faults]
        what = lines[0] if len(lines) == 1 else f"{len(lines)} faults; nothing was applied"
        hints = dict.fromkeys(fault.hint for fault in faults if fault.hint)
        super().__init__(what, hint=" ".join(hints), details="\n".join(lines))


def told(document: "Written", model: type[BaseModel], error: ValidationError) -> list[Fault]:
    """What pydantic found wrong, as faults of the text it was written in, in its order."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        by_path.setdefault(_path(detail, document.value), []).append(detail)
    for path in [path for path, found in by_path.items() if _is_beside_the_point(path, by_path)]:
        del by_path[path]
    faults = [_fault(document, model, path, found) for path, found in by_path.items()]
    return sorted(faults, key=lambda fault: fault.line)


def _path(detail: "ErrorDetails", value: Any) -> Path:
    """Where in the document an error is: pydantic's location without the names of its branches."""
    path: list[str | int] = []
    location = detail["loc"]
    for number, part in enumerate(location):
        is_last = number == len(location) - 1
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            value = value[part]
            path.append(part)
        elif is_last and detail["type"] in MISSING:
            path.append(part)
    return tuple(path)


def _is_beside_the_point(path: Path, by_path: Mapping[Path, Sequence["ErrorDetails"]]) -> bool:
    """Whether other errors say better what was meant.

    Where a value may take several forms, pydantic tells what is wrong with it as each of them:
    the form that was entered is the one whose errors lie deeper. And a key that is missing
    because it was misspelt is told once, as unknown.
    """
    if any(len(other) > len(path) and other[: len(path)] == path for other in by_path):
        return all(len(detail["loc"]) > len(path) for detail in by_path[path])
    if not all(detail["type"] in MISSING for detail in by_path[path]):
        return False
    beside = [
        str(other[-1])
        for other, details in by_path.items()
        if other[:-1] == path[:-1] and other and details[0]["type"] in UNKNOWN
    ]
    return bool(nearest(str(path[-1]), beside))


def _fault(
    document: "Written", model: type[BaseModel], path: Path, found: Sequence["ErrorDetails"]
) -> Fault:
    key = ".".join(str(part) for part in path)
    if found[0]["type"] in UNKNOWN:
        return _unknown_key(document, model, path)
    if found[0]["type"] in MISSING:
        return document.fault(f"{key} is missing", path)
    if path and path[-1] == "key_env":
        # What was written there may be the key itself.
        return document.fault(
            "key_env must name an environment variable, not hold the key",
            path,
            hint="For example: key_env: PENDO_KEY",
        )
    sentences = ", or ".join(dict.fromkeys(_sentence(detail) for detail in found))
    # "must be a date, or must be a list" where a value may take several forms.
    sentences = sentences.replace(", or must be ", " or ")
    return document.fault(f"{key}: {sentences}" if key else sentences, path)


def _unknown_key(document: "Written", model: type[BaseModel], path: Path) -> Fault:
    key = str(path[-1])
    if key.lower() in SECRET_KEYS:
        return document.fault(
            f"{key}: a secret is never written in a document",
            path,
            hint=f"Put it into an environment variable and name that one: {key}_env: PENDO_KEY",
        )
    known = keys_at(model, path[:-1])
    where = ".".join(str(part) for part in path)
    guess = nearest(key, known) or (f"; known here: {', '.join(known)}" if known else "")
    return document.fault(f"unknown key {where[:120]}{guess}", path)


def _sentence(detail: "ErrorDetails") -> str:
    context = dict(detail.get("ctx", {}))
    if detail["type"] == "value_error":
        return str(context["error"])
    given = detail["input"]
    context["input"] = given if not isinstance(given, str) else given[:60]
    sentence = SENTENCES.get(detail["type"])
    if sentence is None:
        return detail["msg"][:1].lower() + detail["msg"][1:]
    pattern = context.get("pattern", "")
    context["pattern"] = PATTERNS.get(pattern, f"does not fit {pattern}")
    guess = ""
    if detail["type"] == "literal_error" and isinstance(given, str):
        guess = nearest(given, [word.strip("'") for word in _words(context["expected"])])
    return sentence.format(**context) + guess


def _words(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def keys_at(kind: Any, path: Path) -> list[str]:
    """The keys that a model knows at a path, as they are written in a document."""
    kinds = _forms(kind)
    for part in path:
        kinds = [form for kind in kinds for form in _below(kind, part)]
    return list(dict.fromkeys(key for kind in kinds for key in _fields(kind)))


def _forms(kind: Any) -> list[Any]:
    """What a type may be, without the wrapping."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _forms(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [form for argument in get_args(kind) for form in _forms(argument)]
    return [kind]


def _below(kind: Any, part: str | int) -> list[Any]:
    if isinstance(part, int):
        return [form for argument in get_args(kind) for form in _forms(argument)]
    below = _fields(kind).get(part)
    return [] if below is None else _forms(below)


def _fields(kind: Any) -> dict[str, Any]:
    """A model's or dataclass's fields, type by written name."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return {field.name: field.type for field in dataclasses.fields(kind)}
    return {}
