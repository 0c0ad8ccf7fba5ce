"""Bring the state database to the tables of this version, or refuse to touch it."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from workbench.errors import SettingsError
from workbench.store.state.database import Database, explained, unreachable
from workbench.store.state.tables import REVISION

MIGRATIONS = Path(__file__).parent.parent / "migrations"
"""The alembic scripts, inside the package so that no ini file is needed."""
UPGRADE_LOCK = 5_724_113
"""The advisory lock that keeps two processes from upgrading one PostgreSQL database at once;
any number, but always the same one."""


def upgrade(database: Database) -> None:
    """Create or upgrade the tables; does nothing when they are current.

    Raises:
        SettingsError: no connection, or a newer version of the workbench wrote the database.
    """
    engine = database.engine
    try:
        with engine.connect() as connection:
            found = _revision(connection)
    except DBAPIError as error:
        raise unreachable(engine.url, error) from error
    if found == REVISION:
        return
    with explained():
        _upgrade(engine, found)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return found[0] if found else None


def _upgrade(engine: Engine, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise SettingsError(
            f"This home was written by a newer version of the workbench (its state is {found}, "
            f"this version knows up to {REVISION})",
            hint="Upgrade the workbench, or point WORKBENCH_HOME at another folder.",
        )
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
