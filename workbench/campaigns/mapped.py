"""Where statistics and facts of members go in Salesforce, checked against its describes. Pure.

What ``pam.fields`` names must be there, take what is meant for it, and be writable: else nothing
is done. What it does not name stays here, and a notice says so (campaign-sync contract, Q16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.campaigns.model import CampaignSync
from workbench.campaigns.vocabulary import MEMBER_FACTS, PRODUCT_FIELDS
from workbench.errors import InputError
from workbench.words import nearest

Described = Mapping[str, Mapping[str, Any]]
"""Object → ``createable`` and ``fields``: name → flags (C createable, U updateable) and type."""
NUMBERS = ("int", "double", "currency", "percent")
TEXTS = ("string", "picklist", "textarea", "combobox")
WORDS = {
    **dict.fromkeys(NUMBERS, "a number"),
    **dict.fromkeys(TEXTS, "a text"),
    "boolean": "a checkbox",
    "date": "a date",
    "datetime": "a moment",
    "reference": "a lookup",
}
"""Types of fields as a person calls them."""
THERE_COLUMNS = {
    "state": "state_there",
    "reason": "reason_there",
    "last_action": "action_there",
    "points": "points_there",
}
"""Fact of a member → the column that holds what stands in its field in Salesforce."""


@dataclass(frozen=True, slots=True)
class EditionObject:
    """The object of e-mail editions, and how its records are read and written."""

    name: str
    campaign: str
    """Its field that names the campaign."""
    edition: str
    """Its field that names the edition."""
    external_id: str | None = None
    statistics: Mapping[str, str] = field(default_factory=dict)
    """Statistic → field."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Field → its type."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Everything that is read of a record."""
        own = ("Id", self.campaign, self.edition, self.external_id, *self.statistics.values())
        return tuple(dict.fromkeys(name for name in own if name))


@dataclass(frozen=True, slots=True)
class Mapped:
    """What goes where, each field there and writable."""

    statistics: Mapping[str, str] = field(default_factory=dict)
    """Statistic → field of Campaign."""
    members: Mapping[str, str] = field(default_factory=dict)
    """Fact → field of CampaignMember."""
    editions: EditionObject | None = None
    product: tuple[str, ...] = ()
    """The source product's own fields of Campaign that this org has; they are read."""
    notices: tuple[str, ...] = ()
    """What is off because nothing is mapped, a sentence each."""


def mapped(described: Described, sync: CampaignSync) -> Mapped:
    """What ``pam.fields`` comes to in this org.

    Raises:
        InputError: a field is not there, may not be written, or cannot take what is meant for it.
    """
    known = {name.lower() for name in PRODUCT_FIELDS.values()}
    statistics = {
        key: name for key, name in sync.pam.statistics.items() if name.lower() not in known
    }
    for key, name in statistics.items():
        _require(described, "Campaign", key, name, NUMBERS)
    members = sync.pam.of("member.")
    for key, name in members.items():
        kinds = NUMBERS if key == "points" else TEXTS
        _require(described, "CampaignMember", f"member.{key}", name, kinds)
    there = described["Campaign"]["fields"]
    return Mapped(
        statistics=statistics,
        members={key: members[key] for key in MEMBER_FACTS if key in members},
        editions=_editions(described, sync),
        product=tuple(name for name in PRODUCT_FIELDS.values() if name in there),
        notices=tuple(_notices(sync, statistics, members)),
    )


def _editions(described: Described, sync: CampaignSync) -> EditionObject | None:
    given = sync.pam.of("edition.")
    if not given:
        return None
    name, campaign = given.pop("object"), given.pop("campaign")
    _require(described, name, "edition.campaign", campaign, ("reference",), written=False)
    edition, external_id = given.pop("name", "Name"), given.pop("external_id", None)
    for key, text in (("name", edition), ("external_id", external_id)):
        if text is not None:
            _require(described, name, f"edition.{key}", text, TEXTS, written=False)
    for key, number in given.items():
        _require(described, name, f"edition.{key}", number, NUMBERS)
    fields = described[name]["fields"]
    types = {each: str(fields[each][1]) for each in given.values()}
    return EditionObject(name, campaign, edition, external_id, given, types)


def _require(
    described: Described,
    name: str,
    key: str,
    wanted: str,
    kinds: tuple[str, ...],
    *,
    written: bool = True,
) -> None:
    fields = described[name]["fields"]
    if wanted not in fields:
        raise InputError(
            f"pam.fields {key}: {name} has no field {wanted} that this user may see"
            f"{nearest(wanted, fields)}",
            hint="Correct the name, or give the integration user access to the field.",
        )
    flags, kind = fields[wanted]
    if kind not in kinds:
        raise InputError(
            f"pam.fields {key}: {name}.{wanted} is {WORDS.get(kind, f'of the type {kind}')}, not "
            f"{WORDS[kinds[0]]}",
            hint="Name a field that can hold it, or take the key out.",
        )
    if written and "U" not in flags:
        raise InputError(
            f"pam.fields {key}: {name}.{wanted} may not be written by this user",
            hint="Name a field that can be edited, give the integration user the right to edit "
            "it, or take the key out.",
        )


def _notices(
    sync: CampaignSync, statistics: Mapping[str, str], members: Mapping[str, str]
) -> list[str]:
    told = []
    if not statistics and not any(sync.statistics.values()):
        told.append("No statistic of campaigns has a field in Salesforce: they stay here")
    missing = [fact.replace("_", " ") for fact in MEMBER_FACTS if fact not in members]
    if missing:
        told.append(f"Of members no field takes the {', '.join(missing)}: they stay here")
    elif not sync.scoring.points:
        told.append("Points have a field in Salesforce, and no action gives any (scoring)")
    if not any(key.startswith("edition.") for key in sync.pam.fields):
        told.append("No object of e-mail editions is named: their statistics stay here")
    return told
