"""The SQL of a reconcile's first steps: who leaves, who joins, who is there then. Pure text.

Tables in: ``theirs gone merged ours decisions complete``. Each step makes a view, or a
table where several read it: ``base``, ``fate``, ``present``.
"""

from workbench import sql
from workbench.campaigns.shapes import OURS, TAKEN_COLUMNS, TEST_PREFIX, THEIRS, THERE_NAMES

SIDES = tuple(name for name in OURS.names if name not in ("member_id", "campaign_id"))
"""Every column of a member but what tells it apart."""
READ = tuple(name for name in THEIRS.names if name not in ("member_id", "campaign_id"))
COMPARED = ("email", "first_name", "last_name", "person_id", "lead_id", "contact_id", "opted_out")
"""What makes a read member differ from the one that stands, beside its status."""


def base(*, follow_merges: bool) -> str:
    """Both sides of every member, with what was decided about it.

    A member whose person was merged away, and who stayed for that, is gone once merges are
    followed.
    """
    stayed = f"o.merged_into IS NOT NULL AND t.member_id IS NULL AND {follow_merges}"
    ours = ", ".join(f"o.{name} AS o_{name}" for name in SIDES)
    theirs = ", ".join(f"t.{name} AS t_{name}" for name in READ)
    return f"""
    CREATE VIEW base AS
    SELECT coalesce(o.member_id, t.member_id) AS member_id,
           coalesce(o.campaign_id, t.campaign_id) AS campaign_id,
           o.member_id IS NOT NULL AS was,
           t.member_id IS NOT NULL AS read,
           d.decision, d.reason AS decided_because,
           g.member_id IS NOT NULL OR (
               t.member_id IS NULL AND c.campaign_id IS NOT NULL
               AND NOT starts_with(o.member_id, {sql.literal(TEST_PREFIX)})
           ) OR ({stayed}) AS gone,
           CASE WHEN t.member_id IS NULL THEN coalesce(p.master, o.merged_into) END AS master,
           {ours}, {theirs}
    FROM ours o
    FULL JOIN theirs t ON t.member_id = o.member_id
    LEFT JOIN gone g ON g.member_id = coalesce(o.member_id, t.member_id)
    LEFT JOIN merged p ON p.member_id = o.member_id
    LEFT JOIN complete c ON c.campaign_id = o.campaign_id
    LEFT JOIN decisions d ON d.member_id = coalesce(o.member_id, t.member_id)
    """


def fate(*, hold_above_pct: float, hold_above_n: int, release: bool, follow_merges: bool) -> str:
    """What becomes of each member as such; too many that leave one campaign stay, held.

    Where merges are not followed (Q07), a member whose row Salesforce dropped for one stays as it
    is, and one whose row went over to another person stays who it was: ``keeps_person``.
    """
    moved = (
        "was AND read AND o_person_id IS NOT NULL AND t_person_id IS DISTINCT FROM o_person_id "
        # A conversion gives the row a second id; only a merge exchanges one.
        "AND t_is_converted IS NOT DISTINCT FROM o_is_converted"
    )
    differs = " OR ".join(
        f"t_{name} IS DISTINCT FROM o_{name}" for name in (*COMPARED, "status", "is_test")
    )
    held = "FALSE" if release else f"n > {hold_above_n} OR n * 100.0 > {hold_above_pct} * total"
    return f"""
    CREATE TABLE fate AS
    WITH first AS (
        SELECT *, {differs} AS differs, NOT {follow_merges} AND {moved} AS keeps_person,
               CASE WHEN gone AND NOT was THEN 'never'
                    WHEN decision IN ('hold', 'exclude')
                         THEN CASE WHEN gone OR (read AND (NOT was OR {differs}))
                                   THEN 'parked' ELSE 'stays' END
                    WHEN was AND master IS NOT NULL AND NOT {follow_merges} THEN 'merged'
                    WHEN gone THEN 'leaves'
                    WHEN NOT was THEN 'joins'
                    WHEN read THEN 'read'
                    ELSE 'stays' END AS fate
        FROM base
    ), leaving AS (
        SELECT campaign_id, count(*) FILTER (fate = 'leaves') AS n,
               count(*) FILTER (was AND NOT starts_with(member_id, {sql.literal(TEST_PREFIX)}))
                   AS total
        FROM first GROUP BY campaign_id
    )
    SELECT first.* REPLACE (
               CASE WHEN fate = 'leaves' AND ({held}) THEN 'leave held' ELSE fate END AS fate
           ), n AS leaving, total AS standing
    FROM first JOIN leaving USING (campaign_id)
    """


def present() -> str:
    """Every member that is there afterwards, with the person as Salesforce has them now."""
    taken = "fate IN ('joins', 'read')"
    person = ", ".join(
        f"CASE WHEN {taken}{'' if name in THERE_NAMES else ' AND NOT keeps_person'} "
        f"THEN t_{name} ELSE o_{name} END AS {name}"
        for name in TAKEN_COLUMNS
    )
    return f"""
    CREATE VIEW present AS
    SELECT * EXCLUDE (n), CASE WHEN n = 1 THEN address END AS owned_address
    FROM (
        SELECT *, row_number() OVER (
                   PARTITION BY campaign_id, address
                   ORDER BY contact_id IS NULL, member_id
               ) AS n
        FROM (
            SELECT *, nullif(lower(trim(email)), '') AS address
            FROM (
                SELECT member_id, campaign_id, was, fate, decision, master, keeps_person, {person},
                       CASE WHEN fate = 'read' AND t_email IS DISTINCT FROM o_email
                                 AND NOT keeps_person
                            THEN coalesce(t_person_modified_at, t_modified_at)
                            ELSE o_email_since END AS email_since,
                       CASE WHEN {taken} THEN t_status ELSE o_status END AS status,
                       CASE WHEN {taken} THEN t_has_responded ELSE o_has_responded END
                           AS has_responded,
                       fate = 'read' AND t_status IS DISTINCT FROM o_status AS theirs_changed,
                       o_status, o_wanted, o_wanted_at, o_wanted_why, o_opted_out, o_opt_out,
                       o_reason, o_last_action, o_last_action_at, o_points
                FROM fate
                WHERE fate NOT IN ('leaves', 'never') AND (was OR fate = 'joins')
            )
        )
    )
    """
