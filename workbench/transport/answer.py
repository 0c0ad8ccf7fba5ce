"""What is asked and what comes back, as values. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workbench.errors import BrokenAnswerError, OutageError, RemoteError

SHOWN_CHARACTERS = 500
"""How much of an answer an error box shows: enough for a message, not for a web page."""


class CutShortError(BrokenAnswerError):
    """The answer stopped before its end."""


class GaveUpError(OutageError):
    """The request was taken, and then there was no whole answer to it.

    On a request that may take minutes this often means that too much was asked for.
    """


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as errors and meters name it."""

    method: str
    path: str
    """Below the address of the host, without the query: ``api/v1/report``."""
    endpoint: str
    """The path with its ids left out, e.g. ``report/{id}/results.json``; what is metered."""
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    """Sending it twice does no harm: a read, or a write that sets a value."""
    heavy: bool = False
    """It may take minutes; getting no answer then means "ask for less"."""
    writes: bool = False
    """It needs a key or login that may write."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished exchange, without its data: what a judge looks at."""

    status: int
    reason: str = ""
    text: str = ""
    """The first part of the body as text, secrets taken out; empty when the call succeeded."""
    call: Call = Call("GET", "", "")

    @property
    def is_success(self) -> bool:
        """Whether the status says that it worked."""
        return 200 <= self.status < 300

    @property
    def details(self) -> str:
        """What an error box folds away: request and answer, safe to show."""
        line = f"{self.call.method} /{self.call.path}: {self.status} {self.reason}".rstrip()
        return f"{line}\n{self.text[:SHOWN_CHARACTERS]}".rstrip()


Judge = Callable[[Answer], RemoteError | None]
"""Says what is wrong with an answer, or None."""
