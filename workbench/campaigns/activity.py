"""Whose members did something since the last sync, for the notices of a run (Q26). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench import in_memory, sql
from workbench.campaigns.shapes import TEST_PREFIX
from workbench.campaigns.vocabulary import SCORED
from workbench.words import counted

if TYPE_CHECKING:
    import pyarrow as pa

ACTIVE = tuple(action.title() for action in SCORED)
"""What a member does by itself; being sent a mail is none of it."""
NOBODY = "no known owner"
MOST_OWNERS = 10
"""Owners that one notice names, those with most active members first."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Members whose last action is new, by the owner of their lead or contact."""

    owners: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Owner → action → members."""

    @property
    def members(self) -> int:
        """All of them."""
        return sum(sum(actions.values()) for actions in self.owners.values())

    @property
    def words(self) -> str:
        """The numbers in a sentence.

        >>> Activity({"Mei Sato": {"Clicked": 2, "Opened": 1}}).words
        '3 members of 1 owner were active: Mei Sato 3 (2 clicked, 1 opened)'
        """
        told = sorted(self.owners.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
        parts = [
            f"{owner} {sum(actions.values())} "
            f"({', '.join(f'{number} {action.lower()}' for action, number in actions.items())})"
            for owner, actions in told[:MOST_OWNERS]
        ]
        more = [f"{len(told) - MOST_OWNERS} more"] if len(told) > MOST_OWNERS else []
        who = f"{counted(self.members, 'member')} of {counted(len(told), 'owner')}"
        verb = "was" if self.members == 1 else "were"
        return f"{who} {verb} active: {', '.join([*parts, *more])}"


def activity(keep: pa.Table, ours: pa.Table) -> dict[str, Activity]:
    """By campaign, what members did that was not known yet.

    Args:
        keep: Members as they are stored by this sync, in the shape of ``shapes.OURS``.
        ours: The same as they stood before.
    """
    acted = ["member_id", "last_action", "last_action_at"]
    tables = {"kept": keep.select([*acted, "campaign_id", "owner"]), "stood": ours.select(acted)}
    with in_memory.connect(tables) as connection:
        rows = connection.execute(f"""
            SELECT k.campaign_id, coalesce(k.owner, {sql.literal(NOBODY)}), k.last_action, count(*)
            FROM kept k LEFT JOIN stood s ON s.member_id = k.member_id
            WHERE k.last_action IN ({", ".join(map(sql.literal, ACTIVE))})
              AND (k.last_action, k.last_action_at)
                  IS DISTINCT FROM (s.last_action, s.last_action_at)
              AND NOT starts_with(k.member_id, {sql.literal(TEST_PREFIX)})
            GROUP BY ALL ORDER BY ALL
        """).fetchall()
    found: dict[str, dict[str, dict[str, int]]] = {}
    for campaign, owner, action, number in rows:
        found.setdefault(campaign, {}).setdefault(owner, {})[action] = number
    return {campaign: Activity(owners) for campaign, owners in found.items()}


def together(several: Mapping[str, Activity]) -> Activity:
    """The activity of all campaigns of a run."""
    owners: dict[str, dict[str, int]] = {}
    for each in several.values():
        for owner, actions in each.owners.items():
            mine = owners.setdefault(owner, {})
            for action, number in actions.items():
                mine[action] = mine.get(action, 0) + number
    return Activity(owners)
