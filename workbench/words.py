"""Wording shared by messages: the nearest known name, counts with their noun, jobs. Pure."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

JOB_KINDS = {
    "campaign": "Campaign sync",
    "campaign_nightly": "Nightly campaign sync",
    "campaign_hourly": "Hourly campaign sync",
}
"""Kinds of jobs that are called otherwise than by their own word."""


def job_words(job: str) -> str:
    """A job's kind and name, as a person says it.

    >>> job_words("pull/page-events"), job_words("campaign_nightly/acme")
    ('Pull page-events', 'Nightly campaign sync acme')
    """
    kind, _, name = job.partition("/")
    said = JOB_KINDS.get(kind) or kind.replace("_", " ").capitalize()
    return f"{said} {name}".strip()


def nearest(given: str, known: Iterable[str]) -> str:
    """A clause naming the known word most like ``given``, or nothing.

    >>> nearest("pagevents", ["page_events", "guides"])
    '; did you mean page_events?'
    >>> nearest("zzz", ["page_events"])
    ''
    """
    match = get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f"; did you mean {match[0]}?" if match else ""


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun, thousands separated by thin spaces.

    >>> counted(1, "row")
    '1 row'
    >>> counted(12345, "row")
    '12 345 rows'
    """
    noun = one if number == 1 else many or f"{one}s"
    return f"{number:,}".replace(",", " ") + f" {noun}"


def listed(words: Sequence[str]) -> str:
    """Words in a row, "and" before the last.

    >>> listed(["Monday", "Thursday", "Sunday"])
    'Monday, Thursday and Sunday'
    """
    *head, tail = words
    return f"{', '.join(head)} and {tail}" if head else tail
