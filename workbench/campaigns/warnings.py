"""Sync warnings: what an owner should read after a sync (campaign-sync contract, Q19). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench.words import counted

if TYPE_CHECKING:
    import duckdb

Code = Literal[
    "no e-mail",
    "invalid e-mail",
    "duplicate e-mail in campaign",
    "unknown status label",
    "hidden field",
    "converted lead",
    "merged person",
    "deletes held",
    "closed campaign skipped",
    "over API allocation",
    "reconcile forced",
    "campaign changed in Salesforce",
    "unknown engagement",
    "statistics not written",
    "bounce rate",
    "rows failed",
]
"""Our own vocabulary: the source product's texts are unknown."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning; without a campaign it concerns the whole run."""

    code: Code
    text: str
    campaign_id: str | None = None

    def __str__(self) -> str:
        return self.text


REASONS: dict[str, tuple[Code, str]] = {
    "No address": ("no e-mail", "{n} without an e-mail address"),
    "Invalid address": ("invalid e-mail", "{n} with an e-mail address that cannot be one"),
    "Duplicate e-mail": (
        "duplicate e-mail in campaign",
        "{n} with the address of another member of the campaign",
    ),
}
"""Reason of an inactive member → its warning."""


def from_tables(connection: duckdb.DuckDBPyConnection) -> tuple[Warned, ...]:
    """The warnings of a reconcile, from the tables it worked out."""
    return (
        *_addresses(connection),
        *_labels(connection),
        *_converted(connection),
        *_merged(connection),
        *_leaving(connection),
        *_strangers(connection),
    )


def _addresses(connection: duckdb.DuckDBPyConnection) -> list[Warned]:
    rows = connection.execute("""
        SELECT campaign_id, reason, count(*) FROM final
        WHERE reason IN ('No address', 'Invalid address', 'Duplicate e-mail')
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    return [
        Warned(REASONS[reason][0], REASONS[reason][1].format(n=counted(n, "member")), campaign)
        for campaign, reason, n in rows
    ]


def _labels(connection: duckdb.DuckDBPyConnection) -> list[Warned]:
    rows = connection.execute("""
        SELECT campaign_id, wish, any_value(label), any_value(outcome), count(*) FROM final
        WHERE unknown_label AND outcome IN ('unknown', 'write', 'waits')
        GROUP BY campaign_id, wish ORDER BY ALL
    """).fetchall()
    told = []
    for campaign, wish, label, outcome, n in rows:
        members = counted(n, "status", "statuses")
        done = f"{members} held" if outcome == "unknown" else f"{members} written as {label}"
        if outcome != "unknown" and label == wish:
            done = "it is created"
        text = f"The campaign has no status label {wish}: {done}"
        told.append(Warned("unknown status label", text, campaign))
    return told


def _converted(connection: duckdb.DuckDBPyConnection) -> list[Warned]:
    rows = connection.execute("""
        SELECT campaign_id, count(*) FROM sheet
        WHERE reason = 'converted lead' AND status = 'changed' GROUP BY ALL ORDER BY ALL
    """).fetchall()
    return [
        Warned("converted lead", f"{counted(n, 'lead')} became contacts", campaign)
        for campaign, n in rows
    ]


def _merged(connection: duckdb.DuckDBPyConnection) -> list[Warned]:
    rows = connection.execute("""
        SELECT campaign_id, count(*) FROM fate WHERE fate = 'merged' OR keeps_person
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    return [
        Warned(
            "merged person",
            f"{counted(n, 'member')} merged in Salesforce and left as before here: "
            "merges are not followed",
            campaign,
        )
        for campaign, n in rows
    ]


def _leaving(connection: duckdb.DuckDBPyConnection) -> list[Warned]:
    rows = connection.execute("""
        SELECT campaign_id, any_value(leaving), any_value(standing) FROM fate
        WHERE fate = 'leave held' GROUP BY ALL ORDER BY ALL
    """).fetchall()
    return [
        Warned("deletes held", f"{leaving} of {standing} members would leave: held", campaign)
        for campaign, leaving, standing in rows
    ]


def _strangers(connection: duckdb.DuckDBPyConnection) -> list[Warned]:
    rows = connection.execute("""
        SELECT campaign_id, count(DISTINCT coalesce(person_id, email)), sum(times) FROM numbered
        WHERE campaign_id IN (SELECT campaign_id FROM final)
          AND number NOT IN (SELECT number FROM matched WHERE here)
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    return [
        Warned(
            "unknown engagement",
            f"{counted(int(times), 'engagement event')} of {counted(people, 'person', 'people')} "
            "who are not members of the campaign",
            campaign,
        )
        for campaign, people, times in rows
    ]
