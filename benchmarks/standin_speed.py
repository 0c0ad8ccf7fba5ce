"""How fast the stand-in serves page events to one client: run by hand, on a quiet machine.

    python benchmarks/standin_speed.py --size large --days 30

Every day is asked for once, cold; the client throws the bytes away, so the figure is the server's
and the loopback's. Rows are counted afterwards, by the stand-in itself.
"""

import argparse
import http.client
import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workbench.standin import Spawned, spawn

EVERY_APP = {"appId": 'expandAppIds("*")'}
BLOCK_BYTES = 1 << 20


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="large")
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    begun = time.perf_counter()
    now = "2026-03-10T19:30:00Z"
    with spawn(size=options.size, days=options.days + 1, now=now) as pendo:
        started_s = time.perf_counter() - begun
        link = http.client.HTTPConnection(urlsplit(pendo.url).netloc)
        before_s = _cpu_s(pendo.process.pid)
        seconds, size_bytes = _serve(link, pendo, options.days)
        cpu_s = _cpu_s(pendo.process.pid) - before_s
        rows = _count(link, pendo, options.days)
        print(f"started in          {started_s:.1f} s")
        print(f"days asked for      {options.days}, one request each, cold")
        print(f"rows served         {rows:,} in {seconds:.2f} s: {rows / seconds:,.0f} rows/s")
        print(f"bytes served        {size_bytes:,}: {size_bytes / seconds / 1e6:,.0f} MB/s")
        print(f"server CPU          {cpu_s:.2f} s: {rows / cpu_s:,.0f} rows/s of one core")
        print(f"server peak memory  {_peak_mb(pendo.process.pid):,.0f} MB")


def _cpu_s(pid: int) -> float:
    """CPU seconds a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    """The most memory a process has held (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def _serve(link: http.client.HTTPConnection, pendo: Spawned, days: int) -> tuple[float, int]:
    size_bytes, begun = 0, time.perf_counter()
    for back in range(1, days + 1):
        answer = _ask(link, pendo, [_day(back)])
        while block := answer.read(BLOCK_BYTES):
            size_bytes += len(block)
    return time.perf_counter() - begun, size_bytes


def _count(link: http.client.HTTPConnection, pendo: Spawned, days: int) -> int:
    rows = 0
    for back in range(1, days + 1):
        answer = _ask(link, pendo, [_day(back), {"count": None}])
        rows += json.loads(answer.read())["results"][0]["count"]
    return rows


def _day(back: int) -> dict[str, Any]:
    first = f'dateAdd(startOfPeriod("daily", now()), -{back}, "days")'
    series = {"period": "dayRange", "first": first, "count": 1}
    return {"source": {"pageEvents": EVERY_APP, "timeSeries": series}}


def _ask(
    link: http.client.HTTPConnection, pendo: Spawned, pipeline: list[dict[str, Any]]
) -> http.client.HTTPResponse:
    body = {"response": {"mimeType": "application/json"}, "request": {"pipeline": pipeline}}
    headers = {"x-pendo-integration-key": pendo.key, "content-type": "application/json"}
    link.request("POST", "/api/v1/aggregation", json.dumps(body), headers)
    return link.getresponse()


if __name__ == "__main__":
    main()
