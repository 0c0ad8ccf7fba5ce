"""Runs & schedules: what ran, is due, was missed, is paused; one run with its log."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.pages.conftest import Open, said
from workbench.errors import WorkbenchError
from workbench.pulls.model import Pull
from workbench.pulls.run import run
from workbench.schedules.model import Period
from workbench.services import Services
from workbench.standin import PendoStandIn
from workbench.store.state import NewSlot
from workbench.store.state.processes import this_process

JOB = "pull/guides"
DAILY = {"every": "daily", "hour": 7, "timezone": "America/New_York"}


@pytest.fixture
def scheduled(bench: Services) -> Services:
    """One pull with two schedules that meet now and then; nothing ran yet."""
    schedules = [DAILY, {"every": "weekly", "on": ["wed"], "hour": 11}]
    save(bench, "guides", source="guides", schedules=schedules)
    return bench


def save(bench: Services, name: str, **given: Any) -> None:
    pull = Pull.model_validate({"name": name, "connection": "acme", **given})
    bench.documents.save(pull, "tests")


def text(app: Any) -> str:
    return said(app).replace("\\", "").replace("\u202f", " ")


def miss(bench: Services, hours: int) -> None:
    """Slots of so many hours that nobody ran."""
    now = bench.now()
    slots = [NewSlot(JOB, now - timedelta(hours=hour), "missed") for hour in range(1, hours + 1)]
    bench.state.slots.take(slots)


def serve(bench: Services) -> None:
    """A scheduler that is alive: this very process holds the lease."""
    assert bench.state.lease.take(this_process()) is not None


def test_an_empty_page_says_how_something_comes_to_run(page: Open, bench: Services) -> None:
    runs, schedules = page("runs"), page("runs", show="schedules")

    assert "No runs yet" in said(runs)
    assert "The scheduler is not running" in said(runs)
    assert "Nothing is scheduled yet" in said(schedules)
    assert not runs.exception
    assert not schedules.exception


def test_runs_are_listed_filtered_and_counted(page: Open, sampled: Services) -> None:
    app = page("runs")

    assert list(app.dataframe[0].value["Run"]) == [3, 2, 1]
    app.selectbox(key="runs.job").select("pull/accounts").run()
    assert list(app.dataframe[0].value["Run"]) == [1]
    app.multiselect(key="runs.status").select("failed").run()
    assert "No run matches" in said(app)
    assert not app.exception


def test_a_deep_link_filters_by_job_and_status(page: Open, sampled: Services) -> None:
    app = page("runs", job="pull/page-events", status="done")

    assert list(app.dataframe[0].value["Job"]) == ["Pull page-events"] * 2
    assert not app.exception


def test_schedules_are_in_words_with_their_next_five_fires(page: Open, scheduled: Services) -> None:
    app = page("runs", show="schedules")

    words = text(app)
    assert "Every day at 07:00 (America/New_York)" in words
    assert "Every Wednesday at 11:00 (UTC)" in words
    assert "Wed 11 Mar 2026, 11:00 UTC" in words
    assert "(2 schedules, one run)" in words
    assert words.count('">') == words.count("2026, 11:00 UTC</abbr>") == 5
    assert "not run yet" in words
    assert not app.exception


def test_a_job_is_switched_off_and_on_again(page: Open, scheduled: Services) -> None:
    app = page("runs", show="schedules")

    app.toggle(key=f"schedules.on.{JOB}").set_value(False).run()
    job = scheduled.state.jobs.get(JOB)
    assert job is not None
    assert not job.enabled
    assert "off" in text(app)

    app.toggle(key=f"schedules.on.{JOB}").set_value(True).run()
    job = scheduled.state.jobs.get(JOB)
    assert job is not None
    assert job.enabled
    assert not app.exception


@pytest.mark.parametrize(("decision", "runs"), [("once", 1), ("each", 3), ("skip", 0)])
def test_missed_slots_are_listed_and_settled_as_the_user_says(
    page: Open, scheduled: Services, decision: str, runs: int
) -> None:
    serve(scheduled)
    miss(scheduled, 3)
    app = page("runs")
    assert "3 slots" in text(app)
    assert "10 Mar 2026, 18:30 UTC" in text(app)

    app.button(key=f"missed.{decision}.{JOB}").click().run()

    assert len(scheduled.state.runs.latest()) == runs
    assert scheduled.state.slots.missed() == []
    assert "Nobody ran these" not in said(app)
    assert not app.exception


def test_a_paused_job_says_why_and_is_resumed(page: Open, scheduled: Services) -> None:
    scheduled.state.jobs.pause(JOB, "Paused after 5 failed runs in a row")
    app = page("runs")
    assert "Paused after 5 failed runs in a row. Mend the cause" in text(app)

    app.button(key=f"paused.resume.{JOB}").click().run()

    job = scheduled.state.jobs.get(JOB)
    assert job is not None
    assert job.paused_at is None
    assert "Mend the cause" not in said(app)
    assert not app.exception


def test_a_run_shows_what_it_brought_and_how_its_job_does(page: Open, sampled: Services) -> None:
    app = page("runs", run="3")

    assert app.title[0].value == "Run 3"
    assert [each.label for each in app.metric][::2] == [
        "Last success of this job",
        "Success rate of 2\u202fruns, 90 days",
    ]
    assert [each.value for each in app.metric][::2] == ["just now", "100\u202f%"]
    assert "by a person" in text(app)
    assert not app.exception


def test_a_failed_run_says_why_and_what_to_do(
    page: Open, sampled: Services, pendo: PendoStandIn
) -> None:
    pendo.weather([{"fault": "403"}])
    with contextlib.suppress(WorkbenchError):
        run(sampled.documents.pull("accounts"), sampled)
    failed = sampled.state.runs.latest(limit=1)[0]

    app = page("runs", run=str(failed.id))

    assert failed.error is not None
    assert failed.error in text(app)
    assert "run.retry" in [button.key for button in app.button]
    assert not app.exception


def test_a_waiting_run_is_cancelled_from_its_page(page: Open, scheduled: Services) -> None:
    run_id = scheduled.state.runs.queue(JOB)
    app = page("runs", run=str(run_id))
    assert "waiting to start" in text(app)

    app.button(key="run.cancel").click().run()

    assert scheduled.state.runs.get(run_id).status == "cancelled"
    assert not app.exception


def test_a_run_that_follows_a_slow_one_says_which_slots_it_makes_up_for(
    page: Open, scheduled: Services
) -> None:
    at = datetime(2026, 3, 10, 7, tzinfo=UTC)
    slots = [NewSlot(JOB, at + n * timedelta(minutes=15), may_join=True) for n in range(3)]
    [run_id] = scheduled.state.slots.take(slots)
    scheduled.state.runs.cancel(run_id)

    app = page("runs", run=str(run_id))

    assert "| Also for | 10 Mar 2026, 07:15 UTC, 10 Mar 2026, 07:30 UTC |" in text(app)
    log = str(app.code[0].value)
    assert log.count("skipped: this run still waits. This run makes up for it.") == 2
    assert not app.exception


def test_a_run_that_is_not_there_is_said_so(page: Open, bench: Services) -> None:
    app = page("runs", run="99")

    assert "There is no run 99" in said(app)
    assert not app.exception


def test_who_runs_the_schedules_is_said_and_can_be_stopped(page: Open, scheduled: Services) -> None:
    serve(scheduled)

    app = page("runs")

    assert "The scheduler runs since" in said(app)
    assert "scheduler.stop" in [button.key for button in app.button]
    assert not app.exception


def test_a_scheduler_on_another_machine_cannot_be_stopped_from_here(
    page: Open, scheduled: Services
) -> None:
    from workbench.store.state.processes import Process

    scheduled.state.lease.take(Process("elsewhere", 1, None))
    app = page("runs")

    app.button(key="scheduler.stop").click().run()

    assert "another machine" in said(app)
    assert not app.exception


def test_every_page_says_that_nobody_runs_the_schedules(page: Open, scheduled: Services) -> None:
    app = page("pulls")
    assert "The scheduler is not running: 1 job waits for it" in text(app)

    serve(scheduled)
    app.run()
    assert "The scheduler is not running" not in text(app)
    assert not app.exception


def test_the_band_counts_what_needs_a_decision(page: Open, scheduled: Services) -> None:
    serve(scheduled)
    miss(scheduled, 2)

    app = page("pulls")

    assert "1 run needs a decision" in text(app)
    assert not app.exception


def test_the_timeline_has_its_numbers_behind_it(page: Open, scheduled: Services) -> None:
    serve(scheduled)
    miss(scheduled, 2)

    app = page("runs")
    numbers = app.dataframe[0].value

    assert list(numbers["State"]) == ["missed", "missed", "due"]
    assert numbers["UTC"].iloc[-1] == "2026-03-11 11:00:00"
    app.segmented_control(key="runs.span").set_value("7 days").run()
    assert list(app.dataframe[0].value["State"]).count("due") == 7
    assert not app.exception


def test_a_database_that_does_not_answer_is_said_in_words(page: Open, scheduled: Services) -> None:
    app = page("runs")
    assert not app.exception
    import sqlalchemy

    engine = sqlalchemy.create_engine(scheduled.settings.state_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE slots"))
    engine.dispose()

    app.run()

    assert app.error
    assert not app.exception


def test_a_schedule_is_added_in_the_pulls_page_and_kept(page: Open, scheduled: Services) -> None:
    save(scheduled, "pages", source="pages", catch_up="once")
    app = page("pulls", pull="pages")

    app.button(key="pulls.pages.0.schedules.add").click().run()
    app.selectbox(key="pulls.pages.0.schedule.0.every").select("weekdays").run()
    app.selectbox(key="pulls.pages.0.schedule.0.hour").select(6).run()
    assert "Every weekday at 06:00 (America/New_York)" in text(app)
    assert "Next: " in text(app)
    app.button(key="pulls.save").click().run()

    kept = scheduled.documents.pull("pages")
    assert [each.hour for each in kept.schedules] == [6]
    assert kept.schedules[0].on == ("mon", "tue", "wed", "thu", "fri")
    assert kept.catch_up == "once"
    assert not app.exception


def test_every_other_week_and_a_period_of_ones_own_are_set_in_the_page(
    page: Open, scheduled: Services
) -> None:
    save(scheduled, "pages", source="pages")
    app = page("pulls", pull="pages")

    app.button(key="pulls.pages.0.schedules.add").click().run()
    app.selectbox(key="pulls.pages.0.schedule.0.every").select("weekly").run()
    app.multiselect(key="pulls.pages.0.schedule.0.on.weekly").select("mon").run()
    app.number_input(key="pulls.pages.0.schedule.0.interval.weekly").set_value(2).run()
    app.date_input(key="pulls.pages.0.schedule.0.starts").set_value(date(2026, 3, 23)).run()
    assert "Every 2 weeks on Monday at 07:00, from 23 March 2026 on" in text(app)
    app.selectbox(key="pulls.pages.0.stale_after").select({"months": 1}).run()
    app.button(key="pulls.save").click().run()

    kept = scheduled.documents.pull("pages")
    assert [(each.interval, each.starts) for each in kept.schedules] == [(2, date(2026, 3, 23))]
    assert kept.stale_after == Period(months=1)
    again = page("pulls", pull="pages")
    assert again.number_input(key="pulls.pages.0.schedule.0.interval.weekly").value == 2
    assert again.selectbox(key="pulls.pages.0.stale_after").value == {"months": 1}
    assert not app.exception
    assert not again.exception


def test_saving_a_pull_keeps_schedules_that_nobody_touched(page: Open, scheduled: Services) -> None:
    before = scheduled.documents.pull("guides")
    app = page("pulls", pull="guides")
    assert "pulls.save" not in [button.key for button in app.button]

    app.text_input(key="pulls.guides.0.description").set_value("All guides").run()
    app.button(key="pulls.save").click().run()

    after = scheduled.documents.pull("guides")
    assert after.description == "All guides"
    assert after.schedules == before.schedules
    assert not app.exception


def test_an_impossible_schedule_cannot_be_saved_and_says_why(
    page: Open, scheduled: Services
) -> None:
    app = page("pulls", pull="guides")

    app.selectbox(key="pulls.guides.0.schedule.0.every").select("cron").run()
    app.text_input(key="pulls.guides.0.schedule.0.cron").set_value("0 24 * * *").run()

    assert "hour 24 is not in 0 to 23; nearest: 0 0 * * *" in text(app)
    assert app.button(key="pulls.run").disabled
    assert not app.exception


def test_a_schedule_is_taken_away(page: Open, scheduled: Services) -> None:
    app = page("pulls", pull="guides")

    app.button(key="pulls.guides.0.schedule.0.remove").click().run()
    app.button(key="pulls.save").click().run()

    assert [each.every for each in scheduled.documents.pull("guides").schedules] == ["weekly"]
    assert "Every Wednesday at 11:00" in text(app)
    assert "Every day at 07:00" not in text(app)
    assert not app.exception


def test_alerts_are_in_the_feed_until_they_are_read(page: Open, sampled: Services) -> None:
    notice = {"job": JOB, "state": "failed", "level": "critical", "text": "guides failed: no key"}
    sampled.state.alerts.add({**notice, "run_id": 1}, at=datetime(2026, 3, 10, 8, tzinfo=UTC))
    app = page("home")
    assert "Notices · 1 unread" in [each.value for each in app.subheader]
    assert "guides failed: no key" in text(app)

    app.button(key="notices.read").click().run()

    assert "Notices" in [each.value for each in app.subheader]
    assert sampled.state.alerts.unread() == 0
    assert not app.exception


def test_a_job_is_muted_in_the_feed_and_heard_again_in_the_schedules(
    page: Open, scheduled: Services
) -> None:
    notice = {"job": JOB, "state": "failed", "level": "critical", "text": "guides failed: no key"}
    number = scheduled.state.alerts.add(notice, at=scheduled.now())

    home = page("home")
    home.button(key=f"notices.mute.{number}").click().run()
    muted = scheduled.state.jobs.get(JOB)
    assert muted is not None
    assert muted.muted_until == scheduled.now() + timedelta(days=1)

    schedules = page("runs", show="schedules")
    assert "muted until 11 Mar 2026, 19:30 UTC" in text(schedules)
    schedules.button(key=f"schedules.unmute.{JOB}").click().run()
    heard = scheduled.state.jobs.get(JOB)
    assert heard is not None
    assert heard.muted_until is None
    assert not home.exception
    assert not schedules.exception
