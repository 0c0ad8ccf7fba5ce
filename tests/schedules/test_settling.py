"""What follows a finished run: retries as the document says, pauses, and what people are told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.schedules.conftest import AddJob, Bare
from workbench.errors import AccessError, HeldError, OutageError, WorkbenchError
from workbench.services import Services
from workbench.store.state import Run
from workbench.store.state.run_rows import INTERRUPTED, INTERRUPTED_KIND, close

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)

Fail = Callable[..., int]


@pytest.fixture
def ends(bench: Services) -> Fail:
    """Record a finished run of a job, with an error or without; gives its number."""

    def end(job: str, error: WorkbenchError | None = None, run_id: int | None = None) -> int:
        number = 0
        try:
            with bench.state.runs.recorded(job, run_id=run_id) as tally:
                number = tally.run_id
                if error is not None:
                    raise error
        except WorkbenchError:
            pass
        return number

    return end


def waiting(bench: Services) -> list[Run]:
    """The retries that wait."""
    return bench.state.runs.latest(status="queued", trigger="retry", limit=100)


def fed(bench: Services) -> list[str]:
    """The states that the feed told, oldest first."""
    return [alert.state for alert in reversed(bench.state.alerts.latest(100))]


OUTAGE = OutageError("Pendo did not answer")


def test_a_failed_run_is_tried_again_as_often_as_its_document_says(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    name = job(retry={"attempts": 2, "wait_minutes": 5})
    first = ends(name, OUTAGE)

    bare.settle(NOW)
    bare.settle(NOW)

    [second] = waiting(bench)
    assert (second.retry_of, second.attempt, second.trigger) == (first, 2, "retry")
    assert second.not_before == NOW + 5 * MINUTE
    assert second.id not in [run.id for run in bench.state.runs.queued(NOW + 4 * MINUTE)]
    ends(name, OUTAGE, second.id)
    bare.settle(NOW + 5 * MINUTE)
    [third] = waiting(bench)
    ends(name, OUTAGE, third.id)
    bare.settle(NOW + 10 * MINUTE)
    assert waiting(bench) == []
    assert fed(bench) == ["failed"]
    assert [run.attempt for run in bench.state.runs.attempts(first)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (AccessError("Pendo refused the key"), ["failed"]),
        (HeldError("40 % of the records would change"), ["held"]),
        (None, []),
    ],
)
def test_a_refused_login_a_held_and_a_good_run_are_not_tried_again(
    bench: Services,
    job: AddJob,
    bare: Bare,
    ends: Fail,
    error: WorkbenchError | None,
    state: list[str],
) -> None:
    ends(job(), error)

    bare.settle(NOW)

    assert waiting(bench) == []
    assert fed(bench) == state
    assert bench.state.runs.unsettled() == []


def test_attempts_0_tries_nothing_again(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    ends(job(retry={"attempts": 0}), OUTAGE)

    bare.settle(NOW)

    assert waiting(bench) == []


def interrupted(bench: Services, job: str, run_id: int | None = None) -> int:
    number = run_id or bench.state.runs.queue(job)
    with bench.state.transaction() as connection:
        close(connection, [number], "failed", INTERRUPTED, None, INTERRUPTED_KIND)
    return number


def test_an_interrupted_run_goes_on_at_once_but_not_for_ever(
    bench: Services, job: AddJob, bare: Bare
) -> None:
    name = job(retry={"attempts": 0})
    interrupted(bench, name)

    tries = 0
    bare.settle(NOW)
    while runs := waiting(bench):
        tries += 1
        assert runs[0].not_before == NOW
        interrupted(bench, name, runs[0].id)
        bare.settle(NOW)

    assert tries == 5
    assert fed(bench) == ["failed"]


def test_a_job_that_goes_on_failing_is_paused_and_a_success_starts_the_count_again(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    name = job(retry={"attempts": 0})
    for error in (OUTAGE, OUTAGE, OUTAGE, OUTAGE, None, OUTAGE, OUTAGE, OUTAGE, OUTAGE):
        ends(name, error)
        bare.settle(NOW)
    assert bench.state.jobs.stopped() == {}

    ends(name, OUTAGE)
    bare.settle(NOW)

    paused = bench.state.jobs.stopped()[name]
    assert paused.failures_in_row == 5
    assert "5 failed runs" in str(paused.paused_reason)
    assert fed(bench) == ["failed", "recovered", "failed", "paused"]
    [alert] = bench.state.alerts.latest(1)
    assert "resume" in str(alert.hint)


def test_while_a_run_is_still_tried_again_its_job_is_not_paused(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    name = job(retry={"attempts": 8, "wait_minutes": 0})
    ends(name, OUTAGE)
    for _ in range(8):
        bare.settle(NOW)
        assert bench.state.jobs.stopped() == {}
        ends(name, OUTAGE, waiting(bench)[0].id)

    bare.settle(NOW)

    assert list(bench.state.jobs.stopped()) == [name]


def test_people_hear_once_that_it_failed_and_once_that_it_works_again(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    name = job(retry={"attempts": 0})
    for error in (OUTAGE, OUTAGE, None, None):
        ends(name, error)
        bare.settle(NOW)

    assert fed(bench) == ["failed", "recovered"]


def test_a_job_that_should_have_succeeded_again_by_now_is_told_as_stale(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    name = job()
    ends(name)
    bare.settle(NOW)
    bare.settle(NOW + 30 * MINUTE)
    assert fed(bench) == []

    bare.settle(NOW + 180 * MINUTE)
    bare.settle(NOW + 190 * MINUTE)

    assert fed(bench) == ["stale"]
    ends(name)
    bare.settle(NOW)
    assert fed(bench) == ["stale", "recovered"]


def test_a_job_without_schedules_is_stale_after_the_period_its_document_says(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    by_hand, off = (
        job(name, schedules=[], stale_after={"days": 2}, active=name == "hand")
        for name in ("hand", "off")
    )
    ends(by_hand)
    ends(off)
    bare.settle(NOW + 47 * 60 * MINUTE)
    assert fed(bench) == []

    bare.settle(NOW + 49 * 60 * MINUTE)

    assert [(alert.state, alert.job) for alert in bench.state.alerts.latest()] == [
        ("stale", by_hand)
    ]


def test_a_job_whose_document_says_never_is_not_told_as_stale(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    ends(job(stale_after="never"))
    ends(job("told"))

    bare.settle(NOW + 600 * MINUTE)

    assert [alert.job for alert in bench.state.alerts.latest()] == ["witness/told"]


def test_a_run_of_a_deleted_document_is_settled_without_a_word(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    name = job()
    ends(name, OUTAGE)
    bench.state.documents.delete("witness", "w", "tests")

    bare.settle(NOW)

    assert (waiting(bench), fed(bench), bench.state.runs.unsettled()) == ([], [], [])


def test_a_cancelled_run_is_nobody_s_failure(bench: Services, job: AddJob, bare: Bare) -> None:
    name = job()
    bench.state.runs.cancel(bench.state.runs.queue(name))

    bare.settle(NOW)

    assert (waiting(bench), fed(bench)) == ([], [])


def test_a_scheduler_that_still_reads_documents_takes_no_run_for_one_of_no_document(
    bench: Services, job: AddJob, bare: Bare, ends: Fail
) -> None:
    later = {"every": "daily", "hour": (NOW.hour + 6) % 24}
    names = [job(f"w{n}", later) for n in range(60)]
    for name in names:
        ends(name, OUTAGE)

    bare.scheduler.tick(NOW)
    while bare.scheduler.is_behind:
        bare.scheduler.tick(NOW)

    assert {run.job for run in waiting(bench)} == set(names)
