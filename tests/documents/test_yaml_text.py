"""YAML read plainly, written so that it reads back the same, and never expensive."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.documents.yaml_text import Text, dump, written


def read(content: str) -> list[dict[str, Any]]:
    documents, faults = written(Text("f.yaml", content))
    assert faults == []
    return [document.value for document in documents]


def faults_of(content: str) -> list[str]:
    return [str(fault) for fault in written(Text("f.yaml", content))[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("0123", "0123"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("1e5", "1e5"),
        ("-323232", -323232),
        ("1.50", 1.5),
        ("~", None),
        ("", None),
        ("2026-03-01", date(2026, 3, 1)),
        ("2026-02-30", "2026-02-30"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
        (".nan", ".nan"),
        ("<<", "<<"),
        ("=", "="),
        ("'5'", "5"),
    ],
)
def test_a_plain_word_means_what_it_seems_to(text: str, value: object) -> None:
    assert read(f"a: {text}") == [{"a": value}]


def test_keys_are_words_even_where_yaml_sees_something_else() -> None:
    assert read("on: 1\n2026: 2\ntrue: 3\nnull: 4") == [{"on": 1, "2026": 2, "true": 3, "null": 4}]


def test_several_documents_and_empty_ones_between() -> None:
    assert read("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n") == [{"a": 1}, {"b": 2}]
    assert read("") == []


def test_every_part_knows_its_line() -> None:
    [document], _ = written(Text("f.yaml", "a: 1\nb:\n  - x: 1\n  - x: 2\n    y: 3\n"))

    assert document.line(("a",)) == 1
    assert document.line(("b", 1, "y")) == 5
    assert document.line(("b", 1, "gone", "deeper")) == 4
    assert document.line() == 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("a: [1", "f.yaml:1: not YAML: did not find expected ',' or ']'"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3: the key a is there twice"),
        ("a: 1\n---\n- b", "f.yaml:3: a document is a list of `key: value`"),
        ("just words", "f.yaml:1: a document is a list of `key: value`"),
        ("a:\n\tb: 1", "f.yaml:2: not YAML: found character that cannot start any token"),
        ("a: \0", "f.yaml:1: not YAML: control characters are not allowed"),
        ("? [a]\n: 1", "f.yaml:1: a key must be a word"),
        ("x: &x {a: 1}\ny:\n  <<: *x", "f.yaml:3: `<<` is not supported: write the lines out"),
        ("a: *nothing", "f.yaml:1: not YAML: found undefined alias"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(content: str, fault: str) -> None:
    assert faults_of(content) == [fault]


def test_a_text_can_make_no_object() -> None:
    [fault] = faults_of("a: !!python/object/apply:os.system [ls]")
    assert "is not allowed" in fault
    [fault] = faults_of("a: !secret x")
    assert "the tag !secret is not allowed" in fault


def test_no_text_costs_more_than_its_size() -> None:
    levels = "".join(f"l{n + 1}: &l{n + 1} [{','.join([f'*l{n}'] * 10)}]\n" for n in range(12))

    assert "aliases make this document too large" in faults_of(f"l0: &l0 [1]\n{levels}")[0]
    assert "aliases make this document too large" in faults_of("a: &a [*a]")[0]
    assert "levels deep" in faults_of("a: " + "[" * 100_000)[0]
    assert "is not a number" in faults_of("a: " + "9" * 10_000)[0]
    assert "too many" in faults_of("a: b\n" * 500_000)[0]


def test_an_alias_stands_for_what_it_names() -> None:
    assert read("a: &days {back: 3}\nb: *days") == [{"a": {"back": 3}, "b": {"back": 3}}]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.text(), json_values, max_size=5), max_size=3))
def test_what_is_written_reads_back_the_same(bodies: list[dict[str, Any]]) -> None:
    assert read(dump(bodies)) == bodies


@pytest.mark.parametrize(
    "text", ["on", "2026-03-01", "1e5", "0123", "a\nb\n", " a\n b ", "é\u2028", "<<"]
)
def test_awkward_texts_stay_texts(text: str) -> None:
    assert read(dump([{"a": text, text: [text]}])) == [{"a": text, text: [text]}]
