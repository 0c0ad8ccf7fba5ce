"""One patient send, over real sockets."""

import gzip
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from requests.auth import AuthBase

from tests.pendo.scripted import Step, answer, chunked, cut, hang_up, scripted, silence
from workbench.errors import (
    CancelledError,
    InputError,
    OutageError,
    OverrunError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from workbench.transport import (
    Answer,
    Call,
    CutShortError,
    GaveUpError,
    Incoming,
    Line,
    Meter,
    Metered,
    Patience,
    RateLimit,
    base_url,
)

SECRET = "rehearsal-secret-of-the-line"
QUICK = Patience(first_wait_s=0.001, throttled_wait_s=0.001, connect_timeout_s=5, read_timeout_s=5)
READ = Call("GET", "thing", "thing")
HEAVY = Call("POST", "big", "big", body=b"{}", heavy=True)
WRITE = Call("POST", "make", "make", body=b"{}", repeatable=False, writes=True)


class Key(AuthBase):
    """The credentials of these tests."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["x-key"] = SECRET
        return request


def judge(answer: Answer) -> RemoteError | None:
    """As short as a judge can be."""
    if answer.is_success:
        return None
    if answer.status == 429:
        return ThrottledError("slow down", details=answer.details)
    kind = OutageError if answer.status >= 500 else RejectedError
    return kind(answer.text, details=answer.details)


def body(incoming: Incoming) -> bytes:
    return incoming.read()


def line(url: str, patience: Patience = QUICK, **more: object) -> Line:
    return Line(url, auth=Key(), secrets=(SECRET,), patience=patience, **more)  # type: ignore[arg-type]


def ask(*steps: Step, call: Call = READ, patience: Patience = QUICK) -> tuple[bytes, Metered]:
    """Send one call to a server of these answers; the body, and what the meter says."""
    with scripted(*steps) as server:
        asking = line(server.url, patience)
        try:
            return asking.send(call, judge, body), asking.meter.snapshot().total
        finally:
            asking.close()


def failing(*steps: Step, call: Call = READ, patience: Patience = QUICK) -> tuple[RemoteError, int]:
    """Send one call that fails; the error, and how often it was asked."""
    with scripted(*steps) as server:
        with pytest.raises(RemoteError) as caught:
            line(server.url, patience).send(call, judge, body)
        return caught.value, len(server.asked)


def test_connections_are_used_again() -> None:
    with scripted(answer(body="one")) as server:
        asking = line(server.url)
        for _ in range(3):
            assert asking.send(READ, judge, body) == b"one"
        assert {asked.connection for asked in server.asked} == {0}


def test_a_refused_answer_gives_its_connection_back_too() -> None:
    with scripted(answer(503, "busy"), answer(body="one")) as server:
        assert line(server.url).send(READ, judge, body) == b"one"
        assert [asked.connection for asked in server.asked] == [0, 0]


@pytest.mark.parametrize(
    "spoilt",
    [
        answer(503, "busy"),
        answer(500, "oops"),
        hang_up,
        cut(b"half", promised=8),
        cut(b"half", promised=8, reset=True),
        chunked(b"half", finished=False),
        chunked(gzip.compress(b"whole")[:12], encoding="gzip", finished=False),
        chunked(b"no gzip at all", encoding="gzip"),
    ],
    ids=["503", "500", "reset", "short", "reset-mid-body", "chunks-stop", "gzip-stops", "no-gzip"],
)
def test_what_may_be_repeated_is_repeated_from_the_start(spoilt: Step) -> None:
    got, used = ask(spoilt, spoilt, answer(body="whole"))

    assert got == b"whole"
    assert (used.calls, used.retries) == (3, 2)


def test_patience_runs_out() -> None:
    error, asked = failing(answer(503, "busy"), patience=Patience(attempts=4, first_wait_s=0))

    assert (type(error), asked) == (OutageError, 4)


def test_a_refusal_is_never_repeated() -> None:
    error, asked = failing(answer(422, "no pipeline"))

    assert (type(error), str(error), asked) == (RejectedError, "no pipeline", 1)


@pytest.mark.parametrize("spoilt", [answer(503), hang_up, cut(b"", promised=3)])
def test_a_write_that_makes_something_is_sent_once(spoilt: Step) -> None:
    assert failing(spoilt, call=WRITE)[1] == 1


def test_a_write_turned_away_unread_is_sent_again() -> None:
    assert ask(answer(429), answer(body="made"), call=WRITE)[0] == b"made"


@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [
        (cut(b"half", promised=8), CutShortError),
        (cut(b"half", promised=8, reset=True), CutShortError),
        (chunked(b"half", finished=False), CutShortError),
        (hang_up, GaveUpError),
    ],
    ids=["short", "reset-mid-body", "chunks-stop", "reset"],
)
def test_a_lost_answer_to_a_heavy_call_means_ask_for_less(
    spoilt: Step, kind: type[RemoteError]
) -> None:
    assert type(failing(spoilt)[0]) is kind

    error, asked = failing(spoilt, call=HEAVY)

    assert (type(error), asked) == (OverrunError, QUICK.heavy_attempts)
    assert "ask for less" in error.hint


def test_silence_is_waited_for_no_longer_than_we_are_patient() -> None:
    short = Patience(read_timeout_s=0.1, first_wait_s=0, attempts=2)

    assert type(failing(silence(), patience=short)[0]) is GaveUpError
    error, asked = failing(silence(), call=HEAVY, patience=short)
    assert (type(error), asked) == (OverrunError, short.overrun_attempts)


def test_a_body_that_stops_coming_is_a_silence_too() -> None:
    def stalls(sock: object) -> bool:
        cut(b"half", promised=8)(sock)  # type: ignore[arg-type]
        return silence()(sock)  # type: ignore[arg-type]

    got, used = ask(
        stalls, answer(body="whole"), patience=Patience(read_timeout_s=0.1, first_wait_s=0)
    )

    assert (got, used.retries) == (b"whole", 1)


def test_a_slow_drip_is_not_a_silence() -> None:
    slow = chunked(*[b"x"] * 8, wait_s=0.03)

    assert ask(slow, patience=Patience(read_timeout_s=0.2))[0] == b"x" * 8


def test_a_host_that_is_not_there_is_an_outage_and_not_too_much() -> None:
    with scripted(answer()) as server:
        gone = server.url
    with pytest.raises(OutageError, match="could not be reached") as caught:
        line(gone).send(HEAVY, judge, body)
    assert type(caught.value) is OutageError


def test_a_redirect_is_not_followed_so_the_key_stays_here() -> None:
    with scripted(answer()) as other:
        error, asked = failing(answer(302, "moved", {"Location": other.url}))
        assert (type(error), asked, other.asked) == (RejectedError, 1, [])


def waited(patience: Patience, *steps: Step) -> float:
    began = time.monotonic()
    ask(*steps, patience=patience)
    return time.monotonic() - began


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    date = {"Date": format_datetime(now), "Retry-After": format_datetime(now + timedelta(0, 1))}

    assert waited(QUICK, answer(429, headers={"Retry-After": "0.2"}), answer()) >= 0.2
    assert waited(QUICK, answer(503, headers=date), answer()) >= 1.0
    assert waited(QUICK, answer(429, headers={"Retry-After": "soon"}), answer()) >= 0.001


def test_a_retry_after_of_hours_is_not_sat_out() -> None:
    error, asked = failing(answer(429, headers={"Retry-After": "7200"}))

    assert (type(error), asked) == (ThrottledError, 1)


def test_waits_double_up_to_their_longest() -> None:
    patience = Patience(attempts=99, throttled_attempts=99, first_wait_s=1, longest_wait_s=5)
    outages = [OutageError("503")] * 5
    slow = [ThrottledError("429")] * 6

    assert [patience.wait_s(outages[:n], chance=1) for n in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]
    assert [patience.wait_s(outages[:n], chance=0) for n in (1, 2, 3)] == [0.5, 1, 2]
    assert [patience.wait_s(slow[:n]) for n in (1, 2, 3, 6)] == [30, 60, 120, 480]


def test_being_told_to_slow_down_does_not_use_up_the_patience_for_failures() -> None:
    busy = [answer(429)] * 4 + [answer(503)] * 2 + [answer(body="done")]

    patience = Patience(attempts=3, throttled_attempts=5, first_wait_s=0, throttled_wait_s=0)
    assert ask(*busy, patience=patience)[0] == b"done"


def test_no_wait_and_no_answer_outlives_a_cancel() -> None:
    stop = threading.Event()
    for step, patience in [
        (silence(), Patience()),
        (answer(429), Patience(throttled_wait_s=60)),
        (chunked(*[b"x"] * 1000, wait_s=0.02), Patience()),
    ]:
        stop.clear()
        timer = threading.Timer(0.15, stop.set)
        with scripted(step) as server:
            timer.start()
            with pytest.raises(CancelledError):
                line(server.url, patience, cancelled=stop.is_set).send(HEAVY, judge, body)
        timer.join()


def test_nothing_is_sent_once_cancelled() -> None:
    with scripted(answer()) as server:
        with pytest.raises(CancelledError):
            line(server.url, cancelled=lambda: True).send(READ, judge, body)
        assert server.asked == []


def test_a_rate_limit_is_shared_by_threads_and_spreads_their_calls() -> None:
    limit = RateLimit(3000, burst=5)
    began = time.monotonic()

    def take_five() -> None:
        for _ in range(5):
            limit.take()

    threads = [threading.Thread(target=take_five) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Five at once, then one each 20 ms.
    assert time.monotonic() - began >= 10 * 0.020 * 0.99


def test_a_turn_given_up_is_given_back() -> None:
    limit = RateLimit(1, burst=1)
    limit.take()
    answers = iter([False, True])
    with pytest.raises(CancelledError):
        limit.take(lambda: next(answers))

    assert limit._reserve() <= 60  # Seconds: it would be 120 if we still stood in the queue.


def test_slow_down_holds_back_everybody_on_the_same_limit() -> None:
    limit = RateLimit(6000)
    with scripted(answer(429, headers={"Retry-After": "0.3"}), answer()) as server:
        asking = line(server.url, limit=limit)
        thread = threading.Thread(target=lambda: asking.send(READ, judge, body))
        thread.start()
        while not server.asked:
            time.sleep(0.001)
        time.sleep(0.05)
        began = time.monotonic()
        limit.take()
        assert time.monotonic() - began >= 0.2
        thread.join()


def test_the_meter_counts_wire_bytes_and_subtracts() -> None:
    text = b"the same again " * 1000
    packed = gzip.compress(text)
    with scripted(chunked(packed, encoding="gzip"), answer(body="four")) as server:
        meter = Meter()
        asking = line(server.url, meter=meter)
        assert asking.send(READ, judge, body) == text
        before = meter.snapshot()
        asking.send(HEAVY, judge, body)

        assert before.total.bytes == len(packed)
        since = meter.snapshot() - before
        assert list(since.endpoints) == ["big"]
        assert (since.total.calls, since.total.bytes) == (1, 4)
        assert since.total.seconds > 0


def test_a_compressed_answer_is_asked_for_only_over_a_network() -> None:
    with scripted(answer()) as server:
        asking = line(server.url)
        asking.send(READ, judge, body)
        assert server.asked[0].headers["accept-encoding"] == "identity"
    assert line("https://app.example.com")._http.headers["Accept-Encoding"] == "gzip"


def test_secrets_show_in_no_error_log_or_name(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors = [
        failing(answer(422, f"your key {SECRET} is bad", reason=f"No {SECRET}"))[0],
        failing(answer(500, SECRET))[0],
        failing(hang_up)[0],
        failing(cut(SECRET, promised=999))[0],
    ]
    with scripted(answer(body=SECRET)) as server:
        asking = line(server.url)
        asking.send(READ, judge, body)
        assert server.asked[0].headers["x-key"] == SECRET
        assert SECRET not in repr(asking) + repr(vars(asking)) + repr(vars(asking._http))

    for error in errors:
        assert SECRET not in str(error) + error.hint + error.details
        assert error.__cause__ is None
    assert "thing" in caplog.text
    assert SECRET not in caplog.text


def test_details_hold_status_path_and_the_first_words_only() -> None:
    error, _ = failing(answer(422, "x" * 9000, reason="unknown"))

    assert error.details.startswith("GET /thing: 422 unknown\nxxx")
    assert len(error.details) < 600


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://app.pendo.io", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("ftp://app.pendo.io", "not a web address"),
        ("app.pendo.io", "not a web address"),
        ("https://", "not a web address"),
        ("https://a b", "not a web address"),
        ("https://app.pendo.io:port", "not a web address"),
        ("https://[::1", "not a web address"),
        ("https://me:pass@app.pendo.io", "user name"),
        ("https://app.pendo.io/guides", "more than a host"),
        ("https://app.pendo.io?x=1", "more than a host"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(address: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        base_url(address)
    assert caught.value.hint
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://app.pendo.io/api/v1/", "https://app.pendo.io"),
        ("http://localhost:80", "http://localhost:80"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_address_has_one_spelling(address: str, url: str) -> None:
    assert base_url(address) == url


def test_proxies_of_the_environment_do_not_stand_before_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    assert ask(answer(body="here"))[0] == b"here"
