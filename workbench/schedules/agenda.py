"""When each job fires next, kept in memory, soonest first. Pure: moments are parameters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush

from workbench.schedules.fires import next_after
from workbench.schedules.model import Schedule


@dataclass(frozen=True, slots=True)
class Entry:
    """One job's part of the agenda."""

    schedules: tuple[Schedule, ...]
    considered: datetime
    """Every fire up to here has its slot."""
    next_at: datetime | None


class Agenda:
    """The next fire of every job; asking for it costs nothing where nothing is due."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        # May hold entries that were changed since; those are passed over.
        self._heap: list[tuple[datetime, str]] = []

    def put(self, job: str, schedules: Iterable[Schedule], considered: datetime) -> None:
        """Add a job, or change what is known of it."""
        rhythms = tuple(schedules)
        coming = [next_after(schedule, considered) for schedule in rhythms]
        next_at = min((at for at in coming if at is not None), default=None)
        self._entries[job] = Entry(rhythms, considered, next_at)
        if next_at is not None:
            heappush(self._heap, (next_at, job))

    def move(self, job: str, considered: datetime | None) -> None:
        """Put a job back that was due, considered until then; None: as it was, and due again."""
        entry = self._entries.get(job)
        if entry is not None and considered is not None:
            self.put(job, entry.schedules, considered)
        elif entry is not None and entry.next_at is not None:
            heappush(self._heap, (entry.next_at, job))

    def drop(self, job: str) -> None:
        """Leave a job out."""
        self._entries.pop(job, None)

    def entry(self, job: str) -> Entry | None:
        """What is known of a job."""
        return self._entries.get(job)

    @property
    def next_at(self) -> datetime | None:
        """The soonest fire of all."""
        while self._heap and self._is_old(*self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: datetime, most: int) -> list[str]:
        """Take out up to so many jobs that fire by ``now``; ``move`` each when that is done."""
        found: dict[str, None] = {}
        while len(found) < most and (soonest := self.next_at) is not None and soonest <= now:
            found[heappop(self._heap)[1]] = None
        return list(found)

    def ahead_of(self, now: datetime) -> list[str]:
        """The jobs that were considered beyond ``now``: the clock was ahead then."""
        return [job for job, entry in self._entries.items() if entry.considered > now]

    def _is_old(self, at: datetime, job: str) -> bool:
        entry = self._entries.get(job)
        return entry is None or entry.next_at != at
