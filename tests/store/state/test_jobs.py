"""What is kept of a job: on or off, paused and why, considered until when."""

from datetime import UTC, datetime, timedelta

from workbench.store.state import State

JOB = "pull/page-events"
SIX = datetime(2026, 3, 10, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_job_switched_on_again_owes_nothing_to_the_time_it_was_off(state: State) -> None:
    state.jobs.see({JOB: (SIX, [])})
    state.jobs.switch(JOB, False, SIX + HOUR)
    assert list(state.jobs.stopped()) == [JOB]

    state.jobs.switch(JOB, True, SIX + 5 * HOUR)
    state.jobs.switch(JOB, True, SIX + 9 * HOUR)

    job = state.jobs.all()[JOB]
    assert (job.enabled, job.considered_until) == (True, SIX + 5 * HOUR)
    assert state.jobs.stopped() == {}


def test_a_job_can_be_switched_before_the_scheduler_has_seen_it(state: State) -> None:
    state.jobs.switch(JOB, False, SIX)

    job = state.jobs.get(JOB)
    assert job is not None
    assert (job.enabled, job.is_stopped) == (False, True)
    assert state.jobs.get("pull/other") is None


def test_a_paused_job_says_why_and_keeps_what_it_misses(state: State) -> None:
    state.jobs.see({JOB: (SIX, [{"every": "daily"}])})
    state.jobs.count(JOB, 5)
    state.jobs.pause(JOB, "It failed 5 times in a row")
    paused = state.jobs.stopped()[JOB]
    assert (paused.failures_in_row, paused.paused_reason) == (5, "It failed 5 times in a row")
    assert paused.paused_at is not None

    state.jobs.resume(JOB)

    job = state.jobs.get(JOB)
    assert job is not None
    assert (job.is_stopped, job.failures_in_row, job.considered_until) == (False, 0, SIX)


def test_what_was_seen_of_jobs_is_kept_changed_and_forgotten(state: State) -> None:
    state.jobs.see({JOB: (SIX, [{"every": "daily"}]), "pull/b": (SIX, [])})
    state.jobs.see({JOB: (SIX + HOUR, [{"every": "hourly"}]), "pull/c": (SIX, [])})
    state.jobs.consider({"pull/b": SIX + 2 * HOUR})
    state.jobs.forget(["pull/c"])

    jobs = state.jobs.all()
    assert sorted(jobs) == ["pull/b", JOB]
    assert (jobs[JOB].considered_until, jobs[JOB].schedules) == (SIX + HOUR, [{"every": "hourly"}])
    assert jobs["pull/b"].considered_until == SIX + 2 * HOUR
