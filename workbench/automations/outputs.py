"""What each output is to hold: from its column, or, for Trend, from the score before. Pure SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench import sql
from workbench.automations.conditions import Column
from workbench.automations.labels import TrendWords
from workbench.automations.model import Automation
from workbench.automations.plan import PlannedField
from workbench.automations.values import base_text, plain_text


def desired(
    automation: Automation, field: PlannedField, columns: Mapping[str, Column], zone: str
) -> tuple[str, str]:
    """SQL of the canonical text of one field, and of whether its value cannot be one.

    An output without a column is null here: Trend is told later, from what was written before.
    """
    column = columns.get(automation.read_from.outputs.get(field.output, ""))
    if column is None:
        return "CAST(NULL AS VARCHAR)", "false"
    given = plain_text(column.sql, column.type)
    if not field.writable:
        return "CAST(NULL AS VARCHAR)", f"{given} IS NOT NULL"
    text = base_text(column.sql, column.type, field.type, zone=zone)
    if field.type == "string":
        return text, "false"
    impossible = f"({text}) IS NULL AND {given} IS NOT NULL"
    if field.whole:
        impossible = f"({impossible} OR contains({text}, '.') OR contains({text}, 'e'))"
    if column.type in ("FLOAT", "DOUBLE"):
        impossible = f"({impossible}) AND isfinite({column.sql})"
    return text, impossible


def label_set(sets: Sequence[Sequence[str]], found: Sequence[str]) -> tuple[str, ...]:
    """The set that most of the labels found are of, highest first; empty where none is.

    >>> label_set([("Excellent", "Poor"), ("Critical", "Low")], ["low", "Critical", "?"])
    ('Critical', 'Low')
    """
    lowered = {label.lower() for label in found}
    fits = [len(lowered & {label.lower() for label in labels}) for labels in sets]
    best = max(range(len(sets)), key=fits.__getitem__)
    return tuple(sets[best]) if fits[best] else ()


def place(text: str, labels: Sequence[str]) -> str:
    """SQL of a label's place in its set, 1 for the highest; null for other texts."""
    if not labels:
        return "CAST(NULL AS INTEGER)"
    return f"nullif(list_position({sql.literals(x.lower() for x in labels)}, lower({text})), 0)"


def trend(
    words: TrendWords,
    labels: Sequence[str],
    *,
    score: str,
    score_before: str,
    date: str | None,
    date_before: str | None,
    trend_before: str,
) -> str:
    """SQL of the trend since the score that was pushed last.

    The same score of the same date is not scored anew: its trend stays as it was pushed, so that
    pushing twice changes nothing. Without a score before there is no trend.
    """
    # A label stands higher the smaller its place; a number the greater it is.
    now = f"coalesce(-({place(score, labels)})::DOUBLE, TRY_CAST({score} AS DOUBLE))"
    then = f"coalesce(-({place(score_before, labels)})::DOUBLE, TRY_CAST({score_before} AS DOUBLE))"
    again = f"{date} IS NOT DISTINCT FROM {date_before}" if date and date_before else "true"
    return (
        f"CASE WHEN {score} IS NULL OR {score_before} IS NULL THEN NULL "
        f"WHEN lower({score}) = lower({score_before}) AND {again} THEN {trend_before} "
        f"WHEN lower({score}) = lower({score_before}) THEN {sql.literal(words.no_change)} "
        f"WHEN {now} > {then} THEN {sql.literal(words.up)} "
        f"WHEN {now} < {then} THEN {sql.literal(words.down)} END"
    )
