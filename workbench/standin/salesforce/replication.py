"""What changed and what was deleted in a span of time, org-wide (contract, section 6)."""

from datetime import datetime, timedelta
from typing import Any

from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.refusals import Refusal

UPDATED_DAYS, DELETED_DAYS = 30, 15
"""How far back each may ask."""
MOST_IDS = 600_000


def updated(org: Org, name: str, start: str, end: str) -> dict[str, Any]:
    """``GET …/updated``."""
    table = org.table(name)
    first, last, covered = _window(org, start, end, UPDATED_DAYS)
    rows = org.rows(
        f'SELECT "Id" FROM "{table.name}" WHERE IsDeleted = 0 AND SystemModstamp >= ?'
        " AND SystemModstamp <= ? ORDER BY SystemModstamp, Id",
        wire(first),
        wire(last),
    )
    _not_too_many(rows)
    return {"ids": [row[0] for row in rows], "latestDateCovered": wire(covered)}


def deleted(org: Org, name: str, start: str, end: str) -> dict[str, Any]:
    """``GET …/deleted``."""
    table = org.table(name)
    first, last, covered = _window(org, start, end, DELETED_DAYS)
    kept_days = org.switches.number("delete_log_days")
    earliest = org.clock.now() - timedelta(days=kept_days)
    rows = org.rows(
        "SELECT id, at FROM _deleted WHERE object = ? AND at >= ? AND at <= ? ORDER BY at, id",
        table.name,
        wire(max(first, earliest)),
        wire(last),
    )
    _not_too_many(rows)
    return {
        "deletedRecords": [{"deletedDate": at, "id": record_id} for record_id, at in rows],
        "earliestDateAvailable": wire(earliest),
        "latestDateCovered": wire(covered),
    }


def _window(org: Org, start: str, end: str, days: int) -> tuple[datetime, datetime, datetime]:
    """The span asked about without its seconds, cut where a transaction is still open."""
    first, last = _moment(start), _moment(end)
    code = org.switches.text("replication_window_code")
    if first >= last:
        raise Refusal(code, "startDate before or equal to endDate: start must be before end")
    if first < org.clock.now() - timedelta(days=days, minutes=1):
        raise Refusal(code, f"startDate cannot be more than {days} days ago")
    covered = min(last, org.covered(last))
    return first, max(covered, first), covered


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "MALFORMED_QUERY", f"{text} is not a valid value for the type xsd:dateTime"
        ) from None
    if moment.tzinfo is None:
        raise Refusal("MALFORMED_QUERY", f"{text} is not a valid value for the type xsd:dateTime")
    return moment.replace(second=0, microsecond=0)


def _not_too_many(rows: list[Any]) -> None:
    if len(rows) > MOST_IDS:
        raise Refusal("EXCEEDED_ID_LIMIT", f"More than {MOST_IDS} ids in this span")
