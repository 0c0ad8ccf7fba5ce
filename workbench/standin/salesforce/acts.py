"""What people do in the rehearsal org while a client is looking.

| `do` | further keys | what happens |
| --- | --- | --- |
| `change_status` | `member`, `status` | a member's status is changed by hand |
| `add_member` | `campaign`, `lead` or `contact`, `status` | somebody joins a campaign |
| `delete_member` | `member` | somebody leaves it |
| `change_address` | `person`, `email` | a lead's or contact's e-mail changes |
| `change_name` | `person`, `first`, `last` | and the name |
| `convert_lead` | `lead`, `account` (name) | it becomes a contact; its members keep their rows |
| `merge_leads`, `merge_contacts` | `keep`, `drop` | two people become one |
| `add_person` | `object` (Lead, Contact), fields | a new lead or contact |
| `add_campaign` | fields | a new campaign |
| `close_campaign` | `campaign`, `status` (Completed), `end` (date) | it ends |
| `change_campaign` | `campaign`, fields | anything else of it |
| `add_edition` | `campaign`, `name`, fields | one more e-mail edition |
| `add_status` | `campaign`, `label`, `responded`, `default` | one more member status |
| `set_field` | `id`, `field`, `value` | any stored field of any record |
| `delete` | `id` | any record, with what goes with it |
| `purge_delete_log` | `before` (moment) | older deletions are forgotten |
| `use_calls` | `calls` | other integrations use up the limit |
| `expire_sessions` | | every session ends |
| `trust_key` | `pem` | a public key is uploaded, for JWT bearer |
| `move_clock` | `days`, `hours`, `minutes`, `seconds`, or `to` | time passes |

Ids have 15 or 18 characters. An act may carry ``then_s``: so many seconds pass after it. What
changes records waits for the switch ``late_commit_s``, and then has the stamp of the act.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.standin.control import ActError, told_moment
from workbench.standin.salesforce import ids, rules
from workbench.standin.salesforce.members import member_of
from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.org import Late, Org, Record
from workbench.standin.salesforce.refusals import Refusal
from workbench.standin.salesforce.several import object_of
from workbench.standin.salesforce.values import stored

if TYPE_CHECKING:
    from workbench.standin.salesforce.api import Api

Act = Mapping[str, Any]
_RESERVED = frozenset(("do", "then_s", "campaign", "object"))


def perform(api: "Api", act: Act) -> dict[str, Any]:
    """Do one thing; gives what became of it.

    Raises:
        ActError: an unknown act, or one that makes no sense.
    """
    name = str(act.get("do"))
    if name not in _RECORD_ACTS and name not in _OTHER_ACTS:
        known = ", ".join((*_RECORD_ACTS, *_OTHER_ACTS))
        raise ActError(f"Nobody can do {name}; take one of {known}")
    try:
        if name in _OTHER_ACTS:
            done = _OTHER_ACTS[name](api, act)
        else:
            done = _changed(api.org, _RECORD_ACTS[name], act)
    except KeyError as error:
        raise ActError(f"{name} needs {error.args[0]}") from error
    except Refusal as refusal:
        raise ActError(f"{name}: {refusal.message}") from refusal
    api.org.clock.move(int(float(act.get("then_s", 0)) * 1000))
    return done


def _changed(org: Org, do: "RecordAct", act: Act) -> dict[str, Any]:
    """Change records now, or, where transactions stay open, a while from now."""
    late_s = org.switches.number("late_commit_s")
    if not late_s:
        with org.undone_on_error():
            return do(org, act)
    now = org.clock.now()

    def commit() -> dict[str, Any]:
        return do(org, act)

    org.late.append(Late(now, now + timedelta(seconds=late_s), len(org.late), commit))
    return {"commits_at": wire(now + timedelta(seconds=late_s))}


def change_status(org: Org, act: Act) -> dict[str, Any]:
    """A member's status, by hand."""
    rules.update(org, "CampaignMember", str(act["member"]), {"Status": act["status"]})
    return {"id": _known(act["member"])}


