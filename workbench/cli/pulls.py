"""``pull preview`` and ``pull run``."""

import dataclasses
from argparse import Namespace
from typing import TYPE_CHECKING

from workbench.cli.opened import services
from workbench.cli.output import answer, counted, json_text, megabytes, note, table
from workbench.cli.progress import Bar
from workbench.cli.stopping import stoppable

if TYPE_CHECKING:
    from workbench.pulls.preview import Preview
    from workbench.pulls.run import Progress, PullResult
    from workbench.services import Services
    from workbench.store.datasets.model import Effect


def preview(asked: Namespace) -> int:
    """Show what a pull would bring and do; change nothing."""
    from workbench.pulls.preview import preview as previewed

    with services() as opened:
        _, name = opened.documents.resolve(asked.name, "pull")
        pull = opened.documents.pull(name)
        found = previewed(pull, opened, rows=asked.rows)
        value = {"name": name, "dataset": pull.dataset_name, **as_json(found)}
    answer(
        asked, value, [f"dataset   {pull.dataset_name}", *lines(found)] if not asked.json else []
    )
    return 0


def run(asked: Namespace) -> int:
    """Fetch a pull's rows and make the next version of its dataset."""
    with services() as opened:
        _, name = opened.documents.resolve(asked.name, "pull")
        result = carry_out(opened, name, release=asked.release)
    answer(asked, run_json(result), [sentence(name, result)])
    for warning in result.warnings:
        note(f"warning: {warning}")
    return 4 if result.status == "done with errors" else 0


def carry_out(opened: "Services", name: str, *, release: bool = False) -> "PullResult":
    """Run a pull with a bar for whoever watches; Ctrl-C stops it in order."""
    from workbench.pulls.run import run as pulled

    pull = opened.documents.pull(name)
    with Bar(name) as bar, stoppable(opened, f"pull/{name}"):

        def draw(progress: "Progress") -> None:
            bar.update(progress.done, progress.total, progress.rows, progress.resumed)

        return pulled(pull, opened, on_progress=draw, release=release)


def run_json(result: "PullResult") -> dict[str, object]:
    """What ``pull run --json`` promises."""
    keys = ("run", "status", "rows", "dataset", "version", "requests", "bytes", "seconds")
    return {key: getattr(result, key) for key in keys} | {"warnings": list(result.warnings)}


def sentence(name: str, result: "PullResult") -> str:
    """What a run came to, in one line."""
    return (
        f"{name}: {counted(result.rows)} rows into {result.dataset}, now version {result.version} "
        f"({counted(result.requests)} requests, {megabytes(result.bytes)}, "
        f"{result.seconds:.1f} s, run {result.run})"
    )


def as_json(found: "Preview") -> dict[str, object]:
    """What ``pull preview --json`` says."""
    return {
        "request": found.request,
        "requests": found.requests,
        "rewritten": found.rewritten,
        "first_day": found.first_day,
        "last_day": found.last_day,
        "zone": found.zone,
        "columns": [{"name": column.name, "type": column.type} for column in found.columns],
        "rows": found.rows.to_pylist(maps_as_pydicts="lossy"),
        "row_estimate": found.row_estimate,
        "effect": effect_json(found.effect),
        "exact": found.exact,
        "warnings": list(found.warnings),
    }


def effect_json(effect: "Effect | None") -> dict[str, object] | None:
    """An effect without the sample of offending rows' own type."""
    if effect is None:
        return None
    fields = [field.name for field in dataclasses.fields(effect)]
    told = {name: getattr(effect, name) for name in fields}
    told["offending"] = effect.offending.to_pylist() if effect.offending is not None else []
    told["schema_changes"] = [str(change) for change in effect.schema_changes]
    return told


def lines(found: "Preview") -> list[str]:
    """A preview as a person reads it: days, calls, effect, columns, rows."""
    expected = (
        "" if found.row_estimate is None else f", {counted(found.row_estimate)} rows expected"
    )
    calls = "only fetching tells how many" if found.requests is None else counted(found.requests)
    told = [f"days      {found.days}", f"requests  {calls}{expected}"]
    told += [f"effect    {sentence_of(found.effect, exact=found.exact)}"] if found.effect else []
    told += [f"warning   {warning}" for warning in found.warnings]
    if found.request is not None:
        told += ["", "request", json_text(found.request)]
    told += ["", *table([{"column": each.name, "type": each.type} for each in found.columns])]
    rows = found.rows.to_pylist(maps_as_pydicts="lossy")
    return [*told, "", *table(rows, found.rows.column_names)]


def sentence_of(effect: "Effect", *, exact: bool) -> str:
    """An effect in one line."""
    if effect.refusal:
        return f"refused: {effect.refusal}"
    words = ("new", "changed", "gone", "same", "duplicates_created", "expired")
    counts = {word.replace("_", " "): getattr(effect, word) for word in words}
    parts = [f"{counted(effect.rows_before)} rows become {counted(effect.rows_after)}"]
    parts += [f"{counted(number)} {word}" for word, number in counts.items() if number]
    if effect.partitions_touched:
        parts.append(f"{counted(len(effect.partitions_touched))} partitions touched")
    return ", ".join(parts) + ("" if exact else " (from the rows shown only)")
