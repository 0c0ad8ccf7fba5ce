"""Bucket rows and single events as Arrow tables, with the columns of section 2.5."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.standin import zones
from workbench.standin.aggregation.frame import Leaf, Prepared
from workbench.standin.aggregation.timeseries import Span
from workbench.standin.events.buckets import BucketRows, bucket_rows
from workbench.standin.events.profiles import Needed, member_pieces, picked
from workbench.standin.events.raw import (
    FEATURE,
    GUIDE_EVENT_TYPES,
    PAGE,
    TRACK,
    Flags,
    Ints,
    Late,
    RawEvents,
    joined,
)
from workbench.standin.events.store import EventStore
from workbench.standin.seeds.catalogue import Catalogue
from workbench.standin.seeds.sizes import APPS
from workbench.standin.seeds.words import PROPERTIES, URL_PARAMETERS

THING_FIELDS = {PAGE: "pageId", FEATURE: "featureId", TRACK: "trackTypeId"}
"""What a bucket row calls its thing."""
ALL_KINDS = (PAGE, FEATURE, TRACK)
_FAR_MS = 1 << 50
"""Later than every event."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for."""

    kinds: tuple[int, ...]
    span: Span
    apps: frozenset[int]
    """Places of the apps in `APPS`."""
    thing: str | None = None
    """Id of the one page, feature or track type asked for."""
    excluded: frozenset[int] = frozenset()
    blacklist: str = "apply"


