"""``automation preview``, ``run``, ``activate``, ``deactivate``, ``undo``; ``delete --clear``."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.opened import person, services
from workbench.cli.output import answer, counted, note, table
from workbench.cli.progress import Bar
from workbench.cli.stopping import stoppable
from workbench.errors import HeldError, WorkbenchError

if TYPE_CHECKING:
    from workbench.automations.plan import Plan
    from workbench.automations.push import Progress
    from workbench.automations.run import AutomationResult
    from workbench.services import Services

SHOWN_ROWS = 50
"""Rows of a sheet that are told; --out writes all of them."""
RESULT_KEYS = (
    "run status fingerprint records values planned sent verified failed skipped not_found conflict "
    "held api_calls reason warnings moved mismatches"
).split()
COUNTS = ("records", "new", "changed", "same", "not_found", "conflict", "held", "values")


def preview(asked: Namespace) -> int:
    """Show what a run would write; write nothing."""
    from workbench.automations.run import preview as previewed

    with services() as opened:
        _, name = opened.documents.resolve(asked.name, "automation")
        plan = previewed(opened.documents.automation(name), opened)
    if asked.out:
        write_sheet(plan, Path(asked.out))
    answer(asked, plan_json(plan), [] if asked.json else plan_lines(name, plan))
    return 0


def run(asked: Namespace) -> int:
    """Preview, guardrails, push, verify."""
    from workbench.automations.run import run as pushed

    with services() as opened:
        _, name = opened.documents.resolve(asked.name, "automation")
        automation = opened.documents.automation(name)
        return _told(
            asked,
            opened,
            name,
            lambda draw: pushed(
                automation,
                opened,
                fingerprint=asked.fingerprint,
                release=asked.release,
                on_progress=draw,
            ),
        )


def undo(asked: Namespace) -> int:
    """Write the values that stood before a run, except where somebody changed them since."""
    from workbench.automations.run import undo as undone
    from workbench.automations.run import undo_plan

    with services() as opened:
        name = opened.state.ledger.push(asked.run).automation
        if asked.preview:
            plan = undo_plan(asked.run, opened)
            answer(asked, plan_json(plan), [] if asked.json else plan_lines(name, plan))
            return 0
        return _told(asked, opened, name, lambda draw: undone(asked.run, opened, on_progress=draw))


def clear_and_delete(asked: Namespace, opened: "Services", name: str) -> int:
    """Empty the fields an automation wrote, then delete it; without --yes only the sheet is told.

    Raises:
        HeldError: nobody has said that the sheet was read; nothing was sent.
    """
    from workbench.automations.clearing import clear_plan, in_words
    from workbench.automations.run import clear

    automation = opened.documents.automation(name)
    if not asked.yes:
        plan = clear_plan(automation, opened)
        answer(asked, plan_json(plan), [] if asked.json else plan_lines(name, plan))
        raise HeldError(
            f"{name} is not deleted yet. Clearing it: {in_words(plan)}",
            hint="Read the sheet, then add --yes.",
        )
    status = _told(
        asked,
        opened,
        name,
        lambda draw: clear(automation, opened, delete_as=person(), on_progress=draw),
    )
    if name in opened.documents.names("automation"):
        note(f"{name} stays: not every value could be cleared. It is off; clear it again.")
    elif not asked.json:
        note(f"deleted automation/{name}")
    return status


def activate(asked: Namespace) -> int:
    """Switch an automation on."""
    return _switch(asked, on=True)


def deactivate(asked: Namespace) -> int:
    """Switch an automation off."""
    return _switch(asked, on=False)


def _switch(asked: Namespace, *, on: bool) -> int:
    from workbench.automations.run import has_been_seen, plan_seen_last, switch

    with services() as opened:
        _, name = opened.documents.resolve(asked.name, "automation")
        automation = opened.documents.automation(name)
        first = on and not has_been_seen(automation, opened)
        switch(automation, opened, on=on, who=person())
        plan = plan_seen_last(automation, opened) if first else None
    word = "on" if on else "off"
    lines = [f"{name} is {word}"]
    if plan is not None and not asked.json:
        lines += ["Its first run will write this:", *plan_lines(name, plan)]
    if on and not automation.schedules:
        note(f"warning: {name} has no schedule, so nothing runs it")
    answer(asked, {"name": name, "active": on}, lines)
    return 0


def _told(
    asked: Namespace,
    opened: "Services",
    name: str,
    carry_out: "Callable[[Callable[[Progress], None]], AutomationResult]",
) -> int:
    """Carry something out with a bar, and say what it came to, also when it was held or stopped."""
    before = _newest(opened, name)
    try:
        with _bar(opened, name) as draw:
            result = carry_out(draw)
    except WorkbenchError:
        newest = _newest(opened, name)
        if asked.json and newest is not None and newest != before:
            told = opened.state.runs.get(newest).result
            if told is not None:
                answer(asked, {key: told[key] for key in RESULT_KEYS}, [])
        raise
    answer(asked, {key: getattr(result, key) for key in RESULT_KEYS}, [sentence(name, result)])
    for warning in result.warnings:
        note(f"warning: {warning}")
    return 4 if result.status == "done with errors" else 0


def _newest(opened: "Services", name: str) -> int | None:
    runs = opened.state.runs.latest(f"automation/{name}", limit=1)
    return runs[0].id if runs else None


@contextmanager
def _bar(opened: "Services", name: str) -> "Iterator[Callable[[Progress], None]]":
    with Bar(name) as bar, stoppable(opened, f"automation/{name}"):

        def draw(progress: "Progress") -> None:
            bar.update(progress.done, progress.total, progress.done - progress.failed)

        yield draw


def sentence(name: str, result: "AutomationResult") -> str:
    """What a run came to, in one line."""
    parts = [f"{counted(result.sent)} of {counted(result.planned)} records written"]
    words = ("verified", "failed", "skipped", "held", "not_found", "conflict")
    parts += [
        f"{counted(number)} {word.replace('_', ' ')}"
        for word in words
        if (number := getattr(result, word))
    ]
    calls = f"{counted(result.api_calls)} requests, run {result.run}"
    return f"{name}: {result.status}; {', '.join(parts)} ({calls})"


def plan_json(plan: "Plan") -> dict[str, Any]:
    """What ``automation preview --json`` promises."""
    counts = {word: getattr(plan.counts, word) for word in COUNTS}
    return {
        "fingerprint": plan.fingerprint,
        **counts,
        "fields": [field.name for field in plan.fields],
        "api_calls": plan.api_calls,
        "warnings": list(plan.warnings),
        "holds": [breach.words for breach in plan.verdict.breaches],
        "rows": sheet_rows(plan, SHOWN_ROWS)[0],
    }


def plan_lines(name: str, plan: "Plan", *, rows: int = SHOWN_ROWS) -> list[str]:
    """A change sheet as a person reads it: totals, then the first cells."""
    counts = [
        f"{counted(getattr(plan.counts, word))} {word.replace('_', ' ')}"
        for word in COUNTS
        if word in ("records", "values") or getattr(plan.counts, word)
    ]
    lines = [
        f"{name}  plan {plan.fingerprint}",
        f"counts   {', '.join(counts)}",
        f"fields   {', '.join(field.name for field in plan.fields)}",
        f"requests {counted(plan.api_calls)}",
        *(f"warning  {warning}" for warning in plan.warnings),
        *(f"held     {breach.words}" for breach in plan.verdict.breaches),
    ]
    cells, total = sheet_rows(plan, rows)
    if cells:
        lines += ["", *table(cells)]
    if total > rows:
        lines.append(f"… {counted(total - rows)} more; --out FILE.csv writes all")
    return lines


def sheet_sql(plan: "Plan", rows: str) -> str:
    """SQL of the sheet cell by cell, what is sent first."""
    from workbench.sql import literal
    from workbench.sql import name as quoted

    cells = " UNION ALL ".join(
        f"SELECT id, source_id, {literal(field.name)} AS field, "
        f"{quoted(field.name + '__before')} AS before, {quoted(field.name + '__after')} AS after, "
        f"status, reason, {quoted(field.name + '__write')} AS sent FROM {rows}"
        for field in plan.fields
    )
    return (
        "SELECT coalesce(id, source_id) AS id, field, before, after, status, reason "
        f"FROM ({cells}) WHERE sent OR status NOT IN ('new', 'changed') "
        "ORDER BY sent DESC, status, 1, field"
    )


def sheet_rows(plan: "Plan", most: int) -> tuple[list[dict[str, Any]], int]:
    """The first cells of the sheet: id, field, before, after, status, reason; how many there are.

    Args:
        most: So many cells are given.
    """
    import duckdb

    if not plan.fields:
        return [], 0
    with duckdb.connect() as connection:
        connection.register("rows", plan.rows)
        query = sheet_sql(plan, "rows")
        total = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
        found = connection.sql(f"{query} LIMIT {most}").to_arrow_table()
    return found.to_pylist(), int(total)


def write_sheet(plan: "Plan", path: Path) -> None:
    """Write the sheet to a file.

    Raises:
        InputError: it is neither CSV, Parquet nor Excel.
    """
    import duckdb

    from workbench.store.datasets.exports import export_query

    with duckdb.connect() as connection:
        connection.register("rows", plan.rows)
        export_query(connection, f"({sheet_sql(plan, 'rows')})", path)


def ledger_rows(opened: "Services", run_id: int, which: str) -> list[dict[str, Any]]:
    """What became of the values of a run: those that failed, those of one status, or all."""
    statuses: Any = {"all": (), "failed": ("failed", "mismatch")}.get(which, (which,))
    found = opened.state.ledger.cells(run_id, statuses=statuses)
    rows: list[dict[str, Any]] = found.rename_columns(
        ["id" if name == "record_id" else name for name in found.column_names]
    ).to_pylist()
    return rows
