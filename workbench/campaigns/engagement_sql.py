"""The SQL of a reconcile's middle steps: what mails did to each member. Pure text.

Tables in: ``events`` and ``present``. Out come ``numbered`` (every event), ``matched`` (those of
members), ``facts`` and ``scored``.
"""

from collections.abc import Mapping

from workbench import sql
from workbench.campaigns.vocabulary import ACTION_OF_EVENT, ACTIONS


def matched() -> str:
    """Engagement by member: by the person's ids, else by address.

    An address that two members of one campaign share belongs to the one that is mailed.
    """
    found = """
        SELECT p.member_id, p.campaign_id, e.campaign_id = p.campaign_id AS here,
               e.edition, e.event, e.times, e.first_at, e.last_at, e.number
        FROM numbered e JOIN people p ON {on}
        WHERE e.campaign_id = p.campaign_id OR e.event = 'opted_out'
    """
    ways = (
        "e.person_id = p.lead_id",
        "e.person_id = p.contact_id",
        "e.person_id = p.person_id",
        "e.address = p.owned_address",
    )
    return f"""
    CREATE TABLE numbered AS
    SELECT row_number() OVER () AS number, *, nullif(lower(trim(email)), '') AS address
    FROM events;
    CREATE TABLE people AS
    SELECT member_id, campaign_id, lead_id, contact_id, person_id, owned_address FROM present
    WHERE (SELECT count(*) FROM events) > 0;
    CREATE TABLE matched AS
    SELECT DISTINCT * FROM ({" UNION ALL ".join(found.format(on=way) for way in ways)})
    """


def facts() -> str:
    """What engagement says of each member."""
    ranks = " ".join(
        f"WHEN {sql.literal(event)} THEN {ACTIONS.index(action) + 1}"
        for event, action in ACTION_OF_EVENT.items()
    )
    return f"""
    CREATE TABLE facts AS
    WITH ranked AS (
        SELECT *, CASE event {ranks} END AS rank FROM matched
    ), best AS (
        SELECT member_id, max(rank) AS rank FROM ranked WHERE here GROUP BY member_id
    )
    SELECT r.member_id, any_value(b.rank) AS rank,
           min(first_at) FILTER (here AND r.rank = b.rank) AS acted_first_at,
           max(last_at) FILTER (here AND r.rank = b.rank) AS acted_at,
           min(first_at) FILTER (here AND event = 'opted_out') AS opted_out_here_at,
           min(first_at) FILTER (NOT here) AS opted_out_elsewhere_at,
           max(last_at) FILTER (here AND event = 'complained') AS complained_at,
           max(last_at) FILTER (here AND event = 'hard_bounced') AS hard_bounced_at,
           max(last_at) FILTER (here AND event = 'soft_bounced') AS soft_bounced_at,
           max(last_at) FILTER (here AND r.rank IS NOT NULL AND event <> 'sent') AS reached_at
    FROM ranked r LEFT JOIN best b ON b.member_id = r.member_id
    GROUP BY r.member_id
    """


def scored(points: Mapping[str, int]) -> str:
    """Points of each member: an action gives them once for each edition (Q22)."""
    worth = ", ".join(f"({sql.literal(event)}, {number})" for event, number in points.items())
    return f"""
    CREATE TABLE scored AS
    SELECT member_id, sum(worth)::BIGINT AS points
    FROM (SELECT DISTINCT member_id, edition, event FROM matched WHERE here)
    JOIN (VALUES {worth or "(NULL, 0)"}) w(event, worth) USING (event)
    GROUP BY member_id
    """
