"""What Salesforce's answers mean. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.errors import (
    AccessError,
    MissingError,
    OutageError,
    OverrunError,
    QuotaError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.salesforce.model import Answered, Usage
from workbench.transport.answer import Answer, GaveUpError

LOCKED = "UNABLE_TO_LOCK_ROW"
"""Somebody else is writing the same record, or its parent: it passes."""
GONE = frozenset(("ENTITY_IS_DELETED", "NOT_FOUND"))
"""What a record says that was deleted."""
EXPIRED = frozenset(("INVALID_SESSION_ID", "InvalidSessionId", "INVALID_AUTH_HEADER"))
CAMPAIGN_OBJECTS = ("CampaignMemberStatus", "CampaignMember", "Campaign")
MARKETING_HINT = (
    "In Salesforce the integration user must be a Marketing User, and the org needs campaigns."
)
_USAGE = re.compile(r"(?<![-\w])api-usage=(\d+)/(\d+)")
_APP = re.compile(r"per-app-api-usage=(\d+)/(\d+)(?:\(appName=([^)]*)\))?")


class SessionEndedError(AccessError):
    """The session is over; a new login helps once."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The first error of an answer."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


def trouble(text: str) -> Trouble | None:
    """What an answer says is wrong, in any of Salesforce's shapes.

    >>> trouble('[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]').code
    'INVALID_SESSION_ID'
    >>> trouble('{"error":"invalid_grant"}')
    Trouble(code='invalid_grant', message='', fields=())
    >>> trouble("<html>")
    """
    try:
        body = json.loads(text)
    except ValueError:
        return None
    first = body[0] if isinstance(body, list) and body else body
    return _trouble(first) if isinstance(first, Mapping) else None


def _trouble(said: Mapping[str, Any]) -> Trouble | None:
    names = ("errorCode", "statusCode", "exceptionCode", "error")
    texts = ("message", "exceptionMessage", "error_description")
    code = next((str(said[name]) for name in names if said.get(name)), "")
    message = next((str(said[name]) for name in texts if said.get(name)), "")
    fields = said.get("fields")
    named = tuple(map(str, fields)) if isinstance(fields, list) else ()
    return Trouble(code, message.strip(), named) if code or message else None


def judge(answer: Answer) -> RemoteError | None:
    """Say what is wrong with an answer of the org, or None.

    >>> judge(Answer(403, text='[{"message":"TotalRequests Limit exceeded.",'
    ...     '"errorCode":"REQUEST_LIMIT_EXCEEDED"}]'))
    QuotaError("The org's API calls of the last 24 hours are used up")
    >>> judge(Answer(204))
    """
    if answer.is_success or answer.status == 304:
        return None
    said = trouble(answer.text) or Trouble("", answer.text.strip()[:200] or answer.reason)
    details = answer.details
    if answer.status == 401 or said.code in EXPIRED:
        return SessionEndedError(
            "Salesforce ended the session",
            hint="Check the connection's login: a new session was refused too.",
            details=details,
        )
    if said.code == "REQUEST_LIMIT_EXCEEDED" or said.code == "EXCEEDED_CONCURRENT_REQUESTS":
        return _limit(said, details)
    if answer.status == 403:
        return AccessError(
            f"Salesforce does not allow this to the user: {_words(said)}",
            hint="Check the integration user's profile and permission sets, and that the org has "
            "API access.",
            details=details,
        )
    if said.code == LOCKED:
        return OutageError(f"Somebody else is writing there: {said.message}", details=details)
    if said.code == "QUERY_TIMEOUT":
        return OverrunError(
            "The query took Salesforce too long",
            hint="It was too much at once: ask for less.",
            details=details,
        )
    if answer.status == 404 or said.code in GONE:
        return MissingError(f"Salesforce has nothing there: {_words(said)}", details=details)
    if said.code == "INVALID_TYPE" and any(
        f"'{name}'" in said.message for name in CAMPAIGN_OBJECTS
    ):
        return no_campaigns(details)
    if answer.status in (408, 429) or answer.status >= 500:
        kind = GaveUpError if answer.status in (408, 502, 504) else OutageError
        return kind(
            f"Salesforce failed to answer ({answer.status})",
            hint="Try again later; status.salesforce.com tells of outages.",
            details=details,
        )
    if 300 <= answer.status < 400:
        return RejectedError(
            f"Salesforce's address answered with a redirect ({answer.status})",
            hint="Take the org's own address, e.g. https://acme.my.salesforce.com.",
            details=details,
        )
    return RejectedError(
        f"Salesforce rejected the request: {_words(said)}",
        hint="Change the request; sending it again as it is cannot help.",
        details=details,
    )


