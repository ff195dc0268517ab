"""`python -m bot doctor`: looks at everything a start needs and says, line by line, what is well and what to do.

Changes nothing, makes nothing, works with the network down and with a database that is damaged. Exit status 1 when
something has to be mended; what is only worth knowing is no failure. No token, key or word is ever printed.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import orjson
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from bot import settings as configuration
from bot import zones
from bot.domain import clock
from bot.settings import Settings, SettingsError
from bot.speech import helplines, library
from bot.storage import columns, notes, outlook
from bot.storage.columns import Seal, WrongKeyError
from bot.storage.migrations import HEAD, KNOWN
from bot.storage.store import AwayError, Store, StoreError, look_into

State = Literal["ok", "look", "mend"]
ANSWERS_WITHIN = 5.0
"""Seconds Telegram has for an answer."""
CLOCK_MAY_DIFFER = timedelta(seconds=20)
"""A prompt a third of a minute off its wall minute is no harm; TLS and tokens suffer much later."""
LEAST_FREE = 500 * 1024 * 1024
WEBHOOK_PORTS = {443, 80, 88, 8443}
"""Where Telegram brings updates (core.telegram.org/bots/webhooks)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was seen, and what to do unless it is well."""

    about: str
    state: State
    seen: str
    do: str = ""


@dataclass(slots=True)
class Doctor:
    """One look at one installation, *now*."""

    settings: Settings
    now: datetime
    reached: bool = True
    server_date: datetime | None = None
    zones: list[str] = field(default_factory=list)
    """Zones in use, once the database has told."""

    def findings(self, only: Collection[str] = ()) -> Iterator[Finding]:
        """Everything, or what is about *only*, in the order in which it is worth mending."""
        looks: dict[str, Callable[[], Iterator[Finding]]] = {
            "settings": self._settings,
            "token": self._token,
            "webhook": self._webhook,
            "clock": self._clock,
            "database": self._database,
            "keys": self._keys,
            "disk": self._disk,
            "locale files": self._content,
            "zone data": self._zones,
            "helplines": self._helplines,
        }
        for about, look in looks.items():
            if only and about not in only:
                continue
            try:
                yield from look()
            except Exception as error:  # a fault of the doctor's must not hide what comes after
                yield Finding(
                    about, "mend", f"could not be looked at ({type(error).__name__})", "a bug: please report it"
                )

    def _settings(self) -> Iterator[Finding]:
        hears = "by webhook" if self.settings.webhook_url else "by polling"
        kind = "PostgreSQL" if self.settings.postgres else "SQLite"
        yield Finding("settings", "ok", f"hears {hears}, keeps in {kind}, sends {self.settings.rate:g} a second")

    def _token(self) -> Iterator[Finding]:
        if self.settings.token is None:
            yield Finding("token", "mend", "TELEGRAM_BOT_TOKEN is not set", "@BotFather gives one in a minute")
            return
        status, answer = self._ask("getMe")
        if status == 200:
            yield Finding("token", "ok", f"Telegram knows it as @{answer['result'].get('username', '?')}")
        elif status in {401, 404}:
            yield Finding("token", "mend", "Telegram refuses it", "copy it from @BotFather again")
        else:
            self.reached = False
            yield Finding(
                "token",
                "mend",
                f"Telegram cannot be reached ({answer['why']})",
                f"see that this machine may open {self.settings.api_url}: network, DNS, proxy, firewall",
            )

    def _webhook(self) -> Iterator[Finding]:
        wanted = f"{self.settings.webhook_url}/telegram" if self.settings.webhook_url else ""
        if wanted and self.settings.api_url == "https://api.telegram.org":
            port = urlsplit(wanted).port or 443
            if not wanted.startswith("https://") or port not in WEBHOOK_PORTS:
                ports = ", ".join(map(str, sorted(WEBHOOK_PORTS)))
                yield Finding("webhook", "mend", "Telegram would not take this address", f"https, port {ports}")
        if self.settings.token is None or not self.reached:
            yield Finding("webhook", "look", "not asked, see token")
            return
        status, answer = self._ask("getWebhookInfo")
        if status != 200:
            yield Finding("webhook", "look", f"Telegram did not tell ({answer.get('why', status)})")
            return
        yield self._hooked(wanted, answer["result"])

    def _hooked(self, wanted: str, told: dict[str, Any]) -> Finding:
        set_to, waiting = str(told.get("url", "")), int(told.get("pending_update_count", 0))
        if set_to and not wanted:
            return Finding(
                "webhook",
                "look",
                "a webhook is set and this copy polls",
                "fine before the first start, which removes it; else another copy uses this token: end one of the two",
            )
        if set_to != wanted:
            said = "none is set" if not set_to else "it points elsewhere"
            return Finding("webhook", "look", f"{said}; {waiting} updates wait", "the next start sets it")
        if since := told.get("last_error_date"):
            at = datetime.fromtimestamp(int(since), UTC)
            why = str(told.get("last_error_message", ""))
            if self.now - at < timedelta(minutes=10):
                return Finding(
                    "webhook",
                    "mend",
                    f"Telegram failed to bring updates at {at:%H:%M} UTC: {why}; {waiting} wait",
                    "see that the address reaches this bot from outside, with a valid certificate and the same secret",
                )
        return Finding("webhook", "ok", f"{'set' if wanted else 'none, as polling needs it'}; {waiting} updates wait")

    def _clock(self) -> Iterator[Finding]:
        if self.server_date is None:
            yield Finding("clock", "look", "not compared: Telegram did not answer")
            return
        apart = abs(self.now - self.server_date)
        if apart > CLOCK_MAY_DIFFER:
            yield Finding(
                "clock",
                "mend",
                f"stands {apart.total_seconds():.0f} s from Telegram's",
                "let the machine keep time by NTP (timedatectl set-ntp true): every prompt is as late as its clock",
            )
        else:
            yield Finding("clock", "ok", f"within {CLOCK_MAY_DIFFER.total_seconds():.0f} s of Telegram's")

    def _database(self) -> Iterator[Finding]:
        url = make_url(self.settings.database_url.get_secret_value())
        path = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        if path is not None and not path.exists():
            yield _new_database(path)
            return
        if path is not None and (why := _not_writable(path)) is not None:
            yield why
        try:
            store = look_into(self.settings.database_url.get_secret_value(), any_schema=True)
        except StoreError as error:
            yield Finding("database", "mend", str(error), _help_with(path))
            return
        try:
            yield from store.read_now(lambda db: list(self._look_inside(db, store)))
        except (AwayError, SQLAlchemyError) as error:
            yield Finding("database", "mend", f"cannot be read: {error}".splitlines()[0], _help_with(path))
        finally:
            store.engine.dispose()

    def _look_inside(self, db: Connection, store: Store) -> Iterator[Finding]:
        version = outlook.version(db)
        if version not in {None, *KNOWN}:
            yield Finding(
                "database", "mend", f"schema {version} is newer than this program", "start the version that made it"
            )
            return
        if store.dialect == "sqlite":
            broken = [row[0] for row in db.execute(text("PRAGMA quick_check(3)")) if row[0] != "ok"]
            if broken:
                yield Finding("database", "mend", "is damaged", "restore the newest backup: deploy/README.md, Restore")
                return
        elif db.execute(text("SELECT pg_is_in_recovery()")).scalar():
            yield Finding("database", "mend", "is a read-only standby", "point DATABASE_URL at the primary")
            return
        if version is None:
            yield Finding("database", "ok", "empty; the first start fills it")
            return
        if version == HEAD:
            self.zones = outlook.zones(db)
        yield Finding(
            "database", "ok", f"schema {version}, {'current' if version == HEAD else f'{HEAD} after the next start'}"
        )

    def _keys(self) -> Iterator[Finding]:
        path = configuration.KEY_FOLDER / "recipro.key"
        if self.settings.keys is None:
            if self.settings.postgres:
                yield Finding(
                    "keys", "mend", "RECIPRO_KEYS is not set", "PostgreSQL needs it; `python -m bot key` makes one"
                )
                return
            if not path.exists():
                yield Finding("keys", "ok", f"none yet; the first start makes {path}. Back it up, apart from the data")
                return
            if os.name == "posix" and path.stat().st_mode & 0o077:
                yield Finding("keys", "mend", f"others can read {path}", f"chmod 600 {path}")
        try:
            given = configuration.keys(self.settings)
        except SettingsError as error:
            yield Finding("keys", "mend", str(error))
            return
        yield self._opens(given)

    def _opens(self, given: list[str]) -> Finding:
        """Whether the keys open what is stored."""
        columns.use(Seal(given))
        url = make_url(self.settings.database_url.get_secret_value())
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return Finding("keys", "ok", f"{len(given)} there; there is no database yet")
        try:
            store = look_into(self.settings.database_url.get_secret_value(), any_schema=True)
        except StoreError:
            return Finding("keys", "look", f"{len(given)} there; whether they open the database could not be seen")
        try:
            there = store.read_now(lambda db: outlook.version(db) is not None and notes.keys_open(db))
        except WrongKeyError:
            return Finding("keys", "mend", "do not open this database", "put the right key back; nothing is lost yet")
        except (AwayError, SQLAlchemyError):
            return Finding("keys", "look", f"{len(given)} there; the database could not be read")
        finally:
            store.engine.dispose()
        return Finding("keys", "ok", f"{len(given)} there{', and they open the database' if there else ''}")

    def _disk(self) -> Iterator[Finding]:
        if self.settings.postgres:
            yield Finding("disk", "ok", "nothing is kept here; watch the database server's own")
            return
        path = Path(make_url(self.settings.database_url.get_secret_value()).database or ".").resolve()
        there = next(parent for parent in (path, *path.parents) if parent.is_dir())
        free = shutil.disk_usage(there).free
        needs = max(LEAST_FREE, path.stat().st_size if path.is_file() else 0)
        if free < needs:
            yield Finding(
                "disk",
                "mend",
                f"{free // 2**20:,} MB free beside the database, {needs // 2**20:,} are wanted",
                "make room: a full disk stops every answer until there is some, and a backup needs as much again",
            )
        else:
            yield Finding("disk", "ok", f"{free // 2**20:,} MB free beside the database")

    def _content(self) -> Iterator[Finding]:
        try:
            books = library.load()
        except library.ContentError as error:
            yield Finding(
                "locale files", "mend", str(error), "install this version again; files are missing or changed"
            )
            return
        prompts = sum(len(pool) for kinds in books.prompts.values() for pool in kinds.values())
        yield Finding("locale files", "ok", f"{len(books.catalogs)} locales, {prompts:,} prompts")

    def _zones(self) -> Iterator[Finding]:
        names = self.zones or list(clock.common_zones())
        which = f"the {len(names)} zones {'in use' if self.zones else 'there are'}"
        if wrong := zones.disputed(names, self.now):
            yield Finding(
                "zone data",
                "mend",
                f"Babel shows another time than pytz {clock.ZONE_DATA_VERSION} in {', '.join(wrong)}",
                "install the pinned versions together (requirements.lock)",
            )
        else:
            yield Finding("zone data", "ok", f"pytz {clock.ZONE_DATA_VERSION}; Babel agrees on {which}")
        if not zones.system_knows_zones():
            yield Finding("zone data", "ok", "this machine has none of its own, and none is needed")
        elif strange := zones.foreign(names, self.now):
            yield Finding(
                "zone data",
                "look",
                f"this machine's own differs from pytz within a year in {', '.join(strange)}",
                "the bot keeps pytz's time, whatever `date` says there; upgrade tzdata, or pytz if it is the older",
            )
        else:
            yield Finding("zone data", "ok", f"this machine's own agrees on {which}")

    def _helplines(self) -> Iterator[Finding]:
        try:
            books = library.load()
        except library.ContentError:
            yield Finding("helplines", "look", "not looked at, see locale files")
            return
        for each in (found := helplines.due(books, self.now.date())):
            yield Finding(
                "helplines",
                "look",
                f"{each.country}, {each.name}: {each.number} was last checked {each.checked}",
                "open its own page and renew `checked`: content/safety/README.md says how",
            )
        if not found:
            yield Finding("helplines", "ok", f"{len(books.countries)} countries, all checked within half a year")

    def _ask(self, method: str) -> tuple[int, dict[str, Any]]:
        """Telegram's answer to *method*: its status and JSON; (0, {"why": …}) when there is none."""
        token = self.settings.token.get_secret_value() if self.settings.token is not None else ""
        request = urllib.request.Request(f"{self.settings.api_url}/bot{token}/{method}")  # noqa: S310 - settings check it
        try:
            with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN) as answer:  # noqa: S310 - settings check it
                self._note_date(answer.headers.get("Date"))
                return answer.status, orjson.loads(answer.read())
        except urllib.error.HTTPError as error:
            self._note_date(error.headers.get("Date"))
            return error.code, {"why": f"HTTP {error.code}"}
        except urllib.error.URLError as error:
            return 0, {"why": type(error.reason).__name__}
        except (OSError, HTTPException, ValueError) as error:
            return 0, {"why": type(error).__name__}

    def _note_date(self, header: str | None) -> None:
        if header is not None:
            try:
                self.server_date = parsedate_to_datetime(header)
            except ValueError:
                self.server_date = None


