"""A prediction sync of a million accounts of which one in a hundred changed. Run by hand.

    python -m benchmarks.push_speed [--accounts 1000000] [--percent 1] [--json FILE]

The stand-in, then the workbench's own commands, each in a process whose peak memory the kernel
reports. "Send everything" is measured on some batches of the same records and multiplied: it would
send every record, whether it changed or not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from workbench.automations.live import read_live
from workbench.automations.model import Automation
from workbench.pendo.client import MAX_BATCH, PendoClient
from workbench.pendo.model import PendoConnection
from workbench.services import Services, open_services
from workbench.settings import Settings
from workbench.standin import spawn
from workbench.store import duck
from workbench.transport import RateLimit

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
FIELDS = ("planlevel", "csm", "renewaldate", "healthscore", "arr")
"""Fields that the stand-in's accounts have already, so that nearly all of them stand as wanted."""
SLICE = 20
"""Batches of "send everything" that are really sent."""


@dataclass(frozen=True)
class Measured:
    """One command: what it came to, how long it took, how much memory it had at most."""

    what: str
    seconds: float
    cpu_s: float
    """Processor time of the process itself, the stand-in's not counted."""
    peak_mb: int
    result: dict[str, Any]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        print(f"Making {options.accounts:,} accounts", flush=True)
        with spawn(now=NOW.isoformat(), accounts=options.accounts) as standin:
            services = open_services(Settings(home=home, now=NOW))
            automation = _document(services, standin.url, standin.key)
            changed = _base(services, automation, options.percent)
            print(f"{changed:,} records of the base differ from Pendo", flush=True)
            results = [
                _command(home, "preview", automation.name),
                _command(home, "run", automation.name, "--release"),
                _command(home, "run", automation.name, "--release"),
            ]
            everything = _everything(services, automation, options.accounts)
            services.close()
    names = ("preview", "run: the changed ones are sent", "run again: nothing is")
    for name, each in zip(names, results, strict=True):
        told = {k: each.result[k] for k in ("records", "values", "sent", "verified", "api_calls")
                if k in each.result}  # fmt: skip
        print(
            f"{name:32} {each.seconds:7.1f} s {each.cpu_s:7.1f} s CPU {each.peak_mb:>5} MB  {told}"
        )
    print(
        f"{'send everything (estimated)':32} {everything['seconds']:7.1f} s"
        f"  {everything['calls']:,} calls, from {SLICE} of them"
    )
    if options.json:
        told_all = {"runs": [asdict(each) for each in results], "everything": everything}
        options.json.write_text(json.dumps(told_all, indent=1))


def _document(services: Services, url: str, key: str) -> Automation:
    connection = PendoConnection(name="acme", url=url, calls_per_minute=6000)
    services.documents.save(connection, "benchmark", secrets={"key": SecretStr(key)})
    automation = Automation.model_validate(
        {
            "name": "everyone",
            "connection": "acme",
            "read_from": {
                "dataset": "base",
                "source_id": "id",
                "outputs": {name: name for name in FIELDS},
            },
            "update": {"name_pattern": "{output}", "fields": list(FIELDS)},
        }
    )
    services.documents.save(automation, "benchmark")
    return automation


def _base(services: Services, automation: Automation, percent: float) -> int:
    """A dataset of what Pendo holds, with some plan levels changed; gives how many."""
    folder = services.settings.spool_root / "base"
    with services.pendo("acme") as client:
        schema = client.metadata_schema("account")
        live = read_live(client, "account", "custom", FIELDS, schema, folder)
    path = folder / "base.parquet"
    one_in = round(100 / percent)
    with duck.session(folder / "spill", memory_limit_mb=1024) as connection:
        connection.register("live", live.rows)
        connection.execute(
            "COPY (SELECT * REPLACE (CASE WHEN hash(id) % "
            f"{one_in} = 0 THEN 'changed' ELSE planlevel END AS planlevel) FROM live) "
            f"TO {duck.literal(str(path))} {duck.parquet_options()}"
        )
        [[changed]] = connection.execute(
            f"SELECT count(*) FROM live WHERE hash(id) % {one_in} = 0"
        ).fetchall()
    services.datasets.import_file(automation.read_from.dataset, path)
    return int(changed)


def _command(home: Path, *words: str) -> Measured:
    """Run a command in a process of its own, and ask the kernel what it used."""
    environment = {**os.environ, "WORKBENCH_HOME": str(home), "WORKBENCH_NOW": NOW.isoformat()}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "automation", *words, "--json"],
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    result = json.loads(output)
    result.pop("rows", None)
    cpu_s = used.ru_utime + used.ru_stime
    return Measured(words[0], seconds, cpu_s, used.ru_maxrss // 1024, result)


def _everything(services: Services, automation: Automation, accounts: int) -> dict[str, Any]:
    """What sending every record of the base would take, from some batches of it."""
    rows = services.datasets.head(automation.read_from.dataset, SLICE * MAX_BATCH).to_pylist()
    key = services.documents.secret("connection", "acme")
    assert key is not None
    url = services.documents.connection("acme").url
    client = PendoClient(url, key, limit=RateLimit(6000))
    began = time.perf_counter()
    for start in range(0, len(rows), MAX_BATCH):
        batch = {
            row["id"]: {"planlevel": row["planlevel"], "csm": row["csm"]}
            | {"renewaldate": row["renewaldate"]}
            | {name: None if row[name] is None else float(row[name]) for name in FIELDS[3:]}
            for row in rows[start : start + MAX_BATCH]
        }
        client.set_metadata("account", batch)
    per_call_s = (time.perf_counter() - began) / SLICE
    client.close()
    calls = -(-accounts // MAX_BATCH)
    return {"calls": calls, "seconds": per_call_s * calls, "measured_calls": SLICE}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--percent", type=float, default=1.0, help="how many of them changed")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
