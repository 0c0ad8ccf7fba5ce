"""What both sides should hold after a sync, worked out with plain dicts and loops.

The rules of the campaign-sync contract, section 2, and Q04, Q13, once more and independently.
"""

from dataclasses import dataclass, field
from typing import Any

RANKS = {"sent": 1, "delivered": 1, "opened": 2, "clicked": 3, "completed": 4}
WORDS = {1: "sent", 2: "opened", 3: "clicked", 4: "completed"}
MAP = {"sent": "Sent", "clicked": "Responded", "completed": "Responded"}


@dataclass
class Member:
    """One member as the mail side should have it."""

    agreed: str
    person: dict[str, Any]
    rank: int = 0
    wanted: str | None = None
    wanted_at: Any = None


@dataclass
class Reference:
    """The mail side of one campaign, and what each sync should do to it."""

    responded: dict[str, bool]
    """Label → whether it is a response."""
    policy: str = "salesforce"
    members: dict[str, Member] = field(default_factory=dict)
    written: int = 0

    def want(self, member: str, status: str, at: Any) -> None:
        """Somebody on the mail side sets a status."""
        self.members[member].wanted = status
        self.members[member].wanted_at = at

    def sync(
        self,
        theirs: dict[str, dict[str, Any]],
        events: list[dict[str, Any]],
        *,
        out: bool,
    ) -> dict[str, str]:
        """Sync; gives the statuses that Salesforce should have afterwards."""
        for gone in self.members.keys() - theirs.keys():
            del self.members[gone]
        after = {}
        for member, row in theirs.items():
            known = self.members.get(member)
            before = known.agreed if known else row["status"]
            if known is None:
                known = self.members[member] = Member(row["status"], row)
            known.person = row
            self._learn(known, events)
            after[member] = self._settle(known, before, row, out=out)
        return after

    def _learn(self, known: Member, events: list[dict[str, Any]]) -> None:
        ids = {known.person["lead_id"], known.person["contact_id"]} - {None}
        own = [each for each in events if each["person_id"] in ids]
        rank = max((RANKS[each["event"]] for each in own), default=0)
        if rank <= known.rank:
            return
        known.rank = rank
        label = MAP.get(WORDS[rank])
        if label is not None:
            known.wanted = label
            known.wanted_at = min(
                each["occurred_at"] for each in own if RANKS[each["event"]] == rank
            )

    def _settle(self, known: Member, before: str, row: dict[str, Any], *, out: bool) -> str:
        theirs: str = row["status"]
        known.agreed = theirs
        if known.wanted is None:
            return theirs
        both = theirs != before and known.wanted != theirs
        down = self.responded[theirs] and not self.responded[known.wanted]
        lost = both and (
            self.policy == "salesforce"
            or (self.policy == "newest" and known.wanted_at <= row["modified_at"])
        )
        if known.wanted == theirs or down or lost:
            known.wanted = None
            return theirs
        if not out:
            return theirs
        known.agreed, known.wanted = known.wanted, None
        self.written += 1
        return known.agreed
