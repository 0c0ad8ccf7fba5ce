"""Visitors and accounts, column by column.

A column is named ``group.field``. Arrays that event generation needs are kept as numbers beside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from workbench.standin.seeds import words
from workbench.standin.seeds.sizes import APPS, HOSTS, Size

Ints = npt.NDArray[np.int64]
DAY_MS = 86_400_000
"""Only for ages and spreads; never for the start of a local day."""
SEED_SWITCHES = (
    "missing_lastupdated",
    "dnp_without_auto",
    "equal_timestamps",
    "quoted_ids",
    "empty_account",
)
"""The ``seed_…`` switches: which awkward cases are sown."""


@dataclass(frozen=True)
class People:
    """Everyone in the subscription at its start."""

    visitors: pa.Table
    accounts: pa.Table
    account_of: Ints
    """A visitor's account by its place; -1 is none."""
    location_of: Ints
    browser_of: Ints
    first_ms: Ints
    last_ms: Ints
    apps_of: Ints
    """Bits by the place of the app in `APPS`."""

    def only_ids(self) -> "People":
        """The same without metadata, which large subscriptions must not hold twice."""
        visitors, accounts = self.visitors.select(["id"]), self.accounts.select(["id"])
        return replace(self, visitors=visitors, accounts=accounts)


@dataclass(frozen=True)
class Seed:
    """What the subscription depends on."""

    number: int
    size: Size
    now_ms: int
    switches: Mapping[str, bool]
    """Which of `SEED_SWITCHES` are on."""


def make_people(seed: Seed) -> People:
    """The visitors and accounts of a seed."""
    rng = np.random.default_rng([seed.number, 1])
    accounts, account_location = _accounts(seed, rng)
    return _visitors(seed, rng, accounts, account_location)


def _accounts(seed: Seed, rng: np.random.Generator) -> tuple[pa.Table, Ints]:
    count, now = seed.size.accounts, seed.now_ms
    ids = _ids("acct-{:04d}", count, _allowed(words.ODD_ACCOUNTS, seed), 5)
    industry = rng.integers(0, len(words.COMPANY_SECOND), count)
    location = _skewed(rng, len(words.LOCATIONS), count, 1.6)
    plan = rng.integers(0, len(words.PLANS), count)
    first = now - (rng.random(count) * 700 * DAY_MS).astype(np.int64) - 20 * DAY_MS
    last = now - (rng.random(count) ** 3 * 40 * DAY_MS).astype(np.int64)
    names = _joined(
        _take(words.COMPANY_FIRST, rng.integers(0, len(words.COMPANY_FIRST), count)),
        _take(words.COMPANY_SECOND, industry),
        " ",
    )
    columns: dict[str, Any] = {
        "id": ids,
        "_n": np.arange(count),
        "_apps": np.where(rng.random(count) < 0.3, 3, 1),
        **_auto(ids, rng, first, last, now, _some(rng, count, 0.03, seed, "missing_lastupdated")),
        "agent.name": names,
        "agent.industry": _take(words.INDUSTRY_OF_SECOND, industry),
        "agent.country": _take([place[0] for place in words.LOCATIONS], location),
        "agent.language": _take(words.LANGUAGES, location % len(words.LANGUAGES)),
        "custom.planlevel": _take(words.PLANS, plan),
        "custom.arr": np.round(rng.lognormal(9.5, 1.0, count) * (plan + 0.5), 2),
        "custom.employees": (rng.lognormal(5, 1.3, count) + 2).astype(np.int64),
        "custom.csm": _holes(rng, _take(words.MANAGERS, rng.integers(0, 5, count)), 0.1),
        "custom.renewaldate": _days_around(rng, now, count, 200),
        "custom.strategic": rng.random(count) < 0.15,
        "custom.healthscore": _holes(rng, pa.array(np.round(rng.random(count) * 100, 1)), 0.05),
        "pendo.donotprocess": np.arange(count) == count - 1,
        "pendo.blacklistguides": rng.random(count) < 0.02,
        "salesforce.accountid": _salesforce_ids(rng, count),
        "salesforce.industry": _take(words.INDUSTRY_OF_SECOND, industry),
        "salesforce.annualrevenue": np.round(rng.lognormal(14, 1.5, count), 0),
        "salesforce.ownername": _holes(rng, _take(words.MANAGERS, rng.integers(0, 5, count)), 0.2),
    }
    return pa.table(columns), location


