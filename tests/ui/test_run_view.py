"""A run on its way says how far it is and how long it will take."""

from datetime import UTC, datetime, timedelta
from typing import Any

from workbench.store.state.run_rows import Run
from workbench.ui.formats import THIN
from workbench.ui.run_view import progress_words, seconds_left, share_done

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


def run(**given: Any) -> Run:
    """A running pull."""
    facts: dict[str, Any] = dict.fromkeys(Run.__dataclass_fields__) | {
        "id": 7,
        "job": "pull/page-events",
        "trigger": "person",
        "status": "running",
        "done": 0,
        "rows": 0,
        "requests": 0,
        "bytes": 0,
        "started_at": START,
        "cancel_requested": False,
    }
    return Run(**{**facts, **given})


def test_time_left_follows_from_the_speed_so_far() -> None:
    on_its_way = run(done=5, total=20, rows=1200, requests=6)

    words = progress_words(on_its_way, START + timedelta(seconds=10)).replace(THIN, " ")

    assert words == "5 of 20 parts · 1 200 rows · 6 requests · about 30 s left"


def test_without_a_total_nothing_is_promised() -> None:
    on_its_way = run(done=5, total=None, rows=1200, requests=6)

    assert seconds_left(on_its_way, START + timedelta(seconds=10)) is None
    words = progress_words(on_its_way, START + timedelta(seconds=10)).replace(THIN, " ")
    assert words == "5 parts so far · 1 200 rows · 6 requests · 10 s so far"


def test_more_done_than_expected_is_all_of_it() -> None:
    assert share_done(run(done=12, total=10)) == 1.0


def test_a_run_that_waits_says_what_for() -> None:
    assert progress_words(run(status="queued", started_at=None), START).startswith("Starting")