def add_member(org: Org, act: Act) -> dict[str, Any]:
    """Somebody joins."""
    values = {"CampaignId": act["campaign"], "Status": act.get("status")}
    values |= {f"{kind.title()}Id": act[kind] for kind in ("lead", "contact") if kind in act}
    return {"id": rules.create(org, "CampaignMember", values)}


def delete_member(org: Org, act: Act) -> dict[str, Any]:
    """Somebody leaves."""
    rules.delete(org, "CampaignMember", str(act["member"]))
    return {"id": _known(act["member"])}


def change_address(org: Org, act: Act) -> dict[str, Any]:
    """Another e-mail address."""
    return _set_person(org, act, {"Email": act["email"]})


def change_name(org: Org, act: Act) -> dict[str, Any]:
    """Another name."""
    given = {"FirstName": act.get("first"), "LastName": act.get("last")}
    return _set_person(org, act, {name: value for name, value in given.items() if value})


def _set_person(org: Org, act: Act, values: Record) -> dict[str, Any]:
    person = str(act["person"])
    rules.update(org, object_of(person), person, values)
    return {"id": _known(person)}


def convert_lead(org: Org, act: Act) -> dict[str, Any]:
    """A lead becomes a contact; its member rows keep their ids and name both."""
    lead = _row(org, "Lead", act["lead"])
    if lead["IsConverted"]:
        raise ActError(f"The lead {act['lead']} is converted already")
    account = rules.create(org, "Account", {"Name": act.get("account") or lead["Company"]})
    taken = ("FirstName", "LastName", "Email", "Phone", "Title", "OwnerId", "HasOptedOutOfEmail")
    values = {name: lead[name] for name in taken}
    contact = org.insert("Contact", {**values, "AccountId": account})
    found = "SELECT Id, CampaignId FROM CampaignMember WHERE LeadId = ? AND IsDeleted = 0"
    for member, _campaign in org.rows(found, lead["Id"]):
        org.change("CampaignMember", member, {"ContactId": contact})
    converted = {
        "IsConverted": 1,
        "Status": "Closed - Converted",
        "ConvertedDate": wire(org.now())[:10],
        "ConvertedAccountId": account,
        "ConvertedContactId": contact,
    }
    org.change("Lead", lead["Id"], converted)
    return {"contact": contact, "account": account}


def merge_leads(org: Org, act: Act) -> dict[str, Any]:
    """Two leads of one human become one."""
    return _merged(org, "Lead", act)


def merge_contacts(org: Org, act: Act) -> dict[str, Any]:
    """Two contacts of one human become one."""
    return _merged(org, "Contact", act)


def _merged(org: Org, name: str, act: Act) -> dict[str, Any]:
    """Memberships go over to the record that stays, unless it is a member there already."""
    keep, drop = _row(org, name, act["keep"]), _row(org, name, act["drop"])
    if keep["Id"] == drop["Id"]:
        raise ActError("A record cannot be merged with itself")
    found = f"SELECT Id, CampaignId FROM CampaignMember WHERE {name}Id = ? AND IsDeleted = 0"
    for member, campaign in org.rows(found, drop["Id"]):
        people = (keep["Id"], None) if name == "Lead" else (None, keep["Id"])
        if member_of(org, campaign, *people):
            org.remove("CampaignMember", member)
        else:
            org.change("CampaignMember", member, {f"{name}Id": keep["Id"]})
    org.change(name, drop["Id"], {"MasterRecordId": keep["Id"]})
    org.remove(name, drop["Id"])
    org.change(name, keep["Id"], {})
    return {"id": keep["Id"]}


def add_person(org: Org, act: Act) -> dict[str, Any]:
    """A new lead or contact."""
    name = str(act["object"])
    if name not in ("Lead", "Contact"):
        raise ActError(f"A person is a Lead or a Contact, not {name}")
    return {"id": rules.create(org, name, _given(act))}


def add_campaign(org: Org, act: Act) -> dict[str, Any]:
    """A new campaign with its first two statuses."""
    return {"id": rules.create(org, "Campaign", _given(act))}


def close_campaign(org: Org, act: Act) -> dict[str, Any]:
    """A campaign ends."""
    values = {"Status": act.get("status", "Completed"), "IsActive": False}
    if "end" in act:
        values["EndDate"] = act["end"]
    rules.update(org, "Campaign", str(act["campaign"]), values)
    return {"id": _known(act["campaign"])}


