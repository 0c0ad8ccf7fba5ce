"""What a pull would bring and do, before it changes anything."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError
from workbench.pulls import parts
from workbench.pulls.model import Pull
from workbench.pulls.plan import Plan, plan_pull
from workbench.pulls.recipes import recipe_for
from workbench.pulls.run import known_columns, parts_of, row_count
from workbench.pulls.spool import Finished, Spool
from workbench.pulls.window import today_in
from workbench.store.datasets.model import Column, Effect, Part
from workbench.words import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.pendo.client import PendoClient
    from workbench.services import Services

EXACT_UP_TO = 50_000
"""Rows up to which a preview fetches everything to tell the exact effect: a few seconds. What it
fetched is kept, so that the run which follows does not ask again."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a pull would bring, and what that would do to its dataset."""

    requests: int | None
    """Calls it will cost; None where only fetching tells."""
    request: dict[str, Any] | None
    """The first request as it will be sent; None where Pendo is asked over REST."""
    rewritten: bool
    """Whether a custom request had to be put into the envelope Pendo accepts."""
    first_day: date | None
    last_day: date | None
    zone: str
    columns: tuple[Column, ...]
    rows: "pa.Table"
    row_estimate: int | None
    """How many rows Pendo says there are."""
    effect: Effect | None
    """None where nothing came, or too much to fetch for a preview."""
    exact: bool
    """Whether ``effect`` is about every row, or only about those shown."""
    warnings: tuple[str, ...]

    @property
    def days(self) -> str:
        """The absolute days covered, with whose days they are."""
        if self.first_day is None or self.last_day is None:
            return "everything, whatever its date"
        if self.first_day == self.last_day:
            return f"{self.first_day}, a day in {self.zone}"
        span = (self.last_day - self.first_day).days + 1
        return f"{self.first_day} to {self.last_day}, {span} days in {self.zone}"


def preview(
    pull: Pull, services: "Services", *, rows: int = 100, exact: bool | None = None
) -> Preview:
    """Ask Pendo for the first rows, and work out what the whole pull would do. Changes nothing.

    Args:
        rows: How many rows to show at most.
        exact: Fetch everything to tell the exact effect; None does so where it is quick.

    Raises:
        InputError: the window is impossible, or the custom request is not one.
        RemoteError: Pendo did not answer, or not with rows.
    """
    plan = plan_pull(pull, services.documents.connection(pull.connection), services.now())
    with services.pendo(pull.connection) as client:
        estimate = row_count(plan, client)
        small = estimate is not None and estimate <= EXACT_UP_TO
        whole = exact if exact is not None else small
        if plan.endpoint != "aggregation":
            # Over REST there is no asking for a part: what comes is everything.
            whole = exact is not False
        if whole:
            return _of_everything(plan, services, client, rows, estimate)
        return _of_a_sample(plan, services, client, rows, estimate)


def _of_everything(
    plan: Plan, services: "Services", client: "PendoClient", rows: int, estimate: int | None
) -> Preview:
    """Fetch into the spool, where the run that follows finds it."""
    from workbench.pulls.fetch import Fetch

    spool = Spool.open(
        services.settings.spool_root, plan.pull.name, plan.fingerprint, services.now()
    )
    fetch = Fetch(plan, client, spool, known_columns(plan, client))
    finished = list(fetch.slices())
    fetched = parts_of(plan, finished, spool)
    total = sum(each.rows for each in finished)
    return _shown(plan, services, fetched, rows, total if estimate is None else estimate, True)


def _of_a_sample(
    plan: Plan, services: "Services", client: "PendoClient", rows: int, estimate: int | None
) -> Preview:
    """Ask for the first rows of the newest slice alone."""
    services.settings.spool_root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="preview-", dir=services.settings.spool_root))
    try:
        spool = Spool(folder, "", services.now())
        piece = plan.slices[-1]
        received = client.spool_aggregation(plan.sample(rows) or {}, spool.raw(piece.key))
        recipe = recipe_for(plan, piece, known_columns(plan, client))
        connection = parts.connect()
        try:
            written = parts.write_part(
                [spool.raw(piece.key)],
                spool.part(piece.key),
                recipe,
                connection.cursor(),
                keys=received.keys,
            )
        finally:
            connection.close()
        finished = Finished(piece.key, written, 0, 0.0, 0.0)
        return _shown(plan, services, parts_of(plan, [finished], spool), rows, estimate, False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _shown(
    plan: Plan,
    services: "Services",
    fetched: Sequence[Part],
    rows: int,
    estimate: int | None,
    exact: bool,
) -> Preview:
    effect, warnings = None, list(plan.warnings)
    if fetched:
        try:
            effect = services.datasets.effect(
                plan.pull.dataset_name,
                fetched,
                plan.pull.update_method,
                today=today_in(plan.zone, services.now()),
            )
        except InputError as error:
            # The key does not fit the rows: the rows are still worth seeing.
            warnings.append(f"{error}. {error.hint}".rstrip(". ") + ".")
    if not exact:
        shown = (
            "the first rows only" if estimate is None else f"{counted(estimate, 'row')} expected"
        )
        warnings.append(f"The effect is worked out from a sample ({shown})")
    if plan.rewritten:
        warnings.append("The request was put into the envelope that Pendo accepts")
    columns, table = services.datasets.incoming(fetched, rows)
    return Preview(
        requests=None if plan.slices[0].page and estimate is None else _requests(plan, estimate),
        request=plan.request(plan.slices[0]),
        rewritten=plan.rewritten,
        first_day=plan.window.first if plan.window else None,
        last_day=plan.window.last if plan.window else None,
        zone=plan.zone,
        columns=columns,
        rows=table,
        row_estimate=estimate,
        effect=effect,
        exact=exact,
        warnings=tuple(warnings),
    )


def _requests(plan: Plan, estimate: int | None) -> int:
    if plan.slices[0].page:
        return (estimate or 0) // plan.slices[0].limit + 1
    return len(plan.slices)
