"""What needs a person: decided from what is known, drawn as a line with its one button each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import streamlit as st

from workbench.alerts.changes import Overdue, Situation, change, overdue, stale_from
from workbench.ui import formats, frame
from workbench.ui.chips import chip_text
from workbench.ui.session import WHO, explained, note_for_later, services
from workbench.words import job_words

if TYPE_CHECKING:
    from workbench.store.state import Figures, Run
    from workbench.ui.known_jobs import Entry
    from workbench.ui.missed_list import Missed

Kind = Literal["stopped", "paused", "failed", "held", "done with errors", "stale", "missed"]
ORDER: tuple[Kind, ...] = (
    "stopped",
    "held",
    "paused",
    "failed",
    "missed",
    "done with errors",
    "stale",
)
"""What keeps everything else waiting comes first, then what waits for a decision."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that needs a person."""

    kind: Kind
    job: str
    text: str
    hint: str = ""
    run_id: int | None = None


def troubles(
    entries: Iterable[Entry],
    newest: Mapping[str, Run],
    missed: Sequence[Missed],
    figures: Mapping[str, Figures],
    now: datetime,
) -> list[Trouble]:
    """What is wrong with each job, one trouble at most beside its missed slots; most urgent first.

    Args:
        newest: Each job's newest run that finished and was not cancelled.
        missed: The slots that wait for a decision.
        figures: Each job's last success.
    """
    by_job = {entry.job: entry for entry in entries}
    each = (
        _of_job(job, by_job.get(job), newest.get(job), figures.get(job), now)
        for job in sorted(by_job.keys() | newest.keys())
    )
    found = [*_missed(missed), *(trouble for trouble in each if trouble is not None)]
    return sorted(found, key=lambda trouble: ORDER.index(trouble.kind))


def _missed(missed: Sequence[Missed]) -> list[Trouble]:
    slots = Counter(job for job, _ in missed)
    return [
        Trouble(
            "missed", job, f"{job_words(job)}: {formats.counted(count, 'slot')} had nobody to run"
        )
        for job, count in slots.items()
    ]


def _of_job(
    job: str, entry: Entry | None, run: Run | None, figures: Figures | None, now: datetime
) -> Trouble | None:
    late = _late(entry, figures.last_success if figures else None, now) if entry else None
    reason = entry.paused_reason if entry else None
    changed = change(job, None, Situation(run, paused_reason=reason, overdue=late), now, None)
    if changed is None or changed[1] is None:
        return None
    alert = changed[1]
    if alert.state == "recovered":
        return None
    return Trouble(alert.state, job, alert.text, alert.hint, alert.run_id)


def _late(entry: Entry, last_success: datetime | None, now: datetime) -> Overdue | None:
    """Whether it is stale; schedules that changed since its last success count from the change."""
    changed_at, scheduled = entry.changed_at or now, entry.scheduled
    since = max(last_success or changed_at, changed_at) if scheduled.schedules else last_success
    stale_at = stale_from(scheduled.schedules, since or changed_at, scheduled.stale_after)
    if not entry.is_watched or stale_at is None or now < stale_at:
        return None
    return overdue(scheduled.schedules, last_success, changed_at, now, scheduled.stale_after)


def show_troubles(found: Sequence[Trouble]) -> None:
    """A line for each, with its one button."""
    for trouble in found[:SHOWN]:
        with st.container(border=True, key=f"attention-line-{trouble.kind}-{trouble.job}"):
            left, right = st.columns([5, 1], vertical_alignment="center")
            hint = f"  \n:gray[:small[{formats.plain(trouble.hint)}]]" if trouble.hint else ""
            left.markdown(f"{chip_text(trouble.kind)} {formats.plain(trouble.text)}{hint}")
            with right:
                _button(trouble)
    if len(found) > SHOWN:
        st.caption(f"{len(found) - SHOWN} more: see them in Runs & schedules.")


def _button(trouble: Trouble) -> None:
    key = f"attention.{trouble.kind}.{trouble.job}"
    if trouble.kind in ("held", "done with errors"):
        frame.link("runs", "Review", icon=":material/arrow_forward:", run=str(trouble.run_id))
    elif trouble.kind == "missed":
        frame.link("runs", "Decide", icon=":material/arrow_forward:", show="missed")
    elif trouble.kind == "failed" and st.button("Retry", icon=":material/replay:", key=key):
        _retry(trouble)
    elif trouble.kind == "stale" and st.button("Run now", icon=":material/play_arrow:", key=key):
        _run(trouble.job)
    elif trouble.kind == "paused" and st.button(
        "Resume", icon=":material/play_arrow:", key=key, type="primary"
    ):
        resume(trouble.job)


def resume(job: str) -> None:
    """Let a paused job fire again."""
    with explained():
        services().state.jobs.resume(job)
    note_for_later(f"{job_words(job)} fires again")
    st.rerun()


def _retry(trouble: Trouble) -> None:
    from workbench.jobs import retry

    assert trouble.run_id is not None
    with explained():
        again = retry(services(), trouble.run_id, WHO)
    frame.go("runs", run=str(again))


def _run(job: str) -> None:
    from workbench.ui.run_view import launch_run

    if (run_id := launch_run(job)) is not None:
        frame.go("runs", run=str(run_id))
