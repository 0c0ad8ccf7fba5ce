"""What a plan says is sent, and nothing else, whatever Pendo makes of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.automations.by_hand import account_ids, held, ids_sent, plan_of, writes
from tests.conftest import QUICK
from workbench.automations.limits import Write
from workbench.automations.live import read_live
from workbench.automations.plan import Plan
from workbench.automations.push import missing_fields, push, with_created
from workbench.automations.verify import Outcome, verify
from workbench.errors import (
    AccessError,
    CancelledError,
    InputError,
    OutageError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.pendo.client import PendoClient
from workbench.pendo.model import NewField
from workbench.services import Services
from workbench.standin import PendoStandIn
from workbench.store.state import Push

SCORE, DATE, REASONS = "predict_score", "predict_date", "predict_explain"
SMALL = Write(chunk=10)


class Bench:
    """One run's writing, step by step."""

    def __init__(self, services: Services, pendo: PendoStandIn, folder: Path) -> None:
        self.services, self.folder = services, folder
        self.ledger = services.state.ledger
        self.client = PendoClient(pendo.url, SecretStr(pendo.key), patience=QUICK)
        self.begin()

    def begin(self) -> None:
        """Open another run's account."""
        with self.services.state.runs.recorded("automation/by-hand") as tally:
            self.run = tally.run_id
        self.entry = Push(self.run, "by-hand", "acme", "account", "custom", "sync", "f")
        self.ledger.begin(self.entry)

    def create(self, *fields: NewField) -> None:
        self.client.create_fields("account", "custom", fields)

    def push(self, plan: Plan, **more: Any) -> None:
        for _ in push(plan, self.entry, self.client, self.ledger, **{"write": SMALL, **more}):
            pass

    def verify(self, plan: Plan, **more: Any) -> Outcome:
        names = [field.name for field in plan.fields]

        def read() -> Any:
            schema = self.client.metadata_schema("account")
            return read_live(self.client, "account", "custom", names, schema, self.folder).rows

        return verify(plan, self.entry, self.ledger, read, self.folder, **{"waits_s": (), **more})

    def statuses(self) -> dict[str, str]:
        """By record id; every cell of a record has come to the same."""
        rows = self.ledger.cells(self.run).to_pylist()
        assert len({(row["record_id"], row["field"]) for row in rows}) == len(rows)
        return {row["record_id"]: row["status"] for row in rows}


@pytest.fixture
def bench(services: Services, pendo: PendoStandIn, tmp_path: Path) -> Bench:
    made = Bench(services, pendo, tmp_path / "live")
    made.create(NewField(SCORE, "string"), NewField(DATE, "time"), NewField(REASONS, "string"))
    return made


def scores(ids: list[str], after: str = "Good") -> Plan:
    return plan_of({one: {SCORE: (None, after)} for one in ids})


def test_the_server_holds_afterwards_what_the_plan_says(bench: Bench, pendo: PendoStandIn) -> None:
    first, second, third = account_ids(pendo)[:3]
    plan = plan_of(
        {
            first: {SCORE: (None, "Good"), DATE: (None, "2026-03-01T05:00:00Z")},
            second: {SCORE: (None, "Fair")},
            third: {DATE: (None, "2026-03-02T05:00:00Z")},
        },
        types={DATE: "time"},
    )

    bench.push(plan)
    outcome = bench.verify(plan)

    assert held(pendo, [SCORE, DATE])[first] == {SCORE: "Good", DATE: 1772341200000}
    assert held(pendo, [SCORE, DATE])[second] == {SCORE: "Fair"}
    assert held(pendo, [SCORE, DATE])[third] == {DATE: 1772427600000}
    assert (outcome.sent, outcome.verified, outcome.failed, outcome.skipped) == (3, 3, 0, 0)
    assert set(bench.statuses().values()) == {"verified"}
    assert bench.ledger.push(bench.run).ended_at is not None


def test_only_the_cells_marked_for_it_are_sent(bench: Bench, pendo: PendoStandIn) -> None:
    first, second = account_ids(pendo)[:2]
    plan = plan_of({first: {SCORE: ("Good", "Good")}, second: {SCORE: (None, "Fair")}})
    rows = plan.rows.set_column(
        plan.rows.column_names.index(f"{SCORE}__write"), f"{SCORE}__write", [[False, True]]
    )

    bench.push(replace(plan, rows=rows))

    assert ids_sent(pendo) == [second]


