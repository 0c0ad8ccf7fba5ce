"""Raw events of one local day, the same for the same seed and day, made when they are asked for.

Everything is numbers: a visitor is a place in the seed, and one visitor has three *profiles*
(office, home, other browser) that decide account, address and user agent. A day of the largest
size takes some hundredths of a second, so no store of events is needed however many days there are.
"""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from workbench.standin import zones
from workbench.standin.seeds.people import People, Seed
from workbench.standin.seeds.words import GUIDES, MOBILE_PAGES, PAGES, TRACK_TYPES

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PAGE, FEATURE, TRACK = 0, 1, 2
"""The kinds of raw event that make bucket rows."""
PROFILES = 3
"""Ways each visitor comes in; profile ``p`` is visitor ``p // 3``."""
HABITS = 8
"""Pages a visitor comes back to."""
WEEKDAYS = (1.0, 1.1, 1.12, 1.05, 0.9, 0.28, 0.24)
"""How busy each day is, Monday first."""
HOURS = (1, 1, 1, 1, 1, 2, 5, 14, 38, 60, 66, 62, 44, 56, 64, 60, 50, 36, 20, 14, 11, 8, 5, 2)
"""How busy each hour on the wall is."""
LATE_SHARE = 0.2
"""Of the events, so many arrive late when ``late_events_h`` is on."""


@dataclass(frozen=True, slots=True)
class RawEvents:
    """Events of one kind as columns of equal length, oldest first."""

    at_ms: Ints
    profile: Ints
    thing: Ints
    """Place of the page, feature or track type in the catalogue."""
    extra: Ints
    """Place of the page's parameters or the track event's properties, from 1; 0 is none."""

    def chosen(self, which: Flags | Ints) -> "RawEvents":
        """Some of the events."""
        return RawEvents(
            self.at_ms[which], self.profile[which], self.thing[which], self.extra[which]
        )

    def __len__(self) -> int:
        return len(self.at_ms)


def joined(parts: list[RawEvents]) -> RawEvents:
    """Several sets of events as one."""
    if len(parts) == 1:
        return parts[0]
    columns = [
        np.concatenate([getattr(part, name) for part in parts] or [np.empty(0, np.int64)])
        for name in ("at_ms", "profile", "thing", "extra")
    ]
    return RawEvents(*columns)


@dataclass(frozen=True, slots=True)
class GuideEvents:
    """Single guide or poll events as columns of equal length, oldest first."""

    at_ms: Ints
    profile: Ints
    guide: Ints
    step: Ints
    kind: Ints
    """Place in `GUIDE_EVENT_TYPES`."""
    response: Ints
    """Rating of a poll; 0 for guide events."""


@dataclass(frozen=True, slots=True)
class Late:
    """How much later than they happen events can be seen."""

    hours: float = 0
    """The longest delay; 0 is none at all."""
    share: float = LATE_SHARE
    """Of the events, so many are delayed."""


GUIDE_EVENT_TYPES = (
    "guideSeen",
    "guideAdvanced",
    "guideDismissed",
    "guideActivity",
    "guideTimeout",
    "guideSnoozed",
)


