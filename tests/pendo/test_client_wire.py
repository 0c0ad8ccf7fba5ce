"""The client against what a wire, a proxy or a disk can do to it."""

import gzip
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.pendo.scripted import Step, answer, chunked, cut, hang_up, scripted, silence
from workbench.errors import (
    AccessError,
    BrokenAnswerError,
    CancelledError,
    InputError,
    MissingError,
    OutageError,
    OverrunError,
    RejectedError,
    RemoteError,
    StorageError,
    ThrottledError,
)
from workbench.pendo.body import Keys
from workbench.pendo.client import MAX_BATCH, PendoClient
from workbench.pendo.model import NewField
from workbench.transport import Patience

KEY = "rehearsal-key-of-the-wire"
QUICK = Patience(first_wait_s=0.001, throttled_wait_s=0.001, read_timeout_s=0.3)
REQUEST = {"request": {"pipeline": [{"source": {"visitors": None}}]}}
ROWS = '[{"a": 1}, {"a": "\\"]}"}]'
WHOLE = f'{{"results": {ROWS}, "startTime": 5}}'
WRITES = answer(body='{"valid": true, "writeAccess": true}')
READS = answer(body='{"valid": true, "writeAccess": false}')


def client(url: str, **more: Any) -> PendoClient:
    return PendoClient(url, SecretStr(KEY), patience=QUICK, **more)


def spooled(path: Path, *steps: Step) -> str:
    with scripted(*steps) as server:
        client(server.url).spool_aggregation(REQUEST, path)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "spoilt",
    [
        answer(429),
        answer(429, headers={"Retry-After": "0"}),
        answer(403, '{"error": "rateLimitExceeded"}'),
        answer(500),
        answer(502),
        answer(503),
        answer(504),
        answer(408),
        hang_up,
        silence(),
        cut(WHOLE[:20], promised=len(WHOLE)),
        cut(WHOLE[:20], promised=len(WHOLE), reset=True),
        chunked(WHOLE[:30].encode(), finished=False),
        answer(body=WHOLE[:-3]),
        answer(body=WHOLE, promised=len(WHOLE) - 4),
        answer(body=WHOLE, promised=len(WHOLE) + 4),
        chunked(gzip.compress(WHOLE.encode())[:-12], encoding="gzip"),
        answer(body=""),
        answer(body="<html>Sign in</html>"),
    ],
    ids=[
        "429",
        "429-after",
        "403-throttled",
        "500",
        "502",
        "503",
        "504",
        "408",
        "reset",
        "silence",
        "short",
        "reset-mid-body",
        "chunks-stop",
        "truncated",
        "length-too-small",
        "length-too-large",
        "gzip-stops",
        "empty",
        "html",
    ],
)
def test_after_bad_weather_the_file_is_whole(tmp_path: Path, spoilt: Step) -> None:
    path = tmp_path / "answer.json"

    assert spooled(path, spoilt, answer(body=WHOLE)) == ROWS
    assert list(tmp_path.iterdir()) == [path]


OVERRUNS: dict[str, Step] = {
    "408": answer(408),
    "502": answer(502),
    "503": answer(503),
    "504": answer(504),
    "reset": hang_up,
    "silence": silence(),
    "cut": cut(WHOLE[:30], promised=len(WHOLE)),
    "reset-mid-body": cut(WHOLE[:30], promised=len(WHOLE), reset=True),
    "truncated": answer(body=WHOLE[:30]),
    "empty": answer(body=""),
}


@pytest.mark.parametrize("step", OVERRUNS.values(), ids=OVERRUNS)
def test_an_aggregation_that_never_comes_whole_asks_for_less_and_leaves_nothing(
    tmp_path: Path, step: Step
) -> None:
    with pytest.raises(OverrunError) as caught:
        spooled(tmp_path / "answer.json", step)

    assert "less" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (answer(429), ThrottledError),
        (answer(500), OutageError),
        (answer(422, '{"error": "unknown operator"}'), RejectedError),
        (answer(body='{"results": 5}'), BrokenAnswerError),
        (answer(body="<html>Sign in</html>"), BrokenAnswerError),
        (answer(body='{"results": []} and more'), BrokenAnswerError),
    ],
)
def test_other_failures_say_what_they_are_and_leave_what_was_there(
    tmp_path: Path, step: Step, kind: type[RemoteError]
) -> None:
    path = tmp_path / "answer.json"
    path.write_text("[]")

    with pytest.raises(RemoteError) as caught:
        spooled(path, step)

    assert type(caught.value) is kind
    assert path.read_text() == "[]"
    assert list(tmp_path.iterdir()) == [path]


