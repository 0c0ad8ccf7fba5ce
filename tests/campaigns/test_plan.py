"""The rules of a reconcile, one by one (campaign-sync contract, sections 2, 5 and 13)."""

import pytest

from tests.campaigns.tables import (
    CAMPAIGN,
    HOUR,
    NOON,
    OTHER,
    event,
    kept,
    labels,
    ours,
    planned,
    theirs,
    told,
)
from workbench.campaigns import shapes
from workbench.campaigns.choices import StatusMap


def test_a_member_added_in_salesforce_joins() -> None:
    plan = planned([theirs("ann")])

    assert told(plan) == [("in", "joined", "ann", None, "ann@example.com", "new")]
    assert kept(plan)["ann"]["state"] == "Active"
    assert plan.counts.joined == 1


def test_a_member_deleted_in_salesforce_leaves() -> None:
    plan = planned([], [ours("ann"), ours("bob")], gone=("ann", "nobody"))

    assert plan.leave.column("member_id").to_pylist() == ["ann"]
    assert told(plan) == [("in", "left", "ann", "ann@example.com", None, "gone")]
    assert kept(plan) == {}


def test_whoever_is_missing_from_a_complete_read_leaves() -> None:
    seen, standing = [theirs("bob")], [ours("ann"), ours("bob")]

    assert planned(seen, standing, complete=True).leave.num_rows == 1
    assert planned(seen, standing, complete=False).leave.num_rows == 0


def test_nothing_changed_plans_nothing() -> None:
    plan = planned([theirs("ann")], [ours("ann")], complete=True)

    assert (plan.sheet.num_rows, plan.keep.num_rows, plan.writes.num_rows) == (0, 0, 0)


def test_an_address_changed_in_salesforce_changes_here() -> None:
    plan = planned([theirs("ann", email="new@example.com")], [ours("ann")])

    assert told(plan) == [("in", "address", "ann", "ann@example.com", "new@example.com", "changed")]
    assert kept(plan)["ann"]["email"] == "new@example.com"


def test_a_name_changed_in_salesforce_changes_here() -> None:
    plan = planned([theirs("ann", last_name="Lovelace")], [ours("ann")])

    assert plan.counts.updated == 1
    assert kept(plan)["ann"]["last_name"] == "Lovelace"


def test_a_status_changed_by_hand_in_salesforce_is_taken_over() -> None:
    seen = [theirs("ann", status="Responded")]
    plan = planned(seen, [ours("ann", last_action="Sent", last_action_at=NOON)])

    assert told(plan) == [("in", "status", "ann", "Sent", "Responded", "changed")]
    assert plan.writes.num_rows == 0


def test_an_action_that_is_not_new_does_not_fight_a_status_changed_by_hand() -> None:
    standing = [ours("ann", status="Responded", last_action="Clicked", last_action_at=NOON)]
    plan = planned([theirs("ann", status="Sent")], standing, events=[event("ann", "clicked")])

    assert plan.writes.num_rows == 0
    assert kept(plan)["ann"]["status"] == "Sent"


def test_a_click_becomes_responded_in_salesforce() -> None:
    plan = planned([], [ours("ann")], events=[event("ann", "clicked")])

    assert plan.writes.to_pylist() == [
        {
            "campaign_id": CAMPAIGN,
            "member_id": "ann",
            "before": "Sent",
            "after": "Responded",
            "label_responded": True,
            "why": "clicked",
        }
    ]
    assert kept(plan)["ann"] | {} == kept(plan)["ann"]
    assert (kept(plan)["ann"]["wanted"], kept(plan)["ann"]["last_action"]) == (
        "Responded",
        "Clicked",
    )


def test_what_a_sync_may_not_write_waits_and_is_not_forgotten() -> None:
    first = planned([theirs("ann")], events=[event("ann", "clicked")], out=False)
    assert first.writes.num_rows == 0
    assert kept(first)["ann"]["wanted"] == "Responded"

    second = planned([], [kept(first)["ann"]], events=[event("ann", "clicked")])

    assert second.writes.column("after").to_pylist() == ["Responded"]


