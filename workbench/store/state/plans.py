"""Which plans were made of an automation, and where their rows are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from workbench.store.state.database import Database
from workbench.store.state.ledger_tables import plans


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """One plan that somebody, or a run, has seen."""

    automation: str
    fingerprint: str
    made_at: datetime
    saved_at: datetime
    run_id: int | None
    """The newest run that carried it out; None if it was only looked at."""
    counts: dict[str, Any]
    file: str
    """Relative to the home's folder of plans."""


class Plans:
    """The saved plans of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self,
        automation: str,
        fingerprint: str,
        *,
        made_at: datetime,
        counts: Mapping[str, Any],
        file: str,
        run_id: int | None = None,
    ) -> None:
        """Remember a plan, or that it was seen or carried out again."""
        values = {"made_at": made_at, "saved_at": datetime.now(UTC), "counts": dict(counts)}
        values |= {"file": file} | ({} if run_id is None else {"run_id": run_id})
        with self._database.writes() as connection:
            known = update(plans).where(_is(automation, fingerprint)).values(**values)
            if not connection.execute(known).rowcount:
                key = {"automation": automation, "fingerprint": fingerprint}
                connection.execute(insert(plans).values(**key, **values))

    def get(self, automation: str, fingerprint: str) -> SavedPlan | None:
        """One plan, by its fingerprint."""
        with self._database.reads() as connection:
            wanted = select(plans).where(_is(automation, fingerprint))
            row = connection.execute(wanted).one_or_none()
        return SavedPlan(**row._mapping) if row else None

    def latest(self, automation: str, *, carried_out: bool | None = None) -> list[SavedPlan]:
        """An automation's plans, newest first; only those carried out, or only those not."""
        wanted = select(plans).where(plans.c.automation == automation)
        if carried_out is not None:
            ran = plans.c.run_id.is_not(None)
            wanted = wanted.where(ran if carried_out else ~ran)
        with self._database.reads() as connection:
            rows = connection.execute(wanted.order_by(plans.c.saved_at.desc())).all()
        return [SavedPlan(**row._mapping) for row in rows]

    def of_run(self, run_id: int) -> SavedPlan | None:
        """The plan that a run carried out, or was held with."""
        with self._database.reads() as connection:
            wanted = select(plans).where(plans.c.run_id == run_id)
            row = connection.execute(wanted.order_by(plans.c.saved_at.desc())).first()
        return SavedPlan(**row._mapping) if row else None

    def forget(self, automation: str, fingerprint: str) -> None:
        """Drop a plan that nobody carried out."""
        with self._database.writes() as connection:
            connection.execute(delete(plans).where(_is(automation, fingerprint)))


def _is(automation: str, fingerprint: str) -> Any:
    return (plans.c.automation == automation) & (plans.c.fingerprint == fingerprint)
