"""The cutter gives the array exactly, and never takes a part for the whole."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import workbench.pendo.body as body
import workbench.pendo.cutting as cutting
from workbench.errors import BrokenAnswerError
from workbench.pendo.body import Keys
from workbench.pendo.cutting import ArrayCutter
from workbench.transport import CutShortError

nasty = st.text(st.sampled_from('ab"\\[]{},:\n\té€😀 ')) | st.text(max_size=5)
"""Text made of what a careless cutter would stumble over."""
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | nasty,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3),
    max_leaves=12,
)
rows = st.lists(st.dictionaries(nasty, values, max_size=3) | values, max_size=4)
others = st.dictionaries(nasty.filter(lambda key: key != "results"), values, max_size=3)
styles: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "indent": st.sampled_from([None, 0, 2]),
        "separators": st.sampled_from([None, (",", ":"), (" ,\n ", " :\t")]),
    }
)


def cut(document: bytes, chunk_bytes: int = 1 << 20) -> bytes:
    """What the cutter makes of a document that comes in chunks of a size."""
    sink = io.BytesIO()
    fed(document, chunk_bytes, sink).close()
    return sink.getvalue()


def fed(document: bytes, chunk_bytes: int, sink: io.BytesIO | None = None) -> ArrayCutter:
    """A cutter that has taken a document in chunks of a size."""
    cutter = ArrayCutter(sink or io.BytesIO())
    for start in range(0, len(document), chunk_bytes):
        cutter.feed(document[start : start + chunk_bytes])
    return cutter


@contextmanager
def blocks_of(block_bytes: int) -> Iterator[None]:
    """The block is a constant of the module; one so small puts a seam at every place."""
    usual, body.BLOCK_BYTES = body.BLOCK_BYTES, block_bytes
    try:
        yield
    finally:
        body.BLOCK_BYTES = usual


def keys_of(value: object) -> Keys:
    """The keys of a JSON value at any depth, and how many of them have a text as their value."""
    if isinstance(value, list):
        return sum((keys_of(each) for each in value), Keys())
    if isinstance(value, dict):
        texts = sum(isinstance(each, str) for each in value.values())
        return Keys(len(value), texts) + keys_of(list(value.values()))
    return Keys()


@settings(max_examples=150, deadline=None)
@given(before=others, results=rows, after=others, style=styles, chunk_bytes=st.integers(1, 99))
@example(before={"a": 1, "b": [["]"]]}, results=[], after={}, style={}, chunk_bytes=1)
@example(before={}, results=[{"a": "\\"}, "]", '"'], after={"x": ["]}"]}, style={}, chunk_bytes=2)
def test_any_document_in_any_chunks_gives_its_array(
    before: dict[str, Any],
    results: list[Any],
    after: dict[str, Any],
    style: dict[str, Any],
    chunk_bytes: int,
) -> None:
    document = json.dumps({**before, "results": results, **after}, **style).encode()

    assert json.loads(cut(document, chunk_bytes)) == results


@settings(max_examples=60, deadline=None)
@given(results=rows, style=styles, chunk_bytes=st.integers(1, 99))
def test_a_bare_array_passes_as_it_is(
    results: list[Any], style: dict[str, Any], chunk_bytes: int
) -> None:
    document = json.dumps(results, **style).encode()

    assert cut(document, chunk_bytes) == document


@settings(max_examples=60, deadline=None)
@given(before=others, results=rows, after=others, style=styles, bare=st.booleans())
@example(before={}, results=[{"a": [{"b": 1}]}], after={}, style={}, bare=False)
@example(before={}, results=[{"s": "}]", "a": [{}]}], after={}, style={}, bare=False)
@example(before={}, results=[{"results": [[]]}], after={"x": [1, {}]}, style={}, bare=False)
def test_cut_anywhere_it_is_noticed(
    before: dict[str, Any],
    results: list[Any],
    after: dict[str, Any],
    style: dict[str, Any],
    bare: bool,
) -> None:
    whole = results if bare else {**before, "results": results, **after}
    document = json.dumps(whole, **style).encode()

    for end in range(len(document)):
        with pytest.raises(CutShortError):
            cut(document[:end], chunk_bytes=max(1, end // 2))


@settings(max_examples=100, deadline=None)
@given(results=rows, block_bytes=st.integers(1, 9), style=styles)
@example(results=['\\\\"]', "\\", '"'], block_bytes=1, style={})
def test_blocks_end_between_a_backslash_and_what_it_escapes(
    results: list[Any], block_bytes: int, style: dict[str, Any]
) -> None:
    document = json.dumps({"results": results}, **style).encode()
    with blocks_of(block_bytes):
        assert json.loads(cut(document)) == results


@pytest.mark.parametrize(
    "document",
    [
        '{"results": null}',
        "{}",
        ' { "startTime" : 5 } \n',
        '{"results":null,"more":[1]}',
        '{"results":[]}',
        '\ufeff{"results":[]}',
        '{"r\\u0065sults":[]}',
    ],
)
@pytest.mark.parametrize("chunk_bytes", [1, 99])
def test_no_rows_come_in_many_shapes(document: str, chunk_bytes: int) -> None:
    assert cut(document.encode(), chunk_bytes) == b"[]"


@pytest.mark.parametrize(
    "document",
    [
        "<html><body>Sign in</body></html>",
        "404 page not found\n",
        '"text"',
        "17",
        "null",
        '{"results": {}}',
        '{"results": "[]"}',
        '{"results": 5, "a": 1}',
        '{"results": []} {"results": []}',
        '{"results": [] "a": 1}',
        '{"results": []]',
        '{"results": [],}',
        '{"results": [], "results": [1]}',
        '{"results": [], "a": 1}}',
        '{"a" 5}',
        '{"a": 1 "results": []}',
        "[] []",
        "{} {}",
        '{"a":' + "[" * 100_000,
    ],
)
def test_what_is_no_such_answer_is_told_from_a_cut_one(document: str) -> None:
    with pytest.raises(BrokenAnswerError) as caught:
        cut(document.encode())
    assert type(caught.value) is BrokenAnswerError
    assert caught.value.hint


def test_an_empty_body_is_a_cut_one() -> None:
    for document in (b"", b"  \n", b"\xef\xbb"):
        with pytest.raises(CutShortError):
            cut(document)


def test_a_long_value_before_the_array_comes_in_small_chunks() -> None:
    before = {"a": ["x" * 50] * 20_000}
    document = json.dumps({**before, "results": [1]}).encode()

    assert cut(document, chunk_bytes=1000) == b"[1]"


def test_an_edge_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "LONGEST_EDGE_BYTES", 1000)

    for document in (b'{"a": "' + b"x" * 5000, b'{"results": [1], "a": "' + b"x" * 5000):
        with pytest.raises(BrokenAnswerError, match="too much"):
            cut(document, chunk_bytes=100)


def test_rows_are_passed_on_while_they_come() -> None:
    sink = io.BytesIO()
    cutter = ArrayCutter(sink)

    cutter.feed(b'{"results": [{"a": 1},')

    assert sink.getvalue() == b'[{"a": 1},'


compact: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "separators": st.just((",", ":"))}
)


@settings(max_examples=150, deadline=None)
@given(before=others, results=rows, after=others, style=compact, chunk_bytes=st.integers(1, 99))
@example(
    before={},
    results=[{'a\\"': '\\":"'}],
    after={"b": "c"},
    style={"separators": (",", ":")},
    chunk_bytes=1,
)
def test_no_key_of_the_rows_escapes_the_count_and_none_around_them_is_in_it(
    before: dict[str, Any],
    results: list[Any],
    after: dict[str, Any],
    style: dict[str, Any],
    chunk_bytes: int,
) -> None:
    document = json.dumps({**before, "results": results, **after}, **style)
    counted, real = fed(document.encode(), chunk_bytes).keys, keys_of(results)

    assert (counted.all >= real.all, counted.texts >= real.texts) == (True, True)
    if '":' not in json.dumps(results, separators=(",", " ")):
        # No text begins with a colon, so there is nothing that only looks like a key.
        assert counted == real


@settings(max_examples=100, deadline=None)
@given(results=rows, style=styles, chunk_bytes=st.integers(1, 99), block_bytes=st.integers(1, 9))
def test_where_chunks_and_blocks_end_does_not_matter_to_the_count(
    results: list[Any], style: dict[str, Any], chunk_bytes: int, block_bytes: int
) -> None:
    document = json.dumps({"results": results, "more": {"a": "b"}}, **style).encode()
    whole = fed(document, len(document)).keys
    with blocks_of(block_bytes):
        assert fed(document, chunk_bytes).keys == whole


def test_keys_are_counted_across_the_ends_of_blocks() -> None:
    row = json.dumps({"key": "value", "amp": "a\\u0026b", "n": 1}, separators=(",", ":"))
    document = f"[{','.join([row] * 50_000)}]".encode()

    assert len(document) > 4 * body.BLOCK_BYTES
    assert fed(document, 70_001).keys == Keys(all=150_000, texts=100_000)
