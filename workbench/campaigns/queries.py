"""The SOQL a sync asks, and how a page of members becomes columns. Pure text.

As few queries as the contract's budget allows: all campaigns together, ids in one list per address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workbench import sql
from workbench.campaigns.budget import IDS_IN_URL
from workbench.campaigns.mapped import EditionObject
from workbench.campaigns.shapes import NUMBERS_THERE, THERE_NAMES

CAMPAIGN_FIELDS = (
    "Id",
    "Name",
    "Type",
    "Status",
    "IsActive",
    "StartDate",
    "EndDate",
    "OwnerId",
    "NumberOfLeads",
    "NumberOfConvertedLeads",
    "NumberOfContacts",
    "NumberOfResponses",
    "SystemModstamp",
)
MEMBER_FIELDS = (
    "Id",
    "CampaignId",
    "LeadId",
    "ContactId",
    "Status",
    "HasResponded",
    "CreatedDate",
    "SystemModstamp",
)
PERSON_FIELDS = ("Email", "FirstName", "LastName", "HasOptedOutOfEmail", "SystemModstamp")
NEEDED = {
    "Campaign": ("Id", "Name"),
    "CampaignMember": ("Id", "CampaignId", "Status", "SystemModstamp"),
    "Lead": ("Id", "SystemModstamp"),
    "Contact": ("Id", "SystemModstamp"),
}
"""Without these there is no sync; every other field may be hidden, with a warning."""
TEXT, FLAG, NUMBER = "VARCHAR", "BOOLEAN", "DOUBLE"
OWNER_NAME = "LeadOrContactOwner.Name"


def quoted(text: str) -> str:
    r"""A string of SOQL.

    >>> print(quoted("O'Neil \\"))
    'O\'Neil \\'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def listed(texts: Sequence[str]) -> str:
    """A list of strings of SOQL."""
    return "(" + ", ".join(map(quoted, texts)) + ")"


def moment(at: datetime) -> str:
    """A datetime of SOQL: unquoted, in UTC, whole seconds.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 3, 10, 9, 30, 1, 999, tzinfo=UTC))
    '2026-03-10T09:30:01Z'
    """
    return (at - at.utcoffset()).strftime("%Y-%m-%dT%H:%M:%SZ")  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Fields:
    """What may be read: the wanted fields that the org shows to this user."""

    campaign: tuple[str, ...]
    member: tuple[str, ...]
    lead: tuple[str, ...]
    contact: tuple[str, ...]
    member_test: str | None = None
    person_test: str | None = None
    there: Mapping[str, str] = field(default_factory=dict)
    """Column of ``shapes.THERE`` → field of the member that is written by us."""
    owners: bool = False
    """Whether the owner of the lead or contact is asked for."""

    @property
    def of_members(self) -> tuple[str, ...]:
        """Every field of a member query, parents with their name before a dot."""
        parents = [f"Lead.{name}" for name in self.lead]
        parents += [f"Contact.{name}" for name in self.contact]
        parents += [OWNER_NAME] if self.owners else []
        return (*self.member, *parents)

    @property
    def beside(self) -> str:
        """The optional fields of members, as one text: where it changes, all must be read anew."""
        told = [f"{column}={name}" for column, name in sorted(self.there.items())]
        return ";".join([*told, *(["owner"] if self.owners else [])])


def editions(editions_of: EditionObject, campaign_ids: Sequence[str]) -> str:
    """The records of e-mail editions of some campaigns."""
    return (
        f"SELECT {', '.join(editions_of.fields)} FROM {editions_of.name} "
        f"WHERE {editions_of.campaign} IN {listed(campaign_ids)}"
    )


def merged_people(name: str, person_ids: Sequence[str]) -> str:
    """Leads or contacts that were merged into others; for a query that shows deleted ones."""
    return (
        f"SELECT Id, MasterRecordId FROM {name} WHERE IsDeleted = true "
        f"AND MasterRecordId != null AND Id IN {listed(person_ids)}"
    )


def campaigns(fields: Fields) -> str:
    """Every campaign of the org."""
    return f"SELECT {', '.join(fields.campaign)} FROM Campaign"


def statuses(campaign_ids: Sequence[str]) -> str:
    """The member statuses of some campaigns."""
    return (
        "SELECT CampaignId, Label, IsDefault, HasResponded FROM CampaignMemberStatus "
        f"WHERE CampaignId IN {listed(campaign_ids)}"
    )


def all_members(fields: Fields, campaign_ids: Sequence[str]) -> str:
    """Every member of some campaigns with its person."""
    return _members(fields, "CampaignId", campaign_ids)


def these_members(fields: Fields, member_ids: Sequence[str]) -> str:
    """Some members by their ids, with their persons."""
    return _members(fields, "Id", member_ids)


