"""The time zones there are, and which one a person meant who wrote another. Pure."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from workbench.words import nearest

ABBREVIATIONS = {
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "EDT": "America/New_York",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
}
"""What people write for a zone that the time-zone database does not know by that name."""


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone; asking the system for them reads some six hundred files."""
    return frozenset(available_timezones())


def nearest_zone(given: str) -> str:
    """A clause naming the zone that ``given`` may stand for, or how zones are named."""
    wanted = given.strip().replace(" ", "_").lower()
    known = {zone.lower(): zone for zone in sorted(zone_names(), reverse=True)}
    cities = {zone.rpartition("/")[2].lower(): zone for zone in sorted(zone_names(), reverse=True)}
    for names in (known, cities, {key.lower(): zone for key, zone in ABBREVIATIONS.items()}):
        if wanted in names:
            return f"; did you mean {names[wanted]}?"
    for names in (known, cities):
        if guess := nearest(wanted, names):
            word = guess.removeprefix("; did you mean ").removesuffix("?")
            return f"; did you mean {names[word]}?"
    return "; zones are named like Europe/London, and UTC is the default"


def _checked(given: str) -> str:
    if given in zone_names():
        return given
    raise ValueError(f"unknown time zone {given[:60]}{nearest_zone(given)}")


ZoneName = Annotated[str, AfterValidator(_checked)]
"""The name of an IANA zone, such as Europe/London."""
