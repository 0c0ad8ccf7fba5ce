"""On an empty home every page says what to do first, and nothing breaks."""

import pytest

from tests.pages.conftest import Open, said
from workbench.services import Services


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("home", "Connect Pendo"),
        ("connections", "No connection yet"),
        ("pulls", "No connection yet"),
        ("explore", "No data yet"),
    ],
)
def test_a_page_teaches_where_there_is_nothing(page: Open, name: str, sentence: str) -> None:
    app = page(name)

    assert sentence in said(app)
    assert not app.exception


def test_with_a_connection_alone_the_next_step_is_a_pull(page: Open, bench: Services) -> None:
    home, pulls = page("home"), page("pulls")

    assert "**Define a pull**" in said(home)
    assert "No pulls yet" in said(pulls)
    assert not home.exception
    assert not pulls.exception


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("pulls", {"pull": "acounts"}, "did you mean accounts"),
        ("connections", {"connection": "acne"}, "did you mean acme"),
        ("explore", {"dataset": "nothing"}, "There is no dataset nothing"),
        ("pulls", {"pull": "accounts", "run": "999"}, "There is no run 999"),
    ],
)
def test_a_link_to_what_is_not_there_says_so(
    page: Open, sampled: Services, name: str, query: dict[str, str], sentence: str
) -> None:
    app = page(name, **query)

    assert sentence in said(app).replace("\\", "")
    assert not app.exception


def test_a_home_of_another_version_is_said_in_words(page: Open, bench: Services) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(bench.settings.state_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    app = page("home")

    assert "newer" in said(app)
    assert not app.exception
