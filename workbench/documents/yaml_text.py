"""YAML in and out: several documents in a text, every value with the line it stands on.

Plainer than YAML 1.1, so that a document means what it seems to: ``on`` and ``yes`` are words,
``0123`` keeps its zero, only ``2026-03-01`` is a date. Nothing in a text can make an object, and
no text, however written, costs more than its size.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from workbench.documents.faults import Fault

MOST_CHARACTERS = 2_000_000
"""Far above any document written by hand; a file of rows given by mistake ends here."""
MOST_VALUES = 100_000
"""Aliases count each time they are used: what a text with nested aliases would grow to."""
DEEPEST = 60
"""Levels of nesting. Custom requests need about ten."""

_PLAIN = "tag:yaml.org,2002:"
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A YAML text and the name by which faults call it."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Written:
    """One document of a text: its value, and where each part of it stands."""

    file: str
    value: dict[str, Any]
    lines: Mapping[_Path, int] = field(default_factory=dict)
    """First line of each value, counted from 1, by its path of keys and positions."""

    def line(self, path: Iterable[str | int] = ()) -> int:
        """The line of ``path``, or of the nearest part above it that is written down."""
        wanted = tuple(path)
        while wanted not in self.lines and wanted:
            wanted = wanted[:-1]
        return self.lines.get(wanted, 1)

    def fault(self, text: str, path: Iterable[str | int] = (), hint: str = "") -> Fault:
        """A fault of this document, with its kind and name where it tells them."""
        kind, name = self.value.get("kind"), self.value.get("name")
        told = [part for part in (kind, name) if isinstance(part, str)]
        return Fault(self.file, self.line(path), "/".join(told)[:120], text, hint)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes nodes; how plain words are understood is said below."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


# Each is a part of what YAML 1.1 would understand, so that what its writers leave without
# quotes is never understood differently here.
for _tag, _pattern, _starts in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?$", "-+0123456789"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("timestamp", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "0123456789"),
    ("merge", r"^(?:<<)$", "<"),
):
    _Loader.add_implicit_resolver(_PLAIN + _tag, re.compile(_pattern), list(_starts))


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes texts of several lines as blocks, and never an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """A text: quoted where YAML 1.1 would take it for something else."""
        # Where a block cannot say a text, such as one with control characters, the writer
        # chooses quotes by itself.
        style = "|" if "\n" in text else None
        node: yaml.ScalarNode = self.represent_scalar(f"{_PLAIN}str", text, style=style)
        return node


_Dumper.add_representer(str, _Dumper.represent_text)


def written(text: Text) -> tuple[list[Written], list[Fault]]:
    """Every document of a text that can be read, and a fault for what cannot."""
    documents: list[Written] = []
    try:
        _check_size(text.content)
        for node in _nodes(text.content):
            walk = _Walk(text.name)
            value = walk.value(node, ())
            if walk.faults:
                return documents, walk.faults
            if value is None:
                continue  # nothing between two separators, or only comments
            if not isinstance(value, dict):
                line = node.start_mark.line + 1
                return documents, [
                    Fault(text.name, line, "", "a document is a list of `key: value`")
                ]
            documents.append(Written(text.name, value, walk.lines))
    except yaml.YAMLError as error:
        return documents, [_not_yaml(text, error)]
    except _TooMuch as error:
        return documents, [Fault(text.name, error.line, "", str(error))]
    return documents, []


def dump(bodies: Iterable[Mapping[str, Any]]) -> str:
    """Documents as YAML that ``written`` reads back the same; nothing for no documents."""
    texts = [
        yaml.dump(dict(body), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
        for body in bodies
    ]
    return "---\n".join(texts)


class _TooMuch(Exception):
    """A text that would cost more than a document may."""

    def __init__(self, what: str, line: int = 1) -> None:
        super().__init__(what)
        self.line = line


def _check_size(content: str) -> None:
    if len(content) > MOST_CHARACTERS:
        raise _TooMuch(f"{len(content):,} characters are too many for documents")
    depth = 0
    # Told by events first, which needs no stack: composing nests one call for each level.
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            mark = event.start_mark
            raise _TooMuch(f"more than {DEEPEST} levels deep", mark.line + 1 if mark else 1)


def _nodes(content: str) -> Iterator[yaml.Node]:
    loader = _Loader(content)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


class _Walk:
    """One walk over a document's nodes: values, lines and faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[_Path, int] = {}
        self.faults: list[Fault] = []

    def value(self, node: yaml.Node, path: _Path) -> Any:
        """The value of a node; remembers the line of each part."""
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if len(path) > DEEPEST or len(self.lines) > MOST_VALUES:
            raise _TooMuch("aliases make this document too large", line)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_PLAIN}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_PLAIN}seq":
            return [self.value(item, (*path, n)) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        return self._fault(line, f"the tag {node.tag} is not allowed")

    def _mapping(self, node: yaml.MappingNode, path: _Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(line, "a key must be a word")
                continue
            key = str(key_node.value)
            if key_node.tag == f"{_PLAIN}merge":
                self._fault(line, "`<<` is not supported: write the lines out")
            elif key in found:
                self._fault(line, f"the key {key[:60]} is there twice")
            else:
                self.lines[(*path, key)] = line
                found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.ScalarNode, line: int) -> Any:
        text = str(node.value)
        kind = node.tag.removeprefix(_PLAIN)
        try:
            if kind == "bool":
                return text.lower() == "true"
            if kind == "null":
                return None
            if kind in ("int", "float"):
                return int(text) if kind == "int" else float(text)
            if kind == "timestamp":
                return _date_or_text(text)
        except ValueError:
            return self._fault(line, f"{text[:60]} is not a number")
        # "<<" and "=" as values are words like any other.
        if kind in ("str", "merge", "value"):
            return text
        return self._fault(line, f"the tag {node.tag} is not allowed")

    def _fault(self, line: int, text: str) -> None:
        self.faults.append(Fault(self.file, line, "", text))


def _date_or_text(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text  # the 30th of February: whoever wanted a date says so


def _not_yaml(text: Text, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    # What is never closed is found missing after the last line.
    line = min(mark.line + 1, len(text.content.splitlines())) if mark else 1
    problem = str(getattr(error, "problem", "") or getattr(error, "reason", "") or "cannot be read")
    return Fault(text.name, line, "", f"not YAML: {problem}")
