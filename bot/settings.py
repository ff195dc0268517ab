"""Settings from the environment, a .env file, or *_FILE secrets. Frozen; a bad value stops the start with a sentence."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.domain.retention import Keep

MOST_A_SECOND = 1000
"""Telegram's own ceiling, with paid broadcasts (core.telegram.org/bots/faq#how-can-i-message-all-of-my-bot-39s-subscribers-at-once)."""
TELEGRAM = "149.154.160.0/20,91.108.4.0/22"
"""Where Telegram's webhook calls come from (core.telegram.org/bots/webhooks, "Restricting access")."""
KEY_FOLDER = Path("keys")
KEEP = Keep()
_SECRET_NAMES = ("TELEGRAM_BOT_TOKEN", "DATABASE_URL", "RECIPRO_KEYS", "WEBHOOK_SECRET")
_COUNTRIES = re.compile(r"[+-][A-Z]{2}(,[+-][A-Z]{2})*")
_TOKEN = re.compile(r"^\d{1,20}:[\w-]{4,}$")


class SettingsError(ValueError):
    """A setting cannot be used; the message is a sentence that says what to do."""


class Settings(BaseSettings):
    """The contract with operators; README.md has it as a table."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, populate_by_name=True)

    token: Annotated[SecretStr | None, Field(alias="TELEGRAM_BOT_TOKEN")] = None
    api_url: Annotated[str, Field(alias="TELEGRAM_API_URL")] = "https://api.telegram.org"
    database_url: Annotated[SecretStr, Field(alias="DATABASE_URL")] = SecretStr("sqlite:///data/recipro.db")
    keys: Annotated[SecretStr | None, Field(alias="RECIPRO_KEYS")] = None
    rate: Annotated[float, Field(alias="RECIPRO_RATE", ge=1, le=MOST_A_SECOND)] = 25
    webhook_url: Annotated[str | None, Field(alias="WEBHOOK_URL")] = None
    webhook_secret: Annotated[SecretStr | None, Field(alias="WEBHOOK_SECRET")] = None
    webhook_sources: Annotated[str, Field(alias="WEBHOOK_SOURCES")] = ""
    webhook_proxies: Annotated[str, Field(alias="WEBHOOK_PROXIES")] = ""
    http_host: Annotated[str, Field(alias="HTTP_HOST")] = "127.0.0.1"
    http_port: Annotated[int, Field(alias="HTTP_PORT", ge=0, le=65535)] = 8080
    sandbox_port: Annotated[int, Field(alias="SANDBOX_PORT", ge=0, le=65535)] = 8000
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(alias="LOG_LEVEL")] = "INFO"
    danger_path: Annotated[str, Field(alias="RECIPRO_DANGER_PATH")] = ""
    log_format: Annotated[Literal["text", "json"], Field(alias="LOG_FORMAT")] = "text"
    apart_folder: Annotated[str | None, Field(alias="RECIPRO_APART")] = None
    keep_gestures: Annotated[int | None, Field(alias="RECIPRO_KEEP_GESTURES", ge=30)] = KEEP.gestures
    keep_deliveries: Annotated[int, Field(alias="RECIPRO_KEEP_DELIVERIES", ge=61)] = KEEP.deliveries
    keep_invites: Annotated[int, Field(alias="RECIPRO_KEEP_INVITES", ge=3)] = KEEP.invites
    keep_backups: Annotated[int, Field(alias="RECIPRO_KEEP_BACKUPS", ge=1)] = KEEP.backups

    @field_validator("token")
    @classmethod
    def _looks_like_a_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None or not token.get_secret_value().strip():
            return None
        if not _TOKEN.match(token.get_secret_value().strip()):
            raise ValueError("is not a bot token; @BotFather gives one like 123456:ABC-DEF…")
        return SecretStr(token.get_secret_value().strip())

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is None or not keys.get_secret_value().strip():
            return None
        for key in keys.get_secret_value().split(","):
            try:
                Fernet(key.strip())
            except ValueError:
                raise ValueError("must be Fernet keys with commas between; `python -m bot key` makes one") from None
        return keys

    @field_validator("danger_path")
    @classmethod
    def _names_countries(cls, given: str) -> str:
        wanted = given.replace(" ", "").upper()
        if wanted and not _COUNTRIES.fullmatch(wanted):
            raise ValueError("must name countries with + for on and - for off, like +AE,-IN")
        return wanted

    @field_validator("webhook_sources", "webhook_proxies")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        wanted = given.replace(" ", "").lower().replace("telegram", TELEGRAM)
        try:
            networks(wanted)
        except ValueError:
            raise ValueError(
                "must be networks with commas between, like 10.0.0.0/8,2001:db8::/32, or telegram"
            ) from None
        return wanted

    @field_validator("api_url", "webhook_url")
    @classmethod
    def _is_a_url(cls, url: str | None) -> str | None:
        if url is not None and url.strip() and not re.match(r"^https?://[^\s/]+", url.strip()):
            raise ValueError("must begin with http:// or https://")
        return url.strip().rstrip("/") if url and url.strip() else None

    @field_validator("keep_gestures", mode="before")
    @classmethod
    def _until_forgotten(cls, days: object) -> object:
        return None if days == "" else days

    @model_validator(mode="after")
    def _webhook_has_a_secret(self) -> Settings:
        if self.webhook_url is not None:
            secret = self.webhook_secret.get_secret_value() if self.webhook_secret is not None else ""
            if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", secret):
                raise ValueError("WEBHOOK_SECRET must be 16 to 256 letters, digits, _ or - when WEBHOOK_URL is set")
        return self

    @property
    def apart(self) -> Path | None:
        """The folder for what is kept apart from the database: where the key file is, unless keys come otherwise."""
        if self.apart_folder:
            return Path(self.apart_folder)
        return KEY_FOLDER if self.keys is None and not self.postgres else None

    @property
    def keep(self) -> Keep:
        """How long what is kept is kept."""
        return Keep(self.keep_gestures, self.keep_deliveries, self.keep_invites, self.keep_backups)

    @property
    def danger(self) -> dict[str, bool]:
        """Where the danger path is on or off whatever the country's file says (content/safety/README.md)."""
        return {each[1:]: each[0] == "+" for each in self.danger_path.split(",") if each}

    @property
    def postgres(self) -> bool:
        """Whether the database is a PostgreSQL."""
        return self.database_url.get_secret_value().startswith(("postgres:", "postgresql:", "postgresql+"))


