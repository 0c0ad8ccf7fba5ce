"""Moments as the org writes them: whole seconds, UTC, ``+0000``."""

from datetime import UTC, datetime


def wire(moment: datetime) -> str:
    """A moment as it goes out; such texts sort as the moments do.

    >>> wire(datetime(2021, 12, 2, 18, 23, 39, 999, tzinfo=UTC))
    '2021-12-02T18:23:39.000+0000'
    """
    return moment.astimezone(UTC).isoformat()[:19] + ".000+0000"


def moment_of(text: str) -> datetime:
    """The moment that `wire` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.000%z")
