"""Whatever the base, the conditions, the live values: the sheet is what Pendo holds afterwards."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.automations.by_hand import batch_count, held
from tests.automations.conftest import FIELDS, OUTPUTS, act, document
from tests.conftest import NOW, QUICK
from workbench.automations.model import Automation
from workbench.automations.plan import Plan
from workbench.automations.run import AutomationResult, preview, run, undo
from workbench.automations.values import wire
from workbench.pendo.client import PendoClient
from workbench.pendo.model import NewField
from workbench.services import Services
from workbench.standin import PendoStandIn

Row = dict[str, Any]
Held = dict[str, dict[str, Any]]
Base = Callable[[Sequence[Row]], None]
NAMES = count()
TYPES = {"predict_date": "time", "predict_adoption": "number"}
LABELS = ("Excellent", "Good", "Fair", "Poor")

label = st.sampled_from(LABELS)
number = st.floats(-1e6, 1e6, allow_nan=False).map(lambda n: round(n, 3) + 0.0)
moment = st.integers(0, 5000).map(lambda hours: NOW - timedelta(hours=hours))
words = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30)
values = st.fixed_dictionaries(
    {
        "label": st.none() | label,
        "scored_at": st.none() | moment,
        "reasons": st.none() | words,
        "state": st.none() | st.sampled_from(["Churned", "Renewed"]),
        "adoption": st.none() | number,
    }
)
places = st.sets(st.integers(0, 44), max_size=12)
conditions = st.sampled_from(
    [
        {},
        {"all": [{"field": "label", "op": "one_of", "value": ["Good", "Poor"]}]},
        {"any": [{"field": "adoption", "op": "gt", "value": 0}, {"field": "state", "op": "empty"}]},
        {"all": [{"field": "scored_at", "op": "in_the_last", "value": 60, "unit": "days"}]},
    ]
)
rounds = st.lists(
    st.fixed_dictionaries(
        {
            "rows": st.dictionaries(st.integers(0, 44), values, max_size=25),
            "unknown": st.integers(0, 3),
            "edited_before": places,
            "edited_after_preview": places,
            "hold": places,
            "conditions": conditions,
        }
    ),
    min_size=1,
    max_size=3,
)
keys = st.fixed_dictionaries(
    {
        "departed": st.sampled_from(["keep", "clear", "state_only"]),
        "nulls": st.sampled_from(["skip", "write"]),
        "outside_changes": st.sampled_from(["overwrite", "hold"]),
        "fields": st.sets(st.sampled_from(sorted(OUTPUTS)), min_size=1).map(sorted),
    }
)


class World:
    """One automation, its base, its Pendo."""

    def __init__(
        self, services: Services, pendo: PendoStandIn, base: Base, update: Mapping[str, Any]
    ) -> None:
        self.services, self.pendo, self._base = services, pendo, base
        self.name = f"p{next(NAMES)}"
        self._update = dict(update)
        pendo.reset()
        self.ids = sorted(held(pendo, []))
        client = PendoClient(pendo.url, SecretStr(pendo.key), patience=QUICK)
        fields = [NewField(name, TYPES.get(name, "string")) for name in FIELDS]  # type: ignore[arg-type]
        client.create_fields("account", "custom", fields)
        client.close()

    def step(self, told: Mapping[str, Any]) -> tuple[Automation, Plan]:
        """A new base, other conditions, edits in Pendo; gives the preview."""
        rows = [{"id": self.ids[place], **row} for place, row in told["rows"].items()]
        rows += [{"id": f"nobody-{place}", "label": "Good"} for place in range(told["unknown"])]
        self._base(rows or [{"id": "nobody", "label": "Good"}])
        self.edit(told["edited_before"], "theirs")
        reading = {"outputs": OUTPUTS, "conditions": told["conditions"]}
        body = document(name=self.name, update=self._update, read_from=reading)
        made = Automation.model_validate(body)
        self.services.documents.save(made, "tests")
        decisions = self.services.state.decisions
        decisions.withdraw(self.name, self.ids)
        held_back = [self.ids[place] for place in sorted(told["hold"])]
        if held_back:
            decisions.decide(self.name, held_back, "hold", who="ann")
        return made, preview(made, self.services, fresh=True)

    def edit(self, edited: set[int], value: str) -> None:
        """Somebody in Pendo writes into the fields of some records."""
        for place in sorted(edited):
            act(self.pendo, self.ids[place], "custom.predict_score", value)

    def held(self) -> Held:
        return held(self.pendo, FIELDS)


def after(before: Held, plan: Plan, moved: AutomationResult) -> Held:
    """What Pendo must hold when exactly the sheet was written, but for cells that moved."""
    excused = {(each["id"], each["field"]) for each in moved.moved}
    wanted = {one: dict(fields) for one, fields in before.items()}
    for row in plan.rows.to_pylist():
        for field in plan.fields:
            if not row[f"{field.name}__write"] or (row["id"], field.name) in excused:
                continue
            value = wire(row[f"{field.name}__after"], field.type)
            if value is None:
                wanted[row["id"]].pop(field.name, None)
            else:
                wanted[row["id"]][field.name] = as_held(value, field.type)
    return wanted


def as_held(value: Any, kind: str) -> Any:
    """Pendo gives times back in milliseconds."""
    if kind != "time":
        return value
    since = datetime.fromisoformat(value) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)


def check(world: World, told: Mapping[str, Any]) -> None:
    """One round: preview, edits meanwhile, push; the sheet; twice is once; undo restores."""
    automation, plan = world.step(told)
    seen = world.held()
    world.edit(told["edited_after_preview"], "meanwhile")
    before = world.held()

    result = run(automation, world.services, plan=plan, release=True, waits_s=())

    wrote = world.held()
    assert wrote == after(before, plan, result)
    assert {each["id"] for each in result.moved} <= {
        one for one in before if before[one] != seen[one]
    }
    assert result.sent + result.failed + result.skipped + result.held == result.planned
    assert (result.failed, result.skipped, result.verified) == (0, 0, result.sent)
    accounted(world, result, before, wrote)

    undo(result.run, world.services, waits_s=())
    assert world.held() == before
    again = run(automation, world.services, plan=preview(automation, world.services, fresh=True),
                release=True, waits_s=())  # fmt: skip
    sent = batch_count(world.pendo)
    third = run(automation, world.services, release=True, waits_s=())
    assert third.values == 0
    assert batch_count(world.pendo) == sent
    assert again.failed == 0


def accounted(world: World, result: AutomationResult, before: Held, wrote: Held) -> None:
    """The ledger tells exactly the difference that the run made."""
    cells = world.services.state.ledger.cells(result.run).to_pylist()
    told = {(cell["record_id"], cell["field"]) for cell in cells}
    differing = {
        (one, name)
        for one in wrote
        for name in FIELDS
        if wrote[one].get(name) != before[one].get(name)
    }
    assert told == differing
    assert {cell["status"] for cell in cells} <= {"verified"}


def property_of(examples: int) -> Any:
    """The property, over so many worlds."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(update=keys, steps=rounds)
    def checked(
        services: Services,
        pendo: PendoStandIn,
        base: Base,
        update: Mapping[str, Any],
        steps: Sequence[Mapping[str, Any]],
    ) -> None:
        world = World(services, pendo, base, update)
        for step in steps:
            check(world, step)

    return checked


test_the_sheet_is_what_pendo_holds_and_undo_restores_it = property_of(4)
test_the_sheet_is_what_pendo_holds_in_many_worlds = pytest.mark.soak(property_of(60))
