"""Alerts on both databases: the feed, the outbox, what was told last."""

from datetime import UTC, datetime, timedelta

from workbench.store.state import State

JOB = "pull/page-events"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOTICE = {"job": JOB, "state": "failed", "level": "critical", "text": "no key", "run_id": 3}


def test_a_notice_is_sent_once_by_each_channel(state: State) -> None:
    number = state.alerts.add(NOTICE, at=NOW, channels=("webhook", "mail"))

    both = state.alerts.due(NOW)
    assert [(out.alert.id, out.channel, out.attempts) for out in both] == [
        (number, "mail", 0),
        (number, "webhook", 0),
    ]
    state.alerts.delivered(both[0])
    assert [out.channel for out in state.alerts.due(NOW)] == ["webhook"]
    assert state.alerts.due(NOW - MINUTE) == []


def test_a_notice_that_failed_waits_and_one_given_up_is_told(state: State) -> None:
    state.alerts.add(NOTICE, at=NOW, channels=("webhook",))
    state.alerts.failed(state.alerts.due(NOW)[0], "no answer", NOW + MINUTE)

    assert state.alerts.due(NOW) == []
    [again] = state.alerts.due(NOW + MINUTE)
    assert (again.attempts, again.error) == (1, "no answer")

    state.alerts.failed(again, "no answer", None)
    assert state.alerts.due(NOW + 100 * MINUTE) == []
    assert [(out.channel, out.attempts) for out in state.alerts.given_up()] == [("webhook", 2)]


def test_a_transaction_that_fails_leaves_neither_notice_nor_memory(state: State) -> None:
    class StopError(Exception):
        pass

    try:
        with state.transaction() as connection:
            state.alerts.remember(JOB, "failed", at=NOW, within=connection)
            state.alerts.add(NOTICE, at=NOW, channels=("mail",), within=connection)
            raise StopError
    except StopError:
        pass

    assert state.alerts.latest() == []
    assert state.alerts.due(NOW) == []
    assert state.jobs.get(JOB) is None


def test_what_was_told_is_remembered_with_a_job_new_or_known(state: State) -> None:
    state.alerts.remember(JOB, "failed", at=NOW)
    state.alerts.remember(JOB, "ok", at=NOW + MINUTE)

    job = state.jobs.get(JOB)
    assert job is not None
    assert (job.told, job.considered_until, job.enabled) == ("ok", NOW, True)


def test_reading_the_feed_leaves_what_came_meanwhile_unread(state: State) -> None:
    first = state.alerts.add(NOTICE, at=NOW)
    second = state.alerts.add({**NOTICE, "hint": "Set it."}, at=NOW + MINUTE)

    state.alerts.mark_read(first, at=NOW + 2 * MINUTE)

    assert state.alerts.unread() == 1
    newest, oldest = state.alerts.latest()
    assert (newest.id, newest.read_at, newest.hint) == (second, None, "Set it.")
    assert (oldest.id, oldest.read_at, oldest.run_id) == (first, NOW + 2 * MINUTE, 3)
