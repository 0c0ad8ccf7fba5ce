"""One patient HTTP send: time-outs, retries, pace, cancelling, redaction and metering.

Shared by the clients of both systems. It knows hosts and statuses, but no endpoint and no
document; what an answer means is said by the judge that each client brings along.
"""

from workbench.transport.address import base_url, is_loopback
from workbench.transport.answer import Answer, Call, CutShortError, GaveUpError, Judge
from workbench.transport.line import Incoming, Line
from workbench.transport.meter import Meter, Metered, Reading
from workbench.transport.pace import Patience, RateLimit

__all__ = [
    "Answer",
    "Call",
    "CutShortError",
    "GaveUpError",
    "Incoming",
    "Judge",
    "Line",
    "Meter",
    "Metered",
    "Patience",
    "RateLimit",
    "Reading",
    "base_url",
    "is_loopback",
]
