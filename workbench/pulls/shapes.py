"""From the structure of JSON rows to the columns of a dataset. Pure: structure in, SQL out.

DuckDB says what a set of rows holds (``json_group_structure``); this room decides what each value
becomes: moments become UTC times, values of mixed types are kept apart, names that differ only in
case are kept apart, and nothing is dropped.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.sql import literal, name

Structure = str | list["Structure"] | dict[str, "Structure"]
"""What ``json_group_structure`` answers: a type name, a list of one, or names to structures."""
Path = tuple[str, ...]

ROW = "_row_"
"""What a row read out of JSON is called while its columns are made."""
MANY_KEYS = 200
"""An object with more different keys than this is a map of free keys, not a group of columns."""
WHOLE = ("BIGINT", "UBIGINT", "HUGEINT")
"""How DuckDB calls whole numbers: any, never negative, or some of each."""
NUMBERS = (*WHOLE, "DOUBLE")
KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("number", NUMBERS),
    ("yes_no", ("BOOLEAN",)),
    ("text", ("VARCHAR",)),
    ("json", ()),
)
"""How values of one mixed column are told apart; the last takes objects and lists, as JSON text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known about the values beforehand, by path from the row."""

    moments: frozenset[Path] = frozenset()
    """Epoch milliseconds or RFC 3339 texts that mean a time."""
    texts: frozenset[Path] = frozenset()
    """Declared text, even where every value seen is a number."""
    numbers: frozenset[Path] = frozenset()
    """Declared decimal, even where every value seen is whole."""
    mixed: Mapping[Path, frozenset[str]] = field(default_factory=dict)
    """JSON types found at paths whose values differ in type."""
    parsed: frozenset[Path] = frozenset()
    """Moments whose texts all read as a time."""
    huge: frozenset[Path] = frozenset()
    """Whole numbers beyond 64 signed bits."""


@dataclass(frozen=True, slots=True)
class Output:
    """One column to write: its name and the SQL that makes it."""

    name: str
    sql: str


def together(left: Structure, right: Structure) -> Structure:
    """The structure that holds the values of both.

    >>> together({"a": "UBIGINT"}, {"a": "DOUBLE", "b": "NULL"})
    {'a': 'DOUBLE', 'b': 'NULL'}
    >>> together("BIGINT", "VARCHAR")
    'JSON'
    """
    if left == right or right == "NULL":
        return left
    if left == "NULL":
        return right
    if isinstance(left, dict) and isinstance(right, dict):
        keys = sorted({*left, *right})
        return {key: together(left.get(key, "NULL"), right.get(key, "NULL")) for key in keys}
    if isinstance(left, list) and isinstance(right, list):
        return [together(left[0], right[0])]
    if left in NUMBERS and right in NUMBERS:
        return "DOUBLE" if "DOUBLE" in (left, right) else "HUGEINT"
    return "JSON"


def paths_of(kind: str, structure: Structure, path: Path = ()) -> Iterator[Path]:
    """Paths at which the rows hold ``kind``; ``JSON`` is several types, or only empty objects.

    >>> list(paths_of("JSON", {"a": {"b": "JSON", "c": "BIGINT"}}))
    [('a', 'b')]
    """
    if structure == kind:
        yield path
    elif isinstance(structure, dict) and len(structure) <= MANY_KEYS:
        for key, below in structure.items():
            yield from paths_of(kind, below, (*path, key))


def app_times(structure: Mapping[str, Structure], times: frozenset[str]) -> Iterator[Path]:
    """Paths of Pendo's own times, in the group for all apps and in those of single apps.

    The name of an app's group is not certain (pendo-api contract, U25), so it is matched.

    >>> held = {"metadata": {"auto__1": {"lastvisit": "BIGINT", "nid": "BIGINT"}}}
    >>> list(app_times(held, frozenset({"lastvisit"})))
    [('metadata', 'auto__1', 'lastvisit')]
    """
    groups = structure.get("metadata")
    for group, fields in groups.items() if isinstance(groups, dict) else ():
        if re.fullmatch(r"auto(_+\d+)?", group) and isinstance(fields, dict):
            yield from (("metadata", group, key) for key in fields if key in times)


def at(path: Path, value: str) -> str:
    """SQL for what stands at ``path`` in a JSON value."""
    return f"json_extract({value}, {literal(''.join(map(_pointer, path)))})"


def outputs(structure: Mapping[str, Structure], wanted: Wanted) -> list[Output]:
    """The columns of a row: one per top-level key, nested groups as structs.

    Select them from a relation that names each row ``ROW``, as ``rows`` does.
    """
    return _members(structure, wanted, (), ROW)


def rows(structure: Structure, objects: str, *, value: str = "json", beside: str = "") -> str:
    """SQL that reads each JSON ``value`` of ``objects`` once, as ``ROW``."""
    shape = literal(json.dumps(stored(structure)))
    return f"(SELECT {beside}json_transform({value}, {shape}) AS {ROW} FROM {objects})"


def flattened(structure: Mapping[str, Structure], wanted: Wanted, group: str) -> list[Output]:
    """As ``outputs``, with the two levels below ``group`` laid flat.

    ``metadata.custom.tier`` becomes ``custom_tier``.
    """
    below = structure.get(group)
    if not isinstance(below, dict):
        return outputs(structure, wanted)
    rest = {key: part for key, part in structure.items() if key != group}
    flat = _members(rest, wanted, (), ROW, of=structure)
    value = child(ROW, structure, group)
    for key, fields in below.items():
        inner = child(value, below, key)
        if isinstance(fields, dict):
            found = _members(fields, wanted, (group, key), inner)
            flat += [Output(f"{key}_{column.name}", column.sql) for column in found]
        else:
            flat += _leaf(key, fields, inner, wanted, (group, key))
    return distinct(flat)


def _members(
    structure: Mapping[str, Structure],
    wanted: Wanted,
    path: Path,
    value: str,
    *,
    of: Mapping[str, Structure] | None = None,
) -> list[Output]:
    """The members of the object ``value``, named apart where only their case differs."""
    members: list[Output] = []
    for key, below in structure.items():
        here, inner = (*path, key), child(value, of or structure, key)
        if isinstance(below, dict) and len(below) <= MANY_KEYS:
            members.append(Output(key, _group(below, wanted, here, inner)))
        else:
            members += _leaf(key, below, inner, wanted, here)
    return distinct(members)


def _group(structure: Mapping[str, Structure], wanted: Wanted, path: Path, value: str) -> str:
    fields = ", ".join(
        f"{name(member.name)} := {member.sql}"
        for member in _members(structure, wanted, path, value)
    )
    return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({fields}) END"


def child(value: str, structure: Mapping[str, Structure], key: str) -> str:
    """SQL for one member of an object, which is a struct unless only case tells its keys apart."""
    if clashes(structure) or len(structure) > MANY_KEYS:
        shape = literal(json.dumps(stored(structure[key])))
        return f"json_transform({at((key,), value)}, {shape})"
    return f"struct_extract({value}, {literal(key)})"


def _leaf(key: str, structure: Structure, value: str, wanted: Wanted, path: Path) -> list[Output]:
    """The column or columns of one value."""
    if structure == "JSON":
        return list(_apart(key, value, wanted, path))
    return [Output(key, _typed(structure, value, wanted, path))]


def _typed(structure: Structure, value: str, wanted: Wanted, path: Path) -> str:
    """SQL for a value whose type is the same in every row."""
    if isinstance(structure, dict):
        return _free_keys(value)
    if isinstance(structure, list) or structure == "NULL":
        return value
    if path in wanted.moments and structure in NUMBERS:
        return f"make_timestamptz(({value} * 1000)::BIGINT)"
    if path in wanted.moments and path in wanted.parsed:
        return f"{value}::TIMESTAMPTZ"
    if path in wanted.texts:
        return f"{value}::VARCHAR"
    if path in wanted.numbers and structure in NUMBERS:
        return f"{value}::DOUBLE"
    if structure in WHOLE:
        return f"{value}::{'DECIMAL(20,0)' if path in wanted.huge else 'BIGINT'}"
    return value


def _free_keys(value: str) -> str:
    """An object of very many keys, as a map to texts (JSON text where a value is none)."""
    key = "'/' || replace(replace(k, '~', '~0'), '/', '~1')"
    texts = f"list_transform(json_keys({value}), lambda k: {value} ->> ({key}))"
    return f"CASE WHEN {value} IS NOT NULL THEN map(json_keys({value}), {texts}) END"


def stored(structure: Structure, *, inside_list: bool = False) -> Structure:
    """The structure as it is read out of JSON; what has no one type stays JSON."""
    if isinstance(structure, list):
        return [stored(part, inside_list=True) for part in structure]
    if isinstance(structure, dict):
        if clashes(structure) or len(structure) > MANY_KEYS:
            return "VARCHAR" if inside_list else "JSON"
        return {key: stored(part, inside_list=inside_list) for key, part in structure.items()}
    if inside_list:
        if structure in WHOLE:
            return "BIGINT"
        return {"NULL": "VARCHAR", "JSON": "VARCHAR"}.get(structure, structure)
    return "VARCHAR" if structure == "NULL" else structure


def clashes(structure: Mapping[str, Structure]) -> bool:
    """Whether only case tells two keys apart, which a struct cannot hold; nor an empty one."""
    return len({key.casefold() for key in structure}) < len(structure) or "" in structure


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _apart(key: str, value: str, wanted: Wanted, path: Path) -> Iterator[Output]:
    """A value of several types: one column for each kind, the first under the plain name.

    >>> wanted = Wanted(mixed={("score",): frozenset({"DOUBLE", "VARCHAR"})})
    >>> [column.name for column in _apart("score", "v", wanted, ("score",))]
    ['score', 'score__text']
    """
    found = wanted.mixed.get(path, frozenset()) - {"NULL"}
    if found <= {"OBJECT"}:
        # Always empty: it says no more than its absence, and has no type to defend.
        yield Output(key, "NULL::VARCHAR")
        return
    order = KINDS
    if path in wanted.texts:
        order = (KINDS[2], KINDS[0], KINDS[1], KINDS[3])
    named = set().union(*(types for _, types in KINDS))
    plain = True
    for kind, types in order:
        present = found & set(types) if types else found - named
        if present:
            yield Output(key if plain else f"{key}__{kind}", _of_kind(value, kind, present))
            plain = False


def _of_kind(value: str, kind: str, present: frozenset[str] | set[str]) -> str:
    accepted = ", ".join(literal(each) for each in sorted(present))
    whole = present <= {"BIGINT", "UBIGINT"}
    taken = {
        "number": f"({value})::{'BIGINT' if whole else 'DOUBLE'}",
        "yes_no": f"({value})::BOOLEAN",
        "text": f"({value} ->> '$')",
        "json": f"({value})::VARCHAR",
    }[kind]
    return f"CASE WHEN json_type({value}) IN ({accepted}) THEN {taken} END"


def distinct(columns: Sequence[Output]) -> list[Output]:
    """Columns renamed where only case tells them apart: DuckDB and Excel cannot.

    >>> [each.name for each in distinct([Output("a", ""), Output("A", ""), Output("", "")])]
    ['a', 'A_2', 'unnamed']
    """
    taken: set[str] = set()
    kept: list[Output] = []
    for column in columns:
        base = column.name or "unnamed"
        chosen, number = base, 1
        while chosen.casefold() in taken:
            number += 1
            chosen = f"{base}_{number}"
        taken.add(chosen.casefold())
        kept.append(Output(chosen, column.sql))
    return kept