def test_a_member_that_has_responded_never_goes_back() -> None:
    known = labels(more=(("Opened mail", False, False),))
    status_map = StatusMap(opened="Opened mail")
    standing = [ours("ann", status="Responded", has_responded=True)]
    events = [event("ann", "opened")]

    plan = planned([], standing, events=events, known=known, status_map=status_map)
    allowed = status_map.model_copy(update={"never_downgrade": False})
    free = planned([], standing, events=events, known=known, status_map=allowed)

    assert plan.writes.num_rows == 0
    assert ("out", "status", "ann", "Responded", "Opened mail", "dropped") in told(plan)
    assert free.writes.column("after").to_pylist() == ["Opened mail"]


MORE = (("Called", False, True), ("Met", False, True))


@pytest.mark.parametrize(
    ("policy", "hours", "written", "stands"),
    [
        ("salesforce", 0, [], "Called"),
        ("mail_side", 0, ["Responded"], "Called"),
        ("newest", -3, [], "Called"),
        ("newest", 0, ["Responded"], "Called"),
        ("hold", 0, [], "Sent"),
    ],
)
def test_where_both_sides_changed_a_status_the_rule_decides(
    policy: str, hours: int, written: list[str], stands: str
) -> None:
    plan = planned(
        [theirs("ann", status="Called", has_responded=True)],
        [ours("ann")],
        events=[event("ann", "clicked", at=NOON + hours * HOUR)],
        known=labels(more=MORE),
        policy=policy,
    )

    assert plan.writes.column("after").to_pylist() == written
    # A write counts once Salesforce answered it; until then what it had is what is stored.
    assert kept(plan)["ann"]["status"] == stands
    assert plan.counts.conflicts == 1
    assert plan.backlog.num_rows == (policy == "hold")


def test_a_held_conflict_comes_again_until_somebody_decides() -> None:
    events = [event("ann", "clicked")]
    seen = [theirs("ann", status="Called", has_responded=True)]
    held = planned(seen, [ours("ann")], events=events, known=labels(more=MORE), policy="hold")
    again = held.backlog.select(shapes.THEIRS.names).to_pylist()
    standing = [kept(held)["ann"]]

    still = planned(again, standing, events=events, known=labels(more=MORE), policy="hold")
    decided = planned(
        again,
        standing,
        events=events,
        known=labels(more=MORE),
        policy="hold",
        decisions={"ann": "mail_side"},
    )

    assert still.counts.conflicts == 1
    assert decided.writes.column("after").to_pylist() == ["Responded"]


def test_a_label_the_campaign_lacks_is_held_and_said() -> None:
    status_map = StatusMap(clicked="Clicked!")
    plan = planned([], [ours("ann")], events=[event("ann", "clicked")], status_map=status_map)

    assert plan.writes.num_rows == 0
    assert told(plan)[0] == ("out", "status", "ann", "Sent", "Clicked!", "held")
    assert [(warned.code, str(warned)) for warned in plan.warnings] == [
        ("unknown status label", "The campaign has no status label Clicked!: 1 status held")
    ]
    assert kept(plan)["ann"]["wanted"] == "Clicked!"


def test_a_label_the_campaign_lacks_may_become_its_default_or_be_created() -> None:
    status_map = StatusMap(clicked="Clicked!")
    standing = [ours("ann", status="Called")]
    events = [event("ann", "clicked")]

    default = planned([], standing, events=events, status_map=status_map, unknown_label="default")
    create = planned([], standing, events=events, status_map=status_map, unknown_label="create")

    assert default.writes.column("after").to_pylist() == ["Sent"]
    assert create.writes.column("after").to_pylist() == ["Clicked!"]
    assert create.new_labels.to_pylist() == [{"campaign_id": CAMPAIGN, "label": "Clicked!"}]


