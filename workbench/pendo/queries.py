"""Aggregation requests, as Pendo's contract wants them (section 2). Pure.

Times are aware datetimes here and epoch milliseconds in what is built.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from workbench.errors import InputError
from workbench.pendo.envelopes import Pipeline, Stage, custom_request, envelope, rewrite_custom
from workbench.pendo.model import Apps, Kind

__all__ = [
    "CatalogueSource",
    "EntitySource",
    "Period",
    "Pipeline",
    "Stage",
    "after_id",
    "catalogue_pipeline",
    "count_of",
    "custom_request",
    "envelope",
    "epoch_ms",
    "event_pipeline",
    "guide_id",
    "metadata_window",
    "page_pipeline",
    "quote",
    "rewrite_custom",
    "values_pipeline",
    "with_ids",
]

Period = Literal["dayRange", "hourRange"]
"""The two that give one result; the iterative periods have no known shape."""
EntitySource = Literal["visitors", "accounts"]
CatalogueSource = Literal["pages", "features", "trackTypes", "guides"]

ALL_APPS = 'expandAppIds("*")'
"""Every application. Left out, Pendo answers for the default one alone."""
ID_FIELDS: dict[EntitySource, str] = {"visitors": "visitorId", "accounts": "accountId"}
LONGEST_EVENT_SPAN = 30
"""Days in one event request. Pendo's own advice: never more, best one."""


def quote(text: str) -> str:
    r"""Text as a string literal of Pendo's expressions.

    >>> print(quote('a"b\\c'))
    "a\"b\\c"
    """
    # The backslash first: otherwise those added for the quotes would be doubled.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970 in UTC.

    >>> epoch_ms(datetime(2026, 3, 9, 4, tzinfo=UTC))
    1773028800000

    Raises:
        ValueError: the moment has no zone, so nobody knows when it is.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError("a moment without a zone cannot be sent")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def event_pipeline(
    source: str,
    first: datetime,
    count: int,
    period: Period = "dayRange",
    apps: Apps = "all",
    params: Mapping[str, Any] | None = None,
) -> Pipeline:
    """Events of ``count`` days or hours, from the one that holds ``first`` on.

    Pendo floors ``first`` to its period in the subscription's zone: give a local midnight or
    a full hour. ``params`` are further parameters of the source, such as ``pageId``.

    >>> midnight = datetime(2026, 3, 9, 4, tzinfo=UTC)
    >>> event_pipeline("pageEvents", midnight, 1)[0]["source"]["timeSeries"]
    {'period': 'dayRange', 'first': 1773028800000, 'count': 1}

    Raises:
        ValueError: no period, or more than thirty days of them.
    """
    per_day = 24 if period == "hourRange" else 1
    # One hour more: the day on which the clock goes back has 25.
    if not 1 <= count <= LONGEST_EVENT_SPAN * per_day + per_day // 24:
        raise ValueError(f"{count} periods in one event request; at most 30 days")
    series = {"period": period, "first": epoch_ms(first), "count": count}
    return [{"source": {source: _parameters(apps, params), "timeSeries": series}}]


def page_pipeline(
    source: EntitySource,
    apps: Apps = "all",
    *,
    identified: bool = True,
    after: str | None = None,
    limit: int = 10_000,
    filters: Sequence[str] = (),
) -> Pipeline:
    """One page of visitors or accounts, by id, after the last id of the page before.

    A page shorter than ``limit`` is the last. Ids are compared by their bytes.

    >>> page_pipeline("accounts", after='a"1', limit=5)[2]
    {'filter': 'accountId > "a\\\\"1"'}
    """
    id_field = ID_FIELDS[source]
    stages: Pipeline = [{"source": {source: _parameters(apps)}}]
    if identified:
        stages.append({"identified": id_field})
    if after is not None:
        stages.append({"filter": f"{id_field} > {quote(after)}"})
    stages += [{"filter": condition} for condition in filters]
    return [*stages, {"sort": [id_field]}, {"limit": limit}]


