"""All raw events there are: those the seed makes, and those somebody added by hand.

What is not yet there to see is left out: events after now, and events that arrive late.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock

import numpy as np

from workbench.standin import zones
from workbench.standin.events.profiles import Profiles
from workbench.standin.events.raw import (
    FEATURE,
    PAGE,
    TRACK,
    Days,
    GuideEvents,
    Ints,
    Late,
    RawEvents,
    joined,
)
from workbench.standin.seeds.people import People, Seed

KEPT_EVENTS = 4_000_000
"""Raw events kept made (32 bytes each): a month of the medium size, some days of the large one."""


@dataclass(frozen=True, slots=True)
class Added:
    """Somebody's own events of one kind."""

    kind: int
    events: RawEvents


class EventStore:
    """The raw events of every day, made when asked for and kept for a while."""

    def __init__(self, seed: Seed, people: People, zone: str, now_ms: Callable[[], int]) -> None:
        self.days = Days(seed, people, zone)
        self.profiles = Profiles(people, seed.size.address_pool)
        self._now_ms = now_ms
        self._kept: OrderedDict[tuple[int, date], RawEvents] = OrderedDict()
        self._kept_events = 0
        self._added: list[Added] = []
        self._lock = Lock()

    @property
    def first_ms(self) -> int:
        """The start of the first day that can hold events."""
        added = [int(added.events.at_ms.min()) for added in self._added]
        return min([self.days.first_day, *added])

    def last_ms(self) -> int:
        """The moment from which on nothing can be seen yet."""
        return self._now_ms() + 1

    def add(self, kind: int, events: RawEvents) -> None:
        """Put somebody's own events beside the seed's."""
        with self._lock:
            self._added.append(Added(kind, events))

    def raw(self, kind: int, start_ms: int, end_ms: int, late: Late) -> RawEvents:
        """The events of a kind in ``[start_ms, end_ms)`` that can be seen now."""
        parts = [self._day(kind, day) for day in self._days_of(start_ms, end_ms)]
        own = [added.events for added in self._added if added.kind == kind]
        events = joined(parts + own)
        if own:
            events = events.chosen(np.argsort(events.at_ms, kind="stable"))
        inside = (events.at_ms >= start_ms) & (events.at_ms < end_ms)
        inside &= self._seen_from(events, late) <= self._now_ms()
        return events if inside.all() else events.chosen(inside)

    def guides(self, start_ms: int, end_ms: int, late: Late, *, polls: bool) -> list[GuideEvents]:
        """The guide or poll events in ``[start_ms, end_ms)`` that can be seen now, day by day."""
        found = []
        for day in self._days_of(start_ms, end_ms):
            events = self.days.guides(day, self._day(PAGE, day))
            if polls:
                events = self.days.polls(events)
            inside = (events.at_ms >= start_ms) & (events.at_ms < end_ms)
            inside &= self._seen_from(events, late) <= self._now_ms()
            found.append(
                GuideEvents(*(getattr(events, name)[inside] for name in GuideEvents.__slots__))
            )
        return found

    def _seen_from(self, events: RawEvents | GuideEvents, late: Late) -> Ints:
        if not late.hours:
            return events.at_ms
        return events.at_ms + self.days.arrives_late_ms(events, late)

    def _days_of(self, start_ms: int, end_ms: int) -> list[date]:
        start = max(start_ms, self.days.first_day)
        end = min(end_ms, self._now_ms() + 1)
        if start >= end:
            return []
        first = zones.local(start, self.days.zone).date()
        last = zones.local(end - 1, self.days.zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def _day(self, kind: int, day: date) -> RawEvents:
        with self._lock:
            if (kind, day) in self._kept:
                self._kept.move_to_end((kind, day))
                return self._kept[kind, day]
        if kind == PAGE:
            made = self.days.pages(day)
        elif kind == FEATURE:
            made = self.days.features(day, self._day(PAGE, day))
        else:
            made = self.days.tracks(day, self._day(PAGE, day))
        self._keep((kind, day), made)
        return made

    def _keep(self, key: tuple[int, date], made: RawEvents) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._kept_events += len(made)
            while self._kept_events > KEPT_EVENTS and len(self._kept) > 1:
                _key, dropped = self._kept.popitem(last=False)
                self._kept_events -= len(dropped)


KINDS = {"page": PAGE, "feature": FEATURE, "track": TRACK}


def one_event(at_ms: int, profile: int, thing: int, extra: int = 0) -> RawEvents:
    """A single event as columns."""
    return RawEvents(*(np.array([value], np.int64) for value in (at_ms, profile, thing, extra)))
