"""Run one command and say how it ended, as commands everywhere do.

Exit codes: 0 done, 1 failed, 2 the request itself is wrong, 3 held, 4 done but some rows failed,
130 cancelled. Results go to stdout, everything else to stderr.
"""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workbench.cli.parser import parse
from workbench.errors import DiskFullError, WorkbenchError, disk_explained

if TYPE_CHECKING:
    from argparse import Namespace

CANCELLED = 130
"""What shells use for a command that Ctrl-C stopped."""
Command = Callable[["Namespace"], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code. Never raises."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with disk_explained("the output"):
            code = _run(words)
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `| head` does.
        _drop_output()
        return 0
    except DiskFullError as error:
        _drop_output()
        return _explain(error)
    except KeyboardInterrupt:
        complain("cancelled")
        return CANCELLED
    except SystemExit as leaving:  # argparse after --help
        return leaving.code if isinstance(leaving.code, int) else 0
    except Exception as error:
        if "--debug" in words:
            import traceback

            traceback.print_exc()
        return _explain(error)


def complain(what: str, hint: str = "") -> None:
    """One line that says what happened, and one that says what to do."""
    print(f"error: {one_line(what)}", file=sys.stderr)
    if hint:
        print(f"hint: {one_line(hint)}", file=sys.stderr)


def one_line(text: str) -> str:
    """A text without line breaks or anything else that could steer a terminal."""
    spaced = " ".join(text.split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in spaced
    )


def _drop_output() -> None:
    """Send what is still buffered nowhere, or Python complains of it while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(words: list[str]) -> int:
    asked = parse(words)
    module, _, function = asked.command.partition(":")
    command: Command = getattr(importlib.import_module(f"workbench.cli.{module}"), function)
    return command(asked)


def _explain(error: Exception) -> int:
    if not isinstance(error, WorkbenchError):
        complain(
            f"something unexpected went wrong: {type(error).__name__}: {error}",
            "Run it again with --debug to see where, and report it.",
        )
        return 1
    # Several documents may have several faults: each is an error of its own.
    faults = [str(fault) for fault in getattr(error, "faults", ())]
    for fault in faults[:-1]:
        complain(fault)
    complain(faults[-1] if faults else str(error), error.hint)
    return error.exit_code