def test_no_request_has_more_records_than_wanted(bench: Bench, pendo: PendoStandIn) -> None:
    ids = account_ids(pendo)[:25]

    bench.push(scores(ids))

    assert [len(each["body"]) for each in writes(pendo)] == [10, 10, 5]
    assert sorted(ids_sent(pendo)) == sorted(ids)


def test_no_request_has_more_bytes_than_wanted(bench: Bench, pendo: PendoStandIn) -> None:
    ids = account_ids(pendo)[:20]
    plan = plan_of({one: {REASONS: (None, "x" * 1500)} for one in ids})

    bench.push(plan, write=Write(chunk=500, max_bytes=10_000))

    assert len(writes(pendo)) == 4
    assert sorted(ids_sent(pendo)) == sorted(ids)


def test_one_record_too_large_for_a_request_is_said_before_it_is_sent(
    bench: Bench, pendo: PendoStandIn
) -> None:
    [one] = account_ids(pendo)[:1]
    plan = plan_of({one: {REASONS: (None, "x" * 20_000)}})

    with pytest.raises(InputError, match="more than 10,000 bytes"):
        bench.push(plan, write=Write(max_bytes=10_000))
    assert writes(pendo) == []


def test_fields_that_pendo_lacks_are_created_first_and_found_under_its_name_for_them(
    services: Services, pendo: PendoStandIn, tmp_path: Path
) -> None:
    bench = Bench(services, pendo, tmp_path)
    pendo.switches(name_normalise="lower_strip")
    [one] = account_ids(pendo)[:1]
    plan = plan_of({one: {SCORE: (None, "Good")}}, exists=False)

    bench.client.create_fields("account", "custom", missing_fields(plan))
    named = with_created(plan, bench.client.metadata_schema("account")["custom"])
    bench.push(named)

    assert [field.name for field in named.fields] == ["predictscore"]
    assert held(pendo, ["predictscore"])[one] == {"predictscore": "Good"}
    assert bench.verify(named).verified == 1


def test_a_field_that_pendo_did_not_create_is_never_written(
    services: Services, pendo: PendoStandIn, tmp_path: Path
) -> None:
    bench = Bench(services, pendo, tmp_path)
    plan = plan_of({account_ids(pendo)[0]: {SCORE: (None, "Good")}}, exists=False)

    with pytest.raises(RejectedError, match="did not create the field predict_score"):
        with_created(plan, bench.client.metadata_schema("account")["custom"])


def test_unknown_ids_fail_with_the_reason_and_are_not_created(
    bench: Bench, pendo: PendoStandIn
) -> None:
    known = account_ids(pendo)[0]
    plan = scores([known, "nobody"])

    bench.push(plan)
    outcome = bench.verify(plan)

    assert bench.statuses() == {known: "verified", "nobody": "failed"}
    assert (outcome.sent, outcome.failed) == (1, 1)
    reasons = bench.ledger.cells(bench.run, statuses=("failed",))["reason"].to_pylist()
    assert reasons == ["Pendo does not know this id"]
    assert "nobody" not in held(pendo, [])


def test_unknown_ids_are_created_when_that_is_asked_for(bench: Bench, pendo: PendoStandIn) -> None:
    plan = scores(["nobody"])

    bench.push(plan, create=True)

    assert held(pendo, [SCORE])["nobody"] == {SCORE: "Good"}


@pytest.mark.parametrize(
    ("lists", "item"),
    [("null", "error"), ("absent", "message"), ("array", "id_only"), ("null", "string")],
)
def test_refused_records_are_found_in_every_form_of_the_answer(
    bench: Bench, pendo: PendoStandIn, lists: str, item: str
) -> None:
    pendo.switches(bulk_empty_lists=lists, bulk_error_item=item)
    good, bad = account_ids(pendo)[:2]
    plan = plan_of(
        {good: {SCORE: (None, "Good")}, bad: {DATE: (None, "not a time")}}, types={DATE: "time"}
    )

    bench.push(plan)
    outcome = bench.verify(plan)

    assert bench.statuses() == {good: "verified", bad: "failed"}
    assert (outcome.sent, outcome.failed) == (1, 1)


