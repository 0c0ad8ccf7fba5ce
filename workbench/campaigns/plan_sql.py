"""The SQL of a reconcile, step by step: who leaves, who joins, whose word counts. Pure text.

Tables in: ``theirs gone merged ours labels events decisions maps complete``. Each step makes a
view, or a table where several read it; in the end there are ``fate``, ``final`` (every member
afterwards) and ``sheet``.
"""

from collections.abc import Mapping

from workbench import sql
from workbench.campaigns.shapes import (
    OURS,
    STILL,
    TAKEN_COLUMNS,
    TEST_PREFIX,
    THEIRS,
    THERE_NAMES,
)
from workbench.campaigns.vocabulary import ACTION_OF_EVENT, ACTIONS

SIDES = tuple(name for name in OURS.names if name not in ("member_id", "campaign_id"))
"""Every column of a member but what tells it apart."""
READ = tuple(name for name in THEIRS.names if name not in ("member_id", "campaign_id"))
COMPARED = ("email", "first_name", "last_name", "person_id", "lead_id", "contact_id", "opted_out")
"""What makes a read member differ from the one that stands, beside its status."""
ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s@.]+$"
"""What can be mailed to: something, @, something with a dot. No more can be told from here."""


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


def settled() -> str:
    """Last action, opt-out and bounce of each member, and which status our side now wants.

    Only what is new since the last sync makes a wish: a status that was changed by hand in
    Salesforce afterwards is not fought over.
    """
    rank = " ".join(
        f"WHEN {sql.literal(action)} THEN {place + 1}" for place, action in enumerate(ACTIONS)
    )
    names = " ".join(
        f"WHEN {place + 1} THEN {sql.literal(action)}" for place, action in enumerate(ACTIONS)
    )
    since = "coalesce(p.email_since, '-infinity'::TIMESTAMPTZ)"
    return f"""
    CREATE VIEW settled AS
    WITH told AS (
        SELECT p.*, f.acted_first_at, f.acted_at,
               CASE p.o_last_action {rank} ELSE 0 END AS rank_before,
               coalesce(f.rank, 0) AS rank_now,
               CASE WHEN f.opted_out_here_at IS NOT NULL THEN 'Opt Out Direct'
                    WHEN f.opted_out_elsewhere_at < coalesce(p.joined_at, f.opted_out_elsewhere_at)
                         THEN 'Opt Out Previous'
                    WHEN f.opted_out_elsewhere_at IS NOT NULL THEN 'Opt Out Indirect'
                    WHEN p.opted_out AND p.fate = 'joins' THEN 'Opt Out Previous'
                    WHEN p.opted_out AND NOT coalesce(p.o_opted_out, FALSE)
                         THEN 'Opt Out Subscription' END AS opt_out_told,
               f.opted_out_here_at,
               CASE WHEN f.complained_at IS NOT NULL THEN 'Complaint'
                    WHEN f.hard_bounced_at > {since} THEN 'Hard Bounce'
                    WHEN f.soft_bounced_at > {since}
                         AND f.soft_bounced_at > coalesce(f.reached_at, {since})
                         THEN 'Soft Bounce' END AS bounced,
               greatest(f.hard_bounced_at, f.soft_bounced_at) AS bounced_at
        FROM present p LEFT JOIN facts f ON f.member_id = p.member_id
    ), kept AS (
        SELECT *,
               CASE WHEN o_opt_out IN ('Opt Out Previous', 'Opt Out Subscription')
                         AND o_opted_out AND NOT coalesce(opted_out, FALSE) THEN NULL
                    ELSE o_opt_out END AS opt_out_kept
        FROM told
    ), wishes AS (
        SELECT *,
               CASE WHEN opt_out_told = 'Opt Out Direct' THEN opt_out_told
                    ELSE coalesce(opt_out_kept, opt_out_told) END AS opt_out,
               CASE WHEN fate = 'parked' THEN NULL
                    WHEN opt_out_told = 'Opt Out Direct'
                         AND o_opt_out IS DISTINCT FROM 'Opt Out Direct' THEN 'opted_out'
                    WHEN bounced IN ('Hard Bounce', 'Soft Bounce')
                         AND o_reason IS DISTINCT FROM bounced THEN 'bounced'
                    WHEN rank_now > rank_before
                         THEN lower(CASE rank_now {names} END) END AS acted
        FROM kept
    )
    SELECT w.*,
           -- A parked member stays as it was, or what it did meanwhile would never be sent.
           CASE WHEN rank_now > rank_before AND fate <> 'parked' THEN CASE rank_now {names} END
                ELSE o_last_action END AS last_action,
           CASE WHEN rank_now >= rank_before AND rank_now > 0 AND fate <> 'parked' THEN acted_at
                ELSE o_last_action_at END AS last_action_at,
           coalesce(m.label, a.label, o_wanted) AS wish,
           CASE WHEN m.label IS NOT NULL
                     THEN CASE w.acted WHEN 'opted_out' THEN opted_out_here_at
                                       WHEN 'bounced' THEN bounced_at ELSE acted_first_at END
                WHEN a.label IS NOT NULL THEN acted_first_at
                ELSE o_wanted_at END AS wish_at,
           CASE WHEN m.label IS NOT NULL THEN w.acted
                WHEN a.label IS NOT NULL THEN a.acted ELSE o_wanted_why END AS wish_why
    FROM wishes w
    LEFT JOIN maps m ON m.campaign_id = w.campaign_id AND m.acted = w.acted
    -- A bounce or opt-out that means no label must not hide the action behind it.
    LEFT JOIN maps a ON a.campaign_id = w.campaign_id AND w.rank_now > w.rank_before
         AND w.fate <> 'parked' AND a.acted = lower(CASE w.rank_now {names} END)
    """


