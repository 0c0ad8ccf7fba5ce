"""The objects and fields of the org, as its describes would show them (contract, section 4).

A line is ``Name type flags more``. Flags: N nillable, C createable, U updateable, D defaulted,
R required on create, I looked up like an id, F not filterable. More: ``len=80``, ``>Lead`` or
``>Lead/Relation`` for a reference, ``default=x``, ``=SQL`` for a field that is computed from others
(``{Other}`` and ``{Parent.Other}`` are fields), ``|A|B`` for the values of a picklist.
"""

_AUDIT_END = """
CreatedDate datetime D
CreatedById reference D >User/CreatedBy
LastModifiedDate datetime D
LastModifiedById reference D >User/LastModifiedBy
SystemModstamp datetime D
"""
_START = """
Id id D I
IsDeleted boolean D
"""


def _person(field: str) -> str:
    """A member's mirror of its person: the contact's where there is one."""
    return f"=CASE WHEN {{ContactId}} IS NULL THEN {{Lead.{field}}} ELSE {{Contact.{field}}} END"


def _address(field: str) -> str:
    lead = "{Lead." + field + "}"
    return f"=CASE WHEN {{ContactId}} IS NULL THEN {lead} ELSE {{Contact.Mailing{field}}} END"


def _members(condition: str) -> str:
    """A campaign's count of its members."""
    return (
        "=(SELECT COUNT(*) FROM CampaignMember counted WHERE counted.CampaignId = {Id}"
        f" AND counted.IsDeleted = 0 AND {condition})"
    )


_NAME = "=TRIM(COALESCE({FirstName} || ' ', '') || {LastName})"
_COMPANY = "=CASE WHEN {ContactId} IS NULL THEN {Lead.Company} ELSE {Contact.Account.Name} END"
_CONVERTED = "counted.LeadId IS NOT NULL AND counted.ContactId IS NOT NULL"
_TYPES = (
    "|Conference|Webinar|Trade Show|Public Relations|Partners|Referral Program|Advertisement"
    "|Banner Ads|Direct Mail|Email|Telemarketing|Other"
)
_LEAD_STATUSES = (
    "|Open - Not Contacted|Working - Contacted|Closed - Converted|Closed - Not Converted"
)
_SOURCES = "|Web|Referral|Trade Show|Partner|Outbound|Other"

