"""Pages, opened without a browser in a home of their own, against the stand-in over real HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import NOW
from workbench.pulls.model import Pull
from workbench.pulls.run import run
from workbench.services import Services
from workbench.ui.frame import PAGES

MAIN = Path(__file__).parents[2] / "workbench" / "ui" / "main.py"
PATIENCE_S = 60
"""Seconds a page may take on a machine that does something else meanwhile; not a measure."""

Open = Callable[..., AppTest]
SAMPLES: tuple[dict[str, Any], ...] = (
    {"name": "accounts", "source": "accounts", "description": "Every account", "tags": ["weekly"]},
    {"name": "page-events", "source": "page_events", "duration": {"days_back": 2}},
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home that pages open; nothing of it stays in Streamlit's caches."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WORKBENCH_NOW", NOW.isoformat())
    st.cache_resource.clear()
    st.cache_data.clear()
    yield tmp_path / "home"
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def page(home: Path) -> Open:
    """Opens a page as a deep link would: ``page("pulls", pull="accounts")``."""

    def open_page(name: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=PATIENCE_S)
        for key, value in query.items():
            app.query_params[key] = value
        return app.run().switch_page(PAGES[name]).run()

    return open_page


@pytest.fixture
def bench(home: Path, services: Services) -> Services:
    """The same home with one connection, ``acme``, to the stand-in."""
    return services


@pytest.fixture
def sampled(bench: Services) -> Services:
    """The same home with two pulls that ran, one of them twice."""
    for given in SAMPLES:
        pull = Pull.model_validate({**given, "connection": "acme"})
        bench.documents.save(pull, "tests")
        run(pull, bench)
    run(bench.documents.pull("page-events"), bench)
    return bench


def said(app: AppTest) -> str:
    """All text of a page, to look for sentences in."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)
