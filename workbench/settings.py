"""What differs between two installations of the workbench; read once, at an entry point.

Order: environment (``WORKBENCH_…``), then ``settings.yaml`` in the home, then the defaults below.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from workbench.errors import SettingsError

ENVIRONMENT_ONLY = frozenset({"smtp_password"})
"""Settings that a file must not hold: files are copied, shown and backed up."""


class Smtp(BaseModel):
    """The mail server that alerts go through; its password is ``WORKBENCH_SMTP_PASSWORD``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    sender: str
    recipients: tuple[str, ...] = Field(min_length=1)


class AlertSettings(BaseModel):
    """Where alerts go beside the feed of the app; nowhere unless it is said here (GAP-15)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook_url: SecretStr | None = None
    """Gets each alert as JSON by POST. A secret: with many services, who knows it may write."""
    smtp: Smtp | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are configured."""
        given = {"webhook": self.webhook_url, "mail": self.smtp}
        return tuple(channel for channel, setting in given.items() if setting is not None)


class Settings(BaseSettings):
    """One installation's settings."""

    model_config = SettingsConfigDict(
        env_prefix="WORKBENCH_", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    home: Path = Path(".workbench")
    """Everything local: state database, datasets, encrypted secrets, logs, spooled downloads."""
    database_url: str | None = None
    """Where the state lives; None is SQLite in the home."""
    secret_key: SecretStr | None = None
    """Encrypts stored secrets; None is a key file in the home, readable by its owner alone."""
    now: AwareDatetime | None = None
    """Freezes the clock, for rehearsals and tests; None is the real one."""
    jobs: str | None = None
    """More kinds of jobs, as ``module:name`` of a mapping of ``workbench.jobs.JobKind``."""
    scheduler_runs: int = Field(default=4, ge=1, le=64)
    """The most runs that the scheduler lets go on at once."""
    scheduler_runs_per_connection: int = Field(default=2, ge=1, le=64)
    """The most of them that talk to one connection."""
    scheduler_forks: bool = True
    """Whether the scheduler keeps a process ready that runs are forked from, so that they start at
    once; it takes some 55 MB. Linux only, elsewhere there is none."""
    workspace_timezone: str = "UTC"
    """The zone in which times are shown where no person's own zone is known (GAP-25)."""
    alerts: AlertSettings = AlertSettings()
    """From the environment: ``WORKBENCH_ALERTS__WEBHOOK_URL``, ``WORKBENCH_ALERTS__SMTP__HOST``…"""
    smtp_password: SecretStr | None = None
    """From the environment only."""

    @property
    def state_url(self) -> str:
        """The SQLAlchemy URL of the state database."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'state.db'}"

    @property
    def datasets_root(self) -> Path:
        """The folder that holds a Delta table per dataset."""
        return self.home / "datasets"

    @property
    def spool_root(self) -> Path:
        """The folder where a pull's finished slices wait for their commit."""
        return self.home / "spool"

    def clock(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self.now or datetime.now(UTC)


def load_settings(**given: Any) -> Settings:
    """Read the settings of this installation; ``given`` wins over environment and file.

    Raises:
        SettingsError: ``settings.yaml`` is not YAML, or a value is impossible.
    """
    try:
        home = Settings(**given).home
        from_file = _settings_file(home / "settings.yaml")
        environment = Settings(**given).model_fields_set
        kept = {key: value for key, value in from_file.items() if key not in environment}
        return Settings(**{**kept, **given})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"The setting {key} is not usable: {first['msg']}",
            hint=f"Change WORKBENCH_{key.upper().replace('.', '__')} or settings.yaml in the home.",
        ) from error


def _settings_file(path: Path) -> dict[str, Any]:
    import yaml

    if not path.exists():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{path.name} in the home folder is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path.name} in the home folder must be a list of `name: value` lines")
    known = set(Settings.model_fields)
    shown = sorted(known - {"home", "secret_key", *ENVIRONMENT_ONLY})
    if unknown := sorted(set(content) - known):
        raise SettingsError(
            f"{path.name} has an unknown setting: {', '.join(unknown)}",
            hint=f"Known settings: {', '.join(shown)}.",
        )
    if written := sorted(ENVIRONMENT_ONLY & set(content)):
        raise SettingsError(
            f"{written[0]} is never written in {path.name}",
            hint=f"Put it into the environment: WORKBENCH_{written[0].upper()}.",
        )
    return content
