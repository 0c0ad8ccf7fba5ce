"""Which plans of an automation people have seen, and where their rows are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from workbench.store.state.database import Database
from workbench.store.state.ledger_tables import plans


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """One plan that somebody has seen."""

    automation: str
    fingerprint: str
    made_at: datetime
    seen_at: datetime
    counts: dict[str, Any]
    file: str
    """Its name in the automation's folder of plans."""


class Plans:
    """The plans of one installation that were previewed."""

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
    ) -> None:
        """Remember that a plan was seen, or seen again."""
        values = {"made_at": made_at, "seen_at": datetime.now(UTC), "counts": dict(counts)}
        values["file"] = file
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

    def latest(self, automation: str) -> list[SavedPlan]:
        """An automation's plans, the one seen last first."""
        wanted = select(plans).where(plans.c.automation == automation)
        with self._database.reads() as connection:
            rows = connection.execute(wanted.order_by(plans.c.seen_at.desc())).all()
        return [SavedPlan(**row._mapping) for row in rows]

    def forget(self, automation: str, fingerprint: str) -> None:
        """Drop a plan."""
        with self._database.writes() as connection:
            connection.execute(delete(plans).where(_is(automation, fingerprint)))


def _is(automation: str, fingerprint: str) -> Any:
    return (plans.c.automation == automation) & (plans.c.fingerprint == fingerprint)