def _visitors(seed: Seed, rng: np.random.Generator, accounts: pa.Table, places: Ints) -> People:
    count, now = seed.size.visitors, seed.now_ms
    place = np.arange(count)
    anonymous = place % 13 == 6
    ids = _visitor_ids(seed, anonymous)
    account = _skewed(rng, seed.size.accounts, count, 1.7)
    loose = _some(rng, count, 0.03, seed, "empty_account")
    account = np.where(anonymous | loose, -1, account)
    location = np.where(
        (account >= 0) & (rng.random(count) < 0.9),
        places[account],
        _skewed(rng, len(words.LOCATIONS), count, 1.6),
    )
    browser = _skewed(rng, len(words.BROWSERS), count, 1.5)
    first, last = _lifetimes(rng, count, now)
    apps = rng.choice([1, 3, 2], count, p=[0.8, 0.14, 0.06])
    blocked = (place % 97 == 11) & ~anonymous
    bare = blocked & (seed.switches["dnp_without_auto"])
    person = _Person(rng, seed, accounts, ids, account, location, browser, first, last, ~anonymous)
    columns: dict[str, Any] = {
        "id": ids,
        "_n": place,
        "_apps": apps,
        **_without(person.auto(apps), bare),
        **person.agent(),
        **person.custom(),
        "pendo.donotprocess": blocked,
        "pendo.blacklistguides": rng.random(count) < 0.02,
        "pendo.designerenabled": rng.random(count) < 0.01,
        **person.salesforce(),
    }
    return People(pa.table(columns), accounts, account, location, browser, first, last, apps)