def test_a_label_is_written_in_the_campaigns_own_spelling() -> None:
    plan = planned(
        [],
        [ours("ann")],
        events=[event("ann", "clicked")],
        status_map=StatusMap(clicked="RESPONDED"),
    )

    assert plan.writes.column("after").to_pylist() == ["Responded"]


def test_a_converted_lead_stays_the_same_member_and_becomes_a_contact() -> None:
    seen = theirs("ann", contact_id="003ann")
    plan = planned([seen], [ours("ann")], events=[event("ann", "opened")])

    assert ("in", "person", "ann", "00Qann", "003ann", "changed") in told(plan)
    assert kept(plan)["ann"]["person_id"] == "003ann"
    assert kept(plan)["ann"]["last_action"] == "Opened"
    assert plan.counts.joined == 0


def test_of_two_members_with_one_address_one_is_mailed() -> None:
    lead = theirs("ann", email="a@example.com")
    contact = theirs("bob", email="A@Example.com ", lead_id=None, contact_id="003bob")

    plan = planned([lead, contact, theirs("cat", email="a@example.com", campaign_id=OTHER)])

    states = {each: (row["state"], row["reason"]) for each, row in kept(plan).items()}
    assert states == {
        "ann": ("Inactive", "Duplicate e-mail"),
        "bob": ("Active", None),
        "cat": ("Active", None),
    }


def test_who_has_the_same_address_as_somebody_who_left_becomes_active() -> None:
    twins = [
        ours("ann", email="a@example.com"),
        ours("bob", email="a@example.com", state="Inactive", reason="Duplicate e-mail"),
    ]
    plan = planned([], twins, gone=("ann",))

    assert kept(plan)["bob"]["state"] == "Active"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "No address"),
        ("  ", "No address"),
        ("nobody", "Invalid address"),
        ("a@b", "Invalid address"),
        ("a b@example.com", "Invalid address"),
        ("o'neil+x@mail.example.com", None),
    ],
)
def test_a_member_without_a_usable_address_is_inactive_and_says_why(
    address: str | None, reason: str | None
) -> None:
    member = kept(planned([theirs("ann", email=address)]))["ann"]

    assert (member["state"], member["reason"]) == ("Inactive" if reason else "Active", reason)


def test_opt_outs_are_told_apart() -> None:
    everybody = ("here", "there", "before", "flag", "later")
    seen = [theirs(member) for member in everybody[:3]]
    seen += [theirs("flag", opted_out=True), theirs("later", opted_out=True)]
    events = [
        event("here", "opted_out"),
        event("there", "opted_out", campaign_id=OTHER),
        event("before", "opted_out", campaign_id=OTHER, at=NOON - 100 * HOUR),
    ]
    plan = planned(seen, [ours("later")], events=events)

    assert {member: kept(plan)[member]["reason"] for member in everybody} == {
        "here": "Opt Out Direct",
        "there": "Opt Out Indirect",
        "before": "Opt Out Previous",
        "flag": "Opt Out Previous",
        "later": "Opt Out Subscription",
    }


def test_a_bounce_belongs_to_the_address_it_happened_to() -> None:
    bounced = [event("ann", "hard_bounced", at=NOON - 3 * HOUR)]
    first = planned([theirs("ann")], events=bounced)
    assert kept(first)["ann"]["reason"] == "Hard Bounce"

    mended = theirs("ann", email="new@example.com")
    second = planned([mended], [kept(first)["ann"]], events=bounced)

    assert (kept(second)["ann"]["state"], kept(second)["ann"]["reason"]) == ("Active", None)


def test_a_soft_bounce_is_over_once_a_mail_arrived() -> None:
    bounce = event("ann", "soft_bounced", at=NOON)
    arrived = event("ann", "delivered", at=NOON + HOUR)

    assert kept(planned([theirs("ann")], events=[bounce]))["ann"]["reason"] == "Soft Bounce"
    assert kept(planned([theirs("ann")], events=[bounce, arrived]))["ann"]["state"] == "Active"


