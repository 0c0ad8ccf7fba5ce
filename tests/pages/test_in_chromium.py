"""The pages in a real browser: each opened once, and the whole way from a key to rows."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import NOW
from workbench.errors import WorkbenchError
from workbench.pulls.model import Pull
from workbench.schedules.process import stop
from workbench.services import Services
from workbench.standin import PendoStandIn

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "tests" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONG_MS = 90_000
"""Patience with a machine that does something else meanwhile; not a measure."""
PAGES = {
    "home": "",
    "pulls": "pulls",
    "pull": "pulls?pull=page-events",
    "new-pull": "pulls?new=1",
    "new-automation": "automations?new=1",
    "connections": "connections",
    "connection": "connections?connection=acme",
    "explore": "explore?dataset=page_events",
    "runs": "runs?show=schedules",
    "run": "runs?run=1",
}
EMPTY = {
    "home": "",
    "pulls": "pulls",
    "automations": "automations",
    "connections": "connections",
    "explore": "explore",
    "runs": "runs",
}
Open = Callable[..., Page]
expect.set_options(timeout=LONG_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    found = shutil.which("chromium")
    assert found, "Chromium is not installed: .ci/run installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path, pendo: PendoStandIn) -> Iterator[str]:
    """The app in a process of its own over the test's home; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = str(tmp_path / "home")
    environment = {**os.environ, "WORKBENCH_HOME": home, "WORKBENCH_NOW": NOW.isoformat()}
    log = tmp_path / "app.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield _answering(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait()
    assert "Traceback" not in log.read_text()


def _answering(url: str, process: "subprocess.Popen[bytes]") -> str:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health"):
                return url
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app did not start")


