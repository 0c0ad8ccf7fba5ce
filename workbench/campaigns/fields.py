"""Which fields may be read and written, by what the org's describe says to this user. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.campaigns import queries
from workbench.campaigns.mapped import THERE_COLUMNS, Described, Mapped, mapped
from workbench.campaigns.model import CampaignSync
from workbench.campaigns.queries import NEEDED, Fields
from workbench.campaigns.warnings import Warned
from workbench.errors import AccessError, InputError
from workbench.words import nearest

OBJECTS = ("Campaign", "CampaignMember", "Lead", "Contact")
STATUS_OBJECT = "CampaignMemberStatus"
OWNER = "LeadOrContactOwnerId"
"""What of a member must be visible for its owner's name to be asked for."""
OPTIONAL = {
    "Campaign": queries.CAMPAIGN_FIELDS,
    "CampaignMember": queries.MEMBER_FIELDS,
    "Lead": queries.PERSON_FIELDS,
    "Contact": queries.PERSON_FIELDS,
}


def in_short(describe: Mapping[str, Any]) -> dict[str, Any]:
    """What of a describe is worth keeping."""
    fields = {
        each["name"]: [
            ("C" if each.get("createable") else "") + ("U" if each.get("updateable") else ""),
            each.get("type", ""),
        ]
        for each in describe.get("fields", ())
    }
    return {"createable": bool(describe.get("createable")), "fields": fields}


@dataclass(frozen=True, slots=True)
class Seen:
    """What this user may read, with a warning for each field that is hidden."""

    fields: Fields
    warnings: tuple[Warned, ...]
    mapped: Mapped = field(default_factory=Mapped)


def readable(described: Described, sync: CampaignSync) -> Seen:
    """The wanted fields that are there; hidden ones are left out and said.

    Raises:
        AccessError: a field without which there is no sync is hidden.
        InputError: a field that the document names is not there.
    """
    for name, needed in NEEDED.items():
        if gone := [field for field in needed if field not in described[name]["fields"]]:
            raise AccessError(
                f"The field {name}.{gone[0]} is hidden from this user",
                hint="Give the integration user read access to it (field-level security).",
            )
    tests = sync.test_members
    _named(described, "Campaign", "auto_sync_field", sync.auto_sync_box)
    _named(described, "CampaignMember", "test_members.member_field", tests.member_field)
    for name in ("Lead", "Contact"):
        _named(described, name, "test_members.field", tests.field)
        _named(described, name, "test_members.group_field", tests.group_field)
    shown = {name: _shown(described, name) for name in OBJECTS}
    hidden = [
        Warned("hidden field", f"{name}.{field} is hidden from this user and is left out")
        for name in OBJECTS
        for field in OPTIONAL[name]
        if field not in described[name]["fields"]
    ]
    goes = mapped(described, sync)
    more = [sync.auto_sync_box, *goes.product]
    more += writable_statistics(described, sync)[0].values()
    of_members = [tests.member_field, *goes.members.values()]
    owners = sync.notify.member_activity and OWNER in described["CampaignMember"]["fields"]
    if sync.notify.member_activity and not owners:
        text = f"CampaignMember.{OWNER} is hidden from this user: whose members act is not known"
        hidden.append(Warned("hidden field", text))
    person = [name for name in (tests.field, tests.group_field) if name]
    return Seen(
        Fields(
            campaign=(*shown["Campaign"], *_new(more, shown["Campaign"])),
            member=(*shown["CampaignMember"], *_new(of_members, shown["CampaignMember"])),
            lead=(*shown["Lead"], *_new(person, shown["Lead"])),
            contact=(*shown["Contact"], *_new(person, shown["Contact"])),
            member_test=tests.member_field,
            person_test=tests.field,
            there={THERE_COLUMNS[fact]: name for fact, name in goes.members.items()},
            owners=owners,
        ),
        tuple(hidden),
        goes,
    )


def _shown(described: Described, name: str) -> tuple[str, ...]:
    return tuple(field for field in OPTIONAL[name] if field in described[name]["fields"])


def _new(names: Iterable[str | None], known: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name and name not in set(known)))


def _named(described: Described, name: str, key: str, field: str | None) -> None:
    fields = described[name]["fields"]
    if field is not None and field not in fields:
        raise InputError(
            f"{key}: {name} has no field {field} that this user may see{nearest(field, fields)}",
            hint="Correct the name, or give the integration user access to the field.",
        )


def writable_statistics(
    described: Described, sync: CampaignSync
) -> tuple[dict[str, str], list[Warned]]:
    """Statistic → field of Campaign, where describe says it may be written; else a warning.

    Raises:
        InputError: a field that ``pam.fields`` names is not there, or not writable.
    """
    fields = described["Campaign"]["fields"]
    good: dict[str, str] = dict(mapped(described, sync).statistics)
    warned = []
    for statistic, name in sync.statistics.items():
        if name is None:
            continue
        if name not in fields:
            text = f"Campaign has no field {name} that this user may see: {statistic} is not"
            warned.append(
                Warned("statistics not written", f"{text} written{nearest(name, fields)}")
            )
        elif "U" not in fields[name][0]:
            text = f"Campaign.{name} may not be written by this user: {statistic} stays here"
            warned.append(Warned("statistics not written", text))
        else:
            good[statistic] = name
    return good, warned


def may_write_status(described: Described) -> bool:
    """Whether a member's status may be written by this user."""
    flags: str = described["CampaignMember"]["fields"]["Status"][0]
    return "U" in flags


def may_tick_opt_outs(described: Described) -> bool:
    """Whether Email Opt Out of leads and contacts may be written by this user."""
    fields = [described[name]["fields"].get("HasOptedOutOfEmail") for name in ("Lead", "Contact")]
    return all(field is not None and "U" in field[0] for field in fields)


def as_written(value: float | None, kind: str) -> float | int | None:
    """A statistic as a field of this type takes it: a percent field wants 12.5 for an eighth.

    >>> as_written(0.125, "percent"), as_written(0.125, "double"), as_written(3, "double")
    (12.5, 0.125, 3)
    """
    if value is None or isinstance(value, int):
        return value
    return round(value * 100, 4) if kind == "percent" else value
