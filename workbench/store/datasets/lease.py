"""One writer at a time for each dataset, whichever process it is in."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import StorageError

POLL_S = 0.05
"""Pause between two tries for the lock: short beside any commit."""


@contextmanager
def sole_writer(locks: Path, name: str, *, writer: str, patience_s: float) -> Iterator[None]:
    """Hold the dataset's lock; the system drops it when the process ends, however it ends.

    Args:
        writer: Who holds it, such as "run 12": told to whoever waits in vain.

    Raises:
        StorageError: somebody else still writes after ``patience_s``.
    """
    locks.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(locks / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(descriptor, name, patience_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, writer.encode(), 0)
        yield
    finally:
        # Closing releases the lock. The file stays: removing it would let two waiters
        # hold locks on two different files of the same name.
        os.close(descriptor)


def _wait(descriptor: int, name: str, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "somebody else"
                raise StorageError(
                    f"{name} is being written by {holder}",
                    hint="Wait until it has ended, or cancel it, then try again.",
                ) from None
            time.sleep(POLL_S)
        else:
            return
