"""Which slots are due, which were missed, and what becomes of those. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.schedules.fires import Fire
from workbench.schedules.model import CatchUp

DUE_WITHIN = timedelta(minutes=15)
"""A slot up to this old is due, an older one is missed (commands.md, "Settled readings")."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What a job owes at one moment; every fire is in exactly one place."""

    due: tuple[Fire, ...] = ()
    """To run now, each as a run of its own."""
    listed: tuple[Fire, ...] = ()
    """Missed; they wait until a person decides."""
    caught_up: tuple[tuple[Fire, ...], ...] = ()
    """Missed; each group becomes one run, which counts for its last, the newest."""
    skipped: tuple[Fire, ...] = ()
    """Missed; never run."""


def owed(
    fires: Iterable[Fire], now: datetime, catch_up: CatchUp, due_within: timedelta = DUE_WITHIN
) -> Owed:
    """Divide fires that are past and not yet considered; later ones than ``now`` are left out."""
    past = sorted((fire for fire in fires if fire.at <= now), key=lambda fire: fire.at)
    due = tuple(fire for fire in past if now - fire.at <= due_within)
    missed = tuple(past[: len(past) - len(due)])
    if catch_up == "ask":
        return Owed(due, listed=missed)
    if catch_up == "skip":
        return Owed(due, skipped=missed)
    return Owed(due, caught_up=groups(missed, catch_up))


def groups(missed: Sequence[Fire], catch_up: CatchUp) -> tuple[tuple[Fire, ...], ...]:
    """The runs that make up for missed slots: one for all, or one for each."""
    if catch_up == "each":
        return tuple((fire,) for fire in missed)
    return (tuple(missed),) if missed else ()