def test_a_bad_request_is_told_from_a_key_of_another_region() -> None:
    bad = answer(400, "Cannot parse filter expression")
    with scripted(bad, WRITES, bad) as server:
        asking = client(server.url)
        for _ in range(2):
            with pytest.raises(RejectedError, match="Cannot parse filter"):
                asking.aggregate(REQUEST)
        # Once Pendo is known to know the key, it is not asked about it again.
        assert len(server.asked) == 3
    with scripted(answer(400)) as server, pytest.raises(AccessError, match="not known"):
        client(server.url).aggregate(REQUEST)


def test_too_much_is_found_out_with_few_tries(tmp_path: Path) -> None:
    with scripted(answer(408)) as server:
        with pytest.raises(OverrunError):
            client(server.url).spool_aggregation(REQUEST, tmp_path / "a")
        assert len(server.asked) == 2


@pytest.mark.parametrize("said", ['{"results": []}', '{"results": null}', "{}", '{"startTime": 1}'])
def test_no_rows_are_no_rows_in_any_shape(tmp_path: Path, said: str) -> None:
    assert spooled(tmp_path / "a", answer(body=said)) == "[]"
    with scripted(answer(body=said)) as server:
        assert client(server.url).aggregate(REQUEST) == []


def test_small_answers_are_read_whole_or_not_at_all() -> None:
    with scripted(answer(body=WHOLE)) as server:
        assert client(server.url).aggregate(REQUEST) == json.loads(ROWS)
    for broken in ('{"results": [1]}', '{"results": [{"a": }]}'):
        with scripted(answer(body=broken)) as server, pytest.raises(BrokenAnswerError):
            client(server.url).aggregate(REQUEST)


def test_what_was_received_is_measured(tmp_path: Path) -> None:
    packed = gzip.compress(WHOLE.encode())
    with scripted(answer(503), chunked(packed, encoding="gzip")) as server:
        asking = client(server.url)
        received = asking.spool_aggregation(REQUEST, tmp_path / "deep" / "a.json")

    assert (received.bytes, received.size_bytes) == (len(packed), len(ROWS))
    assert received.keys == Keys(all=2)
    used = asking.meter.snapshot().endpoints["aggregation"]
    assert (used.calls, used.retries, used.bytes) == (2, 1, len(packed))


def test_a_request_goes_out_as_it_is_with_its_key() -> None:
    with scripted(answer(body="{}")) as server:
        client(server.url).aggregate(REQUEST)

    asked = server.asked[0]
    assert (asked.method, asked.path) == ("POST", "/api/v1/aggregation")
    assert json.loads(asked.body) == REQUEST
    assert asked.headers["x-pendo-integration-key"] == KEY
    assert asked.headers["content-type"] == "application/json"


def test_a_request_that_is_no_json_is_never_sent() -> None:
    with scripted(answer(body="{}")) as server:
        with pytest.raises(InputError):
            client(server.url).aggregate({"request": {"pipeline": [{"limit": float("nan")}]}})
        assert server.asked == []


def test_cancelling_ends_a_slow_answer_and_leaves_nothing(tmp_path: Path) -> None:
    stop = threading.Event()
    slow = chunked(b'{"results": [', *[b"1,"] * 2000, wait_s=0.02)
    with scripted(slow) as server:
        timer = threading.Timer(0.3, stop.set)
        timer.start()
        with pytest.raises(CancelledError):
            client(server.url, cancelled=stop.is_set).spool_aggregation(REQUEST, tmp_path / "a")
        timer.join()
    assert list(tmp_path.iterdir()) == []


def test_the_key_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(answer(403, f"who is {KEY}?"), answer(403, KEY), answer(422, KEY)) as server:
        asking = client(server.url)
        errors = []
        for _ in range(2):
            with pytest.raises(RemoteError) as caught:
                asking.aggregate(REQUEST)
            errors.append(caught.value)
        shown = repr(asking) + repr(vars(asking)) + caplog.text

    for error in errors:
        shown += f"{error!r} {error} {error.hint} {error.details}"
    assert KEY not in shown
    assert "api/v1/aggregation" in shown