class EventRows:
    """Makes tables of events out of the store."""

    def __init__(self, store: EventStore, catalogue: Catalogue, zone: ZoneInfo, late: Late) -> None:
        self._late = late
        self._store = store
        self._zone = zone
        self._things = {
            PAGE: _Things(catalogue.pages),
            FEATURE: _Things(catalogue.features),
            TRACK: _Things(catalogue.track_types),
        }
        self._guides = catalogue.guides

    def buckets(self, wanted: Wanted, needed: Needed = None) -> Iterator[pa.Table]:
        """Bucket rows, a table for each local day or longer period."""
        for starts, end in self._chunks(wanted.span):
            table = self._bucket_table(wanted, starts, end, needed)
            if table.num_rows:
                yield table

    def template(self, wanted: Wanted) -> pa.Table:
        """The columns of bucket rows, without rows."""
        return self._bucket_table(wanted, [0], 0)

    def singles(self, wanted: Wanted, host_field: str) -> Iterator[pa.Table]:
        """One row per raw event."""
        for starts, end in self._chunks(wanted.span):
            raw, things = self._raw_of_all(wanted, starts[0], end)
            if len(raw):
                yield self._single_table(raw, things, host_field)

    def guides(self, wanted: Wanted, *, polls: bool, poll_type: str) -> Iterator[pa.Table]:
        """One row per guide event or poll answer."""
        for starts, end in self._chunks(wanted.span):
            for events in self._store.guides(starts[0], end, self._late, polls=polls):
                app = np.array([APPS.index(guide["appId"]) for guide in self._guides])[events.guide]
                keep = np.isin(app, list(wanted.apps)) & self._allowed(events.profile, wanted)
                places = np.flatnonzero(keep)
                if len(places):
                    yield self._guide_table(events, app, places, polls=polls, poll_type=poll_type)

    def _chunks(self, span: Span) -> Iterator[tuple[list[int], int]]:
        """Bucket starts in handfuls that end where a local day, week or month ends."""
        least = self._store.first_ms
        if span.period is None:
            yield [max(span.start_ms, least)], min(span.end_ms, _FAR_MS)
            return
        starts = span.starts(least, self._store.last_ms(), self._zone)
        held: list[int] = []
        day = 0
        for start in starts:
            begins = zones.floor_ms("day", start, self._zone)
            if held and (span.period != "hour" or begins != day):
                yield held, start
                held = []
            day = begins
            held.append(start)
        if held:
            yield held, zones.step_ms(span.period, held[-1], 1, self._zone)

    def _bucket_table(
        self, wanted: Wanted, starts: list[int], end: int, needed: Needed = None
    ) -> pa.Table:
        if len(wanted.kinds) > 1:
            raw, _things = self._raw_of_all(wanted, starts[0], end)
            raw = RawEvents(raw.at_ms, raw.profile, raw.thing & 1, raw.extra * 0)
        else:
            raw = self._raw(wanted, wanted.kinds[0], starts[0], end)
        rows = bucket_rows(raw, np.array(starts, np.int64))
        kind = wanted.kinds[0] if len(wanted.kinds) == 1 else None
        app = rows.thing if kind is None else self._things[kind].app[rows.thing]
        columns = {
            "firstTime": rows.first_ms,
            "lastTime": rows.last_ms,
            "numEvents": rows.events,
            "numMinutes": rows.minutes,
            "appId": np.array(APPS)[app],
            **self._store.profiles.columns(rows.profile, app, needed),
            **self._period_columns(wanted.span, np.array(starts), rows.bucket),
        }
        for name in ("latitude", "longitude"):
            columns.pop(name, None)
        if kind is None:
            columns["pageId"] = picked(_ALL_EVENTS, app * 0)
            columns["_thing"] = picked(member_pieces("pageId", _ALL_EVENTS), app * 0)
        else:
            columns |= self._thing_columns(kind, rows)
        return pa.table(columns)

    def _thing_columns(self, kind: int, rows: BucketRows) -> dict[str, pa.Array]:
        things, field = self._things[kind], THING_FIELDS[kind]
        extra, texts = _EXTRAS[kind]
        pieces = pa.array(
            [
                f'{piece},"{extra}":{text}' if text else piece
                for piece in member_pieces(field, things.ids).to_pylist()
                for text in texts.to_pylist()
            ],
            pa.string(),
        )
        columns = {
            field: picked(things.ids, rows.thing),
            "_thing": picked(pieces, rows.thing * len(texts) + rows.extra),
        }
        if len(texts) > 1:
            columns[extra] = picked(texts, rows.extra)
        return columns

    def _period_columns(self, span: Span, starts: Ints, bucket: Ints) -> dict[str, Any]:
        if span.period is None:
            return {}
        named: dict[str, list[int]] = {span.period: starts.tolist()}
        for name in ("week", "month", "quarter"):
            if name not in named and span.period in ("day", "hour"):
                named[name] = [self._start_of(name, start) for start in starts.tolist()]
        pieces = [
            ",".join(f'"{name}":{moments[place]}' for name, moments in named.items())
            for place in range(len(starts))
        ]
        columns = {name: np.array(moments, np.int64)[bucket] for name, moments in named.items()}
        return columns | {"_period": picked(pa.array(pieces, pa.string()), bucket)}

    def _start_of(self, name: str, moment_ms: int) -> int:
        if name == "week":
            return zones.floor_ms("week", moment_ms, self._zone)
        month = zones.floor_ms("month", moment_ms, self._zone)
        if name == "month":
            return month
        clock = zones.local(month, self._zone)
        return zones.step_ms("month", month, -((clock.month - 1) % 3), self._zone)

    def _raw(self, wanted: Wanted, kind: int, start: int, end: int) -> RawEvents:
        raw = self._store.raw(kind, start, end, self._late)
        things = self._things[kind]
        keep = np.isin(things.app, list(wanted.apps))[raw.thing]
        if wanted.thing is not None:
            keep &= raw.thing == things.place_of(wanted.thing)
        keep &= self._allowed(raw.profile, wanted)
        return raw if keep.all() else raw.chosen(keep)

    def _raw_of_all(self, wanted: Wanted, start: int, end: int) -> tuple[RawEvents, Ints]:
        """Every kind by time; the thing becomes ``kind * 2 + app``, itself given beside."""
        parts, things = [], []
        for kind in wanted.kinds:
            raw = self._raw(wanted, kind, start, end)
            app = self._things[kind].app[raw.thing]
            parts.append(RawEvents(raw.at_ms, raw.profile, kind * 2 + app, raw.extra))
            things.append(raw.thing)
        every = joined(parts)
        order = np.argsort(every.at_ms, kind="stable")
        return every.chosen(order), np.concatenate(things)[order]

    def _allowed(self, profile: Ints, wanted: Wanted) -> Flags:
        if wanted.blacklist == "ignore" or not len(profile):
            return np.ones(len(profile), bool)
        place = self._store.profiles.visitor_place(profile)
        inside = np.isin(place, list(wanted.excluded))
        return inside if wanted.blacklist == "only" else ~inside

    def _single_table(self, raw: RawEvents, things: Ints, host_field: str) -> pa.Table:
        kind, app = raw.thing // 2, raw.thing % 2
        columns = self._store.profiles.columns(raw.profile, app)
        columns[host_field] = columns.pop("server")
        number = [pc.cast(pa.array(part), pa.string()) for part in (raw.at_ms, raw.profile)]
        paths = [f"/{self._things[PAGE].slugs[t % 28]}" for t in range(28)]
        columns |= {
            "appId": np.array(APPS)[app],
            "browserTime": raw.at_ms,
            "type": pa.array(["load", "click", "track"]).take(pa.array(kind)),
            "url": pa.array([f"https://app.example.com{p}" for p in paths]).take(
                pa.array(things % 28)
            ),
            "elementPath": pa.array(["", "#main > button", ""]).take(pa.array(kind)),
            "eventId": pc.binary_join_element_wise(*number, "-"),
            "tabId": pc.binary_join_element_wise("tab", number[1], "-"),
            "properties": pa.array([None, *PROPERTIES]).take(
                pa.array(np.where(kind == TRACK, raw.extra, 0))
            ),
            "recordingSessionId": pa.repeat("", len(raw)),
        }
        return pa.table(columns)

    def _guide_table(
        self, events: object, app: Ints, places: Ints, *, polls: bool, poll_type: str
    ) -> pa.Table:
        at, profile, guide, kind, rating = (
            getattr(events, name)[places]
            for name in ("at_ms", "profile", "guide", "kind", "response")
        )
        app = app[places]
        columns = self._store.profiles.columns(profile, app)
        columns["serverName"] = columns.pop("server")
        numbers = [pc.cast(pa.array(part), pa.string()) for part in (at, profile, kind)]
        account = columns["accountId"]
        columns |= {
            "type": pa.array(GUIDE_EVENT_TYPES).take(pa.array(kind)),
            "accountIds": _lists(account),
            "appId": np.array(APPS)[app],
            "guideId": pa.array([g["id"] for g in self._guides]).take(pa.array(guide)),
            "guideStepId": pa.array([g["steps"][0]["id"] for g in self._guides]).take(
                pa.array(guide)
            ),
            "guideTimestamp": at,
            "browserTime": at,
            "receivedTime": at + 377,
            "guideSeenReason": pa.array(["auto", "badge", "launcher", "dom"]).take(
                pa.array(guide % 4)
            ),
            "url": pa.repeat("https://app.example.com/home", len(at)),
            "title": pa.repeat("Home", len(at)),
            "language": pa.repeat("en-US", len(at)),
            "loadTime": np.zeros(len(at), np.int64),
            "elementPath": pa.repeat("", len(at)),
            "eventId": pc.binary_join_element_wise(*numbers, "-"),
        }
        if polls:
            columns |= self._poll_columns(guide, rating, at, poll_type)
            del columns["guideSeenReason"]
        return pa.table(columns)

    def _poll_columns(
        self, guide: Ints, rating: Ints, at: Ints, poll_type: str
    ) -> dict[str, object]:
        polls = [g["polls"] for g in self._guides]
        # Every third answer is the text that follows the rating.
        worded = at % 3 == 0
        ids = [[p[turn]["id"] if p else None for p in polls] for turn in range(2)]
        words = pa.array(['"Fast and clear"', '"Too many clicks"', '"Needs \\"dark\\" mode"'])
        return {
            "type": pa.repeat(poll_type, len(at)),
            "pollId": pc.if_else(
                pa.array(worded),
                pa.array(ids[1], pa.string()).take(pa.array(guide)),
                pa.array(ids[0], pa.string()).take(pa.array(guide)),
            ),
            "pollType": pa.array(["NPSRating", "NPSReason"]).take(pa.array(worded.astype(int))),
            "pollResponse": pc.if_else(
                pa.array(worded),
                words.take(pa.array(at % 7 % 3)),
                pc.cast(pa.array(rating), pa.string()),
            ),
        }


