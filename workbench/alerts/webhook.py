"""One alert as JSON to a web address. The address is a secret: errors name its host only."""

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from workbench.errors import InputError, OutageError, RejectedError, RemoteError
from workbench.transport import Answer, Call, Line, Patience

if TYPE_CHECKING:
    from workbench.settings import Settings
    from workbench.store.state.alerts import KeptAlert

TIMEOUT_S = 10.0
"""A receiver that needs longer is tried again later; the scheduler must not wait for it."""
BUSY = (408, 425, 429)
"""Refusals that say "later"."""


def send(alert: "KeptAlert", settings: "Settings") -> None:
    """Post one alert.

    Raises:
        InputError: the address is none.
        RemoteError: it did not arrive.
    """
    assert settings.alerts.webhook_url is not None
    address = urlsplit(settings.alerts.webhook_url.get_secret_value().strip())
    path = address.path.lstrip("/") + (f"?{address.query}" if address.query else "")
    patience = Patience(attempts=1, throttled_attempts=1, read_timeout_s=TIMEOUT_S)
    try:
        line = Line(
            f"{address.scheme}://{address.netloc}",
            auth=_NoLogin(),
            secrets=(path,),
            patience=patience,
        )
    except InputError as error:
        raise InputError(f"The webhook cannot be used: {error}") from None
    call = Call(
        "POST",
        path,
        "webhook",
        body=json.dumps(content(alert)).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        line.send(call, lambda answer: _judge(answer, line.host), lambda incoming: incoming.read())
    finally:
        line.close()


def content(alert: "KeptAlert") -> dict[str, object]:
    """What is posted; ``text`` alone is what chat services show."""
    return {
        "alert": alert.id,
        "at": f"{alert.at:%Y-%m-%dT%H:%M:%SZ}",
        "job": alert.job,
        "state": alert.state,
        "level": alert.level,
        "text": alert.text,
        "hint": alert.hint,
        "run": alert.run_id,
    }


class _NoLogin(AuthBase):
    """The address itself is the key; without this, a .netrc might add another."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


def _judge(answer: Answer, host: str) -> RemoteError | None:
    if answer.is_success:
        return None
    kind = OutageError if answer.status >= 500 or answer.status in BUSY else RejectedError
    return kind(f"The webhook at {host} answered {answer.status}")
