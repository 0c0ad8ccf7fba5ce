"""Paths below ``/api/v1``, with ids of any kind in them. Pure."""

import base64
import re

from workbench.errors import InputError

ROOT = "api/v1"
ENCODED_HEADER = {"x-pendo-base64-encoded-params": "true"}
"""Tells Pendo that the record ids in the path are base64."""
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def named(text: str, what: str) -> str:
    """An id of Pendo's own making, safe as one step of a path.

    >>> named("AbC_d-1", "report")
    'AbC_d-1'

    Raises:
        InputError: it cannot be such an id, and could lead elsewhere.
    """
    if not _PLAIN.fullmatch(text):
        raise InputError(
            f"{text!r} is not the id of a {what}",
            hint="An id has only letters, digits, - and _; copy it from Pendo.",
        )
    return text


def record(record_id: str) -> tuple[str, dict[str, str]]:
    """A visitor's or account's id as a step of a path, and the headers that go with it.

    >>> record("v-1")
    ('v-1', {})
    >>> record("a/b")
    ('YS9i', {'x-pendo-base64-encoded-params': 'true'})

    Raises:
        InputError: there is no id.
    """
    if not record_id:
        raise InputError("The id is empty", hint="Give the id of a visitor or an account.")
    if _PLAIN.fullmatch(record_id):
        return record_id, {}
    # The alphabet without a slash, which would end the step of the path.
    encoded = base64.urlsafe_b64encode(record_id.encode()).decode("ascii")
    return encoded, dict(ENCODED_HEADER)
