"""The campaigns page: what needs somebody, the reconcile sheet, a sync, every section of one."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from tests.campaigns.conftest import Desk, _org  # noqa: F401 -- the rehearsal org of a test run
from tests.pages.campaign_home import DRIP, SHOW, WEBINAR, build, reopened
from tests.pages.conftest import Open, said
from tests.pages.test_in_chromium import Open as Browse
from tests.pages.test_in_chromium import (  # noqa: F401 -- the browser and the app's process
    browse,
    chromium,
    server,
    settled,
    shoot,
)
from workbench.services import Services
from workbench.standin import PendoStandIn
from workbench.standin.salesforce.standin import SalesforceStandIn

LONG_S = 120.0
"""Seconds after which a run that has not ended counts as hanging."""


@pytest.fixture(scope="module")
def _built(
    tmp_path_factory: pytest.TempPathFactory,
    _org: SalesforceStandIn,  # noqa: F811
    _pendo: PendoStandIn,
) -> Desk:
    _org.reset()
    _pendo.reset()
    built = build(tmp_path_factory.mktemp("campaign-pages") / "home", _org, _pendo)
    built.opened.close()
    return built


@pytest.fixture
def desk(_built: Desk, home: Path) -> Iterator[Desk]:
    """Both sides of the page's home, in fair weather; the org is only read unless a test says."""
    shutil.copytree(_built.opened.settings.home, home)
    _built.org.weather([])
    again = reopened(home, _built)
    yield again
    again.opened.close()


@pytest.fixture
def acted(desk: Desk) -> Iterator[Desk]:
    """The same, with the org put back afterwards: somebody does something in it."""
    yield desk
    desk.org.reset()


def open_campaign(page: Open, desk: Desk, name: str, show: str = "dashboard") -> AppTest:
    """One campaign's page, at a section."""
    return page("campaigns", campaign=desk.campaigns()[name], show=show)


def tick(app: AppTest, start: str) -> None:
    """Tick the checkbox whose key starts like that."""
    next(each for each in app.checkbox if str(each.key).startswith(start)).check().run()


def ended(services: Services) -> None:
    """Wait for the newest run."""
    deadline = time.monotonic() + LONG_S
    while not services.state.runs.latest()[0].is_finished and time.monotonic() < deadline:
        time.sleep(0.1)


def test_without_a_connection_the_page_says_where_to_make_one(page: Open, home: Path) -> None:
    app = page("campaigns")

    assert "No Salesforce connection yet" in said(app)
    assert app.button(key="empty.go").label == "Connect Salesforce"
    assert not app.exception


def test_a_sync_is_made_and_its_campaigns_read(page: Open, desk: Desk) -> None:
    desk.opened.documents.delete("campaign_sync", "acme-campaigns", "tests")
    app = page("campaigns")
    assert "No campaign sync yet" in said(app)

    app.button(key="empty.go").click().run()
    assert "No campaign of campaigns is known yet" in said(app)
    app.button(key="empty.go").click().run()

    assert len(desk.opened.state.campaigns.all("campaigns")) == len(desk.campaigns())
    assert not app.exception


def test_the_list_puts_first_what_needs_somebody_and_tells_every_date(
    page: Open, desk: Desk
) -> None:
    app = page("campaigns")

    text = said(app)
    assert "**200** members" in text
    assert "Auto-sync is on although the campaign is closed" in text
    toggles = [each.key for each in app.toggle if str(each.key).startswith("campaigns.auto.")]
    assert toggles[0] == f"campaigns.auto.{desk.campaigns()[SHOW]}"
    assert "Next: 11 Mar 2026, 01:00 UTC = 10 Mar 2026, 21:00 EDT" in text or (
        "Next: 11 Mar 2026, 01:00 UTC" in text
    )
    assert "Documented only in the older manual" in text
    assert not app.toggle(key="campaigns.hourly.False").value
    assert not app.exception


def test_auto_sync_of_a_closed_campaign_is_turned_off_with_one_click(
    page: Open, desk: Desk
) -> None:
    show = desk.campaigns()[SHOW]
    app = page("campaigns")

    app.button(key=f"campaigns.off.{show}").click().run()

    row = desk.opened.state.campaigns.get(show)
    assert row is not None
    assert not row.auto_sync
    assert "Auto-sync on, campaign closed" not in said(app)
    assert not app.exception


def test_a_checkbox_whose_field_is_not_there_goes_back_and_says_why(page: Open, desk: Desk) -> None:
    desk.document(auto_sync_field="No_Such_Field__c")
    drip = desk.campaigns()[DRIP]
    app = page("campaigns")

    app.toggle(key=f"campaigns.auto.{drip}").set_value(True).run()

    assert "No_Such_Field__c" in app.error[0].value.replace("\\", "")
    assert not app.toggle(key=f"campaigns.auto.{drip}").value
    assert not app.exception


