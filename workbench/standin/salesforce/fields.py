"""Objects and fields as values, read from the lines of `tables` and from custom field texts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.standin.salesforce.tables import OBJECTS
from workbench.standin.switchboard import SwitchError

NUMERIC = {"int": "INTEGER", "boolean": "INTEGER"} | dict.fromkeys(
    ("double", "currency", "percent"), "REAL"
)
"""Types that SQLite does not keep as text."""
EXACT = frozenset(("id", "reference", "date", "datetime"))
"""Texts whose case counts, or that have none."""
CUSTOM_TYPES = {
    "boolean": "boolean CUD default=0",
    "checkbox": "boolean CUD default=0",
    "double": "double NCU",
    "number": "double NCU",
    "string": "string NCU len=255",
    "text": "string NCU len=255",
    "date": "date NCU",
    "datetime": "datetime NCU",
    "percent": "percent NCU",
    "email": "email NCU len=80",
}
"""What a custom field of a type is."""
_CUSTOM = re.compile(r"([A-Za-z_]+)\.([A-Za-z][A-Za-z0-9_]*__c) ([a-z]+)")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one object."""

    name: str
    type: str
    flags: frozenset[str]
    length: int = 0
    refers_to: str = ""
    relation: str = ""
    default: str | None = None
    formula: str = ""
    """SQL over other fields in braces; such a field is not stored."""
    values: tuple[str, ...] = ()

    @property
    def createable(self) -> bool:
        """Whether a new record may be given it."""
        return "C" in self.flags

    @property
    def updateable(self) -> bool:
        """Whether it may be changed."""
        return "U" in self.flags

    @property
    def required(self) -> bool:
        """Whether a new record must be given it."""
        return "R" in self.flags

    @property
    def nillable(self) -> bool:
        """Whether it may be empty."""
        return "N" in self.flags

    @property
    def custom(self) -> bool:
        """Whether the org's own people added it."""
        return self.name.endswith("__c")

    @property
    def column(self) -> str:
        """Its column in SQLite."""
        collation = "" if self.type in NUMERIC or self.type in EXACT else " COLLATE NOCASE"
        return f'"{self.name}" {NUMERIC.get(self.type, "TEXT")}{collation}'


@dataclass(frozen=True, slots=True)
class Table:
    """One object: its fields by name in lower case, as SOQL minds no case."""

    name: str
    fields: dict[str, Field]

    def stored(self) -> list[Field]:
        """The fields that are columns."""
        return [field for field in self.fields.values() if not field.formula]


def read_field(line: str) -> Field:
    """A field from its line."""
    line, has_formula, formula = line.partition(" =")
    line, has_values, values = line.partition(" |")
    name, kind, *words = line.split()
    flags = "".join(word for word in words if not set(word) - set("NCUDRIF"))
    more = dict(word.split("=", 1) for word in words if "=" in word)
    reference = next((word[1:] for word in words if word.startswith(">")), "")
    refers_to, _, relation = reference.partition("/")
    default = more.get("default")
    return Field(
        name=name,
        type=kind,
        flags=frozenset(flags),
        length=int(more.get("len", 0)),
        refers_to=refers_to,
        relation=relation,
        default=None if default is None else default.replace("_", " "),
        formula=formula if has_formula else "",
        values=tuple(values.split("|")) if has_values else (),
    )


def _read_table(name: str, text: str) -> Table:
    fields = [read_field(line) for line in text.splitlines() if line.strip()]
    return Table(name, {field.name.lower(): field for field in fields})


STANDARD = {name: _read_table(name, text) for name, text in OBJECTS.items()}
"""Every object with its standard fields."""


def custom_field(text: str) -> tuple[str, Field]:
    """The object and the field of a text such as ``Campaign.Auto_Sync__c boolean``.

    Raises:
        SwitchError: it is not one.
    """
    match = _CUSTOM.fullmatch(text)
    if match is None or match[1] not in STANDARD or match[3] not in CUSTOM_TYPES:
        kinds = ", ".join(CUSTOM_TYPES)
        raise SwitchError(
            f"{text} is no custom field; write it like Campaign.Auto_Sync__c boolean ({kinds})"
        )
    return match[1], read_field(f"{match[2]} {CUSTOM_TYPES[match[3]]}")


def with_custom(texts: Iterable[str]) -> dict[str, Table]:
    """Every object, with these custom fields added to the standard ones."""
    tables = {name: Table(name, dict(table.fields)) for name, table in STANDARD.items()}
    for text in texts:
        name, field = custom_field(text)
        tables[name].fields[field.name.lower()] = field
    return tables
