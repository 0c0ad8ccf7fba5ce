"""Documents as raw bodies: stored, compared, remembered."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import StatementError

from workbench.store.state import State


def test_a_document_says_what_putting_it_did(state: State) -> None:
    outcomes = [
        state.documents.put("pull", "visits", body, who="ann")
        for body in ({"a": 1}, {"a": 1}, {"a": 2})
    ]

    assert outcomes == ["created", "unchanged", "updated"]
    assert state.documents.get("pull", "visits") == {"a": 2}
    assert state.documents.get("pull", "other") is None


def test_history_tells_who_when_before_and_after(state: State) -> None:
    before = datetime.now(UTC)
    state.documents.put("pull", "visits", {"a": 1}, who="ann")
    state.documents.put("pull", "visits", {"a": 1}, who="nobody")
    state.documents.put("pull", "visits", {"a": 2}, who="bob")
    state.documents.delete("pull", "visits", "cy")

    history = state.documents.history("pull", "visits")

    assert [(c.who, c.before, c.after) for c in history] == [
        ("ann", None, {"a": 1}),
        ("bob", {"a": 1}, {"a": 2}),
        ("cy", {"a": 2}, None),
    ]
    assert all(before <= change.at <= datetime.now(UTC) for change in history)
    assert state.documents.history("pull", "never") == []


def test_deleting_says_whether_there_was_anything(state: State) -> None:
    state.documents.put("pull", "visits", {}, who="ann")

    assert state.documents.delete("pull", "visits", "ann")
    assert not state.documents.delete("pull", "visits", "ann")
    assert state.documents.names("pull") == []


def test_several_documents_are_stored_together_or_not_at_all(state: State) -> None:
    with pytest.raises((StatementError, TypeError), match="not JSON"):
        state.documents.put_many([("pull", "a", {}), ("pull", "b", {"x": object()})], who="ann")

    assert state.documents.all() == []


def test_names_are_sorted_the_same_everywhere(state: State) -> None:
    names = ["a-b", "ab", "a-a", "b", "a"]
    state.documents.put_many([("pull", name, {}) for name in names], who="ann")

    assert state.documents.names("pull") == sorted(names)
    assert [stored.name for stored in state.documents.all("pull")] == sorted(names)


def test_a_body_keeps_its_text_its_types_and_the_order_of_its_keys(state: State) -> None:
    body = {
        "z": "'\"\\ é \U0001f600 \0",
        "a": [1, 1.5, True, None, {"y": 1, "x": 2}],
        "m": -(2**60),
    }
    state.documents.put("pull", "visits", body, who="ann")

    kept = state.documents.get("pull", "visits")

    assert kept == body
    assert kept is not None
    assert list(kept) == list(body)


def test_a_note_is_history_even_when_the_body_is_the_same(state: State) -> None:
    state.documents.put("connection", "acme", {}, who="ann")
    notes = {("connection", "acme"): "key changed"}

    outcome = state.documents.put_many([("connection", "acme", {})], who="bob", notes=notes)

    assert outcome == ["updated"]
    assert state.documents.history("connection", "acme")[-1].note == "key changed"


def test_a_transaction_over_documents_and_secrets_is_all_or_nothing(state: State) -> None:
    def fail() -> None:
        with state.transaction() as within:
            state.secrets.set("connection/acme/key", "fake", within=within)
            state.documents.put_many([("connection", "acme", {})], who="ann", within=within)
            raise RuntimeError("the machine stops here")

    with pytest.raises(RuntimeError):
        fail()

    assert state.documents.all() == []
    assert not state.secrets.is_set("connection/acme/key")
