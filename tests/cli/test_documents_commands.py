"""``apply``, ``export``, ``delete``, ``history``: all or nothing, secrets never."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CONNECTION, PULL, Cli

TEXT = f"{CONNECTION.format(url='https://app.pendo.io')}---\n{PULL}"
SECRET = "rehearsal-write-key"


def test_apply_tells_each_document_in_words_and_in_json(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(TEXT)

    first = cli("apply", "all.yaml")
    again = cli("apply", "all.yaml", "--json")

    assert (first.code, first.err) == (0, "")
    assert first.out == "created connection/acme\ncreated pull/page-events\n"
    assert again.value == [
        {"outcome": "unchanged", "kind": "connection", "name": "acme"},
        {"outcome": "unchanged", "kind": "pull", "name": "page-events"},
    ]


def test_apply_takes_several_files_and_standard_input(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pull.yaml").write_text(f"\ufeff{PULL}")  # with the mark that Windows puts first

    done = cli("apply", "pull.yaml", "-", given=CONNECTION.format(url="https://app.pendo.io"))

    assert done.out == "created pull/page-events\ncreated connection/acme\n"


def test_applying_an_export_changes_nothing(cli: Cli) -> None:
    cli("apply", "-", given=TEXT)

    exported = cli("export").out

    assert SECRET not in exported
    assert {line.split()[0] for line in cli("apply", "-", given=exported).out.splitlines()} == {
        "unchanged"
    }
    assert cli("export", "pull").out.startswith("kind: pull\nname: page-events\n")
    assert cli("export", "pull/page-events").out == cli("export", "page-events").out
    assert [body["name"] for body in cli("export", "--json").value] == ["acme", "page-events"]
    assert cli("export", "connection", "--json").value[0]["key_env"] == "PENDO_KEY"


def test_an_empty_home_exports_nothing(cli: Cli) -> None:
    assert cli("export").out == ""
    assert cli("export", "--json").value == []


def test_history_says_who_changed_what(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    cli("apply", "-", given=TEXT)
    cli("apply", "-", given=PULL.replace("days_back: 3", "days_back: 4"))
    monkeypatch.setenv("LOGNAME", "bob")
    assert cli("delete", "pull/page-events").out == "deleted pull/page-events\n"

    lines = cli("history", "pull/page-events").out.splitlines()
    changes = cli("history", "pull/page-events", "--json").value

    assert [line.split("Z  ")[1] for line in lines] == [
        "ann  created",
        'ann  duration: {"days_back":3} → {"days_back":4}',
        "bob  deleted",
    ]
    assert [(c["who"], c["what"]) for c in changes][2] == ("bob", "deleted")
    assert changes[0]["before"] is None
    assert changes[1]["after"]["duration"] == {"days_back": 4}
    assert changes[0]["at"].endswith("Z")


def test_delete_refuses_what_others_need_and_what_is_not_there(cli: Cli) -> None:
    cli("apply", "-", given=TEXT)

    used = cli("delete", "connection/acme")
    unknown = cli("delete", "pull/page-event")

    assert used.code == unknown.code == 2
    assert used.err.startswith("error: connection/acme is used by pull/page-events\nhint: ")
    assert unknown.err.startswith("error: There is no pull 'page-event'; did you mean page-events?")
    assert cli("delete", "page-events", "--json").value == {"deleted": "pull/page-events"}
    assert cli("delete", "acme").code == 0


def test_every_fault_is_an_error_line_and_nothing_is_applied(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        TEXT.replace("days_back: 3", "days_bak: 3").replace("source:", "sauce:")
    )

    done = cli("apply", "bad.yaml", "--json")

    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "error: bad.yaml:10 pull/page-events: unknown key sauce; did you mean source?",
        "error: bad.yaml:11 pull/page-events: unknown key duration.days_bak; "
        "did you mean days_back?",
    ]
    assert cli("export").out == ""


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x00\x01\x02\xff\xfe", "error: file.yaml is not a text file"),
        (b"a: [1, 2", "error: file.yaml:1: not YAML: did not find expected ',' or ']'"),
        (b"", "error: There is no document to apply"),
        (
            b"kind: pull\nname: ../x\nconnection: y\nsource: accounts",
            "error: file.yaml:2 pull/../x",
        ),
        (b"kind: nonsense", "error: file.yaml:1 nonsense: unknown kind nonsense"),
        (b"- just\n- a list", "error: file.yaml:1: a document is a list of `key: value`"),
        (b"key: [" * 5000, "error: file.yaml:1: "),
        (b"PK\x03\x04" + b"\0" * 100, "error: file.yaml:1: not YAML: control characters"),
        (
            b"kind: connection\nname: x\nkey: " + SECRET.encode(),
            "error: file.yaml:3 connection/x: key",
        ),
    ],
)
def test_a_hostile_file_is_a_sentence(cli: Cli, tmp_path: Path, content: bytes, error: str) -> None:
    (tmp_path / "file.yaml").write_bytes(content)

    done = cli("apply", "file.yaml")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(error)
    assert SECRET not in done.err


def test_a_file_that_cannot_be_read_is_a_sentence(cli: Cli, tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(100_000_000)

    assert (
        cli("apply", "gone.yaml").err
        == "error: gone.yaml cannot be read: No such file or directory\n"
    )
    assert cli("apply", ".").err == "error: . cannot be read: Is a directory\n"
    assert cli("apply", "huge.yaml").err == "error: huge.yaml is too large for documents\n"
    assert {cli("apply", name).code for name in ("gone.yaml", ".", "huge.yaml")} == {2}


def test_a_key_that_is_not_in_the_environment_is_a_sentence(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PENDO_KEY")

    done = cli("apply", "-", given=TEXT)

    assert done.code == 2
    assert (
        "stdin:4 connection/acme: key_env: the environment variable PENDO_KEY is not set"
        in done.err
    )
    assert "hint: Run `export PENDO_KEY=…`" in done.err


def test_no_secret_is_in_the_home_in_the_clear_or_open_to_others(cli: Cli, home: Path) -> None:
    shutil.rmtree(home)  # so that the command makes it
    cli("apply", "-", given=TEXT)
    cli("history", "connection/acme")

    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "secret.key").stat().st_mode & 0o777 == 0o600


def test_two_homes_share_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("apply", "-", given=TEXT)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "other"))

    assert cli("export").out == ""


def test_a_home_of_a_newer_version_is_refused_whatever_is_asked(cli: Cli, home: Path) -> None:
    import sqlite3

    cli("export")
    with sqlite3.connect(home / "state.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '0999'")
    database.close()

    for words in (["export"], ["run", "list"], ["dataset", "list"], ["apply", "-"]):
        done = cli(*words, given=TEXT)
        assert done.code == 2
        assert done.err.startswith("error: This home was written by a newer version")
        assert "hint: Upgrade the workbench" in done.err


def test_as_a_process_the_streams_and_codes_are_the_same(cli: Cli, process: Cli) -> None:
    assert process("apply", "-", given=TEXT).out.count("created") == 2
    bad = process("apply", "-", "--json", given=TEXT.replace("source:", "sauce:"))

    assert (bad.code, bad.out) == (2, "")
    assert bad.err.startswith("error: stdin:10 pull/page-events: unknown key sauce")
    assert process("export", "--json").value[0]["name"] == "acme"
    assert os.environ["PENDO_KEY"] not in process("export").out
