"""Segments and reports: saved questions, as the REST lists give them."""

from typing import Any

from workbench.standin.seeds.catalogue import Catalogue, object_id, user
from workbench.standin.seeds.people import DAY_MS
from workbench.standin.seeds.sizes import APPS

Document = dict[str, Any]
ALL_APPS = {"appId": list(APPS)}

_SEGMENTS = (
    ("Everyone", "identified(visitorId)"),
    ("Gold and platinum", 'metadata.custom.tier == "gold" || metadata.custom.tier == "platinum"'),
    ("Admins", "metadata.agent.isadmin == true"),
    ("Active this week", 'metadata.auto.lastvisit >= dateAdd(now(), -7, "days")'),
    ("Beta testers", "metadata.custom.betatester == true"),
    ('Germany "DACH"', 'metadata.agent.country == "DE"'),
)
EXPORTABLE = "Saved Reports"
"""The report type that has results; the others are refused (U10)."""


def make_segments(seed: int, now_ms: int) -> list[Document]:
    """The segments shared with everyone."""
    return [segment(seed, place, now_ms) for place in range(len(_SEGMENTS))]


def segment(seed: int, place: int, now_ms: int) -> Document:
    """One of the seeded segments."""
    name, condition = _SEGMENTS[place]
    pipeline: list[Document] = [{"source": {"visitors": ALL_APPS}}, {"filter": condition}]
    return segment_document(object_id(seed, "segment", place), name, pipeline, now_ms, place, False)


def segment_document(
    identity: str, name: str, pipeline: list[Document], now_ms: int, place: int, by_api: bool
) -> Document:
    """A segment as the API gives it."""
    moment = now_ms - (place + 1) * 9 * DAY_MS if not by_api else now_ms
    return {
        "id": identity,
        "name": name,
        "kind": "Segment",
        "description": "",
        "shared": True,
        "createdByApi": by_api,
        "definition": {},
        "pipeline": pipeline,
        "dependentMetadata": [],
        "rootVersionId": identity,
        "createdAt": moment,
        "createdByUser": user(place % 5, now_ms),
        "lastUpdatedAt": moment,
        "lastUpdatedByUser": user(place % 5, now_ms),
    }


def _series(days: int) -> Document:
    return {"period": "dayRange", "first": "now()", "count": -days}


def make_reports(seed: int, now_ms: int, catalogue: Catalogue) -> list[Document]:
    """The public reports; each carries the very pipeline its results are worked out with."""
    text, number, time = "string", "integer", "time"
    visitors: list[Document] = [{"source": {"visitors": ALL_APPS}}, {"identified": "visitorId"}]
    specs: list[tuple[str, str, list[tuple[str, str, str]], list[Document]]] = [
        (
            "Weekly logins",
            EXPORTABLE,
            [
                ("visitorId", "Visitor", text),
                ("numEvents", "Number of Events", number),
                ("numMinutes", "Time on Site", number),
            ],
            [
                {"source": {"events": ALL_APPS, "timeSeries": _series(7)}},
                {"identified": "visitorId"},
                _sums("visitorId"),
                {"sort": ["-numEvents", "visitorId"]},
            ],
        ),
        (
            "Visitor list",
            EXPORTABLE,
            [
                ("visitorId", "Visitor", text),
                ("visitor_agent_email", "Email", text),
                ("visitor_agent_role", "Role", text),
                ("visitor_auto_lastvisit", "Last Visit", time),
                ("visitor_custom_healthscore", "Health Score", "float"),
            ],
            [
                *visitors,
                {
                    "select": {
                        "visitorId": "visitorId",
                        "visitor_agent_email": "metadata.agent.email",
                        "visitor_agent_role": "metadata.agent.role",
                        "visitor_auto_lastvisit": "metadata.auto.lastvisit",
                        "visitor_custom_healthscore": "metadata.custom.healthscore",
                    }
                },
                {"sort": ["visitorId"]},
            ],
        ),
        (
            "Accounts by plan",
            EXPORTABLE,
            [
                ("accountId", "Account ID", text),
                ("account_agent_name", "Account", text),
                ("account_custom_planlevel", "Plan", text),
                ("account_custom_arr", "ARR", "float"),
            ],
            [
                {"source": {"accounts": ALL_APPS}},
                {
                    "select": {
                        "accountId": "accountId",
                        "account_agent_name": "metadata.agent.name",
                        "account_custom_planlevel": "metadata.custom.planlevel",
                        "account_custom_arr": "metadata.custom.arr",
                    }
                },
                {"sort": ["-account_custom_arr", "accountId"]},
            ],
        ),
        (
            "Top pages, last 30 days",
            EXPORTABLE,
            [
                ("pageId", "Page ID", text),
                ("numEvents", "Page Views", number),
                ("numMinutes", "Minutes", number),
            ],
            [
                {"source": {"pageEvents": ALL_APPS, "timeSeries": _series(30)}},
                _sums("pageId"),
                {"sort": ["-numEvents", "pageId"]},
            ],
        ),
        (
            'Feature use "all apps"',
            EXPORTABLE,
            [
                ("featureId", "Feature ID", text),
                ("numEvents", "Clicks", number),
                ("numMinutes", "Minutes", number),
            ],
            [
                {"source": {"featureEvents": ALL_APPS, "timeSeries": _series(7)}},
                _sums("featureId"),
                {"sort": ["-numEvents", "featureId"]},
            ],
        ),
        ("Signup funnel", "Funnels", [], []),
        ("Paths from the home page", "Paths", [], []),
        ("Retention by month", "Retention", [], []),
    ]
    return [
        _report(seed, place, now_ms, name, kind, fields, pipeline)
        for place, (name, kind, fields, pipeline) in enumerate(specs)
    ]


def _sums(key: str) -> Document:
    fields = {name: {"sum": name} for name in ("numEvents", "numMinutes")}
    return {"group": {"group": [key], "fields": fields}}


def _report(
    seed: int,
    place: int,
    now_ms: int,
    name: str,
    kind: str,
    fields: list[tuple[str, str, str]],
    pipeline: list[Document],
) -> Document:
    identity = object_id(seed, "report", place)
    made, changed = now_ms - (place + 3) * 20 * DAY_MS, now_ms - (place + 1) * 3 * DAY_MS
    listed = [{"field": field, "title": title, "type": type_} for field, title, type_ in fields]
    return {
        "id": identity,
        "name": name,
        "kind": "Report",
        "type": kind,
        "level": "visitor",
        "scope": "public",
        "share": "everyone",
        "target": "visitor",
        "shared": True,
        "createdAt": made,
        "lastUpdatedAt": changed,
        "lastRunAt": now_ms - DAY_MS,
        "lastSuccessRunAt": now_ms - DAY_MS,
        "lastSuccessRunObj": "",
        "createdByUser": user(place % 5, now_ms),
        "lastUpdatedByUser": user((place + 1) % 5, now_ms),
        "ownedByUser": user(place % 5, now_ms),
        "rootVersionId": identity,
        "stableVersionId": f"{identity}-20260101000000.{place:09d}",
        "definition": {"attribute": "", "config": {}, "graphType": "table", "period": "day"},
        "aggregation": {
            "pipeline": pipeline,
            "fields": listed,
            "settings": {"excludeList": True},
        },
    }