def change_campaign(org: Org, act: Act) -> dict[str, Any]:
    """Any field of a campaign."""
    rules.update(org, "Campaign", str(act["campaign"]), _given(act))
    return {"id": _known(act["campaign"])}


def add_edition(org: Org, act: Act) -> dict[str, Any]:
    """One more e-mail edition of a campaign."""
    fields = {name: value for name, value in _given(act).items() if name != "name"}
    values = {"Name": act["name"], "Campaign__c": act["campaign"], **fields}
    return {"id": rules.create(org, "Email_Edition__c", values)}


def add_status(org: Org, act: Act) -> dict[str, Any]:
    """One more label for members."""
    values = {
        "CampaignId": act["campaign"],
        "Label": act["label"],
        "HasResponded": bool(act.get("responded", False)),
        "IsDefault": bool(act.get("default", False)),
    }
    return {"id": rules.create(org, "CampaignMemberStatus", values)}


def set_field(org: Org, act: Act) -> dict[str, Any]:
    """Any stored field of any record, whatever the rules say."""
    name = object_of(str(act["id"]))
    record = _row(org, name, act["id"])
    field = org.every[name].fields.get(str(act["field"]).lower())
    if field is None or field.formula:
        raise ActError(f"{name} stores no field {act['field']}")
    org.change(name, record["Id"], {field.name: stored(org, field, act["value"])})
    return {"id": record["Id"]}


def delete(org: Org, act: Act) -> dict[str, Any]:
    """Any record."""
    name = object_of(str(act["id"]))
    rules.delete(org, name, str(act["id"]))
    return {"id": _known(act["id"])}


def purge_delete_log(org: Org, act: Act) -> dict[str, Any]:
    """The org forgets deletions before their time."""
    org.rows("DELETE FROM _deleted WHERE at < ?", wire(told_moment(act["before"])))
    return {}


def use_calls(api: "Api", act: Act) -> dict[str, Any]:
    """Other integrations work too."""
    api.usage.others(int(act["calls"]))
    return {"used": api.usage.used}


def expire_sessions(api: "Api", _act: Act) -> dict[str, Any]:
    """Everybody must log in again."""
    api.logins.sessions.clear()
    return {}


def trust_key(api: "Api", act: Act) -> dict[str, Any]:
    """Somebody uploads a certificate."""
    try:
        api.logins.trust(str(act["pem"]))
    except ValueError as error:
        raise ActError(f"pem: {error}") from error
    return {}


def move_clock(api: "Api", act: Act) -> dict[str, Any]:
    """Time passes."""
    units = ("days", "hours", "minutes", "seconds")
    by = timedelta(**{unit: float(act.get(unit, 0)) for unit in units})
    if "to" in act:
        by = told_moment(act["to"]) - api.org.clock.now()
    api.org.clock.move(by // timedelta(milliseconds=1))
    return {"now": wire(api.org.clock.now())}


def _given(act: Act) -> Record:
    return {name: value for name, value in act.items() if name not in _RESERVED}


def _known(record_id: Any) -> str:
    return ids.known_as(str(record_id)) or str(record_id)


def _row(org: Org, name: str, record_id: Any) -> Record:
    record = org.row(name, _known(record_id))
    if record is None or record["IsDeleted"]:
        raise ActError(f"There is no {name} {record_id}")
    return record


RecordAct = Callable[[Org, Act], dict[str, Any]]
_RECORD_ACTS: dict[str, RecordAct] = {
    act.__name__: act
    for act in (
        change_status,
        add_member,
        delete_member,
        change_address,
        change_name,
        convert_lead,
        merge_leads,
        merge_contacts,
        add_person,
        add_campaign,
        close_campaign,
        change_campaign,
        add_edition,
        add_status,
        set_field,
        delete,
        purge_delete_log,
    )
}
_OTHER_ACTS: "dict[str, Callable[[Api, Act], dict[str, Any]]]" = {
    act.__name__: act for act in (use_calls, expire_sessions, trust_key, move_clock)
}
