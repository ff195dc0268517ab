"""Starting: what an operator can get wrong is said in one sentence, with exit status 2 and no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import Telegram
from bot.speech.library import load
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "1000001:sandbox_token_that_opens_no_door_at_all"


def start(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m bot`` away from this checkout's own files."""
    given = {key: value for key, value in os.environ.items() if not key.startswith(("TELEGRAM", "RECIPRO", "DATABASE"))}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=cwd,
        env={**given, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("recipro:")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_without_a_token_it_says_how_to_get_one(tmp_path: Path) -> None:
    said = sentence(start("run", cwd=tmp_path))
    assert "@BotFather" in said
    assert "sandbox" in said


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("TELEGRAM_BOT_TOKEN", "nonsense", "@BotFather"),
        ("RECIPRO_RATE", "2000", "RECIPRO_RATE"),
        ("RECIPRO_RATE", "many", "RECIPRO_RATE"),
        ("HTTP_PORT", "99999", "HTTP_PORT"),
        ("DATABASE_URL", "mysql://x/y", "sqlite:///"),
        ("RECIPRO_KEYS", "short", "python -m bot key"),
        ("WEBHOOK_URL", "https://bot.example.org", "WEBHOOK_SECRET"),
        ("WEBHOOK_SOURCES", "149.154.167.1/20", "WEBHOOK_SOURCES must be networks"),
        ("WEBHOOK_PROXIES", ",", "WEBHOOK_PROXIES must be networks"),
        ("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/x", "RECIPRO_KEYS"),
        ("TELEGRAM_BOT_TOKEN_FILE", "/nowhere/at/all", "TELEGRAM_BOT_TOKEN_FILE"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, name: str, value: str, word: str) -> None:
    token = {} if name.startswith("TELEGRAM") else {"TELEGRAM_BOT_TOKEN": TOKEN}
    assert word in sentence(start("run", cwd=tmp_path, **token, **{name: value}))


def test_a_database_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = sentence(
        start("run", cwd=tmp_path, TELEGRAM_BOT_TOKEN=TOKEN, DATABASE_URL=f"sqlite:///{tmp_path}/file/x.db")
    )
    assert "file" in said


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letters.db"
    path.write_text("dear diary " * 400)
    sentence(start("run", cwd=tmp_path, TELEGRAM_BOT_TOKEN=TOKEN, DATABASE_URL=f"sqlite:///{path}"))
    assert path.read_text() == "dear diary " * 400


async def test_a_refused_token_is_said(tmp_path: Path) -> None:
    import asyncio

    clock = SandboxClock()
    server = Server(Telegram(clock.now), clock, "127.0.0.1", 0)
    await server.start()
    try:
        done = await asyncio.to_thread(
            start,
            "run",
            cwd=tmp_path,
            TELEGRAM_BOT_TOKEN="1:another_bots_token",
            TELEGRAM_API_URL=server.url,
            HTTP_PORT="0",
        )
    finally:
        await server.stop()
    assert "token" in sentence(done)
    assert "another_bots_token" not in done.stderr + done.stdout


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = sentence(start("sandbox", "--port", str(taken.getsockname()[1]), cwd=tmp_path))
    assert "port" in said


def test_the_sandbox_prints_one_line_and_is_up_within_five_seconds(tmp_path: Path) -> None:
    given = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "sandbox", "--port", "0"],
        cwd=tmp_path,
        env=given,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        took = time.monotonic() - began
        process.terminate()
        rest = process.stdout.read()
        assert process.wait(10) == 0
    assert "http://127.0.0.1:" in line
    assert rest == ""
    assert took < 15, "far beyond five seconds even for a busy machine"
    assert list(tmp_path.iterdir()) == [], "the sandbox leaves nothing behind"


def test_a_key_file_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    for _ in range(2):
        done = start("migrate", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    key = tmp_path / "keys" / "recipro.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_text("")
    assert "empty" in sentence(start("migrate", cwd=tmp_path))


async def test_content_that_is_broken_stops_the_bot_also_where_it_is_read_after_the_start(tmp_path: Path) -> None:
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}") as world:
        assert world.app is not None
        await world.app._look_round(replace(load(), base=tmp_path))
        assert (world.app.exit_status, world.app.stopping.is_set()) == (2, True)


def test_a_lost_key_stops_the_start_and_destroys_nothing(tmp_path: Path) -> None:
    assert start("migrate", cwd=tmp_path).returncode == 0
    key, database = tmp_path / "keys" / "recipro.key", tmp_path / "data" / "recipro.db"
    kept, before = key.read_text(), database.read_bytes()
    key.unlink()
    said = sentence(start("run", cwd=tmp_path, TELEGRAM_BOT_TOKEN=TOKEN))
    assert "recipro.key is missing" in said
    assert "Nothing was changed" in said
    assert not key.exists(), "no new key takes the place of the lost one"
    key.write_text(Fernet.generate_key().decode())
    assert "Put the right key back; nothing was changed" in sentence(
        start("run", cwd=tmp_path, TELEGRAM_BOT_TOKEN=TOKEN)
    )
    assert database.read_bytes() == before
    key.write_text(kept)
    assert start("migrate", cwd=tmp_path).returncode == 0
