"""30 days of page events, end to end, beside the script an analyst would write. Run by hand.

    python -m benchmarks.pull_speed [--days 30] [--long 300] [--tries 3] [--without-long] [--cold]

One machine, one run: the stand-in, then the script, then the workbench's own command line, each in
a process of its own whose peak memory the kernel reports. Ratios inside one run are what counts.

Pendo makes its answers on its own machines. So that the stand-in, which shares this one, takes next
to nothing of it, both are run once before, and it answers with what it kept (``--cold``: not so).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.standin import spawn

ZONE = "America/New_York"
NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
"""The stand-in's present moment; 30 days before it contain a change of the clock."""


@dataclass(frozen=True)
class Measured:
    """One process: what it brought, how long it took, how much memory it had at most."""

    what: str
    rows: int
    seconds: float
    cpu_s: float
    """Processor time of the process itself, the stand-in's not counted."""
    peak_mb: int
    details: dict[str, Any]

    @property
    def rows_per_s(self) -> int:
        return round(self.rows / self.seconds)


def main() -> None:
    options = _options()
    results = [*_events(options), *_visitors(options)]
    for each in results:
        print(
            f"{each.what:42} {each.rows:>10,} rows {each.seconds:8.1f} s "
            f"{each.rows_per_s:>9,} rows/s {each.cpu_s:6.1f} s CPU {each.peak_mb:>5} MB"
        )
        if each.details:
            print(f"{'':42} {json.dumps(each.details)}")
    script, ours = results[0], results[1]
    print(f"\nworkbench : script = {ours.rows_per_s / script.rows_per_s:.1f} : 1")
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in results], indent=1))


def _events(options: argparse.Namespace) -> list[Measured]:
    """Page events: the script, the workbench, and the workbench over ten times as many days."""
    measured = []
    with spawn(size="large", now=NOW.isoformat(), zone=ZONE, days=options.days) as standin:
        if not options.cold:
            _script(standin, options.days)
            _pull("", standin, _page_events(options.days))
        # In turns, and the fastest of each: a shared machine's speed changes from minute to minute.
        tries = [
            (
                _script(standin, options.days),
                _pull("workbench", standin, _page_events(options.days)),
            )
            # After the first turn the stand-in has kept the answers: a second is no longer cold.
            for _ in range(1 if options.cold else options.tries)
        ]
        for side in zip(*tries, strict=True):
            print(side[0].what, *(f"{each.seconds:.1f} s" for each in side))
            measured.append(min(side, key=lambda each: each.seconds))
    if not options.without_long:
        with spawn(size="large", now=NOW.isoformat(), zone=ZONE, days=options.long) as standin:
            what = f"workbench, {options.long} days"
            measured.append(_pull(what, standin, _page_events(options.long)))
    return measured


def _visitors(options: argparse.Namespace) -> list[Measured]:
    if options.without_visitors:
        return []
    with spawn(size="large", now=NOW.isoformat(), zone=ZONE, days=1) as standin:
        return [_pull("workbench, visitors with wide metadata", standin, {"source": "visitors"})]


def _page_events(days: int) -> dict[str, Any]:
    return {"source": "page_events", "duration": {"days_back": days}, "lookback_days": 0}


def _script(standin: Any, days: int) -> Measured:
    first = (NOW - timedelta(days=days)).date().isoformat()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.script", standin.url, standin.key, folder]
        output, spent = _timed([*command, first, str(days), ZONE], {})
    return Measured("the script", int(output), *spent, {})


def _pull(what: str, standin: Any, asked: dict[str, Any]) -> Measured:
    """Apply a connection and a pull to a home of its own, and run it as a person would."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "WORKBENCH_HOME": home,
            "WORKBENCH_NOW": NOW.isoformat(),
            "BENCH_KEY": standin.key,
        }
        connection = {
            "kind": "connection",
            "name": "bench",
            "type": "pendo",
            "url": standin.url,
            "key_env": "BENCH_KEY",
            "timezone": ZONE,
            "calls_per_minute": 6000,
        }
        pull = {"kind": "pull", "name": "bench", "connection": "bench", **asked}
        documents = Path(home) / "bench.yaml"
        documents.write_text("\n---\n".join(json.dumps(each) for each in (connection, pull)))
        run = [sys.executable, "-m", "workbench"]
        subprocess.run([*run, "apply", str(documents)], env=os.environ | environment, check=True)
        output, spent = _timed([*run, "pull", "run", "bench", "--json"], environment)
        told = json.loads(output)
        shown = [*run, "run", "show", str(told["run"]), "--json"]
        shares = subprocess.run(
            shown, env=os.environ | environment, check=True, capture_output=True
        )
        details = json.loads(shares.stdout).get("result", {}).get("spent_s", {})
        return Measured(what, told["rows"], *spent, details)


Spent = tuple[float, float, int]


def _timed(command: list[str], environment: dict[str, str]) -> tuple[str, Spent]:
    """Standard output of a process, and its seconds, processor seconds and peak megabytes.

    Neither the script nor a pull has children, so the process is the whole tree.
    """
    # Compiled modules are kept, as they are wherever nobody has said otherwise.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, env=kept | environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command[:4])} … ended with {process.returncode}")
        output.seek(0)
        cpu_s = usage.ru_utime + usage.ru_stime
        return output.read().strip(), (seconds, cpu_s, usage.ru_maxrss // 1024)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--long", type=int, default=300)
    parser.add_argument("--tries", type=int, default=3, help="of script and pull, in turns")
    parser.add_argument("--cold", action="store_true", help="not run before; one turn")
    parser.add_argument("--without-long", action="store_true")
    parser.add_argument("--without-visitors", action="store_true")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