@pytest.fixture
def browse(chromium: Browser, server: str) -> Iterator[Open]:
    """Opens an address of the app in a window of its own; nothing may go wrong in it."""
    wrong: list[str] = []
    contexts = []

    def open_page(
        path: str,
        width: int = 1280,
        height: int = 800,
        scheme: Literal["light", "dark"] = "light",
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            timezone_id="Europe/Berlin",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LONG_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{server}/{path}")
        settled(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def settled(page: Page) -> None:
    """Wait until the page is drawn, and see that nothing on it is a traceback."""
    app = page.get_by_test_id("stApp")
    expect(page.locator("h1").first).to_be_visible(timeout=LONG_MS)
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the whole page to look at."""
    SHOTS.mkdir(exist_ok=True)
    size = page.viewport_size
    assert size is not None
    main = page.get_by_test_id("stMain")
    length = int(main.evaluate("element => element.scrollHeight")) + 10
    page.set_viewport_size({"width": size["width"], "height": min(max(length, 700), 3000)})
    settled(page)
    page.screenshot(path=str(SHOTS / f"{name}.png"))
    page.set_viewport_size(size)


def test_every_page_of_an_empty_home_says_what_to_do(browse: Open) -> None:
    for name, path in EMPTY.items():
        page = browse(path)
        assert page.get_by_test_id("stMain").inner_text().strip()
        shoot(page, f"empty-{name}")


def test_the_first_visitor_with_a_deep_link_sees_the_same_menu(browse: Open) -> None:
    page = browse("explore")

    links = page.get_by_test_id("stSidebarNavLink").all_inner_texts()

    assert [link.splitlines()[-1] for link in links] == [
        "Home",
        "Pulls",
        "Explore",
        "Automations",
        "Campaigns",
        "Runs & schedules",
        "Connections",
    ]


def test_every_page_opens_with_sample_data(sampled: Services, browse: Open) -> None:
    for name, path in PAGES.items():
        shoot(browse(path), f"sample-{name}")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(390, "light"), (1920, "light"), (1280, "dark")],
    ids=str,
)
@pytest.mark.soak
def test_pages_fit_a_phone_a_wide_screen_and_the_dark(
    sampled: Services, browse: Open, width: int, scheme: Literal["light", "dark"]
) -> None:
    for name, path in PAGES.items():
        page = browse(path, width=width, scheme=scheme)
        shoot(page, f"{width}-{scheme}-{name}")
        overflow = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{name} scrolls sideways at {width} pixels"


def test_reloading_shows_the_same_thing(sampled: Services, browse: Open) -> None:
    page = browse("pulls?pull=page-events")
    page.get_by_role("link", name="Explore").click()
    settled(page)
    choose(page, "Dataset", "page_events")
    expect(page).to_have_url(re.compile("dataset=page_events"))

    page.reload()

    settled(page)
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("page_events")


def test_what_a_list_opens_has_an_address_of_its_own(sampled: Services, browse: Open) -> None:
    page = browse("pulls")
    page.get_by_role("link", name="page-events").click()
    expect(page).to_have_url(re.compile(r"pulls\?pull=page-events$"))
    page.reload()
    settled(page)
    expect(page.locator("h1")).to_have_text("page-events")

    page.get_by_role("link", name="All pulls").click()
    expect(page).to_have_url(re.compile(r"pulls$"))
    settled(page)

    page.go_back()
    expect(page.locator("h1")).to_have_text("page-events")


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a menu by its label."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)


def fill(page: Page, label: str, value: str) -> None:
    """Type into a field and leave it."""
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(value)
    field.press("Tab")
    # A page takes notice of what was typed within a moment, without saying so beforehand.
    page.wait_for_timeout(400)
    settled(page)


def test_the_whole_way_from_a_key_to_rows(browse: Open, pendo: PendoStandIn) -> None:
    page = browse("")
    page.get_by_role("link", name="Connect Pendo").click()
    settled(page)
    fill(page, "Name", "acme")
    choose(page, "Region", "Stand-in or proxy (own address)")
    fill(page, "Address", pendo.url)
    fill(page, "Integration key", pendo.key)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Test")).to_be_visible()
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("it may read and write")).to_be_visible()
    expect(page.get_by_text("Rehearsal: connected to the stand-in")).to_be_visible()
    shoot(page, "journey-1-connected")

    page.get_by_role("link", name="Pulls").click()
    page.get_by_role("button", name="Define the first pull").click()
    expect(page.get_by_role("heading", name="New pull")).to_be_visible()
    settled(page)
    choose(page, "Source", "Page events")
    expect(page.get_by_text("A run now asks for")).to_be_visible()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("tab", name="First rows")).to_be_visible()
    settled(page)
    shoot(page, "journey-2-preview")

    # Slow enough to be seen on its way.
    pendo.weather([{"fault": "slow_first_byte", "ms": 700, "path": "aggregation", "times": 40}])
    page.get_by_role("spinbutton", name="Days back").fill("14")
    page.get_by_role("spinbutton", name="Days back").press("Tab")
    expect(page.get_by_text("17 days in America/New_York")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Save and run").click()
    expect(page.get_by_role("button", name="Cancel run")).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_be_attached()
    expect(page.get_by_text(re.compile(r"\d+ of 17 parts"))).to_be_visible()
    expect(page.get_by_text(re.compile("about .* left"))).to_be_visible()
    shoot(page, "journey-3-running")
    pendo.weather([])
    expect(page.get_by_role("link", name="Look at the rows of page_events")).to_be_visible()
    expect(page).to_have_url(re.compile(r"pull=page-events.*run=\d+"))
    settled(page)
    shoot(page, "journey-4-done")

    page.get_by_role("link", name="Look at the rows of page_events").click()
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    shoot(page, "journey-5-rows")
    for tab in ("Statistics", "Chart", "SQL", "Versions"):
        page.get_by_role("tab", name=tab).click()
        settled(page)
        shoot(page, f"journey-6-{tab.lower()}")


def test_a_run_is_cancelled_from_the_page(
    sampled: Services, browse: Open, pendo: PendoStandIn
) -> None:
    pendo.weather([{"fault": "slow_first_byte", "ms": 700, "path": "aggregation", "times": 99}])
    page = browse("pulls?pull=page-events")

    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel run").click()

    expect(page.get_by_text("Stopped. Finished parts are kept")).to_be_visible()
    shoot(page, "cancelled")
    assert sampled.state.runs.latest()[0].status == "cancelled"


def test_a_dataset_is_downloaded_in_every_kind(sampled: Services, browse: Open) -> None:
    page = browse("explore?dataset=accounts")
    page.get_by_role("button", name="Download", exact=True).click()

    for title, start in (("CSV", b"accountId"), ("Parquet", b"PAR1"), ("Excel", b"PK")):
        with page.expect_download() as coming:
            page.get_by_role("button", name=title, exact=True).click()
        content = Path(coming.value.path()).read_bytes()
        assert content.lstrip(b'"\xef\xbb\xbf').startswith(start), content[:40]


@pytest.fixture
def no_scheduler_left(bench: Services) -> Iterator[None]:
    """Ends the scheduler that a page started, where the test did not come so far."""
    yield
    with contextlib.suppress(WorkbenchError):
        stop(bench)


@pytest.mark.usefixtures("no_scheduler_left")
def test_a_pull_scheduled_in_the_page_runs_by_itself(bench: Services, browse: Open) -> None:
    bench.documents.save(Pull(name="guides", connection="acme", source="guides"), "tests")
    page = browse("pulls?pull=guides")
    page.get_by_role("button", name="Add a schedule").click()
    expect(page.get_by_text("Every day at 07:00 (America/New_York)")).to_be_visible()
    expect(page.get_by_text("Next: Wed 11 Mar 2026, 12:00 CET")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)

    page.get_by_role("button", name="Start scheduler").click()
    expect(page.get_by_text("The scheduler is not running")).to_have_count(0)
    page.get_by_role("link", name="Runs & schedules").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Start scheduler")).to_be_visible()
    page.close()

    command = [sys.executable, "-m", "workbench", "scheduler", "--once"]
    home = {**os.environ, "WORKBENCH_HOME": str(bench.settings.home)}
    subprocess.run([*command, "--now", "2026-03-11T11:00:20Z"], cwd=ROOT, env=home, check=True)

    page = browse("runs?show=schedules")
    page.get_by_role("link", name="Run 1 ·").click()
    expect(page.get_by_role("heading", name="Run 1")).to_be_visible()
    settled(page)
    expect(page.get_by_text("done", exact=False).first).to_be_visible()
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_text("by its schedule")).to_be_visible()
    shoot(page, "journey-scheduled")
    ran = bench.state.runs.get(1)
    assert (ran.status, ran.trigger) == ("done", "schedule")
    assert ran.schedule == "Every day at 07:00 (America/New_York)"
