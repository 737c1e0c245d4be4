"""Settings, read from the environment when asked, never at import."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from padan.errors import ConfigurationError
from padan.places import Place, folder_of, place

_THIS_MACHINE = {"", "localhost", "127.0.0.1", "::1"}


class SiasnSettings(BaseSettings):
    """How to reach BKN's SIASN web service. Environment prefix ``PADAN_SIASN_``."""

    model_config = SettingsConfigDict(env_prefix="PADAN_SIASN_", env_ignore_empty=True, extra="ignore")

    base_url: str = Field(description="API gateway without the product context, e.g. https://apimws.bkn.go.id:8243")
    token_url: str = Field(description="WSO2 token endpoint (client credentials)")
    sso_token_url: str = Field(default="", description="Keycloak token endpoint; unused with an operator's token")
    consumer_key: SecretStr
    consumer_secret: SecretStr
    sso_client_id: str = ""
    sso_username: SecretStr = SecretStr("")
    sso_password: SecretStr = SecretStr("")
    sso_token: SecretStr = Field(default=SecretStr(""), description="SSO token that an operator pasted")
    sso_token_expires_at: datetime | None = Field(
        default=None, description="its end of life; read from the JWT if absent"
    )
    requests_per_second: float = Field(default=50.0, gt=0, description="token bucket; BKN publishes no limit")
    concurrency: int | None = Field(
        default=None, ge=1, description="requests under way at once; enough for answers of 0.2 s if absent"
    )
    daily_calls: int | None = Field(
        default=None, ge=0, description="calls about people that one day may cost; all that it takes if absent"
    )
    connect_timeout: float = Field(default=10.0, gt=0, description="seconds")
    read_timeout: float = Field(default=60.0, gt=0, description="seconds")
    retries: int = Field(default=5, ge=0, description="further attempts after a retryable failure")
    ca_bundle: Path | None = Field(default=None, description="PEM file; the system's trust store if absent")

    @property
    def at_once(self) -> int:
        """Requests under way at once: 8, or the rate times the time of an answer, at most 64."""
        return self.concurrency or min(max(8, ceil(min(self.requests_per_second, 1000.0) * 0.2)), 64)


class JfSettings(BaseSettings):
    """How to reach BPS's functional-position service. Environment prefix ``PADAN_JF_``."""

    model_config = SettingsConfigDict(env_prefix="PADAN_JF_", env_ignore_empty=True, extra="ignore")

    base_url: str
    token_url: str
    client_id: str
    client_secret: SecretStr
    page_size: int = Field(default=500, ge=1, le=1000)
    requests_per_second: float = Field(default=20.0, gt=0)
    connect_timeout: float = Field(default=10.0, gt=0)
    read_timeout: float = Field(default=60.0, gt=0)
    retries: int = Field(default=5, ge=0)
    ca_bundle: Path | None = None


