"""What Pendo's answers mean, in words an analyst can act on. Pure."""

import json

from workbench.errors import (
    AccessError,
    MissingError,
    OutageError,
    OverrunError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.pendo.model import REGIONS, region
from workbench.transport.answer import Answer, GaveUpError

WRITE_HINT = (
    "Make an integration key with Allow Write Access (Pendo: Settings, Integrations, "
    "Integration Keys) and put it into the connection."
)
KEY_HINT = "Check the key and the region: a key is known only in the region it was made in."
VERIFY = "token/verify"
REPORT_RESULTS = "report/{id}/results.json"
AGGREGATION = "aggregation"
THROTTLED_MARK = "rateLimitExceeded"
"""With this reason a 403 means "slow down", not "wrong key"."""


def error_text(answer: Answer) -> str:
    """Pendo's own words, from whichever of its bodies came: JSON or not, or none at all.

    >>> error_text(Answer(422, "unknown", '{"error": "no pipeline"}'))
    'no pipeline'
    >>> error_text(Answer(400, "Bad Request", "Cannot parse filter expression"))
    'Cannot parse filter expression'
    >>> error_text(Answer(422, "Unprocessable Entity"))
    'Unprocessable Entity'
    """
    try:
        body = json.loads(answer.text)
    except ValueError:
        body = None
    if isinstance(body, dict):
        for key in ("error", "message"):
            said = body.get(key)
            if isinstance(said, dict):
                said = said.get("message") or json.dumps(said)
            if said:
                return str(said)
    if answer.text and not answer.text.lstrip().startswith("<"):
        return answer.text.strip()
    return answer.reason or f"status {answer.status}"


def judge(answer: Answer, *, write_access: bool | None = None) -> RemoteError | None:
    """Say what is wrong with an answer, or None.

    ``write_access`` is what Pendo last said of the key, None when it was not asked: with it a
    key that may only read is told apart from a wrong one.

    >>> judge(Answer(400, text="Cannot parse filter expression"))
    RejectedError('Pendo rejected the request: Cannot parse filter expression')
    >>> judge(Answer(200))
    """
    if answer.is_success:
        return None
    status, call = answer.status, answer.call
    if status == 429 or (status == 403 and THROTTLED_MARK in answer.text + answer.reason):
        return ThrottledError(
            "Pendo asked us to slow down",
            hint="Lower the connection's calls_per_minute, or try again later.",
            details=answer.details,
        )
    if status in (401, 403) or (status == 400 and call.endpoint == VERIFY):
        return _refused(answer, write_access)
    if call.writes and write_access is False and 400 <= status < 500 and status != 408:
        return _refused(answer, write_access)
    if status == 404 or (status == 400 and call.endpoint == REPORT_RESULTS):
        return MissingError("Pendo has nothing there", details=answer.details)
    if status == 413 or (call.heavy and status in (408, 504)):
        return OverrunError(
            f"Pendo gave up on the request ({status})",
            hint="It was too much at once: ask for less.",
            details=answer.details,
        )
    if status == 408 or status >= 500:
        return _outage(answer)
    if 300 <= status < 400:
        return RejectedError(
            f"Pendo's address answered with a redirect ({status})",
            hint="Take the address of your region itself, e.g. https://app.pendo.io.",
            details=answer.details,
        )
    return RejectedError(
        f"Pendo rejected the request: {error_text(answer)}",
        hint="Change the request; sending it again as it is cannot help.",
        details=answer.details,
    )


def read_only_key(details: str) -> AccessError:
    """The key is good, but may not write."""
    return AccessError("This key may only read", hint=WRITE_HINT, details=details)


def unknown_key(url: str, ending: str, details: str) -> AccessError:
    """Pendo does not know the key at ``url``; ``ending`` is what follows its last full stop.

    >>> unknown_key("https://app.pendo.io", "eu", "").hint.rpartition(". ")[2]
    'This key ends in .eu: try https://app.eu.pendo.io'
    """
    here = region(url)
    hint = KEY_HINT
    if here:
        hint += f" {url} is the region {here}."
    if ending in REGIONS and ending != here:
        hint += f" This key ends in .{ending}: try {REGIONS[ending]}"
    where = f"in the region {here}" if here else f"at {url}"
    return AccessError(
        f"Pendo refused the key: it is not known {where}", hint=hint, details=details
    )


def _refused(answer: Answer, write_access: bool | None) -> AccessError:
    if write_access is False and answer.call.writes:
        return read_only_key(answer.details)
    if write_access is False and answer.call.endpoint == AGGREGATION:
        return AccessError(
            "Pendo refused an aggregation to a key that may only read",
            hint=f"Some subscriptions want a key that may write even for that. {WRITE_HINT}",
            details=answer.details,
        )
    if write_access is not None:
        return AccessError(
            f"Pendo knows the key, but does not let it use {answer.call.endpoint}",
            hint="Ask a Pendo admin what the key may see.",
            details=answer.details,
        )
    return AccessError("Pendo refused the key", hint=KEY_HINT, details=answer.details)


def _outage(answer: Answer) -> OutageError:
    """A gateway that gave up may mean that too much was asked for; a plain 500 does not."""
    kind = GaveUpError if answer.status in (408, 502, 503, 504) else OutageError
    return kind(
        f"Pendo failed to answer ({answer.status})",
        hint="Try again later; status.pendo.io tells of outages.",
        details=answer.details,
    )