class _Person:
    """The metadata groups of all visitors at once."""

    def __init__(
        self,
        rng: np.random.Generator,
        seed: Seed,
        accounts: pa.Table,
        ids: pa.Array,
        account: Ints,
        location: Ints,
        browser: Ints,
        first: Ints,
        last: Ints,
        known: npt.NDArray[np.bool_],
    ) -> None:
        self.rng, self.seed, self.ids = rng, seed, ids
        self.accounts, self.account = accounts, account
        self.location, self.browser = location, browser
        self.first, self.last, self.known = first, last, known
        self.count = len(account)
        self.given = rng.integers(0, len(words.FIRST_NAMES), self.count)
        self.family = rng.integers(0, len(words.LAST_NAMES), self.count)

    def auto(self, apps: Ints) -> dict[str, Any]:
        rng, now = self.rng, self.seed.now_ms
        missing = _some(rng, self.count, 0.03, self.seed, "missing_lastupdated")
        account = _account_ids(self.accounts, self.account)
        made = _auto(self.ids, rng, self.first, self.last, now, missing)
        if self.seed.switches["equal_timestamps"]:
            made["auto.lastupdated"] = _stamped(made["auto.lastupdated"], now - 3 * DAY_MS)
        browser = self.browser
        for bit, name in enumerate(PER_APP):
            outside = (apps & (1 << bit)) == 0
            for field in ("firstvisit", "lastvisit", "lastupdated"):
                made[f"{name}.{field}"] = _where(outside, None, made[f"auto.{field}"])
        return made | {
            "auto.accountid": account,
            "auto.accountids": _json_lists(account),
            "auto.createdat": self.first,
            "auto.lastbrowsername": _take([b[1] for b in words.BROWSERS], browser),
            "auto.lastbrowserversion": _take([b[2] for b in words.BROWSERS], browser),
            "auto.lastoperatingsystem": _take([b[3] for b in words.BROWSERS], browser),
            "auto.lastservername": _take(HOSTS, np.where(apps == 2, 1, 0)),
            "auto.lastuseragent": _take([b[0] for b in words.BROWSERS], browser),
        }

    def agent(self) -> dict[str, Any]:
        rng, count = self.rng, self.count
        first, last = _take(words.FIRST_NAMES, self.given), _take(words.LAST_NAMES, self.family)
        team = rng.integers(0, len(words.TEAMS), count)
        made = {
            "email": _emails(first, last, count),
            "firstname": first,
            "lastname": last,
            "role": _take(words.ROLES, _skewed(rng, len(words.ROLES), count, 1.4)),
            "title": _take(words.TITLES, rng.integers(0, len(words.TITLES), count)),
            "department": _take(words.DEPARTMENTS, rng.integers(0, len(words.DEPARTMENTS), count)),
            "language": _take(words.LANGUAGES, self.location % len(words.LANGUAGES)),
            "country": _take([place[0] for place in words.LOCATIONS], self.location),
            "isadmin": pa.array(rng.random(count) < 0.12),
            "signupdate": pa.array(self.first),
            "teams": _take(
                [
                    f'["{a}","{b}"]'
                    for a, b in zip(words.TEAMS, words.TEAMS[1:] + words.TEAMS[:1], strict=True)
                ],
                team,
            ),
        }
        return {f"agent.{name}": _where(~self.known, None, made[name]) for name in made}

    def custom(self) -> dict[str, Any]:
        rng, count, now = self.rng, self.count, self.seed.now_ms
        made = {
            "tier": _take(words.TIERS, _skewed(rng, len(words.TIERS), count, 1.5)),
            "score": pa.array(rng.integers(0, 101, count)),
            "healthscore": pa.array(np.round(rng.random(count) * 100, 1)),
            "betatester": pa.array(rng.random(count) < 0.2),
            "renewal": pa.array(_days_around(rng, now, count, 180)),
            "region": _take([place[1] for place in words.LOCATIONS], self.location),
            "seats": pa.array(rng.integers(1, 200, count)),
            "interests": _take(
                [f'["{name}"]' for name in words.INTERESTS], rng.integers(0, 6, count)
            ),
        }
        return {
            f"custom.{name}": _where(~self.known | (rng.random(count) < 0.08), None, made[name])
            for name in made
        }

    def salesforce(self) -> dict[str, Any]:
        rng, count = self.rng, self.count
        absent = ~self.known | (rng.random(count) < 0.4)
        made = {
            "contactid": _salesforce_ids(rng, count, "003"),
            "industry": _take(words.INDUSTRY_OF_SECOND, rng.integers(0, 20, count)),
            "leadsource": _take(words.LEAD_SOURCES, rng.integers(0, 5, count)),
            "mqlscore": pa.array(np.round(rng.random(count) * 10, 2)),
        }
        return {f"salesforce.{name}": _where(absent, None, made[name]) for name in made}


PER_APP = tuple(f"auto_{app}" for app in APPS)
"""Column groups of per-app data; how they are spelled outside is a switch (U25)."""


def _auto(
    ids: pa.Array, rng: np.random.Generator, first: Ints, last: Ints, now: int, missing: Any
) -> dict[str, Any]:
    count = len(first)
    updated = last + (rng.random(count) * np.minimum(now - last, 2 * DAY_MS)).astype(np.int64)
    return {
        "auto.id": ids,
        "auto.idhash": rng.integers(0, 2**32, count),
        "auto.nid": np.zeros(count, np.int64),
        "auto.firstvisit": first,
        "auto.lastvisit": last,
        "auto.lastupdated": _where(missing, None, pa.array(updated)),
    }


def _lifetimes(rng: np.random.Generator, count: int, now: int) -> tuple[Ints, Ints]:
    """First and last visits: most people came lately, some left long ago."""
    recent = rng.random(count) < 0.75
    age = np.where(recent, rng.random(count) ** 2 * 10, 10 + rng.random(count) * 120)
    last = now - (age * DAY_MS).astype(np.int64) - 60_000
    first = last - (rng.random(count) ** 1.5 * 400 * DAY_MS).astype(np.int64)
    return first, last


