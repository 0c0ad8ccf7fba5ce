"""What a run says of itself while it goes: stage, counts, log lines.

Written from a side thread at most a few times a second, so that a slow or locked database
never holds up the work that is being counted.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from workbench.errors import StorageError

WRITE_EVERY_S = 0.3
"""Often enough for a progress bar, rare enough that hundreds of slices cost nothing."""

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log; ``id`` grows, for asking what came after it."""

    id: int
    at: datetime
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """One line not yet written."""

    at: datetime
    level: Level
    text: str


class Recorder(Protocol):
    """Where a tally writes; answers whether somebody asked to cancel."""

    def note(self, run_id: int, counts: dict[str, Any], lines: Sequence[Said]) -> bool: ...


class Tally:
    """Counts of one run, safe to use from several threads."""

    def __init__(self, run_id: int, recorder: Recorder) -> None:
        self.run_id = run_id
        self.failed = 0
        """Rows that failed; any makes the run "done with errors"."""
        self.result: dict[str, Any] = {}
        """What the run came to, stored as JSON when it ends."""
        self._recorder = recorder
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._counts: dict[str, Any] = {}
        self._lines: list[Said] = []
        self._timer: threading.Timer | None = None
        self._written_at = 0.0
        self._cancel_requested = False
        self._over = False

    def stage(self, name: str) -> None:
        """Say what is being done now, in a person's words."""
        self._take({"stage": name}, ())

    def progress(
        self,
        *,
        done: int,
        total: int | None,
        rows: int | None = None,
        requests: int | None = None,
        bytes: int | None = None,
    ) -> None:
        """Say how far it is: ``done`` of ``total`` steps, and totals so far of the others."""
        given = {"done": done, "total": total, "rows": rows, "requests": requests, "bytes": bytes}
        known = {name: count for name, count in given.items() if count is not None}
        self._take(known, ())

    def log(self, text: str, level: Level = "info") -> None:
        """Add one line to the run's log."""
        # PostgreSQL cannot store NUL in a text.
        self._take({}, (Said(datetime.now(UTC), level, text.replace("\0", "\\0")),))

    @property
    def is_cancel_requested(self) -> bool:
        """Whether somebody asked to cancel, known within ``WRITE_EVERY_S``; cheap to ask often."""
        if not self._cancel_requested:
            self._take({}, ())
        return self._cancel_requested

    def close(self) -> tuple[dict[str, Any], list[Said]]:
        """Stop the side thread and hand over what is not yet written."""
        with self._lock:
            self._over = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        with self._writing, self._lock:
            counts, lines, self._counts, self._lines = self._counts, self._lines, {}, []
        return counts, lines

    def _take(self, counts: dict[str, Any], lines: Sequence[Said]) -> None:
        with self._lock:
            self._counts.update(counts)
            self._lines.extend(lines)
            if self._timer is None and not self._over:
                wait_s = max(0.0, self._written_at + WRITE_EVERY_S - time.monotonic())
                self._timer = threading.Timer(wait_s, self._write)
                self._timer.daemon = True
                self._timer.start()

    def _write(self) -> None:
        with self._writing:
            with self._lock:
                self._timer, self._written_at = None, time.monotonic()
                counts, lines = self._counts, self._lines
                self._counts, self._lines = {}, []
            try:
                requested = self._recorder.note(self.run_id, counts, lines)
            except StorageError:
                # Kept for the next write; the last one, when the run ends, does not forgive.
                with self._lock:
                    self._counts = {**counts, **self._counts}
                    self._lines = [*lines, *self._lines]
            else:
                self._cancel_requested = self._cancel_requested or requested
