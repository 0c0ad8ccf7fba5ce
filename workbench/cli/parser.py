"""The words of the command line: every command, its options, its help. Loads nothing else."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from workbench.errors import InputError
from workbench.words import nearest

PROGRAM = "python -m workbench"
EPILOG = """\
The home (documents, datasets, encrypted secrets) is the folder WORKBENCH_HOME, by default
.workbench where you are. Every command takes --json and --debug.

exit codes: 0 done, 1 failed, 2 the request itself is wrong, 3 held by a guardrail,
4 done but some rows failed, 130 cancelled
"""
HIGHEST_PORT = 65_535
SIZES = ("small", "medium", "large")
ROWS = ("failed", "skipped", "sent", "verified", "mismatch", "all")
"""Which of a run's values are told; "failed" are also those that Pendo holds otherwise."""
REHEARSAL_SIZE = "medium"
"""Enough to look like a subscription, little enough to pull in seconds."""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Leaves the names of commands enough room to stand on one line with their help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=20, width=100)


class Parser(argparse.ArgumentParser):
    """Argparse that raises our errors and knows what was nearly typed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, formatter_class=_Help, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Argparse's way out for every mistake."""
        raise InputError(message.removeprefix("argument "), hint=f"See `{self.prog} --help`.")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices]
        guess = nearest(str(value), choices)
        if isinstance(action, argparse._SubParsersAction):
            what = f"There is no command {str(value)[:60]!r}{guess}"
            raise InputError(what, hint=f"See `{self.prog} --help`.")
        name = action.option_strings[0] if action.option_strings else action.metavar
        raise InputError(f"{name}: {str(value)[:60]!r} is not one of {', '.join(choices)}{guess}")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Understand a command; its ``command`` names the function that carries it out.

    Raises:
        InputError: an unknown command or option, or one that lacks something.
        SystemExit: help was asked for, and printed.
    """
    parser = build()
    asked, unknown = parser.parse_known_args(list(words) or ["--help"])
    if unknown:
        known = [word for action in asked.parser._actions for word in action.option_strings]
        what = "Unknown option" if unknown[0].startswith("-") else "One argument too many:"
        raise InputError(
            f"{what} {unknown[0][:60]}{nearest(unknown[0].partition('=')[0], known)}",
            hint=f"See `{asked.parser.prog} --help`.",
        )
    return asked


def build() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog=PROGRAM,
        description="Pull Pendo data, look at it, keep every version.",
        epilog=EPILOG,
    )
    _common(parser, top=True)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    _running(commands)
    _documents(commands)
    _pulls(commands)
    _automations(commands)
    _campaigns(commands)
    _datasets(_group(commands, "dataset", "list, query, import, export, compare datasets"))
    _schedules(commands)
    _runs(_group(commands, "run", "what ran, what is running"))
    return parser


def _common(parser: argparse.ArgumentParser, *, top: bool = False) -> None:
    """The options every command takes, before or after its name."""
    absent: Any = False if top else argparse.SUPPRESS
    parser.add_argument(
        "--json", action="store_true", default=absent, help="one JSON value on stdout, nothing else"
    )
    parser.add_argument(
        "--debug", action="store_true", default=absent, help="show where an error came from"
    )


def _add(commands: Any, name: str, command: str, about: str, more: str = "") -> Parser:
    parser: Parser = commands.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=more or None
    )
    _common(parser)
    parser.set_defaults(command=command, parser=parser)
    return parser


def _group(commands: Any, name: str, about: str) -> Any:
    parser: Parser = commands.add_parser(name, help=about, description=f"{about.capitalize()}.")
    _common(parser)
    return parser.add_subparsers(metavar="COMMAND", required=True, title="commands")


def _running(commands: Any) -> None:
    start = _add(commands, "start", "start:start", "the whole workbench, in the browser")
    start.add_argument("--port", type=port, default=8501, help="where the app answers (8501)")
    start.add_argument("--no-browser", action="store_true", help="do not open a browser")
    demo = _add(
        commands, "demo", "demo:demo", "a pull end to end against the stand-in, in the terminal"
    )
    for rehearsing in (start, demo):
        # For tests: how much the stand-in makes up.
        rehearsing.add_argument(
            "--size", choices=SIZES, default=REHEARSAL_SIZE, help=argparse.SUPPRESS
        )
    standin = _add(commands, "standin", "standin:standin", "only the stand-ins, until Ctrl-C")
    standin.add_argument("--pendo-port", type=port, default=0, help="0 (default) takes a free one")
    standin.add_argument(
        "--salesforce-port", type=port, default=0, help="0 (default) takes a free one"
    )
    standin.add_argument("--seed", type=int, default=7, help="which data it makes up (7)")
    standin.add_argument("--size", choices=SIZES, default=REHEARSAL_SIZE, help="how much (medium)")
    standin.add_argument("--now", metavar="ISO", help="its present moment, fixed")


def _documents(commands: Any) -> None:
    apply = _add(commands, "apply", "documents:apply", "create or update documents")
    apply.add_argument("files", nargs="+", metavar="FILE", help="YAML; - is standard input")
    export = _add(commands, "export", "documents:export", "documents as YAML, without secrets")
    export.add_argument("what", nargs="?", metavar="KIND[/NAME]", help="all of them when left out")
    delete = _add(commands, "delete", "documents:delete", "remove a document")
    delete.add_argument("document", metavar="KIND/NAME")
    delete.add_argument(
        "--clear", action="store_true", help="empty the fields that the automation wrote, first"
    )
    delete.add_argument("--yes", action="store_true", help="with --clear: the sheet has been read")
    history = _add(commands, "history", "documents:history", "who changed a document, and when")
    history.add_argument("document", metavar="KIND/NAME")
    connection = _group(commands, "connection", "the systems that are connected")
    test = _add(connection, "test", "connections:test", "ask whether the key is good, and for what")
    test.add_argument("name", metavar="NAME")


def _pulls(commands: Any) -> None:
    pull = _group(commands, "pull", "preview and run pulls")
    preview = _add(pull, "preview", "pulls:preview", "first rows and effect; changes nothing")
    preview.add_argument("name", metavar="NAME")
    preview.add_argument("--rows", type=count, default=20, help="how many rows to show (20)")
    run = _add(pull, "run", "pulls:run", "fetch the rows and make the dataset's next version")
    run.add_argument("name", metavar="NAME")
    run.add_argument(
        "--release", action="store_true", help="let an answer without rows empty the dataset"
    )


def _automations(commands: Any) -> None:
    automation = _group(commands, "automation", "sync predictions into Pendo")
    preview = _add(
        automation, "preview", "automations:preview", "what a run would write; writes nothing"
    )
    preview.add_argument("name", metavar="NAME")
    preview.add_argument("--out", metavar="FILE", help="the whole sheet: .csv, .parquet or .xlsx")
    run = _add(automation, "run", "automations:run", "guardrails, push, verify")
    run.add_argument("name", metavar="NAME")
    run.add_argument("--fingerprint", metavar="F", help="only if the plan still is this one")
    run.add_argument("--release", action="store_true", help="let a plan go that is held")
    for name, about in (
        ("activate", "switch it on: from now on its schedules run it"),
        ("deactivate", "switch it off"),
    ):
        switch = _add(automation, name, f"automations:{name}", about)
        switch.add_argument("name", metavar="NAME")
    undo = _add(
        automation, "undo", "automations:undo", "write what stood before a run, where nobody has"
        " changed it since"
    )  # fmt: skip
    undo.add_argument("run", type=int, metavar="RUN")
    undo.add_argument("--preview", action="store_true", help="only show what it would write")


def _campaigns(commands: Any) -> None:
    campaign = _group(commands, "campaign", "sync Salesforce campaigns with the mail side")
    found = _add(campaign, "list", "campaigns:listed", "every campaign and how it is synced")
    preview = _add(campaign, "preview", "campaigns:preview", "what a sync would change; no more")
    sync = _add(campaign, "sync", "campaigns:sync", "synchronize, or make the first edition")
    for one in (preview, sync):
        one.add_argument("id", metavar="ID", help="15 or 18 characters, or its name")
        one.add_argument("--kind", choices=("initial", "manual"), default="manual")
    preview.add_argument("--out", metavar="FILE", help="write the whole sheet as CSV")
    sync.add_argument("--fingerprint", metavar="F", help="only if the sheet is still that one")
    sync.add_argument("--yes", action="store_true", help="ask nothing, whoever would leave")
    sync.add_argument(
        "--failed-of", type=int, metavar="RUN", help="only what Salesforce refused in that run"
    )
    sync.add_argument("--code", action="append", metavar="CODE", help="of it, only this refusal")
    nightly = _add(campaign, "nightly", "campaigns:nightly", "the nightly batch, now")
    nightly.add_argument("--now", metavar="ISO", help="as if it were that moment")
    hourly = _add(
        campaign,
        "hourly",
        "campaigns:hourly",
        "the hourly batch, now (documented only in the older manual; rules not public)",
    )
    hourly.add_argument("--now", metavar="ISO", help="as if it were that moment")
    autosync = _add(campaign, "autosync", "campaigns:autosync", "the Auto Sync checkbox")
    autosync.add_argument("id", metavar="ID")
    autosync.add_argument("switch", choices=("on", "off"))
    budget = _add(campaign, "budget", "campaigns:budget", "calls used, left, forecast, wasted")
    for releasing in (preview, sync, nightly, hourly):
        releasing.add_argument("--release", action="store_true", help="let held deletes go")
    for each in (found, preview, sync, nightly, hourly, autosync, budget):
        each.add_argument("--sync", metavar="NAME", help="which campaign sync, if several")


def _datasets(dataset: Any) -> None:
    _add(dataset, "list", "datasets:listed", "every dataset")
    show = _add(dataset, "show", "datasets:show", "columns, types and column statistics")
    show.add_argument("name", metavar="NAME")
    versions = _add(dataset, "versions", "datasets:versions", "every version with its run")
    versions.add_argument("name", metavar="NAME")
    sql = _add(dataset, "sql", "datasets:sql", "ask all datasets, by name; read-only")
    sql.add_argument("query", metavar="SELECT")
    sql.add_argument("--limit", type=count, help="most rows (on a screen: 100)")
    sql.add_argument("--out", metavar="FILE", help="write to .csv, .parquet or .xlsx")
    export = _add(dataset, "export", "datasets:export", "write a dataset to a file")
    export.add_argument("name", metavar="NAME")
    export.add_argument("--out", metavar="FILE", required=True, help=".csv, .parquet or .xlsx")
    export.add_argument("--version", type=int, metavar="V", help="the newest when left out")
    load = _add(
        dataset, "import", "datasets:load", "make a dataset, or its next version, of a file"
    )
    load.add_argument("name", metavar="NAME")
    load.add_argument("file", metavar="FILE", help=".csv, .parquet or .xlsx")
    load.add_argument("--append", action="store_true", help="add the rows; else they replace")
    diff = _add(dataset, "diff", "datasets:diff", "what differs between two versions")
    diff.add_argument("name", metavar="NAME")
    diff.add_argument("first", type=int, metavar="V1")
    diff.add_argument("second", type=int, metavar="V2")
    revert = _add(dataset, "revert", "datasets:revert", "go back: a new version, nothing lost")
    revert.add_argument("name", metavar="NAME")
    revert.add_argument("version", type=int, metavar="V")


def _schedules(commands: Any) -> None:
    schedule = _group(commands, "schedule", "when jobs run by themselves, and what was missed")
    _add(schedule, "list", "schedules:listed", "every schedule, its next fire, the last run")
    coming = _add(schedule, "next", "schedules:coming", "the next fires of all jobs")
    coming.add_argument("-n", type=count, default=10, dest="limit", help="how many (10)")
    _add(schedule, "missed", "schedules:missed", "slots that nothing ran for")
    catchup = _add(schedule, "catchup", "schedules:catchup", "make up for missed slots, or not")
    catchup.add_argument("name", metavar="NAME", help="such as pull/page-events")
    catchup.add_argument("decision", choices=("once", "each", "skip"))
    catchup.add_argument("--wait", action="store_true", help="run now, instead of queueing")
    for name, about in (
        ("on", "let a job run by its schedules; resumes one that was paused"),
        ("off", "stop a job's schedules; it can still be run"),
    ):
        switch = _add(schedule, name, "schedules:switch", about)
        switch.add_argument("name", metavar="NAME", help="such as pull/page-events")
        switch.set_defaults(on=name == "on")
    scheduler = _add(commands, "scheduler", "scheduler:scheduler", "run jobs when they are due")
    scheduler.add_argument("--once", action="store_true", help="run what is due, then exit")
    scheduler.add_argument("--now", metavar="ISO", help="the moment to start from, for rehearsals")
    # For `start`: the scheduler ends with the process that started it, even when that is killed.
    scheduler.add_argument("--with-parent", type=int, metavar="PID", help=argparse.SUPPRESS)


def _runs(run: Any) -> None:
    listed = _add(run, "list", "runs:listed", "the newest runs")
    listed.add_argument("--job", help="such as pull/page-events")
    listed.add_argument(
        "--status",
        choices=("queued", "running", "done", "done with errors", "held", "failed", "cancelled"),
    )
    listed.add_argument("-n", type=count, default=20, dest="limit", help="how many (20)")
    again = _add(run, "retry", "runs:retry", "try a finished run again")
    again.add_argument("run", type=int, metavar="ID")
    again.add_argument("--wait", action="store_true", help="run it now, instead of queueing it")
    for name, about in (
        ("show", "one run"),
        ("cancel", "stop a run; what is finished is kept"),
        ("carry-out", "carry out a waiting run: what the scheduler starts"),
    ):
        one = _add(run, name, f"runs:{name.replace('-', '_')}", about)
        # Without a number carry-out forks a process for each run that the scheduler tells it.
        many = "?" if name == "carry-out" else None
        one.add_argument("run", type=int, metavar="ID", nargs=many)
        if name == "show":
            one.add_argument("--rows", choices=ROWS, help="the values it wrote, or did not")
    log = _add(run, "log", "runs:log", "what a run said")
    log.add_argument("run", type=int, metavar="ID")
    log.add_argument("--follow", action="store_true", help="until it ends")


def port(text: str) -> int:
    """A port number; 0 stands for any free one."""
    return _within(text, 0, HIGHEST_PORT, "a port is a number")


def count(text: str) -> int:
    """How many, at least one."""
    return _within(text, 1, 10**12, "how many is a number")


def _within(text: str, least: int, most: int, what: str) -> int:
    number: Callable[[str], int] = int
    try:
        if least <= (found := number(text)) <= most:
            return found
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text[:40]!r}: {what} from {least} to {most}")
