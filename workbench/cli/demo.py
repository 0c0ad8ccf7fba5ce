"""``demo``: the main jobs, for real over HTTP against the stand-in."""

import dataclasses
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from workbench import rehearsal
from workbench.cli.datasets import records, version_json
from workbench.cli.opened import person, services
from workbench.cli.output import counted, json_text, table
from workbench.cli.pulls import carry_out, run_json, sentence, sentence_of
from workbench.documents import Text
from workbench.documents.yaml_text import dump
from workbench.explore.sql import query
from workbench.pulls.preview import preview
from workbench.rehearsal import campaigns

if TYPE_CHECKING:
    from workbench.pulls.run import PullResult
    from workbench.services import Services

QUESTION = """\
SELECT day, count(*) AS rows, count(DISTINCT visitorId) AS visitors, sum(numEvents) AS page_views
FROM page_events GROUP BY day ORDER BY day DESC LIMIT 7"""
SHOWN_LINES = 20
"""Lines of a campaign's sheet: the counts and its first rows."""
SHOWN_ROWS = 3
"""Rows of a preview: enough to see what a row is."""
SHOWN_COLUMNS = ("day", "pageId", "visitorId", "accountId", "numEvents", "numMinutes")
"""Columns of a page event that say what it is."""


def demo(asked: Namespace) -> int:
    """Pull, query, sync predictions and take them back, and say where to look next."""
    say = _Teller(quiet=asked.json)
    with services() as opened, rehearsal.begin(opened, person(), size=asked.size) as standin:
        _restore_samples(opened)
        say(f"A stand-in plays Pendo at {standin.url}. Nothing leaves this machine.")
        _preview(opened, say)
        results = [_run(opened, name, say) for name in rehearsal.SAMPLES]
        versions = _run_again(opened, say)
        answered = _ask(opened, say)
        synced = _sync(opened, say)
        campaign = _campaign(opened, standin.salesforce_url, say)
        say.heading("Where to look next")
        say("python -m workbench start                      the same in the browser")
        say("python -m workbench dataset list               what is there now")
        say('python -m workbench dataset sql "SELECT …"     ask it')
        say("python -m workbench export                     the documents, to change and apply")
        say("python -m workbench campaign list              the campaigns, and how they are synced")
    if asked.json:
        told = {"pulls": [run_json(result) for result in results]}
        print(
            json_text(
                {
                    **told,
                    "versions": versions,
                    "answer": answered,
                    "automation": synced,
                    "campaign": campaign,
                }
            )
        )
    return 0


def _campaign(opened: "Services", url: str, say: "_Teller") -> dict[str, Any]:
    """Take a campaign over, let somebody in Salesforce change things, and sync both ways."""
    from workbench.campaigns.board import budget
    from workbench.campaigns.run import preview as looked_at
    from workbench.campaigns.run import sync_one
    from workbench.cli.campaign_output import preview_lines
    from workbench.cli.campaign_output import sentence as synced_so

    say.heading("Campaign: Spring Webinar")
    say(f"A stand-in plays Salesforce at {url}.")
    first, *_ = campaigns.begin_campaigns(opened)
    sync = opened.documents.campaign_sync(campaigns.SYNC)
    members = opened.state.campaign_members.page(sync.name, first, limit=2)[1].to_pylist()
    campaigns.act(url, "change_address", person=members[0]["person_id"], email="new@example.com")
    campaigns.act(url, "delete_member", member=members[1]["member_id"])
    say("Its first edition took over the members; then somebody there changed an address and")
    say("deleted a member, while mails were opened and clicked here. A sync would do this:", "")
    looked = looked_at(sync, first, opened)
    say(*preview_lines(looked)[:SHOWN_LINES])
    result = sync_one(sync, first, opened, fingerprint=looked.fingerprint)
    told = budget(sync, opened)
    say("", synced_so(sync.name, result))
    say(f"Calls of ours today: {told.used_ours} of {told.allocation}.")
    return result.as_json()


