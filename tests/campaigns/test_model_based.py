"""Two people act at random, one on each side, with syncs in between: both agree with the model."""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from tests.campaigns.conftest import Desk
from tests.campaigns.reference import Reference

LABELS = {"Sent": False, "Responded": True, "Called": False, "Met": True}


@dataclass
class Play:
    """One play: who does what, and what should come of it."""

    desk: Desk
    campaign: str
    dice: random.Random
    reference: Reference
    events: list[dict[str, Any]] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    def step(self) -> None:
        """One thing that somebody does."""
        acts = {
            self.status: 6,
            self.add: 3,
            self.delete: 2,
            self.address: 3,
            self.name: 2,
            self.convert: 1,
            self.merge: 1,
            self.engage: 6,
            self.want: 2,
        }
        act = self.dice.choices(list(acts), list(acts.values()))[0]
        self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
        act()

    def status(self) -> None:
        self._act("change_status", member=self._member(), status=self.dice.choice(list(LABELS)))

    def add(self) -> None:
        number = len(self.done) * 10_000 + sum(self.done.values())
        person = self._act(
            "add_person",
            object="Lead",
            LastName=f"Person {number}",
            Company="New",
            Email=self.dice.choice([None, f"p{number}@example.com", "shared@example.com"]),
        )["id"]
        self._act("add_member", campaign=self.campaign, lead=person)

    def delete(self) -> None:
        self._act("delete_member", member=self._member())

    def address(self) -> None:
        address = f"moved{self.dice.randrange(10**6)}@example.com"
        if person := self._person(changeable=True):
            self._act("change_address", person=person, email=address)

    def name(self) -> None:
        if person := self._person(changeable=True):
            self._act("change_name", person=person, last=f"Renamed {self.dice.randrange(10**6)}")

    def convert(self) -> None:
        leads = [row["lead_id"] for row in self._rows() if row["lead_id"] and not row["contact_id"]]
        if leads:
            self._act("convert_lead", lead=self.dice.choice(leads))

    def merge(self) -> None:
        leads = [row["lead_id"] for row in self._rows() if row["lead_id"] and not row["contact_id"]]
        if len(leads) > 1:
            keep, drop = self.dice.sample(leads, 2)
            self._act("merge_leads", keep=keep, drop=drop)

    def engage(self) -> None:
        if person := self._person(changeable=False):
            self.events.append(
                {
                    "campaign_id": self.campaign,
                    "person_id": person,
                    "event": self.dice.choice(["sent", "delivered", "opened", "clicked"]),
                    "occurred_at": self._now(),
                }
            )

    def want(self) -> None:
        if not self.reference.members:
            return
        member = self.dice.choice(sorted(self.reference.members))
        label = self.dice.choice(list(LABELS))
        self.reference.want(member, label, self._now())
        store = self.desk.opened.state.campaign_members
        store.want("acme-campaigns", [member], label, why="by hand", at=self._now())

    def sync(self) -> None:
        """Sync, and compare everything with the model."""
        self._pass(120)
        if self.events:
            self.desk.engage(self.events)
        self.desk.document(members={"whole_up_to": self.dice.choice([0, 4000])})
        theirs = self._theirs()
        first = not self.reference.members and "initial" not in self.done
        kind = "initial" if first else "manual"
        self.done[kind] = self.done.get(kind, 0) + 1
        expected = self.reference.sync(theirs, self.events, out=not first)
        self.desk.run(self.campaign, "initial" if first else "manual", release=True)
        self.compare(expected)

    def compare(self, expected: dict[str, str]) -> None:
        """Both sides, member by member."""
        theirs, ours = self.desk.theirs(self.campaign), self.desk.ours(self.campaign)
        assert {each: row["status"] for each, row in theirs.items()} == expected
        assert ours.keys() == self.reference.members.keys()
        for member, row in ours.items():
            model = self.reference.members[member]
            people = ("email", "first_name", "last_name", "lead_id", "contact_id")
            assert (row["status"], row["wanted"]) == (model.agreed, model.wanted), member
            assert [row[name] for name in people] == [model.person[name] for name in people]

    def _theirs(self) -> dict[str, dict[str, Any]]:
        rows = self.desk.org.org.rows(
            "SELECT Id, SystemModstamp FROM CampaignMember WHERE CampaignId = ?", self.campaign
        )
        stamps = {each: datetime.fromisoformat(at) for each, at in rows}
        found = self.desk.theirs(self.campaign)
        return {each: {**row, "modified_at": stamps[each]} for each, row in found.items()}

    def _rows(self) -> list[dict[str, Any]]:
        return list(self.desk.theirs(self.campaign).values())

    def _member(self) -> str:
        return self.dice.choice(sorted(self.desk.theirs(self.campaign)) or [self.campaign])

    def _person(self, *, changeable: bool) -> str | None:
        people = [row["contact_id"] or row["lead_id"] for row in self._rows()]
        return self.dice.choice(people) if people else None

    def _now(self) -> datetime:
        return self.desk.org.org.clock.now()

    def _pass(self, seconds: int) -> None:
        self.desk.org.act({"do": "move_clock", "seconds": seconds})

    def _act(self, do: str, **more: Any) -> dict[str, Any]:
        from workbench.standin.control import ActError

        try:
            return self.desk.org.act({"do": do, "then_s": self.dice.randrange(1, 30), **more})
        except ActError:
            return {}


def play(desk: Desk, seed: int, policy: str, *, steps: int, between: tuple[int, int]) -> Play:
    """Some thousand steps, and a last sync."""
    campaign = desk.act("add_campaign", Name="Play", Status="In Progress", IsActive=True)["id"]
    leads = desk.org.org.rows("SELECT Id FROM Lead WHERE IsConverted = 0 ORDER BY Id LIMIT 25")
    for (lead,) in leads:
        desk.act("add_member", campaign=campaign, lead=lead)
    for label, responded in LABELS.items():
        if label not in ("Sent", "Responded"):
            desk.act("add_status", campaign=campaign, label=label, responded=responded)
    desk.document(conflict={"member_status": policy})
    begun = Play(desk, campaign, random.Random(seed), Reference(LABELS, policy))
    left = begun.dice.randrange(*between)
    for _ in range(steps):
        begun.step()
        left -= 1
        if not left:
            begun.sync()
            left = begun.dice.randrange(*between)
    begun.sync()
    begun.sync()
    return begun


@pytest.mark.parametrize(("seed", "policy"), [(1, "salesforce"), (3, "newest")])
def test_both_sides_agree_with_a_model_of_plain_dicts(desk: Desk, seed: int, policy: str) -> None:
    done = play(desk, seed, policy, steps=1000, between=(80, 240))

    assert desk.agree(done.campaign)
    assert done.reference.written > 5
    assert min(done.done.get(act, 0) for act in ("convert", "merge", "delete", "want")) > 5


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 22))
def test_both_sides_agree_with_the_model_for_long(desk: Desk, seed: int) -> None:
    policy = ("salesforce", "mail_side", "newest")[seed % 3]

    done = play(desk, seed, policy, steps=4000, between=(1, 60))

    assert desk.agree(done.campaign)
