"""`doctor`: each thing that can be wrong is found, by its name and with what to do; nothing is changed by looking."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from bot import doctor, zones
from bot.domain import clock
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Telegram
from bot.settings import Settings
from bot.speech import library
from bot.storage.columns import Seal
from bot.storage.store import open_store

KEY = Fernet.generate_key().decode()
NOWHERE = "http://127.0.0.1:1"


def settings(url: str, **given: object) -> Settings:
    told = {"token": SecretStr(TOKEN), "api_url": NOWHERE, "keys": SecretStr(KEY), **given}
    return Settings(_env_file=None, database_url=SecretStr(url), **told)  # type: ignore[arg-type, call-arg]


def found(given: Settings, *only: str, now: datetime | None = None) -> dict[str, list[doctor.Finding]]:
    """By what they are about."""
    result: dict[str, list[doctor.Finding]] = {}
    for finding in doctor.Doctor(given, now or datetime.now(UTC)).findings(only):
        result.setdefault(finding.about, []).append(finding)
    return result


def state(given: Settings, about: str, now: datetime | None = None) -> str:
    return max((each.state for each in found(given, about, now=now)[about]), key=["ok", "look", "mend"].index)


@pytest.fixture
def url(database_url: str) -> str:
    open_store(database_url, seal=Seal([KEY])).engine.dispose()
    return database_url


async def test_all_is_well(url: str) -> None:
    sandbox = SandboxClock()
    server = Server(Telegram(sandbox.now), sandbox, "127.0.0.1", 0)
    await server.start()
    try:
        given = settings(url, api_url=server.url)
        told = await asyncio.to_thread(found, given)
        late = await asyncio.to_thread(found, given, "token", "clock", now=datetime.now(UTC) + timedelta(minutes=2))
        refused = await asyncio.to_thread(
            found, settings(url, api_url=server.url, token=SecretStr("1:another")), "token"
        )
        server.telegram.call("setWebhook", {"url": "https://elsewhere.example/telegram"})
        hooked = await asyncio.to_thread(found, given, "token", "webhook")
    finally:
        await server.stop()
    assert {about for about, each in told.items() if any(one.state == "mend" for one in each)} == set()
    assert {"settings", "token", "webhook", "clock", "database", "keys", "disk", "locale files", "zone data"} < set(
        told
    )
    assert "@recipro_sandbox_bot" in told["token"][0].seen
    assert late["clock"][0].state == "mend"
    assert "120 s" in late["clock"][0].seen or "119 s" in late["clock"][0].seen or "121 s" in late["clock"][0].seen
    assert (refused["token"][0].state, refused["token"][0].seen) == ("mend", "Telegram refuses it")
    assert (hooked["webhook"][0].state, "another copy" in hooked["webhook"][0].do) == ("look", True)


def test_with_the_network_down_the_rest_is_looked_at(sqlite_url: str) -> None:
    names = ("database", "keys", "disk", "locale files")
    told = found(settings(sqlite_url), "token", "webhook", "clock", *names)
    assert told["token"][0].state == "mend"
    assert "cannot be reached" in told["token"][0].seen
    assert [told[name][0].state for name in ("webhook", "clock")] == ["look", "look"]
    assert [told[name][0].state for name in names] == ["ok"] * 4


def test_looking_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = found(settings("sqlite:///data/recipro.db", keys=None), "database", "keys", "disk")
    assert (told["database"][0].state, told["keys"][0].state) == ("ok", "ok")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_key_and_one_that_others_can_read(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state(settings(url), "keys") == "ok"
    wrong = found(settings(url, keys=SecretStr(Fernet.generate_key().decode())), "keys")["keys"]
    assert [(each.state, each.seen) for each in wrong] == [("mend", "do not open this database")]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "recipro.key").write_text(KEY)
    (tmp_path / "keys" / "recipro.key").chmod(0o644)
    if url.startswith("sqlite"):
        assert [each.do for each in found(settings(url, keys=None), "keys")["keys"]] == [
            "chmod 600 keys/recipro.key",
            "",
        ]
    else:
        assert state(settings(url, keys=None), "keys") == "mend", "PostgreSQL needs it in the settings"


def test_a_newer_schema(url: str) -> None:
    store = open_store(url, seal=Seal([KEY]))
    store.write_now(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    store.engine.dispose()
    told = found(settings(url), "database")["database"]
    assert [(each.state, "newer" in each.seen) for each in told] == [("mend", True)]


def test_a_damaged_database_and_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "recipro.db"
    store = open_store(f"sqlite:///{path}", seal=Seal([KEY]))
    store.engine.dispose()
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\x17" * 4096 * 12)
    before = path.read_bytes()
    assert state(settings(f"sqlite:///{path}"), "database") == "mend"
    assert path.read_bytes() == before, "looking mends nothing by itself"
    path.write_text("dear diary " * 400)
    assert state(settings(f"sqlite:///{path}"), "database") == "mend"
    assert path.read_text() == "dear diary " * 400


def test_a_database_that_somebody_else_holds(tmp_path: Path) -> None:
    path = tmp_path / "recipro.db"
    open_store(f"sqlite:///{path}", seal=Seal([KEY])).engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = found(settings(f"sqlite:///{path}"), "database")["database"]
    assert (told[0].state, "locked" in told[0].seen) == ("mend", True)


@pytest.mark.parametrize(
    ("hook", "state_of_it"),
    [("https://bot.example.org", "look"), ("http://bot.example.org", "mend"), ("https://bot.example.org:8080", "mend")],
)
def test_an_address_that_telegram_would_not_take(sqlite_url: str, hook: str, state_of_it: str) -> None:
    given = settings(sqlite_url, webhook_url=hook, webhook_secret=SecretStr("a-secret-of-the-tests"))
    official = given.model_copy(update={"api_url": "https://api.telegram.org", "token": None})
    assert state(official, "webhook") == state_of_it


def test_helplines_fall_due_half_a_year_after_they_were_checked(sqlite_url: str) -> None:
    checked = min(country.emergency.checked for country in library.load().countries.values())
    at = datetime(checked.year, checked.month, checked.day, tzinfo=UTC)
    assert state(settings(sqlite_url), "helplines", at + timedelta(days=179)) == "ok"
    assert state(settings(sqlite_url), "helplines", at + timedelta(days=181)) == "look"


def test_zones_agree_with_babel_everywhere_and_the_machines_own_may_not() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert zones.disputed(clock.common_zones()[::6], now) == []
    assert zones._differs("Asia/Kolkata", now, lambda _zone, at: at.astimezone(ZoneInfo("Asia/Dubai")))
    assert "Asia/Kolkata" not in zones.foreign(["Asia/Kolkata", "Asia/Dubai"], now)


def test_a_bad_setting_is_one_finding(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from bot import settings as configuration

    monkeypatch.setenv("RECIPRO_RATE", "many")
    assert doctor.main(configuration.read) == 1
    assert capsys.readouterr().out.startswith("MEND  settings  RECIPRO_RATE")


def test_no_secret_is_printed(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(lambda: settings(sqlite_url)) == 1
    said = capsys.readouterr().out
    assert TOKEN not in said
    assert KEY not in said
    assert "MEND  token" in said
