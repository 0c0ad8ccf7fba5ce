"""Product use of members around a campaign's mails: who is matched, who is measured, who is not."""

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from workbench.campaigns import product, shapes
from workbench.errors import InputError

CAMPAIGN = "701000000000001AAA"
ZONE = "America/New_York"
MAIL = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
"""Still 5 March in New York."""


def member(name: str, **more: Any) -> dict[str, Any]:
    """One member whose ids and address follow its name."""
    row = {
        "member_id": f"00v{name}",
        "campaign_id": CAMPAIGN,
        "person_id": f"003{name:0>15}",
        "email": f"{name}@example.com",
        "last_name": name,
        "status": "Sent",
        "last_action": "Sent",
        "state": "Active",
    }
    return {**row, **more}


def mail(name: str, edition: str | None = "Edition 1", at: datetime = MAIL) -> dict[str, Any]:
    """A member got an edition."""
    row = {"campaign_id": CAMPAIGN, "person_id": f"003{name:0>15}", "event": "sent"}
    return {**row, "edition": edition, "times": 1, "first_at": at, "last_at": at}


def use(
    members: list[dict[str, Any]],
    happened: list[dict[str, Any]],
    events: list[tuple[str, str, int]],
    *,
    visitors: list[tuple[str, str]] | None = None,
    start: date | None = None,
    days: int = 2,
) -> dict[str, list[dict[str, Any]]]:
    """The tables that come out, by name, of events as (visitor, day of March, count)."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("members", shapes.table(members, shapes.OURS))
    connection.register("happened", shapes.table(happened, shapes.EVENTS))
    rows = {
        "visitorId": [each[0] for each in events],
        "day": [date(2026, 3, int(each[1])) for each in events],
        "numEvents": [each[2] for each in events],
    }
    schema = pa.schema(
        [("visitorId", pa.string()), ("day", pa.date32()), ("numEvents", pa.int64())]
    )
    connection.register("events", pa.table(rows, schema=schema))
    known = {
        "visitorId": [each[0] for each in visitors or ()],
        "email": [each[1] for each in visitors or ()],
    }
    connection.register(
        "people",
        pa.table(known, schema=pa.schema([("visitorId", pa.string()), ("email", pa.string())])),
    )
    for step in (
        product.keys(),
        product.used("events", schema.names, "day", ZONE),
        product.visitors("people" if visitors else None, ("email",) if visitors else None),
        product.mails(ZONE, start),
        product.rows(days),
        product.groups(),
        product.curve(days),
    ):
        connection.execute(step)
    return {
        name: connection.sql(f"SELECT * FROM {name}").to_arrow_table().to_pylist()
        for name in ("rows", "groups", "curve", "matched")
    }


COVERED = [("somebody", "1", 1), ("somebody", "9", 1)]
"""Somebody else was there before and after: the events cover these days."""


def row_of(found: dict[str, list[dict[str, Any]]], name: str) -> dict[str, Any]:
    """The row of a member of one edition."""
    [row] = [each for each in found["rows"] if each["member_id"] == f"00v{name}"]
    return row


@pytest.mark.parametrize(
    "visitor", ["ada@example.com", "Ada@Example.com", f"003{'ada':0>15}", f"003{'ada':0>15}"[:15]]
)
def test_a_visitor_whose_id_is_an_address_or_a_person_is_that_member(visitor: str) -> None:
    found = use([member("ada")], [mail("ada")], [*COVERED, (visitor, "6", 4)])

    assert row_of(found, "ada")["after"] == 4


def test_a_visitor_is_matched_by_the_address_in_its_metadata() -> None:
    events = [*COVERED, ("v-1", "6", 4)]

    found = use([member("ada")], [mail("ada")], events, visitors=[("v-1", "ADA@example.com ")])

    assert row_of(found, "ada")["after"] == 4
    assert not row_of(use([member("ada")], [mail("ada")], events), "ada")["is_visitor"]


def test_the_day_of_the_mail_is_the_subscriptions_and_belongs_to_neither_side() -> None:
    events = [*COVERED, *(("ada@example.com", str(day), 10**place) for place, day in
              enumerate(range(2, 9)))]  # fmt: skip

    row = row_of(use([member("ada")], [mail("ada")], events), "ada")

    # 5 March: the 3rd and 4th before, the 6th and 7th after; the 2nd, 5th and 8th count for none.
    assert row["day"] == date(2026, 3, 5)
    assert (row["before"], row["after"]) == (10 + 100, 10**4 + 10**5)


def test_days_that_the_events_do_not_cover_are_no_days_without_use() -> None:
    events = [("ada@example.com", "4", 1), ("ada@example.com", "6", 1)]

    found = use([member("ada")], [mail("ada")], events)

    assert row_of(found, "ada")["is_visitor"]
    assert not row_of(found, "ada")["is_measured"]
    assert {each["active_after"] for each in found["groups"]} == {0}
    assert found["curve"] == []


def test_starting_and_stopping_are_counted_by_edition_and_each_member_once_by_status() -> None:
    events = [
        *COVERED,
        ("ada@example.com", "6", 1),
        ("bob@example.com", "4", 1),
        ("eve@example.com", "4", 1),
        ("eve@example.com", "6", 1),
    ]
    members = [member("ada", status="Responded"), member("bob"), member("eve")]
    later = datetime(2026, 3, 7, 12, tzinfo=UTC)
    happened = [mail("ada"), mail("bob"), mail("eve"), mail("ada", "Edition 2", later)]

    groups = {
        (each["grouping"], each["label"]): each for each in use(members, happened, events)["groups"]
    }

    first = groups["edition", "Edition 1"]
    assert (first["members"], first["measured"]) == (3, 3)
    assert (first["active_before"], first["active_after"]) == (2, 2)
    assert (first["started"], first["stopped"]) == (1, 1)
    assert groups["edition", "Edition 2"]["members"] == 1
    assert groups["status", "Responded"]["members"] == 1
    assert groups["status", "Sent"]["stopped"] == 1
    assert sum(each["members"] for each in groups.values() if each["grouping"] == "status") == 3


def test_members_who_got_nothing_are_measured_from_the_same_day_to_compare() -> None:
    events = [*COVERED, ("bob@example.com", "6", 1)]

    found = use([member("ada"), member("bob")], [mail("ada")], events)

    bob = row_of(found, "bob")
    assert (bob["edition"], bob["mailed"], bob["day"]) == (None, False, date(2026, 3, 5))
    assert (bob["is_measured"], bob["after"]) == (True, 1)


def test_without_any_mail_everybody_is_measured_from_the_first_day() -> None:
    events = [*COVERED, ("ada@example.com", "4", 3), ("ada@example.com", "6", 5)]

    row = row_of(use([member("ada")], [], events, start=date(2026, 3, 5)), "ada")

    assert (row["mailed"], row["before"], row["after"]) == (False, 3, 5)


def test_the_curve_counts_active_members_for_every_day_around_the_mail() -> None:
    events = [*COVERED, ("ada@example.com", "4", 1), ("bob@example.com", "6", 1)]

    curve = use([member("ada"), member("bob")], [mail("ada"), mail("bob")], events)["curve"]

    assert [(each["day"], each["active"], each["measured"]) for each in curve] == [
        (-2, 0, 2),
        (-1, 1, 2),
        (0, 0, 2),
        (1, 1, 2),
        (2, 0, 2),
    ]


def test_two_visitors_of_one_member_are_one_member() -> None:
    events = [*COVERED, ("v-1", "6", 1), ("v-2", "6", 1)]
    address = "ada@example.com"

    found = use(
        [member("ada")], [mail("ada")], events, visitors=[("v-1", address), ("v-2", address)]
    )

    assert [each["active"] for each in found["curve"] if each["day"] == 1] == [1]
    assert row_of(found, "ada")["after"] == 2


def test_a_dataset_without_visitors_or_days_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="does not say which visitor did something on which day"):
        product.require_events("accounts", ["accountId", "day"])
    with pytest.raises(InputError, match="has no e-mail addresses of visitors"):
        product.require_email("accounts", None)