class Days:
    """Makes the raw events of any local day of the seed's own zone."""

    def __init__(self, seed: Seed, people: People, zone: str) -> None:
        self.seed = seed
        self.people = people
        self.zone = ZoneInfo(zone)
        rng = np.random.default_rng([seed.number, 2])
        visitors = len(people.account_of)
        self._order = rng.permutation(visitors)
        draws = rng.random((visitors, HABITS), dtype=np.float32)
        self._habits = (draws * draws * len(PAGES)).astype(np.int16)
        self._mobile_habits = (draws * len(MOBILE_PAGES)).astype(np.int16) + len(PAGES)
        self.first_day = zones.floor_ms("day", seed.now_ms, self.zone)
        self.first_day = zones.step_ms("day", self.first_day, 1 - seed.size.days, self.zone)

    def pages(self, day: date) -> RawEvents:
        """The page views of a day."""
        start, end = self._span(day)
        if start < self.first_day:
            return joined([])
        rng = self._rng(day, PAGE)
        visitor, profile, begun = self._sessions(rng, day, start, end)
        views = rng.geometric(0.24, len(visitor)).clip(max=24)
        owner = np.repeat(np.arange(len(visitor)), views)
        count = len(owner)
        mobile = self._is_mobile(rng, visitor)[owner]
        draw = rng.random(count, dtype=np.float32)
        habit = (draw * draw * HABITS).astype(np.int64)
        page = self._habits[visitor[owner], habit].astype(np.int64)
        page[mobile] = self._mobile_habits[visitor[owner[mobile]], habit[mobile]]
        gap = (rng.standard_exponential(count, dtype=np.float32) * 50_000).astype(np.int64) + 700
        at = begun[owner] + _running(gap, owner)
        extra = np.where(page % 4 == 2, (page + habit) % 4 + 1, 0)
        order = in_order(at, start)
        order = order[: np.searchsorted(at[order], end)]
        return RawEvents(at, profile[owner], page, extra).chosen(order)

    def features(self, day: date, pages: RawEvents) -> RawEvents:
        """The clicks of a day: some on each page that was viewed."""
        start, end = self._span(day)
        rng = self._rng(day, FEATURE)
        count = len(pages)
        at = pages.at_ms + rng.integers(900, 45_000, count)
        feature = pages.thing * 2 + (rng.random(count) < 0.35)
        clicked = (rng.random(count) < 0.55) & (at < end)
        made = RawEvents(at, pages.profile, feature, np.zeros(count, np.int64)).chosen(clicked)
        return made.chosen(in_order(made.at_ms, start))

    def tracks(self, day: date, pages: RawEvents) -> RawEvents:
        """The track events of a day."""
        start, end = self._span(day)
        rng = self._rng(day, TRACK)
        count = len(pages)
        at = pages.at_ms + rng.integers(100, 9_000, count)
        kind = (rng.random(count) ** 1.6 * len(TRACK_TYPES)).astype(np.int64)
        extra = rng.integers(1, 6, count)
        # Track events belong to the default app alone, as their types do.
        fired = (rng.random(count) < 0.12) & (at < end) & (pages.thing < len(PAGES))
        made = RawEvents(at, pages.profile, kind, extra).chosen(fired)
        return made.chosen(in_order(made.at_ms, start))

    def guides(self, day: date, pages: RawEvents) -> GuideEvents:
        """The guide events of a day: seen, then advanced, dismissed or left."""
        _start, end = self._span(day)
        rng = self._rng(day, 3)
        shown = np.flatnonzero(rng.random(len(pages)) < 0.05)
        public = np.array([i for i, g in enumerate(GUIDES) if g[1] == "public" and i != 8])
        mobile = pages.thing[shown] >= len(PAGES)
        guide = np.where(mobile, 8, public[rng.integers(0, len(public), len(shown))])
        follow = rng.choice([1, 1, 2, 3, 4, 5], len(shown))
        seen_at = pages.at_ms[shown] + rng.integers(300, 2_500, len(shown))
        then_at = seen_at + rng.integers(1_500, 40_000, len(shown))
        profile, zeros = pages.profile[shown], np.zeros(len(shown), np.int64)
        made = GuideEvents(
            np.concatenate([seen_at, then_at]),
            np.concatenate([profile, profile]),
            np.concatenate([guide, guide]),
            np.concatenate([zeros, zeros]),
            np.concatenate([zeros, follow]),
            np.concatenate([zeros, zeros]),
        )
        return _guides_in_order(made, made.at_ms < end)

    def polls(self, guides: GuideEvents) -> GuideEvents:
        """The poll answers of a day: some of those who saw the survey."""
        seen = (guides.guide == NPS_GUIDE) & (guides.kind == 1)
        rating = 10 - (guides.at_ms % 97) // 10
        made = GuideEvents(
            guides.at_ms, guides.profile, guides.guide, guides.step, guides.kind * 0, rating
        )
        return _guides_in_order(made, seen)

    def arrives_late_ms(self, events: RawEvents | GuideEvents, late: Late) -> Ints:
        """How long after it happened each event can be seen."""
        mixed = (events.at_ms * 2_654_435_761 + events.profile * 40_503) & 0xFFFF
        delayed = mixed < late.share * 0x10000
        return np.where(delayed, (mixed * 7919 % 1000 + 1) * int(late.hours * 3_600), 0)

    def _span(self, day: date) -> tuple[int, int]:
        start = zones.midnight_ms(day, self.zone)
        return start, zones.step_ms("day", start, 1, self.zone)

    def _rng(self, day: date, kind: int) -> np.random.Generator:
        return np.random.default_rng([self.seed.number, day.toordinal(), kind])

    def _is_mobile(self, rng: np.random.Generator, visitor: Ints) -> Flags:
        apps = self.people.apps_of[visitor]
        return np.asarray((apps == 2) | ((apps == 3) & (rng.random(len(visitor)) < 0.4)))

    def _sessions(
        self, rng: np.random.Generator, day: date, start: int, end: int
    ) -> tuple[Ints, Ints, Ints]:
        """Who comes that day, how, and when."""
        busy = WEEKDAYS[day.weekday()] * (0.94 + 0.12 * rng.random())
        wanted = round(self.seed.size.sessions_per_day * busy)
        visitor = np.empty(0, np.int64)
        people = self.people
        # Somebody who never came before or has gone does not come; draw until enough do.
        for _turn in range(12):
            draw = rng.random(wanted * 2)
            drawn = self._order[(draw**1.35 * len(self._order)).astype(np.int64)]
            last = people.last_ms[drawn]
            here = people.first_ms[drawn] < end
            here &= (last >= start) | (last > self.seed.now_ms - RETURNS_MS)
            visitor = np.concatenate([visitor, drawn[here]])[:wanted]
            if len(visitor) == wanted:
                break
        way = np.minimum((rng.random(len(visitor)) ** 2.2 * PROFILES).astype(np.int64), 2)
        return visitor, visitor * PROFILES + way, self._starts(rng, start, end, len(visitor))

    def _starts(self, rng: np.random.Generator, start: int, end: int, count: int) -> Ints:
        hours = np.arange(start, end, zones.HOUR_MS)
        walls = np.array([zones.local(int(hour), self.zone).hour for hour in hours])
        weights = np.array(HOURS, float)[walls]
        chosen = rng.choice(hours, count, p=weights / weights.sum())
        return np.asarray(np.minimum(chosen + rng.integers(0, zones.HOUR_MS, count), end - 1))


