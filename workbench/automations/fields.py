"""The Pendo fields of an automation: their names and types, and what stands against them.

Pure: compares the document with a schema that was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.automations.model import KNOWN_OUTPUTS, Automation, FieldType
from workbench.automations.plan import PlannedField
from workbench.automations.values import field_type
from workbench.words import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.pendo.model import FieldDescriptor

    Schema = Mapping[str, Mapping[str, FieldDescriptor]]

NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "U")
"""How DuckDB's numeric types start (``U`` for the unsigned ones)."""
MANY_FIELDS = 100
"""From here on Pendo's search and loading of metadata suffer. Ours: Pendo only advises few."""


@dataclass(frozen=True)
class Other:
    """Another automation that writes to the same object."""

    name: str
    object: str
    fields: tuple[str, ...]
    ids: pa.Array | None = None
    """Records it wrote last; None when nobody knows, which counts as all of them."""


def planned_fields(
    automation: Automation, schema: Schema, column_types: Mapping[str, str] | None = None
) -> tuple[PlannedField, ...]:
    """The fields of an automation as Pendo calls them, in the order of its outputs.

    A field that Pendo stored under another spelling is found by it (pendo-api contract, U54).

    Args:
        column_types: DuckDB types of the base's columns; they decide the type of a field of
            a sub-score that does not exist yet.
    """
    existing = {
        name: descriptor
        for name, descriptor in schema.get(automation.update.group, {}).items()
        if not descriptor.is_deleted
    }
    fields = []
    for output, wanted in automation.field_names.items():
        found = spelling(wanted, existing)
        kind = field_type(existing[found].type) if found else None
        usual = _usual_type(automation, output, column_types or {})
        fields.append(
            PlannedField(
                name=found or wanted,
                output=output,
                type=kind or usual,
                exists=found is not None,
                writable=found is None or kind is not None,
                whole=found is not None and existing[found].type == "integer",
            )
        )
    return tuple(fields)


def spelling(wanted: str, existing: Mapping[str, FieldDescriptor]) -> str | None:
    """How Pendo calls a field that was created as ``wanted``; None where it does not have it."""
    stripped = wanted.replace("_", "")
    return next((name for name in (wanted, stripped) if name in existing), None)


def _usual_type(automation: Automation, output: str, types: Mapping[str, str]) -> FieldType:
    if output in automation.update.types:
        return automation.update.types[output]
    if output == "date":
        return "time"
    if output in KNOWN_OUTPUTS:
        return "string"
    column = types.get(automation.read_from.outputs.get(output, ""), "")
    return "number" if column.startswith(NUMBERS) else "string"


def used_prefixes(automations: Sequence[Automation]) -> tuple[str, ...]:
    """The prefixes that automations use, to pick from."""
    return tuple(dict.fromkeys(other.update.prefix for other in automations))


def notes(
    automation: Automation,
    fields: Sequence[PlannedField],
    schema: Schema,
    others: Sequence[Other],
    written: Sequence[str],
    creates: Sequence[str],
) -> list[str]:
    """What a person should know of the fields before anything is written.

    Args:
        written: Fields that this automation has written before.
        creates: Fields that Pendo does not have and some record writes.
    """
    told = []
    group = automation.update.group
    ours = {
        name
        for other in others
        if other.object == automation.update.object
        for name in other.fields
    } | set(written)
    strange = [field.name for field in fields if field.exists and field.name not in ours]
    if strange:
        told.append(f"{_listed(strange)} exists already and no automation here has written it")
    for field in fields:
        wanted = automation.field_name(field.output)
        if field.name != wanted:
            told.append(f"{wanted} is called {field.name} in Pendo")
        if not field.writable:
            told.append(f"{field.name} is a list in Pendo, which cannot be written")
    if automation.unfilled:
        told.append(f"{_listed(list(automation.unfilled))} has no column and is left out")
    if creates:
        have = len([field for field in schema.get(group, {}).values() if not field.is_deleted])
        many = ", which slows its search and loading" if have + len(creates) > MANY_FIELDS else ""
        told.append(
            f"This adds {counted(len(creates), 'field')}; the {automation.update.object}s of this "
            f"subscription have {counted(have, f'{group} field')}{many}"
        )
    return told


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