def _members(fields: Fields, by: str, ids: Sequence[str]) -> str:
    return f"SELECT {', '.join(fields.of_members)} FROM CampaignMember WHERE {by} IN {listed(ids)}"


def changed_members(
    fields: Fields,
    cursors: Mapping[str, datetime],
    lookback: timedelta,
    *,
    stamps: Sequence[str] = ("SystemModstamp", "Lead.SystemModstamp", "Contact.SystemModstamp"),
) -> str:
    """Members that changed, or whose person did, since each campaign's cursor.

    Rows commit late with an older stamp, so a little before the cursor is read again.
    """
    groups: dict[datetime, list[str]] = {}
    for campaign, cursor in sorted(cursors.items()):
        groups.setdefault(cursor, []).append(campaign)
    conditions = []
    for cursor, campaign_ids in sorted(groups.items()):
        since = moment(cursor - lookback)
        touched = " OR ".join(f"{stamp} >= {since}" for stamp in stamps)
        conditions.append(f"(CampaignId IN {listed(campaign_ids)} AND ({touched}))")
    where = " OR ".join(conditions)
    return f"SELECT {', '.join(fields.of_members)} FROM CampaignMember WHERE {where}"


def marked_people(name: str, fields: Sequence[str], condition: str) -> str:
    """Leads or contacts that are global test members."""
    converted = " AND IsConverted = false" if name == "Lead" else ""
    return f"SELECT {', '.join(('Id', *fields))} FROM {name} WHERE {condition}{converted}"


def chunks(campaign_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many ids at a time as an address holds."""
    for start in range(0, len(campaign_ids), IDS_IN_URL):
        yield campaign_ids[start : start + IDS_IN_URL]


def shaped(page: str, fields: Fields, *, follow_conversion: bool) -> str:
    """SQL that makes a page of members, nested as it came, into columns of ``shapes.THEIRS``.

    A member names a lead, a contact, or after a conversion both: then the contact is the person.
    """
    # Struct columns are there for parents of which at least one field may be read.
    contact_first = (
        "ContactId IS NOT NULL" if follow_conversion else "ContactId IS NOT NULL AND LeadId IS NULL"
    )

    def person(name: str, kind: str = TEXT) -> str:
        of_contact = f"Contact.{sql.name(name)}" if name in fields.contact else f"NULL::{kind}"
        of_lead = f"Lead.{sql.name(name)}" if name in fields.lead else f"NULL::{kind}"
        return f"CASE WHEN {contact_first} THEN {of_contact} ELSE {of_lead} END"

    def own(name: str, kind: str = TEXT) -> str:
        return sql.name(name) if name in fields.member else f"NULL::{kind}"

    def there(column: str) -> str:
        name = fields.there.get(column)
        kind = NUMBER if column in NUMBERS_THERE else TEXT
        return f"{own(name, kind) if name else f'NULL::{kind}'} AS {column}"

    tests = [f"coalesce({own(fields.member_test, FLAG)}, FALSE)"] if fields.member_test else []
    tests += [f"coalesce({person(fields.person_test, FLAG)}, FALSE)"] if fields.person_test else []
    return f"""
    SELECT Id AS member_id, CampaignId AS campaign_id, {own("Status")} AS status,
           coalesce({own("HasResponded", FLAG)}, FALSE) AS has_responded,
           {own("LeadId")} AS lead_id, {own("ContactId")} AS contact_id,
           CASE WHEN {contact_first} THEN ContactId ELSE coalesce(LeadId, ContactId) END
               AS person_id,
           LeadId IS NOT NULL AND ContactId IS NOT NULL AS is_converted,
           {person("Email")} AS email, {person("FirstName")} AS first_name,
           {person("LastName")} AS last_name,
           coalesce({person("HasOptedOutOfEmail", FLAG)}, FALSE) AS opted_out,
           {" OR ".join(tests) or "FALSE"} AS is_test,
           {_moment(own("CreatedDate"))} AS joined_at,
           {_moment(own("SystemModstamp"))} AS modified_at,
           {_moment(person("SystemModstamp"))} AS person_modified_at,
           {OWNER_NAME if fields.owners else f"NULL::{TEXT}"} AS owner,
           {", ".join(map(there, THERE_NAMES))},
           {_moment("greatest(SystemModstamp, Lead.SystemModstamp, Contact.SystemModstamp)")}
               AS touched_at
    FROM {page}
    """


def _moment(text: str) -> str:
    """``2021-12-02T18:23:39.000+0000`` as a moment."""
    return f"try_cast(replace({text}, '+0000', 'Z') AS TIMESTAMPTZ)"
