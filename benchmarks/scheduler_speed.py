"""The scheduler with a thousand documents of five schedules each: ticks, idling, starts of runs.

    .venv/bin/python -m benchmarks.scheduler_speed [busy processes beside it] [documents]

Two schedulers side by side: one starts each worker as a process, the other forks it. Takes about
eight minutes: it idles for two, and waits for six real minutes to come.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.schedules import witness
from workbench.jobs import ROOT, kinds_of
from workbench.schedules.scheduler import Scheduler
from workbench.services import Services, open_services
from workbench.settings import Settings
from workbench.store.state.processes import this_process

DOCUMENTS = 1_000
IDLE_S = 60
FIRES = 3
"""Minutes in which each of them has four jobs to start."""
STARTED, FORKED = "started", "forked"
SETTLES_S = 50
"""Until a new scheduler has worked out, 25 jobs a second, from when on each would be late."""


def schedules(number: int, hour: int) -> list[dict[str, Any]]:
    """Five schedules, none of which fires within some hours of ``hour``."""
    far = (hour + 6 + number % 12) % 24
    return [
        {"every": "daily", "hour": far, "minute": number % 60},
        {"every": "weekly", "on": ["mon", "thu"], "hour": far, "minute": (number + 7) % 60},
        {"every": "monthly", "on": [1, "last"], "hour": far},
        {"every": "hourly", "minute": number % 60, "active_hours": {"from": far, "to": far}},
        {"every": "cron", "cron": f"{number % 60} {far} * * 1-5"},
    ]


def prepared(home: Path, documents: int) -> Services:
    """An installation with that many jobs."""
    bench = open_services(Settings(home=home, jobs=witness.SETTING))
    hour = datetime.now(UTC).hour
    wanted = [
        ("witness", f"w{n}", {"name": f"w{n}", "schedules": schedules(n, hour)})
        for n in range(documents)
    ]
    bench.state.documents.put_many(wanted, who="benchmark")
    return bench


def taken_ms(work: Callable[[], object]) -> float:
    """How long it takes, in milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def ticks(bench: Services) -> None:
    """Ticks in this process: reading everything, idle, after a change, with a day's fires."""
    fence = bench.state.lease.take(this_process())
    assert fence is not None
    scheduler = Scheduler(bench, kinds_of(bench.settings), fence)
    now = datetime.now(UTC)

    def tick() -> None:
        scheduler.tick(now)

    told("a tick that reads documents", until_done(scheduler, tick))
    told("idle tick", [taken_ms(tick) for _ in range(200)])
    body = {"name": "w0", "schedules": schedules(1, now.hour)}
    bench.state.documents.put("witness", "w0", body, who="benchmark")
    told("tick after a document changed", [taken_ms(tick)])
    later = now + timedelta(days=1)
    recorded = until_done(scheduler, lambda: scheduler.record(later))
    slots = len(bench.state.runs.latest(limit=100_000)) + len(bench.state.slots.missed())
    told(f"a tick of {slots:,} slots owed", recorded)
    bench.state.lease.release(fence)


def until_done(scheduler: Scheduler, tick: Callable[[], object]) -> list[float]:
    """How long each tick takes until there is no more to do at once, in milliseconds."""
    each = [taken_ms(tick)]
    while scheduler.is_behind:
        each.append(taken_ms(tick))
    return each


def told(what: str, each_ms: list[float]) -> None:
    """Print how long ticks took."""
    median, most = statistics.median(each_ms), max(each_ms)
    print(f"{what:<32}{median:8.1f} ms, most {most:.1f} ({len(each_ms)} ticks)")


def cpu_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Memory of a process that is really there, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1000


def tree_mb(pid: int) -> float:
    """Memory of a process and of those that it started and that still belong to it, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return memory_mb(pid) + sum(memory_mb(int(child)) for child in children)


def scheduler_of(bench: Services, *, forks: bool) -> "subprocess.Popen[bytes]":
    """A scheduler of that installation, holding its lease."""
    given = {
        "WORKBENCH_HOME": str(bench.settings.home),
        "WORKBENCH_JOBS": witness.SETTING,
        "WORKBENCH_SCHEDULER_FORKS": str(forks),
    }
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "workbench", "scheduler"],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **given},
    )
    while (holder := bench.state.lease.holder()) is None or holder.pid != scheduler.pid:
        time.sleep(0.1)
    return scheduler


def idling(benches: dict[str, Services], load: int) -> None:
    """Schedulers that have nothing to do, then four jobs of each that fire at the full minute."""
    running = [scheduler_of(bench, forks=way == FORKED) for way, bench in benches.items()]
    busy: list[subprocess.Popen[bytes]] = []
    try:
        time.sleep(SETTLES_S)
        before, begun = [cpu_s(each.pid) for each in running], time.monotonic()
        time.sleep(IDLE_S)
        for way, each, was in zip(benches, running, before, strict=True):
            share = (cpu_s(each.pid) - was) / (time.monotonic() - begun)
            print(f"{way}: idle {share:.2%} of one core, {tree_mb(each.pid):.0f} MB with its own")
        busy += [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(load)]
        late = fired(benches)
        print(f"load {os.getloadavg()[0]:.1f} at the end")
        for way, late_s in late.items():
            median, most = statistics.median(late_s), max(late_s)
            print(f"{way}: runs begin {median:.2f} s after their time, most {most:.2f} s")
    finally:
        for each in [*busy, *running]:
            each.send_signal(signal.SIGTERM)
            each.wait()


def fired(benches: dict[str, Services]) -> dict[str, list[float]]:
    """How late runs start, in seconds: each way in its own minutes, so that none is in the way."""
    begun = datetime.now(UTC)
    names = [f"minutely{n}" for n in range(4)]
    for (_, bench), minutes in zip(benches.items(), ("*/2", "1-59/2"), strict=True):
        every = [{"every": "cron", "cron": f"{minutes} * * * *"}]
        wanted = [("witness", name, {"name": name, "schedules": every}) for name in names]
        bench.state.documents.put_many(wanted, who="benchmark")
    late: dict[str, list[float]] = {way: [] for way in benches}
    while any(len(each) < FIRES * len(names) for each in late.values()):
        time.sleep(1.0)
        for way, bench in benches.items():
            runs = bench.state.runs.latest(since=begun, limit=100)
            late[way] = [
                (run.started_at - run.due_at).total_seconds()
                for run in runs
                if "minutely" in run.job and run.started_at and run.due_at and run.due_at >= begun
            ]
    return late


def main() -> None:
    """Print every figure."""
    load = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    documents = int(sys.argv[2]) if len(sys.argv) > 2 else DOCUMENTS
    with tempfile.TemporaryDirectory() as folder:
        benches = {way: prepared(Path(folder) / way, documents) for way in (STARTED, FORKED)}
        print(f"{documents} documents of five schedules each; load {os.getloadavg()[0]:.1f}")
        idling(benches, load)
        ticks(benches[FORKED])
        for bench in benches.values():
            bench.close()


if __name__ == "__main__":
    main()
