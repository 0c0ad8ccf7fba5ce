"""What becomes of each record: its status, and what it costs. Pure; SQL over ``matched``.

The order of the statuses in ``_status`` is the order in which something stands in a record's way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.automations.model import Automation
from workbench.automations.plan import PlannedField
from workbench.automations.sides import MARKS, NOTHING, NULL, marked
from workbench.plan import row_hashes

ITEM_BYTES = 40
"""JSON around the values of one record."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What judging needs to know beside the table ``matched``."""

    automation: Automation
    fields: tuple[tuple[int, PlannedField], ...]
    """The fields that are written, with their numbers in ``matched``."""
    passes: str
    """SQL: whether a record passes the conditions."""
    has_duplicates: bool
    """Whether any id or key stands twice in the base; asked once, as it is seldom so."""
    texts: str
    """SQL of ``matched`` with its texts."""
    marks: str
    """SQL of the columns that the marks in ``matched`` stand for."""
    approve_all: bool
    """Whether the rule ``fewer_than`` of the review lets every record go."""
    has_decisions: bool
    """Whether anybody decided on a single record."""
    shared: bool
    """Whether another automation's records are in the table ``shared``."""

    @property
    def touches_departed(self) -> bool:
        """Whether records that match no more are on the sheet."""
        return self.automation.update.departed != "keep"

    @property
    def takes_latest(self) -> bool:
        """Whether of records with one id the latest is taken."""
        return self.has_duplicates and self.automation.read_from.duplicates == "latest_date"

    def after(self, i: int, field: PlannedField) -> str:
        """The text that is to stand afterwards."""
        departed = {
            "keep": f"b{i}",
            "clear": NULL,
            "state_only": f"coalesce(state, b{i})" if field.output == "state" else f"b{i}",
        }[self.automation.update.departed]
        return (
            f"CASE WHEN departed THEN {departed} ELSE e{i} END"
            if self.touches_departed
            else f"e{i}"
        )

    def differs(self, i: int, field: PlannedField) -> str:
        """Whether that is another text than what stands."""
        departed = {
            "clear": f"NOT n{i}",
            "state_only": f"d{i}" if field.output == "state" else "false",
        }.get(self.automation.update.departed)
        return f"CASE WHEN departed THEN {departed} ELSE w{i} END" if departed else f"w{i}"

    def any(self, test: Callable[[int, PlannedField], str]) -> str:
        """SQL: whether a test holds of any field."""
        return "(" + (" OR ".join(test(i, field) for i, field in self.fields) or "false") + ")"

    def any_marked(self, mark: str) -> str:
        """SQL: whether the marks of any field have this one."""
        return marked(f"({' | '.join(self._marks) or '0'})", mark)

    def every_marked(self, mark: str) -> str:
        """SQL: whether the marks of every field have this one."""
        return marked(f"({' & '.join(self._marks) or MARKS[mark]})", mark)

    @property
    def _marks(self) -> list[str]:
        return [f"c{i}" for i, _ in self.fields]


