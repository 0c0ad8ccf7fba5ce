"""Documents applied, exported, deleted, remembered: all or nothing, with every fault told."""

import pytest
from pydantic import SecretStr

from workbench.documents import Catalogue, DocumentsError, Text
from workbench.errors import InputError, SettingsError
from workbench.pendo.model import PendoConnection
from workbench.pulls.model import Pull
from workbench.store.datasets.model import Update
from workbench.store.state import State

CONNECTION = """\
kind: connection
name: acme-pendo
type: pendo
url: https://app.pendo.io        # http only for loopback
key_env: PENDO_KEY
timezone: America/New_York
apps: all
"""
PULL = """\
kind: pull
name: page-events
connection: acme-pendo
report: row_aggregation
source: page_events
duration: {from: {days_back: 10}, to: {days_back: 5}}
dataset: page_events
update: {method: partition, key: [day]}
lookback_days: 2
schedules: [{every: weekly, on: [mon], hour: 6, timezone: America/New_York}]
retry: {attempts: 3, wait_minutes: 5}
"""
BOTH = f"{CONNECTION}---\n{PULL}"
KEY = {"PENDO_KEY": "rehearsal-key"}


def apply(catalogue: Catalogue, content: str, **environment: str) -> list[str]:
    texts = [Text("f.yaml", content)]
    return [str(applied) for applied in catalogue.apply(texts, "ann", environment=environment)]


def faults(catalogue: Catalogue, content: str, **environment: str) -> list[str]:
    with pytest.raises(DocumentsError) as caught:
        apply(catalogue, content, **environment)
    return [f"{fault.line} {fault.text}" for fault in caught.value.faults]


@pytest.fixture
def applied(catalogue: Catalogue) -> Catalogue:
    apply(catalogue, BOTH, **KEY)
    return catalogue


def test_applying_says_what_it_did_to_each_document(catalogue: Catalogue) -> None:
    assert apply(catalogue, BOTH, **KEY) == [
        "created connection/acme-pendo",
        "created pull/page-events",
    ]
    assert apply(catalogue, BOTH, **KEY) == [
        "unchanged connection/acme-pendo",
        "unchanged pull/page-events",
    ]
    changed = BOTH.replace("lookback_days: 2", "lookback_days: 4")
    assert apply(catalogue, changed) == [
        "unchanged connection/acme-pendo",
        "updated pull/page-events",
    ]


def test_documents_come_back_typed(applied: Catalogue) -> None:
    connection, pull = applied.connection("acme-pendo"), applied.pull("page-events")

    assert (connection.timezone, connection.apps) == ("America/New_York", "all")
    assert pull.update == Update("partition", ("day",))
    assert pull.schedules[0].on == ("mon",)
    assert applied.names("pull") == ["page-events"]


def test_applying_an_export_changes_nothing(applied: Catalogue) -> None:
    apply(applied, PULL.replace("page-events", "second").replace("lookback_days: 2\n", ""))
    custom = (
        "kind: pull\nname: own\nconnection: acme-pendo\nsource: custom\n"
        "request: {source: {events: null}, timeSeries: {first: 2026-03-01, on: 'yes'},"
        ' pipeline: [{filter: "a == \\"b\\" \\n"}]}'
    )
    apply(applied, custom)

    exported = applied.export()

    assert {line.split()[0] for line in apply(applied, exported)} == {"unchanged"}
    assert KEY["PENDO_KEY"] not in exported
    assert applied.export("pull", "own").startswith("kind: pull\nname: own\n")
    assert exported.startswith("kind: connection")


def test_an_export_makes_the_same_documents_elsewhere(
    applied: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('other') / 'state.db'}"
    with State.open(url, secret_key="other") as state:
        other = Catalogue(state)
        apply(other, applied.export(), **KEY)
        assert other.export() == applied.export()


def test_saying_the_same_in_other_words_is_no_change(applied: Catalogue) -> None:
    shorter = CONNECTION.replace("apps: all\n", "").replace("app.pendo.io ", "app.pendo.io/ ")

    assert apply(applied, shorter) == ["unchanged connection/acme-pendo"]


def test_one_bad_document_and_nothing_is_applied(catalogue: Catalogue) -> None:
    bad = BOTH + "---\nkind: pull\nname: bad\nconnection: acme-pendo\nsource: pagevents\n"

    found = faults(catalogue, bad, **KEY)

    assert len(found) == 1
    assert found[0].startswith("24 source: 'pagevents' is not one of")
    assert found[0].endswith("did you mean page_events?")
    assert catalogue.export() == ""
    assert not catalogue.is_secret_set("connection", "acme-pendo")


