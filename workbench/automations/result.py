"""What a run of an automation came to, as a value: every record is accounted for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.automations.push import written_rows
from workbench.words import counted

if TYPE_CHECKING:
    from workbench.automations.plan import Plan
    from workbench.automations.verify import Outcome

Moved = tuple[dict[str, Any], ...]
"""Cells whose value in Pendo was no longer what the plan saw: id, field, before, after, now."""


@dataclass(frozen=True, slots=True)
class AutomationResult:
    """What a run came to. Records, except ``values`` (cells) and ``api_calls`` (requests).

    Every record that something was to be written to is accounted for: ``sent``, ``failed``,
    ``skipped`` and ``held`` add up to ``planned``.
    """

    run: int
    status: str
    fingerprint: str
    records: int
    values: int
    planned: int
    sent: int = 0
    verified: int = 0
    failed: int = 0
    skipped: int = 0
    not_found: int = 0
    conflict: int = 0
    held: int = 0
    late: int = 0
    """Values that are written and not visible yet."""
    api_calls: int = 0
    reason: str | None = None
    moved: tuple[dict[str, Any], ...] = ()
    """Cells whose value in Pendo was no longer what the plan saw."""
    mismatches: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()


def result_of(
    plan: Plan,
    run_id: int,
    outcome: Outcome | None,
    *,
    status: str,
    reason: str | None,
    moved: Moved,
    api_calls: int,
) -> AutomationResult:
    """The result of a run with this plan; without an outcome nothing was sent, and all waits."""
    counts, to_write = plan.counts, written_rows(plan).num_rows
    result = AutomationResult(
        run=run_id,
        status=status,
        fingerprint=plan.fingerprint,
        records=counts.records,
        values=counts.values,
        planned=to_write + counts.held,
        held=counts.held if outcome else to_write + counts.held,
        not_found=counts.not_found,
        conflict=counts.conflict,
        api_calls=api_calls,
        reason=reason,
        moved=moved,
        warnings=plan.warnings,
    )
    if outcome is None:
        return result
    late = f"{counted(outcome.late, 'value')} written and not visible in Pendo yet"
    return replace(
        result,
        sent=outcome.sent,
        verified=outcome.verified,
        failed=outcome.failed,
        skipped=outcome.skipped,
        late=outcome.late,
        mismatches=tuple(dict(each) for each in outcome.mismatches),
        warnings=(*plan.warnings, late) if outcome.late else plan.warnings,
    )