def test_engagement_is_matched_by_address_where_no_person_is_named() -> None:
    events = [event("", "opened", person_id=None, email="ANN@example.com ")]

    assert kept(planned([theirs("ann")], events=events))["ann"]["last_action"] == "Opened"


def test_the_strongest_action_stays_when_a_weaker_one_follows() -> None:
    events = [event("ann", "clicked"), event("ann", "opened", at=NOON + HOUR)]

    assert kept(planned([theirs("ann")], events=events))["ann"]["last_action"] == "Clicked"


@pytest.mark.parametrize(
    ("leaving", "of", "held"), [(5, 100, False), (6, 100, True), (100, 4000, False)]
)
def test_too_many_deletes_of_a_campaign_are_held(leaving: int, of: int, held: bool) -> None:
    standing = [ours(f"m{n}") for n in range(of)]
    gone = tuple(f"m{n}" for n in range(leaving))
    plan = planned([], standing, gone=gone, hold_above_pct=5.0)

    assert plan.verdict.held == held
    assert plan.leave.num_rows == (0 if held else leaving)
    assert plan.backlog.num_rows == (leaving if held else 0)
    assert plan.released().leave.num_rows == leaving


def test_more_than_a_hundred_deletes_are_held_however_large_the_campaign() -> None:
    standing = [ours(f"m{n}") for n in range(4000)]
    plan = planned([], standing, gone=tuple(f"m{n}" for n in range(101)), hold_above_pct=5.0)

    assert plan.verdict.words == (
        f"101 of 4000 members would leave {CAMPAIGN}; the limit is 100 members or 5 %"
    )
    assert plan.counts.held == 101


def test_a_held_delete_comes_again_without_being_read_again() -> None:
    held = planned([], [ours("ann")], gone=("ann",), hold_above_pct=5.0)
    assert held.backlog.column("gone").to_pylist() == [True]

    later = planned([], [ours("ann")], gone=("ann",), release=True)

    assert later.leave.num_rows == 1


@pytest.mark.parametrize("decision", ["hold", "exclude"])
def test_a_row_that_a_person_holds_changes_on_neither_side(decision: str) -> None:
    seen = [theirs("ann", email="new@example.com"), theirs("new")]
    standing = [ours("ann"), ours("bob"), ours("cat")]
    plan = planned(
        seen,
        standing,
        gone=("bob",),
        events=[event("ann", "clicked"), event("cat", "clicked")],
        decisions=dict.fromkeys(("ann", "bob", "cat", "new"), decision),
    )

    assert plan.leave.num_rows == plan.writes.num_rows == 0
    assert "new" not in kept(plan)
    assert all(row["email"] != "new@example.com" for row in kept(plan).values())
    assert sorted(plan.backlog.column("member_id").to_pylist()) == ["ann", "bob", "new"]
    assert {status for *_, status in told(plan)} == {"held"}


def test_what_a_held_member_did_is_written_once_it_is_let_go() -> None:
    events = [event("ann", "clicked")]
    seen = [theirs("ann", email="new@example.com")]
    held = planned(seen, [ours("ann")], events=events, decisions={"ann": "hold"})
    standing = [kept(held).get("ann", ours("ann"))]

    free = planned(seen, standing, events=events)

    assert free.writes.column("after").to_pylist() == ["Responded"]


def test_the_fingerprint_follows_what_would_change_and_not_the_order() -> None:
    one = planned([theirs("ann"), theirs("bob")])
    two = planned([theirs("bob"), theirs("ann")])
    three = planned([theirs("ann"), theirs("bob", email="x@example.com")])

    assert one.fingerprint == two.fingerprint
    assert one.fingerprint != three.fingerprint


def test_a_plan_with_decisions_is_a_plan() -> None:
    plan = planned([theirs("ann"), theirs("bob")])
    chosen = shapes.table([{"member_id": "bob", "decision": "exclude"}], shapes.DECISIONS)

    assert plan.with_decisions(chosen).counts.joined == 1
