"""What people do in the rehearsal subscription while a client is looking.

| `do` | further keys | what happens |
| --- | --- | --- |
| `set_value` | `kind`, `id`, `field` (`custom.tier`), `value` | a metadata value changes |
| `add` | `kind`, `id`, `values` (`{"custom.tier": "gold"}`) | a visitor or account appears |
| `remove` | `kind`, `id` | it disappears |
| `add_events` | `events`, see below | events arrive, late or not |
| `move_clock` | `days`, `hours`, `minutes`, `ms`, or `to` (ISO) | time passes |
| `visit` | | everyone's snippet sends its agent values again |

An event is an object with `visitorId` and `at` (milliseconds or ISO); `kind` is `page` (the
default), `feature` or `track`; `thing` is the id of the page, feature or track type (default: the
first). `accountId`, `remoteIp`, `userAgent` and `server` are the visitor's usual ones unless given;
`count` repeats the event.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workbench.standin import zones
from workbench.standin.control import ActError as ActError
from workbench.standin.control import told_moment
from workbench.standin.events.raw import RawEvents, joined
from workbench.standin.events.store import KINDS as EVENT_KINDS
from workbench.standin.events.store import one_event
from workbench.standin.metadata.entities import Values
from workbench.standin.metadata.schema import KINDS, Kind
from workbench.standin.metadata.values import IGNORED, ValueRefusedError, stored
from workbench.standin.seeds.sizes import APPS, HOSTS
from workbench.standin.subscription import Subscription

Act = Mapping[str, Any]


def perform(subscription: Subscription, act: Act) -> dict[str, Any]:
    """Do one thing; gives what became of it.

    Raises:
        ActError: an unknown act, or one that makes no sense.
    """
    name = act.get("do") if isinstance(act, Mapping) else None
    if name not in _ACTS:
        raise ActError(f"Nobody can do {name}; take one of {', '.join(_ACTS)}")
    try:
        return _ACTS[str(name)](subscription, act)
    except KeyError as error:
        raise ActError(f"{name} needs {error.args[0]}") from error


def set_value(subscription: Subscription, act: Act) -> dict[str, Any]:
    """Change one metadata value, as a person in Pendo or the snippet would."""
    kind, identity = _kind(act), str(act["id"])
    _someone(subscription, kind, identity)
    values = _values(subscription, kind, {str(act["field"]): act["value"]})
    subscription.entities.write(kind, {identity: values}, after_s=0, bump=True)
    return {"id": identity}


def add(subscription: Subscription, act: Act) -> dict[str, Any]:
    """A new visitor or account."""
    kind, identity = _kind(act), str(act["id"])
    if identity in subscription.entities.places[kind]:
        raise ActError(f"The {kind} {identity} exists already")
    values = _values(subscription, kind, act.get("values", {}))
    subscription.entities.create(kind, [identity])
    subscription.entities.write(kind, {identity: values}, after_s=0, bump=False)
    return {"id": identity}


def remove(subscription: Subscription, act: Act) -> dict[str, Any]:
    """A visitor or account disappears; its past events stay."""
    kind, identity = _kind(act), str(act["id"])
    _someone(subscription, kind, identity)
    subscription.entities.remove(kind, identity)
    return {"id": identity}


def add_events(subscription: Subscription, act: Act) -> dict[str, Any]:
    """Events that happened, and are there to be read from now on."""
    made: dict[int, list[RawEvents]] = {}
    for event in act["events"]:
        kind = EVENT_KINDS.get(str(event.get("kind", "page")))
        if kind is None:
            raise ActError(f"An event is of kind {', '.join(EVENT_KINDS)}, not {event['kind']}")
        made.setdefault(kind, []).extend(_event(subscription, event))
    for kind, events in made.items():
        subscription.events.add(kind, joined(events))
    return {"added": sum(len(events) for events in made.values())}


def _event(subscription: Subscription, event: Act) -> list[RawEvents]:
    things = {
        "page": subscription.catalogue.pages,
        "feature": subscription.catalogue.features,
        "track": subscription.catalogue.track_types,
    }[str(event.get("kind", "page"))]
    ids = [thing["id"] for thing in things]
    wanted = event.get("thing", ids[0])
    if wanted not in ids:
        raise ActError(f"There is no {event.get('kind', 'page')} {wanted}")
    place = ids.index(wanted)
    host = str(event.get("server") or HOSTS[APPS.index(things[place]["appId"])])
    address, agent = event.get("remoteIp"), event.get("userAgent")
    for text in (host, address, agent):
        if text is not None and not _is_plain(text):
            raise ActError(f"{text} cannot be a server, address or user agent here")
    visitor, account = str(event["visitorId"]), event.get("accountId")
    profile = subscription.events.profiles.number_of(visitor, account, address, agent, host)
    at = _moment(event["at"])
    return [one_event(at, profile, place)] * int(event.get("count", 1))


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and text.isprintable() and not set(text) & set('"\\')


def move_clock(subscription: Subscription, act: Act) -> dict[str, Any]:
    """Time passes, or goes back."""
    by = 0.0
    for unit, size in (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("ms", 1)):
        by += float(act.get(unit, 0)) * size
    if "to" in act:
        by = _moment(act["to"]) - subscription.clock.now_ms()
    subscription.clock.move(int(by))
    if by > 0:
        subscription.visits_happen()
    return {"now": subscription.clock.now_ms()}


def visit(subscription: Subscription, _act: Act) -> dict[str, Any]:
    """Everyone comes by once more."""
    subscription.visits_happen()
    return {}


def _kind(act: Act) -> Kind:
    for kind in KINDS:
        if act["kind"] == kind:
            return kind
    raise ActError(f"A kind is visitor or account, not {act['kind']}")


def _someone(subscription: Subscription, kind: Kind, identity: str) -> None:
    if identity not in subscription.entities.places[kind]:
        raise ActError(f"There is no {kind} {identity}")


def _values(subscription: Subscription, kind: Kind, given: Mapping[str, Any]) -> Values:
    values: Values = {}
    for path, value in given.items():
        group, _dot, name = path.partition(".")
        field = subscription.entities.schemas[kind].find(group, name)
        if field is None:
            raise ActError(f"A {kind} has no field {path}")
        try:
            kept = stored(field, value, subscription.switches)
        except ValueRefusedError as error:
            raise ActError(str(error)) from error
        if kept is not IGNORED:
            values[field] = kept
    return values


def _moment(value: Any) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    return zones.to_ms(told_moment(value))


_ACTS: dict[str, Callable[[Subscription, Act], dict[str, Any]]] = {
    "set_value": set_value,
    "add": add,
    "remove": remove,
    "add_events": add_events,
    "move_clock": move_clock,
    "visit": visit,
}
