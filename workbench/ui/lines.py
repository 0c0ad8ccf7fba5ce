"""What a list of documents shows of each: the document, or why there is none, and its last run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from workbench.errors import WorkbenchError
from workbench.ui import formats
from workbench.ui.chips import chip_text
from workbench.ui.session import services, zone

if TYPE_CHECKING:
    from workbench.store.state import Run

Document = TypeVar("Document")


@dataclass(frozen=True, slots=True)
class Line(Generic[Document]):
    """One document in its list."""

    name: str
    document: Document | None
    trouble: str
    """Why the document cannot be read; "" where it can."""
    last: Run | None

    @property
    def status(self) -> str:
        """How its last run ended."""
        return self.last.status if self.last else "not run yet"

    @property
    def ended(self) -> str:
        """How its last run ended, and when, as HTML."""
        at = self.last and (self.last.finished_at or self.last.started_at)
        told = formats.moment(at, zone()).text if at else ""
        return f"{chip_text(self.status)} <small>{told}</small>"


def lines_of(kind: str, read: Callable[[str], Document]) -> list[Line[Document]]:
    """Every document of a kind that has runs, such as ``pull``, by name."""
    found: list[Line[Document]] = []
    bench = services()
    for name in bench.documents.names(kind):
        runs = bench.state.runs.latest(f"{kind}/{name}", limit=1)
        last = runs[0] if runs else None
        try:
            found.append(Line(name, read(name), "", last))
        except WorkbenchError as error:
            found.append(Line(name, None, str(error), last))
    return found
