"""The jobs that documents make, as the scheduler knows them; only changed documents are read."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workbench.errors import WorkbenchError
from workbench.jobs import JobKind, Scheduled
from workbench.schedules.fires import Fire, fires_between
from workbench.schedules.missed import DUE_WITHIN
from workbench.schedules.model import Schedule, StaleAfter

if TYPE_CHECKING:
    from workbench.store.state import Documents, Job, Stored

log = logging.getLogger("workbench.scheduler")
LATECOMERS = 50
"""Changes looked at again: as many as writers could have under way at once, of which one with a
lower number may be seen after one with a higher."""
AT_ONCE = 50
"""Documents read by one ``refresh``: with five schedules each some tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class KnownJob:
    """One job, as its document stood when it was last read."""

    job: str
    kind: JobKind
    scheduled: Scheduled
    created_at: datetime
    updated_at: datetime

    @property
    def rhythms(self) -> tuple[Schedule, ...]:
        """The schedules it fires by: none while its document says that it is off."""
        return self.scheduled.schedules if self.scheduled.active else ()

    @property
    def stale_after(self) -> StaleAfter | None:
        """How long it may go without success: for ever while its document says that it is off."""
        return self.scheduled.stale_after if self.scheduled.active else "never"

    @property
    def fires_by(self) -> list[Any]:
        """The rhythms as they are kept beside the job, to see that they were changed."""
        return [
            schedule.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for schedule in self.rhythms
        ]

    def considered(self, row: "Job | None", now: datetime) -> datetime:
        """Until when it is considered with the rhythms it has now.

        A job never seen, made again or changed owes what they fire from its document's last change
        on; a clock set before that change, as in a rehearsal, owes what is due at the moment.
        """
        is_past = self.updated_at <= now
        fresh = self.updated_at if is_past else now - DUE_WITHIN
        if row is None:
            return fresh
        if row.schedules == self.fires_by and not self._was_made_again(row, now):
            return row.considered_until
        return max(row.considered_until, fresh) if is_past else row.considered_until

    def owed_before(self, row: "Job", now: datetime) -> list[Fire]:
        """What it owes by the rhythms that it had before they were changed."""
        if not row.schedules or row.is_stopped or self._was_made_again(row, now):
            return []
        before = [Schedule.model_validate(each) for each in row.schedules]
        return fires_between(before, row.considered_until, self.considered(row, now))

    def _was_made_again(self, row: "Job", now: datetime) -> bool:
        return row.considered_until < self.created_at <= now


class KnownJobs:
    """Every job of an installation, by name."""

    def __init__(self, documents: "Documents", kinds: Mapping[str, JobKind]) -> None:
        self._documents = documents
        self._kinds: dict[str, list[JobKind]] = {}
        for kind in kinds.values():
            self._kinds.setdefault(kind.document_kind, []).append(kind)
        self._jobs: dict[str, KnownJob] = {}
        self._to_read: dict[tuple[str, str], None] = {}
        self._seen: set[int] = set()
        self._is_new = True

    def get(self, job: str) -> KnownJob | None:
        """One job; None if there is no document for it, or one that cannot be used."""
        return self._jobs.get(job)

    def __iter__(self) -> Iterator[KnownJob]:
        return iter(self._jobs.values())

    @property
    def has_more(self) -> bool:
        """Whether there are documents that the next ``refresh`` reads."""
        return self._is_new or bool(self._to_read)

    def start_again(self) -> None:
        """Forget what was read; ``refresh`` reads everything, ``AT_ONCE`` documents a time."""
        self._jobs.clear()
        self._to_read.clear()
        self._seen.clear()
        self._is_new = True

    def refresh(self) -> tuple[list[KnownJob], list[str]]:
        """Read some of what changed since the last call; gives those jobs, and jobs gone."""
        if self._is_new:
            self._changed()
            self._to_read = {
                (kind, name): None for kind in self._kinds for name in self._documents.names(kind)
            }
            self._is_new = False
        else:
            self._to_read |= dict.fromkeys(self._changed())
        keys = list(self._to_read)[:AT_ONCE]
        stored = self._documents.some(keys) if keys else []
        read = {job: known for document in stored for job, known in self._read(document)}
        gone = [job for key in keys for job in self._names(*key) if read.get(job) is None]
        for key in keys:
            del self._to_read[key]
        for job in gone:
            self._jobs.pop(job, None)
        usable = {job: known for job, known in read.items() if known is not None}
        self._jobs.update(usable)
        return list(usable.values()), gone

    def is_listed(self, job: str) -> bool:
        """Whether a job has a document, read or still to be read."""
        word, _, name = job.partition("/")
        unread = (
            (kind, name) in self._to_read
            for kind, made in self._kinds.items()
            if word in (each.name for each in made)
        )
        return job in self._jobs or any(unread)

    def _changed(self) -> set[tuple[str, str]]:
        """The documents that changed since the last call."""
        newest = self._documents.last_change() if self._is_new else max(self._seen, default=0)
        changes = self._documents.changes_after(newest - LATECOMERS)
        fresh = changes.keys() - self._seen
        self._seen = set(changes)
        return {changes[number] for number in fresh if changes[number][0] in self._kinds}

    def _names(self, kind: str, name: str) -> list[str]:
        return [f"{each.name}/{name}" for each in self._kinds[kind]]

    def _read(self, document: "Stored") -> Iterator[tuple[str, KnownJob | None]]:
        for kind in self._kinds[document.kind]:
            yield f"{kind.name}/{document.name}", _known(kind, document)


def _known(kind: JobKind, document: "Stored") -> KnownJob | None:
    job = f"{kind.name}/{document.name}"
    try:
        scheduled = kind.scheduled(document.body)
    except (ValidationError, WorkbenchError) as error:
        log.warning("%s cannot be scheduled as it is stored: %s", job, error)
        return None
    return KnownJob(job, kind, scheduled, document.created_at, document.updated_at)
