"""The SQL of what a reconcile shows and keeps: change sheet, backlog, rows to store. Pure text."""

from collections.abc import Mapping

from workbench import sql
from workbench.campaigns.mapped import THERE_COLUMNS
from workbench.campaigns.shapes import (
    BACKLOG,
    NUMBERS_THERE,
    OURS,
    SHEET,
    STILL,
    TEST_PREFIX,
    THEIRS,
)
from workbench.campaigns.vocabulary import MEMBER_FACTS

FIELDS = {
    "email": "address",
    "first_name": "name",
    "last_name": "name",
    "person_id": "person",
}
"""Field of a member → what a change of it is called."""
OUTCOMES = {
    "write": ("changed", "coalesce({why}, 'changed here')"),
    "waits": ("waits", "'this sync writes nothing back'"),
    "unknown": ("held", "'the campaign has no label ' || wish"),
    "disputed": ("conflict", "'both sides changed it: ' || coalesce(status, '-') || ' there'"),
    "downgrade": ("dropped", "'has responded already: ' || coalesce(status, '-')"),
    "parked": ("held", "'held by a person, or leaving'"),
}
"""What an outward status comes to on the sheet, and its reason as SQL."""
NOT_FOLLOWED = "'merges are not followed'"
"""Why a merged member stays (Q07), as SQL."""


def kept() -> str:
    """The stored columns of each member that differ from what is stored."""
    columns = ", ".join(f"f.{name}" for name in OURS.names)
    differs = " OR ".join(f"f.{name} IS DISTINCT FROM o.{name}" for name in OURS.names)
    return f"""
    SELECT {columns} FROM final f LEFT JOIN ours o ON o.member_id = f.member_id
    WHERE o.member_id IS NULL OR {differs}
    """


def left() -> str:
    """Members that leave."""
    return """
    SELECT campaign_id, member_id FROM fate WHERE fate = 'leaves'
    ORDER BY campaign_id, member_id
    """


def writes() -> str:
    """Statuses to send, grouped by campaign so that batches rarely touch one parent twice."""
    return """
    SELECT campaign_id, member_id, theirs_status AS before, label AS after, label_responded,
           wish_why AS why
    FROM final WHERE outcome = 'write' ORDER BY campaign_id, member_id
    """


def opt_outs() -> str:
    """People who opted out of all mail here, and whose box in Salesforce is not ticked yet."""
    return f"""
    SELECT campaign_id, member_id, first_name, last_name, email, person_id,
           CASE WHEN person_id = contact_id THEN 'Contact' ELSE 'Lead' END AS object
    FROM final
    WHERE opt_out = 'Opt Out Direct' AND NOT coalesce(opted_out, FALSE)
      AND person_id IS NOT NULL AND fate NOT IN ({", ".join(map(sql.literal, STILL))})
      AND NOT keeps_person
    """


def fields_out(fields: Mapping[str, str]) -> str:
    """What would change in the fields of members that we write, one row each (Q16).

    Args:
        fields: Fact of a member → field of CampaignMember; none where nothing is written.
    """
    parts = [_field_out(fact, name) for fact, name in fields.items()]
    nothing = "SELECT NULL AS fact, NULL AS field, NULL AS before, NULL AS after"
    rows = " UNION ALL ".join(parts) or f"{nothing}, * FROM final WHERE FALSE"
    return f"CREATE TABLE fields_out AS {rows}"


def _field_out(fact: str, name: str) -> str:
    stands, wanted = THERE_COLUMNS[fact], fact
    differs = f"nullif({stands}, '') IS DISTINCT FROM {wanted}"
    before = stands
    if stands in NUMBERS_THERE:
        # An empty field is as good as 0, or every member would be written at the first sync.
        differs = f"{wanted} IS NOT NULL AND coalesce({stands}, 0) <> {wanted}"
        before = (
            f"CASE WHEN {stands} = floor({stands}) THEN {stands}::BIGINT::VARCHAR "
            f"ELSE {stands}::VARCHAR END"
        )
    return f"""
    SELECT {sql.literal(fact)} AS fact, {sql.literal(name)} AS field, {before} AS before,
           {wanted}::VARCHAR AS after, *
    FROM final
    WHERE {differs} AND fate NOT IN ({", ".join(map(sql.literal, STILL))})
      AND NOT starts_with(member_id, {sql.literal(TEST_PREFIX)})
    """