def test_the_gauge_tells_the_org_and_ours_apart_with_the_forecast(page: Open, desk: Desk) -> None:
    metrics = {each.label: each.value for each in page("campaigns").metric}

    assert " of 15\u202f000 (" in metrics["Whole org, last 24 h"]
    assert " of 3\u202f000 (" in metrics["Ours, last 24 h"]
    assert "calls" in metrics["Forecast of a day"]


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("dashboard", "Active editions"),
        ("members", "200\u202fmembers"),
        ("editions", "Each number counts members once"),
        ("mails", "Sends, last 30 days"),
        ("statistics", "Clicked to Open Rate: 41.7\u202f% = 25 of 60 who opened"),
        ("product", "The day of the mail counts on neither side"),
        ("mapping", "Labels of this campaign in Salesforce: Sent (default), Opened"),
        ("history", "Pick a line to see what that sync changed"),
    ],
)
def test_a_deep_link_opens_a_section(page: Open, desk: Desk, section: str, sentence: str) -> None:
    app = open_campaign(page, desk, WEBINAR, section)

    assert sentence in said(app).replace("\\", "")
    assert not app.exception


def test_a_campaign_that_is_not_started_says_how_it_starts(page: Open, desk: Desk) -> None:
    app = open_campaign(page, desk, "Win-back", "members")

    assert app.button(key="campaign.synchronize.top").disabled
    assert "New Edition makes its first edition" in said(app)
    assert not app.exception


def test_an_unknown_campaign_is_said(page: Open, desk: Desk) -> None:
    app = page("campaigns", campaign="701000000000000AAA")

    assert "No campaign 701000000000000AAA is known here" in app.error[0].value
    assert not app.exception


def test_members_are_found_and_their_reasons_shown(page: Open, desk: Desk) -> None:
    app = open_campaign(page, desk, WEBINAR, "members")

    app.selectbox(key="campaign.members.reason").select("No address").run()

    table = app.dataframe[0].value
    assert set(table["Reason"]) == {"No address"}
    assert set(table["State"]) == {"Inactive"}
    assert not app.exception


def test_a_sync_that_is_picked_shows_every_change_before_and_after(page: Open, desk: Desk) -> None:
    app = open_campaign(page, desk, WEBINAR, "history")
    syncs = next(each for each in app.session_state if str(each).startswith("campaign.syncs."))

    app.session_state[syncs] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()

    told = app.dataframe[0].value["Statuses out"][0]
    changes = app.dataframe[1].value
    written = changes[(changes["Goes"] == "to Salesforce") & (changes["Became"] == "done")]
    assert len(written) == told > 0
    assert set(written["After"]) <= {"Responded", "Sent"}
    assert all(written["Before"] != written["After"])
    assert not app.exception


def picked_sync(app: AppTest) -> None:
    """Pick the newest line of the sync history."""
    syncs = next(each for each in app.session_state if str(each).startswith("campaign.syncs."))
    app.session_state[syncs] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()


def refused_run(desk: Desk) -> list[str]:
    """A sync of the webinar whose writes Salesforce refuses; gives the members that clicked."""
    campaign = desk.campaigns()[WEBINAR]
    people = [row for row in desk.ours(campaign).values() if row["status"] == "Sent"][:2]
    desk.engage(
        [
            {"campaign_id": campaign, "person_id": row["person_id"], "event": "clicked",
             "occurred_at": desk.services.now(), "edition": "Edition 1"}
            for row in people
        ]
    )  # fmt: skip
    desk.document(engagement={"dataset": "campaign_engagement"})
    desk.org.switches(lock_row_every_n=1)
    assert desk.run(campaign).failed == 2
    desk.org.switches(lock_row_every_n=0)
    return [row["member_id"] for row in people]


