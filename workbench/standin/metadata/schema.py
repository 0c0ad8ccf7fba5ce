"""Which metadata fields exist, of what type, in which group (pendo-api contract, section 6.1)."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from workbench.standin.aggregation.frame import LeafType
from workbench.standin.seeds.sizes import APPS

Kind = Literal["visitor", "account"]
KINDS: tuple[Kind, ...] = ("visitor", "account")
WRITABLE_GROUPS = ("custom", "agent")
"""Groups whose fields may be created and written freely."""
PENDO_FLAGS = ("blacklistguides", "donotprocess")
"""The only fields of the group ``pendo`` that may be written."""
CREATABLE_TYPES = {"string": "string", "number": "float", "time": "time", "boolean": "boolean"}
"""Types a field may be created with, and what the schema then says."""
NAME = re.compile(r"[a-z_][a-z0-9_]*")
UNLISTED = frozenset({"lastupdated", "idhash", "lastuseragent"})
"""Fields that rows have and the schema does not list (observed)."""

SQL_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "time": "BIGINT",
}
LEAF_TYPES: dict[str, LeafType] = {
    "string": "text",
    "integer": "int",
    "float": "float",
    "boolean": "bool",
    "time": "int",
}

_TYPES = {
    "auto": (
        "accountid:string accountids:list createdat:time firstvisit:time lastvisit:time"
        " lastupdated:time id:string idhash:integer nid:integer lastbrowsername:string"
        " lastbrowserversion:string lastoperatingsystem:string lastservername:string"
        " lastuseragent:string"
    ),
    "per_app": "firstvisit:time lastvisit:time lastupdated:time",
    "agent": (
        "email:string role:string firstname:string lastname:string title:string language:string"
        " department:string country:string isadmin:boolean signupdate:time teams:list"
        " name:string industry:string"
    ),
    "custom": (
        "tier:string score:integer healthscore:float betatester:boolean renewal:time"
        " region:string seats:integer interests:list planlevel:string arr:float"
        " employees:integer csm:string renewaldate:time strategic:boolean"
    ),
    "pendo": "donotprocess:boolean blacklistguides:boolean designerenabled:boolean",
    "salesforce": (
        "industry:string contactid:string leadsource:string mqlscore:float accountid:string"
        " annualrevenue:float ownername:string"
    ),
}
"""The type of every seeded field, by group."""
_LABELS = {"firstvisit": "First Visit", "lastvisit": "Last Visit", "tier": "Tier"}


@dataclass(frozen=True, slots=True)
class Field:
    """One metadata field."""

    group: str
    name: str
    type: str
    label: str
    is_deleted: bool = False

    @property
    def column(self) -> str:
        """Its column, quoted for SQL."""
        return '"' + f"{self.group}.{self.name}".replace('"', '""') + '"'

    @property
    def sql_type(self) -> str:
        """The type of its column; lists and the untyped are kept as JSON."""
        return SQL_TYPES.get(self.type, "VARCHAR")

    @property
    def leaf_type(self) -> LeafType:
        """How its values are written."""
        return LEAF_TYPES.get(self.type, "json")

    def described(self) -> dict[str, Any]:
        """The descriptor the API gives."""
        return {
            "Type": self.type,
            "DisplayName": self.label,
            "ElementType": "string" if self.type == "list" else "",
            "ElementFormat": "",
            "Dirty": False,
            "isHidden": False,
            "isDeleted": self.is_deleted,
            "isCalculated": False,
            "isPerApp": self.group == "auto" and self.name in ("firstvisit", "lastvisit"),
            "isPromoted": False,
            "neverIndex": False,
        }


class Schema:
    """The fields of one kind."""

    def __init__(self, columns: list[str]) -> None:
        self._fields: dict[tuple[str, str], Field] = {}
        for column in columns:
            group, dot, name = column.partition(".")
            if dot:
                field = Field(group, name, _seeded_type(group, name), _LABELS.get(name, name))
                self._fields[group, name] = field

    def find(self, group: str, name: str) -> Field | None:
        """A field that is not deleted."""
        field = self._fields.get((group, name))
        return field if field and not field.is_deleted else None

    def known(self, group: str, name: str) -> Field | None:
        """A field, deleted or not."""
        return self._fields.get((group, name))

    def put(self, field: Field) -> None:
        """Add a field, or bring a deleted one back."""
        self._fields[field.group, field.name] = field

    def delete(self, field: Field) -> None:
        """Mark a field as deleted; its values are kept."""
        self.put(replace(field, is_deleted=True))

    def live(self) -> list[Field]:
        """The fields rows have."""
        return [field for field in self._fields.values() if not field.is_deleted]

    def described(self, *, odd: bool) -> dict[str, dict[str, Any]]:
        """Group → field → descriptor; ``odd`` adds a type nobody has seen (U38)."""
        groups: dict[str, dict[str, Any]] = {}
        for field in self._fields.values():
            if field.group not in _PER_APP_GROUPS and field.name not in UNLISTED:
                groups.setdefault(field.group, {})[field.name] = field.described()
        if odd and "agent" in groups:
            sample = Field("agent", "odd", "date", "Odd").described()
            groups["agent"]["odd_date"] = sample
            groups["agent"]["odd_thing"] = sample | {"Type": "hologram"}
        return groups


_PER_APP_GROUPS = frozenset(f"auto_{app}" for app in APPS)


def _seeded_type(group: str, name: str) -> str:
    listed = _TYPES["per_app" if group in _PER_APP_GROUPS else group]
    return dict(entry.split(":") for entry in listed.split())[name]


def stored_name(name: str, style: str) -> str:
    """How a created or written field name is kept (U54)."""
    if style == "none":
        return name
    lowered = name.lower()
    return lowered.replace("_", "") if style == "lower_strip" else lowered