def values_pipeline(kind: Kind, paths: Mapping[str, str], apps: Apps = "all") -> Pipeline:
    """Every identified visitor or account as ``id`` and the values at ``paths``, by name.

    >>> values_pipeline("account", {"f0": "metadata.custom.tier"})[2]
    {'select': {'id': 'accountId', 'f0': 'metadata.custom.tier'}}
    """
    id_field = f"{kind}Id"
    return [
        {"source": {f"{kind}s": _parameters(apps)}},
        {"identified": id_field},
        {"select": {"id": id_field, **paths}},
    ]


def after_id(pipeline: Pipeline, kind: Kind, after: str | None, limit: int) -> Pipeline:
    """The next ``limit`` records of ``values_pipeline``, by id, after the last one before.

    >>> after_id(values_pipeline("account", {}), "account", "a1", 5)[2]
    {'filter': 'accountId > "a1"'}
    """
    id_field = f"{kind}Id"
    chosen = [] if after is None else [{"filter": f"{id_field} > {quote(after)}"}]
    return [*pipeline[:2], *chosen, {"sort": [id_field]}, {"limit": limit}, *pipeline[2:]]


def with_ids(pipeline: Pipeline, kind: Kind, ids: Sequence[str]) -> Pipeline:
    """Only the records of ``values_pipeline`` that have these ids.

    >>> with_ids(values_pipeline("account", {}), "account", ["a1", "a2"])[2]
    {'filter': 'accountId == "a1" || accountId == "a2"'}
    """
    wanted = " || ".join(f"{kind}Id == {quote(one)}" for one in ids)
    return [*pipeline[:2], {"filter": wanted}, *pipeline[2:]]


def catalogue_pipeline(
    source: CatalogueSource,
    apps: Apps = "all",
    updated: tuple[datetime, datetime] | None = None,
) -> Pipeline:
    """Definitions of pages, features, track types or guides, if wanted only those last
    updated from the first moment of ``updated`` to before the second."""
    stages: Pipeline = [{"source": {source: _parameters(apps)}}]
    if updated is not None:
        stages.append({"filter": metadata_window("lastUpdatedAt", *updated)})
    return stages


def metadata_window(field: str, start: datetime, end: datetime) -> str:
    """A condition: the time in ``field`` is at or after ``start`` and before ``end``.

    >>> hour = datetime(2026, 3, 9, 4, tzinfo=UTC), datetime(2026, 3, 9, 5, tzinfo=UTC)
    >>> metadata_window("metadata.auto.lastvisit", *hour)
    'metadata.auto.lastvisit >= 1773028800000 && metadata.auto.lastvisit < 1773032400000'
    """
    # At least 1: some say that a missing time compares as 0, and it must not match.
    return f"{field} >= {max(1, epoch_ms(start))} && {field} < {epoch_ms(end)}"


def count_of(pipeline: Sequence[Stage]) -> Pipeline:
    """The same pipeline, answering only how many rows there are, as ``[{"count": n}]``.

    >>> count_of([{"source": {"pages": None}}])[-1]
    {'count': None}
    """
    return [*pipeline, {"count": None}]


def guide_id(text: str) -> str:
    """The id of a guide, from the id itself or from the address of its page.

    >>> guide_id("https://app.pendo.io/guides/abcd_xyz1234/?view=steps#top")
    'abcd_xyz1234'

    Raises:
        InputError: there is no id in it.
    """
    given = text.strip()
    path = re.sub(r"^https?://", "", re.split(r"[?#]", given)[0], flags=re.IGNORECASE)
    parts = [part for part in path.split("/") if part]
    if "/" in path:
        after = parts.index("guides") + 1 if "guides" in parts else len(parts) - 1
        # A bare host is no guide: the id stands somewhere behind it.
        parts = parts[max(after, 1) :][:1]
    if len(parts) != 1 or not re.fullmatch(r"[A-Za-z0-9_-]+", parts[0]):
        raise InputError(
            f"There is no guide id in {given!r}",
            hint="Open the guide in Pendo and copy its address, or the last part of it.",
        )
    return parts[0]


def _parameters(apps: Apps, params: Mapping[str, Any] | None = None) -> Stage | None:
    """The parameters of a source; None when there are none."""
    chosen: Stage = {}
    if apps == "all":
        chosen["appId"] = ALL_APPS
    elif apps != "default":
        chosen["appId"] = list(apps)
    return {**chosen, **(params or {})} or None