def no_campaigns(details: str = "") -> AccessError:
    """What to say when the org shows no campaigns (S16)."""
    return AccessError(
        "Salesforce shows this user no campaigns", hint=MARKETING_HINT, details=details
    )


def judge_login(answer: Answer) -> RemoteError | None:
    """Say what is wrong with an answer to a login, or None."""
    if answer.is_success:
        return None
    said = trouble(answer.text)
    if answer.status >= 500 or answer.status in (408, 429):
        return OutageError(
            f"Salesforce's login failed to answer ({answer.status})", hint="Try again later."
        )
    if said is None or not said.code:
        return RejectedError(
            "The address does not answer like a Salesforce login",
            hint="Check the connection's address.",
            details=answer.details,
        )
    # The description may be missing (S01), and the code alone says little.
    why = f": {said.message}" if said.message else ""
    return AccessError(
        f"Salesforce refused the login ({said.code}{why})",
        hint=LOGIN_HINTS.get(said.code, "Check the login of the connection."),
        details=answer.details,
    )


LOGIN_HINTS = {
    "invalid_client_id": "Check the consumer key (client id) of the app.",
    "invalid_client": "Check the consumer secret (client secret) of the app.",
    "invalid_grant": "Check the user, the password or token, and that the app allows this flow.",
    "unsupported_grant_type": "The app does not allow this flow; enable it, or choose another.",
}


def answered(row: object, sent_id: str = "") -> Answered:
    """The answer to one row; failed rows come without an id (contract, section 8).

    >>> answered({"success": False, "errors": [{"statusCode": "X", "message": "no"}]}, "003").code
    'X'
    """
    said: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    if said.get("success") is True:
        return Answered(str(said.get("id") or sent_id), ok=True)
    errors = said.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else said
    found = _trouble(first) if isinstance(first, Mapping) else None
    if found is None:
        return Answered(sent_id, ok=False, code="UNKNOWN", message="Salesforce did not say why")
    return Answered(sent_id, ok=False, code=found.code, message=found.message, fields=found.fields)


def usage(header: str | None) -> Usage | None:
    """What ``Sforce-Limit-Info`` says, in either of its forms.

    >>> usage("api-usage=18/5000")
    Usage(used=18, limit=5000, app='', app_used=None, app_limit=None)
    >>> usage("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)").app_used
    17
    """
    org = _USAGE.search(header or "")
    if org is None:
        return None
    app = _APP.search(header or "")
    if app is None:
        return Usage(int(org[1]), int(org[2]))
    return Usage(int(org[1]), int(org[2]), app[3] or "", int(app[1]), int(app[2]))


def moment_of(text: object) -> datetime | None:
    """A moment as Salesforce writes it: ``2021-12-02T18:23:39.000+0000``.

    >>> moment_of("2021-12-02T18:23:39.000+0000").isoformat()
    '2021-12-02T18:23:39+00:00'
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _limit(said: Trouble, details: str) -> RemoteError:
    if "concurrent" in said.message.lower() or said.code == "EXCEEDED_CONCURRENT_REQUESTS":
        return ThrottledError(
            "Salesforce has too many long requests at once", hint="Try later.", details=details
        )
    return QuotaError(
        "The org's API calls of the last 24 hours are used up",
        hint="It goes on when calls are free again; other integrations use the same limit.",
        details=details,
    )


def _words(said: Trouble) -> str:
    message = " ".join(said.message.split())
    return f"{message} ({said.code})" if said.code and message else message or said.code