def weighed(*, policy: str, unknown_label: str, out: bool) -> str:
    """The verdict on every wished status, and who won where both sides changed it."""
    other = "theirs_changed AND label IS DISTINCT FROM status"
    newest = "CASE WHEN wish_at > modified_at THEN 'mail_side' ELSE 'salesforce' END"
    rule = newest if policy == "newest" else sql.literal(policy)
    return f"""
    CREATE VIEW weighed AS
    WITH resolved AS (
        SELECT s.*,
               coalesce(x.label, y.label,
                        CASE WHEN wish IS NOT NULL AND {unknown_label == "default"}
                             THEN standard.label END,
                        CASE WHEN {unknown_label == "create"} THEN wish END) AS label,
               coalesce(x.has_responded, y.has_responded, standard.has_responded, FALSE)
                   AS label_responded,
               wish IS NOT NULL AND x.label IS NULL AND y.label IS NULL AS unknown_label,
               coalesce(nd.never_downgrade, TRUE) AS never_downgrade
        FROM settled s
        LEFT JOIN labels x ON x.campaign_id = s.campaign_id AND x.label = s.wish
        LEFT JOIN alike y ON y.campaign_id = s.campaign_id AND y.lowered = lower(s.wish)
        LEFT JOIN defaults standard ON standard.campaign_id = s.campaign_id
        LEFT JOIN downgrades nd ON nd.campaign_id = s.campaign_id
    ), judged AS (
        SELECT *,
               CASE WHEN decision IN ('salesforce', 'mail_side') THEN decision
                    ELSE {rule} END AS winner,
               {other} AS disputed
        FROM resolved
    )
    SELECT *,
           CASE WHEN wish IS NULL THEN NULL
                WHEN starts_with(member_id, {sql.literal(TEST_PREFIX)}) THEN 'never'
                WHEN fate IN ({", ".join(map(sql.literal, STILL))})
                     OR decision IN ('hold', 'exclude')
                     THEN 'parked'
                WHEN label IS NULL THEN 'unknown'
                WHEN label = status THEN 'agreed'
                WHEN never_downgrade AND has_responded AND NOT label_responded THEN 'downgrade'
                WHEN disputed AND winner = 'salesforce' THEN 'lost'
                WHEN disputed AND winner = 'hold' THEN 'disputed'
                WHEN {out} THEN 'write'
                ELSE 'waits' END AS outcome
    FROM judged
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


def final(*, is_scored: bool) -> str:
    """Every member as the mail side will hold it, once writes are answered."""
    points = "coalesce(s.points, 0)" if is_scored else "NULL::BIGINT"
    return f"""
    CREATE TABLE final AS
    WITH reasoned AS (
        SELECT *,
               CASE WHEN opt_out IS NOT NULL THEN opt_out
                    WHEN bounced IS NOT NULL THEN bounced
                    WHEN address IS NULL THEN 'No address'
                    WHEN NOT regexp_matches(address, {sql.literal(ADDRESS)})
                         THEN 'Invalid address' END AS plain_reason
        FROM weighed
    ), alone AS (
        SELECT *, row_number() OVER (
                   PARTITION BY campaign_id, address, plain_reason IS NULL
                   ORDER BY starts_with(member_id, {sql.literal(TEST_PREFIX)}),
                            contact_id IS NULL, member_id
               ) AS place
        FROM reasoned
    )
    SELECT a.member_id, campaign_id, was, fate, keeps_person, outcome, label, label_responded,
           unknown_label, winner, disputed, wish, wish_why, theirs_changed, o_status,
           status AS theirs_status, has_responded AS theirs_responded,
           CASE WHEN outcome = 'disputed' THEN o_status ELSE status END AS status,
           has_responded, {", ".join(TAKEN_COLUMNS)},
           CASE WHEN outcome IN ('write', 'waits', 'unknown', 'disputed', 'parked')
                THEN CASE WHEN outcome IN ('write', 'waits') THEN label ELSE wish END END
               AS wanted,
           CASE WHEN outcome IN ('write', 'waits', 'unknown', 'disputed', 'parked')
                THEN wish_at END AS wanted_at,
           CASE WHEN outcome IN ('write', 'waits', 'unknown', 'disputed', 'parked')
                THEN wish_why END AS wanted_why,
           opt_out,
           coalesce(plain_reason, CASE WHEN place > 1 THEN 'Duplicate e-mail' END) AS reason,
           CASE WHEN plain_reason IS NULL AND place = 1 THEN 'Active' ELSE 'Inactive' END AS state,
           last_action, last_action_at, email_since,
           CASE WHEN fate = 'parked' THEN o_points ELSE {points} END AS points,
           master AS merged_into
    FROM alone a LEFT JOIN scored s ON s.member_id = a.member_id
    """


def labels() -> str:
    """The labels of each campaign by their spelling in small letters, and the default ones."""
    return """
    CREATE TABLE alike AS
    SELECT campaign_id, lower(label) AS lowered, min(label) AS label,
           arg_min(has_responded, label) AS has_responded
    FROM labels GROUP BY ALL;
    CREATE TABLE defaults AS
    SELECT campaign_id, min(label) AS label, arg_min(has_responded, label) AS has_responded
    FROM labels WHERE is_default GROUP BY campaign_id
    """
