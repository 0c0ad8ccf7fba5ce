"""Faults on request: what the network and a busy Pendo do to a client.

A fault is a JSON object. ``fault`` names it; ``path``, ``source``, ``method`` say which requests
it meets (a part of the path, the name of an aggregation source, GET or POST); ``after`` lets that
many of them pass first, ``every`` hits each n-th, ``times`` ends it after so many hits.

| fault | further keys | what happens |
| --- | --- | --- |
| `429` | `retry_after_s` | 429 |
| `5xx` | `status` (default 503) | that status, any number |
| `408` | | 408 |
| `reset` | `at_byte` (default half) | the answer stops half-way with a connection reset |
| `reset_before` | | the connection is reset before the first byte |
| `truncate` | `at_byte` | JSON cut short, correctly framed |
| `wrong_length` | `at_byte` | Content-Length promises more than comes |
| `malformed` | | broken JSON in the middle, correct at both ends |
| `slow_first_byte` | `ms` | waits before the first byte |
| `drip` | `ms`, `bytes` | sends small blocks with a wait before each |
| `null_results` | | `{"results": null}` |
| `late_rows` | `hours`, `share` | that share of the last hours' events is not there yet |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

FAULTS = frozenset(
    (
        "429 5xx 408 reset reset_before truncate wrong_length malformed slow_first_byte drip"
        " null_results late_rows"
    ).split()
)
"""Every name ``fault`` may have."""
NUMBERS = frozenset(
    "times every after status ms bytes at_byte hours share retry_after_s".split(),
)
"""Keys that take a number of 0 or more."""
TEXTS = frozenset(("path", "source", "method"))
"""Keys that take text."""


class WeatherError(ValueError):
    """A fault that makes no sense; the text is for the person who asked for it."""


@dataclass
class Fault:
    """One fault and how often it has met a request."""

    name: str
    path: str = ""
    source: str = ""
    method: str = ""
    numbers: dict[str, float] = field(default_factory=dict)
    met: int = 0
    hits: int = 0

    def number(self, key: str, default: float) -> float:
        """One of the fault's own numbers."""
        return self.numbers.get(key, default)

    def strikes(self, method: str, path: str, sources: frozenset[str]) -> bool:
        """Whether this request is hit; counts it."""
        if self.path not in path or (self.method and self.method != method):
            return False
        if self.source and self.source not in sources:
            return False
        self.met += 1
        passed = self.met - int(self.number("after", 0))
        every = max(int(self.number("every", 1)), 1)
        used_up = "times" in self.numbers and self.hits >= self.numbers["times"]
        if passed < 1 or passed % every or used_up:
            return False
        self.hits += 1
        return True


class Weather:
    """The faults in force. Fair when there are none."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def set(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Replace the faults in force.

        Raises:
            WeatherError: an unknown fault or key, or an impossible value.
        """
        made = [_fault(entry) for entry in faults]
        with self._lock:
            self._faults = made

    def meets(self, method: str, path: str, sources: frozenset[str]) -> list[Fault]:
        """The faults that hit this request."""
        with self._lock:
            return [fault for fault in self._faults if fault.strikes(method, path, sources)]


def _fault(entry: Mapping[str, Any]) -> Fault:
    if not isinstance(entry, Mapping):
        raise WeatherError('Each fault is an object such as {"fault": "429", "times": 2}')
    name = str(entry.get("fault"))
    status = 0.0
    if name.isdigit() and name not in FAULTS and 400 <= int(name) <= 599:
        name, status = "5xx", float(name)
    if name not in FAULTS:
        raise WeatherError(f"There is no fault named {name}; take one of {_listed(FAULTS)}")
    fault = Fault(name)
    for key, value in entry.items():
        if key in TEXTS:
            setattr(fault, key, str(value))
        elif key in NUMBERS:
            _set_number(fault, key, value)
        elif key != "fault":
            raise WeatherError(f"A fault has no {key}; take {_listed(NUMBERS | TEXTS)}")
    if status:
        fault.numbers.setdefault("status", status)
    return fault


def _set_number(fault: Fault, key: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise WeatherError(f"{key} takes a number of 0 or more, not {value}")
    fault.numbers[key] = float(value)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
