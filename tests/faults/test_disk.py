"""A disk that is full, locked, damaged or not ours: a clear sentence, health turns red, nothing is destroyed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Person, Telegram
from bot.storage.columns import Seal
from bot.storage.store import open_store
from tests.faults.process import ROOT, Bot
from tests.world import KEY, START


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[tuple[Telegram, Bot]]:
    clock = SandboxClock()
    clock.set(START)
    telegram = Telegram(clock.now)
    server = Server(telegram, clock, "127.0.0.1", 0)
    await server.start()
    bot = Bot(server, f"sqlite:///{path}")
    try:
        await bot.start()
        yield telegram, bot
    finally:
        await bot.stop()
        await server.stop()


async def until_missing(bot: Bot, *wanted: str) -> None:
    async with asyncio.timeout(60):
        while await bot.missing() != list(wanted):
            await asyncio.sleep(0.1)


async def until_answered(telegram: Telegram, person: Person) -> None:
    async with asyncio.timeout(60):
        while telegram.updates or not telegram.inbox(person):
            await asyncio.sleep(0.05)


async def test_a_full_disk_turns_health_red_and_what_was_said_is_answered_when_there_is_room(tmp_path: Path) -> None:
    async with running(tmp_path / "recipro.db") as (telegram, bot):
        asha = telegram.join("Asha", language_code="en", zone="UTC", country="")
        bot.limit_files(4096)
        telegram.say(asha, "/start")
        await until_missing(bot, "database")
        await bot.says("the database is away")
        assert telegram.inbox(asha) == [], "nothing is said that could not be kept"
        bot.limit_files(None)
        await until_answered(telegram, asha)
        assert len(telegram.inbox(asha)) == 1
    assert "Traceback" not in bot.said
    with closing(sqlite3.connect(tmp_path / "recipro.db")) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT count(*) FROM person").fetchone() == (1,)


async def test_a_database_that_another_program_locks_is_waited_for(tmp_path: Path) -> None:
    async with running(tmp_path / "recipro.db") as (telegram, bot):
        asha = telegram.join("Asha", language_code="en", zone="UTC", country="")
        with closing(sqlite3.connect(tmp_path / "recipro.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            telegram.say(asha, "/start")
            await until_missing(bot, "database")
            await bot.says("database is locked")
            other.execute("ROLLBACK")
        await until_answered(telegram, asha)
        assert len(telegram.inbox(asha)) == 1


async def test_damage_while_it_runs_is_said_and_the_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "recipro.db"
    async with running(path) as (telegram, bot):
        asha = telegram.join("Asha", language_code="en", zone="UTC", country="")
        telegram.say(asha, "/start")
        await until_answered(telegram, asha)
        for each in (path, tmp_path / "recipro.db-wal"):
            with each.open("r+b") as file:
                file.seek(4096)
                file.write(b"\x17" * (each.stat().st_size - 4096))
        telegram.say(asha, "more")
        await until_missing(bot, "database")
        await bot.says("malformed", "not a database")
    assert "Traceback" not in bot.said
    assert path.stat().st_size > 4096
    assert path.read_bytes()[4096:8192] == b"\x17" * 4096


def start(folder: Path, url: str, *before: str) -> subprocess.CompletedProcess[str]:
    """`python -m bot run`, after whatever the command *before* does to its rights."""
    return subprocess.run(
        [*before, sys.executable, "-m", "bot", "run"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "DATABASE_URL": url,
            "RECIPRO_KEYS": KEY,
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_database_that_is_not_ours_to_write_is_said_in_one_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / "data" / "recipro.db"
    path.parent.mkdir()
    open_store(f"sqlite:///{path}", seal=Seal([KEY])).engine.dispose()
    before = path.read_bytes()
    path.chmod(0o444)
    path.parent.chmod(0o555 if what == "folder" else 0o755)
    # root may write everywhere unless it gives that right up
    tame = ["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"] if os.getuid() == 0 else []
    try:
        done = start(tmp_path, f"sqlite:///{path}", *tame)
    finally:
        path.parent.chmod(0o755)
    assert refused(done)
    assert path.read_bytes() == before


def test_a_damaged_database_is_refused_at_the_start_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "recipro.db"
    open_store(f"sqlite:///{path}", seal=Seal([KEY])).engine.dispose()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\x17" * 8000)
    before = path.read_bytes()
    assert refused(start(tmp_path, f"sqlite:///{path}"))
    assert path.read_bytes() == before


def refused(done: subprocess.CompletedProcess[str]) -> bool:
    """In one sentence that names the database, with the exit status of what an operator can mend."""
    said = [line for line in done.stderr.splitlines() if line.startswith("recipro:")]
    assert done.returncode == 2, done.stderr
    return len(said) == 1 and "recipro.db cannot be used" in said[0] and "Traceback" not in done.stderr
