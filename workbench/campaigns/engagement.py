"""Engagement as a dataset holds it, put together by campaign, person, event and edition. Pure SQL.

One row per happening goes in (commands, "Engagement dataset"); what the reconcile matches with
members comes out. Nothing is dropped silently: what cannot be read is counted.
"""

from collections.abc import Mapping, Sequence

from workbench import sql
from workbench.campaigns.choices import GuideEvents
from workbench.campaigns.vocabulary import EVENTS
from workbench.errors import InputError
from workbench.words import nearest

REQUIRED = ("campaign_id", "event", "occurred_at")
OPTIONAL = ("edition", "url", "subject")
GUIDE_COLUMNS = ("guideId", "type", "visitorId", "browserTime")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def long_id(text: str) -> str:
    """SQL of an id in 18 characters, from SQL of one in 15 or 18 (salesforce-api contract, 2)."""
    bits = [
        " + ".join(
            f"CASE WHEN substr({text}, {start + place + 1}, 1) BETWEEN 'A' AND 'Z' "
            f"THEN {1 << place} ELSE 0 END"
            for place in range(5)
        )
        for start in (0, 5, 10)
    ]
    letters = " || ".join(f"substr('{_SUFFIX}', {each} + 1, 1)" for each in bits)
    return (
        f"CASE WHEN regexp_full_match({text}, '[0-9A-Za-z]{{15}}') THEN {text} || {letters} "
        f"ELSE {text} END"
    )


def check_columns(dataset: str, columns: Sequence[str]) -> None:
    """Make sure that a dataset can be engagement.

    Raises:
        InputError: a column is missing.
    """
    wanted = [name for name in REQUIRED if name not in columns]
    if not {"person_id", "email"} & set(columns):
        wanted.append("person_id or email")
    if wanted:
        guess = nearest(wanted[0], columns)
        raise InputError(
            f"The engagement dataset {dataset} has no column {', '.join(wanted)}{guess}",
            hint=f"It has: {', '.join(columns)}. Needed: campaign_id, person_id or email, event "
            "and occurred_at.",
        )


def happenings(scan: str, columns: Sequence[str]) -> str:
    """SQL of every happening of an engagement dataset, in one shape, readable or not."""
    person = "person_id" if "person_id" in columns else "NULL"
    email = "email" if "email" in columns else "NULL"
    edition = "edition::VARCHAR" if "edition" in columns else "NULL::VARCHAR"
    return f"""
    SELECT {long_id("trim(campaign_id::VARCHAR)")} AS campaign_id,
           nullif({long_id(f"trim({person}::VARCHAR)")}, '') AS person_id,
           nullif(lower(trim({email}::VARCHAR)), '') AS email,
           lower(trim(event::VARCHAR)) AS event,
           {edition} AS edition,
           try_cast(occurred_at AS TIMESTAMPTZ) AS occurred_at
    FROM {scan}
    """


def guide_happenings(scan: str, chosen: GuideEvents, visitors: str | None) -> str:
    """SQL of the same shape, of Pendo guide events: a guide is a campaign, a visitor a person.

    Args:
        visitors: SQL to read the visitors from, where their e-mail addresses match members.
    """
    guides, events = _pairs(chosen.guides), _pairs(chosen.events)
    email = "g.visitorId"
    join = ""
    if visitors is not None:
        path = ".".join(sql.name(part) for part in chosen.email_field.split("."))
        email = "coalesce(v.email, g.visitorId)"
        join = (
            f"LEFT JOIN (SELECT visitorId, any_value({path}::VARCHAR) AS email "
            f"FROM {visitors} GROUP BY ALL) v ON v.visitorId = g.visitorId"
        )
    return f"""
    SELECT {long_id("m.campaign_id")} AS campaign_id,
           CASE WHEN regexp_full_match(g.visitorId, '(00Q|003)[0-9A-Za-z]{{12,15}}')
                THEN {long_id("g.visitorId")} END AS person_id,
           lower(trim({email})) AS email,
           e.event AS event,
           g.guideId::VARCHAR AS edition,
           try_cast(g.browserTime AS TIMESTAMPTZ) AS occurred_at
    FROM {scan} g
    JOIN (VALUES {guides}) m(guide, campaign_id) ON m.guide = g.guideId
    JOIN (VALUES {events}) e(type, event) ON e.type = g.type
    {join}
    """


def _pairs(given: Mapping[str, str]) -> str:
    return ", ".join(f"({sql.literal(k)}, {sql.literal(v)})" for k, v in given.items())


def together(parts: Sequence[str], campaigns: Sequence[str]) -> str:
    """SQL of the readable happenings in the shape of ``shapes.EVENTS``.

    Those of other campaigns are left out, but for opt-outs: these concern the person everywhere.
    """
    return f"""
    SELECT campaign_id, person_id, CASE WHEN person_id IS NULL THEN email END AS email,
           event, edition, count(*) AS times, min(occurred_at) AS first_at,
           max(occurred_at) AS last_at
    FROM ({" UNION ALL ".join(parts)})
    WHERE event IN ({", ".join(map(sql.literal, EVENTS))}) AND occurred_at IS NOT NULL
      AND (event = 'opted_out' OR campaign_id IN (SELECT unnest({sql.literals(campaigns)})))
    GROUP BY ALL
    """


def unreadable(part: str, campaigns: Sequence[str]) -> str:
    """SQL that counts, by event, the happenings of these campaigns that nobody can use."""
    return f"""
    SELECT coalesce(event, ''), count(*) FILTER (occurred_at IS NOT NULL),
           count(*) FILTER (occurred_at IS NULL)
    FROM ({part})
    WHERE campaign_id IN (SELECT unnest({sql.literals(campaigns)}))
      AND (event IS NULL OR occurred_at IS NULL
           OR event NOT IN ({", ".join(map(sql.literal, EVENTS))}))
    GROUP BY ALL ORDER BY ALL
    """
