"""What becomes of each record: its values, its status and the reason. Pure; SQL over ``matched``.

One expression decides each thing, for every record alike; the order of the statuses in
``_status`` is the order in which something stands in a record's way.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench import sql
from workbench.automations.model import LONGEST_TEXT, Automation
from workbench.automations.outputs import place, trend
from workbench.automations.plan import PlannedField
from workbench.automations.values import CUT_MARK

TYPE_WORDS = {"string": "text", "number": "a number", "time": "a time", "boolean": "true or false"}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What judging needs to know beside the table."""

    automation: Automation
    fields: tuple[PlannedField, ...]
    passes: str
    """SQL: whether a record passes the conditions."""
    labels: tuple[str, ...]
    has_duplicates: bool
    """Whether any id or key stands twice in the base; asked once, as it is seldom so."""
    approve_all: bool
    """Whether the rule ``fewer_than`` of the review lets every record go."""
    shared: bool
    """Whether another automation's records are in the table ``shared``."""


def judged_sql(given: Circumstances) -> str:
    """SQL of every record on the sheet, judged.

    Gives ``rid source id status reason decision stamp departed``, per field ``b<i> e<i> w<i>``
    (before, after, whether it is sent), and the measures ``steps from_place to_place repeated
    nulls cut``.
    """
    fields = given.fields
    indices = range(len(fields))
    after = [f"{_after(given, i)} AS e{i}" for i in indices]
    differs = " OR ".join(f"e{i} IS DISTINCT FROM b{i}" for i in indices)
    shown = ["rid", "source", "id", "status", "decision", "departed", f"{_reason(given)} AS reason"]
    shown += [
        f"b{i}, e{i}, status IN ('new', 'changed') AND e{i} IS DISTINCT FROM b{i} AS w{i}"
        for i in indices
    ]
    shown += [
        "stamp",
        "steps",
        "from_place",
        "to_place",
        f"({_repeated(given)}) AS repeated",
        f"{_nulls(given)} AS nulls",
        f"{_cut(given)} AS cut",
    ]
    return f"""
    WITH chosen AS ({_chosen(given)}),
    filled AS (SELECT *, {", ".join(after)} FROM chosen),
    compared AS (SELECT *, {differs} AS differs,
        {" AND ".join(f"b{i} IS NULL" for i in indices)} AS bare,
        {_outside(given)} AS outside, {_stamp(given)} AS stamp,
        {_places(given)} FROM filled),
    stepped AS (SELECT *, abs(from_place - to_place) AS steps FROM compared),
    judged AS (SELECT *, {_status(given)} AS status FROM stepped)
    SELECT {", ".join(shown)} FROM judged
    """


def _chosen(given: Circumstances) -> str:
    """The records on the sheet: those that pass, and those that departed if they are touched."""
    update = given.automation.update
    passes = f"in_base AND ({given.passes})"
    departed = "found AND was AND NOT passes" if update.departed != "keep" else "false"
    repeats = "1 AS id_times, 1 AS source_times, 1 AS turn"
    if given.has_duplicates:
        # Counted among the records that pass: a repetition outside them does no harm.
        latest = _latest(given)
        repeats = (
            "CASE WHEN passes AND id IS NOT NULL "
            "THEN count(*) FILTER (passes) OVER (PARTITION BY id) ELSE 1 END AS id_times, "
            "CASE WHEN passes AND source IS NOT NULL "
            "THEN count(*) FILTER (passes) OVER (PARTITION BY source) ELSE 1 END AS source_times, "
            "CASE WHEN id IS NULL THEN 1 ELSE row_number() OVER "
            f"(PARTITION BY id ORDER BY passes DESC, {latest}) END AS turn"
        )
    told = f"matched.rowid AS rid, coalesce({passes}, false) AS passes"
    inner = f"SELECT *, {repeats} FROM (SELECT matched.*, {told} FROM matched)"
    only_latest = "turn = 1" if _takes_latest(given) else "true"
    # A record departed only if no other record of its id stayed.
    stayed = "turn = 1" if given.has_duplicates else "true"
    shared = ", shared.names AS sharers" if given.shared else ", CAST(NULL AS VARCHAR) AS sharers"
    join_shared = " LEFT JOIN shared ON shared.id = rows.id" if given.shared else ""
    return (
        "SELECT rows.*, NOT passes AS departed, decisions.decision, decisions.reason AS why, "
        f"decisions.approved{shared} FROM ({inner}) AS rows "
        f"LEFT JOIN decisions ON decisions.record_id = rows.id{join_shared} "
        f"WHERE (passes AND {only_latest}) OR ({departed} AND {stayed})"
    )