def facts() -> str:
    """Every fact of the members of whom one is to be written: they are sent together."""
    return f"""
    SELECT campaign_id, member_id, {", ".join(MEMBER_FACTS)} FROM final
    WHERE member_id IN (SELECT member_id FROM fields_out) ORDER BY campaign_id, member_id
    """


def conflicts() -> str:
    """Statuses that both sides changed, with who won and why."""
    return """
    SELECT campaign_id, member_id, o_status AS agreed, theirs_status AS theirs, wish AS ours,
           winner
    FROM final
    WHERE disputed AND wish IS NOT NULL AND outcome IN ('lost', 'disputed', 'write', 'waits')
    ORDER BY campaign_id, member_id
    """


def backlog() -> str:
    """Members that were read and are not taken over: they come again without being asked for."""
    theirs = ", ".join(
        name if name in ("member_id", "campaign_id") else f"t_{name} AS {name}"
        for name in THEIRS.names
    )
    disputed = "SELECT member_id FROM final WHERE outcome = 'disputed'"
    return f"""
    SELECT {theirs}, gone,
           CASE fate WHEN 'leave held' THEN 'too many would leave'
                     WHEN 'parked' THEN coalesce(decided_because, 'held by a person')
                     ELSE 'both sides changed the status' END AS why
    FROM fate
    WHERE fate IN ('leave held', 'parked')
       OR (fate = 'read' AND member_id IN ({disputed}))
    ORDER BY campaign_id, member_id
    """


def sheet(*, policy: str, opt_outs: bool) -> str:
    """Everything that would change, one row each, in both directions."""
    parts = [_joined(), _left(), *_fields(), _status_in(policy), _status_out(), _state()]
    parts += [_opt_out()] if opt_outs else []
    parts += [_fields_out()]
    listed = ", ".join(SHEET.names)
    return f"""
    CREATE TABLE sheet AS
    SELECT {listed} FROM ({" UNION ALL BY NAME ".join(parts)})
    """


def _row(direction: str, what: str, field: str, before: str, after: str, status: str) -> str:
    return (
        f"{sql.literal(direction)} AS direction, {sql.literal(what)} AS what, "
        f"{field} AS field, {before} AS before, {after} AS after, {status} AS status"
    )


def _who(side: str) -> str:
    full = f"concat_ws(' ', {side}first_name, {side}last_name)"
    return f"campaign_id, member_id, nullif({full}, '') AS name, {side}email AS email"


def _joined() -> str:
    held = "CASE WHEN fate = 'parked' THEN 'held' ELSE 'new' END"
    row = _row("in", "joined", "NULL", "NULL", "t_email", held)
    return f"""
    SELECT {_who("t_")}, {row},
           CASE WHEN starts_with(member_id, {sql.literal(TEST_PREFIX)})
                THEN 'global test member' ELSE decided_because END AS reason
    FROM fate WHERE fate = 'joins' OR (fate = 'parked' AND NOT was)
    """


def _left() -> str:
    held = "CASE WHEN fate = 'leaves' THEN 'gone' ELSE 'held' END"
    row = _row("in", "left", "NULL", "o_email", "NULL", held)
    return f"""
    SELECT {_who("o_")}, {row},
           CASE fate WHEN 'leave held' THEN leaving || ' of ' || standing || ' would leave'
                     WHEN 'merged' THEN 'merged into ' || master || ': ' || {NOT_FOLLOWED}
                     WHEN 'parked' THEN decided_because END AS reason
    FROM fate
    WHERE fate IN ('leaves', 'leave held', 'merged') OR (fate = 'parked' AND was AND gone)
    """


