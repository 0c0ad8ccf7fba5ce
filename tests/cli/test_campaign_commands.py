"""``campaign …``: the contract's keys and exit codes, against the rehearsal org."""

import io
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.cli.conftest import Cli, Done
from tests.conftest import NOW
from workbench.cli.main import main
from workbench.standin.salesforce.standin import SalesforceStandIn

CONNECTION = """\
kind: connection
name: acme-sf
type: salesforce
url: {url}
auth: {{flow: client_credentials, client_id_env: SF_ID, client_secret_env: SF_SECRET}}
---
kind: campaign_sync
name: acme-campaigns
connection: acme-sf
closed_when: {{status: [Completed, Aborted], inactive: true, ended: true}}
status_map: {{sent: Sent, opened: Opened, clicked: Clicked, completed: Responded}}
statistics: {{sent: Emails_Sent__c, delivered: null, opened: null}}
nightly: {{enabled: true, hour_utc: 1}}
hourly: {{enabled: false}}
"""


@pytest.fixture(scope="module")
def _org() -> Iterator[SalesforceStandIn]:
    with SalesforceStandIn(seed=7, size="small", now=NOW) as standin:
        yield standin


@pytest.fixture
def org(_org: SalesforceStandIn, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> SalesforceStandIn:
    """An org that a sync document leads to."""
    _org.reset()
    monkeypatch.setenv("SF_ID", _org.client_id)
    monkeypatch.setenv("SF_SECRET", _org.client_secret)
    assert cli("apply", "-", given=CONNECTION.format(url=_org.url)).code == 0
    return _org


@pytest.fixture
def campaign(org: SalesforceStandIn) -> str:
    """A campaign with 200 members, by its short id."""
    ((found,),) = org.org.rows("SELECT Id FROM Campaign WHERE Name = 'Spring Webinar'")
    return str(found)[:15]


LISTED = {
    "id",
    "name",
    "type",
    "status",
    "is_active",
    "start_date",
    "end_date",
    "auto_sync",
    "members",
    "last_sync",
    "next_at",
    "warnings",
}


def test_a_campaign_from_its_first_edition_to_the_nightly_run(
    cli: Cli, org: SalesforceStandIn, campaign: str
) -> None:
    listed = cli("campaign", "list", "--json").value
    assert len(listed) == 9
    assert all(set(each) == LISTED for each in listed)

    seen = cli("campaign", "preview", campaign, "--kind", "initial", "--json").value
    assert (seen["inward"]["joined"], len(seen["rows"])) == (200, 50)
    assert seen["api_calls"] <= 4

    words = ("campaign", "sync", campaign, "--kind", "initial", "--json")
    done = cli(*words, "--fingerprint", seen["fingerprint"])
    assert done.code == 0
    keys = {"run", "status", "inward", "outward", "conflicts", "held", "failed", "warnings"}
    assert keys | {"api_calls"} <= set(done.value)
    assert set(done.value["inward"]) == {"joined", "left", "updated", "statuses"}
    assert set(done.value["outward"]) == {"statuses", "editions", "statistics"}

    assert cli("campaign", "autosync", campaign, "on").code == 0
    nightly = cli("campaign", "nightly", "--now", "2026-03-11T01:00:00Z", "--json")
    assert (nightly.code, nightly.value["status"]) == (0, "done")

    row = next(each for each in cli("campaign", "list", "--json").value if each["auto_sync"])
    assert row["members"] == {
        "total": 200,
        "active": 185,
        "inactive": 15,
        "leads": 127,
        "contacts": 77,
        "converted": 4,
    }
    assert row["last_sync"]["nightly"] == "2026-03-11T01:00:00Z"
    assert row["next_at"] == "2026-03-11T01:00:00Z"
    told = cli("campaign", "budget", "--json").value
    assert {"limit", "used_org", "used_ours", "allocation", "forecast_per_day", "wasted"} <= set(
        told
    )
    assert told["forecast_per_day"] == 5


def test_deletes_above_the_limit_wait_for_release(
    cli: Cli, org: SalesforceStandIn, campaign: str
) -> None:
    cli("campaign", "sync", campaign, "--kind", "initial")
    members = org.org.rows(
        "SELECT m.Id FROM CampaignMember m JOIN Campaign c ON c.Id = m.CampaignId "
        "WHERE c.Name = 'Spring Webinar' LIMIT 20"
    )
    for (member,) in members:
        org.act({"do": "delete_member", "member": member})

    held = cli("campaign", "sync", campaign, "--json")
    assert (held.code, held.value["held"], held.value["inward"]["left"]) == (0, 20, 0)
    assert "--release" in held.err

    released = cli("campaign", "sync", campaign, "--release", "--json")
    assert released.value["inward"]["left"] == 20


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sync", "Nobody"), "no campaign Nobody"),
        (("sync", "701000000000001"), "no campaign 701000000000001"),
        (("sync", "Spring Webinar"), "has not been started"),
        (("autosync", "Nobody", "on"), "no campaign Nobody"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_exit_code_2(
    cli: Cli, org: SalesforceStandIn, words: tuple[str, ...], told: str
) -> None:
    done = cli("campaign", *words)

    assert done.code == 2
    assert told in done.err


def test_a_wrong_secret_is_a_sentence(
    cli: Cli, org: SalesforceStandIn, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SF_SECRET", "not-the-secret")
    cli("apply", "-", given=CONNECTION.format(url=org.url))

    done = cli("campaign", "sync", campaign, "--kind", "initial")

    assert done.code == 1
    assert "refused the login" in done.err
    assert cli("run", "list", "--json").value[0]["status"] == "failed"


def test_without_a_campaign_sync_the_commands_say_what_is_needed(cli: Cli) -> None:
    done = cli("campaign", "list")

    assert done.code == 2
    assert "There is no campaign sync yet" in done.err
    assert "kind campaign_sync" in done.err


def test_the_batches_are_jobs_of_the_scheduler(cli: Cli, org: SalesforceStandIn) -> None:
    listed = {each["job"]: each for each in cli("schedule", "list", "--json").value}

    assert listed["campaign_nightly/acme-campaigns"]["next_at"] == "2026-03-11T01:00:00Z"
    assert (
        "campaign_hourly/acme-campaigns" not in listed
        or not listed["campaign_hourly/acme-campaigns"]["on"]
    )


def test_a_document_with_every_kind_of_key_is_exported_as_it_can_be_applied(
    cli: Cli, org: SalesforceStandIn
) -> None:
    more = """\
campaigns: {701Ax00000B0e01: {sends: adaptive, status_map: {clicked: Clicked, opened: null}}}
hourly: {enabled: true, minute: 10, active_hours: {from: 8, to: 18}, directions: in}
conflict: {member_status: newest}
"""
    text = CONNECTION.format(url=org.url).replace("hourly: {enabled: false}\n", more)
    assert cli("apply", "-", given=text).code == 0

    exported = cli("export").out
    again = cli("apply", "-", given=exported)

    assert (again.code, "updated" in again.out) == (0, False)
    listed = {each["job"]: each for each in cli("schedule", "list", "--json").value}
    assert listed["campaign_hourly/acme-campaigns"]["next_at"] == "2026-03-11T08:10:00Z"


class Terminal(io.StringIO):
    """Somebody sits in front of it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_terminal(
    cli: Cli, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """Run a command as somebody who types an answer."""

    def run(*words: str, types: str) -> Done:
        monkeypatch.setattr(sys, "stdin", Terminal(types))
        capsys.readouterr()
        code = main(words)
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


def left(cli: Cli, org: SalesforceStandIn, campaign: str) -> None:
    """One member leaves a campaign that was synced."""
    cli("campaign", "sync", campaign, "--kind", "initial")
    ((member,),) = org.org.rows(
        "SELECT m.Id FROM CampaignMember m JOIN Campaign c ON c.Id = m.CampaignId "
        "WHERE c.Name = 'Spring Webinar' LIMIT 1"
    )
    org.act({"do": "delete_member", "member": member})


def test_a_person_at_a_terminal_is_asked_whether_members_may_leave(
    cli: Cli, at_terminal: Callable[..., Done], org: SalesforceStandIn, campaign: str
) -> None:
    left(cli, org, campaign)

    no = at_terminal("campaign", "sync", campaign, types="n\n")
    assert no.code == 130
    assert "1 member shall be deleted on the mail side" in no.err
    assert "--yes" in no.err
    assert cli("campaign", "preview", campaign, "--json").value["inward"]["left"] == 1

    assert "1 left" in at_terminal("campaign", "sync", campaign, types="y\n").out


@pytest.mark.parametrize("way", ["--yes", "off", "pipe"])
def test_nobody_is_asked_who_said_yes_or_turned_it_off_or_is_a_script(
    cli: Cli, at_terminal: Callable[..., Done], org: SalesforceStandIn, campaign: str, way: str
) -> None:
    if way == "off":
        text = CONNECTION.format(url=org.url) + "deletes: {confirm_manual: false}\n"
        assert cli("apply", "-", given=text).code == 0
    left(cli, org, campaign)
    words = ["campaign", "sync", campaign, *(["--yes"] if way == "--yes" else [])]

    done = cli(*words) if way == "pipe" else at_terminal(*words, types="")

    assert (done.code, "[y/N]" in done.err) == (0, False)
    assert "1 left" in done.out


def test_failed_writes_of_a_run_are_tried_again_by_their_code(
    cli: Cli, org: SalesforceStandIn, campaign: str
) -> None:
    cli("campaign", "sync", campaign, "--kind", "initial")
    text = CONNECTION.format(url=org.url).replace("statistics: {sent", "statistics: {total")
    assert cli("apply", "-", given=text).code == 0
    org.switches(lock_row_every_n=1)
    failed = cli("campaign", "sync", campaign, "--json")
    assert (failed.code, failed.value["failed"]) == (4, 1)
    org.switches(lock_row_every_n=0)
    again = ("campaign", "sync", campaign, "--failed-of", str(failed.value["run"]))

    assert cli(*again, "--code", "NO_SUCH").code == 2
    done = cli(*again, "--code", "UNABLE_TO_LOCK_ROW", "--json")

    assert (done.code, done.value["outward"]["statistics"]) == (0, 1)
    assert cli("campaign", "sync", campaign, "--code", "X").code == 2


def test_a_preview_says_what_goes_where_and_what_stays_here(
    cli: Cli, org: SalesforceStandIn, campaign: str
) -> None:
    cli("campaign", "sync", campaign, "--kind", "initial")
    org.switches(custom_fields=["CampaignMember.Mail_State__c text"])
    pam = "pam: {fields: {member.state: Mail_State__c}}\n"
    text = CONNECTION.format(url=org.url).replace("statistics: {sent: Emails_Sent__c, ", pam)
    text = text.replace(pam + "delivered: null, opened: null}", pam)
    assert cli("apply", "-", given=text).code == 0

    told = cli("campaign", "preview", campaign, "--json").value

    assert told["member_fields"] == 200
    assert any("editions" in each for each in told["notices"])
    done = cli("campaign", "sync", campaign, "--fingerprint", told["fingerprint"], "--json")
    assert (done.code, done.value["member_fields"]) == (0, 200)