def sheet_sql(given: Circumstances) -> str:
    """SQL of every record on the sheet, judged and measured, without its texts.

    Gives ``rid id source status departed repeated waits outside times`` and the measures ``cells
    bytes h1 h2 nulls cut steps from_place to_place``; for each field that Pendo does not have,
    whether this record writes it (``first_of``); ``decision why sharers id_times source_times``
    only where there are any.
    """
    some = given.any(given.differs)
    compared = [
        f"{some} AS differs",
        f"{given.every_marked('n')} AS bare",
        f"{given.any(lambda i, f: f'(o{i} AND {given.differs(i, f)})')} AS outside",
        "abs(from_place - to_place) AS steps",
    ]
    sent = "status IN ('new', 'changed')"
    first, second = row_hashes(
        [
            "id",
            *(
                f"CASE WHEN {given.differs(i, f)} THEN {_hash(given, i)} END"
                for i, f in given.fields
            ),
        ]
    )
    cells = " + ".join(f"({given.differs(i, f)})::INTEGER" for i, f in given.fields)
    size = " + ".join(
        f"CASE WHEN {given.differs(i, f)} THEN z{i} ELSE 0 END" for i, f in given.fields
    )
    nulls = " + ".join(
        f"m{i}::INTEGER"
        for i, f in given.fields
        if f.output and not given.automation.computes(f.output)
    )
    shown = [
        "rid", "id", "source", "status", "departed", "outside", "times",
        *(column for column in _seldom(given) if column not in absent(given)),
        f"({_repeated(given)}) AS repeated",
        "status = 'held' AND coalesce(decision, 'approve') = 'approve' AS waits",
        f"CASE WHEN {sent} THEN {cells} ELSE 0 END AS cells",
        f"CASE WHEN {sent} THEN {ITEM_BYTES} + strlen(id) + {size} ELSE 0 END AS bytes",
        f"CASE WHEN {sent} THEN {first} END AS h1", f"CASE WHEN {sent} THEN {second} END AS h2",
        f"CASE WHEN departed THEN 0 ELSE {nulls or '0'} END AS nulls",
        f"{given.any_marked('t')} AS cut",
        "steps", "from_place", "to_place",
        *(f"{sent} AND {given.differs(i, f)} AS {first_of(n)}"
          for n, (i, f) in enumerate(given.fields) if not f.exists),
    ]  # fmt: skip
    return f"""
    WITH chosen AS ({_chosen(given)}),
    compared AS (SELECT *, {", ".join(compared)} FROM chosen),
    judged AS (SELECT *, {_status(given)} AS status FROM compared)
    SELECT {", ".join(shown)} FROM judged
    """


def first_of(n: int) -> str:
    """The sheet's column that says whether a record writes the ``n``-th field, which is new."""
    return f"new{n}"


def _seldom(given: Circumstances) -> dict[str, tuple[bool, str]]:
    """Columns that most sheets do not need: whether this one does, and what stands for it."""
    return {
        "decision": (given.has_decisions, NULL),
        "why": (given.has_decisions, NULL),
        "sharers": (given.shared, NULL),
        "id_times": (given.has_duplicates, "1"),
        "source_times": (given.has_duplicates, "1"),
    }


def absent(given: Circumstances) -> dict[str, str]:
    """Columns that this sheet does without, and what stands for each."""
    return {name: stands for name, (needed, stands) in _seldom(given).items() if not needed}


def _chosen(given: Circumstances) -> str:
    """The records on the sheet: those that pass, and those that departed if they are touched."""
    departed = "(found AND was AND NOT passes)" if given.touches_departed else "false"
    repeats = "1 AS id_times, 1 AS source_times, 1 AS turn"
    if given.has_duplicates:
        # Counted among the records that pass: a repetition outside them does no harm.
        repeats = (
            "CASE WHEN passes AND id IS NOT NULL "
            "THEN count(*) FILTER (passes) OVER (PARTITION BY id) ELSE 1 END AS id_times, "
            "CASE WHEN passes AND source IS NOT NULL "
            "THEN count(*) FILTER (passes) OVER (PARTITION BY source) ELSE 1 END AS source_times, "
            "CASE WHEN id IS NULL THEN 1 ELSE row_number() OVER "
            f"(PARTITION BY id ORDER BY passes DESC, {_latest(given)}) END AS turn"
        )
    told = f"matched.rowid AS rid, {_passes(given)} AS passes, {given.marks}"
    inner = f"SELECT *, {repeats} FROM (SELECT matched.*, {told} FROM matched){_dated(given)}"
    only_latest = "turn = 1" if given.takes_latest else "true"
    # A record departed only if no other record of its id stayed.
    stayed = "turn = 1" if given.has_duplicates else "true"
    shared = "shared.names" if given.shared else NULL
    join_shared = " LEFT JOIN shared ON shared.id = rows.id" if given.shared else ""
    decided = f"{NULL} AS decision, {NULL} AS why, {NULL} AS approved, {NULL} AS stamp"
    join_decided = ""
    if given.has_decisions:
        decided = f"decision, decisions.reason AS why, approved, {NULL} AS stamp"
        join_decided = " LEFT JOIN decisions ON decisions.record_id = rows.id"
    if given.has_decisions and given.automation.review.required:
        decided = "decision, decisions.reason AS why, approved, stamp"
        join_decided += f" LEFT JOIN ({_stamps(given)}) AS stamps ON stamps.rid = rows.rid"
    return (
        f"SELECT rows.*, NOT passes AS departed, {decided}, {shared} AS sharers "
        f"FROM ({inner}) AS rows{join_decided}{join_shared} "
        f"WHERE (passes AND {only_latest}) OR ({departed} AND {stayed})"
    )