def _takes_latest(given: Circumstances) -> bool:
    return given.has_duplicates and given.automation.read_from.duplicates == "latest_date"


def _latest(given: Circumstances) -> str:
    date = _index(given, "date")
    first = f"a{date} DESC NULLS LAST, " if date is not None else ""
    return f"{first}source DESC NULLS LAST, rid DESC"


def _index(given: Circumstances, output: str) -> int | None:
    return next((i for i, field in enumerate(given.fields) if field.output == output), None)


def _after(given: Circumstances, i: int) -> str:
    """The value that is to stand afterwards, written or not."""
    automation, field = given.automation, given.fields[i]
    departed = {
        "keep": f"b{i}",
        "clear": "NULL",
        "state_only": f"coalesce(a{i}, b{i})" if field.output == "state" else f"b{i}",
    }[automation.update.departed]
    if not field.output:
        return "CAST(NULL AS VARCHAR)"
    wanted = _trend(given, i) if automation.computes(field.output) else f"a{i}"
    if automation.update.nulls == "skip" or automation.computes(field.output):
        wanted = f"coalesce({wanted}, b{i})"
    return f"CASE WHEN departed THEN {departed} WHEN x{i} THEN b{i} ELSE {wanted} END"


def _trend(given: Circumstances, i: int) -> str:
    score, date = _index(given, "score"), _index(given, "date")
    assert score is not None
    return trend(
        given.automation.trend.words,
        given.labels,
        score=f"a{score}",
        score_before=f"coalesce(l{score}, b{score})",
        date=None if date is None else f"a{date}",
        date_before=None if date is None else f"coalesce(l{date}, b{date})",
        trend_before=f"coalesce(l{i}, b{i})",
    )


def _outside(given: Circumstances) -> str:
    """The fields that somebody else changed since we wrote them, and that we would change."""
    changed = ", ".join(
        f"CASE WHEN l{i} IS NOT NULL AND b{i} IS DISTINCT FROM l{i} AND e{i} IS DISTINCT FROM b{i} "
        f"THEN {sql.literal(field.name)} END"
        for i, field in enumerate(given.fields)
    )
    return f"nullif(concat_ws(', ', {changed}), '')"


def _stamp(given: Circumstances) -> str:
    """What an approval is given for; told only where approvals are asked."""
    if not given.automation.review.required:
        return "CAST(NULL AS VARCHAR)"
    texts = ", ".join(f"coalesce(e{i}, chr(1))" for i in range(len(given.fields)))
    return f"left(md5(concat_ws(chr(0), {texts})), 16)"


def _places(given: Circumstances) -> str:
    score = _index(given, "score")
    if score is None:
        return "CAST(NULL AS INTEGER) AS from_place, CAST(NULL AS INTEGER) AS to_place"
    before, after = place(f"b{score}", given.labels), place(f"e{score}", given.labels)
    return f"{before} AS from_place, {after} AS to_place"