def test_refused_writes_stand_by_their_code_and_the_ticked_ones_are_tried_again(
    page: Open, acted: Desk
) -> None:
    desk, campaign = acted, acted.campaigns()[WEBINAR]
    members = refused_run(desk)
    app = open_campaign(page, desk, WEBINAR, "history")
    picked_sync(app)
    assert "**2\u202frows** · UNABLE\\_TO\\_LOCK\\_ROW" in said(app)
    assert app.button(key="campaign.retry.ticked").disabled

    place = list(app.dataframe[1].value["Member"]).index(members[1])
    rows = next(each for each in app.session_state if str(each).endswith(".UNABLE_TO_LOCK_ROW"))
    app.session_state[rows] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    app.run()
    app.button(key="campaign.retry.ticked").click().run()
    key = f"campaigns.sheet.{campaign}"
    assert "Failed writes, once more" in said(app)
    assert list(app.dataframe[0].value["Afterwards"]) == ["Responded"]
    assert app.button(key=f"{key}.go").label.startswith(
        "Try again: 0\u202fchanges in, 1\u202fstatus"
    )

    app.button(key=f"{key}.go").click().run()
    ended(desk.opened)

    assert desk.opened.state.runs.latest()[0].status == "done"
    statuses = [desk.theirs(campaign)[member]["status"] for member in members]
    assert statuses == ["Sent", "Responded"]
    assert not app.exception


def test_what_was_refused_can_be_taken_away_as_a_file(page: Open, acted: Desk) -> None:
    from workbench.campaigns.again import refused
    from workbench.ui.table_file import table_file

    members = refused_run(acted)
    app = open_campaign(page, acted, WEBINAR, "history")
    picked_sync(app)
    labels = [str(each.proto.label) for each in app.get("download_button")]
    assert labels.count("CSV") == 2, "one of every change, one of what was refused"

    run = acted.opened.state.runs.latest()[0].id
    [group] = refused(acted.services, acted.campaigns()[WEBINAR], run)
    with table_file(group.rows, "errors", "csv") as file:
        lines = file.read().decode().splitlines()
    assert len(lines) == 3
    assert all(any(member in line for line in lines) for member in members)
    assert not app.exception


def test_the_feed_tells_owners_what_was_synced_with_warnings_until_it_is_read(
    page: Open, desk: Desk
) -> None:
    app = page("campaigns")
    unread = len(desk.opened.state.campaign_history.notices(unread=True))
    assert unread > 0
    assert f"Notices · {unread} unread" in said(app)
    text = said(app).replace("\\", "")
    assert "**Spring Webinar: manual sync completed; 0 joined, 0 left, 0 changed**" in text
    assert "7 members without an e-mail address" in text

    app.button(key="campaigns.notices.read").click().run()

    assert desk.opened.state.campaign_history.notices(unread=True) == []
    assert "unread" not in said(app)
    assert "Spring Webinar: manual sync completed" in said(app).replace("\\", "")
    assert not app.exception


def test_points_stand_beside_members_once_actions_give_some(page: Open, acted: Desk) -> None:
    desk = acted
    assert "Points" not in open_campaign(page, desk, WEBINAR, "members").dataframe[0].value
    desk.document(
        engagement={"dataset": "campaign_engagement"}, scoring={"opened": 1, "clicked": 4}
    )
    desk.run(desk.campaigns()[WEBINAR])

    app = open_campaign(page, desk, WEBINAR, "members")

    told = app.dataframe[0].value
    assert set(told["Points"]) <= {0, 1, 5}
    assert 5 in set(told["Points"])
    assert not app.exception


def test_without_the_confirmation_members_leave_at_once_below_the_limits(
    page: Open, acted: Desk
) -> None:
    desk, drip = acted, acted.campaigns()[DRIP]
    desk.document(deletes={"confirm_manual": False})
    gone, *_ = desk.ours(drip)
    desk.act("delete_member", member=gone)
    app = open_campaign(page, desk, DRIP)
    app.button(key="campaign.synchronize.top").click().run()
    key = f"campaigns.sheet.{drip}"

    assert not [each for each in app.checkbox if str(each.key).startswith(f"{key}.confirm")]
    assert not app.button(key=f"{key}.go").disabled
    app.button(key=f"{key}.go").click().run()
    ended(desk.opened)

    assert gone not in desk.ours(drip)
    assert not app.exception


def test_the_sheet_says_what_stays_here_because_no_field_is_named_for_it(
    page: Open, desk: Desk
) -> None:
    app = open_campaign(page, desk, WEBINAR)

    app.button(key="campaign.synchronize.top").click().run()

    text = said(app).replace("\\", "")
    assert "No object of e-mail editions is named: their statistics stay here" in text
    assert not app.exception


def test_editions_say_where_their_numbers_go(page: Open, desk: Desk) -> None:
    app = open_campaign(page, desk, WEBINAR, "editions")
    assert "They stay here: the campaign sync names no object for them" in said(app)

    desk.document(
        pam={"fields": {"edition.object": "Email_Edition__c", "edition.campaign": "Campaign__c"}}
    )
    app.run()

    assert "Written to Email_Edition__c in Salesforce" in said(app).replace("\\", "")
    assert not app.exception


