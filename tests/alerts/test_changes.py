"""What people hear of a job: once for each change of its state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.alerts.changes import (
    Alert,
    Failures,
    Situation,
    after_run,
    change,
    overdue,
    stale_from,
)
from workbench.schedules.model import Period, Schedule
from workbench.store.state import Run

JOB = "pull/guides"
NAMED = "Pull guides"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAILY = Schedule(every="daily", hour=7)
DAY = timedelta(days=1)


def ended(status: str, error: str | None = None, hint: str | None = None) -> Situation:
    fields: dict[str, Any] = dict.fromkeys(Run.__dataclass_fields__)
    given = {"id": 7, "job": JOB, "status": status, "error": error, "hint": hint}
    return Situation(Run(**{**fields, **given}))


def story(*situations: Situation, told: str | None = None) -> list[str]:
    """The states people hear of while one situation follows another."""
    heard: list[str] = []
    for now_is in situations:
        changed = change(JOB, told, now_is, NOW, None)
        if changed is not None:
            told, alert = changed
            heard += [alert.state] if alert else []
    return heard


def alert_of(now_is: Situation, told: str | None = None) -> Alert:
    changed = change(JOB, told, now_is, NOW, None)
    assert changed is not None
    assert changed[1] is not None
    return changed[1]


def test_people_hear_of_a_change_once_and_of_the_recovery_once() -> None:
    done, failed = ended("done"), ended("failed")

    assert story(done, done) == []
    assert story(done, failed, failed, failed, done, done) == ["failed", "recovered"]
    assert story(failed, ended("held"), ended("done with errors"), done) == [
        "failed",
        "held",
        "done with errors",
        "recovered",
    ]


def test_a_job_that_never_ran_is_no_news() -> None:
    assert story(Situation()) == []


def test_a_failure_that_is_tried_again_is_told_when_the_last_try_failed() -> None:
    trying = Situation(ended("failed").run, will_retry=True)

    assert story(trying, trying, ended("failed")) == ["failed"]
    assert story(trying, ended("done")) == []


def test_a_failure_says_its_cause_and_what_to_do() -> None:
    alert = alert_of(ended("failed", "Pendo refused the key", "Check the key."))

    assert alert == Alert(
        JOB, "failed", "critical", f"{NAMED} failed: Pendo refused the key", "Check the key.", 7
    )
    assert alert_of(ended("done with errors")).level == "warning"
    assert alert_of(ended("done"), told="failed").text == f"{NAMED} works again"


def test_a_muted_job_says_nothing_and_what_changed_meanwhile_afterwards() -> None:
    failed = ended("failed")

    assert change(JOB, None, failed, NOW, NOW + DAY) is None
    assert change(JOB, None, failed, NOW, NOW) is not None


def test_a_pause_is_told_and_to_resume_is_not() -> None:
    paused = Situation(ended("failed").run, paused_reason="Paused after 5 failed runs in a row")

    assert story(ended("failed"), paused, ended("failed"), ended("done")) == [
        "failed",
        "paused",
        "recovered",
    ]
    alert = alert_of(paused)
    assert alert.text == f"{NAMED}: Paused after 5 failed runs in a row"
    assert alert.hint == f"Mend the cause, then resume {NAMED} in Runs & schedules."


def test_a_job_is_stale_when_two_of_its_slots_passed_without_success() -> None:
    last = datetime(2026, 3, 8, 7, 1, tzinfo=UTC)

    assert stale_from([DAILY], last) == datetime(2026, 3, 10, 7, 15, tzinfo=UTC)
    assert overdue([DAILY], last, last, datetime(2026, 3, 10, 7, 14, tzinfo=UTC)) is None
    late = overdue([DAILY], last, last, NOW)
    alert = alert_of(Situation(ended("done").run, overdue=late))
    assert (alert.state, alert.level, alert.run_id) == ("stale", "warning", None)
    assert alert.text == f"{NAMED} is stale: last success 2 days ago, expected daily"


def test_a_job_that_never_succeeded_is_stale_from_when_it_was_first_seen() -> None:
    late = overdue([DAILY], None, NOW - 3 * DAY, NOW)

    assert late is not None
    assert "last success never" in alert_of(Situation(overdue=late)).text
    assert overdue([DAILY], None, NOW - DAY, NOW) is None
    assert overdue([], None, NOW - 300 * DAY, NOW) is None


@pytest.mark.parametrize(
    ("period", "span", "words"),
    [
        (Period(hours=1), timedelta(hours=1), "expected hourly"),
        (Period(days=2), 2 * DAY, "expected every 2 days"),
        (Period(weeks=1), 7 * DAY, "expected weekly"),
        (Period(months=3), 90 * DAY, "expected every 3 months"),
    ],
)
def test_a_period_of_ones_own_says_when_a_job_is_stale(
    period: Period, span: timedelta, words: str
) -> None:
    for schedules in ([], [DAILY]):
        assert stale_from(schedules, NOW - span, period) == NOW
        assert overdue(schedules, NOW - span, NOW, NOW - timedelta(seconds=1), period) is None
        late = overdue(schedules, NOW - span, NOW, NOW, period)
        assert words in alert_of(Situation(overdue=late)).text

    by_hand = alert_of(Situation(overdue=overdue([], None, NOW - span, NOW, period)))
    assert by_hand.hint == "No schedule runs it: run it now, or give it a schedule."


def test_who_says_never_hears_nothing_whatever_the_schedules() -> None:
    assert overdue([DAILY], None, NOW - 300 * DAY, NOW, "never") is None
    assert overdue([DAILY], None, NOW - 300 * DAY, NOW) is not None


def test_a_failed_job_that_is_stale_too_is_failed() -> None:
    late = overdue([DAILY], NOW - 5 * DAY, NOW, NOW)

    assert story(Situation(ended("failed").run, overdue=late)) == ["failed"]


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        (0, "failed", Failures(1)),
        (3, "failed", Failures(4)),
        (4, "failed", Failures(5, "Paused after 5 failed runs in a row")),
        (4, "done", Failures(0)),
        (4, "done with errors", Failures(0)),
        (4, "held", Failures(4)),
        (4, "cancelled", Failures(4)),
    ],
)
def test_the_fifth_failure_in_a_row_pauses(before: int, status: str, after: Failures) -> None:
    assert after_run(before, status) == after