def test_all_faults_of_all_texts_are_told_together(catalogue: Catalogue) -> None:
    texts = [
        Text(
            "a.yaml", PULL.replace("lookback_days", "lookbackdays").replace("hour: 6", "hour: 66")
        ),
        Text("b.yaml", "a: [1"),
        Text("c.yaml", "kind: pul\nname: x"),
    ]

    with pytest.raises(DocumentsError) as caught:
        catalogue.apply(texts, "ann", environment={})

    assert str(caught.value) == "4 faults; nothing was applied"
    assert caught.value.details.split("\n") == [
        "a.yaml:9 pull/page-events: unknown key lookbackdays; did you mean lookback_days?",
        "a.yaml:10 pull/page-events: schedules.0.hour: there is no hour 66: hours go from 0 to 23, "
        "nearest: 23",
        "b.yaml:1: not YAML: did not find expected ',' or ']'",
        "c.yaml:1 pul/x: unknown kind pul; did you mean pull?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("key: [day]", "kee: [day]", "8 unknown key update.kee; did you mean key?"),
        ("to: {days_back", "to: {day_back", "6 unknown key duration.to.day_back; did you mean"),
        ("to: {days_back: 5}", "to: soon", "6 duration.to: must be a date such as 2026-03-01 or a"),
        ("days_back: 5", "days_back: -1", "6 duration.to.days_back: must be at least 0"),
        ("days_back: 5", "days_back: 99999", "6 duration.to.days_back: must be at most 3660"),
        ("days_back: 5", "days_back: 11", "6 duration: the range ends before it starts"),
        ("connection: acme-pendo\n", "", "1 connection is missing"),
        ("key: [day]", "", "8 update: The update method partition needs a key"),
        ("dataset: page_events", "dataset: ../../x", "7 dataset: '../../x' is not a dataset name"),
        ("name: page-events", "name: ../x", "2 name: '../x' is not a name: lower-case letters"),
        ("lookback_days: 2", "lookback_days: [2]", "9 lookback_days: must be a whole number"),
        ("on: [mon]", "on: [monday]", "10 schedules.0.on: 'monday' is not a weekday"),
        (
            "New_York",
            "New_Yrk",
            "10 schedules.0.timezone: unknown time zone America/New_Yrk; did you mean",
        ),
        ("acme-pendo", "acme-pend", "3 connection: there is no connection acme-pend; did you mean"),
        ("method: partition", "method: partitions", "8 update.method: 'partitions' is not one of"),
    ],
)
def test_a_fault_names_its_line_its_key_and_what_was_meant(
    applied: Catalogue, old: str, new: str, fault: str
) -> None:
    changed = PULL.replace(old, new)
    assert changed != PULL

    found = faults(applied, changed)

    assert len(found) == 1
    assert found[0].startswith(fault)


def test_faults_beside_an_impossible_update_are_told_too(applied: Catalogue) -> None:
    broken = PULL.replace("key: [day]", "").replace("lookback_days: 2", "lookback_days: x")

    assert faults(applied, broken) == [
        "8 update: The update method partition needs a key",
        "9 lookback_days: must be a whole number",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("kind: connection\nname: x\ntype: salesforce", "1 url is missing"),
        ("kind: connection\nname: x\ntype: pend", "3 type: 'pend' is not one of pendo, salesforce"),
        ("name: x", "1 kind is missing"),
        ("kind: [pull]", "1 unknown kind"),
    ],
)
def test_what_this_version_cannot_do_is_refused_in_a_sentence(
    catalogue: Catalogue, content: str, fault: str
) -> None:
    assert faults(catalogue, content)[0].startswith(fault)


def test_the_same_document_twice_is_a_fault(applied: Catalogue) -> None:
    assert faults(applied, f"{PULL}---\n{PULL}") == ["14 the same document is at f.yaml:1"]


def test_nothing_to_apply_is_said(catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="no document to apply"):
        apply(catalogue, "# only a comment\n")


def test_a_key_is_read_once_and_kept_encrypted(catalogue: Catalogue) -> None:
    assert faults(catalogue, CONNECTION) == [
        "5 key_env: the environment variable PENDO_KEY is not set"
    ]
    assert faults(catalogue, CONNECTION, PENDO_KEY=" ")

    apply(catalogue, CONNECTION, PENDO_KEY="first\n")
    assert catalogue.secret("connection", "acme-pendo") == SecretStr("first")

    assert apply(catalogue, CONNECTION) == ["unchanged connection/acme-pendo"]
    assert apply(catalogue, CONNECTION, PENDO_KEY="second") == ["updated connection/acme-pendo"]
    assert catalogue.secret("connection", "acme-pendo") == SecretStr("second")
    assert catalogue.history("connection", "acme-pendo")[-1].note == "key changed"


