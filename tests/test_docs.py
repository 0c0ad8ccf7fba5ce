"""The documents say what is there: every command, word, requirement line and link is checked."""

import importlib
import re
import subprocess
from pathlib import Path

import pytest

from workbench.cli.parser import build
from workbench.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / line for line in listed.stdout.splitlines())
    return [path for path in paths if path.is_file()]


def commands() -> list[str]:
    """Every command of the parser, as a person types it."""
    found: list[str] = []

    def walk(parser: object, words: tuple[str, ...]) -> None:
        below = [
            action.choices
            for action in parser._actions  # type: ignore[attr-defined]
            if isinstance(getattr(action, "choices", None), dict)
        ]
        if not below and words:
            found.append(" ".join(words))
        for choices in below:
            for word, child in choices.items():
                walk(child, (*words, word))

    walk(build(), ())
    return found


def test_every_command_is_in_the_documents() -> None:
    page = text(DOCS / "command-line.md")

    assert len(commands()) > 15
    assert [each for each in commands() if f"`{each}" not in page] == []


def test_every_setting_is_in_the_documents() -> None:
    page = text(DOCS / "command-line.md")

    assert [key for key in Settings.model_fields if f"WORKBENCH_{key.upper()}" not in page] == []


def glossary() -> list[tuple[str, str]]:
    return re.findall(r"^\| ([a-z -]+) \| .* \| `([\w.]+)` \|$", text(DOCS / "glossary.md"), re.M)


@pytest.mark.parametrize(("word", "where"), glossary(), ids=lambda value: value)
def test_every_word_of_the_glossary_is_in_the_code(word: str, where: str) -> None:
    module, _, name = where.rpartition(".")

    assert hasattr(importlib.import_module(module), name)


def test_the_glossary_is_in_alphabetical_order() -> None:
    words = [word for word, _ in glossary()]

    assert len(words) > 20
    assert words == sorted(words)


def feature_lines() -> list[tuple[str, str, str]]:
    """Requirement line, state, what shows it."""
    row = re.compile(r"^\| ([ABC]-\d\d) \| .* \| (shown|open|part) \| (.*) \|$", re.M)
    return row.findall(text(DOCS / "features.md"))


@pytest.mark.parametrize(("letter", "count"), [("B", 70), ("A", 65), ("C", 8)])
def test_every_requirement_line_is_accounted_for(letter: str, count: int) -> None:
    lines = [line for line, _, _ in feature_lines() if line.startswith(letter)]

    assert lines == [f"{letter}-{number:02}" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("line", "shown_by"),
    [(line, shown) for line, state, shown in feature_lines() if state != "open"],
)
def test_what_is_ticked_is_shown_by_a_test_that_exists(line: str, shown_by: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown_by)

    assert named, f"{line} names no test"
    for path, test in named:
        assert f"def {test}(" in text(ROOT / path), f"{line} names a test that is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text(page))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_has_the_two_commands_and_says_where_data_lives() -> None:
    readme = text(ROOT / "README.md")

    assert "make start" in readme
    assert "make test" in readme
    assert ".workbench" in readme


FORBIDDEN = {
    "a machine's path": r"(?<![\w.])/(?:work|root|home/\w+)/\w",
    "a registry's host": r"\b(?:files\.pythonhosted|py"
    + r"pi|registry\.npm"
    + r"js|deb\.debian)\.org",
    "a private key": "BEGIN [A-Z ]*PRIVATE" + " KEY",
    "something shaped like a key": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_that_is_kept_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    kept = [path for path in tracked() if path.suffix not in (".png", ".parquet", ".xlsx")]
    found = [
        str(path.relative_to(ROOT))
        for path in kept
        if pattern.search(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []
