"""Did a campaign's members use the product afterwards? SQL that joins them with Pendo. Pure text.

Tables in: ``members`` (in the shape of ``shapes.OURS``) and ``happened`` (``shapes.EVENTS``, of
this campaign). Each step makes one table; the last ones are ``rows``, ``groups`` and ``curve``.

A member is measured over the same number of days before and after the day of the first mail of an
edition; that day itself belongs to neither, for part of it lies before the mail. Whose days the
events do not cover is counted apart: no rows are not the same as no use.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from workbench import sql
from workbench.errors import InputError

MAILED = ("sent", "delivered", "opened", "clicked", "completed")
"""Events that show that a member got an edition; the earliest is taken for the mail."""
DAY_COLUMNS = ("day", "browserTime", "firstTime")
"""Where an event's day stands, best first."""
EMAIL_PATHS = (
    ("metadata", "agent", "email"),
    ("metadata", "auto", "email"),
    ("metadata_agent_email",),
    ("email",),
)
"""Where a visitor's e-mail address may stand, as Pendo's agents send it."""
GROUPINGS = ("edition", "status", "last_action")


def require_events(dataset: str, columns: Collection[str]) -> str:
    """The column that tells the day of an event.

    Raises:
        InputError: the dataset does not hold what visitors did.
    """
    day = next((each for each in DAY_COLUMNS if each in columns), None)
    if "visitorId" not in columns or day is None:
        raise InputError(
            f"The dataset {dataset} does not say which visitor did something on which day",
            hint="Choose one with visitorId and day, such as the dataset of a pull of page events.",
        )
    return day


def require_email(dataset: str, path: tuple[str, ...] | None) -> tuple[str, ...]:
    """The ``path`` at which the addresses of a dataset's visitors stand.

    Raises:
        InputError: nowhere.
    """
    if path is None:
        raise InputError(
            f"The dataset {dataset} has no e-mail addresses of visitors",
            hint="Choose the dataset of a pull of visitors, or match by visitor id alone.",
        )
    return path


def keys() -> str:
    """Everything that a member may be called by elsewhere."""
    ids = ("person_id", "lead_id", "contact_id")
    long = [f"SELECT member_id, {name} AS key FROM members" for name in ids]
    short = [f"SELECT member_id, left({name}, 15) AS key FROM members" for name in ids]
    told = " UNION ".join(
        [*long, *short, "SELECT member_id, lower(trim(email)) AS key FROM members"]
    )
    return f"CREATE TABLE keys AS SELECT * FROM ({told}) WHERE key <> ''"


def used(events: str, columns: Collection[str], day: str, zone: str) -> str:
    """What every visitor did on every day; days are those of the subscription's zone."""
    told = sql.name(day)
    if day != "day":
        told = f"timezone({sql.literal(zone)}, {told}::TIMESTAMPTZ)"
    count = "coalesce(sum(numEvents), 0)" if "numEvents" in columns else "count(*)"
    return f"""
    CREATE TABLE used AS
    SELECT visitorId::VARCHAR AS visitor, {told}::DATE AS day, {count}::BIGINT AS events
    FROM {events} WHERE visitorId IS NOT NULL GROUP BY ALL
    """


def visitors(source: str | None, path: tuple[str, ...] | None) -> str:
    """Which visitors are which members: by e-mail, or because a visitor's id is one or the other.

    Args:
        source: SQL to read visitors from, with the ``path`` of their address; None has only ids.
    """
    known = "SELECT DISTINCT visitor FROM used"
    by_email = ""
    if source is not None and path is not None:
        known += f" UNION SELECT visitorId::VARCHAR FROM {source}"
        address = ".".join(sql.name(part) for part in path)
        by_email = f"""
        UNION SELECT k.member_id, v.visitorId::VARCHAR
        FROM {source} v JOIN keys k ON k.key = lower(trim(v.{address}::VARCHAR))
        """
    return f"""
    CREATE TABLE matched AS
    WITH known AS ({known})
    SELECT k.member_id, v.visitor FROM known v JOIN keys k ON k.key = v.visitor
    UNION SELECT k.member_id, v.visitor FROM known v JOIN keys k ON k.key = lower(v.visitor)
    {by_email}
    """


def mails(zone: str, start: date | None) -> str:
    """The day from which each member is measured, by edition.

    Members who got nothing are measured from the campaign's first mail, to compare with; where
    nobody got anything, everybody from the campaign's first day.
    """
    events = ", ".join(sql.literal(event) for event in MAILED)
    first = f"DATE {sql.literal(start.isoformat())}" if start else "NULL::DATE"
    return f"""
    CREATE TABLE mails AS
    WITH got AS (
        SELECT k.member_id, h.edition, timezone({sql.literal(zone)}, min(h.first_at))::DATE AS day
        FROM happened h JOIN keys k ON k.key = coalesce(h.person_id, h.email)
        WHERE h.event IN ({events}) GROUP BY ALL
    )
    SELECT member_id, coalesce(edition, '') AS edition, day, TRUE AS mailed FROM got
    UNION ALL
    SELECT member_id, NULL, coalesce((SELECT min(day) FROM got), {first}), FALSE
    FROM members WHERE member_id NOT IN (SELECT member_id FROM got)
    """


def rows(days: int) -> str:
    """One row per member and edition: events in so many days before and after, and if that holds.

    ``is_first`` marks a member's first edition; counting those counts every member once.
    """
    return f"""
    CREATE TABLE rows AS
    WITH span AS (SELECT min(day) AS first, max(day) AS last FROM used),
    acts AS (
        SELECT m.member_id, u.day, sum(u.events)::BIGINT AS events
        FROM matched m JOIN used u ON u.visitor = m.visitor GROUP BY ALL
    ), sums AS (
        SELECT a.member_id, a.edition,
               coalesce(sum(u.events) FILTER (u.day < a.day), 0)::BIGINT AS before,
               coalesce(sum(u.events) FILTER (u.day > a.day), 0)::BIGINT AS after
        FROM mails a JOIN acts u ON u.member_id = a.member_id
             AND u.day BETWEEN a.day - {int(days)} AND a.day + {int(days)}
        GROUP BY ALL
    )
    SELECT p.member_id, nullif(concat_ws(' ', p.first_name, p.last_name), '') AS name, p.email,
           p.status, p.last_action, p.state, a.edition, a.mailed, a.day,
           p.member_id IN (SELECT member_id FROM matched) AS is_visitor,
           p.member_id IN (SELECT member_id FROM matched)
               AND coalesce(a.day - {int(days)} >= span.first AND a.day + {int(days)} <= span.last,
                            FALSE) AS is_measured,
           coalesce(s.before, 0) AS before, coalesce(s.after, 0) AS after,
           row_number() OVER (PARTITION BY p.member_id ORDER BY a.day, a.edition) = 1 AS is_first
    FROM members p JOIN mails a ON a.member_id = p.member_id
    LEFT JOIN sums s ON s.member_id = a.member_id AND s.edition IS NOT DISTINCT FROM a.edition
    CROSS JOIN span
    """


def groups() -> str:
    """Members by edition, by status and by last action; shares are of those measured.

    By edition everybody who got it counts; otherwise each member once, at the first edition.
    """
    parts = []
    for grouping in GROUPINGS:
        once = "" if grouping == "edition" else "WHERE is_first"
        parts.append(f"SELECT {sql.literal(grouping)} AS grouping, {grouping} AS label, * "
                     f"FROM rows {once}")  # fmt: skip
    return f"""
    CREATE TABLE groups AS
    SELECT grouping, label, count(*) AS members, count(*) FILTER (is_visitor) AS visitors,
           count(*) FILTER (is_measured) AS measured,
           count(*) FILTER (is_measured AND before > 0) AS active_before,
           count(*) FILTER (is_measured AND after > 0) AS active_after,
           count(*) FILTER (is_measured AND before = 0 AND after > 0) AS started,
           count(*) FILTER (is_measured AND before > 0 AND after = 0) AS stopped,
           coalesce(sum(before) FILTER (is_measured), 0)::BIGINT AS events_before,
           coalesce(sum(after) FILTER (is_measured), 0)::BIGINT AS events_after,
           min(day) AS first_day
    FROM ({" UNION ALL BY NAME ".join(parts)})
    GROUP BY ALL ORDER BY grouping, first_day, label
    """


def curve(days: int) -> str:
    """How many of the measured members of an edition were active on each day around its mail."""
    return f"""
    CREATE TABLE curve AS
    WITH measured_rows AS (SELECT * FROM rows WHERE is_measured),
    sizes AS (SELECT edition, count(*) AS measured FROM measured_rows GROUP BY ALL),
    each AS (SELECT edition, measured, unnest(range(-{int(days)}, {int(days)} + 1)) AS day
             FROM sizes),
    acts AS (
        SELECT s.edition, u.day - s.day AS day, count(DISTINCT s.member_id) AS active
        FROM measured_rows s JOIN matched m ON m.member_id = s.member_id
        JOIN used u ON u.visitor = m.visitor AND u.events > 0
             AND u.day BETWEEN s.day - {int(days)} AND s.day + {int(days)}
        GROUP BY ALL
    )
    SELECT e.edition, e.day, e.measured, coalesce(a.active, 0) AS active
    FROM each e LEFT JOIN acts a ON a.edition IS NOT DISTINCT FROM e.edition AND a.day = e.day
    ORDER BY e.edition NULLS LAST, e.day
    """
