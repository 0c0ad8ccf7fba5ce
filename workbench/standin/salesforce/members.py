"""The rules of campaign members and of their statuses (contract, section 5)."""

from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.org import Org, Record
from workbench.standin.salesforce.refusals import Refusal

ALREADY = "Already a campaign member."


def check_new_member(org: Org, values: Record) -> Record:
    """A new member as it will be: one person, not yet in the campaign.

    Raises:
        Refusal: nobody, a converted lead, or somebody who is a member already.
    """
    if values.get("LeadId") and values.get("ContactId"):
        if org.switches.is_at("create_both_ids", "error"):
            raise Refusal("FIELD_INTEGRITY_EXCEPTION", "Specify a lead or a contact, not both")
        values = {**values, "LeadId": None}
    if not values.get("LeadId") and not values.get("ContactId"):
        raise Refusal(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LeadId or ContactId]",
            fields=("LeadId", "ContactId"),
        )
    lead = org.row("Lead", values["LeadId"]) if values.get("LeadId") else None
    if lead is not None and lead["IsConverted"]:
        raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    if member_of(org, values["CampaignId"], values.get("LeadId"), values.get("ContactId")):
        raise Refusal("DUPLICATE_VALUE", ALREADY)
    return values


def member_of(
    org: Org, campaign_id: str, lead_id: str | None, contact_id: str | None
) -> str | None:
    """The id of the person's member row in a campaign."""
    column, person = ("ContactId", contact_id) if contact_id else ("LeadId", lead_id)
    found = org.rows(
        f"SELECT Id FROM CampaignMember WHERE +CampaignId = ? AND {column} = ? AND IsDeleted = 0",
        campaign_id,
        person,
    )
    return found[0][0] if found else None


def with_response(org: Org, member: Record, values: Record, before: Record | None) -> Record:
    """``values`` with the status the org settles on, and what follows from it.

    Raises:
        Refusal: the label is not the campaign's, and the org minds (S06).
    """
    label, responded = _settled(org, member["CampaignId"], member.get("Status"))
    first = before and before["FirstRespondedDate"]
    if responded and not first:
        first = wire(org.now())[:10]
    return {
        **values,
        "Status": label,
        "HasResponded": int(responded),
        "FirstRespondedDate": first or None,
    }


def _settled(org: Org, campaign_id: str, wanted: str | None) -> tuple[str | None, bool]:
    labels = org.rows(
        "SELECT Label, HasResponded, IsDefault FROM CampaignMemberStatus"
        " WHERE CampaignId = ? AND IsDeleted = 0 ORDER BY SortOrder",
        campaign_id,
    )
    for label, responded, _default in labels:
        if wanted is not None and label.lower() == wanted.lower():
            return label, bool(responded)
    if wanted is not None and org.switches.is_at("invalid_status", "error"):
        raise Refusal(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Status: bad value for restricted picklist field: {wanted}",
            fields=("Status",),
        )
    if wanted is not None and org.switches.is_at("invalid_status", "accept"):
        return wanted, False
    default = next(((label, bool(r)) for label, r, is_default in labels if is_default), None)
    return default or (wanted, False)


def new_status(org: Org, values: Record) -> Record:
    """A new status of a campaign.

    Raises:
        Refusal: there is one of that label, or there are too many.
    """
    there = org.rows(
        "SELECT Label, SortOrder FROM CampaignMemberStatus WHERE CampaignId = ? AND IsDeleted = 0",
        values["CampaignId"],
    )
    if any(str(values["Label"]).lower() == label.lower() for label, _ in there):
        raise Refusal("DUPLICATE_VALUE", f"duplicate value found: Label {values['Label']}")
    most = org.switches.whole("member_status_max")
    if len(there) >= most:
        raise Refusal("LIMIT_EXCEEDED", f"A campaign has at most {most} member statuses")
    orders = {order for _, order in there}
    if values.get("SortOrder") in orders or values.get("SortOrder") is None:
        values = {**values, "SortOrder": max(orders, default=0) + 1}
    if values.get("IsDefault"):
        sql = "UPDATE CampaignMemberStatus SET IsDefault = 0 WHERE CampaignId = ?"
        org.rows(sql, values["CampaignId"])
    return values


def remove_status(org: Org, status: Record) -> None:
    """Make sure that a status may go.

    Raises:
        Refusal: it is the default one, or in use.
    """
    used = org.rows(
        "SELECT 1 FROM CampaignMember"
        " WHERE CampaignId = ? AND Status = ? AND IsDeleted = 0 LIMIT 1",
        status["CampaignId"],
        status["Label"],
    )
    if status["IsDefault"] or used:
        raise Refusal("DELETE_FAILED", "The default status, and a status in use, cannot be deleted")
