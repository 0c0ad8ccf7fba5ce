"""The ledger, decisions and seen plans, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from workbench.errors import InputError
from workbench.store.state import Push, State

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)


def push(state: State, automation: str = "churn", **more: Any) -> Push:
    with state.runs.recorded(f"automation/{automation}") as tally:
        run = tally.run_id
    made = Push(run, automation, "acme", "account", "custom", "sync", "f", **more)
    state.ledger.begin(made)
    return made


def cell(record: str, after: str | None = "Good", field: str = "score") -> dict[str, Any]:
    return {"record_id": record, "field": field, "before": None, "after": after}


def statuses(state: State, run: int) -> dict[str, str]:
    return {row["record_id"]: row["status"] for row in state.ledger.cells(run).to_pylist()}


def test_a_batch_is_in_the_ledger_before_its_answer_and_changes_with_it(state: State) -> None:
    entry = push(state)

    state.ledger.write_ahead(entry, 1, [cell("a"), cell("b")], b"[1]")
    before = statuses(state, entry.run_id)
    state.ledger.answered(entry.run_id, 1, "ok", {"b": "unknown id"})

    assert before == {"a": "planned", "b": "planned"}
    assert statuses(state, entry.run_id) == {"a": "sent", "b": "failed"}
    [request] = state.ledger.requests(entry.run_id)
    assert (request.state, request.request, request.answer) == ("answered", "[1]", "ok")
    assert state.ledger.counts(entry.run_id) == {"sent": 1, "failed": 1}


def test_cells_follow_the_half_of_the_batch_that_carries_them(state: State) -> None:
    entry = push(state)
    state.ledger.write_ahead(entry, 1, [cell("a"), cell("b")], b"[]")

    state.ledger.split(entry.run_id, 1, {2: (["a"], b"[a]"), 3: (["b"], b"[b]")})
    state.ledger.answered(entry.run_id, 3, "no", {"b": "bad"}, state="refused")

    rows = state.ledger.cells(entry.run_id).to_pylist()
    assert {row["record_id"]: (row["batch"], row["status"]) for row in rows} == {
        "a": (2, "planned"),
        "b": (3, "failed"),
    }
    states = {each.batch: each.state for each in state.ledger.requests(entry.run_id)}
    assert states == {1: "split", 2: "sent", 3: "refused"}
    assert state.ledger.last_batch(entry.run_id) == 3


def test_what_was_read_back_is_entered_for_all_and_then_for_the_exceptions(state: State) -> None:
    entry = push(state)
    state.ledger.write_ahead(entry, 1, [cell("a"), cell("b"), cell("c")], b"[]")
    state.ledger.answered(entry.run_id, 1, "ok", {})

    wrong = {"record_id": "b", "field": "score", "status": "mismatch", "reason": "holds Fair"}
    late = {"record_id": "c", "field": "score", "status": "sent", "reason": "not visible yet"}
    state.ledger.settle(entry, [wrong, late], rest="verified")

    assert statuses(state, entry.run_id) == {"a": "verified", "b": "mismatch", "c": "sent"}


def test_cells_that_never_went_out_are_entered_too(state: State) -> None:
    entry = push(state)
    table = pa.table(
        {name: pa.array([value], pa.string()) for name, value in cell("a", None).items()}
    )

    entered = state.ledger.add(entry, iter([table]), "skipped", "cancelled")

    assert entered == 1
    [row] = state.ledger.cells(entry.run_id, statuses=("skipped",)).to_pylist()
    assert (row["record_id"], row["after"], row["reason"]) == ("a", None, "cancelled")


def test_a_push_is_unsettled_until_its_account_is_closed(state: State) -> None:
    first, second = push(state), push(state)
    push(state, "another")

    state.ledger.end(first.run_id)

    assert [each.run_id for each in state.ledger.pushes("churn")] == [second.run_id, first.run_id]
    assert [each.run_id for each in state.ledger.pushes("churn", unsettled=True)] == [second.run_id]


def test_the_history_of_a_record_is_kept_newest_first(state: State) -> None:
    for after in ("Good", "Fair"):
        entry = push(state)
        state.ledger.write_ahead(entry, 1, [cell("a", after), cell("b", after)], b"[]")

    found = state.ledger.history("account", "a")

    assert [each.after for each in found] == ["Fair", "Good"]
    assert {each.automation for each in found} == {"churn"}
    assert state.ledger.history("visitor", "a") == []


def test_a_run_that_wrote_nothing_has_no_rows_to_show(state: State) -> None:
    with pytest.raises(InputError, match="Run 9 wrote nothing"):
        state.ledger.push(9)
    assert state.ledger.cells(9).num_rows == 0


def test_a_decision_replaces_the_one_before_and_can_be_withdrawn(state: State) -> None:
    many = [f"r{number}" for number in range(1200)]
    state.decisions.decide("churn", many, "hold", who="ann", reason="ask")

    state.decisions.decide("churn", ["r1"], "approve", who="bo", approved=["stamp"])
    state.decisions.withdraw("churn", many[2:])
    state.decisions.decide("another", ["r1"], "exclude", who="ann")

    assert [tuple(row.values()) for row in state.decisions.of("churn").to_pylist()] == [
        ("r0", "hold", "ask", None, "ann"),
        ("r1", "approve", None, "stamp", "bo"),
    ]


def test_nothing_decided_is_an_empty_table(state: State) -> None:
    found = state.decisions.of("churn")

    assert found.num_rows == 0
    assert found.column_names == ["record_id", "decision", "reason", "approved", "who"]


def test_the_plan_seen_last_comes_first(state: State) -> None:
    for fingerprint in ("aa", "bb", "aa"):
        state.plans.save("churn", fingerprint, made_at=NOW, counts={"new": 1}, file="x.parquet")

    assert [each.fingerprint for each in state.plans.latest("churn")] == ["aa", "bb"]
    found = state.plans.get("churn", "bb")
    assert found is not None
    assert (found.made_at, found.counts) == (NOW, {"new": 1})
    state.plans.forget("churn", "bb")
    assert state.plans.get("churn", "bb") is None