def _fields() -> list[str]:
    return [
        f"""
        SELECT {_who("t_")},
               {
            _row(
                "in",
                what,
                sql.literal(field),
                f"o_{field}",
                f"t_{field}",
                "CASE WHEN fate = 'parked' OR keeps_person THEN 'held' ELSE 'changed' END",
            )
        },
               CASE WHEN keeps_person THEN 'merged: ' || {NOT_FOLLOWED}
                    WHEN {sql.literal(field)} = 'person_id'
                    THEN CASE WHEN t_is_converted THEN 'converted lead' ELSE 'merged' END
                    ELSE decided_because END AS reason
        FROM fate
        WHERE (fate = 'read' OR (fate = 'parked' AND was AND read AND NOT gone))
          AND t_{field} IS DISTINCT FROM o_{field}
          AND ({sql.literal(field)} = 'person_id' OR NOT keeps_person)
        """
        for field, what in FIELDS.items()
    ]


def _status_in(policy: str) -> str:
    row = _row(
        "in",
        "status",
        "'Status'",
        "o_status",
        "theirs_status",
        "CASE WHEN outcome = 'disputed' THEN 'conflict' ELSE 'changed' END",
    )
    return f"""
    SELECT {_who("")}, {row},
           CASE WHEN disputed AND wish IS NOT NULL AND outcome IN ('lost', 'disputed')
                THEN 'both sides changed it (' || wish || ' here); '
                     || CASE WHEN outcome = 'lost' THEN 'Salesforce wins, rule '
                             ELSE 'held, rule ' END || {sql.literal(policy)}
                END AS reason
    FROM final WHERE theirs_changed
    """


def _status_out() -> str:
    statuses = " ".join(f"WHEN '{name}' THEN '{told}'" for name, (told, _) in OUTCOMES.items())
    why = "upper(wish_why[1]) || wish_why[2:]"
    reasons = " ".join(
        f"WHEN '{name}' THEN {text.format(why=why)}" for name, (_, text) in OUTCOMES.items()
    )
    row = _row(
        "out",
        "status",
        "'Status'",
        "theirs_status",
        "coalesce(label, wish)",
        f"CASE outcome {statuses} END",
    )
    return f"""
    SELECT {_who("")}, {row},
           CASE WHEN outcome = 'write' AND disputed
                THEN 'both sides changed it; ours wins, ' || winner
                ELSE CASE outcome {reasons} END END AS reason
    FROM final
    WHERE outcome IN ({", ".join(sql.literal(name) for name in OUTCOMES)})
    """


def _opt_out() -> str:
    row = _row("out", "opt-out", "'HasOptedOutOfEmail'", "'false'", "'true'", "'changed'")
    return f"""
    SELECT {_who("")}, {row}, 'opted out here: of all mail' AS reason FROM ({opt_outs()})
    """


def _fields_out() -> str:
    row = _row("out", "field", "field", "before", "after", "'changed'")
    return f"""
    SELECT {_who("")}, {row}, replace(fact, '_', ' ') AS reason FROM fields_out
    """


def _state() -> str:
    told = "concat_ws(': ', {side}state, {side}reason)"
    row = _row(
        "in",
        "state",
        "'State'",
        f"nullif({told.format(side='o.')}, '')",
        told.format(side="f."),
        "'changed'",
    )
    return f"""
    SELECT f.campaign_id, f.member_id,
           nullif(concat_ws(' ', f.first_name, f.last_name), '') AS name, f.email AS email,
           {row}, NULL AS reason
    FROM final f JOIN ours o ON o.member_id = f.member_id
    WHERE f.state IS DISTINCT FROM o.state OR f.reason IS DISTINCT FROM o.reason
    """


assert set(BACKLOG.names) == {*THEIRS.names, "gone", "why"}
