"""``standin``: only the stand-ins, until they are told to stop."""

import signal
import sys
import threading
from argparse import Namespace
from types import FrameType

from workbench.cli.moments import moment
from workbench.cli.output import answer
from workbench.rehearsal.children import require_free


def standin(asked: Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; one line says when it is ready, where, and with which keys."""
    from workbench.standin import PendoStandIn, SalesforceStandIn

    now = moment(asked.now) if asked.now else None
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