class SmtpSettings(BaseSettings):
    """Where alerts are handed in. Environment prefix ``PADAN_SMTP_``."""

    model_config = SettingsConfigDict(env_prefix="PADAN_SMTP_", env_ignore_empty=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = 25
    username: str = ""
    password: SecretStr = SecretStr("")
    starttls: bool = False
    sender: str = "padan@padan.invalid"
    timeout: float = 30.0

    @property
    def domain(self) -> str:
        """The sender's domain, of which Message-IDs are made."""
        return self.sender.rpartition("@")[2].rstrip(">") or "padan.invalid"


class AlertSettings(BaseSettings):
    """When alerts go out, and to whom beside the liaison units. Environment prefix ``PADAN_ALERTS_``."""

    model_config = SettingsConfigDict(env_prefix="PADAN_ALERTS_", env_ignore_empty=True, extra="ignore")

    operators: str = Field(default="", description="addresses of the watch's mails, separated by commas")
    delivery_window: str = Field(
        default="",
        pattern=r"^$|^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9]$",
        description="hours in Jakarta in which mail to liaison units goes out, e.g. 07:30-16:00; empty: at any hour",
    )
    working_days_only: bool = Field(default=False, description="no mail to liaison units on weekends and holidays")
    # The PKS knows no escalation: the wait is assumed.
    escalation_wait: int = Field(
        default=5, ge=1, description="working days from telling a liaison unit of a delay to telling its superior"
    )
    grace_days: int = Field(default=0, ge=0, description="days that a run may be late before the watch reports it")
    stuck_after: int = Field(default=12, ge=1, description="hours that a mail may wait before the watch reports it")
    finding_jump_minimum: int = Field(default=20, ge=1, description="more findings of one kind that the watch reports")
    finding_jump_share: float = Field(default=0.5, gt=0, description="and as a share of those of the day before")


class Settings(BaseSettings):
    """What every step needs. Environment prefix ``PADAN_``."""

    model_config = SettingsConfigDict(env_prefix="PADAN_", env_ignore_empty=True, extra="ignore")

    database_url: SecretStr = Field(
        description="postgresql://user:password@host:port/padan?sslmode=verify-full&sslrootcert=FILE of the warehouse"
    )
    agreement_file: Path
    state_dir: Path = Field(description="dbt targets, data docs, logs; local and disposable")
    archive_dir: Annotated[Place, BeforeValidator(place)] = Field(
        description="compressed projected pages: a folder, or an fsspec URL such as s3://bucket/padan"
    )
    portal_export_dir: Path = Field(description="file drop of the SIASN portal export (*.csv)")
    project_dir: Path = Field(description="the checkout: dbt_project/, expectations/")
    secret_key: SecretStr = Field(min_length=32, description="random text, kept outside the database; see `key`")
    archive_secrets: tuple[SecretStr, ...] = Field(
        default=(),
        description="secrets of the archive, the newest first, as a JSON list; then secret_key opens the rest",
    )
    resume_within_days: int = Field(
        default=7, ge=0, description="an unfinished extract no older than this is continued"
    )
    roster_shrink_limit: float = Field(
        default=0.20, gt=0, lt=1, description="share of a roster that may vanish at once"
    )
    # The PKS names no term for mending (articles 3 (2) e, 4 (2) d): both are assumed.
    critical_term: int = Field(default=10, ge=1, description="working days to mend a critical case")
    warning_term: int = Field(default=30, ge=1, description="working days to mend any other case")
    lock_timeout: int = Field(
        default=120, ge=1, description="seconds that dbt waits for a table that a reader, such as a BI query, holds"
    )
    statement_timeout: int = Field(default=3600, ge=1, description="seconds that one statement of dbt may take")
    landing_workers: int = Field(
        default=2, ge=0, description="processes that project the pages of a long list whose source is fast enough"
    )
    quarantine_limit: float = Field(
        default=0.05, gt=0, le=1, description="share of rows that may fail before publication stops"
    )

    @field_validator("archive_secrets")
    @classmethod
    def _long_enough(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(secret.get_secret_value()) < 32 for secret in secrets):
            raise ValueError("a secret of the archive has 32 characters or more")
        return secrets

    @field_validator("database_url")
    @classmethod
    def _verified(cls, url: SecretStr) -> SecretStr:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            parts = conninfo_to_dict(url.get_secret_value())
        except ProgrammingError:
            raise ValueError("it is no address of a PostgreSQL server") from None
        hosts = {*str(parts.get("host") or "").split(","), *str(parts.get("hostaddr") or "").split(",")}
        elsewhere = [host for host in hosts if not host.startswith("/") and host not in _THIS_MACHINE]
        if elsewhere and (parts.get("sslmode") != "verify-full" or not parts.get("sslrootcert")):
            raise ValueError(
                "a server on another machine is asked for by sslmode=verify-full and sslrootcert, the file of the "
                "authority that vouches for it, or system"
            )
        return url

    def key(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, derived from ``secret_key`` (HKDF, RFC 5869): none tells of another."""
        return _derived(self.secret_key, purpose)

    def archive_keys(self) -> tuple[bytes, ...]:
        """The archive's keys: the first encrypts, each opens; the last is that of ``secret_key``."""
        return (*(_derived(secret, "archive") for secret in self.archive_secrets), self.key("archive"))


def _derived(secret: SecretStr, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"padan:{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.get_secret_value().encode())


class MinutesSettings(BaseSettings):
    """Where the official papers and their register are. Environment prefix ``PADAN_MINUTES_``."""

    model_config = SettingsConfigDict(env_prefix="PADAN_MINUTES_", env_ignore_empty=True, extra="ignore")

    output_dir: Path | None = Field(default=None, description="published papers; default: minutes/ of the archive")
    register_dir: Path | None = Field(default=None, description="reviewed files; default: register/ of the checkout")

    def papers(self, settings: Settings) -> Path:
        """The folder of the published papers.

        Raises:
            ConfigurationError: none is given, and the archive is no folder.
        """
        archive = folder_of(settings.archive_dir)
        if self.output_dir is None and archive is None:
            raise ConfigurationError("PADAN_MINUTES_OUTPUT_DIR must name a folder where the archive is a URL")
        return self.output_dir or (archive or Path()) / "minutes"


def require_private(path: Path, forbidden: int) -> None:
    """Refuse a file or folder of secrets or personal data whose mode has a bit of ``forbidden``.

    Raises:
        ConfigurationError: naming it and its mode.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & forbidden:
        open_to = "others" if mode & forbidden & 0o007 else "its group"
        raise ConfigurationError(f"{path.name} is open to {open_to} (mode {mode:04o}); chmod {mode & ~forbidden:04o}")


SettingsType = TypeVar("SettingsType", bound=BaseSettings)


def load(kind: type[SettingsType]) -> SettingsType:
    """Read ``kind`` from the environment, and what it lacks from the file that ``PADAN_ENV_FILE`` names.

    Raises:
        ConfigurationError: naming each variable that is missing or unusable, never its value; or that file, if others
            than its owner may read it.
    """
    file = os.environ.get("PADAN_ENV_FILE")
    if file and os.path.exists(file):
        require_private(Path(file), 0o077)
    try:
        return kind(_env_file=file)
    except SettingsError as error:  # names the field and where it was read, not its value
        raise ConfigurationError(f"settings unusable: {error}") from None
    except ValidationError as error:
        prefix = str(kind.model_config.get("env_prefix", ""))
        wrong = ", ".join(_told(prefix, item["loc"], item.get("ctx", {})) for item in error.errors())
        raise ConfigurationError(f"settings missing or unusable: {wrong}") from None


def _told(prefix: str, place: tuple[int | str, ...], context: dict[str, Any]) -> str:
    """The variable, and why where one of the validators above says so; never its value."""
    name = f"{prefix}{'_'.join(map(str, place))}".upper()
    reason = context.get("error")
    return f"{name} ({reason})" if isinstance(reason, ValueError) else name
