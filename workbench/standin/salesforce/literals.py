"""What the literals of a query mean for a field: values as they are kept, spans of days."""

from datetime import UTC, date, datetime, timedelta

from workbench.standin.salesforce import ids
from workbench.standin.salesforce.fields import NUMERIC, Field
from workbench.standin.salesforce.moments import wire
from workbench.standin.salesforce.refusals import Refusal
from workbench.standin.salesforce.soql import Constant, Path


def stored(named: Field, constant: Constant, path: Path) -> object:
    """A literal as the field's column holds it.

    Raises:
        Refusal: it is of another type; dates and datetimes are not interchangeable either.
    """
    kind, value = constant.kind, constant.value
    if kind == "null":
        return None
    if named.type in NUMERIC:
        if kind != ("boolean" if named.type == "boolean" else "number"):
            raise mismatch(named, str(path))
        return int(value == "true") if kind == "boolean" else float(value)
    if named.type in ("date", "datetime"):
        if kind != named.type:
            raise mismatch(named, str(path))
        return _moment(value) if kind == "datetime" else value
    if kind != "text":
        raise mismatch(named, str(path))
    if named.type in ("id", "reference") and value:
        known = ids.known_as(value)
        if known is None:
            raise Refusal("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
        return known
    return value


def in_period(
    sql: str, named: Field, operator: str, period: str, today: date
) -> tuple[str, list[object]]:
    """A comparison with a date literal such as TODAY: SQL with marks, and their values.

    Raises:
        Refusal: the field is no date.
    """
    if named.type not in ("date", "datetime"):
        raise mismatch(named, named.name)
    first, after = _span(period, today)
    low, high = wire(first), wire(after)
    if named.type == "date":
        low, high = first.date().isoformat(), after.date().isoformat()
    forms: dict[str, tuple[str, list[object]]] = {
        "=": (f"({sql} >= ? AND {sql} < ?)", [low, high]),
        "!=": (f"({sql} IS NULL OR {sql} < ? OR {sql} >= ?)", [low, high]),
        "<": (f"{sql} < ?", [low]),
        "<=": (f"{sql} < ?", [high]),
        ">": (f"{sql} >= ?", [high]),
        ">=": (f"{sql} >= ?", [low]),
    }
    if operator not in forms:
        raise mismatch(named, named.name)
    return forms[operator]


def mismatch(named: Field, shown: str) -> Refusal:
    """A field compared with something of another type."""
    quoted = " and should not be enclosed in quotes"
    wanted = {"datetime": "dateTime" + quoted, "date": "date" + quoted}.get(
        named.type, "string and should be enclosed in quotes"
    )
    if named.type in NUMERIC:
        wanted = named.type + quoted
    return Refusal(
        "INVALID_FIELD", f"value of filter criterion for field '{shown}' must be of type {wanted}"
    )


def _moment(text: str) -> str:
    try:
        return wire(datetime.fromisoformat(text))
    except ValueError as error:
        raise Refusal("MALFORMED_QUERY", f"Invalid datetime: {text}") from error


def _span(period: str, today: date) -> tuple[datetime, datetime]:
    """From midnight to midnight, in UTC."""
    word, _, number = period.partition(":")
    first, days = {
        "today": (0, 1),
        "yesterday": (-1, 1),
        "tomorrow": (1, 1),
        "last_n_days": (-int(number or 0), int(number or 0) + 1),
        "next_n_days": (1, int(number or 0)),
    }[word]
    start = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=first)
    return start, start + timedelta(days=days)
