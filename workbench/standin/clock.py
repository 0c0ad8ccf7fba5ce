"""A stand-in's now: the real one, or one that stands still until it is moved."""

from datetime import UTC, datetime, timedelta

from workbench.standin.zones import to_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """The present moment over there."""

    def __init__(self, now: datetime | None) -> None:
        self._frozen_ms = None if now is None else to_ms(now)
        self._moved_ms = 0

    @property
    def stands_still(self) -> bool:
        """Whether now stays the same moment until somebody moves it."""
        return self._frozen_ms is not None

    def now_ms(self) -> int:
        """The present moment, in epoch milliseconds."""
        start = to_ms(datetime.now(UTC)) if self._frozen_ms is None else self._frozen_ms
        return start + self._moved_ms

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return EPOCH + timedelta(milliseconds=self.now_ms())

    def move(self, by_ms: int) -> None:
        """Go forward, or back."""
        self._moved_ms += by_ms