def _visitor_ids(seed: Seed, anonymous: npt.NDArray[np.bool_]) -> pa.Array:
    ids = _ids("v-{}", seed.size.visitors, _allowed(words.ODD_VISITORS, seed), 7, start=100)
    strangers = _take([f"_PENDO_T_{i:07x}" for i in range(seed.size.visitors)], np.arange(len(ids)))
    return _where(anonymous, strangers, ids)


def _ids(form: str, count: int, odd: Sequence[str], apart: int, start: int = 1) -> pa.Array:
    """Plain ids, with an odd one in every ``apart``-th place until there are no more."""
    ids = [form.format(number) for number in range(start, start + count)]
    for place, name in enumerate(odd):
        if place * apart < count:
            ids[place * apart] = name
    return pa.array(ids, pa.string())


def _allowed(names: Sequence[str], seed: Seed) -> list[str]:
    if seed.switches["quoted_ids"]:
        return list(names)
    return [name for name in names if not any(mark in name for mark in words.QUOTED)]


def _some(rng: np.random.Generator, count: int, share: float, seed: Seed, switch: str) -> Any:
    return (rng.random(count) < share) & seed.switches[switch]


def _skewed(rng: np.random.Generator, choices: int, count: int, power: float) -> Ints:
    """Places in a list, the first ones oftener."""
    return (choices * rng.random(count) ** power).astype(np.int64)


def _take(choices: Sequence[str], places: Ints) -> pa.Array:
    return pa.array(choices, pa.string()).take(pa.array(places))


def _joined(first: pa.Array, second: pa.Array, separator: str) -> pa.Array:
    return pc.binary_join_element_wise(first, second, separator)


def _emails(first: pa.Array, last: pa.Array, count: int) -> pa.Array:
    numbers = pc.cast(pa.array(np.arange(count)), pa.string())
    name = pc.binary_join_element_wise(first, last, numbers, ".")
    return _joined(pc.utf8_lower(name), pa.scalar("example.com"), "@")


def _account_ids(accounts: pa.Table, places: Ints) -> pa.Array:
    ids = accounts["id"].combine_chunks().take(pa.array(np.maximum(places, 0)))
    return _where(places < 0, pa.scalar(""), ids)


def _json_lists(texts: pa.Array) -> pa.Array:
    """Each text as a JSON list of itself; an empty text as an empty list."""
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    listed = pc.binary_join_element_wise('["', escaped, '"]', "")
    return pc.if_else(pc.equal(texts, ""), pa.scalar("[]"), listed)


def _where(condition: Any, then: Any, other: Any) -> pa.Array:
    other = other if isinstance(other, pa.Array) else pa.array(other)
    then = pa.scalar(None, other.type) if then is None else then
    return pc.if_else(pa.array(condition), then, other)


def _without(columns: dict[str, Any], bare: Any) -> dict[str, Any]:
    return {name: _where(bare, None, column) for name, column in columns.items()}


def _holes(rng: np.random.Generator, column: pa.Array, share: float) -> pa.Array:
    return _where(rng.random(len(column)) < share, None, column)


def _stamped(column: pa.Array, moment_ms: int) -> pa.Array:
    """A tenth of a column set to one moment, as a bulk import leaves it."""
    place = np.arange(len(column)) % 10 == 4
    return _where(place, pa.scalar(moment_ms, pa.int64()), column)


def _days_around(rng: np.random.Generator, now: int, count: int, days: int) -> Ints:
    return now // DAY_MS * DAY_MS + rng.integers(-days, days * 2, count) * DAY_MS


def _salesforce_ids(rng: np.random.Generator, count: int, prefix: str = "001") -> pa.Array:
    numbers = rng.integers(0, 36**9, count)
    return pa.array([f"{prefix}Ax{number:013d}"[:18] for number in numbers.tolist()], pa.string())
