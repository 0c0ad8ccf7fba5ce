"""Calls, seconds and memory of campaign syncs against the stand-in of size ``large``.

    .venv/bin/python -m benchmarks.campaign_calls

The worked example of the campaign-sync contract, section 9: fifty campaigns of 2,000 members; and
one campaign of 100,000. Each sync is a process of its own, whose largest memory is measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.standin.salesforce.standin import SalesforceStandIn

NOW = datetime(2026, 3, 10, 19, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = """\
kind: connection
name: acme-sf
type: salesforce
url: {url}
auth: {{flow: client_credentials, client_id_env: SF_ID, client_secret_env: SF_SECRET}}
api_budget: {{share_percent: 100}}
---
kind: campaign_sync
name: acme-campaigns
connection: acme-sf
auto_sync_field: Auto_Sync__c
members: {{whole_up_to: 0}}
nightly: {{reconcile: {reconcile}}}
engagement: {{dataset: {dataset}}}
"""
CHANGED, WRITTEN = 2_000, 3_000
MEASURED = """\
import sys
from pathlib import Path
from workbench.cli.main import main
code = main(sys.argv[1:])
# Not getrusage: that begins with the memory of the process that started this one.
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0], file=sys.stderr)
sys.exit(code)
"""


class Home:
    """One home, and commands in it."""

    def __init__(self, folder: Path, org: SalesforceStandIn) -> None:
        self.org = org
        # A file, not -c: DuckDB takes a process without one for a person at a prompt.
        self.script = folder / "measured.py"
        self.script.write_text(MEASURED)
        self.environment = {
            **os.environ,
            "WORKBENCH_HOME": str(folder / "home"),
            "SF_ID": org.client_id,
            "SF_SECRET": org.client_secret,
        }

    def run(self, *words: str, given: str = "") -> tuple[Any, float, float]:
        """A command's JSON, its seconds, and the most memory it had, in MB."""
        now = self.org.org.clock.now().isoformat()
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(self.script), *words, "--json"],
            input=given,
            capture_output=True,
            text=True,
            env={**self.environment, "WORKBENCH_NOW": now, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            check=False,
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(done.stderr)
        told = json.loads(done.stdout) if done.stdout.strip() else None
        return told, seconds, int(done.stderr.split()[-1]) / 1024

    def apply(self, *, reconcile: bool, dataset: str | None) -> None:
        """The documents."""
        text = DOCUMENTS.format(
            url=self.org.url, reconcile=str(reconcile).lower(), dataset=dataset or "null"
        )
        self.run("apply", "-", given=text)


def main() -> None:
    """Print one line per sync."""
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        SalesforceStandIn(size="large", now=NOW) as org,
    ):
        org.switches(daily_limit=1_000_000)
        print(f"org of 200,000 members made in {time.perf_counter() - began:.0f} s")
        home = Home(Path(folder), org)
        home.apply(reconcile=False, dataset=None)
        everybody, rest = _campaigns(org)
        _told(home, "initial, 100,000 members", "campaign", "sync", everybody, "--kind", "initial")
        _told(home, "manual, nothing changed", "campaign", "sync", everybody)
        began, most = time.perf_counter(), 0.0
        for campaign in rest:
            _, _, memory = home.run("campaign", "sync", campaign, "--kind", "initial")
            most = max(most, memory)
        print(f"fifty initial syncs: {time.perf_counter() - began:.0f} s, {most:.0f} MB")
        org.act({"do": "move_clock", "hours": 1})
        home.apply(reconcile=False, dataset=_happened(home, org, rest, Path(folder)))
        org.act({"do": "move_clock", "hours": 1})
        _told(home, "2,000 changed, 3,000 written", "campaign", "nightly")
        org.act({"do": "move_clock", "hours": 1})
        _told(home, "nothing changed", "campaign", "nightly")
        home.apply(reconcile=True, dataset="campaign_engagement")
        _told(home, "nightly with reconcile", "campaign", "nightly")


def _campaigns(org: SalesforceStandIn) -> tuple[str, list[str]]:
    rows = org.org.rows(
        "SELECT Id, Name FROM Campaign WHERE Auto_Sync__c = 1 OR Name = 'Everybody'"
    )
    everybody = next(row[0] for row in rows if row[1] == "Everybody")
    return everybody, [row[0] for row in rows if row[0] != everybody]


def _happened(home: Home, org: SalesforceStandIn, rest: list[str], folder: Path) -> str:
    """2,000 statuses changed by hand, and 3,000 other members clicked."""
    marks = ", ".join("?" for _ in rest)
    rows = org.org.rows(
        f"SELECT Id, CampaignId, coalesce(ContactId, LeadId) FROM CampaignMember "
        f"WHERE CampaignId IN ({marks}) AND Status = 'Sent' LIMIT {CHANGED + WRITTEN}",
        *rest,
    )
    for member, _, _ in rows[:CHANGED]:
        org.act({"do": "change_status", "member": member, "status": "Opened"})
    at = (org.org.clock.now() + timedelta(minutes=1)).isoformat()
    lines = [f"{campaign},{person},clicked,{at}" for _, campaign, person in rows[CHANGED:]]
    path = folder / "engagement.csv"
    path.write_text("\n".join(["campaign_id,person_id,event,occurred_at", *lines]))
    home.run("dataset", "import", "campaign_engagement", str(path))
    return "campaign_engagement"


def _told(home: Home, name: str, *words: str) -> None:
    before = home.org.stats()["api_calls"]
    told, seconds, memory = home.run(*words)
    calls = home.org.stats()["api_calls"] - before
    moved = {**told["inward"], "written": told["outward"]["statuses"]}
    print(f"{name}: {calls} calls, {seconds:.1f} s, {memory:.0f} MB, {moved}", flush=True)


if __name__ == "__main__":
    main()