def test_product_activity_is_told_by_edition_beside_those_without_a_mail(
    page: Open, desk: Desk
) -> None:
    app = open_campaign(page, desk, WEBINAR, "product")

    app.button_group(key="campaign.product.days").set_value(3).run()

    told = {row["Edition"]: row for row in app.dataframe[0].value.to_dict("records")}
    assert set(told) == {"Edition 1", "Got no mail, same days"}
    assert told["Edition 1"]["Members"] == 120
    assert told["Edition 1"]["Measured"] > 0
    assert not app.exception


def test_a_label_that_the_campaign_lacks_is_said_and_a_mapping_saved(
    page: Open, desk: Desk
) -> None:
    desk.document(status_map={"clicked": "Respondet"})
    webinar = desk.campaigns()[WEBINAR]
    app = open_campaign(page, desk, WEBINAR, "mapping")
    assert "The campaign has no label Respondet: it is held" in said(app)

    app.selectbox(key=f"campaign.map.{webinar}.clicked").select("Clicked").run()
    app.button(key="campaign.map.save").click().run()

    saved = desk.opened.documents.campaign_sync("acme-campaigns")
    assert saved.status_map_of(webinar).clicked == "Clicked"
    assert saved.status_map.clicked == "Respondet"
    assert "has no label" not in said(app)
    assert not app.exception


def test_the_sheet_shows_both_directions_holds_rows_and_syncs_exactly_that(
    page: Open, acted: Desk
) -> None:
    desk, drip = acted, acted.campaigns()[DRIP]
    gone, moved, *_ = desk.ours(drip)
    person = desk.ours(drip)[moved]["person_id"]
    desk.act("delete_member", member=gone)
    desk.act("change_address", person=person, email="moved@example.com")
    app = open_campaign(page, desk, DRIP)
    app.button(key="campaign.synchronize.top").click().run()
    key = f"campaigns.sheet.{drip}"

    sheet = app.dataframe[0].value
    assert {"− leaves", "→ changes"} <= set(sheet["What happens"])
    assert "moved@example.com" in set(sheet["Afterwards"])
    assert app.button(key=f"{key}.go").disabled, "members leave: not without a confirmation"

    tick(app, f"{key}.confirm")
    assert "in, " in app.button(key=f"{key}.go").label
    app.button(key=f"{key}.go").click().run()
    ended(desk.opened)
    app.run()

    run = desk.opened.state.runs.latest()[0]
    assert (run.status, run.job) == ("done", "campaign/acme-campaigns")
    assert gone not in desk.ours(drip)
    assert desk.ours(drip)[moved]["email"] == "moved@example.com"
    assert f"**Run {run.id}**" in said(app)
    assert not app.exception


def test_a_row_that_is_held_stays_as_it_was(page: Open, acted: Desk) -> None:
    desk, show = acted, acted.campaigns()[SHOW]
    member = next(iter(desk.ours(show)))
    desk.act("change_status", member=member, status="Attended")
    app = open_campaign(page, desk, SHOW)
    app.button(key="campaign.synchronize.top").click().run()
    key = f"campaigns.sheet.{show}"
    table = app.dataframe[0]
    place = list(table.value["Afterwards"]).index("Attended")
    rows = next(each for each in app.session_state if str(each).startswith(f"{key}.rows.all"))

    app.session_state[rows] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    app.run()
    app.button(key=f"{key}.hold").click().run()

    assert (
        desk.opened.state.campaign_members.decisions("acme-campaigns", [show])[0]["decision"]
        == "hold"
    )
    assert not app.exception


def test_too_many_who_would_leave_are_held_until_a_person_lets_them(
    page: Open, acted: Desk
) -> None:
    desk, show = acted, acted.campaigns()[SHOW]
    for member in list(desk.ours(show))[-6:]:
        desk.act("delete_member", member=member)
    app = open_campaign(page, desk, SHOW)
    app.button(key="campaign.synchronize.top").click().run()
    key = f"campaigns.sheet.{show}"
    assert "6 of 80 members would leave" in said(app)
    assert app.button(key=f"{key}.go").label == "Synchronize: both sides agree"

    tick(app, f"{key}.release")

    assert app.button(key=f"{key}.go").disabled, "released is not yet confirmed"
    tick(app, f"{key}.confirm")
    assert "6\u202fchanges in" in app.button(key=f"{key}.go").label
    assert not app.button(key=f"{key}.go").disabled
    assert not app.exception


