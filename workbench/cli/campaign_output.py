"""Campaign sheets, results and budgets as the terminal shows them, in lines and as JSON."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.cli.output import answer, cell, counted, note, table

if TYPE_CHECKING:
    from workbench.campaigns.looked import Looked
    from workbench.campaigns.results import SyncResult

SHOWN_ROWS = 50
"""Rows of a sheet that are told; --out writes all of them."""
RESULT_KEYS = (
    "run status inward outward member_fields conflicts held failed warnings api_calls campaigns "
    "skipped"
).split()


def told(asked: Namespace, done: "Sequence[tuple[str, SyncResult]]") -> int:
    """Answer with what syncs came to; gives the exit code: 4 where a row failed."""
    values = [{key: result.as_json()[key] for key in RESULT_KEYS} for _, result in done]
    lines = [sentence(name, result) for name, result in done]
    answer(asked, values[0] if len(values) == 1 else values, lines)
    for _, result in done:
        for why in result.skipped.values():
            note(f"skipped: {why}")
        for warning in result.warnings:
            note(f"warning: {warning}")
        if result.held:
            note("hint: look at the sheet (campaign preview); --release lets held deletes go")
    return 4 if any(result.failed for _, result in done) else 0


def sentence(name: str, result: "SyncResult") -> str:
    """What a sync came to, in one line."""
    inward, outward = result.inward, result.outward
    return (
        f"{name}: {counted(len(result.campaigns))} campaigns, {counted(inward['joined'])} joined, "
        f"{counted(inward['left'])} left, {counted(inward['updated'])} changed, "
        f"{counted(inward['statuses'])} statuses in, {counted(outward['statuses'])} out, "
        f"{counted(result.conflicts)} conflicts, {counted(result.held)} held "
        f"({counted(result.api_calls)} calls, run {result.run})"
    )


def preview_json(looked: "Looked") -> dict[str, Any]:
    """What ``campaign preview --json`` promises."""
    counts, plan = looked.plan.counts, looked.plan
    return {
        "kind": looked.kind,
        "campaigns": looked.campaign_ids,
        "fingerprint": looked.fingerprint,
        "inward": {
            "joined": counts.joined,
            "left": counts.left,
            "updated": counts.updated,
            "statuses": counts.statuses_in,
        },
        "outward": {
            "statuses": counts.statuses_out,
            "editions": looked.statistics.editions,
            "statistics": looked.statistics.campaigns,
        },
        "member_fields": counts.fields_out,
        "conflicts": counts.conflicts,
        "held": counts.held,
        "warnings": [str(warned) for warned in looked.all_warnings],
        "notices": list(looked.notices),
        "api_calls": looked.calls,
        "estimate": looked.estimate.calls,
        "rows": plan.sheet.slice(0, SHOWN_ROWS).to_pylist(),
    }


def preview_lines(looked: "Looked") -> list[str]:
    """A sheet as a person reads it."""
    counts, plan = looked.plan.counts, looked.plan
    names = ", ".join(row.name for row in looked.chosen)
    lines = [
        f"campaign  {names}",
        f"inward    {counted(counts.joined)} joined, {counted(counts.left)} left, "
        f"{counted(counts.updated)} changed, {counted(counts.statuses_in)} statuses, "
        f"{counted(counts.states)} active or inactive",
        f"outward   {counted(counts.statuses_out)} statuses, "
        f"{counted(looked.statistics.campaigns)} statistics, "
        f"{counted(looked.statistics.editions)} of editions, "
        f"{counted(counts.fields_out)} members' other fields",
        f"conflicts {counted(counts.conflicts)}, held {counted(counts.held)}",
        f"calls     {counted(looked.calls)}",
        *(f"warning   {warned}" for warned in looked.all_warnings),
    ]
    columns = ("direction", "what", "name", "field", "before", "after", "status", "reason")
    rows = plan.sheet.slice(0, SHOWN_ROWS).to_pylist()
    more = plan.sheet.num_rows - len(rows)
    return [
        *lines,
        "",
        *table(rows, columns),
        *([f"… and {counted(more)} more"] if more > 0 else []),
        *(f"notice    {notice}" for notice in looked.notices),
    ]


def write_sheet(looked: "Looked", path: str) -> None:
    """Write every row of a sheet as CSV."""
    from pyarrow import csv

    csv.write_csv(looked.plan.sheet, path)


def budget_lines(name: str, told: Any, names: Mapping[str, str]) -> list[str]:
    """Calls of one sync as a person reads them."""

    def of(number: int | None) -> str:
        return "unknown" if number is None else counted(number)

    share = "" if told.forecast_percent is None else f" ({told.forecast_percent} % of the limit)"
    lines = [
        f"{name}",
        f"  org        {of(told.used_org)} of {of(told.limit)} calls in 24 hours",
        f"  ours       {of(told.used_ours)} of {of(told.allocation)} ({told.gate})",
        f"  forecast   {of(told.forecast_per_day)} a day{share}; one by one it would be "
        f"{of(told.one_by_one_per_day)}",
    ]
    lines += [
        f"  wasted     {of(each.calls_per_month)} a month by {cell(names.get(each.campaign_id))}, "
        "closed with auto-sync on"
        for each in told.wasted
    ]
    return lines
