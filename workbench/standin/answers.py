"""Long answers kept on disk, so that asking the same again costs only the sending.

Whoever measures a client then measures the client: making an answer takes a tenth of the time of
reading it, and on a machine of two cores both share them.
"""

import mmap
import tempfile
from collections.abc import Iterator
from threading import Lock
from typing import IO

from workbench.standin.replies import Block

LEAST_BYTES = 1 << 20
"""A shorter answer is made again as fast as it is found."""
MOST_BYTES = 5 << 29
"""A month of the large size, twice; what comes after is made each time."""
PIECE_BYTES = 1 << 20
"""Sent at once."""
Question = tuple[object, ...]
"""All that an answer depends on."""


class KeptAnswers:
    """Answers by their question, in files that are gone when the process is."""

    def __init__(self) -> None:
        self._files: dict[Question, mmap.mmap] = {}
        self._bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        """How many answers there are."""
        return len(self._files)

    def find(self, question: Question) -> Iterator[Block] | None:
        """The pieces of an answer given before; None if there is none."""
        with self._lock:
            kept = self._files.get(question)
        return None if kept is None else _pieces(kept)

    def keep(self, question: Question, blocks: Iterator[Block]) -> Iterator[Block]:
        """Pass an answer on while it is made, and keep it if it comes to its end."""
        head: list[Block] = []
        size = 0
        for block in blocks:
            head.append(block)
            size += len(block)
            yield block
            if size > LEAST_BYTES:
                break
        else:
            return
        # Unbuffered, so that a full disk shows at once and not when the file is closed.
        with tempfile.TemporaryFile(buffering=0) as file:
            whole = all(_written(file, block) for block in head)
            for block in blocks:
                size += len(block)
                whole = whole and self._has_room(size) and _written(file, block)
                yield block
            if whole:
                self._remember(question, file, size)

    def _has_room(self, size: int) -> bool:
        return self._bytes + size <= MOST_BYTES

    def _remember(self, question: Question, file: IO[bytes], size: int) -> None:
        with self._lock:
            if self._has_room(size) and question not in self._files:
                self._files[question] = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
                self._bytes += size


def _written(file: IO[bytes], block: Block) -> bool:
    """Whether the disk had room for it; an answer that cannot be kept is made again."""
    try:
        return file.write(block) == len(block)
    except OSError:
        return False


def _pieces(kept: mmap.mmap) -> Iterator[Block]:
    whole = memoryview(kept)
    for start in range(0, len(whole), PIECE_BYTES):
        yield whole[start : start + PIECE_BYTES]
