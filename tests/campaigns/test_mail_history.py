"""When mails were sent and what was clicked, in the zone that is asked for."""

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest

from workbench.campaigns import mail_history

CAMPAIGN = "701000000000001AAA"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """Happenings of two campaigns; one of them cannot be read."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"""
        CREATE TABLE engagement AS SELECT * FROM (VALUES
            ('{CAMPAIGN}', 'a@example.com', 'sent', '2026-03-06T02:30:00Z', 'Edition 1', NULL),
            ('{CAMPAIGN[:15]}', 'b@example.com', 'Sent', '2026-03-06T02:45:00Z', 'Edition 1', NULL),
            ('{CAMPAIGN}', 'a@example.com', 'clicked', '2026-03-06T03:00:00Z', 'Edition 1', '/x'),
            ('{CAMPAIGN}', 'A@example.com', 'clicked', '2026-03-06T03:05:00Z', 'Edition 1', '/x'),
            ('{CAMPAIGN}', 'a@example.com', 'sent', 'yesterday', 'Edition 1', NULL),
            ('{CAMPAIGN}', 'a@example.com', 'sent', '2026-01-01T00:00:00Z', 'Edition 0', NULL),
            ('701000000000002AAA', 'a@example.com', 'sent', '2026-03-06T02:30:00Z', NULL, NULL)
        ) t(campaign_id, email, event, occurred_at, edition, url)
    """)
    columns = ("campaign_id", "email", "event", "occurred_at", "edition", "url")
    part = mail_history.happened("engagement", columns, CAMPAIGN)
    connection.execute(mail_history.together([part]))
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(query).to_arrow_table().to_pylist()
    return found


def test_sends_of_the_last_days_are_told_by_day_and_hour_of_the_zone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    since = datetime(2026, 2, 10, tzinfo=UTC)

    assert rows(connection, mail_history.sends("America/New_York", since)) == [
        {
            "edition": "Edition 1",
            "subject": None,
            "day": date(2026, 3, 5),
            "weekday": 4,
            "hour": 21,
            "count": 2,
        }
    ]


def test_pages_are_told_with_hits_and_people(connection: duckdb.DuckDBPyConnection) -> None:
    assert rows(connection, mail_history.clicks()) == [{"url": "/x", "hits": 2, "people": 1}]


def test_happenings_of_every_day_are_counted_from_the_beginning(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    told = {
        (each["day"], each["event"]): each["count"]
        for each in rows(connection, mail_history.by_day("UTC"))
    }

    assert told == {
        (date(2026, 1, 1), "sent"): 1,
        (date(2026, 3, 6), "sent"): 2,
        (date(2026, 3, 6), "clicked"): 2,
    }