def _passes(given: Circumstances) -> str:
    return f"coalesce(in_base AND ({given.passes}), false)"


def _date(given: Circumstances) -> int | None:
    return next((i for i, field in given.fields if field.output == "date"), None)


def _latest(given: Circumstances) -> str:
    first = "dated DESC NULLS LAST, " if _date(given) is not None else ""
    return f"{first}source DESC NULLS LAST, record DESC"


def _dated(given: Circumstances) -> str:
    """The dates beside the records, where the latest of several is asked for."""
    date = _date(given)
    if date is None or not given.has_duplicates:
        return ""
    return f" LEFT JOIN (SELECT rid, e{date} AS dated FROM ({given.texts})) AS dates USING (rid)"


def stamp(given: Circumstances) -> str:
    """What an approval is given for; told only where approvals are asked."""
    if not given.automation.review.required:
        return NULL
    texts = ", ".join(f"coalesce({given.after(i, f)}, chr(1))" for i, f in given.fields)
    return f"left(md5(concat_ws(chr(0), {texts})), 16)"


def _stamps(given: Circumstances) -> str:
    """The stamps of the records that somebody decided on: no others are held against one."""
    return (
        f"SELECT rid, {stamp(given)} AS stamp FROM "
        f"(SELECT *, NOT {_passes(given)} AS departed FROM ({given.texts})) "
        "WHERE id IN (SELECT record_id FROM decisions)"
    )


def _hash(given: Circumstances, i: int) -> str:
    if given.automation.update.departed != "clear":
        return f"g{i}"
    return f"CASE WHEN departed THEN {NOTHING} ELSE g{i} END"


def _status(given: Circumstances) -> str:
    update, review = given.automation.update, given.automation.review
    unknown = "false" if update.create_unknown else "NOT found"
    waits = "outside" if update.outside_changes == "hold" else "false"
    shared = "false" if update.shared_prefix else "sharers IS NOT NULL"
    return f"""CASE
        WHEN NOT departed AND source IS NULL THEN 'blocked'
        WHEN id IS NULL THEN 'not_found'
        WHEN {_repeated(given)} OR times > 1 THEN 'conflict'
        WHEN {unknown} THEN 'not_found'
        WHEN NOT departed AND {given.any_marked("x")} THEN 'blocked'
        WHEN NOT differs THEN 'same'
        WHEN {shared} THEN 'conflict'
        WHEN decision IN ('hold', 'exclude') THEN 'held'
        WHEN {waits} AND NOT {_approved(given)} THEN 'conflict'
        WHEN {"true" if review.required else "false"} AND NOT {_lets_go(given)} THEN 'held'
        WHEN bare THEN 'new' ELSE 'changed' END"""


def _repeated(given: Circumstances) -> str:
    return "false" if given.takes_latest else "(id_times > 1 OR source_times > 1)"


def _approved(given: Circumstances) -> str:
    stamped = "AND (approved IS NULL OR approved = stamp)"
    stamped = stamped if given.automation.review.required else ""
    return f"coalesce(decision = 'approve' {stamped}, false)"


def _lets_go(given: Circumstances) -> str:
    most = given.automation.review.auto_approve.max_label_steps
    steps = f" OR coalesce(steps <= {most}, false)" if most is not None else ""
    return "true" if given.approve_all else f"({_approved(given)}{steps})"
