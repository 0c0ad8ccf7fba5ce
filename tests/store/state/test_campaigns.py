"""The mail side on both databases: what is kept comes back, all of it or nothing."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from workbench.errors import InputError
from workbench.store.state import State

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CAMPAIGN = "701000000000001AAA"


def learned(state: State, *ids: str, sync: str = "acme") -> None:
    rows = [{"id": each, "name": f"Campaign {each}"} for each in ids or (CAMPAIGN,)]
    state.campaigns.learn(sync, rows, at=NOW)


def members(*ids: str, **more: Any) -> pa.Table:
    columns: dict[str, Any] = {
        "member_id": list(ids),
        "campaign_id": [CAMPAIGN] * len(ids),
        "state": ["Active"] * len(ids),
        "email": [f"{each}@example.com" for each in ids],
        "joined_at": pa.array([NOW] * len(ids), pa.timestamp("us", tz="UTC")),
        "is_converted": [False] * len(ids),
        "has_responded": [False] * len(ids),
        "opted_out": [False] * len(ids),
        "is_test": [False] * len(ids),
    }
    return pa.table(columns | {name: [value] * len(ids) for name, value in more.items()})


def test_members_come_back_as_they_were_kept(state: State) -> None:
    learned(state)
    run = state.runs.queue("campaign/acme")
    with state.campaigns.changing("acme", run) as changing:
        changing.keep(members("a", "b"))
    with state.campaigns.changing("acme", run) as changing:
        changing.keep(members("b", last_name="Lovelace"))
        changing.leave(pa.table({"member_id": ["a"]}))

    (row,) = state.campaign_members.all("acme", [CAMPAIGN]).to_pylist()

    assert (row["member_id"], row["last_name"], row["joined_at"]) == ("b", "Lovelace", NOW)
    assert state.campaign_members.all("other", [CAMPAIGN]).num_rows == 0


def test_what_fails_in_the_middle_leaves_nothing(state: State) -> None:
    learned(state)
    run = state.runs.queue("campaign/acme")

    with pytest.raises(RuntimeError), state.campaigns.changing("acme", run) as changing:
        changing.keep(members("a"))
        changing.settle(CAMPAIGN, cursor_at=NOW)
        raise RuntimeError

    assert state.campaign_members.all("acme", [CAMPAIGN]).num_rows == 0
    assert state.campaigns.all()[0].cursor_at is None


def test_learning_a_campaign_again_keeps_what_is_ours_of_it(state: State) -> None:
    learned(state)
    state.campaigns.change("acme", CAMPAIGN, auto_sync=True, ours={"name": "Old"})
    state.campaigns.learn("acme", [{"id": CAMPAIGN, "name": "New"}], at=NOW)

    row = state.campaigns.get(CAMPAIGN)
    assert row is not None
    assert (row.name, row.auto_sync, row.ours) == ("New", True, {"name": "Old"})


def test_a_campaign_of_two_syncs_must_be_said_with_its_sync(state: State) -> None:
    learned(state)
    learned(state, sync="other")

    with pytest.raises(InputError, match="is a campaign of acme and other"):
        state.campaigns.get(CAMPAIGN)
    assert state.campaigns.get(CAMPAIGN, "other") is not None


def test_a_page_of_members_is_searched_and_counted(state: State) -> None:
    learned(state)
    run = state.runs.queue("campaign/acme")
    with state.campaigns.changing("acme", run) as changing:
        changing.keep(members(*(f"m{n}" for n in range(30)), last_name="Ng"))
        changing.keep(members("x1", last_name="Zed", state="Inactive", reason="No address"))

    total, page = state.campaign_members.page("acme", CAMPAIGN, search="M1", limit=5)
    assert (total, page.num_rows) == (11, 5)
    total, page = state.campaign_members.page("acme", CAMPAIGN, state="Inactive")
    assert (total, page["member_id"].to_pylist()) == (1, ["x1"])
    counts = state.campaign_members.counts("acme")["acme", CAMPAIGN]
    assert (counts["total"], counts["active"], counts["inactive"]) == (31, 30, 1)


def test_only_one_run_at_a_time_has_a_campaign_in_hand(state: State) -> None:
    other = "701000000000002AAA"
    learned(state, CAMPAIGN, other)
    with state.runs.recorded("campaign/acme") as one, state.runs.recorded("other/acme") as two:
        assert state.campaigns.claim("acme", [CAMPAIGN], one.run_id) == {}
        assert state.campaigns.claim("acme", [CAMPAIGN, other], two.run_id) == {
            CAMPAIGN: one.run_id
        }
        state.campaigns.release(one.run_id)
        assert state.campaigns.claim("acme", [CAMPAIGN, other], two.run_id) == {}


def test_decisions_and_the_backlog_are_kept_until_they_are_replaced(state: State) -> None:
    learned(state)
    store = state.campaign_members
    store.decide("acme", CAMPAIGN, ["a", "b"], "hold", who="ann", at=NOW)
    store.decide("acme", CAMPAIGN, ["a"], None, who="ann", at=NOW)
    run = state.runs.queue("campaign/acme")
    for reason in ("first", "second"):
        with state.campaigns.changing("acme", run) as changing:
            row = {"member_id": "a", "campaign_id": CAMPAIGN, "theirs": None, "reason": reason}
            changing.wait([CAMPAIGN], [row], at=NOW)

    assert [row["member_id"] for row in store.decisions("acme", [CAMPAIGN])] == ["b"]
    assert [row["reason"] for row in store.backlog("acme", [CAMPAIGN])] == ["second"]


def test_what_was_sent_is_told_row_by_row(state: State) -> None:
    learned(state)
    run = state.runs.queue("campaign/acme")
    names = ("a", "b")
    changes = pa.table(
        {
            "campaign_id": [CAMPAIGN] * 2,
            "member_id": list(names),
            "direction": ["out"] * 2,
            "what": ["status"] * 2,
            "before": ["Sent"] * 2,
            "after": ["Responded"] * 2,
        }
    )
    with state.campaigns.changing("acme", run) as changing:
        changing.note(changes, state="planned", at=NOW)
        failed = {"campaign_id": CAMPAIGN, "member_id": "b", "code": "X", "reason": "no"}
        changing.answered([failed])

    found = state.campaign_history.changes(run).to_pylist()
    assert [(row["member_id"], row["state"], row["code"]) for row in found] == [
        ("a", "done", None),
        ("b", "failed", "X"),
    ]
    assert state.campaign_history.changes_of("acme", "b").num_rows == 1


def test_calls_are_added_up_over_a_day(state: State) -> None:
    history = state.campaign_history
    history.spent("sf", calls=5, at=NOW, kind="manual")
    history.spent("sf", calls=7, at=NOW.replace(day=8), kind="manual")
    history.learn_usage("sf", at=NOW, limit=15_000, used=12)
    history.learn_usage("sf", at=NOW, paused_at=NOW)

    assert history.calls_since("sf", NOW.replace(day=9)) == 5
    usage = history.usage("sf")
    assert usage is not None
    assert (usage.limit, usage.used, usage.paused_at) == (15_000, 12, NOW)
