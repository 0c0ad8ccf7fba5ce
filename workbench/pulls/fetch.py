"""Fetch the slices of a plan: a few at a time, spooled while they arrive, memory of one slice.

Decides nothing but when to ask for less: a slice that is too much at once is halved. Stopping at
any moment is safe; the finished slices are in the spool, and the next fetch goes on from there.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from time import perf_counter
from typing import Self

from workbench.errors import CancelledError, OverrunError, WorkbenchError
from workbench.pendo.body import Keys
from workbench.pendo.client import PendoClient
from workbench.pendo.queries import guide_id
from workbench.pulls import histories, parts
from workbench.pulls.found import last_id
from workbench.pulls.learned import Learned
from workbench.pulls.plan import Plan, Slice, halves, next_page, smaller_page
from workbench.pulls.recipes import Known, recipe_for
from workbench.pulls.spool import Finished, Spool

WATCH_S = 0.2
"""How often a waiting fetch looks whether somebody cancelled it."""


@dataclass(frozen=True, slots=True)
class Received:
    """The raw answers of one slice, and what they cost."""

    spools: tuple[Path, ...]
    bytes: int
    seconds: float
    keys: Keys | None

    def __add__(self, other: Self) -> "Received":
        return Received(
            self.spools + other.spools,
            self.bytes + other.bytes,
            self.seconds + other.seconds,
            self.keys + other.keys if self.keys and other.keys else None,
        )


@dataclass
class Fetch:
    """One plan being fetched."""

    plan: Plan
    client: PendoClient
    spool: Spool
    known: Known = field(default_factory=Known)
    cancelled: Callable[[], bool] = lambda: False
    stopping: Event = field(default_factory=Event)
    """Set when one slice failed, so that the others do not go on for nothing."""

    def __post_init__(self) -> None:
        self._learned = Learned()
        self._database = parts.connect()
        self._reading = Lock()
        """One page is read at a time: two readers' buffers would be the memory of two slices."""
        self._most_hours = 25

    def slices(self) -> Iterator[Finished]:
        """Every slice as it is finished, those of an earlier run first.

        Raises:
            CancelledError: somebody stopped it.
            RemoteError, StorageError, InputError: a slice could not be had or kept.
        """
        try:
            if self.plan.slices and self.plan.slices[0].page:
                yield from self._pages(self.plan.slices[0])
            else:
                yield from self._spans()
        finally:
            self.stopping.set()
            self._database.close()

    def stopped(self) -> bool:
        """Whether to break off, asked between and within requests."""
        return self.stopping.is_set() or self.cancelled()

    def _spans(self) -> Iterator[Finished]:
        """Slices that do not depend on one another, a few under way at once."""
        left = []
        for piece in self.plan.slices:
            if (finished := self.spool.finished(piece.key)) is not None:
                yield finished
            else:
                left.append(piece)
        with ThreadPoolExecutor(self.plan.pull.parallel, thread_name_prefix="slice") as pool:
            yield from self._each({pool.submit(self._slice, piece) for piece in left})

    def _each(self, under_way: set[Future[Finished]]) -> Iterator[Finished]:
        """Results as they come; the first failure stops the others, then is raised."""
        try:
            while under_way:
                done, under_way = wait(under_way, WATCH_S, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                if self.cancelled():
                    raise CancelledError("Cancelled", hint="Finished parts are kept: run it again.")
        finally:
            self.stopping.set()
            for future in under_way:
                future.cancel()

    def _slice(self, piece: Slice) -> Finished:
        if self.stopped():
            raise CancelledError("Cancelled", hint="Finished parts are kept: run it again.")
        received = self._received(piece)
        return self._kept(piece, received)

    def _kept(self, piece: Slice, received: Received, last: str | None = None) -> Finished:
        """Write the part of a slice, then its receipt; the raw answers are then not needed."""
        started = perf_counter()
        recipe = recipe_for(self.plan, piece, self.known, in_parts=len(received.spools) > 1)
        rows = parts.write_part(
            received.spools,
            self.spool.part(piece.key),
            recipe,
            self._database.cursor(),
            keys=received.keys,
            learned=self._learned,
        )
        finished = Finished(
            piece.key,
            rows,
            received.bytes,
            received.seconds,
            perf_counter() - started,
            last_id=last,
            full=bool(piece.page) and rows >= piece.limit,
        )
        self.spool.finish(finished)
        for path in received.spools:
            path.unlink(missing_ok=True)
        return finished

    def _received(self, piece: Slice) -> Received:
        """The raw answers of a slice, asked for in halves where it is too much at once."""
        if not piece.hours:
            return self._ask(piece)
        if piece.hours > self._most_hours:
            return self._halved(piece)
        try:
            return self._ask(piece)
        except OverrunError as error:
            # The next days are as large as this one: do not wait for Pendo to give up on each.
            self._most_hours = min(self._most_hours, max(1, (piece.hours + 1) // 2))
            return self._halved(piece, error)

    def _halved(self, piece: Slice, error: OverrunError | None = None) -> Received:
        try:
            early, late = halves(piece)
        except OverrunError as hopeless:
            hopeless.details = str(error or "")
            raise hopeless from error
        return self._received(early) + self._received(late)

    def _ask(self, piece: Slice) -> Received:
        """One request, spooled."""
        path = self.spool.raw(piece.key)
        pull = self.plan.pull
        if self.plan.endpoint == "report_list":
            received = self.client.spool_reports(path)
        elif self.plan.endpoint == "report_results":
            received = self.client.spool_report_results(pull.report_id or "", path)
        elif self.plan.endpoint == "guide_history":
            received = self.client.spool_guide_history(guide_id(pull.guide or ""), path)
            histories.as_rows(path)
        elif self.plan.endpoint == "segments":
            received = self.client.spool_segments(path, self.plan.apps)
        else:
            received = self.client.spool_aggregation(self.plan.request(piece) or {}, path)
        return Received((path,), received.bytes, received.seconds, received.keys)

    def _pages(self, piece: Slice) -> Iterator[Finished]:
        """Pages of ids, each from where the one before ended; written while the next arrives."""
        finished = self.spool.finished(piece.key)
        while finished is not None:
            yield finished
            if not finished.full or finished.last_id is None:
                return
            piece = next_page(piece, finished.last_id)
            finished = self.spool.finished(piece.key)
        with ThreadPoolExecutor(1, thread_name_prefix="page") as writer:
            under_way: list[Future[Finished]] = []
            following: Slice | None = piece
            while following is not None:
                if self.stopped():
                    raise CancelledError("Cancelled", hint="Finished parts are kept: run it again.")
                piece, received = self._page(following)
                rows, last = self._end_of(received)
                self._must_move(piece, last)
                under_way.append(writer.submit(self._kept_page, piece, received, last))
                following = next_page(piece, last) if last and rows >= piece.limit else None
                if len(under_way) > 1:
                    yield under_way.pop(0).result()
            for future in under_way:
                yield future.result()

    def _page(self, piece: Slice) -> tuple[Slice, Received]:
        """A page, asked for with fewer ids where it is too much at once."""
        while True:
            try:
                return piece, self._received(piece)
            except OverrunError as error:
                try:
                    piece = smaller_page(piece)
                except OverrunError as hopeless:
                    raise hopeless from error

    def _kept_page(self, piece: Slice, received: Received, last: str | None) -> Finished:
        with self._reading:
            return self._kept(piece, received, last)

    def _end_of(self, received: Received) -> tuple[int, str | None]:
        source = self.plan.source
        assert source is not None
        with self._reading:
            spool, cursor = received.spools[0], self._database.cursor()
            return parts.with_room(cursor, lambda: last_id(spool, source.id_field, cursor))

    def _must_move(self, piece: Slice, last: str | None) -> None:
        """A page that ends before it begins would be asked for without end."""
        if piece.after is not None and last is not None and last <= piece.after:
            raise WorkbenchError(
                f"Pendo answered with ids up to {last!r} when asked for those after "
                f"{piece.after!r}; going on would never end",
                hint="Try again; if it stays so, pull with a custom request.",
            )
