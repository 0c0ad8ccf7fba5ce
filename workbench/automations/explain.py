"""Why a record is in, or out: each condition with its value, the match, limits, writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench import sql
from workbench.automations.model import Automation

if TYPE_CHECKING:
    import duckdb

    from workbench.automations.preparation import Drawn, Preparation


@dataclass(frozen=True, slots=True)
class Answer:
    """One question about a record, and its answer."""

    question: str
    passes: bool | None
    """None where there is nothing to pass."""
    words: str


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that decided about one record of the base."""

    source_id: str | None
    id: str | None
    """Pendo's id."""
    is_in: bool
    """Whether it passes the conditions."""
    status: str | None
    """Its status on the sheet; None where it is not on it."""
    answers: tuple[Answer, ...]


MOST_ANSWERS = 20
"""Records told of at once, where several have the id asked for."""


def why(preparation: Preparation, drawn: Drawn, record: str) -> list[Why]:
    """Why the records with this source ID or Pendo id are in, or out; empty for an unknown one.

    Looks at the sheet as it was drawn last.
    """
    connection = preparation.connection
    steps = drawn.filter.steps
    values = [f"CAST(k{n} AS VARCHAR)" for n in _places(drawn)]
    asked = ["rowid", "source", "id", "found", "times", "in_base", "was", drawn.filter.sql]
    asked += [
        part for step, value in zip(steps, values, strict=True) for part in (step.alone, value)
    ]
    text = sql.literal(record)
    rows = connection.execute(
        f"SELECT {', '.join(asked)} FROM matched "
        f"WHERE {text} IN (source, id, given) ORDER BY source LIMIT {MOST_ANSWERS}"
    ).fetchall()
    return [_why(connection, drawn, row) for row in rows]


def _places(drawn: Drawn) -> list[int]:
    return [drawn.kept.index(step.field) for step in drawn.filter.steps]


def _why(connection: duckdb.DuckDBPyConnection, drawn: Drawn, row: tuple[Any, ...]) -> Why:
    rid, source, id_, found, times, in_base, was, passes = row[:8]
    answers = []
    for step, (alone, value) in zip(
        drawn.filter.steps, zip(row[8::2], row[9::2], strict=True), strict=True
    ):
        shown = "nothing stands there" if value is None else f"it is {value}"
        answers.append(Answer(step.words, bool(alone) and in_base, shown))
    answers.append(_match(drawn.inputs.automation, id_, found, times))
    sheet = connection.execute(
        f"SELECT status, reason FROM ({drawn.rows}) WHERE rid = {rid:d}"
    ).fetchall()
    status, reason = sheet[0] if sheet else (None, None)
    if status is not None:
        answers.append(
            Answer("Its row on the sheet", status in ("new", "changed", "same"),
                   status.replace("_", " ") + (f": {reason}" if reason else ""))
        )  # fmt: skip
    breaches = drawn.totals.verdict.words
    answers.append(Answer("The run's guardrails", not breaches, breaches or "all are kept"))
    written = "by this automation" if was else "never by this automation"
    answers.append(Answer("Written before", None, written))
    return Why(source, id_, bool(passes) and in_base, status, tuple(answers))


def _match(automation: Automation, id_: str | None, found: bool, times: int) -> Answer:
    kind = automation.update.object
    if id_ is None:
        return Answer(f"A Pendo {kind}", False, f"{automation.id_column} is empty")
    if times > 1:
        return Answer(f"A Pendo {kind}", False, f"{times} {kind}s match")
    words = f"{kind} {id_}" if found else f"Pendo has no {kind} {id_}"
    return Answer(f"A Pendo {kind}", found, words)
