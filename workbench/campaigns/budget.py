"""What a run costs in calls, before it is made (campaign-sync contract, section 9). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Literal

PAGE_ROWS = 2000
"""Rows of one page of a query, at best."""
IDS_IN_URL = 200
"""Campaign ids of one query: more do not fit into an address (salesforce-api contract, 2)."""
COLLECTION_ROWS = 200
COMPOSITE_ROWS = 1000
"""Five collections in one call."""
BULK_FROM = 2000
"""From so many rows on they go as a bulk job."""
BULK_CALLS = 8
"""Create, upload, close, results, failures and about three looks."""
DAYS_A_MONTH = 30
ONE_BY_ONE_CALLS = 4
"""What a sync of one campaign by itself costs when nothing changed."""

Path = Literal["none", "collection", "composite", "bulk"]


def write_path(rows: int) -> Path:
    """The way in which the client sends so many rows (salesforce-api contract, section 13).

    >>> write_path(150), write_path(1500), write_path(20_000)
    ('collection', 'composite', 'bulk')
    """
    if rows == 0:
        return "none"
    if rows <= COLLECTION_ROWS:
        return "collection"
    return "composite" if rows < BULK_FROM else "bulk"


def write_calls(rows: int, *, count_bulk: bool = True) -> int:
    """Calls that sending so many rows costs.

    Args:
        count_bulk: Whether calls of bulk jobs count (Q27).

    >>> write_calls(0), write_calls(200), write_calls(1500), write_calls(100_000)
    (0, 1, 2, 8)
    >>> write_calls(1500, count_bulk=False), write_calls(100_000, count_bulk=False)
    (2, 0)
    """
    path = write_path(rows)
    calls = {"none": 0, "collection": 1, "composite": ceil(rows / COMPOSITE_ROWS)}
    return calls.get(path, BULK_CALLS if count_bulk else 0)


def calls_to_read(members: int, total: int) -> int:
    """Calls that reading some of a campaign's members costs: by their ids, or everybody.

    >>> calls_to_read(1, 100_000), calls_to_read(1000, 100_000), calls_to_read(90_000, 100_000)
    (1, 5, 50)
    """
    return min(ceil(members / IDS_IN_URL), max(1, ceil(total / PAGE_ROWS)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls of one run by what they are for. An upper bound only where pages hold 2,000 rows."""

    describe: int = 0
    campaigns: int = 0
    changed: int = 0
    deleted: int = 0
    statuses: int = 0
    statistics: int = 0
    reconcile: int = 0
    fields: int = 0
    """Members' fields beside the status (Q16)."""
    editions: int = 0
    """Reading the records of e-mail editions, and writing their statistics."""

    @property
    def calls(self) -> int:
        """All of them together."""
        return sum(getattr(self, name) for name in self.__dataclass_fields__)


def estimate(
    *,
    campaigns: int,
    changed: int = 0,
    statuses: int = 0,
    statistics: int = 0,
    members: int = 0,
    reconcile: bool = False,
    describes: int = 0,
    fields: int = 0,
    editions: int | None = None,
) -> Estimate:
    """The contract's own sum, with statuses sent in collections of 200.

    Args:
        fields: Members whose fields beside the status are written.
        editions: Editions whose statistics are written; None where no object is named for them.

    The worked example: 50 campaigns, 100,000 members, 2,000 changed, 3,000 statuses.

    >>> estimate(campaigns=50, changed=2000, statuses=3000).calls
    19
    >>> example = dict(campaigns=50, changed=2000, statuses=3000, members=100_000)
    >>> estimate(**example, reconcile=True).calls
    69
    """
    chunks = ceil(campaigns / IDS_IN_URL)
    return Estimate(
        describe=describes,
        campaigns=2 if campaigns else 0,
        changed=max(chunks, ceil(changed / PAGE_ROWS)),
        deleted=1 if campaigns else 0,
        statuses=ceil(statuses / COLLECTION_ROWS),
        statistics=ceil(statistics / COLLECTION_ROWS),
        reconcile=ceil(members / PAGE_ROWS) if reconcile else 0,
        fields=ceil(fields / COLLECTION_ROWS),
        editions=0 if editions is None else chunks + ceil(editions / COLLECTION_ROWS),
    )