def test_a_conflict_names_its_winner_and_a_person_may_choose_the_other(
    page: Open, acted: Desk
) -> None:
    desk, drip = acted, acted.campaigns()[DRIP]
    member = next(each for each, row in desk.ours(drip).items() if row["status"] == "Sent")
    desk.opened.state.campaign_members.want(
        "acme-campaigns", [member], "Responded", why="clicked", at=desk.opened.now()
    )
    desk.act("change_status", member=member, status="Opened")
    app = open_campaign(page, desk, DRIP)
    app.button(key="campaign.synchronize.top").click().run()
    key = f"campaigns.sheet.{drip}"
    views = next(each for each in app.button_group if str(each.key).startswith(f"{key}.view."))

    views.set_value("conflicts").run()
    assert "Salesforce wins, rule salesforce" in app.dataframe[0].value["Why"][0]
    rows = next(each for each in app.session_state if str(each).startswith(f"{key}.rows.conf"))
    app.session_state[rows] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    app.button(key=f"{key}.mail_side").click().run()

    assert "1\u202fstatus out" in app.button(key=f"{key}.go").label
    assert desk.theirs(drip)[member]["status"] == "Opened", "nothing is sent before the button"
    assert not app.exception


def test_a_second_new_edition_adds_an_edition_and_syncs_nothing(page: Open, desk: Desk) -> None:
    webinar = desk.campaigns()[WEBINAR]
    before = desk.opened.state.campaign_history.syncs("acme-campaigns", webinar)
    app = open_campaign(page, desk, WEBINAR, "editions")

    app.button(key="campaign.edition").click().run()

    assert list(app.dataframe[0].value["Edition"]) == ["Edition 1", "Edition 2"]
    assert desk.opened.state.campaign_history.syncs("acme-campaigns", webinar) == before
    assert not app.exception


def test_new_edition_shows_who_joins_before_anybody_does(page: Open, desk: Desk) -> None:
    app = open_campaign(page, desk, "Win-back")

    app.button(key="campaign.edition").click().run()

    key = f"campaigns.sheet.{desk.campaigns()['Win-back']}"
    assert app.button(key=f"{key}.go").label == "Make the first edition: 15\u202fmembers join"
    assert "nothing goes to Salesforce at the initial sync" in said(app)
    assert desk.ours(desk.campaigns()["Win-back"]) == {}
    assert not app.exception


@pytest.mark.parametrize("fault", ["limit", "gone"])
def test_a_salesforce_that_does_not_answer_is_a_sentence(
    page: Open, acted: Desk, fault: str
) -> None:
    desk = acted
    if fault == "limit":
        desk.org.act({"do": "use_calls", "calls": 1_000_000})
    else:
        connection = desk.opened.documents.salesforce("acme-sf")
        elsewhere = connection.model_copy(update={"url": "http://127.0.0.1:9"})
        desk.opened.documents.save(elsewhere, "tests")
    app = open_campaign(page, desk, WEBINAR)

    app.button(key="campaign.synchronize.top").click().run()

    assert app.error
    assert "Traceback" not in app.error[0].value
    assert "Active editions" in said(app), "what is known is still shown"
    assert not app.exception


@pytest.mark.browser
def test_a_sync_from_its_sheet_to_its_record_in_a_browser(
    acted: Desk,
    browse: Browse,  # noqa: F811
) -> None:
    campaign = acted.campaigns()[WEBINAR]
    member, moved, *_ = acted.ours(campaign)
    acted.act("delete_member", member=member)
    acted.act("change_status", member=moved, status="Responded")
    for name, path in {
        "campaigns": "campaigns",
        "campaign-product": f"campaigns?campaign={campaign}&show=product",
    }.items():
        page = browse(path, width=390)
        shoot(page, f"390-{name}")
        wide = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{name} scrolls sideways on a phone"

    page = browse(f"campaigns?campaign={campaign}")
    page.get_by_role("button", name="Synchronize", exact=True).click()
    page.get_by_text("1\u202fmember shall be deleted").click()
    settled(page)
    shoot(page, "campaign-sheet")
    page.get_by_role("button", name=re.compile("^Synchronize: .* in")).click()
    expect(page).to_have_url(re.compile(r"campaign=.*run=\d+"))
    run = page.url.rpartition("run=")[2].partition("&")[0]
    # For a moment the run as it was going on stands beside the one that is done.
    expect(page.locator(f".st-key-run-{run}").filter(has_text="done")).to_have_count(1)
    settled(page)
    expect(page.locator(f".st-key-run-{run}")).to_contain_text("done")

    page.reload()

    settled(page)
    assert acted.opened.state.runs.latest()[0].status == "done"
    expect(page.locator(f".st-key-run-{run}")).to_contain_text("done")
    shoot(page, "campaign-synced")
    assert member not in acted.ours(campaign)
