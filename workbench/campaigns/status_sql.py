"""The SQL of a reconcile's last steps: which status each member gets, whose word counts. Pure text.

Tables in: ``present facts scored labels maps downgrades``. In the end there is ``final``, every
member afterwards.
"""

from workbench import sql
from workbench.campaigns.shapes import STILL, TAKEN_COLUMNS, TEST_PREFIX
from workbench.campaigns.vocabulary import ACTIONS

ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s@.]+$"
"""What can be mailed to: something, @, something with a dot. No more can be told from here."""


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
