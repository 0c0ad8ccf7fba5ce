"""Decide what a pull asks for: slices, each one request. Pure: the same inputs, the same plan."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, cast

from workbench.errors import OverrunError
from workbench.pendo import queries
from workbench.pendo.model import Apps, PendoConnection
from workbench.pulls.model import Pull
from workbench.pulls.sources import SOURCES, Source
from workbench.pulls.window import HOUR, Window, day_start, hours_of, resolve, today_in

Endpoint = Literal["aggregation", "report_list", "report_results", "guide_history", "segments"]
"""Which of Pendo's answers a slice is."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one request asks for: a day, some hours of it, a page of ids, or everything."""

    key: str
    """Names the slice in order of asking, and its files."""
    day: date | None = None
    first: datetime | None = None
    """Start in UTC, where the slice is a span of time."""
    hours: int = 0
    """How many hours from ``first`` on; 0 where the slice is no span."""
    whole_day: bool = False
    page: int = 0
    """Which page of ids, counted from 1; 0 where the slice is no page."""
    after: str | None = None
    """The last id of the page before."""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pull will ask Pendo for. Made by ``plan_pull``; fetched, unchanged, by ``fetch``."""

    pull: Pull
    endpoint: Endpoint
    apps: Apps
    zone: str
    window: Window | None
    slices: tuple[Slice, ...]
    """Known beforehand; pages of ids follow from the page before."""
    asked: Window | None = None
    """The window as the analyst said it, before the days that are re-read."""
    warnings: tuple[str, ...] = ()
    address: str = ""
    """Which subscription, so that two of them never share what was fetched."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """A custom request, in the envelope Pendo accepts."""
    rewritten: bool = False
    """Whether the custom request had to be put into the envelope."""

    @property
    def source(self) -> Source | None:
        """The catalogue's entry for a row aggregation."""
        return SOURCES[self.pull.source] if self.pull.source else None

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that differ when what is asked for, or how it is kept, differs."""
        asked = {
            "address": self.address,
            "endpoint": self.endpoint,
            "requests": [self.request(each) for each in self.slices],
            "ids": [self.pull.report_id, self.pull.guide],
            "kept": [self.pull.metadata, self.pull.use_report_schema, self.pull.dataset_name],
            "update": repr(self.pull.update_method),
        }
        text = json.dumps(asked, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def request(self, piece: Slice) -> dict[str, Any] | None:
        """The aggregation request of one slice; None where Pendo is asked over REST."""
        if self.endpoint != "aggregation":
            return None
        if self.given:
            return dict(self.given)
        return queries.envelope(self.pipeline(piece), name=self.pull.name)

    def pipeline(self, piece: Slice) -> queries.Pipeline:
        """The stages of one slice's request."""
        source = self.source
        assert source is not None
        if source.is_events:
            assert piece.first is not None
            by_hour = self.pull.period == "hour" or not piece.whole_day
            return queries.event_pipeline(
                source.wire,
                piece.first,
                piece.hours if by_hour else 1,
                "hourRange" if by_hour else "dayRange",
                self.apps,
            )
        if source.paged:
            return queries.page_pipeline(
                cast(queries.EntitySource, source.wire),
                self.apps,
                identified=not self.pull.anonymous,
                after=piece.after,
                limit=piece.limit,
                filters=self._filters(),
            )
        span = (self.window.starts_at, self.window.ends_at) if self.window else None
        return queries.catalogue_pipeline(
            cast(queries.CatalogueSource, source.wire), self.apps, span
        )

    def counting(self) -> dict[str, Any] | None:
        """A request for the number of rows alone; None where Pendo cannot say beforehand."""
        source = self.source
        if source is None or self.endpoint != "aggregation" or self.given:
            return None
        if source.is_events:
            if self.window is None or len(self.window.days) > queries.LONGEST_EVENT_SPAN:
                return None
            days = len(self.window.days)
            by_hour = self.pull.period == "hour"
            stages = queries.event_pipeline(
                source.wire,
                self.window.starts_at,
                round((self.window.ends_at - self.window.starts_at) / HOUR) if by_hour else days,
                "hourRange" if by_hour else "dayRange",
                self.apps,
            )
        else:
            stages = [each for each in self.pipeline(self.slices[0]) if "limit" not in each]
            stages = [each for each in stages if "sort" not in each]
        return queries.envelope(queries.count_of(stages), name=f"{self.pull.name} count")

    def sample(self, rows: int) -> dict[str, Any] | None:
        """The first slice's request, cut to its first rows; None over REST."""
        if self.endpoint != "aggregation" or not self.slices:
            return None
        if self.given:
            stages = [*self.given["request"]["pipeline"], {"limit": rows}]
            request = {**self.given["request"], "pipeline": stages}
            return {**self.given, "request": request}
        # The newest day tells most about what is there now.
        stages = [each for each in self.pipeline(self.slices[-1]) if "limit" not in each]
        return queries.envelope([*stages, {"limit": rows}], name=f"{self.pull.name} preview")

    def _filters(self) -> tuple[str, ...]:
        if self.window is None:
            return ()
        dated = f"metadata.auto.{self.pull.date_field}"
        return (queries.metadata_window(dated, self.window.starts_at, self.window.ends_at),)


