"""How many calls were made in the last 24 hours, and what the org says of it (section 10)."""

import random
from collections import deque
from typing import Any

from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.refusals import Refusal

DAY_MS = 86_400_000
"""The window is rolling, so a day here is 24 hours."""


class Usage:
    """Counts calls of the whole org: ours, and those that `others` made."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.counted = 0
        """Calls of ours that count, since the start."""
        self._calls: deque[tuple[int, int]] = deque()
        self._used = 0
        self._dice = random.Random(11)

    @property
    def limit(self) -> int:
        """Calls the org may make in 24 hours."""
        return self.org.switches.whole("daily_limit")

    @property
    def used(self) -> int:
        """Calls of the last 24 hours."""
        now = self.org.clock.now_ms()
        while self._calls and self._calls[0][0] <= now - DAY_MS:
            self._used -= self._calls.popleft()[1]
        return self._used

    def count(self, calls: int = 1) -> None:
        """Count calls of ours.

        Raises:
            Refusal: the limit is reached.
        """
        if self.used + calls > self.limit:
            raise Refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        self.counted += calls
        self.others(calls)

    def others(self, calls: int) -> None:
        """Calls that somebody else made."""
        self._calls.append((self.org.clock.now_ms(), calls))
        self._used += calls

    def header(self) -> str:
        """``Sforce-Limit-Info``; not a counter to difference (S03)."""
        jitter = self.org.switches.whole("usage_jitter")
        shown = max(self.used - self._dice.randint(0, jitter), 0) if jitter else self.used
        header = f"api-usage={shown}/{self.limit}"
        if share := self.org.switches.whole("app_limit"):
            header += f"; per-app-api-usage={self.counted}/{share}(appName=rehearsal)"
        return header

    def limits(self) -> dict[str, Any]:
        """``GET /limits``.

        Raises:
            Refusal: the user may not see them.
        """
        if self.org.switches.is_at("limits_forbidden", "on"):
            raise Refusal(
                "INSUFFICIENT_ACCESS", "insufficient access rights on this resource", status=403
            )
        fixed = {
            "ConcurrentAsyncGetReportInstances": (200, 200),
            "DailyAsyncApexExecutions": (250_000, 250_000),
            "DailyBulkApiBatches": (15_000, 15_000),
            "DailyBulkV2QueryFileStorageMB": (976_562, 976_562),
            "DailyBulkV2QueryJobs": (10_000, 10_000),
            "DataStorageMB": (1024, 812),
            "FileStorageMB": (1024, 1000),
        }
        told = {name: {"Max": most, "Remaining": left} for name, (most, left) in fixed.items()}
        left = max(self.limit - self.used, 0)
        return {"DailyApiRequests": {"Max": self.limit, "Remaining": left}, **told}
