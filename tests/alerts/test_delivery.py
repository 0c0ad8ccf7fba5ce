"""Alerts on their way out, to a real web server and a real mail server that fail now and then."""

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.certificates import papers
from tests.alerts.servers import Hook, Mailbox, serving
from workbench.alerts.changes import Situation
from workbench.alerts.delivery import WAITS, deliver_due
from workbench.alerts.telling import tell
from workbench.errors import SettingsError
from workbench.schedules.model import Schedule
from workbench.services import Services, open_services
from workbench.settings import load_settings

JOB = "pull/guides"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Opened = Callable[..., Services]


@pytest.fixture
def hook() -> Iterator[Hook]:
    with serving(Hook()) as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with serving(Mailbox()) as server:
        yield server


@pytest.fixture(scope="module")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with current tables and nothing in them, to be copied."""
    home = tmp_path_factory.mktemp("new") / "home"
    open_services(load_settings(home=home)).close()
    return home


@pytest.fixture
def opened(tmp_path: Path, new_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """An installation with the alert settings given."""
    monkeypatch.setenv("WORKBENCH_SMTP_PASSWORD", "rehearsal-password")
    shutil.copytree(new_home, tmp_path / "home")
    open_ones = []

    def open_it(**alerts: Any) -> Services:
        open_ones.append(open_services(load_settings(home=tmp_path / "home", alerts=alerts)))
        return open_ones[-1]

    yield open_it
    for services in open_ones:
        services.close()


def mail_to(mailbox: Mailbox, **given: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": mailbox.port,
        "security": "none",
        "sender": "workbench@acme.example",
        "recipients": ["ann@acme.example", "bob@acme.example"],
        **given,
    }


def failed(services: Services, error: str = "Pendo refused the key") -> None:
    """One job that fails, and people who are told."""
    services.state.jobs.switch(JOB, True, NOW)
    with pytest.raises(RuntimeError), services.state.runs.recorded(JOB):
        raise RuntimeError(error)
    job = services.state.jobs.get(JOB)
    assert job is not None
    tell(services, job, Situation(services.state.runs.latest(JOB)[0]), NOW)


def test_an_alert_is_in_the_feed_once_and_remembered_as_told(opened: Opened) -> None:
    services = opened()

    failed(services)
    failed(services)

    kept = services.state.alerts.latest()
    assert [(alert.job, alert.state, alert.level, alert.run_id) for alert in kept] == [
        (JOB, "failed", "critical", 1)
    ]
    job = services.state.jobs.get(JOB)
    assert job is not None
    assert job.told == "failed"
    assert services.state.alerts.due(NOW + HOUR) == []


def test_alerts_are_unread_until_somebody_saw_them(opened: Opened) -> None:
    alerts = opened().state.alerts
    notice = {"job": JOB, "state": "failed", "level": "critical", "text": "x"}
    first, second = (alerts.add(notice, at=NOW) for _ in range(2))

    alerts.mark_read(first, at=NOW)

    assert alerts.unread() == 1
    assert [alert.id for alert in alerts.latest(unread=True)] == [second]
    assert [alert.id for alert in alerts.latest()] == [second, first]


def test_a_webhook_gets_the_alert_as_json_once(opened: Opened, hook: Hook) -> None:
    services = opened(webhook_url=hook.url)
    failed(services)

    assert deliver_due(services, NOW) == 1
    assert deliver_due(services, NOW + 24 * HOUR) == 0

    assert hook.got == [
        (
            "/hooks/rehearsal-secret?room=rehearsal",
            {
                "alert": 1,
                "at": "2026-03-10T12:00:00Z",
                "job": JOB,
                "state": "failed",
                "level": "critical",
                "text": "Pull guides failed: RuntimeError: Pendo refused the key",
                "hint": None,
                "run": 1,
            },
        )
    ]
    assert "Authorization" not in hook.headers[0]


def test_a_webhook_that_fails_is_tried_again_later_and_then_given_up(
    opened: Opened, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="workbench")
    services = opened(webhook_url=hook.url)
    failed(services)
    hook.answers = [500, 404, 429]

    assert deliver_due(services, NOW) == 0
    assert deliver_due(services, NOW + WAITS[0] / 2) == 0
    assert hook.answers == [404, 429]

    moment = NOW
    for wait in WAITS:
        moment += wait
        deliver_due(services, moment)
    assert len(hook.got) == 1
    assert services.state.alerts.given_up() == []
    assert "rehearsal-secret" not in caplog.text


def test_after_the_last_try_an_alert_is_given_up_and_says_why(
    opened: Opened, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="workbench")
    services = opened(webhook_url=hook.url)
    failed(services)
    hook.answers = [503] * 20

    moment = NOW
    for wait in (timedelta(0), *WAITS, HOUR, HOUR):
        moment += wait
        deliver_due(services, moment)

    assert len(hook.answers) == 20 - len(WAITS) - 1
    given_up = services.state.alerts.given_up()
    assert [(out.channel, out.attempts, out.error) for out in given_up] == [
        ("webhook", len(WAITS) + 1, "The webhook at 127.0.0.1 answered 503")
    ]
    assert "rehearsal-secret" not in caplog.text


def test_nobody_there_is_an_error_that_keeps_the_address_to_itself(opened: Opened) -> None:
    with serving(Hook()) as gone:
        url = gone.url
    services = opened(webhook_url=url)
    failed(services)

    deliver_due(services, NOW)

    waiting = services.state.alerts.due(NOW + HOUR)
    assert [out.error for out in waiting] == ["127.0.0.1 could not be reached"]


def test_a_webhook_over_plain_http_is_not_called(opened: Opened) -> None:
    services = opened(webhook_url="http://chat.example/hooks/rehearsal-secret")
    failed(services)

    deliver_due(services, NOW)

    error = services.state.alerts.due(NOW + HOUR)[0].error or ""
    assert "plain http" in error
    assert "rehearsal-secret" not in error


def test_a_mail_goes_to_everybody_with_what_happened(opened: Opened, mailbox: Mailbox) -> None:
    services = opened(smtp=mail_to(mailbox, username="workbench"))
    failed(services, "first line\nBcc: eve@acme.example")

    assert deliver_due(services, NOW) == 1

    assert mailbox.logins == ["\0workbench\0rehearsal-password"]
    assert mailbox.recipients == ["TO:<ann@acme.example>", "TO:<bob@acme.example>"]
    head, _, body = mailbox.mails[0].partition("\r\n\r\n")
    assert "Subject: Workbench: pull/guides failed" in head
    assert "Bcc" not in head
    assert "Pull guides failed: RuntimeError: first line" in body
    assert "Run 1" in body


@pytest.mark.parametrize(
    ("step", "code", "sentence"),
    [
        ("AUTH", 535, "The mail server 127.0.0.1 refused the login (535)"),
        ("RCPT", 550, "The mail server 127.0.0.1 refused every recipient"),
        ("MAIL", 451, "The mail server 127.0.0.1 answered 451"),
        ("DATA", 554, "The mail server 127.0.0.1 answered 554"),
    ],
)
def test_a_mail_that_is_refused_is_tried_again_and_says_so_without_the_password(
    opened: Opened, mailbox: Mailbox, step: str, code: int, sentence: str
) -> None:
    services = opened(smtp=mail_to(mailbox, username="workbench"))
    failed(services)
    mailbox.refuses = {step: code}
    deliver_due(services, NOW)

    assert services.state.alerts.due(NOW + HOUR)[0].error == sentence

    mailbox.refuses = {}
    assert deliver_due(services, NOW + HOUR) == 1
    assert len(mailbox.mails) == 1


def test_a_server_without_encryption_is_not_used_where_it_is_asked_for(
    opened: Opened, mailbox: Mailbox
) -> None:
    services = opened(smtp=mail_to(mailbox, username="workbench", security="starttls"))
    failed(services)

    deliver_due(services, NOW)

    assert mailbox.logins == []
    assert "does not offer" in (services.state.alerts.due(NOW + HOUR)[0].error or "")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_mail_goes_to_a_server_whose_certificate_is_trusted(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    found = papers(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(found.authority))
    with serving(Mailbox(found.certificate, from_the_start=security == "tls")) as mailbox:
        services = opened(smtp=mail_to(mailbox, username="workbench", security=security))
        failed(services)

        assert deliver_due(services, NOW) == 1

        assert mailbox.logins == ["\0workbench\0rehearsal-password"]
        assert len(mailbox.mails) == 1
        in_clear = [verb for verb, is_encrypted in mailbox.heard if not is_encrypted]
        assert in_clear == (["EHLO", "STARTTLS"] if security == "starttls" else [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("address", "is_trusted", "reason"),
    [("127.0.0.1", False, "unable to get local issuer"), ("127.0.0.2", True, "not valid for")],
)
def test_a_server_that_cannot_prove_who_it_is_gets_neither_login_nor_mail(
    opened: Opened,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: str,
    address: str,
    is_trusted: bool,
    reason: str,
) -> None:
    found = papers(tmp_path, address)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(found.authority))
    with serving(Mailbox(found.certificate, from_the_start=security == "tls")) as mailbox:
        services = opened(smtp=mail_to(mailbox, username="workbench", security=security))
        failed(services)

        assert deliver_due(services, NOW) == 0

        assert (mailbox.logins, mailbox.mails) == ([], [])
    error = services.state.alerts.due(NOW + HOUR)[0].error or ""
    assert error.startswith("The mail server 127.0.0.1 could not prove who it is: ")
    assert reason in error


def test_one_channel_that_is_down_does_not_keep_the_other_waiting(
    opened: Opened, hook: Hook, mailbox: Mailbox
) -> None:
    hook.answers = [500]
    services = opened(webhook_url=hook.url, smtp=mail_to(mailbox))
    failed(services)

    assert deliver_due(services, NOW) == 1
    assert len(mailbox.mails) == 1
    assert deliver_due(services, NOW + HOUR) == 1
    assert (len(hook.got), len(mailbox.mails)) == (1, 1)


def test_a_channel_that_is_configured_no_more_is_given_up(opened: Opened, hook: Hook) -> None:
    failed(opened(webhook_url=hook.url))
    services = opened()

    deliver_due(services, NOW)

    assert [out.error for out in services.state.alerts.given_up()] == [
        "webhook is not configured any more"
    ]


def test_a_stale_job_recovers_when_it_succeeds(opened: Opened) -> None:
    from workbench.alerts.changes import overdue

    services = opened()
    services.state.jobs.switch(JOB, True, NOW)
    late = overdue([Schedule(every="daily", hour=7)], None, NOW - 72 * HOUR, NOW)
    for now_is in (Situation(overdue=late), Situation(overdue=late), Situation()):
        job = services.state.jobs.get(JOB)
        assert job is not None
        tell(services, job, now_is, NOW)

    assert [alert.state for alert in services.state.alerts.latest()] == ["recovered", "stale"]


def test_the_password_is_not_taken_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("smtp_password: rehearsal-password\n")

    with pytest.raises(SettingsError, match="smtp_password is never written") as refused:
        load_settings(home=tmp_path)
    assert refused.value.hint == "Put it into the environment: WORKBENCH_SMTP_PASSWORD."


def test_alerts_are_set_in_the_file_of_the_home_or_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.yaml").write_text(
        "alerts: {smtp: {host: mail, sender: a@b.example, recipients: [c@d.example]}}\n"
    )
    smtp = load_settings(home=tmp_path).alerts.smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.security) == ("mail", 587, "starttls")

    monkeypatch.setenv("WORKBENCH_ALERTS__WEBHOOK_URL", "https://chat.example/rehearsal-secret")
    settings = load_settings(home=tmp_path / "other")
    assert settings.alerts.webhook_url is not None
    assert "rehearsal-secret" not in repr(settings)