def main(read: Callable[[], Settings], *, now: datetime | None = None) -> int:
    """Look at everything and print it; 1 when something has to be mended."""
    at = now or datetime.now(UTC)
    try:
        found = list(Doctor(read(), at).findings())
    except SettingsError as error:
        found = [Finding("settings", "mend", str(error), "README.md, Run it for real, has the table of settings")]
    for line in written(found):
        sys.stdout.write(line + "\n")
    return 1 if any(finding.state == "mend" for finding in found) else 0


def written(found: list[Finding]) -> Iterator[str]:
    """The lines a person reads."""
    wide = max(len(finding.about) for finding in found)
    marks: dict[State, str] = {"ok": "ok  ", "look": "look", "mend": "MEND"}
    for finding in found:
        yield f"{marks[finding.state]}  {finding.about:<{wide}}  {finding.seen}"
        if finding.do:
            yield f"      {'':<{wide}}  -> {finding.do}"


def _new_database(path: Path) -> Finding:
    there = next(parent for parent in path.resolve().parents if parent.is_dir())
    if not os.access(there, os.W_OK):
        return Finding("database", "mend", f"{there} cannot be written", f"chown it to the bot's user ({_me()})")
    return Finding("database", "ok", f"none yet; the first start makes {path}")


def _not_writable(path: Path) -> Finding | None:
    """SQLite writes beside its file too; the real try is the only sure one, because rights and mounts both count."""
    for each in (path, path.parent):
        if not os.access(each, os.W_OK):
            return Finding(
                "database", "mend", f"{each} cannot be written", f"chown it to the bot's user ({_me()}), or remount it"
            )
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=2, isolation_level=None)
        ) as raw:
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return Finding("database", "mend", f"cannot be written: {error}", _help_with(path))
    except sqlite3.DatabaseError:
        return None  # it is no database, or a damaged one, which is said next
    return None


def _me() -> str:
    return f"uid {os.getuid()}" if hasattr(os, "getuid") else "this user"


def _help_with(path: Path | None) -> str:
    if path is None:
        return "see that the server runs and DATABASE_URL has its address, user and password"
    return "deploy/README.md: Disk full, Restore"