class _Things:
    """Ids and apps of the pages, features or track types, by place."""

    def __init__(self, things: list[dict[str, object]]) -> None:
        self.ids = pa.array([str(thing["id"]) for thing in things], pa.string())
        self.app = np.array([APPS.index(int(str(thing["appId"]))) for thing in things])
        self.slugs = [str(thing["name"]).lower().replace(" ", "-") for thing in things]
        self._places = {str(thing["id"]): place for place, thing in enumerate(things)}

    def place_of(self, identity: str) -> int:
        return self._places.get(identity, -1)


def _lists(texts: pa.Array) -> pa.Array:
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    listed = pc.binary_join_element_wise('["', escaped, '"]', "")
    return pc.if_else(pc.equal(texts, ""), pa.scalar("[]"), listed)


_ALL_EVENTS = pa.array(["allevents"], pa.string())
_EXTRAS: dict[int, tuple[str, pa.Array]] = {
    PAGE: ("parameters", pa.array([None, *URL_PARAMETERS], pa.string())),
    FEATURE: ("properties", pa.array([None], pa.string())),
    TRACK: ("properties", pa.array([None, *PROPERTIES], pa.string())),
}
_JSON = frozenset(("parameters", "properties", "accountIds", "pollResponse"))
_ESCAPED = frozenset(("visitorId", "accountId", "url", "title", "serverName"))


def prepared(names: list[str]) -> Prepared | None:
    """How to write bucket rows out of their pieces; None for rows of another sort."""
    if "_thing" not in names:
        return None
    numbers = ("firstTime", "lastTime", "numEvents", "numMinutes")
    every = ("_account", "_agent", "_period", "_place", "_thing")
    pieces = [name for name in every if name in names]
    parts = ["'{'", *[part for piece in pieces for part in (piece, "','")]]
    for name in numbers:
        parts += [f"'\"{name}\":'", f'"{name}"', "','"]
    parts += ['\'"remoteIp":"\'', '"remoteIp"', "'\",'", "_visitor", "'}'"]
    columns = (*pieces, *(f'"{name}"' for name in numbers), '"remoteIp"', "_visitor")
    return Prepared(columns, f"concat({', '.join(parts)})")


def leaf_of(name: str, type_: pa.DataType) -> Leaf:
    """How a column of these tables is written."""
    column = f'"{name}"'
    if name in _JSON:
        return Leaf(column, "json", nullable=name in ("parameters", "properties"))
    if pa.types.is_integer(type_):
        return Leaf(column, "int", nullable=False)
    if pa.types.is_floating(type_):
        return Leaf(column, "float", nullable=False)
    return Leaf(column, "text", clean=name not in _ESCAPED, nullable=False)
