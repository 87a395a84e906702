"""Settings, from the environment and from ``.env``; checked once, at start. ``.env.example`` documents each."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import (
    AnyHttpUrl,
    AnyUrl,
    Field,
    SecretStr,
    UrlConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import SettingsError
from bot.models import GEMINI_OMNI, QUOTA_MAX_SECONDS, ModelProfile, Period, SpendPolicy, profile_of
from bot.models.operating import Operators
from bot.services.backups.policy import BackupPolicy
from bot.services.jobs.policy import RateGroup, WorkerPolicy
from bot.services.retention.policy import SHORTEST_DAYS

Snowflake = Annotated[int, Field(gt=0, lt=2**63)]
Seconds = Annotated[int, Field(ge=0, le=10**9)]
Credits = Annotated[float, Field(gt=0, le=10**9)]
Price = Annotated[float, Field(ge=0.001, le=10**6)]
LISTEN = re.compile(r"(?:(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])?(?P<colon>:))?(?P<port>[0-9]{1,5})", re.ASCII)
WebSocketUrl = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["ws", "wss"])]


class ListenAddress(NamedTuple):
    """Where to listen for HTTP."""

    host: str
    port: int


class Settings(BaseSettings):
    """Everything an operator can set; secrets are masked in every repr."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    discord_token: SecretStr
    toapis_api_key: SecretStr
    toapis_base_url: AnyHttpUrl = AnyHttpUrl("https://toapis.com")
    toapis_model: str = GEMINI_OMNI.model
    toapis_resolution: str | None = None
    toapis_rate_group: RateGroup = RateGroup.DEFAULT
    database_url: SecretStr = SecretStr("sqlite+aiosqlite:///reelay.db")
    backup_dir: Path | None = None
    backup_every_hours: Annotated[int, Field(ge=1, le=8_760)] = 24
    backup_keep: Annotated[int, Field(ge=1, le=10_000)] = 7
    default_quota_seconds: Annotated[int, Field(ge=0, le=QUOTA_MAX_SECONDS)] = 60
    default_quota_period: Period = Period.DAY
    max_concurrent_renders: Annotated[int, Field(ge=1, le=10_000)] = 4
    migration_copies: Annotated[int, Field(ge=0, le=100)] = 3
    temp_max_mb: Annotated[int, Field(ge=500, le=1_000_000)] = 1000
    max_open_jobs_per_member: Annotated[int, Field(ge=1, le=1000)] = 2
    job_deadline_seconds: Annotated[int, Field(ge=30, le=86_400)] = 900
    retention_days: Annotated[int, Field(ge=SHORTEST_DAYS, le=36_500)] | None = None
    privacy_url: AnyHttpUrl | None = None
    max_seconds_per_day: Seconds | None = None
    max_seconds_per_month: Seconds | None = None
    max_seconds_per_day_per_server: Seconds | None = None
    max_seconds_per_day_per_member: Seconds | None = None
    low_balance_credits: Credits | None = None
    credits_per_second: Price | None = None
    allowed_servers: Annotated[frozenset[Snowflake], NoDecode] = frozenset()
    operator_channel_id: Snowflake | None = None
    operator_ids: Annotated[frozenset[Snowflake], NoDecode] = frozenset()
    operator_server: Annotated[Snowflake | None, Field(validate_default=True)] = None
    http_listen: Annotated[ListenAddress | None, NoDecode] = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    discord_api_url: AnyHttpUrl | None = None
    discord_gateway_url: WebSocketUrl | None = None

    @field_validator("discord_token", "toapis_api_key")
    @classmethod
    def _one_word(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value().strip()
        if not secret or any(character.isspace() or not character.isprintable() for character in secret):
            raise ValueError("it is empty or has spaces in it")
        return SecretStr(secret)

    @field_validator("database_url")
    @classmethod
    def _database_address(cls, value: SecretStr) -> SecretStr:
        try:
            url = make_url(value.get_secret_value())
            driver = url.drivername
        except ArgumentError:
            raise ValueError("it must begin with sqlite+aiosqlite:// or postgresql+asyncpg://") from None
        if driver not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
            raise ValueError("it must begin with sqlite+aiosqlite:// or postgresql+asyncpg://")
        if driver.startswith("sqlite") and (url.database in {None, "", ":memory:"} or url.query):
            raise ValueError("for SQLite it must name a file and nothing else, as in sqlite+aiosqlite:///reelay.db")
        return value

    @field_validator("backup_dir")
    @classmethod
    def _of_a_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        url: SecretStr | None = info.data.get("database_url")
        if value is not None and url is not None and _file_of(url) is None:
            raise ValueError("the bot backs up SQLite's file only; PostgreSQL has pg_dump (docs/operators.md)")
        return value

    @field_validator("toapis_base_url")
    @classmethod
    def _bare_address(cls, value: AnyHttpUrl) -> AnyHttpUrl:
        if (value.path or "/").rstrip("/") not in {"", "/v1"} or value.query or value.fragment:
            raise ValueError("it must be the service's bare address, without the path of an endpoint")
        if value.username or value.password:
            raise ValueError("it must have no name or password in it; the key goes into TOAPIS_API_KEY")
        return value

    @field_validator("toapis_resolution")
    @classmethod
    def _of_the_model(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        profile = profile_of(info.data["toapis_model"])
        spelled = profile.spell_resolution(value)
        if spelled is None:
            raise ValueError(f"{profile.model} has {' or '.join(profile.resolutions)}")
        return spelled

    @field_validator("toapis_rate_group", mode="before")
    @classmethod
    def _lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("allowed_servers", "operator_ids", mode="before")
    @classmethod
    def _listed(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        listed = [part for part in re.split(r"[\s,]+", value) if part]
        if not listed and value.strip():  # such as two unset variables with a comma between
            if info.field_name == "operator_ids":
                raise ValueError("it names nobody; leave it empty for no /operator")
            raise ValueError("it names no server; leave it empty to serve all")
        return listed

    @field_validator("operator_server")
    @classmethod
    def _with_operators(cls, value: int | None, info: ValidationInfo) -> int | None:
        ids, allowed = info.data.get("operator_ids", frozenset()), info.data.get("allowed_servers", frozenset())
        if value is None and ids:
            raise ValueError("it is not set, but OPERATOR_IDS is: set both or neither")
        if value is not None and not ids:
            raise ValueError("OPERATOR_IDS is not set: set both or neither")
        if value is not None and allowed and value not in allowed:
            raise ValueError("ALLOWED_SERVERS does not have that server")
        return value

    @field_validator("http_listen", mode="before")
    @classmethod
    def _host_and_port(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found = LISTEN.fullmatch(value.strip())
        if found is None or not 0 < int(found["port"]) < 2**16:
            raise ValueError("it must be host:port, as in 127.0.0.1:9464")
        host = found["host"] or ("0.0.0.0" if found["colon"] else "127.0.0.1")
        return ListenAddress(host.strip("[]"), int(found["port"]))

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def database_file(self) -> Path | None:
        """Return SQLite's file; None for a database elsewhere."""
        return _file_of(self.database_url)

    @property
    def backups(self) -> BackupPolicy:
        """Return how often the database is backed up, where it is, and how many backups are kept."""
        return BackupPolicy(every=timedelta(hours=self.backup_every_hours), keep=self.backup_keep)

    @property
    def profile(self) -> ModelProfile:
        """Return what the model takes."""
        return profile_of(self.toapis_model)

    @property
    def resolution(self) -> str:
        """Return the resolution that every clip is asked in."""
        return self.toapis_resolution or self.profile.resolutions[0]

    @property
    def spending(self) -> SpendPolicy:
        """Return what is set about spend."""
        return SpendPolicy(
            max_seconds_per_month=self.max_seconds_per_month,
            max_seconds_per_day=self.max_seconds_per_day,
            max_seconds_per_day_per_server=self.max_seconds_per_day_per_server,
            max_seconds_per_day_per_member=self.max_seconds_per_day_per_member,
            low_balance_credits=self.low_balance_credits,
            credits_per_second=self.credits_per_second,
        )

    @property
    def operators(self) -> Operators | None:
        """Return who may use ``/operator``, and where; None is nobody."""
        if self.operator_server is None:
            return None
        return Operators(member_ids=self.operator_ids, server_id=self.operator_server)

    def worker_policy(self, base: WorkerPolicy | None = None) -> WorkerPolicy:
        """Return the worker's figures.

        Args:
            base: those that are not set, where they are not the usual ones.
        """
        return replace(
            base or WorkerPolicy(rate_limits=self.toapis_rate_group.limits),
            max_concurrent_renders=self.max_concurrent_renders,
            job_deadline_seconds=self.job_deadline_seconds,
        )

    @property
    def discord_api(self) -> str | None:
        """Return the REST base to use in place of Discord's own."""
        return None if self.discord_api_url is None else str(self.discord_api_url)

    @property
    def discord_gateway(self) -> str | None:
        """Return the gateway to use in place of Discord's own."""
        return None if self.discord_gateway_url is None else str(self.discord_gateway_url)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown."""
        address = self.database_url.get_secret_value()
        as_written = re.search(r"://[^:/@]*:([^@]*)@", address)  # percent-encoded where it has to be
        url = make_url(address)
        passwords = {str(url.password or ""), as_written[1] if as_written else ""}
        passwords |= {text for name, value in url.query.items() if "pass" in name.lower() for text in _listed(value)}
        return (self.discord_token.get_secret_value(), self.toapis_api_key.get_secret_value(), *(passwords - {""}))


def _file_of(database_url: SecretStr) -> Path | None:
    url = make_url(database_url.get_secret_value())
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None


def _listed(value: tuple[str, ...] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def load_settings() -> Settings:
    """Read and check all settings.

    Raises:
        SettingsError: with one sentence that names the first setting that is missing or wrong.
    """
    try:
        return Settings()  # pyright: ignore[reportCallIssue] (the values come from the environment)
    except UnicodeDecodeError:
        raise SettingsError(".env cannot be read: save it as UTF-8 text.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]).upper() if first["loc"] else "A setting"
    if first["type"] == "missing":
        raise SettingsError(f"{name} is not set: put it into the environment or into .env (see .env.example).")
    raise SettingsError(f"{name} is wrong: {first['msg'].removeprefix('Value error, ')}.")
