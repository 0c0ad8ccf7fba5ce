"""What needs a person is decided from values: the most urgent first, each job once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from workbench.jobs import Scheduled
from workbench.schedules.model import Period, Schedule
from workbench.schedules.overview import coming
from workbench.store.state import Figures, Job, Run
from workbench.ui.attention import troubles
from workbench.ui.known_jobs import Entry
from workbench.ui.timeline import figure, marks

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DAILY = Scheduled(schedules=(Schedule(every="daily", hour=7),))


def entry(job: str, changed_at: datetime = NOW - 30 * DAY, **standing: Any) -> Entry:
    facts: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__)
    kept = {"job": job, "enabled": True, "considered_until": NOW, "failures_in_row": 0}
    return Entry(job, DAILY, changed_at, Job(**{**facts, **kept, **standing}))


def ran(job: str, status: str, at: datetime = NOW, number: int = 1, **given: Any) -> Run:
    facts: dict[str, Any] = dict.fromkeys(Run.__dataclass_fields__)
    known = {"id": number, "job": job, "status": status, "trigger": "schedule", "rows": 0}
    return Run(**{**facts, **known, "started_at": at, "finished_at": at, **given})


def succeeded(job: str, at: datetime) -> dict[str, Figures]:
    return {job: Figures(job, 1, 1, at, 1.0)}


def kinds(
    entries: list[Entry],
    newest: dict[str, Run],
    missed: list[tuple[str, datetime]],
    figures: dict[str, Figures],
) -> list[tuple[str, str]]:
    found = troubles(entries, newest, missed, figures, NOW)
    return [(trouble.kind, trouble.job) for trouble in found]


def test_what_waits_for_a_decision_comes_before_what_merely_went_wrong() -> None:
    runs = {
        "a": ran("a", "done with errors"),
        "b": ran("b", "failed"),
        "c": ran("c", "held"),
        "d": ran("d", "done"),
    }

    assert kinds([], runs, [("e", NOW), ("e", NOW - DAY)], {}) == [
        ("held", "c"),
        ("failed", "b"),
        ("missed", "e"),
        ("done with errors", "a"),
    ]


def test_a_job_is_stale_after_two_slots_without_success() -> None:
    job = entry("a")

    assert kinds([job], {}, [], succeeded("a", NOW - 1 * DAY)) == []
    assert kinds([job], {}, [], succeeded("a", NOW - 3 * DAY)) == [("stale", "a")]
    assert kinds([job], {}, [], {}) == [("stale", "a")]


def test_a_job_run_by_hand_is_stale_after_its_own_period_and_never_without_one() -> None:
    weekly = Scheduled(stale_after=Period(weeks=1))
    jobs = [Entry("a", weekly, NOW - 30 * DAY), Entry("b", Scheduled(), NOW - 30 * DAY)]

    assert kinds(jobs, {}, [], succeeded("a", NOW - 6 * DAY)) == []
    assert kinds(jobs, {}, [], succeeded("a", NOW - 7 * DAY)) == [("stale", "a")]


def test_a_job_scheduled_only_now_is_not_stale_for_what_was_before() -> None:
    job = entry("a", changed_at=NOW - timedelta(hours=1))

    assert kinds([job], {}, [], succeeded("a", NOW - 300 * DAY)) == []


def test_a_job_that_is_off_is_never_stale_and_a_paused_one_says_so() -> None:
    off = entry("a", enabled=False)
    paused = entry("b", paused_at=NOW, paused_reason="Paused after 5 failed runs in a row")

    assert kinds([off, paused], {"b": ran("b", "failed")}, [], {}) == [("paused", "b")]
    assert not off.is_on
    assert paused.is_switched_on


def test_the_next_fire_of_each_job_comes_in_order_and_only_of_those_that_are_on() -> None:
    early = Entry("z", Scheduled(schedules=(Schedule(every="daily", hour=5),)), NOW)

    found = coming([entry("a"), early, entry("off", enabled=False)], NOW, 3, of_each=1)

    assert [(fire.at.hour, each.job) for fire, each in found] == [(5, "z"), (7, "a")]


def test_the_timeline_holds_what_ran_what_was_missed_and_what_is_due() -> None:
    runs = [ran("a", "done", NOW - timedelta(hours=2)), ran("a", "failed", NOW - 2 * DAY, 2)]

    drawn = marks(runs, [("b", NOW - timedelta(hours=3))], [entry("a")], NOW, DAY)

    assert [(mark.job, mark.state) for mark in drawn] == [
        ("b", "missed"),
        ("a", "done"),
        ("a", "due"),
    ]


def test_the_timeline_is_drawn_in_the_viewers_zone_with_a_symbol_per_state() -> None:
    drawn = figure(
        marks([ran("a", "done", NOW)], [], [entry("a")], NOW, DAY), NOW, DAY, "Asia/Kathmandu"
    )

    named = {trace.name: trace for trace in drawn.data if trace.name}
    assert set(named) == {"done", "due"}
    assert named["done"].marker.symbol != named["due"].marker.symbol
    assert named["done"].x[0] == datetime(2026, 3, 10, 17, 45)
    assert "Asia/Kathmandu" in drawn.layout.xaxis.title.text