RETURNS_MS = 9 * 86_400_000
"""Whoever came in the last days before the seed's now may come again when the clock moves on."""
NPS_GUIDE = next(place for place, guide in enumerate(GUIDES) if guide[0] == "NPS survey")


def in_order(numbers: Ints, least: int) -> Ints:
    """Places that put numbers in order, equal ones as they come.

    The place rides along in the low bits, so that plain sorting, which is several times faster
    than sorting places, gives the order.
    """
    bits = max(len(numbers), 1).bit_length()
    packed = ((numbers - least) << bits) | np.arange(len(numbers))
    packed.sort()
    return np.asarray(packed & ((1 << bits) - 1))


def _running(gap: Ints, owner: Ints) -> Ints:
    """The sum of the gaps since each owner's first; ``owner`` is ascending."""
    total = np.cumsum(gap)
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    base = total[begins]
    return np.asarray(total - np.repeat(base, np.diff(np.append(begins, len(owner)))))


def _guides_in_order(events: GuideEvents, which: Flags) -> GuideEvents:
    places = np.flatnonzero(which)
    places = places[np.argsort(events.at_ms[places], kind="stable")]
    return GuideEvents(
        events.at_ms[places],
        events.profile[places],
        events.guide[places],
        events.step[places],
        events.kind[places],
        events.response[places],
    )