@dataclass(frozen=True, slots=True)
class Load:
    """What a campaign asks of a run, from what past runs brought."""

    campaign_id: str
    members: int
    changed: float = 0
    """Members that change between two runs, on average."""
    statuses: float = 0
    """Statuses written back in a run, on average."""
    closed: bool = False
    fields: float = 0
    """Members whose other fields are written in a run, on average (Q16)."""


def per_day(
    loads: Sequence[Load],
    *,
    nightly: bool,
    hourly_runs: int,
    reconcile: bool = True,
    editions: bool = False,
) -> int:
    """Calls of a day by the schedule; the hour of the nightly run counts once, as that run.

    Args:
        editions: Whether the records of e-mail editions are read at every run.

    >>> loads = [Load(str(n), 2000, 40, 60) for n in range(50)]
    >>> per_day(loads, nightly=True, hourly_runs=0)
    69
    >>> per_day(loads, nightly=True, hourly_runs=0, editions=True)
    70
    >>> per_day(loads, nightly=True, hourly_runs=23), per_day(loads, nightly=True, hourly_runs=24)
    (506, 525)
    """
    if not loads:
        return 0
    each = partial(
        estimate,
        campaigns=len(loads),
        changed=ceil(sum(load.changed for load in loads)),
        statuses=ceil(sum(load.statuses for load in loads)),
        fields=ceil(sum(load.fields for load in loads)),
        editions=0 if editions else None,
    )
    small = each().calls
    whole = each(members=sum(load.members for load in loads), reconcile=reconcile).calls
    return (whole if nightly else 0) + hourly_runs * small


@dataclass(frozen=True, slots=True)
class Waste:
    """What a closed campaign with auto-sync on costs a month."""

    campaign_id: str
    calls_per_month: int
    one_by_one: int
    """The same where every campaign is synced by itself."""


def wasted(loads: Sequence[Load], *, nightly: bool, hourly_runs: int) -> list[Waste]:
    """The closed campaigns and their cost: the day's calls with each, less those without it."""
    runs = (1 if nightly else 0) + hourly_runs
    found = []
    for load in loads:
        if not load.closed:
            continue
        others = [other for other in loads if other is not load]
        with_it = per_day(loads, nightly=nightly, hourly_runs=hourly_runs)
        without = per_day(others, nightly=nightly, hourly_runs=hourly_runs)
        found.append(
            Waste(
                load.campaign_id,
                DAYS_A_MONTH * (with_it - without),
                DAYS_A_MONTH * runs * ONE_BY_ONE_CALLS,
            )
        )
    return found


Gate = Literal["open", "warn", "paused"]


@dataclass(frozen=True, slots=True)
class Allocation:
    """The share of the org's calls that is ours, and where it warns, pauses and goes on."""

    share_percent: float = 20
    warn_percent: float = 80
    pause_percent: float = 95
    resume_percent: float = 75

    def calls(self, limit: int | None) -> int | None:
        """Our share of a day; None where the org's limit is not known.

        >>> Allocation(share_percent=20).calls(15_000)
        3000
        """
        return None if limit is None else int(limit * self.share_percent / 100)

    def gate(self, *, used: int, limit: int | None, paused: bool) -> Gate:
        """Whether runs nobody waits for may go; once paused, only well below the mark again.

        >>> share = Allocation(share_percent=100)
        >>> [share.gate(used=n, limit=100, paused=False) for n in (79, 80, 95)]
        ['open', 'warn', 'paused']
        >>> [share.gate(used=n, limit=100, paused=True) for n in (94, 75, 74)]
        ['paused', 'paused', 'open']
        """
        allowed = self.calls(limit)
        if not allowed:
            return "open"
        percent = used * 100 / allowed
        if percent >= (self.resume_percent if paused else self.pause_percent):
            return "paused"
        return "warn" if percent >= self.warn_percent else "open"