@pytest.mark.parametrize("key", ["", "  ", "ключ", "two words", "line\nbreak", "x\x00"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InputError) as caught:
        PendoClient("https://app.pendo.io", key)
    assert key.strip() == "" or key not in f"{caught.value} {caught.value.hint}"


def test_a_key_is_taken_without_the_spaces_pasted_around_it() -> None:
    with scripted(answer(body="{}")) as server:
        PendoClient(server.url, f" {KEY}\n").aggregate(REQUEST)
        assert server.asked[0].headers["x-pendo-integration-key"] == KEY


def test_another_server_is_not_taken_for_pendo() -> None:
    for step in (
        answer(404, "404 page not found\n"),
        answer(body='{"ok": true}'),
        answer(body="[]"),
    ):
        with scripted(step) as server, pytest.raises(RejectedError, match="not answer like Pendo"):
            client(server.url).verify_token()
    with scripted(answer(body="<html>")) as server, pytest.raises(BrokenAnswerError):
        client(server.url).verify_token()


def test_a_key_pendo_calls_not_valid_is_refused() -> None:
    said = answer(body='{"valid": false, "writeAccess": false}')
    with scripted(said) as server, pytest.raises(AccessError, match="not known"):
        client(server.url).verify_token()


def test_a_refusal_is_asked_about_once_and_explained() -> None:
    with scripted(answer(403), READS) as server:
        with pytest.raises(AccessError, match="may only read"):
            client(server.url).aggregate(REQUEST)
        assert [asked.path for asked in server.asked] == [
            "/api/v1/aggregation",
            "/api/v1/token/verify",
        ]


def test_a_refusal_stays_one_when_nobody_can_explain_it() -> None:
    with scripted(answer(403), answer(500)) as server, pytest.raises(AccessError):
        client(server.url).aggregate(REQUEST)


Write = Callable[[PendoClient], object]
WRITE_CALLS: dict[str, Write] = {
    "bulk": lambda c: c.set_metadata("visitor", {"v-1": {"tier": "gold"}}),
    "value": lambda c: c.set_value("visitor", "custom", "v-1", "tier", "gold"),
    "fields": lambda c: c.create_fields("visitor", "custom", [NewField("tier", "string")]),
}


@pytest.mark.parametrize("write", WRITE_CALLS.values(), ids=WRITE_CALLS)
def test_a_key_that_may_only_read_sends_no_write(write: Write) -> None:
    with scripted(READS) as server:
        with pytest.raises(AccessError, match="may only read"):
            write(client(server.url))
        assert [asked.method for asked in server.asked] == ["GET"]


def test_setting_values_is_repeated_and_making_fields_is_not() -> None:
    receipt = answer(body='{"total": 1, "updated": 1, "failed": 0}')
    with scripted(WRITES, answer(503), receipt) as server:
        assert WRITE_CALLS["bulk"](client(server.url))
        assert len(server.asked) == 3
    with scripted(WRITES, answer(503), answer()) as server:
        WRITE_CALLS["value"](client(server.url))
        assert [asked.method for asked in server.asked] == ["GET", "PUT", "PUT"]
        assert server.asked[2].body == b'"gold"'
    with scripted(WRITES, answer(503), answer()) as server:
        with pytest.raises(OutageError):
            WRITE_CALLS["fields"](client(server.url))
        assert [asked.method for asked in server.asked] == ["GET", "POST"]


def test_a_batch_is_sent_as_pendo_wants_it() -> None:
    said = {"total": 3, "updated": 1, "failed": 2, "missing": ["b"], "errors": [{"id": "c"}]}
    with scripted(WRITES, answer(body=json.dumps(said))) as server:
        receipt = client(server.url).set_metadata(
            "account",
            {"a": {"score": 0.5}, "b": {"score": None}, "c": {"score": 1}},
            create=True,
        )
        assert server.asked[1].path == "/api/v1/metadata/account/custom/value?create=true"
        assert json.loads(server.asked[1].body)[:2] == [
            {"accountId": "a", "values": {"score": 0.5}},
            {"accountId": "b", "values": {"score": None}},
        ]
    assert (receipt.updated, receipt.missing) == (1, ("b",))
    assert receipt.errors == (("c", '{"id": "c"}'),)


def test_a_batch_too_large_is_never_sent() -> None:
    with scripted(WRITES) as server:
        asking = client(server.url)
        with pytest.raises(ValueError, match="501 records"):
            asking.set_metadata("visitor", {str(n): {"a": 1} for n in range(MAX_BATCH + 1)})
        with pytest.raises(ValueError, match="bytes"):
            asking.set_metadata("visitor", {"v": {"a": "x" * 5_000_001}})
        with pytest.raises(InputError, match="group auto"):
            asking.set_metadata("visitor", {"v": {"a": 1}}, group="auto")
        assert asking.set_metadata("visitor", {}).total == 0
        assert server.asked == []


def test_a_batch_that_took_too_long_asks_for_less() -> None:
    for status in (408, 413):
        with scripted(WRITES, answer(status)) as server, pytest.raises(OverrunError):
            WRITE_CALLS["bulk"](client(server.url))


def test_a_field_that_exists_is_as_good_as_made() -> None:
    here = answer(body='{"custom": {"tier": {"Type": "string"}}}')
    elsewhere = answer(body='{"custom": {"tier": {"isDeleted": true}}}')
    refused = answer(400, '{"error": "exists"}')
    with scripted(WRITES, refused, here) as server:
        WRITE_CALLS["fields"](client(server.url))
    with scripted(WRITES, refused, elsewhere) as server, pytest.raises(RejectedError):
        WRITE_CALLS["fields"](client(server.url))


def test_odd_ids_are_encoded_and_impossible_ones_never_sent() -> None:
    with scripted(answer(body='{"id": "a/b"}')) as server:
        asking = client(server.url)
        assert asking.visitor("a/b") == {"id": "a/b"}
        assert server.asked[0].path == "/api/v1/visitor/YS9i"
        assert server.asked[0].headers["x-pendo-base64-encoded-params"] == "true"
        asking.account("plain")
        assert "x-pendo-base64-encoded-params" not in server.asked[1].headers
        for call in (
            lambda: asking.spool_report_results("../x", Path("x")),
            lambda: asking.spool_guide_history("a/b", Path("x")),
            lambda: asking.guides(ids=["a,b"]),
            lambda: asking.value("visitor", "custom", "v", "a/b"),
            lambda: asking.visitor(""),
        ):
            with pytest.raises(InputError):
                call()
        assert len(server.asked) == 2


def test_lists_ask_for_all_apps_unless_told_otherwise() -> None:
    with scripted(answer(body="[]")) as server:
        asking = client(server.url)
        asking.guides()
        asking.pages(ids=["P1", "P2"], apps="default")
        asking.features(apps=(-323232, 55))
        asking.reports()
        assert [asked.path for asked in server.asked] == [
            "/api/v1/guide?expand=%2A",
            "/api/v1/page?id=P1%2CP2",
            "/api/v1/feature?appId=-323232%2C55",
            "/api/v1/report",
        ]


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        (answer(body='[{"id": "R1"}]'), "this report type has no export"),
        (answer(body='[{"id": "R2"}]'), "no such report"),
        (answer(500), "gives no results"),
    ],
)
@pytest.mark.parametrize("status", [400, 404])
def test_a_report_is_unknown_or_has_no_export(
    tmp_path: Path, status: int, listed: Step, says: str
) -> None:
    steps = [answer(status), WRITES, listed] if status == 400 else [answer(status), listed]
    with scripted(*steps) as server, pytest.raises(MissingError, match=says) as caught:
        client(server.url).spool_report_results("R1", tmp_path / "a")
    assert caught.value.hint


