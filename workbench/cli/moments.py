"""Moments as options name them."""

from datetime import datetime

from workbench.errors import InputError


def moment(text: str) -> datetime:
    """The moment that ``--now`` names.

    Raises:
        InputError: it is none, or says no zone.
    """
    hint = "For example 2026-03-10T19:30:00Z."
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--now: {text[:60]!r} is not a moment", hint=hint) from error
    if found.tzinfo is None:
        raise InputError(f"--now: {text} has no time zone", hint=hint)
    return found
