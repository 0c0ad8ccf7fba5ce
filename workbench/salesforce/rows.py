"""Write many rows: collections of 200, composites of 1,000; each row has an answer of its own."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from workbench.errors import BrokenAnswerError, OutageError, RejectedError
from workbench.salesforce import soql
from workbench.salesforce.answers import GONE, LOCKED, answered
from workbench.salesforce.desk import Desk
from workbench.salesforce.ids import to_18
from workbench.salesforce.model import Answered
from workbench.transport import Call

Verb = Literal["POST", "PATCH", "DELETE"]
Row = dict[str, Any]
Read = Callable[[str], Iterator[list[Row]]]
"""Asks a query, page by page."""

Send = Callable[[Sequence[Row], int], list[Answered]]
"""Writes rows in collections of at most so many; an answer for each."""

COLLECTION_ROWS = 200
"""Most records in one collection (contract, section 8)."""
COMPOSITE_PARTS = 5
"""Most collections in one composite."""
AT_ONCE = COLLECTION_ROWS * COMPOSITE_PARTS
LOCKED_ROWS = 50
"""Rows of a collection when locked ones are tried again: smaller ones meet fewer locks."""
LOCKED_ROUNDS = 5
PASSING = frozenset((LOCKED, "SERVER_UNAVAILABLE"))
"""Row errors that another try may not find again."""
LOOKED_UP = 150
"""Ids of each of two lists in one query: together they fit into an address."""
DOUBLE = "DUPLICATE_VALUE"
_PARENT = re.compile(r"records?: ([0-9A-Za-z]{15,18})")
NATURAL_KEYS: dict[str, tuple[str, ...]] = {
    "CampaignMember": ("CampaignId", "LeadId", "ContactId"),
    "CampaignMemberStatus": ("CampaignId", "Label"),
}
"""By what a record is found again whose answer was lost."""


def write(desk: Desk, verb: Verb, name: str, rows: Sequence[Row]) -> Iterator[list[Answered]]:
    """Update or delete rows by their Id, call by call; answers in the order of the rows.

    Setting a value twice does no harm, so a lost answer is asked for again.

    Raises:
        RemoteError: a call as a whole was refused; rows answered before it were written.
    """

    def send(some: Sequence[Row], size: int) -> list[Answered]:
        return _call(desk, verb, name, some, size)

    for start in range(0, len(rows), AT_ONCE):
        answers = _unlocked(desk, rows[start : start + AT_ONCE], send)
        yield [_gone(one) for one in answers] if verb == "DELETE" else answers


def insert(desk: Desk, name: str, rows: Sequence[Row], read: Read) -> Iterator[list[Answered]]:
    """Create rows, call by call; answers in the order of the rows.

    A lost answer is not simply asked for again: what was created meanwhile is looked for first.

    Raises:
        RemoteError: a call as a whole was refused; or its answer was lost, and the rows cannot be
            found again.
    """

    def send(some: Sequence[Row], size: int) -> list[Answered]:
        return _created(desk, name, some, size, read)

    for start in range(0, len(rows), AT_ONCE):
        yield _unlocked(desk, rows[start : start + AT_ONCE], send)


def _created(desk: Desk, name: str, rows: Sequence[Row], size: int, read: Read) -> list[Answered]:
    """Create rows, each once, however often an answer is lost."""
    there: dict[tuple[str, ...], str] = {}
    for attempt in range(1, desk.patience.attempts + 1):
        missing = [row for row in rows if _key(name, row) not in there]
        try:
            sent = _call(desk, "POST", name, missing, size) if missing else []
        except (OutageError, BrokenAnswerError):
            if name not in NATURAL_KEYS or attempt == desk.patience.attempts:
                raise
            desk.pause(desk.patience.first_wait_s * 2.0 ** (attempt - 1))
            there = _found(name, rows, read)
            continue
        break
    if attempt > 1 and any(one.code == DOUBLE for one in sent):
        # The lost call was still at work while we looked.
        there = _found(name, rows, read)
    answers = iter(sent)
    before = {_key(name, row) for row in missing}
    return [
        _known(there, _key(name, row), next(answers) if _key(name, row) in before else None)
        for row in rows
    ]


def _known(
    there: dict[tuple[str, ...], str], key: tuple[str, ...], answer: Answered | None
) -> Answered:
    """The answer to a row; one that is there by now was created, whatever was answered."""
    if answer is not None and answer.code != DOUBLE:
        return answer
    if key in there:
        return Answered(there[key], ok=True)
    assert answer is not None
    return answer


def _found(name: str, rows: Sequence[Row], read: Read) -> dict[tuple[str, ...], str]:
    """The ids of the rows that are there, by their natural keys."""
    parent, *own = NATURAL_KEYS[name]
    found: dict[tuple[str, ...], str] = {}
    for field in own:
        values = sorted({str(row[field]) for row in rows if row.get(field)})
        for few in soql.chunked(values, "", most=LOOKED_UP):
            among = set(few)
            parents = sorted({str(row[parent]) for row in rows if str(row.get(field)) in among})
            for near in soql.chunked(parents, "", most=LOOKED_UP):
                where = f"{parent} IN {soql.listed(near)} AND {field} IN {soql.listed(few)}"
                text = f"SELECT Id, {parent}, {', '.join(own)} FROM {name} WHERE {where}"
                for page in read(text):
                    found |= {_key(name, record): str(record["Id"]) for record in page}
    return found


def _key(name: str, row: Row) -> tuple[str, ...]:
    """What a row is found again by; ids in one spelling, labels in one case."""
    key = {field: to_18(str(row.get(field) or "")) for field in NATURAL_KEYS.get(name, ())}
    if key.get("ContactId"):
        # A contact counts, whether it was a lead before or not.
        key["LeadId"] = ""
    return tuple(text.lower() if field == "Label" else text for field, text in key.items())


def _unlocked(desk: Desk, rows: Sequence[Row], send: Send) -> list[Answered]:
    """Send rows; those that somebody else had locked again, in smaller groups, after waits."""
    answers = send(rows, COLLECTION_ROWS)
    for round_ in range(LOCKED_ROUNDS):
        again = [place for place, one in enumerate(answers) if one.code in PASSING]
        if not again:
            break
        desk.pause(min(desk.patience.first_wait_s * 2.0**round_, desk.patience.longest_wait_s))
        # Rows of one parent side by side, so that no two collections wait for the same lock.
        again.sort(key=lambda place: (_parent(rows[place], answers[place]), place))
        for start in range(0, len(again), LOCKED_ROWS * COMPOSITE_PARTS):
            places = again[start : start + LOCKED_ROWS * COMPOSITE_PARTS]
            tried = send([rows[place] for place in places], LOCKED_ROWS)
            for place, one in zip(places, tried, strict=True):
                answers[place] = one
    return answers


def _parent(row: Row, answer: Answered) -> str:
    named = _PARENT.search(answer.message or "")
    return str(row.get("CampaignId") or (named[1] if named else row.get("Id", "")))


def _call(desk: Desk, verb: Verb, name: str, rows: Sequence[Row], size: int) -> list[Answered]:
    """One call for up to five collections."""
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    path = desk.path("composite/sobjects")
    if len(parts) == 1:
        body, query = _content(verb, name, rows)
        call = Call(
            verb,
            f"{path}?{query}" if query else path,
            "composite/sobjects",
            body=None if body is None else orjson.dumps(body),
            headers={"Content-Type": "application/json"},
            repeatable=verb != "POST",
            writes=True,
        )
        return _answers(desk.json(call), rows)
    requests = []
    for number, part in enumerate(parts):
        body, query = _content(verb, name, part)
        one = {"method": verb, "url": f"/{path}{f'?{query}' if query else ''}"}
        one["referenceId"] = f"rows{number}"
        requests.append(one if body is None else {**one, "body": body})
    call = Call(
        "POST",
        desk.path("composite"),
        "composite",
        body=orjson.dumps({"allOrNone": False, "compositeRequest": requests}),
        headers={"Content-Type": "application/json"},
        repeatable=verb != "POST",
        writes=True,
    )
    said = desk.json(call)
    told = said.get("compositeResponse") if isinstance(said, dict) else None
    if not isinstance(told, list) or len(told) != len(parts):
        raise BrokenAnswerError("Salesforce did not answer every part of the call")
    return [
        answer
        for part, rows_ in zip(told, parts, strict=True)
        for answer in _answers(part.get("body"), rows_)
    ]


def _content(verb: Verb, name: str, rows: Sequence[Row]) -> tuple[Any, str]:
    """Body and query of a collection."""
    if verb == "DELETE":
        ids = ",".join(str(row["Id"]) for row in rows)
        return None, urlencode({"ids": ids, "allOrNone": "false"})
    records = []
    for row in rows:
        record = {"attributes": {"type": name}}
        record |= {("id" if key == "Id" else key): value for key, value in row.items()}
        records.append(record)
    return {"allOrNone": False, "records": records}, ""


def _answers(body: Any, rows: Sequence[Row]) -> list[Answered]:
    """One answer for each row; where the part as a whole was refused, that for all of them.

    Raises:
        BrokenAnswerError: there are fewer answers than rows.
    """
    said = body if isinstance(body, list) else []
    if said and len(said) != len(rows) and "errorCode" in said[0]:
        said = said[:1] * len(rows)
    if len(said) != len(rows):
        raise BrokenAnswerError(f"Salesforce answered {len(said)} of {len(rows)} rows")
    return [answered(one, str(row.get("Id") or "")) for one, row in zip(said, rows, strict=True)]


def _gone(answer: Answered) -> Answered:
    """What was to be deleted and is not there is deleted."""
    return Answered(answer.id, ok=True, code=answer.code) if answer.code in GONE else answer


def require_ids(rows: Sequence[Row]) -> None:
    """Make sure that every row names its record.

    Raises:
        RejectedError: one does not.
    """
    if any(not row.get("Id") for row in rows):
        raise RejectedError("A row to be changed names no record", hint="Give each row its Id.")
