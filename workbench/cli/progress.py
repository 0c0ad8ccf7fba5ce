"""A progress bar of one line, on stderr, and only where a person watches."""

import shutil
import sys
import time
from types import TracebackType
from typing import Self

from workbench.cli.output import counted

WIDTH = 24
"""Characters of the bar itself."""
REDRAW_S = 0.1
"""Faster is not seen."""


class Bar:
    """How far something is: share, rows, seconds left."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = sys.stderr.isatty()
        self._started = time.monotonic()
        self._drawn_at = 0.0
        self._resumed = 0

    def update(self, done: int, total: int | None, rows: int, resumed: int = 0) -> None:
        """Draw it again: ``done`` of ``total`` parts, of which ``resumed`` took no time."""
        now = time.monotonic()
        if not self._shown or (now - self._drawn_at < REDRAW_S and done != total):
            return
        self._drawn_at = now
        line = f"{self._title}  {self._bar(done, total)}  {counted(rows)} rows"
        if total and resumed < done < total:
            left_s = (now - self._started) / (done - resumed) * (total - done)
            line += f"  {left_s:.0f} s left"
        columns = shutil.get_terminal_size().columns
        print(f"\r\x1b[K{line[: columns - 1]}", end="", file=sys.stderr, flush=True)

    def _bar(self, done: int, total: int | None) -> str:
        if not total:
            return f"{counted(done)} parts"
        full = min(WIDTH, round(WIDTH * done / total))
        return f"[{'#' * full}{'.' * (WIDTH - full)}] {done}/{total}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._drawn_at:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
