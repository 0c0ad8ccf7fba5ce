"""The catalogue of row sources: their names, how their days are asked for, what their rows hold.

Row shapes are Pendo's (pendo-api contract, section 2.5). Columns not listed here are still kept:
the catalogue only says what is known beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

SourceName = Literal[
    "accounts",
    "visitors",
    "events",
    "features",
    "feature_events",
    "guides",
    "pages",
    "page_events",
    "custom",
    "track_events",
    "guide_events",
    "poll_events",
    "track_types",
    "segments",
]

ColumnType = Literal["text", "whole", "number", "moment", "day", "object"]
"""``moment`` is epoch milliseconds on the wire and a UTC time in a dataset; ``day`` is the
subscription's midnight on the wire and a date in a dataset; ``object`` has keys of its own."""

Merge = Literal["sum", "min", "max"]


@dataclass(frozen=True, slots=True)
class Source:
    """One of Pendo's row sources."""

    name: SourceName
    title: str
    wire: str
    """Pendo's name for it in a pipeline; empty where it is a list over REST."""
    about: str
    window: str
    """The date filter field, as the analyst sees it."""
    is_events: bool = False
    """Asked for by day, with ``timeSeries``."""
    bucketed: bool = False
    """Whether rows are sums over a day or an hour, not single happenings."""
    paged: bool = False
    """Asked for in pages by id."""
    id_field: str = ""
    columns: Mapping[str, ColumnType] = field(default_factory=dict)
    merges: Mapping[str, Merge] = field(default_factory=dict)
    """How the hours of one day are put together again; columns not named are the row's key."""


_BUCKET: dict[str, ColumnType] = {
    "visitorId": "text",
    "accountId": "text",
    "appId": "whole",
    "day": "day",
    "hour": "moment",
    "firstTime": "moment",
    "lastTime": "moment",
    "numEvents": "whole",
    "numMinutes": "whole",
    "server": "text",
    "remoteIp": "text",
    "userAgent": "text",
    "country": "text",
    "region": "text",
    "latitude": "number",
    "longitude": "number",
    "week": "moment",
    "month": "moment",
    "quarter": "moment",
    "analyticsSessionId": "text",
    "recordingId": "text",
    "recordingSessionId": "text",
    "lastKeyFrameTimestamp": "moment",
    "tabId": "text",
    "signatureAgent": "text",
    "rageClickCount": "whole",
    "deadClickCount": "whole",
    "errorClickCount": "whole",
    "uTurnCount": "whole",
}
_MERGES: dict[str, Merge] = {
    "numEvents": "sum",
    "numMinutes": "sum",
    "firstTime": "min",
    "lastTime": "max",
    "lastKeyFrameTimestamp": "max",
    "rageClickCount": "sum",
    "deadClickCount": "sum",
    "errorClickCount": "sum",
    "uTurnCount": "sum",
}
_SINGLE: dict[str, ColumnType] = {
    "type": "text",
    "visitorId": "text",
    "accountId": "text",
    "appId": "whole",
    "guideId": "text",
    "guideStepId": "text",
    "guideTimestamp": "moment",
    "browserTime": "moment",
    "receivedTime": "moment",
    "guideSeenReason": "text",
    "url": "text",
    "title": "text",
    "language": "text",
    "remoteIp": "text",
    "serverName": "text",
    "userAgent": "text",
    "country": "text",
    "region": "text",
    "latitude": "number",
    "longitude": "number",
    "loadTime": "number",
    "elementPath": "text",
    "eventId": "text",
}
_DEFINITION: dict[str, ColumnType] = {"createdAt": "moment", "lastUpdatedAt": "moment"}


def _bucket(split_by: str = "", free: str = "") -> dict[str, ColumnType]:
    """Columns of a bucketed event source, in the order an analyst reads them."""
    columns: dict[str, ColumnType] = {"day": "day"}
    if split_by:
        columns[split_by] = "text"
    columns |= _BUCKET
    if free:
        columns[free] = "object"
    return columns


def _events(name: SourceName, title: str, wire: str, about: str, split: str, free: str) -> Source:
    return Source(
        name,
        title,
        wire,
        about,
        window="timeSeries dayRange",
        is_events=True,
        bucketed=True,
        columns=_bucket(split, free),
        merges=_MERGES,
    )


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "accounts",
            "Accounts",
            "accounts",
            "The accounts your users belong to, with their metadata.",
            window="metadata.auto.lastvisit",
            paged=True,
            id_field="accountId",
        ),
        Source(
            "visitors",
            "Visitors",
            "visitors",
            "Your product's users, with their metadata.",
            window="metadata.auto.lastvisit",
            paged=True,
            id_field="visitorId",
        ),
        _events(
            "events",
            "Events",
            "events",
            "All recorded clicks and page views.",
            "pageId",
            "parameters",
        ),
        Source(
            "features",
            "Features",
            "features",
            "The features you have tagged.",
            window="lastUpdatedAt",
            id_field="id",
            columns=_DEFINITION,
        ),
        _events(
            "feature_events",
            "Feature events",
            "featureEvents",
            "Clicks on tagged features.",
            "featureId",
            "parameters",
        ),
        Source(
            "guides",
            "Guides",
            "guides",
            "The in-app messages you show visitors.",
            window="lastUpdatedAt",
            id_field="id",
            columns=_DEFINITION,
        ),
        Source(
            "pages",
            "Pages",
            "pages",
            "The pages you have tagged.",
            window="lastUpdatedAt",
            id_field="id",
            columns=_DEFINITION,
        ),
        _events(
            "page_events",
            "Page events",
            "pageEvents",
            "Views of tagged pages.",
            "pageId",
            "parameters",
        ),
        Source(
            "custom", "Custom", "", "Your own aggregation request.", window="you define your own"
        ),
        _events(
            "track_events",
            "Track events",
            "trackEvents",
            "Track events sent by your product.",
            "trackTypeId",
            "properties",
        ),
        Source(
            "guide_events",
            "Guide events",
            "guideEvents",
            "Every time a guide was seen, advanced or dismissed.",
            window="timeSeries dayRange",
            is_events=True,
            columns=_SINGLE,
        ),
        Source(
            "poll_events",
            "Poll events",
            "pollEvents",
            "Every answer to a poll.",
            window="timeSeries dayRange",
            is_events=True,
            columns=_SINGLE | {"pollId": "text", "pollType": "text"},
        ),
        Source(
            "track_types",
            "Track types",
            "trackTypes",
            "The track events you have defined.",
            window="lastUpdatedAt",
            id_field="id",
            columns=_DEFINITION,
        ),
        Source(
            "segments",
            "Segments",
            "",
            "The segments shared with everyone.",
            window="lastUpdatedAt",
            id_field="id",
            columns=_DEFINITION,
        ),
    )
}

assert set(SOURCES) == set(get_args(SourceName))
