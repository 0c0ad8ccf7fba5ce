"""Everything one rehearsal subscription holds; what every route works on."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from workbench.standin.answers import KeptAnswers
from workbench.standin.clock import Clock
from workbench.standin.events.raw import Late
from workbench.standin.events.store import EventStore
from workbench.standin.expressions import Setting
from workbench.standin.metadata.entities import Entities, Values, with_text
from workbench.standin.metadata.schema import Kind
from workbench.standin.seeds.catalogue import Catalogue, make_catalogue
from workbench.standin.seeds.documents import make_reports, make_segments
from workbench.standin.seeds.people import SEED_SWITCHES, People, Seed, make_people
from workbench.standin.seeds.sizes import APPS, Size
from workbench.standin.switches import Switches

MOST_LENT = 20_000
"""Up to this many visitors or accounts, the rows of the start are kept for the next reset."""


class Subscription:
    """One subscription: people, things, events, and what has happened to them since."""

    def __init__(
        self,
        number: int,
        size: Size,
        clock: Clock,
        zone: str,
        switches: Switches,
        before: "Subscription | None" = None,
    ) -> None:
        """Sow a subscription; ``before`` lends what it began with when that was just the same."""
        self.clock = clock
        self.switches = switches
        sown = {name: switches.is_at(f"seed_{name}", "on") for name in SEED_SWITCHES}
        seed = Seed(number, size, clock.now_ms(), sown)
        lent = before._lent if before is not None and before._seed == seed else None
        people = lent or with_text(make_people(seed))
        self._seed: Seed = seed
        few = max(size.visitors, size.accounts) <= MOST_LENT
        self._lent: People | None = people if few else None
        self.catalogue: Catalogue = make_catalogue(number, seed.now_ms)
        self.entities = Entities(people, clock.now_ms)
        self.events = EventStore(seed, people.only_ids(), zone, clock.now_ms)
        self.segments: list[dict[str, Any]] = make_segments(number, seed.now_ms)
        self.reports: list[dict[str, Any]] = make_reports(number, seed.now_ms, self.catalogue)
        self.members: dict[str, list[str]] = {}
        """Visitors of uploaded segments, by segment id."""
        self.guide_history: dict[str, list[dict[str, Any]]] = {}
        """State changes made since the start, by guide id."""

        self.answers = KeptAnswers()
        self.is_touched = False
        """Whether anybody has changed anything since the start."""
        self.deletions: dict[str, dict[str, Any]] = {}
        """Bulk deletes, by their id."""
        self._snippets: list[tuple[Kind, dict[str, Values]]] = []

    @property
    def zone(self) -> ZoneInfo:
        """The time zone days are counted in."""
        return ZoneInfo(self.switches.text("time_zone"))

    def setting(self) -> Setting:
        """What expressions of one request depend on."""
        return Setting(
            self.clock.now_ms(),
            self.zone,
            APPS,
            null_is_zero=self.switches.is_at("null_compare", "zero"),
        )

    def lateness(self) -> Late:
        """How late events arrive."""
        return Late(self.switches.number("late_events_h"))

    def remember_snippets(self, kind: Kind, updates: Mapping[str, Values]) -> None:
        """Keep what the snippet will send again at the next visit (U52)."""
        before: dict[str, Values] = {}
        for identity, values in updates.items():
            row = self.entities.row(kind, identity) or {}
            agent = row.get("metadata", {}).get("agent", {})
            before[identity] = {
                field: agent.get(field.name) for field in values if field.type != "list"
            }
        self._snippets.append((kind, before))

    def visits_happen(self) -> None:
        """Everyone comes again: their snippets overwrite what was written over the API."""
        for kind, before in reversed(self._snippets):
            self.entities.write(kind, before, after_s=0, bump=True)
        self._snippets.clear()