@pytest.mark.parametrize("body", ["[]", '{"history": [1]}', '"text"', "17", ""])
def test_a_guides_history_is_kept_whatever_its_shape(tmp_path: Path, body: str) -> None:
    path = tmp_path / "a"
    with scripted(answer(body=body)) as server:
        client(server.url).spool_guide_history("G1", path)
    assert path.read_text() == (body or "[]")


def test_a_guides_history_cut_short_is_not_kept(tmp_path: Path) -> None:
    with scripted(answer(body="[1, 2")) as server, pytest.raises(BrokenAnswerError):
        client(server.url).spool_guide_history("G1", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("step", "value"),
    [
        (answer(body='"gold"'), "gold"),
        (answer(body="12"), 12),
        (answer(body="true"), True),
        (answer(body="null"), None),
        (answer(404), None),
        (answer(body=""), None),
    ],
)
def test_a_value_is_a_scalar_or_nothing(step: Step, value: object) -> None:
    with scripted(step) as server:
        assert client(server.url).value("visitor", "custom", "v-1", "tier") == value
        assert server.asked[0].path == "/api/v1/metadata/visitor/custom/value/v-1/tier"


def test_a_folder_that_cannot_be_written_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with scripted(answer(body=WHOLE)) as server, pytest.raises(StorageError):
        client(server.url).spool_aggregation(REQUEST, tmp_path / "file" / "a")


FULL_DISK = """
import resource, sys
from pathlib import Path
from workbench.errors import DiskFullError
from workbench.pendo.client import PendoClient

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
client = PendoClient(sys.argv[1], "rehearsal-key")
try:
    client.spool_aggregation({"request": {}}, Path(sys.argv[2]))
except DiskFullError as error:
    print(error, error.hint, client.meter.snapshot().total.calls, sep="|")
"""


def test_a_full_disk_is_said_to_be_one_and_not_asked_again(tmp_path: Path) -> None:
    whole = chunked(b'{"results": [', *[b'"' + b"x" * 9000 + b'",'] * 30, b"1]}")
    path = tmp_path / "spool" / "answer.json"
    with scripted(whole) as server:
        done = subprocess.run(
            [sys.executable, "-c", FULL_DISK, server.url, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
    what, hint, calls = done.stdout.strip().split("|")
    assert "disk is full" in what
    assert "answer.json" in what
    assert hint
    assert calls == "1"
    assert list(path.parent.iterdir()) == []