class _Teller:
    """Prints the story; says nothing where only JSON is wanted."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, *lines: str) -> None:
        for line in () if self._quiet else lines:
            print(line, flush=True)

    def heading(self, text: str) -> None:
        self("", text, "=" * len(text))


def _restore_samples(opened: "Services") -> None:
    """Apply the sample pulls that somebody deleted; the others stay as they were changed."""
    missing = set(rehearsal.SAMPLES) - set(opened.documents.names("pull"))
    if missing:
        bodies = [body for body in rehearsal.sample_bodies() if body["name"] in missing]
        opened.documents.apply([Text("rehearsal", dump(bodies))], person())


def _preview(opened: "Services", say: _Teller) -> None:
    say.heading("Preview: page-events")
    found = preview(opened.documents.pull("page-events"), opened, rows=SHOWN_ROWS)
    say("Days      " + found.days, f"Requests  {found.requests}")
    if found.row_estimate is not None:
        say(f"Rows      {counted(found.row_estimate)} expected")
    if found.effect is not None:
        say(f"Effect    {sentence_of(found.effect, exact=found.exact)}")
    columns = [name for name in SHOWN_COLUMNS if name in found.rows.column_names]
    say("", *table(records(found.rows), columns))
    say("", "A preview changes nothing: it asks Pendo, works out the days and the effect.")


def _run(opened: "Services", name: str, say: _Teller) -> "PullResult":
    if name == rehearsal.SAMPLES[0]:
        say.heading("Run: all sample pulls")
    result = carry_out(opened, name)
    say(sentence(name, result))
    return result


def _run_again(opened: "Services", say: _Teller) -> list[dict[str, Any]]:
    say.heading("Run page-events again")
    result = carry_out(opened, "page-events")
    say(sentence("page-events", result))
    found = opened.datasets.versions(result.dataset)
    rows = [{**version_json(each), "at": each.at} for each in found]
    say("", *table(rows))
    say("", "The days were replaced, not added twice, and every version stays: compare two with")
    say("`dataset diff page_events V1 V2`, go back with `dataset revert page_events V`.")
    return [dataclasses.asdict(each) | {"note": dict(each.note)} for each in found]


def _ask(opened: "Services", say: _Teller) -> list[dict[str, Any]]:
    say.heading("Ask: the last seven days")
    say(QUESTION, "")
    found = query(opened.datasets, QUESTION)
    say(*table(records(found), found.column_names))
    say("", "A day is a day of the subscription's own zone. The newest may still grow: Pendo's")
    say("recent rows arrive late, so each run reads the last days again (lookback_days).")
    return records(found)


def _sync(opened: "Services", say: _Teller) -> dict[str, Any]:
    """The sample prediction sync: its sheet, the push, and the way back."""
    from workbench.automations.run import preview as previewed
    from workbench.automations.run import run as pushed
    from workbench.automations.run import undo
    from workbench.cli.automations import plan_json, plan_lines
    from workbench.cli.automations import sentence as told
    from workbench.rehearsal.scores import make_scores

    name = rehearsal.AUTOMATION
    if name not in opened.documents.names("automation"):
        return {}
    say.heading(f"Preview: {name}")
    if not opened.datasets.exists("churn_scores"):
        make_scores(opened)
    automation = opened.documents.automation(name)
    plan = previewed(automation, opened, fresh=True)
    say(*plan_lines(name, plan, rows=SHOWN_ROWS))
    say("", "What Pendo holds now, and what would be written. Nothing has been sent.")
    say.heading("Push it, then take it back")
    result = pushed(automation, opened, plan=plan, release=True)
    say(told(name, result))
    undone = undo(result.run, opened)
    say(told(name, undone))
    say("", "Every value was read back and compared; before and after are in the ledger for ever.")
    runs = {"run": dataclasses.asdict(result), "undo": dataclasses.asdict(undone)}
    return {"preview": plan_json(plan), **runs}
