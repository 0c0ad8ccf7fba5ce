"""Which limits a plan exceeds, in words. Pure.

A percentage does not hold while no more records than ``floor`` are concerned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.automations.limits import Guardrails
from workbench.automations.plan import Counts
from workbench.plan import Breach, Verdict
from workbench.words import counted


@dataclass(frozen=True, slots=True)
class Measures:
    """What the limits are held against, beside the counts."""

    flips: int
    """Records to be written whose label moves two steps or more."""
    nulls: int
    """Empty predictions of the records that match."""
    cells: int
    """All predictions of those."""
    without_source: int
    repeated: int
    """Records that share their source ID, or their id in Pendo, with another."""
    api_calls: int
    budget_left: int | None
    writers: tuple[str, ...]
    """Automations that write the same fields of nobody knows which records."""


def verdict(limits: Guardrails, counts: Counts, previous: Counts | None, m: Measures) -> Verdict:
    """Whether the plan may go by itself.

    Args:
        previous: The counts of the last run that wrote; None on the first.
    """
    return Verdict(
        (
            *_unsafe(m),
            *_rows(limits, counts, previous),
            *_shares(limits, counts, m),
            *_calls(limits, m),
        )
    )


def _unsafe(m: Measures) -> Iterator[Breach]:
    if m.without_source:
        words = f"{counted(m.without_source, 'record')} without a source ID; none is allowed"
        yield Breach("source_id", m.without_source, 0, words)
    if m.repeated:
        words = f"{counted(m.repeated, 'record')} share their ID with another; none may"
        yield Breach("duplicates", m.repeated, 0, words)
    if m.writers:
        words = f"{', '.join(m.writers)} writes the same fields; allow it under shared_prefix"
        yield Breach("shared_prefix", len(m.writers), 0, words)


def _rows(limits: Guardrails, counts: Counts, previous: Counts | None) -> Iterator[Breach]:
    if counts.matching < limits.min_rows:
        words = f"{counted(counts.matching, 'record')} would be read; at least {limits.min_rows}"
        yield Breach("min_rows", counts.matching, limits.min_rows, f"{words} must be")
    if previous is not None and previous.matching:
        lost = previous.matching - counts.matching
        yield from _share(
            "max_drop_percent", lost, previous.matching, limits.max_drop_percent, limits.floor,
            "fewer records match than in the last run",
        )  # fmt: skip


def _shares(limits: Guardrails, counts: Counts, m: Measures) -> Iterator[Breach]:
    floor, records = limits.floor, counts.records
    yield from _share(
        "max_changed_percent",
        counts.changed,
        records,
        limits.max_changed_percent,
        floor,
        "of the records would change",
    )
    yield from _share(
        "max_two_step_flips_percent",
        m.flips,
        records,
        limits.max_two_step_flips_percent,
        floor,
        "of the records would move two labels or more",
    )
    yield from _share(
        "max_null_percent",
        m.nulls,
        m.cells,
        limits.max_null_percent,
        floor,
        "of the predictions are empty",
    )
    yield from _share(
        "max_not_found_percent",
        counts.not_found,
        records,
        limits.max_not_found_percent,
        floor,
        "of the records are not in Pendo",
    )


def _share(
    limit: str, part: int, whole: int, allowed: float, floor: int, what: str
) -> Iterator[Breach]:
    if part <= floor or not whole or part * 100 <= allowed * whole:
        return
    percent = part / whole * 100
    # Never "15 % …; the limit is 15 %": as many digits as it takes to differ.
    told = next(
        (text for digits in (0, 1, 2) if float(text := f"{percent:.{digits}f}") > allowed),
        f"{percent:.3f}",
    )
    yield Breach(limit, percent, allowed, f"{told} % {what}; the limit is {allowed:g} %")


def _calls(limits: Guardrails, m: Measures) -> Iterator[Breach]:
    if limits.max_api_calls is not None and m.api_calls > limits.max_api_calls:
        words = f"{counted(m.api_calls, 'API call')} would be used; the limit is"
        yield Breach(
            "max_api_calls",
            m.api_calls,
            limits.max_api_calls,
            f"{words} {counted(limits.max_api_calls, 'call')}",
        )
    if m.budget_left is not None and m.api_calls > m.budget_left:
        words = f"{counted(m.api_calls, 'API call')} would be used; {m.budget_left} are left today"
        yield Breach("budget", m.api_calls, m.budget_left, words)
