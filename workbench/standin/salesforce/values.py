"""Whether a value may go into a field, and how it is kept."""

import re
from datetime import date, datetime
from typing import Any

from workbench.standin.salesforce import ids
from workbench.standin.salesforce.fields import Field, Table
from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.org import Org, Record
from workbench.standin.salesforce.refusals import Refusal

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_WORDS = {"true": 1, "false": 0, "1": 1, "0": 0}


def checked(org: Org, table: Table, given: Record, *, new: bool) -> Record:
    """The values as they are kept, under their fields' own names.

    Raises:
        Refusal: a field that is not there or not writable, a value that does not fit.
    """
    kept: Record = {}
    refused = []
    for name, value in given.items():
        if name.lower() in ("attributes", "id"):
            continue
        field = org.visible(table, name)
        if field is None:
            raise Refusal(
                "INVALID_FIELD", f"No such column '{name}' on sobject of type {table.name}"
            )
        if not (field.createable if new else field.updateable):
            refused.append(field.name)
            continue
        kept[field.name] = stored(org, field, value)
    if refused:
        names = ", ".join(refused)
        raise Refusal(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {names}. Please check the security settings of this"
            " field and verify that it is read/write for your profile or permission set.",
            fields=tuple(refused),
        )
    _require(table, kept, new=new)
    return kept


def _require(table: Table, kept: Record, *, new: bool) -> None:
    missing = [
        field.name
        for field in table.fields.values()
        if field.required and kept.get(field.name) is None and (new or field.name in kept)
    ]
    if missing:
        raise Refusal(
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(missing)}]",
            fields=tuple(missing),
        )


def stored(org: Org, field: Field, value: Any) -> Any:
    """A JSON value as it is kept.

    Raises:
        Refusal: it does not fit.
    """
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type in ("int", "double", "currency", "percent"):
        return _number(field, value)
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    if field.type == "reference":
        return _reference(org, field, value)
    if field.type in ("date", "datetime"):
        return _moment(field, value)
    if field.length and len(value) > field.length:
        raise Refusal(
            "STRING_TOO_LONG",
            f"{field.name}: data value too large: {value[:80]} (max length={field.length})",
            fields=(field.name,),
        )
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise Refusal(
            "INVALID_EMAIL_ADDRESS",
            f"{field.name}: invalid email address: {value}",
            fields=(field.name,),
        )
    return value


def _boolean(field: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if str(value).lower() not in _WORDS:
        raise _wrong_type(field, value)
    return _WORDS[str(value).lower()]


def _number(field: Field, value: Any) -> float:
    if isinstance(value, bool):
        raise _wrong_type(field, value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _wrong_type(field, value) from None
    return int(number) if field.type == "int" else number


def _reference(org: Org, field: Field, value: str) -> str:
    known = ids.known_as(value)
    if known is None:
        raise Refusal(
            "MALFORMED_ID",
            f"{field.name}: id value of incorrect type: {value}",
            fields=(field.name,),
        )
    if field.refers_to:
        if not known.startswith(ids.PREFIXES[field.refers_to]):
            raise Refusal(
                "FIELD_INTEGRITY_EXCEPTION",
                f"{field.name}: id value of incorrect type: {value}",
                fields=(field.name,),
            )
        record = org.row(field.refers_to, known)
        if record is None:
            raise Refusal(
                "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=(field.name,)
            )
        if record["IsDeleted"]:
            raise entity_deleted(org)
    return known


def _moment(field: Field, value: str) -> str:
    try:
        if field.type == "date":
            return date.fromisoformat(value).isoformat()
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _wrong_type(field, value) from None
    if moment.tzinfo is None:
        raise _wrong_type(field, value)
    return wire(moment)


def entity_deleted(org: Org) -> Refusal:
    """A write to what was deleted (S18)."""
    status = org.switches.status("entity_deleted_status")
    return Refusal("ENTITY_IS_DELETED", "entity is deleted", status=status)


def _wrong_type(field: Field, value: Any) -> Refusal:
    return Refusal(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from value {str(value)[:80]}",
        fields=(field.name,),
    )
