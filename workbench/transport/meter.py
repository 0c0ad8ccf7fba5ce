"""Count what goes over a line: calls, repeats, bytes and seconds for each endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True)
class Metered:
    """Sums over some requests."""

    calls: int = 0
    """Requests sent, repeats among them."""
    retries: int = 0
    """How many of the calls were repeats."""
    bytes: int = 0
    """Bytes of answers as they came over the wire, so compressed ones count compressed."""
    seconds: float = 0.0
    """From sending until the last byte of the answer, without waiting for our turn."""

    def __add__(self, other: "Metered") -> "Metered":
        return Metered(
            self.calls + other.calls,
            self.retries + other.retries,
            self.bytes + other.bytes,
            self.seconds + other.seconds,
        )

    def __sub__(self, other: "Metered") -> "Metered":
        return Metered(
            self.calls - other.calls,
            self.retries - other.retries,
            self.bytes - other.bytes,
            self.seconds - other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter showed at one moment, or between two.

    >>> before = Reading({"report": Metered(calls=1)})
    >>> (Reading({"report": Metered(calls=3), "guide": Metered(calls=1)}) - before).total.calls
    3
    """

    endpoints: Mapping[str, Metered] = field(default_factory=dict)

    @property
    def total(self) -> Metered:
        """The sum over all endpoints."""
        return sum(self.endpoints.values(), Metered())

    def __sub__(self, earlier: "Reading") -> "Reading":
        moved = {
            endpoint: metered - earlier.endpoints.get(endpoint, Metered())
            for endpoint, metered in self.endpoints.items()
        }
        return Reading({endpoint: metered for endpoint, metered in moved.items() if metered.calls})


class Meter:
    """Counts the calls of any number of threads and lines."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._endpoints: dict[str, Metered] = {}

    def count(self, endpoint: str, metered: Metered) -> None:
        """Add a request to what was counted."""
        with self._lock:
            self._endpoints[endpoint] = self._endpoints.get(endpoint, Metered()) + metered

    def snapshot(self) -> Reading:
        """What it shows now. Subtract an earlier one to see what a piece of work used."""
        with self._lock:
            return Reading(dict(self._endpoints))