@pytest.mark.parametrize(
    "caps",
    [{"bulk_max_records": 3}, {"bulk_max_bytes": 300}, {"bulk_max_run_s": 0.003}],
    ids=["400", "413", "408"],
)
def test_a_batch_that_is_too_much_is_halved(
    bench: Bench, pendo: PendoStandIn, caps: dict[str, Any]
) -> None:
    ids = account_ids(pendo)[:20]
    pendo.switches(bulk_408_applied="part", **caps)
    plan = scores(ids)

    bench.push(plan)

    assert bench.verify(plan).verified == 20
    assert all(held(pendo, [SCORE])[one] == {SCORE: "Good"} for one in ids)
    states = {each.state for each in bench.ledger.requests(bench.run)}
    assert states == {"split", "answered"}


def test_a_batch_that_is_refused_whole_is_halved_until_the_bad_record_stands_alone(
    bench: Bench, pendo: PendoStandIn
) -> None:
    pendo.switches(type_mismatch=400)
    ids = account_ids(pendo)[:10]
    bad = ids[6]
    cells = {one: {DATE: (None, "2026-03-01T05:00:00Z")} for one in ids}
    plan = plan_of({**cells, bad: {DATE: (None, "no time at all")}}, types={DATE: "time"})

    bench.push(plan)
    outcome = bench.verify(plan)

    assert bench.statuses() == {one: "failed" if one == bad else "verified" for one in ids}
    assert (outcome.verified, outcome.failed) == (9, 1)
    [reason] = bench.ledger.cells(bench.run, statuses=("failed",))["reason"].to_pylist()
    assert "takes a time value" in reason


def test_when_every_record_is_refused_it_stops_instead_of_asking_for_each(
    bench: Bench, pendo: PendoStandIn
) -> None:
    pendo.switches(type_mismatch=400)
    plan = plan_of(
        {one: {DATE: (None, "no time")} for one in account_ids(pendo)}, types={DATE: "time"}
    )

    with pytest.raises(RejectedError, match="20 records in a row"):
        bench.push(plan, write=Write(chunk=4))
    outcome = bench.verify(plan, complete=False)

    assert outcome.failed == 20
    assert outcome.failed + outcome.skipped == plan.rows.num_rows


def test_a_field_deleted_while_it_is_written_stops_the_push_at_once(
    bench: Bench, pendo: PendoStandIn
) -> None:
    plan = scores(account_ids(pendo)[:10])
    delete_field(pendo, SCORE)

    with pytest.raises(RejectedError, match="predict_score was deleted in Pendo"):
        bench.push(plan)

    assert len(writes(pendo)) == 1
    assert bench.verify(plan, complete=False).skipped == 10


def delete_field(pendo: PendoStandIn, name: str) -> None:
    schema = pendo.subscription.entities.schemas["account"]
    field = schema.find("custom", name)
    assert field is not None
    pendo.subscription.entities.delete_field("account", field)
    pendo.subscription.is_touched = True


@pytest.mark.parametrize(
    ("fault", "error"),
    [({"fault": "429"}, ThrottledError), ({"fault": "500"}, OutageError)],
    ids=["429", "500"],
)
def test_what_was_not_sent_is_accounted_for_when_pendo_stops_answering(
    bench: Bench, pendo: PendoStandIn, fault: dict[str, Any], error: type[RemoteError]
) -> None:
    plan = scores(account_ids(pendo)[:30])
    pendo.weather([{**fault, "path": "custom/value", "after": 1}])

    with pytest.raises(error):
        bench.push(plan)
    pendo.weather([])
    outcome = bench.verify(plan, complete=False, reason="Pendo stopped answering")

    assert (outcome.verified, outcome.skipped, outcome.failed) == (10, 20, 0)
    assert sorted(set(bench.statuses().values())) == ["skipped", "verified"]
    assert len(bench.statuses()) == 30


def test_a_batch_applied_without_an_answer_is_found_written_when_read_back(
    bench: Bench, pendo: PendoStandIn
) -> None:
    plan = scores(account_ids(pendo)[:10])
    pendo.weather([{"fault": "truncate", "path": "custom/value"}])

    with pytest.raises(RemoteError):
        bench.push(plan)
    assert set(bench.statuses().values()) == {"planned"}
    pendo.weather([])
    outcome = bench.verify(plan, complete=False)

    assert outcome.verified == 10
    assert set(bench.statuses().values()) == {"verified"}


