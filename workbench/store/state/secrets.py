"""Secrets, encrypted at rest, and the key that encrypts them.

A secret leaves this room only as a ``SecretStr``. The key comes from the caller: a passphrase,
a Fernet key, or the key file that ``read_key`` makes in the home.
"""

import base64
import os
import secrets as random
import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import Connection, delete, insert, select, update

from workbench.errors import SettingsError, disk_explained
from workbench.store.state.database import Database
from workbench.store.state.tables import secrets

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_FILE = "secret.key"
"""The key file's name in the home."""
KEY_BYTES = 32
"""A Fernet key's length before it is written in base64."""
SALT_BYTES = 16
"""What RFC 7914's authors call enough against prepared tables of passphrases."""
SCRYPT_COST = 2**14
"""About 50 ms for each guess at a passphrase, once in a process for us."""


def prepare_home(home: Path) -> None:
    """Create the home folder, for its owner alone.

    Raises:
        SettingsError: it is a file, or cannot be made there.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise SettingsError(
            f"The home {home} is not a folder",
            hint="Point WORKBENCH_HOME at a folder; it is created when it does not exist.",
        ) from error
    except PermissionError as error:
        raise SettingsError(
            f"The home {home} cannot be created: no permission to write there",
            hint="Point WORKBENCH_HOME at a folder that you may write in.",
        ) from error


def read_key(home: Path, given: str | None = None) -> str:
    """The key for stored secrets: ``given``, or the home's key file, made now if there is none.

    Raises:
        SettingsError: the key file is empty or others may read it, or no home can be made.
    """
    if given:
        return given
    prepare_home(home)
    path = home / KEY_FILE
    with disk_explained("the key file"):
        if not path.exists():
            _create_key_file(path)
        return _checked_key(path)


def _create_key_file(path: Path) -> None:
    key = base64.urlsafe_b64encode(random.token_bytes(KEY_BYTES))
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a rename would replace: of two processes at once, one wins and
        # the other reads the winner's key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink(missing_ok=True)


def _checked_key(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                f"The key file {path} can be read by others on this machine",
                hint=f"Run `chmod 600 {path}`, or put the key into WORKBENCH_SECRET_KEY.",
            )
        key = path.read_text(encoding="ascii").strip()
    except (PermissionError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The key file {path} cannot be read",
            hint="Restore it from a copy, or put the key into WORKBENCH_SECRET_KEY.",
        ) from error
    if not key:
        raise SettingsError(
            f"The key file {path} is empty",
            hint="Restore it from a copy; without it the stored secrets cannot be read.",
        )
    return key


class Secrets:
    """Secrets by name, such as ``connection/acme-pendo/key``."""

    def __init__(self, database: Database, key: bytes | str) -> None:
        self._database = database
        self._key = key.encode() if isinstance(key, str) else key

    def get(self, name: str) -> SecretStr | None:
        """One secret, or None.

        Raises:
            SettingsError: it was stored with another key.
        """
        wanted = select(secrets.c.token, secrets.c.salt).where(secrets.c.name == name)
        with self._database.reads() as connection:
            row = connection.execute(wanted).one_or_none()
        return SecretStr(self._decrypt(name, row.token, row.salt)) if row else None

    def is_set(self, name: str) -> bool:
        """Whether there is a secret of that name; does not read it."""
        wanted = select(secrets.c.name).where(secrets.c.name == name)
        with self._database.reads() as connection:
            return connection.execute(wanted).one_or_none() is not None

    def set(self, name: str, value: SecretStr | str, *, within: Connection | None = None) -> None:
        """Store one secret, replacing what was there.

        Raises:
            SettingsError: the other secrets were stored with another key, so that afterwards
                no one key could read them all.
        """
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        with self._database.writes(within) as connection:
            salt = self._salt_in_use(connection, name)
            token = self._cipher(salt).encrypt(plain.encode())
            row = {"token": token, "salt": salt, "updated_at": datetime.now(UTC)}
            changed = connection.execute(
                update(secrets).where(secrets.c.name == name).values(**row)
            )
            if not changed.rowcount:
                connection.execute(insert(secrets).values(name=name, **row))

    def delete(self, name: str, *, within: Connection | None = None) -> None:
        """Forget one secret; nothing happens if there is none."""
        with self._database.writes(within) as connection:
            connection.execute(delete(secrets).where(secrets.c.name == name))

    def _salt_in_use(self, connection: Connection, name: str) -> bytes | None:
        """The salt of the secrets already there, once it is proved that our key reads them."""
        others = select(secrets.c.name, secrets.c.token, secrets.c.salt)
        other = connection.execute(others.where(secrets.c.name != name).limit(1)).one_or_none()
        if other is None:
            return None if _is_fernet_key(self._key) else random.token_bytes(SALT_BYTES)
        self._decrypt(other.name, other.token, other.salt)
        salt: bytes | None = other.salt
        return salt

    def _decrypt(self, name: str, token: bytes, salt: bytes | None) -> str:
        from cryptography.fernet import InvalidToken

        try:
            return self._cipher(salt).decrypt(bytes(token)).decode()
        except (InvalidToken, ValueError) as error:
            raise SettingsError(
                f"The stored secret {name} cannot be read with this key",
                hint="Set WORKBENCH_SECRET_KEY (or the home's secret.key) to the key it was stored "
                "with; if that is lost, delete the connection and apply it again with its key.",
            ) from error

    def _cipher(self, salt: bytes | None) -> "Fernet":
        from cryptography.fernet import Fernet

        return Fernet(self._key if salt is None else _derived(self._key, bytes(salt)))


def _is_fernet_key(key: bytes) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == KEY_BYTES
    except ValueError:
        return False


@lru_cache(maxsize=4)
def _derived(passphrase: bytes, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    scrypt = Scrypt(salt=salt, length=KEY_BYTES, n=SCRYPT_COST, r=8, p=1)
    return base64.urlsafe_b64encode(scrypt.derive(passphrase))
