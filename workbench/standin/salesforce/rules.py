"""What the API may write, one record at a time, and what the org makes of it (section 5)."""

from collections.abc import Callable

from workbench.standin.salesforce import ids
from workbench.standin.salesforce.members import (
    check_new_member,
    new_status,
    remove_status,
    with_response,
)
from workbench.standin.salesforce.org import Org, Record
from workbench.standin.salesforce.refusals import Refusal, not_found
from workbench.standin.salesforce.tables import CHILDREN
from workbench.standin.salesforce.values import checked, entity_deleted

MIRRORED = frozenset(("Email", "FirstName", "LastName"))
"""Fields of a person that members show."""
READ_ONLY = frozenset(("User",))
"""Objects that the rehearsal user cannot write."""


def create(org: Org, name: str, given: Record) -> str:
    """Insert one record; gives its id.

    Raises:
        Refusal: a rule is broken.
    """
    table = org.table(name)
    _may_write(org, table.name)
    values = checked(org, table, given, new=True)
    _lock(org, table.name, values)
    for field in table.fields.values():
        if field.default is not None and field.name not in values:
            values[field.name] = int(field.default) if field.default.isdigit() else field.default
    if "OwnerId" in {field.name for field in table.fields.values()}:
        values.setdefault("OwnerId", org.user_id)
    made = _NEW.get(table.name)
    if made is not None:
        values = made(org, values)
    record_id = org.insert(table.name, values)
    if table.name == "Campaign":
        add_first_statuses(org, record_id)
    return record_id


def update(org: Org, name: str, record_id: str, given: Record) -> None:
    """Change one record.

    Raises:
        Refusal: a rule is broken, or the record is not there.
    """
    table = org.table(name)
    _may_write(org, table.name)
    before = _living(org, table.name, record_id)
    values = checked(org, table, given, new=False)
    _lock(org, table.name, before)
    if table.name == "Lead" and before["IsConverted"]:
        raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    if table.name == "CampaignMember" and "Status" in values:
        values = with_response(org, {**before, **values}, values, before)
    if table.name == "CampaignMemberStatus":
        values = _changed_status(org, before, values)
    org.change(table.name, before["Id"], values)
    if table.name in ("Lead", "Contact") and MIRRORED & set(values):
        touch_members(org, table.name, before["Id"])


def delete(org: Org, name: str, record_id: str) -> None:
    """Delete one record, and what goes with it.

    Raises:
        Refusal: a rule is broken, or the record is not there.
    """
    table = org.table(name)
    _may_write(org, table.name)
    record = _living(org, table.name, record_id)
    _lock(org, table.name, record)
    if table.name == "CampaignMemberStatus":
        remove_status(org, record)
    remove_with_children(org, table.name, record["Id"])


def remove_with_children(org: Org, name: str, record_id: str) -> None:
    """Delete a record and its cascade-delete children, without asking any rule."""
    for child, field, _relation, cascades in CHILDREN.get(name, ()):
        if cascades:
            found = f'SELECT "Id" FROM "{child}" WHERE "{field}" = ? AND IsDeleted = 0'
            for (child_id,) in org.rows(found, record_id):
                remove_with_children(org, child, child_id)
    org.remove(name, record_id)


def touch_members(org: Org, name: str, person_id: str) -> None:
    """Move the members' stamps with their person's, where the org does that (S11)."""
    if org.switches.is_at("parent_touches_member", "on"):
        found = f"SELECT Id FROM CampaignMember WHERE {name}Id = ? AND IsDeleted = 0"
        for (member_id,) in org.rows(found, person_id):
            org.change("CampaignMember", member_id, {})


def add_first_statuses(org: Org, campaign_id: str) -> None:
    """The two statuses of every new campaign."""
    for order, label in enumerate(("Sent", "Responded"), start=1):
        values = {"CampaignId": campaign_id, "Label": label, "SortOrder": order}
        flags = {"IsDefault": int(order == 1), "HasResponded": int(order == 2)}
        org.insert("CampaignMemberStatus", {**values, **flags})


def _living(org: Org, name: str, record_id: str) -> Record:
    known = ids.known_as(record_id)
    if known is None or not known.startswith(ids.PREFIXES[name]):
        raise Refusal(
            "MALFORMED_ID", f"Id: id value of incorrect type: {record_id}", fields=("Id",)
        )
    record = org.row(name, known)
    if record is None:
        raise not_found()
    if record["IsDeleted"]:
        raise entity_deleted(org)
    return record


def _may_write(org: Org, name: str) -> None:
    closed = name == "CampaignMemberStatus" and org.switches.is_at("member_status_writable", "off")
    if closed or name in READ_ONLY:
        raise Refusal(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {name} cannot be written"
        )


def _lock(org: Org, name: str, values: Record) -> None:
    """Each n-th row finds its parent locked by somebody else."""
    org.rows_written += 1
    every = org.switches.whole("lock_row_every_n")
    if every and org.rows_written % every == 0:
        parent = values.get("CampaignId") or values.get("Id") or org.user_id
        raise Refusal(
            "UNABLE_TO_LOCK_ROW",
            f"unable to obtain exclusive access to this record or 1 records: {parent}",
        )


def _new_member(org: Org, values: Record) -> Record:
    values = check_new_member(org, values)
    return with_response(org, values, values, None)


def _changed_status(org: Org, before: Record, values: Record) -> Record:
    if values.get("IsDefault"):
        sql = "UPDATE CampaignMemberStatus SET IsDefault = 0 WHERE CampaignId = ?"
        org.rows(sql, before["CampaignId"])
    if "Label" in values:
        sql = "UPDATE CampaignMember SET Status = ? WHERE CampaignId = ? AND Status = ?"
        org.rows(sql, values["Label"], before["CampaignId"], before["Label"])
    return values


_NEW: dict[str, Callable[[Org, Record], Record]] = {
    "CampaignMember": _new_member,
    "CampaignMemberStatus": new_status,
}
