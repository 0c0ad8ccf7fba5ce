"""Up to 200 records in one call (contract, section 8)."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from workbench.standin.salesforce import ids, rules
from workbench.standin.salesforce.members import ALREADY
from workbench.standin.salesforce.org import Org, Record
from workbench.standin.salesforce.refusals import Refusal

MOST_RECORDS = 200
MOST_CHUNKS = 10
"""Runs of one type in a call of several types."""
Rows = list[dict[str, Any]]
Attempt = Callable[[], str]
"""Writes one record; gives its id."""


def insert(org: Org, body: Any) -> Rows:
    """``POST …/composite/sobjects``."""
    records, all_or_none = _records(body)
    for record in records:
        org.table(_type(record))
    doubles = _doubles(org, records)

    def attempt(record: Record) -> Attempt:
        def write() -> str:
            if _person_of(record) in doubles:
                raise Refusal("DUPLICATE_VALUE", ALREADY)
            return rules.create(org, _type(record), record)

        return write

    return _tried(org, [attempt(record) for record in records], all_or_none)


def update(org: Org, body: Any) -> Rows:
    """``PATCH …/composite/sobjects``."""
    records, all_or_none = _records(body)

    def attempt(record: Record) -> Attempt:
        def write() -> str:
            record_id = str(record.get("id") or record.get("Id") or "")
            if not record_id:
                raise Refusal("MISSING_ARGUMENT", "Id not specified in an update call")
            rules.update(org, _type(record), record_id, record)
            return ids.known_as(record_id) or record_id

        return write

    return _tried(org, [attempt(record) for record in records], all_or_none)


def delete(org: Org, record_ids: Sequence[str], *, all_or_none: bool) -> Rows:
    """``DELETE …/composite/sobjects?ids=``."""
    _not_too_many(len(record_ids))

    def attempt(record_id: str) -> Attempt:
        def write() -> str:
            rules.delete(org, object_of(record_id), record_id)
            return ids.known_as(record_id) or record_id

        return write

    return _tried(org, [attempt(one) for one in record_ids], all_or_none)


def upsert(org: Org, name: str, by: str, body: Any) -> Rows:
    """``PATCH …/composite/sobjects/X/Field``; by id only, as the org has no external ids."""
    check_upsert(org, name)
    records, all_or_none = _records(body)
    made: dict[int, bool] = {}

    def attempt(place: int, record: Record) -> Attempt:
        def write() -> str:
            record_id = str(record.get(by) or record.get("id") or "")
            made[place] = not record_id
            if not record_id:
                return rules.create(org, name, record)
            rules.update(org, name, record_id, record)
            return record_id

        return write

    rows = _tried(org, [attempt(*entry) for entry in enumerate(records)], all_or_none)
    for place, row in enumerate(rows):
        row["created"] = bool(row["success"] and made[place])
    return rows


def check_upsert(org: Org, name: str) -> None:
    """Make sure that records of a kind may be upserted (S08).

    Raises:
        Refusal: they may not.
    """
    if name == "CampaignMember" and org.switches.is_at("member_upsert", "reject"):
        raise Refusal("INVALID_FIELD", "CampaignMember does not support upsert")


def object_of(record_id: str) -> str:
    """The object of an id, by its prefix.

    Raises:
        Refusal: it is the id of nothing here.
    """
    name = next((n for n, prefix in ids.PREFIXES.items() if record_id.startswith(prefix)), None)
    if name is None or ids.known_as(record_id) is None:
        raise Refusal("MALFORMED_ID", f"malformed id {record_id}")
    return name


def _tried(org: Org, attempts: Sequence[Attempt], all_or_none: bool) -> Rows:
    if not all_or_none:
        return [_one(org, attempt) for attempt in attempts]
    rows: Rows = []
    org.db.execute("SAVEPOINT together")
    for attempt in attempts:
        rows.append(_one(org, attempt))
    failed = [row for row in rows if not row["success"]]
    if failed:
        org.db.execute("ROLLBACK TO together")
        undone = Refusal(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using"
            " AllOrNone header",
        )
        rows = [undone.row() if row["success"] else row for row in rows]
    org.db.execute("RELEASE together")
    return rows


def _one(org: Org, attempt: Attempt) -> dict[str, Any]:
    try:
        with org.undone_on_error():
            return {"id": attempt(), "success": True, "errors": []}
    except Refusal as refusal:
        return refusal.row()


def _records(body: Any) -> tuple[list[Record], bool]:
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise Refusal("JSON_PARSER_ERROR", "The body needs a list of records")
    _not_too_many(len(records))
    types = [_type(record) for record in records]
    chunks = sum(1 for place, name in enumerate(types) if place == 0 or types[place - 1] != name)
    if chunks > MOST_CHUNKS:
        raise Refusal("LIMIT_EXCEEDED", f"At most {MOST_CHUNKS} chunks of alternating types")
    return records, body.get("allOrNone") is True


def _not_too_many(count: int) -> None:
    if count > MOST_RECORDS:
        raise Refusal(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records in this call",
        )


def _type(record: Record) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise Refusal("INVALID_INPUT", "Include a type in the attributes of every record")
    return name


def _person_of(record: Record) -> tuple[str | None, str | None]:
    person = record.get("ContactId") or record.get("LeadId")
    campaign = record.get("CampaignId")
    return (
        ids.known_as(campaign) if isinstance(campaign, str) else None,
        ids.known_as(person) if isinstance(person, str) else None,
    )


def _doubles(org: Org, records: list[Record]) -> set[tuple[str | None, str | None]]:
    """People who stand twice in one call, where the org refuses both (S10)."""
    if org.switches.is_at("batch_duplicates", "second_fails"):
        return set()
    people = Counter(_person_of(r) for r in records if _type(r) == "CampaignMember")
    return {person for person, count in people.items() if count > 1 and None not in person}
