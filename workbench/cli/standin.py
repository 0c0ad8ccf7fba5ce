"""``standin``: only the stand-ins, until they are told to stop."""

import signal
import sys
import threading
from argparse import Namespace
from datetime import datetime
from types import FrameType

from workbench.cli.output import answer
from workbench.errors import InputError
from workbench.rehearsal.children import require_free


def standin(asked: Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; one line says when it is ready, where, and with which keys."""
    from workbench.standin import PendoStandIn, SalesforceStandIn

    now = _moment(asked.now) if asked.now else None
    for port, option in (
        (asked.pendo_port, "--pendo-port"),
        (asked.salesforce_port, "--salesforce-port"),
    ):
        if port:
            require_free(port, option=option)
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    made = {"seed": asked.seed, "size": asked.size, "now": now}
    with (
        PendoStandIn(**made, port=asked.pendo_port) as pendo,
        SalesforceStandIn(**made, port=asked.salesforce_port) as salesforce,
    ):
        told = {
            "pendo": pendo.url,
            "salesforce": salesforce.url,
            "pendo_key": pendo.key,
            "pendo_read_key": pendo.read_key,
            "salesforce_client_id": salesforce.client_id,
            "salesforce_client_secret": salesforce.client_secret,
        }
        words = " ".join(f"{name}={value}" for name, value in told.items())
        answer(asked, told, [f"READY {words}"])
        # Whoever started us may be waiting for this line through a pipe.
        sys.stdout.flush()
        stopping.wait()
    return 0


def _moment(text: str) -> datetime:
    hint = "For example 2026-03-10T19:30:00Z."
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--now: {text[:60]!r} is not a moment", hint=hint) from error
    if moment.tzinfo is None:
        raise InputError(f"--now: {text} has no time zone", hint=hint)
    return moment
