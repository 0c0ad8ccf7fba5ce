"""What the rehearsal org holds at its start: campaigns of every kind, and the people in them.

Two thirds of the people have the e-mail address of a visitor of the Pendo stand-in of the same
seed and size, so that campaigns can be joined with product use.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from workbench.standin.clock import EPOCH
from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.org import Org, Record
from workbench.standin.salesforce.plans import SIZES, CampaignPlan, OrgSize
from workbench.standin.seeds import words
from workbench.standin.seeds.people import SEED_SWITCHES, Seed, make_people
from workbench.standin.seeds.sizes import SIZES as PENDO_SIZES

DAY_MS = 86_400_000
VISITOR_SHARE = 0.67
"""Of leads and contacts, how many are visitors too."""
CONVERTED_SHARE = 0.05
OLDEST_DAYS = 300
"""How long ago the first people were entered."""
Ints = npt.NDArray[np.int64]


@dataclass
class Sown:
    """People that campaigns can have as members."""

    leads: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    converted: list[tuple[str, str]] = field(default_factory=list)
    """Lead and the contact it became."""


def sow(org: Org, seed: int, size: str) -> None:
    """Fill an empty org; the same for the same seed, size and moment."""
    rng = np.random.default_rng([seed, 5])
    chosen = SIZES[size]
    humans = _Humans(org, rng, seed, size, chosen)
    with org.filled():
        _users(org)
        accounts = _accounts(org, rng, chosen)
        sown = _people(org, rng, chosen, humans, accounts)
        for plan in chosen.campaigns:
            _campaign(org, rng, plan, sown)


def _users(org: Org) -> None:
    org.user_id = org.next_id("User")
    stamp = wire(EPOCH + timedelta(milliseconds=org.clock.now_ms() - 400 * DAY_MS))
    for place, name in enumerate((("Integration", "User"), ("Dana", "Whitfield"), ("Mei", "Sato"))):
        record_id = org.next_id("User") if place else org.user_id
        first, last = name
        record = _record(org, record_id, stamp, stamp)
        record |= {"FirstName": first, "LastName": last, "IsActive": 1}
        record |= {"Email": f"{first}.{last}@example.com".lower()}
        record |= {"Username": record["Email"], "UserPermissionsMarketingUser": 1}
        org.insert_many("User", [record])


def _record(org: Org, record_id: str, created: str, changed: str) -> Record:
    """What every record has."""
    return {
        "Id": record_id,
        "IsDeleted": 0,
        "CreatedDate": created,
        "CreatedById": org.user_id,
        "LastModifiedDate": changed,
        "LastModifiedById": org.user_id,
        "SystemModstamp": changed,
    }


def _accounts(org: Org, rng: np.random.Generator, size: OrgSize) -> list[str]:
    made = []

    def records() -> Iterator[Record]:
        for first, second in rng.integers(0, 20, (size.accounts, 2)).tolist():
            record = _record(org, org.next_id("Account"), *_stamps(org, 350, 300))
            name = f"{words.COMPANY_FIRST[first]} {words.COMPANY_SECOND[second]}"
            made.append(record["Id"])
            yield record | {"Name": name, "OwnerId": org.user_id}

    org.insert_many("Account", records())
    return made


def _stamps(org: Org, created_days: float, changed_days: float) -> tuple[str, str]:
    now_ms = org.clock.now_ms()
    created, changed = (
        wire(EPOCH + timedelta(milliseconds=now_ms - int(days * DAY_MS)))
        for days in (created_days, changed_days)
    )
    return created, changed


class _Humans:
    """Names and addresses: visitors of the Pendo stand-in, and others."""

    def __init__(
        self, org: Org, rng: np.random.Generator, seed: int, size: str, chosen: OrgSize
    ) -> None:
        switches = dict.fromkeys(SEED_SWITCHES, True)
        people = make_people(Seed(seed, PENDO_SIZES[size], org.clock.now_ms(), switches))
        columns = people.visitors.select(["agent.email", "agent.firstname", "agent.lastname"])
        known = [row for row in zip(*columns.to_pydict().values(), strict=True) if row[0]]
        order = rng.permutation(len(known))[: int(chosen.people * VISITOR_SHARE)].tolist()
        self._known = [known[place] for place in order]
        self._rng = rng
        self._made = 0

    def next(self) -> tuple[str, str, str]:
        """E-mail, first name, last name of one more human."""
        self._made += 1
        if self._known and self._made % 3:
            email, first, last = self._known.pop()
            return str(email), str(first), str(last)
        one, other = self._rng.integers(0, 26, 2).tolist()
        first, last = words.FIRST_NAMES[one], words.LAST_NAMES[other]
        address = f"{first}.{last}.p{self._made}@prospects.example.com".lower()
        return address.replace("'", ""), first, last


def _people(
    org: Org, rng: np.random.Generator, size: OrgSize, humans: _Humans, accounts: list[str]
) -> Sown:
    sown = Sown()
    converted = int(size.leads * CONVERTED_SHARE)
    faces = [humans.next() for _ in range(size.contacts + converted)]
    ages = np.sort(rng.random(len(faces)) * OLDEST_DAYS)[::-1].tolist()
    chosen = rng.integers(0, len(accounts), len(faces)).tolist()

    def contacts() -> Iterator[Record]:
        for face, age, account in zip(faces, ages, chosen, strict=True):
            record = _person(org, "Contact", face, age)
            sown.contacts.append(record["Id"])
            yield record | {"AccountId": accounts[account]}

    org.insert_many("Contact", contacts())
    # The first contacts were leads once; the rest were always contacts.
    became = list(zip(sown.contacts[:converted], chosen, faces, strict=False))
    sown.contacts = sown.contacts[converted:]
    org.insert_many("Lead", _leads(org, rng, size, humans, sown, became, accounts, faces))
    return sown


def _leads(
    org: Org,
    rng: np.random.Generator,
    size: OrgSize,
    humans: _Humans,
    sown: Sown,
    became: list[tuple[str, int, tuple[str, str, str]]],
    accounts: list[str],
    faces: list[tuple[str, str, str]],
) -> Iterator[Record]:
    ages = np.sort(rng.random(size.leads) * OLDEST_DAYS)[::-1].tolist()
    firm = rng.integers(0, 20, (size.leads, 2)).tolist()
    status = rng.integers(0, 2, size.leads).tolist()
    for place, age in enumerate(ages):
        contact = became[place] if place < len(became) else None
        # Now and then a lead and a contact are the same human, entered twice.
        double = contact is None and place % 23 == 5
        face = (
            contact[2] if contact else faces[-1 - place % len(faces)] if double else humans.next()
        )
        record = _person(org, "Lead", face, age)
        company = f"{words.COMPANY_FIRST[firm[place][0]]} {words.COMPANY_SECOND[firm[place][1]]}"
        record |= {"Company": company, "LeadSource": words.LEAD_SOURCES[place % 5]}
        record["Status"] = ("Open - Not Contacted", "Working - Contacted")[status[place]]
        record |= {"IsConverted": 0, "ConvertedDate": None, "ConvertedContactId": None}
        record |= {"ConvertedAccountId": None}
        if contact:
            record |= {"IsConverted": 1, "Status": "Closed - Converted"}
            record |= {"ConvertedContactId": contact[0], "ConvertedAccountId": accounts[contact[1]]}
            record["ConvertedDate"] = record["LastModifiedDate"][:10]
            sown.converted.append((record["Id"], contact[0]))
        else:
            sown.leads.append(record["Id"])
        yield record


def _person(org: Org, name: str, face: tuple[str, str, str], age_days: float) -> Record:
    email, first, last = face
    record = _record(org, org.next_id(name), *_stamps(org, age_days + 5, age_days * 0.7 + 2))
    number = int(record["Id"][-6:-3], 36)
    record |= {"FirstName": first, "LastName": last, "OwnerId": org.user_id}
    # Some have no address, some said no: a mailer must see both.
    record["Email"] = None if number % 41 == 7 else email
    record["HasOptedOutOfEmail"] = int(number % 29 == 3)
    record |= {"HasOptedOutOfFax": 0, "DoNotCall": 0}
    record["Title"] = words.TITLES[number % len(words.TITLES)]
    return record


def _campaign(org: Org, rng: np.random.Generator, plan: CampaignPlan, sown: Sown) -> None:
    record = _record(org, org.next_id("Campaign"), *_stamps(org, 250, 30))
    today = org.clock.now().date()
    record |= {"Name": plan.name, "Type": plan.type, "Status": plan.status}
    record |= {"IsActive": int(plan.is_active), "OwnerId": org.user_id}
    record |= {"StartDate": _day(today, plan.starts), "EndDate": _day(today, plan.ends)}
    if "auto_sync__c" in org.every["Campaign"].fields:
        record["Auto_Sync__c"] = int(plan.auto_sync)
    org.insert_many("Campaign", [record])
    _statuses(org, record["Id"], plan)
    org.insert_many("CampaignMember", _members(org, rng, record["Id"], plan, sown))


def _day(today: date, days: int | None) -> str | None:
    return None if days is None else (today + timedelta(days=days)).isoformat()


def _statuses(org: Org, campaign: str, plan: CampaignPlan) -> None:
    for order, (label, responded) in enumerate(plan.labels, start=1):
        record = _record(org, org.next_id("CampaignMemberStatus"), *_stamps(org, 250, 250))
        record |= {"CampaignId": campaign, "Label": label, "SortOrder": order}
        record |= {"IsDefault": int(order == 1), "HasResponded": int(responded)}
        org.insert_many("CampaignMemberStatus", [record])


def _members(
    org: Org, rng: np.random.Generator, campaign: str, plan: CampaignPlan, sown: Sown
) -> Iterator[Record]:
    people: list[tuple[str | None, str | None]] = [(lead, None) for lead in sown.leads]
    people += [(None, contact) for contact in sown.contacts]
    people += sown.converted
    order = rng.permutation(len(people))[: plan.members].tolist()
    count = len(order)
    label = (len(plan.labels) * rng.random(count) ** 1.8).astype(np.int64).tolist()
    age_ms = (rng.random(count) * 40 * DAY_MS + DAY_MS).astype(np.int64)
    if org.switches.is_at("seed_equal_stamps", "on"):
        age_ms[:] = 3 * DAY_MS
    # Whole seconds, as stamps are.
    changed = ((org.clock.now_ms() - age_ms) // 1000 * 1000).tolist()
    for place, person in enumerate(order):
        stamp = wire(EPOCH + timedelta(milliseconds=changed[place]))
        lead, contact = people[person]
        name, responded = plan.labels[label[place]]
        record = _record(org, org.next_id("CampaignMember"), stamp, stamp)
        record |= {"CampaignId": campaign, "LeadId": lead, "ContactId": contact, "Status": name}
        record["HasResponded"] = int(responded)
        record["FirstRespondedDate"] = stamp[:10] if responded else None
        yield record
