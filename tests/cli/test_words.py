"""The words of the command line: help, mistakes, exit codes, what goes to which stream."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Cli, command
from workbench.cli.parser import build

PROMISED = [
    "start",
    "demo",
    "standin",
    "apply",
    "export",
    "delete",
    "history",
    "connection test",
    "pull preview",
    "pull run",
    "dataset list",
    "dataset show",
    "dataset versions",
    "dataset sql",
    "dataset export",
    "dataset import",
    "dataset diff",
    "dataset revert",
    "run list",
    "run show",
    "run log",
    "run cancel",
]


@pytest.mark.parametrize("words", PROMISED)
def test_every_command_has_help_that_says_what_it_does(cli: Cli, words: str) -> None:
    done = cli(*words.split(), "--help")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: python -m workbench {words}")
    assert "--json" in done.out


def test_no_words_are_answered_with_help(cli: Cli) -> None:
    done = cli()

    assert done.code == 0
    assert "exit codes" in done.out


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom workbench.cli.main import main\nmain(['--help'])\n"
        "heavy = {'pydantic', 'yaml', 'sqlalchemy', 'pyarrow', 'duckdb', 'pandas', 'requests'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True)


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (
            ["pul"],
            "There is no command 'pul'; did you mean pull?",
            "See `python -m workbench --help`.",
        ),
        (
            ["pull"],
            "the following arguments are required: COMMAND",
            "See `python -m workbench pull",
        ),
        (["pull", "rn", "x"], "There is no command 'rn'; did you mean run?", "See `python"),
        (["pull", "run"], "the following arguments are required: NAME", "See `python"),
        (
            ["pull", "run", "x", "--jsn"],
            "Unknown option --jsn; did you mean --json?",
            "See `python",
        ),
        (["pull", "run", "x", "y"], "One argument too many: y", "See `python"),
        (
            ["pull", "preview", "x", "--rows", "0"],
            "--rows: '0': how many is a number from 1",
            "See",
        ),
        (
            ["start", "--port", "99999"],
            "--port: '99999': a port is a number from 0 to 65535",
            "See",
        ),
        (
            ["standin", "--size", "larg"],
            "--size: 'larg' is not one of small, medium, large; did",
            "",
        ),
        (["dataset", "revert", "x", "one"], "V: invalid int value: 'one'", "See `python"),
        (["run", "list", "--status", "runing"], "--status: 'runing' is not one of", ""),
        (["apply"], "the following arguments are required: FILE", "See `python"),
    ],
)
def test_a_mistake_is_one_line_and_a_hint(
    cli: Cli, words: list[str], error: str, hint: str
) -> None:
    done = cli(*words)

    assert (done.code, done.out) == (2, "")
    first, *rest = done.err.splitlines()
    assert first.startswith(f"error: {error}")
    assert [line for line in rest if not line.startswith(f"hint: {hint}")] == []


def test_json_may_be_said_before_or_after_the_command(cli: Cli) -> None:
    assert cli("--json", "run", "list").value == []
    assert cli("run", "list", "--json").value == []


def test_an_unexpected_error_is_one_line_and_a_traceback_only_when_asked(
    cli: Cli, home: Path
) -> None:
    (home / "settings.yaml").mkdir()  # a folder where a file belongs

    done = cli("run", "list")
    assert done.code == 1
    assert done.err.startswith("error: something unexpected went wrong: IsADirectoryError")
    assert "hint: Run it again with --debug" in done.err
    assert "Traceback" not in done.err

    assert "Traceback" in cli("run", "list", "--debug").err


def test_a_reader_that_has_seen_enough_is_no_error(home: Path) -> None:
    # More than a pipe holds, so that the writer finds it closed.
    documents = "".join(
        f"kind: connection\nname: c{n}\ndescription: {'x' * 1000}\n---\n" for n in range(200)
    )
    subprocess.run(
        command("apply", "-"),
        input=documents,
        text=True,
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )

    writer = subprocess.Popen(
        command("export"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.read(10)
    writer.stdout.close()

    assert writer.stderr.read() == b""
    assert writer.wait() == 0
    writer.stderr.close()


def test_output_that_finds_no_room_is_a_sentence(home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("run", "list", "--json"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: The disk is full: the output could not be written\nhint: "
    )
    assert len(done.stderr.splitlines()) == 2


def test_a_name_cannot_steer_the_terminal(cli: Cli) -> None:
    done = cli("history", "pull/\x1b[31m\nred")

    assert done.code == 2
    assert "\x1b" not in done.err
    assert len(done.err.splitlines()) == 2


def test_the_help_names_every_promised_command() -> None:
    listed = re.findall(r"^    (\w+)", build().format_help(), flags=re.MULTILINE)

    assert {words.split()[0] for words in PROMISED} <= set(listed)
