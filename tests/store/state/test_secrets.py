"""Secrets: encrypted at rest, read with one key only."""

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from workbench.errors import SettingsError
from workbench.store.state import State

NAME = "connection/acme/key"
PLAIN = "a-fake-integration-key"


@pytest.mark.parametrize(
    "key", ["any passphrase", Fernet.generate_key()], ids=["passphrase", "Fernet key"]
)
def test_a_secret_comes_back_with_its_key_and_only_so(database_url: str, key: str | bytes) -> None:
    with State.open(database_url, secret_key=key) as state:
        state.secrets.set(NAME, "first")
        state.secrets.set(NAME, PLAIN)

    with State.open(database_url, secret_key=key) as state:
        secret = state.secrets.get(NAME)
        assert secret is not None
        assert secret.get_secret_value() == PLAIN
        assert PLAIN not in f"{secret!r} {secret}"
        assert state.secrets.is_set(NAME)
        assert state.secrets.get("other") is None
    for wrong in ("another passphrase", Fernet.generate_key()):
        with (
            State.open(database_url, secret_key=wrong) as state,
            pytest.raises(SettingsError, match=f"{NAME} cannot be read with this key") as caught,
        ):
            state.secrets.get(NAME)
        assert "WORKBENCH_SECRET_KEY" in caught.value.hint


def test_two_keys_are_never_mixed(database_url: str) -> None:
    with State.open(database_url, secret_key="first") as state:
        state.secrets.set(NAME, PLAIN)

    with State.open(database_url, secret_key="second") as state:
        with pytest.raises(SettingsError, match="cannot be read with this key"):
            state.secrets.set("connection/other/key", "x")
        state.secrets.delete(NAME)  # the way out when a key is lost
        state.secrets.set("connection/other/key", "x")
        assert not state.secrets.is_set(NAME)


def test_the_only_secret_may_be_set_again_when_its_key_is_lost(database_url: str) -> None:
    with State.open(database_url, secret_key="first") as state:
        state.secrets.set(NAME, PLAIN)

    with State.open(database_url, secret_key=Fernet.generate_key()) as state:
        state.secrets.set(NAME, "again")
        secret = state.secrets.get(NAME)
        assert secret is not None
        assert secret.get_secret_value() == "again"


def test_the_database_never_holds_a_secret_in_the_clear(state: State, database_url: str) -> None:
    state.secrets.set(NAME, PLAIN)
    state.secrets.set("connection/twin/key", PLAIN)

    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT token FROM secrets")).scalars().all()
    engine.dispose()
    tokens = [bytes(token) for token in rows]
    assert len(set(tokens)) == 2
    assert not any(PLAIN.encode() in token for token in tokens)
