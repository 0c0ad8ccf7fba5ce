"""``python -m workbench.standin``: a stand-in in the foreground, until it is told to stop."""

import argparse
import os
import signal
import sys
import threading
from contextlib import ExitStack
from datetime import datetime
from types import FrameType

from workbench.standin.pendo import DEFAULT_ZONE, PendoStandIn
from workbench.standin.seeds.sizes import SIZES
from workbench.standin.spawning import READY
from workbench.standin.switches import SwitchError


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; gives the exit code."""
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    try:
        pendo = PendoStandIn(
            seed=options.seed,
            size=options.size,
            now=options.now,
            zone=options.zone,
            port=options.pendo_port,
            days=options.days,
            accounts=options.accounts,
        )
    except (OSError, SwitchError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1 if isinstance(error, OSError) else 2
    with pendo, ExitStack() as also:
        _stop_on_signals(stopped)
        if options.until_stdin_closes:
            threading.Thread(target=_watch_stdin, args=[stopped], daemon=True).start()
        told = {"pendo": pendo.url, "pendo_key": pendo.key, "pendo_read_key": pendo.read_key}
        if options.salesforce_port is not None:
            told |= _salesforce(also, options)
        sys.stdout.write(READY + " ".join(f"{n}={v}" for n, v in told.items()) + "\n")
        sys.stdout.flush()
        stopped.wait()
    return 0


def _salesforce(also: ExitStack, options: argparse.Namespace) -> dict[str, str]:
    """Start the other stand-in too; gives what there is to tell of it."""
    from workbench.standin.salesforce.standin import SalesforceStandIn

    salesforce = also.enter_context(
        SalesforceStandIn(
            seed=options.seed, size=options.size, now=options.now, port=options.salesforce_port
        )
    )
    return {
        "salesforce": salesforce.url,
        "salesforce_client_id": salesforce.client_id,
        "salesforce_client_secret": salesforce.client_secret,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workbench.standin", description=__doc__)
    parser.add_argument("--pendo-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--salesforce-port", type=int, help="play Salesforce too; 0 takes a free port"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--now", type=_moment, help="ISO 8601 with an offset; freezes the clock")
    parser.add_argument("--zone", default=DEFAULT_ZONE, help="the subscription's time zone")
    parser.add_argument("--days", type=_days, help="how many days back events go")
    parser.add_argument("--accounts", type=int, help="how many accounts there are")
    parser.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone; add Z or an offset")
    return moment


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 3650:
        raise argparse.ArgumentTypeError("from 1 to 3650 days")
    return days


def _stop_on_signals(stopped: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _watch_stdin(stopped: threading.Event) -> None:
    # Read past Python's buffer: its lock would hold up the interpreter's exit.
    while os.read(0, 4096):
        pass
    stopped.set()


if __name__ == "__main__":
    sys.exit(main())