def networks(given: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks that a setting names. Raises ValueError for what is none, or has bits set beyond its length."""
    return tuple(ip_network(each) for each in given.split(",")) if given else ()


def read() -> Settings:
    """The settings of this process. Raises SettingsError with one sentence for the first bad one."""
    given = _secret_files()
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{name} {reason}".strip() + ".") from None


def keys(settings: Settings) -> list[str]:
    """The keys that seal words, newest first; a key file is made at the first start. Raises SettingsError."""
    if settings.keys is not None:
        return [key.strip() for key in settings.keys.get_secret_value().split(",")]
    if settings.postgres:
        raise SettingsError(
            "RECIPRO_KEYS is needed with PostgreSQL, so that every process has the same; `python -m bot key` makes one."
        )
    path = KEY_FOLDER / "recipro.key"
    try:
        if path.exists():
            found = [line.strip() for line in path.read_text().replace(",", "\n").splitlines() if line.strip()]
            for key in found:
                Fernet(key)
            if found:
                return found
            raise SettingsError(
                f"The key file {path} is empty; restore it from its backup, words cannot be read without."
            )
        if (stored := _stored(settings)) is not None:
            raise SettingsError(
                f"The key file {path} is missing, and without it what is in {stored} cannot be read; restore it from its "
                "backup. Nothing was changed."
            )
        return [_make_key(path)]
    except ValueError as error:
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(f"The key file {path} does not hold a key; restore it from its backup.") from None
    except OSError as error:
        raise SettingsError(f"The key file {path} cannot be used: {error.strerror}.") from None


def _stored(settings: Settings) -> Path | None:
    """The SQLite database that is there already, if one is: for it, a new key would be a wrong one."""
    path = Path(settings.database_url.get_secret_value().partition(":///")[2].partition("?")[0])
    try:
        with path.open("rb") as file:
            return path if file.read(15) == b"SQLite format 3" else None
    except OSError:
        return None


def _make_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Fernet.generate_key().decode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return key


def _secret_files() -> dict[str, str]:
    """Secrets given as NAME_FILE."""
    given: dict[str, str] = {}
    for name in _SECRET_NAMES:
        path = os.environ.get(f"{name}_FILE")
        if path and not os.environ.get(name):
            try:
                given[name] = Path(path).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from None
    return given
