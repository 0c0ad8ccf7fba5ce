"""Schema routes: which fields there are, making and deleting them (sections 6.1 and 6.2)."""

from typing import Any

from workbench.standin.context import Call
from workbench.standin.metadata.schema import (
    CREATABLE_TYPES,
    KINDS,
    NAME,
    PENDO_FLAGS,
    WRITABLE_GROUPS,
    Field,
    Kind,
    stored_name,
)
from workbench.standin.metadata.values import ValueRefusedError
from workbench.standin.replies import RefusedError, Reply, json_reply


def kind_of(call: Call) -> Kind:
    """The kind a path names.

    Raises:
        RefusedError: 404, there is no such kind.
    """
    for kind in KINDS:
        if call.names["kind"] == kind:
            return kind
    raise RefusedError(404, "unknown kind")


def schema(call: Call) -> Reply:
    """``GET /metadata/schema/{kind}``; an unknown kind is an empty object."""
    name = call.names["kind"]
    if name == "parentAccount" and call.switches.is_at("parent_account", "on"):
        return json_reply({"auto": {"id": Field("auto", "id", "string", "id").described()}})
    for kind in KINDS:
        if name == kind:
            odd = call.switches.is_at("odd_schema_type", "on")
            return json_reply(call.subscription.entities.schemas[kind].described(odd=odd))
    return json_reply({})


def create(call: Call) -> Reply:
    """``POST /metadata/schema/{kind}/{group}``: make fields, or bring deleted ones back."""
    kind, group, body = kind_of(call), _group(call), call.json()
    if not isinstance(body, list) or not body:
        raise RefusedError(400, "the body is a list of fields")
    made = [_described(call, group, entry) for entry in body]
    entities = call.subscription.entities
    for field in made:
        exists = entities.schemas[kind].find(group, field.name) is not None
        if exists and call.switches.is_at("field_duplicate", 400):
            raise RefusedError(400, f"{field.name} exists already")
    for field in made:
        if entities.schemas[kind].find(group, field.name) is None:
            entities.add_field(kind, field)
    if call.switches.is_at("field_create_body", "empty"):
        return Reply()
    return json_reply({field.name: field.described() for field in made})


def _group(call: Call) -> str:
    group = call.names["group"]
    if group not in WRITABLE_GROUPS:
        raise RefusedError(call.switches.status("readonly_group_status"), f"{group} is read-only")
    return group


def _described(call: Call, group: str, entry: Any) -> Field:
    """A field from its description.

    Raises:
        RefusedError: 400, a bad name or type.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise RefusedError(400, "a field has a name and a type")
    style = call.switches.text("name_normalise")
    name = stored_name(entry["name"], "lower" if style == "none" else style)
    if not NAME.fullmatch(name):
        raise RefusedError(400, f"{entry['name']} is not a field name")
    kind = CREATABLE_TYPES.get(str(entry.get("type")))
    if kind is None:
        raise RefusedError(400, f"{entry.get('type')} is not a field type")
    return Field(group, name, kind, str(entry.get("displayname") or entry["name"]))


def delete(call: Call) -> Reply:
    """``DELETE /metadata/schema/{kind}/{group}/{field}``: mark as deleted."""
    kind, group = kind_of(call), _group(call)
    entities = call.subscription.entities
    field = entities.schemas[kind].known(group, call.names["field"])
    if field is None:
        raise RefusedError(404, "unknown field")
    entities.delete_field(kind, field)
    if call.switches.is_at("field_delete_body", "empty"):
        return Reply()
    return json_reply({"name": field.name, "isDeleted": True})


def dependencies(_call: Call) -> Reply:
    """``GET /metadata/dependencies``: nothing uses any field (U40)."""
    return json_reply([])


def writable_field(call: Call, kind: Kind, group: str, name: str) -> Field | None:
    """The field a written value goes to; None when it is to be forgotten.

    Raises:
        RefusedError: the whole call is refused.
        ValueRefusedError: this record is refused.
    """
    schema = call.subscription.entities.schemas[kind]
    field = _found(call, kind, group, name)
    if group == "pendo" and (field is None or field.name not in PENDO_FLAGS):
        raise RefusedError(400, f"{name} cannot be written")
    if group not in (*WRITABLE_GROUPS, "pendo"):
        raise RefusedError(call.switches.status("readonly_group_status"), f"{group} is read-only")
    if field is not None:
        return field
    style = call.switches.text("undefined_custom" if group == "custom" else "undefined_agent")
    if style == "400":
        raise RefusedError(400, f"missing field mappings: {name}")
    if style == "per_record":
        raise ValueRefusedError(f"missing field mapping: {name}")
    if style == "ignore":
        return None
    if not NAME.fullmatch(name.lower()):
        raise RefusedError(400, f"{name} is not a field name")
    call.subscription.entities.add_field(kind, Field(group, name.lower(), "string", name))
    return schema.find(group, name.lower())


def _found(call: Call, kind: Kind, group: str, name: str) -> Field | None:
    schema = call.subscription.entities.schemas[kind]
    style = call.switches.text("name_normalise")
    for candidate in (name, stored_name(name, style)):
        if found := schema.find(group, candidate):
            return found
    return None