def test_a_key_in_a_document_is_refused_and_never_repeated(catalogue: Catalogue) -> None:
    for line in ("key: very-hidden", "key_env: very-hidden", "password: very-hidden"):
        with pytest.raises(DocumentsError) as caught:
            apply(catalogue, CONNECTION.replace("key_env: PENDO_KEY", line))
        told = f"{caught.value} {caught.value.hint} {caught.value.details}"
        assert "environment variable" in told
        assert "very-hidden" not in told


def test_a_key_stored_with_another_secret_key_is_said(
    applied: Catalogue, state: State, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = str(state._database.engine.url)
    with (
        State.open(url, secret_key="another") as other,
        pytest.raises(SettingsError, match="cannot be read with this key"),
    ):
        Catalogue(other).secret("connection", "acme-pendo")


def test_a_connection_that_pulls_use_cannot_be_deleted(applied: Catalogue) -> None:
    with pytest.raises(InputError, match="connection/acme-pendo is used by pull/page-events"):
        applied.delete("connection", "acme-pendo", "ann")

    applied.delete("pull", "page-events", "ann")
    applied.delete("connection", "acme-pendo", "bob")

    assert not applied.is_secret_set("connection", "acme-pendo")
    assert [change.who for change in applied.history("connection", "acme-pendo")] == ["ann", "bob"]
    assert apply(applied, BOTH, **KEY)[0] == "created connection/acme-pendo"


def test_an_unknown_name_is_answered_with_the_nearest(applied: Catalogue) -> None:
    for call in (
        lambda: applied.pull("page-event"),
        lambda: applied.delete("pull", "page-event", "ann"),
        lambda: applied.history("pull", "page-event"),
    ):
        with pytest.raises(InputError, match="no pull 'page-event'; did you mean page-events") as e:
            call()
        assert "pull/page-events" in e.value.hint


def test_a_name_stands_for_a_document_where_only_one_can_be_meant(applied: Catalogue) -> None:
    assert applied.resolve("pull/page-events") == ("pull", "page-events")
    assert applied.resolve("page-events") == ("pull", "page-events")
    assert applied.resolve("anything", "pull") == ("pull", "anything")
    apply(applied, PULL.replace("name: page-events", "name: acme-pendo"))

    with pytest.raises(InputError, match="can be connection/acme-pendo and pull/acme-pendo"):
        applied.resolve("acme-pendo")
    with pytest.raises(InputError, match="Unknown kind 'pulls'; did you mean pull"):
        applied.resolve("pulls/x")
    with pytest.raises(InputError, match="is a connection, and a pull is needed"):
        applied.resolve("connection/acme-pendo", "pull")
    with pytest.raises(InputError, match="no document 'page-evnts'; did you mean page-events"):
        applied.resolve("page-evnts")


def test_a_page_saves_a_model_and_its_key(catalogue: Catalogue) -> None:
    connection = PendoConnection(name="acme", url="https://app.eu.pendo.io", apps=(-323232,))

    assert catalogue.save(connection, "ann", secrets={"key": SecretStr("hidden")}) == "created"
    assert catalogue.save(connection, "ann", secrets={"key": SecretStr("hidden")}) == "unchanged"
    assert catalogue.save(connection, "ann", secrets={"key": SecretStr("other")}) == "updated"

    assert catalogue.connection("acme") == connection
    assert "hidden" not in catalogue.export()


@pytest.mark.parametrize(
    "pull",
    [
        Pull(name="p", connection="acme-pendo", source="accounts"),
        Pull(name="p", connection="acme-pendo", source="visitors", update=Update("merge", ("x",))),
        Pull(
            name="p", connection="acme-pendo", source="custom", request={"a": None, "b": [1, "c"]}
        ),
        Pull(name="p", connection="acme-pendo", report="guide_history", guide="0123"),
        Pull.model_validate(
            {
                "name": "p",
                "connection": "acme-pendo",
                "source": "events",
                "duration": {"from": "2026-03-01", "to": {"days_back": 0}},
            }
        ),
    ],
)
def test_a_saved_pull_is_the_same_when_read_and_when_exported(
    applied: Catalogue, pull: Pull
) -> None:
    applied.save(pull, "ann")

    assert applied.pull("p") == pull
    assert apply(applied, applied.export("pull", "p")) == ["unchanged pull/p"]


def test_a_saved_pull_needs_its_connection(catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="there is no connection gone"):
        catalogue.save(Pull(name="p", connection="gone", source="accounts"), "ann")


def test_a_document_that_another_version_stored_is_said(applied: Catalogue, state: State) -> None:
    body = {"kind": "pull", "name": "old", "connection": "acme-pendo", "sauce": "x"}
    state.documents.put("pull", "old", body, who="past")

    with pytest.raises(InputError, match="pull/old cannot be used as it is stored"):
        applied.pull("old")
    assert "sauce: x" in applied.export("pull", "old")
    applied.delete("pull", "old", "ann")