OBJECTS: dict[str, str] = {
    "Campaign": f"""{_START}
Name string RCU I len=80
ParentId reference NCU >Campaign/Parent
Type picklist NCUD len=40 default=Conference {_TYPES}
Status picklist NCUD len=40 default=Planned |Planned|In Progress|Completed|Aborted
StartDate date NCU
EndDate date NCU
ExpectedRevenue currency NCU
BudgetedCost currency NCU
ActualCost currency NCU
ExpectedResponse percent NCU
NumberSent double NCU
IsActive boolean CUD default=0
Description textarea NCUF len=32000
NumberOfLeads int {_members("counted.LeadId IS NOT NULL")}
NumberOfConvertedLeads int {_members(_CONVERTED)}
NumberOfContacts int {_members("counted.ContactId IS NOT NULL")}
NumberOfResponses int {_members("counted.HasResponded = 1")}
NumberOfOpportunities int =0
NumberOfWonOpportunities int =0
AmountAllOpportunities currency =0.0
AmountWonOpportunities currency =0.0
OwnerId reference CUD >User/Owner
CampaignMemberRecordTypeId reference NCU
LastActivityDate date N
LastViewedDate datetime N
LastReferencedDate datetime N
{_AUDIT_END}""",
    "CampaignMember": f"""{_START}
CampaignId reference RC >Campaign/Campaign
LeadId reference NC >Lead/Lead
ContactId reference NC >Contact/Contact
Status picklist NCUD len=40
HasResponded boolean D
FirstRespondedDate date N
Salutation string N len=40 {_person("Salutation")}
Name string N len=121 {_person("Name")}
FirstName string N len=40 {_person("FirstName")}
LastName string N len=80 {_person("LastName")}
Title string N len=128 {_person("Title")}
Street textarea N len=255 {_address("Street")}
City string N len=40 {_address("City")}
State string N len=80 {_address("State")}
PostalCode string N len=20 {_address("PostalCode")}
Country string N len=80 {_address("Country")}
Email email N len=80 {_person("Email")}
Phone phone N len=40 {_person("Phone")}
Fax phone N len=40 {_person("Fax")}
MobilePhone phone N len=40 {_person("MobilePhone")}
Description textarea NF len=32000 {_person("Description")}
DoNotCall boolean {_person("DoNotCall")}
HasOptedOutOfEmail boolean {_person("HasOptedOutOfEmail")}
HasOptedOutOfFax boolean {_person("HasOptedOutOfFax")}
LeadSource picklist N len=255 {_person("LeadSource")}
CompanyOrAccount string N len=255 {_COMPANY}
Type string N len=40 =CASE WHEN {{ContactId}} IS NULL THEN 'Lead' ELSE 'Contact' END
LeadOrContactId reference N =COALESCE({{ContactId}}, {{LeadId}})
LeadOrContactOwnerId reference N >User/LeadOrContactOwner {_person("OwnerId")}
{_AUDIT_END}""",
    "CampaignMemberStatus": f"""{_START}
CampaignId reference RC >Campaign/Campaign
Label string RCU len=765
SortOrder int NCU
IsDefault boolean CUD default=0
HasResponded boolean CUD default=0
{_AUDIT_END}""",
    "Lead": f"""{_START}
MasterRecordId reference N >Lead/MasterRecord
LastName string RCU len=80
FirstName string NCU len=40
Salutation picklist NCU len=40 |Mr.|Ms.|Mrs.|Dr.|Prof.
Name string len=121 {_NAME}
Title string NCU len=128
Company string RCU len=255
Street textarea NCU len=255
City string NCU len=40
State string NCU len=80
PostalCode string NCU len=20
Country string NCU len=80
Phone phone NCU len=40
MobilePhone phone NCU len=40
Fax phone NCU len=40
Email email NCU I len=80
Website url NCU len=255
Description textarea NCUF len=32000
LeadSource picklist NCU len=255 {_SOURCES}
Status picklist CUD len=255 default=Open_-_Not_Contacted {_LEAD_STATUSES}
Industry picklist NCU len=255
Rating picklist NCU len=255 |Hot|Warm|Cold
AnnualRevenue currency NCU
NumberOfEmployees int NCU
OwnerId reference CUD >User/Owner
HasOptedOutOfEmail boolean CUD default=0
HasOptedOutOfFax boolean CUD default=0
DoNotCall boolean CUD default=0
IsConverted boolean CD default=0
ConvertedDate date N
ConvertedAccountId reference N >Account/ConvertedAccount
ConvertedContactId reference N >Contact/ConvertedContact
ConvertedOpportunityId reference N
EmailBouncedReason string NU len=255
EmailBouncedDate datetime NU
IndividualId reference NCU
{_AUDIT_END}""",
    "Contact": f"""{_START}
MasterRecordId reference N >Contact/MasterRecord
AccountId reference NCU >Account/Account
LastName string RCU len=80
FirstName string NCU len=40
Salutation picklist NCU len=40 |Mr.|Ms.|Mrs.|Dr.|Prof.
Name string len=121 {_NAME}
MailingStreet textarea NCU len=255
MailingCity string NCU len=40
MailingState string NCU len=80
MailingPostalCode string NCU len=20
MailingCountry string NCU len=80
Phone phone NCU len=40
Fax phone NCU len=40
MobilePhone phone NCU len=40
HomePhone phone NCU len=40
OtherPhone phone NCU len=40
AssistantPhone phone NCU len=40
ReportsToId reference NCU >Contact/ReportsTo
Email email NCU I len=80
Title string NCU len=128
Department string NCU len=80
LeadSource picklist NCU len=255 {_SOURCES}
Birthdate date NCU
Description textarea NCUF len=32000
OwnerId reference CUD >User/Owner
HasOptedOutOfEmail boolean CUD default=0
HasOptedOutOfFax boolean CUD default=0
DoNotCall boolean CUD default=0
EmailBouncedReason string NCU len=255
EmailBouncedDate datetime NCU
IsEmailBounced boolean =({{EmailBouncedReason}} IS NOT NULL)
IndividualId reference NCU
{_AUDIT_END}""",
    "Account": f"""{_START}
Name string RCU I len=255
Industry picklist NCU len=255
AnnualRevenue currency NCU
NumberOfEmployees int NCU
Website url NCU len=255
OwnerId reference CUD >User/Owner
{_AUDIT_END}""",
    "User": f"""{_START}
Username string RCU len=80
LastName string RCU len=80
FirstName string NCU len=40
Name string len=121 {_NAME}
Email email RCU len=128
IsActive boolean CUD default=1
UserPermissionsMarketingUser boolean CUD default=1
{_AUDIT_END}""",
    "Email_Edition__c": f"""{_START}
Name string RCU I len=80
Campaign__c reference RC >Campaign/Campaign__r
Subject__c string NCU len=255
External_id__c string NCU I len=255
Sent__c double NCU
Opened__c double NCU
Open_Rate__c percent NCU
OwnerId reference CUD >User/Owner
{_AUDIT_END}""",
}
"""Every object, in the order in which records may refer to each other."""

CAMPAIGN_OBJECTS = ("Campaign", "CampaignMember", "CampaignMemberStatus", "Email_Edition__c")
"""Invisible without the marketing feature, or to a user who is no Marketing User (S16)."""
LABELS = {
    "CampaignMember": "Campaign Member",
    "CampaignMemberStatus": "Campaign Member Status",
    "Email_Edition__c": "Email Edition",
}
CHILDREN: dict[str, tuple[tuple[str, str, str, bool], ...]] = {
    "Campaign": (
        ("CampaignMember", "CampaignId", "CampaignMembers", True),
        ("CampaignMemberStatus", "CampaignId", "CampaignMemberStatuses", True),
        ("Campaign", "ParentId", "ChildCampaigns", False),
        ("Email_Edition__c", "Campaign__c", "Email_Editions__r", True),
    ),
    "Lead": (("CampaignMember", "LeadId", "CampaignMembers", True),),
    "Contact": (("CampaignMember", "ContactId", "CampaignMembers", True),),
    "Account": (("Contact", "AccountId", "Contacts", True),),
}
"""Child object, its field, the relationship's name, and whether deleting cascades."""
