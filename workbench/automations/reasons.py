"""The sheet's rows as a plan has them: texts before and after, and the reason. Pure SQL."""

from __future__ import annotations

from workbench import sql
from workbench.automations.judging import Circumstances, absent, stamp
from workbench.automations.matching import by_rules
from workbench.automations.plan import PlannedField

TYPE_WORDS = {"string": "text", "number": "a number", "time": "a time", "boolean": "true or false"}


def rows_sql(given: Circumstances, texts: str) -> str:
    """SQL of the sheet's rows as a plan has them, from ``sheet`` and ``matched``; with ``rid``.

    Args:
        texts: SQL of ``matched`` with its texts.
    """
    shown = ["sheet.rid", "sheet.id", "sheet.source AS source_id", "status"]
    shown += [f"{_reason(given)} AS reason", "decision", f"{stamp(given)} AS stamp"]
    for i, field in given.fields:
        cells = {
            "before": f"b{i}",
            "after": given.after(i, field),
            "write": f"status IN ('new', 'changed') AND {given.differs(i, field)}",
        }
        shown += [f"{text} AS {sql.name(f'{field.name}__{cell}')}" for cell, text in cells.items()]
    everything = ", ".join(["*", *(f"{text} AS {name}" for name, text in absent(given).items())])
    return (
        f"SELECT {', '.join(shown)} FROM (SELECT {everything} FROM sheet) AS sheet JOIN "
        f"(SELECT * EXCLUDE (id), {given.marks} "
        f"FROM ({texts})) AS matched ON matched.rid = sheet.rid"
    )


def _reason(given: Circumstances) -> str:
    read_from, update = given.automation.read_from, given.automation.update
    kind = update.object
    misfits = "\n".join(f"WHEN x{i} THEN {sql.literal(_misfit(f))}" for i, f in given.fields)
    changed = ", ".join(
        f"CASE WHEN o{i} AND {given.differs(i, f)} THEN {sql.literal(f.name)} END"
        for i, f in given.fields
    )
    outside = f"concat_ws(', ', {changed}) || ' was changed in Pendo since the last run'"
    id_column, source = sql.literal(given.automation.id_column), sql.literal(read_from.source_id)
    key = by_rules("given", update.match)
    return f"""CASE status
        WHEN 'same' THEN CASE WHEN departed THEN 'matches no more' END
        WHEN 'blocked' THEN CASE WHEN sheet.source IS NULL THEN {source} || ' is empty'
            {misfits} END
        WHEN 'not_found' THEN CASE WHEN sheet.id IS NULL THEN {id_column} || ' is empty'
            ELSE 'Pendo has no {kind} ' || sheet.id END
        WHEN 'conflict' THEN CASE
            WHEN source_times > 1
                THEN source_times || ' records have the source ID ' || sheet.source
            WHEN id_times > 1 THEN id_times || ' records have the {kind} ' || sheet.id
            WHEN times > 1 THEN times || ' {kind}s in Pendo match ' || {key}
            WHEN sharers IS NOT NULL AND {"false" if update.shared_prefix else "true"}
                THEN 'also written by ' || sharers
            ELSE {outside} END
        WHEN 'held' THEN CASE
            WHEN decision = 'exclude' THEN 'excluded' || coalesce(': ' || why, '')
            WHEN decision = 'hold' THEN 'on hold' || coalesce(': ' || why, '')
            ELSE 'waits for approval' END
        ELSE CASE
            WHEN departed THEN 'matches no more'
            WHEN outside THEN {outside}
            WHEN sharers IS NOT NULL THEN 'also written by ' || sharers END
        END"""


def _misfit(field: PlannedField) -> str:
    if not field.writable:
        return f"{field.name} is a list in Pendo and cannot be written"
    wanted = "a whole number" if field.whole else TYPE_WORDS[field.type]
    return f"{field.output.capitalize()} is not {wanted}, which {field.name} holds"