@pytest.mark.parametrize(
    "fault", [{"fault": "reset"}, {"fault": "429"}, {"fault": "503"}, {"fault": "408"}]
)
def test_passing_weather_changes_nothing_and_doubles_nothing(
    bench: Bench, pendo: PendoStandIn, fault: dict[str, Any]
) -> None:
    plan = scores(account_ids(pendo)[:30])
    pendo.weather([{**fault, "path": "custom/value", "every": 2, "times": 3}])

    bench.push(plan)
    outcome = bench.verify(plan)

    assert (outcome.verified, outcome.failed, outcome.skipped) == (30, 0, 0)
    assert all(held(pendo, [SCORE])[one] == {SCORE: "Good"} for one in bench.statuses())


def test_a_key_that_may_only_read_sends_nothing(bench: Bench, pendo: PendoStandIn) -> None:
    bench.client = PendoClient(pendo.url, SecretStr(pendo.read_key), patience=QUICK)
    plan = scores(account_ids(pendo)[:10])

    with pytest.raises(AccessError):
        bench.push(plan)

    assert writes(pendo) == []
    assert bench.verify(plan, complete=False).skipped == 10


def test_cancelling_stops_between_two_batches_and_says_how_far_it_came(
    bench: Bench, pendo: PendoStandIn
) -> None:
    plan = scores(account_ids(pendo)[:30])
    asked: Callable[[], bool] = lambda: len(writes(pendo)) >= 2  # noqa: E731

    with pytest.raises(CancelledError, match="after 20 records"):
        bench.push(plan, cancelled=asked)
    outcome = bench.verify(plan, complete=False, reason="Cancelled")

    assert (outcome.verified, outcome.skipped) == (20, 10)


def test_a_value_that_becomes_visible_later_is_waited_for(
    bench: Bench, pendo: PendoStandIn
) -> None:
    pendo.switches(write_visible_after_s=0.5)
    plan = scores(account_ids(pendo)[:3])

    bench.push(plan)

    assert bench.verify(plan, waits_s=(0.2, 0.5, 0.5)).verified == 3


def test_a_value_that_is_not_visible_yet_is_neither_verified_nor_wrong(
    bench: Bench, pendo: PendoStandIn
) -> None:
    pendo.switches(write_visible_after_s=1000)
    plan = scores(account_ids(pendo)[:3])

    bench.push(plan)
    outcome = bench.verify(plan, waits_s=(0.01,))

    assert (outcome.sent, outcome.verified, outcome.failed, outcome.late) == (3, 0, 0, 3)
    assert set(bench.statuses().values()) == {"sent"}


@pytest.mark.parametrize(
    ("switches", "after", "now"),
    [
        ({"long_string": "truncate"}, "x" * 1600, "x" * 1500),
        ({"null_write": "ignore"}, None, "Fair"),
    ],
    ids=["cut", "not cleared"],
)
def test_what_pendo_accepts_and_does_not_keep_is_a_mismatch(
    bench: Bench, pendo: PendoStandIn, switches: dict[str, Any], after: str | None, now: str
) -> None:
    first, last = account_ids(pendo)[:2]
    bench.push(scores([first], "Fair"))
    bench.begin()
    pendo.switches(**switches)
    plan = plan_of({first: {SCORE: ("Fair", after)}, last: {SCORE: (None, "Good")}})

    bench.push(plan)
    outcome = bench.verify(plan)

    assert (outcome.verified, outcome.failed) == (1, 1)
    assert bench.statuses() == {first: "mismatch", last: "verified"}
    assert outcome.mismatches == ({"id": first, "field": SCORE, "after": after, "now": now},)


def test_the_ledger_keeps_each_request_and_its_answer(bench: Bench, pendo: PendoStandIn) -> None:
    [one] = account_ids(pendo)[:1]

    bench.push(scores([one, "nobody"]))

    [request] = bench.ledger.requests(bench.run)
    assert f'{{"accountId":"{one}","values":{{"predict_score":"Good"}}}}' in request.request
    assert "missing=('nobody',)" in (request.answer or "")
    [entry] = bench.ledger.history("account", one)
    assert (entry.run_id, entry.before, entry.after) == (bench.run, None, "Good")
