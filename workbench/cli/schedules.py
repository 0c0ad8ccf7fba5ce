"""``schedule list|next|missed|catchup|on|off``: when jobs fire, and what was missed."""

from argparse import Namespace
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.cli.opened import person, services
from workbench.cli.output import answer, table, utc
from workbench.cli.runs import carried_out, ended_code, ended_json, ended_words

if TYPE_CHECKING:
    from workbench.schedules.overview import JobView
    from workbench.services import Services


def listed(asked: Namespace) -> int:
    """Every schedule of every job, with its next fire and the job's last run."""
    from workbench.schedules.overview import listed as jobs

    with services() as opened:
        opened.state.runs.close_interrupted()
        now = opened.now()
        rows = [row for view in jobs(opened, now) for row in _rows(view, now)]
    answer(asked, [_in_utc(row) for row in rows], table(rows))
    return 0


def coming(asked: Namespace) -> int:
    """The next fires of all jobs, soonest first."""
    from workbench.schedules.overview import coming as fires
    from workbench.schedules.overview import listed as jobs

    with services() as opened:
        now = opened.now()
        rows = [
            {"at": fire.at, "job": view.job, "schedule": " · ".join(fire.schedules)}
            for fire, view in fires(jobs(opened, now), now, asked.limit)
        ]
    answer(asked, [_in_utc(row) for row in rows], table(rows, ("at", "job", "schedule")))
    return 0


def missed(asked: Namespace) -> int:
    """The slots that nothing ran for and that wait for a decision."""
    from workbench.schedules.overview import missed as slots

    with services() as opened:
        rows = [{"job": job, "due_at": at} for job, at in slots(opened, opened.now())]
    answer(asked, [_in_utc(row) for row in rows], table(rows, ("job", "due_at")))
    return 0


def catchup(asked: Namespace) -> int:
    """Make up for a job's missed slots: one run, one for each, or none."""
    from workbench.schedules.once import take_slots

    with services() as opened:
        job = _job(opened, asked.name)
        take_slots(opened)
        run_ids = opened.state.slots.decide(job, asked.decision, person())
        runs = (
            carried_out(opened, run_ids)
            if asked.wait
            else [opened.state.runs.get(run_id) for run_id in run_ids]
        )
    answer(asked, [ended_json(run) for run in runs], map(ended_words, runs))
    return ended_code(runs)


def switch(asked: Namespace) -> int:
    """Turn a job's schedules on or off; on also resumes a job that was paused."""
    with services() as opened:
        job = _job(opened, asked.name)
        if asked.on:
            opened.state.jobs.resume(job)
        opened.state.jobs.switch(job, asked.on, opened.now())
    answer(asked, {"job": job, "on": asked.on}, [f"{job} is {'on' if asked.on else 'off'}"])
    return 0


def _rows(view: "JobView", now: datetime) -> list[dict[str, object]]:
    from workbench.schedules.fires import next_after
    from workbench.schedules.wording import in_words

    last = view.last
    return [
        {
            "job": view.job,
            "schedule": in_words(schedule),
            "on": view.is_on,
            "next_at": next_after(schedule, now) if view.is_on else None,
            "last_at": (last.started_at or last.queued_at) if last else None,
            "last_status": last.status if last else None,
        }
        for schedule in view.scheduled.schedules
    ]


def _in_utc(row: dict[str, object]) -> dict[str, object]:
    return {key: utc(each) if isinstance(each, datetime) else each for key, each in row.items()}


def _job(opened: "Services", text: str) -> str:
    """The job that ``KIND/NAME``, or a bare name, stands for.

    Raises:
        InputError: there is none, or a bare name can be several.
    """
    from workbench.errors import InputError
    from workbench.schedules.overview import listed as jobs
    from workbench.words import nearest

    slots = {slot.job for slot in opened.state.slots.missed()}
    names = sorted({view.job for view in jobs(opened, opened.now())} | slots)
    found = [name for name in names if text in (name, name.partition("/")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{text} can be {' and '.join(found)}", hint="Say which, with its kind.")
    hint = f"Jobs with schedules: {', '.join(names[:20])}." if names else "No job has a schedule."
    raise InputError(
        f"There is no job {text[:80]!r} with schedules{nearest(text, names)}", hint=hint
    )
