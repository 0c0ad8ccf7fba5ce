"""Where engagement comes from: a dataset a person made, and Pendo's guide events."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.campaigns.conftest import Desk
from workbench.campaigns.engaged import engaged
from workbench.campaigns.run import preview
from workbench.errors import InputError

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def kept(desk: Desk, name: str, rows: list[dict[str, Any]]) -> None:
    """A dataset of these rows."""
    path = Path(desk.opened.settings.home) / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    desk.opened.datasets.import_file(name, path)


def webinar(desk: Desk) -> str:
    return desk.campaigns()["Spring Webinar"]


def test_a_dataset_that_is_not_there_is_said_with_the_key(after: Desk) -> None:
    after.document(engagement={"dataset": "nowhere"})

    with pytest.raises(InputError, match=r"engagement\.dataset: there is no dataset nowhere"):
        preview(after.sync, webinar(after), after.services)


def test_a_dataset_without_the_columns_says_which_are_missing(after: Desk) -> None:
    kept(after, "clicks", [{"campaign_id": "701", "mail": "a@example.com", "event": "opened"}])
    after.document(engagement={"dataset": "clicks"})

    with pytest.raises(InputError, match="no column occurred_at, person_id or email") as caught:
        preview(after.sync, webinar(after), after.services)
    assert "It has: campaign_id, mail, event" in caught.value.hint


def test_rows_that_cannot_be_read_are_counted_and_said(after: Desk) -> None:
    campaign = webinar(after)
    row = {"campaign_id": campaign, "email": "a@example.com", "event": "opened"}
    kept(
        after,
        "clicks",
        [
            {**row, "occurred_at": "2026-03-10T12:00:00Z"},
            {**row, "occurred_at": "yesterday"},
            {**row, "event": "sneezed", "occurred_at": "2026-03-10T12:00:00Z"},
        ],
    )
    after.document(engagement={"dataset": "clicks"})

    found = engaged(after.opened.datasets, after.sync, [campaign])

    assert found.events.num_rows == 1
    assert [str(each) for each in found.warnings] == [
        "1 engagement event without a usable time",
        "1 engagement event of the unknown kind 'sneezed'",
    ]


def test_ids_may_have_15_characters_and_events_any_case(after: Desk) -> None:
    campaign = webinar(after)
    member, row = next(iter(after.ours(campaign).items()))
    happened = {"campaign_id": campaign[:15], "person_id": row["person_id"][:15]}
    kept(after, "clicks", [{**happened, "event": " Opened ", "occurred_at": AT}])
    after.document(engagement={"dataset": "clicks"})

    after.run(campaign)

    assert after.ours(campaign)[member]["last_action"] == "Opened"


@pytest.mark.parametrize("by", ["visitor id", "visitor's address"])
def test_guide_events_of_pendo_are_engagement_of_the_members_they_are_of(
    after: Desk, by: str
) -> None:
    campaign = webinar(after)
    member, row = next((each, row) for each, row in after.ours(campaign).items() if row["email"])
    visitor = row["email"].upper() if by == "visitor id" else "v-17"
    seen = {"guideId": "guide-1", "type": "guideAdvanced", "visitorId": visitor}
    kept(
        after,
        "guide_events",
        [{**seen, "browserTime": AT}, {**seen, "guideId": "other", "browserTime": AT}],
    )
    metadata = {"agent": {"email": row["email"]}}
    kept(after, "visitors", [{"visitorId": "v-17", "metadata": metadata}])
    chosen: dict[str, Any] = {"dataset": "guide_events", "guides": {"guide-1": campaign}}
    if by != "visitor id":
        chosen |= {"email_of": "visitors", "email_field": "metadata.agent.email"}
    after.document(engagement={"guide_events": chosen})

    after.run(campaign)

    assert after.ours(campaign)[member]["last_action"] == "Clicked"
    assert after.theirs(campaign)[member]["status"] == "Responded"
