"""Where rows come from: the sources of section 2.4 and their parameters."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from workbench.standin.aggregation.frame import Frame, Leaf
from workbench.standin.aggregation.timeseries import Span, TimeSeriesError, span_of
from workbench.standin.events.profiles import Needed
from workbench.standin.events.raw import FEATURE, PAGE, TRACK, Late
from workbench.standin.events.rows import ALL_KINDS, EventRows, Wanted, leaf_of, prepared
from workbench.standin.expressions import ParseError, Setting, evaluate
from workbench.standin.metadata.schema import Kind
from workbench.standin.replies import RefusedError
from workbench.standin.seeds.sizes import APPS, DEFAULT_APP
from workbench.standin.subscription import Subscription

Rows = list[dict[str, Any]]
Tables = Callable[[Needed], Iterator[pa.Table]]
NEWER = frozenset(("recordingMetadata", "agenticEvents", "pes"))
"""Sources of products this subscription has not bought: known, and empty."""
_EVER_MS = 1 << 50
_PLATFORMS = ("web", "ios")


@dataclass(frozen=True, slots=True)
class Asked:
    """One source stage."""

    name: str
    params: Mapping[str, Any]
    series: Any
    """The time series as sent; None when there was none."""


def asked(stage: Any) -> Asked:
    """The source named in a source stage.

    Raises:
        RefusedError: 422, it is no object with one source in it.
    """
    if not isinstance(stage, Mapping):
        raise RefusedError(422, "source must be an object")
    names = [name for name in stage if name != "timeSeries"]
    if len(names) != 1:
        raise RefusedError(422, "source must name exactly one source")
    params = stage[names[0]]
    if names[0] == "const":
        return Asked("const", {"rows": params}, None)
    if params is not None and not isinstance(params, Mapping):
        raise RefusedError(422, f"the parameters of {names[0]} must be an object or null")
    return Asked(names[0], params or {}, stage.get("timeSeries"))


class Sources:
    """The sources of one subscription during one request."""

    def __init__(
        self, subscription: Subscription, setting: Setting, late: Late | None = None
    ) -> None:
        self._sub = subscription
        self._late = late or subscription.lateness()
        self._setting = setting
        self._switches = subscription.switches
        self._rows = EventRows(
            subscription.events, subscription.catalogue, setting.zone, self._late
        )
        self._span: Span | None = None

    def within(self, span: Span) -> "Sources":
        """The same sources, confined to one period of an iterative series."""
        confined = Sources(self._sub, self._setting, self._late)
        confined._span = span
        return confined

    def span(self, series: Any) -> Span:
        """The buckets a time series asks for.

        Raises:
            RefusedError: 422, it makes no sense.
        """
        try:
            on = self._switches.is_at("last_included", "on")
            return span_of(series, self._setting, last_included=on)
        except TimeSeriesError as error:
            raise RefusedError(422, str(error)) from error

    def open(self, source: Asked) -> Frame | Rows:
        """The rows of a source.

        Raises:
            RefusedError: unknown source, or parameters that make no sense.
        """
        makers = self._makers()
        if source.name in NEWER:
            return []
        if source.name not in makers:
            status = self._switches.status("unknown_stage_status")
            raise RefusedError(status, f"unknown source {source.name}")
        return makers[source.name](source)

    def _makers(self) -> dict[str, Callable[[Asked], Frame | Rows]]:
        catalogue = self._sub.catalogue
        return {
            "visitors": lambda a: self._people(a, "visitor", "apply"),
            "accounts": lambda a: self._people(a, "account", "apply"),
            "doNotProcessVisitors": lambda a: self._people(a, "visitor", "only"),
            "doNotProcessAccounts": lambda a: self._people(a, "account", "only"),
            "pages": lambda a: self._things(a, catalogue.pages),
            "features": lambda a: self._things(a, catalogue.features),
            "trackTypes": lambda a: self._things(a, catalogue.track_types),
            "guides": lambda a: self._things(a, catalogue.guides),
            "groups": lambda a: list(catalogue.groups),
            "apps": lambda a: list(catalogue.apps),
            "const": lambda a: self._constant(a),
            "events": lambda a: self._buckets(a, ALL_KINDS, None),
            "pageEvents": lambda a: self._buckets(a, (PAGE,), "pageId"),
            "featureEvents": lambda a: self._buckets(a, (FEATURE,), "featureId"),
            "trackEvents": lambda a: self._buckets(a, (TRACK,), "trackTypeId"),
            "singleEvents": self._singles,
            "rawEvents": self._singles,
            "guideEvents": lambda a: self._guides(a, polls=False),
            "pollEvents": lambda a: self._guides(a, polls=True),
            "emailEvents": self._emails,
            "guidesSeen": self._guides_seen,
            "guidesSeenEver": self._guides_seen,
            "pollsSeen": self._polls_seen,
            "pollsSeenEver": self._polls_seen,
            "timespan": self._timespan,
        }

    # People and things

    def _people(self, source: Asked, kind: Kind, blacklist: str) -> Frame:
        key = self._switches.text("per_app_key")
        frame = self._sub.entities.frame(kind, per_app_key=key)
        mask = sum(1 << place for place in self._apps(source.params))
        frame = frame.filtered(f"(_apps & {mask}) <> 0")
        blocked = 'coalesce("pendo.donotprocess", FALSE)'
        if blacklist == "apply":
            blacklist = str(source.params.get("blacklist", "apply"))
        if blacklist != "ignore":
            frame = frame.filtered(blocked if blacklist == "only" else f"NOT {blocked}")
        if source.params.get("identified"):
            frame = frame.filtered("id <> '' AND NOT starts_with(id, '_PENDO_T_')")
        return self._windowed(frame, source)

    def _windowed(self, frame: Frame, source: Asked) -> Frame:
        """The effects nobody is sure of: a window on visitors (U21), a nested series (U20)."""
        visited = '"auto.lastvisit"'
        if self._switches.is_at("visitors_window", "lastvisit"):
            for name, sign in (("startTime", ">="), ("endTime", "<=")):
                if isinstance(source.params.get(name), int | float):
                    frame = frame.filtered(f"{visited} {sign} {int(source.params[name])}")
        nested = source.params.get("timeSeries")
        if nested is not None and self._switches.is_at("nested_timeseries", "reject"):
            raise RefusedError(422, "timeSeries is not a parameter of this source")
        if nested is not None and self._switches.is_at("nested_timeseries", "apply"):
            span = self.span(nested)
            frame = frame.filtered(f"{visited} >= {span.start_ms} AND {visited} < {span.end_ms}")
        return frame

    def _things(self, source: Asked, things: Rows) -> Rows:
        apps = {APPS[place] for place in self._apps(source.params)}
        return [thing for thing in things if thing["appId"] in apps]

    def _constant(self, source: Asked) -> Rows:
        rows = source.params["rows"]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise RefusedError(422, "const takes an array of objects")
        return rows

    def _apps(self, params: Mapping[str, Any]) -> frozenset[int]:
        """Places of the apps asked for; the default app unless told otherwise."""
        given = params.get("appId", DEFAULT_APP)
        if isinstance(given, str):
            try:
                given = evaluate(given, self._setting)
            except ParseError as error:
                raise RefusedError(422, f"appId {given} is not understood") from error
        given = given if isinstance(given, list) else [given]
        wanted = {str(int(app)) if isinstance(app, float) else str(app) for app in given}
        return frozenset(place for place, app in enumerate(APPS) if str(app) in wanted)

    # Events

    def _wanted(self, source: Asked, kinds: tuple[int, ...], thing: str | None) -> Wanted:
        params = source.params
        apps = self._apps(params)
        classes = params.get("eventClass")
        if isinstance(classes, list) and self._switches.is_at("event_class", "filter"):
            apps &= {place for place, name in enumerate(_PLATFORMS) if name in classes}
        chosen = params.get(thing) if thing else None
        return Wanted(
            kinds=kinds,
            span=self._span_of(source),
            apps=apps,
            thing=None if chosen is None else str(chosen),
            excluded=self._sub.entities.excluded("visitor"),
            blacklist=str(params.get("blacklist", "apply")),
        )

    def _span_of(self, source: Asked) -> Span:
        if self._span is not None:
            return self._span
        if source.series is None:
            if self._switches.is_at("timeseries_required", "on"):
                raise RefusedError(422, f"{source.name} needs a timeSeries")
            return Span(None, 0, _EVER_MS)
        span = self.span(source.series)
        if span.is_iterative:
            raise RefusedError(422, "iterative periods are not supported")
        return span

    def _buckets(self, source: Asked, kinds: tuple[int, ...], thing: str | None) -> Frame:
        wanted = self._wanted(source, kinds, thing)
        empty = self._rows.template(wanted)
        return _frame(empty, lambda needed: self._rows.buckets(wanted, needed))

    def _singles(self, source: Asked) -> Frame | Rows:
        wanted = self._wanted(source, ALL_KINDS, None)
        host = self._switches.text("single_host_field")
        return _stream(lambda: self._rows.singles(wanted, host))

    def _guides(self, source: Asked, *, polls: bool) -> Frame | Rows:
        wanted = self._wanted(source, (PAGE,), None)
        kind = self._switches.text("poll_event_type")
        frame = _stream(lambda: self._rows.guides(wanted, polls=polls, poll_type=kind))
        for name in ("guideId", "guideStepId", "pollId"):
            value = source.params.get(name)
            if value is not None and isinstance(frame, Frame) and name in frame.tree:
                frame = frame.filtered(f'"{name}" = {_text(str(value))}')
        return frame

    def _emails(self, source: Asked) -> Frame | Rows:
        if self._switches.is_at("email_events", "empty"):
            self._span_of(source)
            return []
        frame = self._guides(source, polls=False)
        return frame.filtered("type = 'guideSeen'") if isinstance(frame, Frame) else frame

    # Last states

    def _ever(self, source: Asked) -> Asked:
        ever = source.name.endswith("Ever")
        return Asked(source.name, source.params, None if ever else source.series)

    def _guides_seen(self, source: Asked) -> Frame | Rows:
        frame = self._guides(self._ever(source), polls=False)
        if not isinstance(frame, Frame):
            return frame
        at = "coalesce(max(guideTimestamp) FILTER (type = '{}'), 0) AS {}"
        select = ", ".join(
            [
                "visitorId, guideId, guideStepId",
                "min(guideTimestamp) AS first_seen, max(guideTimestamp) AS last_seen",
                at.format("guideAdvanced", "advanced"),
                at.format("guideDismissed", "dismissed"),
                at.format("guideTimeout", "timeout"),
                "count(*) FILTER (type = 'guideSeen') AS seen",
                "arg_max(type, guideTimestamp) AS state",
            ]
        )
        tree = {
            "firstSeenAt": Leaf("first_seen", "int"),
            "guideId": Leaf("guideId", "text"),
            "guideStepId": Leaf("guideStepId", "text"),
            "lastAdvancedAutoAt": Leaf("advanced", "int"),
            "lastDismissedAutoAt": Leaf("dismissed", "int"),
            "lastSeenAt": Leaf("last_seen", "int"),
            "lastState": Leaf("regexp_replace(state, '^guide', '')", "text"),
            "lastTimeoutAt": Leaf("timeout", "int"),
            "seenCount": Leaf("seen", "int"),
            "visitorId": Leaf("visitorId", "text"),
        }
        return frame.reduced(select, tree, " GROUP BY ALL ORDER BY 1, 2, 3")

    def _polls_seen(self, source: Asked) -> Frame | Rows:
        frame = self._guides(self._ever(source), polls=True)
        if not isinstance(frame, Frame):
            return frame
        ever = source.name.endswith("Ever")
        select = (
            "visitorId, guideId, pollId, any_value(accountId) AS accountId,"
            " max(browserTime) AS answered, arg_max(pollResponse, browserTime) AS response"
        )
        tree: dict[str, Leaf] = {
            "guideId": Leaf("guideId", "text"),
            "pollId": Leaf("pollId", "text"),
            "response" if ever else "pollResponse": Leaf("response", "json"),
            "time": Leaf("answered", "int"),
            "visitorId": Leaf("visitorId", "text"),
        }
        if ever:
            tree["accountId"] = Leaf("accountId", "text")
        return frame.reduced(select, tree, " GROUP BY visitorId, guideId, pollId ORDER BY 1, 2, 3")

    def _timespan(self, source: Asked) -> Frame | Rows:
        kind = source.params.get("kind", "visitor")
        if kind not in ("visitor", "account"):
            raise RefusedError(422, "the kind of a timespan is visitor or account")
        frame = self._buckets(source, ALL_KINDS, None)
        by = '"visitorId", "accountId"' if kind == "visitor" else '"accountId"'
        zone = _text(self._setting.zone.key)
        day = f'(make_timestamptz("firstTime" * 1000) AT TIME ZONE {zone})::DATE'
        if "day" in frame.tree:
            day = '"day"'
        select = (
            f'{by}, "appId", count(DISTINCT {day}) AS active_days,'
            ' min("firstTime") AS first_at, max("lastTime") AS last_at'
        )
        tree: dict[str, Leaf] = {
            "accountId": Leaf('"accountId"', "text"),
            "activeDays": Leaf("active_days", "int"),
            "appId": Leaf('"appId"', "int"),
            "firstTime": Leaf("first_at", "int"),
            "lastTime": Leaf("last_at", "int"),
        }
        if kind == "visitor":
            tree["visitorId"] = Leaf('"visitorId"', "text")
        return frame.reduced(select, tree, f' GROUP BY {by}, "appId" ORDER BY ALL')


def _frame(template: pa.Table, tables: Tables) -> Frame:
    """A frame over tables that are made while they are read."""
    every = template.schema

    def reader(sql: str) -> pa.RecordBatchReader:
        # Columns the statement does not name are not even made.
        names = [name for name in every.names if name in sql] or every.names[:1]
        schema = pa.schema([every.field(name) for name in names])
        made = (table.select(names) for table in tables(frozenset(names)))
        batches = (batch for table in made for batch in table.to_batches())
        return pa.RecordBatchReader.from_batches(schema, batches)

    shown = sorted(name for name in every.names if not name.startswith("_"))
    tree = {name: leaf_of(name, every.field(name).type) for name in shown}
    quick = prepared(every.names)
    return Frame("stream", tree, prepared=quick, views={"stream": reader})


def _stream(tables: Callable[[], Iterator[pa.Table]]) -> Frame | Rows:
    """The same for tables whose columns only the first one tells; no table, no rows."""
    made = tables()
    first = next(made, None)
    if first is None:
        return []

    def every(_needed: Needed) -> Iterator[pa.Table]:
        yield first
        yield from made

    return _frame(first, every)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