def _status(given: Circumstances) -> str:
    update, review = given.automation.update, given.automation.review
    unknown = "false" if update.create_unknown else "NOT found"
    impossible = " OR ".join(f"x{i}" for i in range(len(given.fields)))
    waits = "outside IS NOT NULL" if update.outside_changes == "hold" else "false"
    shared = "false" if update.shared_prefix else "sharers IS NOT NULL"
    return f"""CASE
        WHEN in_base AND NOT departed AND source IS NULL THEN 'blocked'
        WHEN id IS NULL THEN 'not_found'
        WHEN {_repeated(given)} OR times > 1 THEN 'conflict'
        WHEN {unknown} THEN 'not_found'
        WHEN NOT departed AND ({impossible}) THEN 'blocked'
        WHEN NOT differs THEN 'same'
        WHEN {shared} THEN 'conflict'
        WHEN decision IN ('hold', 'exclude') THEN 'held'
        WHEN {waits} AND NOT {_approved(given)} THEN 'conflict'
        WHEN {"true" if review.required else "false"} AND NOT {_lets_go(given)} THEN 'held'
        WHEN bare THEN 'new' ELSE 'changed' END"""


def _repeated(given: Circumstances) -> str:
    return "false" if _takes_latest(given) else "(id_times > 1 OR source_times > 1)"


def _approved(given: Circumstances) -> str:
    stamped = "AND (approved IS NULL OR approved = stamp)"
    stamped = stamped if given.automation.review.required else ""
    return f"coalesce(decision = 'approve' {stamped}, false)"


def _lets_go(given: Circumstances) -> str:
    most = given.automation.review.auto_approve.max_label_steps
    steps = f" OR coalesce(steps <= {most}, false)" if most is not None else ""
    return "true" if given.approve_all else f"({_approved(given)}{steps})"


def _reason(given: Circumstances) -> str:
    read_from, update = given.automation.read_from, given.automation.update
    kind = update.object
    impossible = "\n".join(
        f"WHEN x{i} THEN {sql.literal(_misfit(field))}" for i, field in enumerate(given.fields)
    )
    id_column, source = sql.literal(given.automation.id_column), sql.literal(read_from.source_id)
    return f"""CASE status
        WHEN 'same' THEN CASE WHEN departed THEN 'matches no more' END
        WHEN 'blocked' THEN CASE
            WHEN source IS NULL THEN {source} || ' is empty'
            {impossible} END
        WHEN 'not_found' THEN CASE
            WHEN id IS NULL THEN {id_column} || ' is empty'
            ELSE 'Pendo has no {kind} ' || id END
        WHEN 'conflict' THEN CASE
            WHEN times > 1 THEN times || ' {kind}s in Pendo match ' || key
            WHEN source_times > 1 THEN source_times || ' records have the source ID ' || source
            WHEN id_times > 1 THEN id_times || ' records have the {kind} ' || id
            WHEN sharers IS NOT NULL AND {"false" if update.shared_prefix else "true"}
                THEN 'also written by ' || sharers
            ELSE outside || ' was changed in Pendo since the last run' END
        WHEN 'held' THEN CASE
            WHEN decision = 'exclude' THEN 'excluded' || coalesce(': ' || why, '')
            WHEN decision = 'hold' THEN 'on hold' || coalesce(': ' || why, '')
            ELSE 'waits for approval' END
        ELSE CASE
            WHEN departed THEN 'matches no more'
            WHEN outside IS NOT NULL THEN outside || ' was changed in Pendo since the last run'
            WHEN sharers IS NOT NULL THEN 'also written by ' || sharers END
        END"""


def _misfit(field: PlannedField) -> str:
    if not field.writable:
        return f"{field.name} is a list in Pendo and cannot be written"
    wanted = "a whole number" if field.whole else TYPE_WORDS[field.type]
    return f"{field.output.capitalize()} is not {wanted}, which {field.name} holds"


def _nulls(given: Circumstances) -> str:
    empty = " + ".join(
        f"(a{i} IS NULL)::INTEGER"
        for i, field in enumerate(given.fields)
        if field.output and not given.automation.computes(field.output)
    )
    return f"CASE WHEN departed THEN 0 ELSE {empty or '0'} END"


def _cut(given: Circumstances) -> str:
    cut = " OR ".join(
        f"(length(a{i}) = {LONGEST_TEXT} AND ends_with(a{i}, {sql.literal(CUT_MARK)}))"
        for i, field in enumerate(given.fields)
        if field.type == "string" and field.output not in ("", "trend", "score")
    )
    return f"coalesce({cut or 'false'}, false)"
