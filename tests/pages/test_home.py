"""Home says what is there, what ran, and what needs a person."""

from tests.pages.conftest import Open, said
from workbench.services import Services
from workbench.standin import PendoStandIn


def test_home_shows_datasets_runs_and_connections(page: Open, sampled: Services) -> None:
    app = page("home")

    titles = [each.value for each in app.subheader]
    assert titles == ["Datasets", "Last runs", "Connected"]
    assert "Rehearsal: connected to the stand-in" in said(app)
    assert list(app.dataframe[0].value["Job"]) == [
        "pull/page-events",
        "pull/page-events",
        "pull/accounts",
    ]
    assert not app.exception


def test_a_failed_run_needs_attention_until_one_succeeds(
    page: Open, sampled: Services, pendo: PendoStandIn
) -> None:
    import contextlib

    from workbench.errors import WorkbenchError
    from workbench.pulls.run import run

    pendo.weather([{"fault": "403"}])
    with contextlib.suppress(WorkbenchError):
        run(sampled.documents.pull("accounts"), sampled)

    app = page("home")

    assert app.subheader[0].value == "Needs attention"
    assert "pull/accounts" in said(app)
    assert not app.exception

    pendo.weather([])
    run(sampled.documents.pull("accounts"), sampled)
    assert "Needs attention" not in said(page("home"))