def plan_pull(pull: Pull, connection: PendoConnection, now: datetime) -> Plan:
    """The slices a pull asks for when it starts at ``now``.

    Raises:
        InputError: the window is impossible, or the custom request is not one.
    """
    zone = connection.timezone
    apps = connection.apps if pull.apps is None else pull.apps
    plan = Plan(pull, _endpoint(pull), apps, zone, None, (), address=connection.url)
    if pull.source == "custom":
        request, rewritten = queries.rewrite_custom(pull.request)
        return replace(plan, slices=(Slice("whole"),), given=request, rewritten=rewritten)
    if pull.guide is not None:
        queries.guide_id(pull.guide)
    if pull.duration is None:
        return replace(plan, slices=(_first(pull),))
    today = today_in(zone, now)
    asked = resolve(pull.duration, today=today, zone=zone, include_today=pull.include_today)
    lookback, warnings = _lookback(pull)
    window = asked.reaching_back(lookback)
    slices: tuple[Slice, ...] = (_first(pull),)
    if SOURCES[cast(str, pull.source)].is_events:
        slices = tuple(_day(day, zone) for day in window.days)
    if window.last >= today:
        warnings = (*warnings, f"{today} is not over: its rows will still grow")
    return replace(plan, window=window, asked=asked, slices=slices, warnings=warnings)


def halves(piece: Slice) -> tuple[Slice, Slice]:
    """A span of hours, cut in two.

    Raises:
        OverrunError: an hour cannot be cut.
    """
    if piece.hours < 2 or piece.first is None:
        raise OverrunError(
            f"One request is more than Pendo answers, and {_span(piece)} cannot be asked in parts",
            hint="Choose fewer applications, or ask with a custom request that sums up.",
        )
    early = piece.hours // 2
    late = piece.first + early * HOUR
    return (
        replace(piece, key=f"{piece.key}a", hours=early, whole_day=False),
        replace(piece, key=f"{piece.key}b", first=late, hours=piece.hours - early, whole_day=False),
    )


def next_page(piece: Slice, last_id: str) -> Slice:
    """The page of ids after one that ended with ``last_id``."""
    return replace(piece, key=f"page-{piece.page + 1:06}", page=piece.page + 1, after=last_id)


def smaller_page(piece: Slice) -> Slice:
    """The same page asked for with half as many ids.

    Raises:
        OverrunError: a single id is already too much.
    """
    if piece.limit < 2:
        raise OverrunError(
            "A single record is more than Pendo answers in one request",
            hint="Ask with a custom request that selects fewer fields.",
        )
    return replace(piece, limit=piece.limit // 2)


def _span(piece: Slice) -> str:
    return f"the hour from {piece.first:%Y-%m-%d %H:%M} UTC" if piece.first else "it"


def _endpoint(pull: Pull) -> Endpoint:
    if pull.source == "segments":
        return "segments"
    endpoints: dict[str, Endpoint] = {
        "row_aggregation": "aggregation",
        "report_contents": "report_results",
        "public_reports": "report_list",
        "guide_history": "guide_history",
    }
    return endpoints[pull.report]


def _first(pull: Pull) -> Slice:
    if pull.source and SOURCES[pull.source].paged:
        return Slice("page-000001", page=1, limit=pull.page_size)
    return Slice("whole")


def _day(day: date, zone: str) -> Slice:
    return Slice(
        day.isoformat(),
        day=day,
        first=day_start(day, zone),
        hours=hours_of(day, zone),
        whole_day=True,
    )


def _lookback(pull: Pull) -> tuple[int, tuple[str, ...]]:
    """How many earlier days are re-read, and what to say where the setting has no effect."""
    duration = pull.duration
    assert duration is not None
    if not pull.lookback_days:
        return 0, ()
    method = pull.update_method.method
    if duration.starts_relative and method in ("merge", "partition"):
        return pull.lookback_days, ()
    if "lookback_days" not in pull.model_fields_set:
        return 0, ()
    why = "the first day is fixed" if not duration.starts_relative else f"the method is {method}"
    return 0, (f"lookback_days has no effect here: {why}",)


def span_ms(day: date, zone: str) -> tuple[int, int]:
    """A day on the wire: its first moment and the next day's, in epoch milliseconds."""
    return (
        queries.epoch_ms(day_start(day, zone)),
        queries.epoch_ms(day_start(day + timedelta(days=1), zone)),
    )
