"""``start``: the whole workbench, app and scheduler, until Ctrl-C."""

import os
import signal
import threading
import time
from argparse import Namespace
from contextlib import ExitStack
from types import FrameType
from typing import TYPE_CHECKING

from workbench import rehearsal
from workbench.cli.opened import person, services
from workbench.cli.output import answer, note
from workbench.errors import StorageError
from workbench.rehearsal import campaigns
from workbench.rehearsal.children import (
    LOOPBACK,
    ROOT,
    Child,
    answers,
    free_port,
    require_free,
)

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.settings import Settings

LOOK_EVERY_S = 0.1
APP = ROOT / "app.py"


def start(asked: Namespace) -> int:
    """Run the app and the scheduler, and the stand-in where nothing real is connected.

    Ctrl-C stops all of it, but runs that the scheduler started come to their own end.
    """
    port = asked.port or free_port()
    require_free(port, option="--port")
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with services() as opened, ExitStack() as children:
        opened.state.runs.close_interrupted()
        names = []
        if rehearsal.is_wanted(opened):
            children.enter_context(rehearsal.begin(opened, person(), size=asked.size))
            names = rehearsal.never_pulled(opened)
        app = children.enter_context(_app(opened.settings, port))
        url = f"http://{LOOPBACK}:{port}"
        if not _wait_until_healthy(app, url, stopping):
            return 0
        # After the app, which somebody waits for.
        children.enter_context(_scheduler(opened.settings))
        answer(asked, {"url": url}, [f"The workbench is at {url} (Ctrl-C stops it)"])
        _flush()
        if not asked.no_browser:
            import webbrowser

            webbrowser.open(url)
        samples = threading.Thread(target=_pull, args=(opened, names, stopping), daemon=True)
        samples.start()
        while not stopping.wait(LOOK_EVERY_S):
            _require_running(app)
        note("Stopping")
        samples.join()
    return 0


def _app(settings: "Settings", port: int) -> Child:
    options = {
        "server.address": LOOPBACK,
        "server.port": str(port),
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Child(
        ["-m", "streamlit", "run", str(APP), *flags],
        log=settings.home.absolute() / "logs" / "app.log",
        environment={"WORKBENCH_HOME": str(settings.home.absolute())},
    )


def _scheduler(settings: "Settings") -> Child:
    """The scheduler; where another one holds the lease already, it stands by."""
    home = settings.home.absolute()
    return Child(
        ["-m", "workbench", "scheduler", "--with-parent", str(os.getpid())],
        log=home / "logs" / "scheduler.log",
        environment={"WORKBENCH_HOME": str(home)},
    )


def _wait_until_healthy(app: Child, url: str, stopping: threading.Event) -> bool:
    """Wait for the app; False when the person stopped it before."""
    while not answers(f"{url}/_stcore/health"):
        _require_running(app)
        if stopping.wait(LOOK_EVERY_S):
            return False
    return True


def _require_running(app: Child) -> None:
    if not app.is_running:
        raise StorageError(
            f"The app stopped: {app.last_words() or 'it said nothing'}", hint=f"See {app.log}."
        )


def _pull(opened: "Services", names: list[str], stopping: threading.Event) -> None:
    """Carry out the sample pulls one after the other, each in a process, while the app is used."""
    home = opened.settings.home.absolute()
    for name in names:
        if stopping.is_set():
            return
        arguments = ["-m", "workbench", "pull", "run", name]
        log = home / "logs" / "samples.log"
        with Child(arguments, log=log, environment={"WORKBENCH_HOME": str(home)}) as child:
            while child.is_running and not stopping.is_set():
                time.sleep(LOOK_EVERY_S)
        if rehearsal.needs_scores(opened):
            from workbench.rehearsal.scores import make_scores

            make_scores(opened)
    if campaigns.are_wanted(opened) and not stopping.is_set():
        campaigns.begin_campaigns(opened)


def _flush() -> None:
    import sys

    # Whoever started us may be waiting for this line through a pipe.
    sys.stdout.flush()
