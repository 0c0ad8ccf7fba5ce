"""What changed and what is gone since a moment (contract, sections 6 and 7)."""

import pytest
import requests

from tests.standin.salesforce.conftest import Talk, refused


def asked(talk: Talk, name: str, start: str, end: str, kind: str = "deleted") -> requests.Response:
    return talk.get(f"sobjects/{name}/{kind}/", params={"start": start, "end": end})


def test_deleted_records_of_all_campaigns_come_in_one_answer(talk: Talk) -> None:
    gone = [talk.members(name)[0]["Id"] for name in ("Win-back", "Spring Webinar")]
    for member in gone:
        talk.standin.act({"do": "delete_member", "member": member, "then_s": 90})

    said = asked(talk, "CampaignMember", "2026-03-10T19:00:00Z", "2026-03-10T19:40:00Z").json()

    assert [row["id"] for row in said["deletedRecords"]] == gone
    assert said["deletedRecords"][1]["deletedDate"] == "2026-03-10T19:31:30.000+0000"
    assert said["latestDateCovered"] == "2026-03-10T19:33:00.000+0000"
    assert said["earliestDateAvailable"] == "2026-02-23T19:33:00.000+0000"


def test_updated_records_are_named_by_their_stamp(talk: Talk) -> None:
    member = talk.members("Win-back")[0]["Id"]
    talk.standin.act({"do": "change_status", "member": member, "status": "Attended"})

    said = asked(
        talk, "CampaignMember", "2026-03-10T19:00:00Z", "2026-03-10T19:40:00Z", "updated"
    ).json()

    assert said["ids"] == [member]


@pytest.mark.parametrize(("kind", "days"), [("deleted", 15), ("updated", 30)])
def test_a_window_too_far_back_or_upside_down_is_refused(talk: Talk, kind: str, days: int) -> None:
    end = "2026-03-10T19:30:00Z"
    inside, outside = ("2026-02-23T19:30:00Z", "2026-02-22T19:30:00Z")
    if days == 30:
        inside, outside = ("2026-02-08T19:30:00Z", "2026-02-07T19:30:00Z")

    assert asked(talk, "Lead", inside, end, kind).status_code == 200
    answer = asked(talk, "Lead", outside, end, kind)
    assert refused(answer) == (400, "INVALID_REPLICATION_DATE")
    # Seconds are ignored, so these two are the same moment.
    assert refused(asked(talk, "Lead", end, "2026-03-10T19:30:59Z", kind))[0] == 400
    talk.standin.switches(replication_window_code="UNKNOWN_EXCEPTION")
    assert refused(asked(talk, "Lead", outside, end, kind)) == (400, "UNKNOWN_EXCEPTION")


def test_a_moment_without_a_zone_is_malformed(talk: Talk) -> None:
    answer = asked(talk, "Lead", "2026-03-10T19:00:00", "2026-03-10T19:30:00Z")

    assert refused(answer) == (400, "MALFORMED_QUERY")


def test_the_org_may_forget_deletions_early_and_say_since_when(talk: Talk) -> None:
    talk.standin.act({"do": "delete_member", "member": talk.members("Win-back")[0]["Id"]})
    talk.standin.act({"do": "move_clock", "days": 4})
    talk.login()
    talk.standin.switches(delete_log_days=3)

    said = asked(talk, "CampaignMember", "2026-03-05T00:00:00Z", "2026-03-14T19:30:00Z").json()

    assert said["deletedRecords"] == []
    assert said["earliestDateAvailable"] == "2026-03-11T19:30:00.000+0000"


def test_a_late_commit_comes_with_the_stamp_of_its_beginning(talk: Talk) -> None:
    talk.standin.switches(late_commit_s=120)
    member = talk.members("Win-back")[0]["Id"]
    talk.standin.act({"do": "change_status", "member": member, "status": "Attended"})
    talk.standin.act({"do": "move_clock", "seconds": 110})
    row = f"SELECT Status, SystemModstamp FROM CampaignMember WHERE Id = '{member}'"
    before = talk.one(row)
    covered = asked(
        talk, "CampaignMember", "2026-03-10T19:00:00Z", "2026-03-10T19:40:00Z", "updated"
    ).json()

    talk.standin.act({"do": "move_clock", "seconds": 10})

    after = talk.one(row)
    assert before["SystemModstamp"] < "2026-03-10T19:30"
    assert covered == {"ids": [], "latestDateCovered": "2026-03-10T19:30:00.000+0000"}
    assert (after["Status"], after["SystemModstamp"]) == (
        "Attended",
        "2026-03-10T19:30:00.000+0000",
    )


def test_what_is_covered_may_lag_behind(talk: Talk) -> None:
    talk.standin.switches(covered_lag_s=600)

    said = asked(talk, "Lead", "2026-03-10T19:00:00Z", "2026-03-10T19:30:00Z").json()

    assert said["latestDateCovered"] == "2026-03-10T19:20:00.000+0000"


def test_thousands_of_rows_can_share_a_stamp(talk: Talk) -> None:
    talk.standin.switches(seed_equal_stamps="on")
    talk.login()

    stamps = {
        row["SystemModstamp"] for row in talk.rows("SELECT SystemModstamp FROM CampaignMember")
    }

    assert stamps == {"2026-03-07T19:30:00.000+0000"}
