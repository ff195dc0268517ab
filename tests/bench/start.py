"""How soon the bot is ready, and what it costs while nothing happens: `python -m tests.bench.start [people]`.

The bot is `python -m bot run` on a database in which everybody lives in one of 420 zones and nobody is due for hours, its
Telegram a sandbox that has nothing to tell. Ready is what /readyz says. Memory and processor time are the kernel's count.
Then a hundred people, who read one of the nine locales each, write and ask ten times, and memory is counted again.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.fernet import Fernet
from sqlalchemy import update

from bot.domain import clock
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Telegram
from bot.speech.voice import LOCALES
from bot.storage.columns import Seal
from bot.storage.schema import zone_cursor
from bot.storage.store import open_store
from tests.bench.town import CHAT, Zone, database, settle_down

ROUNDS = 5
IDLE = 20.0
"""Seconds over which idleness is watched, after SETTLED seconds in which the start comes to rest."""
SETTLED = 20.0
SERVED, ROUNDS_SERVED = 100, 10
"""People who write, and how often each."""
ASKED = ("/help", "/settings", "/journal", "/support", "/week")
WRITTEN = {
    "en": "She made tea before I asked, and I never said how much I need these evenings",
    "hi": "उसने पूछने से पहले ही चाय बना दी, और मैंने कभी नहीं कहा कि ये शामें मेरे लिए क्या हैं",
    "ar": "أعدّت الشاي قبل أن أطلب، ولم أقل لها يومًا كم أحتاج إلى هذه الأمسيات",
    "fr": "Elle a fait du thé avant que je le demande, et je ne lui dis jamais combien j'y tiens",
}
GOALS = {"ready_seconds": 2.0, "idle_percent": 1.0, "memory_mb": 120.0}
"""With 100,000 people on SQLite."""
RUN = """
import sys
sys.modules.update(dict.fromkeys(("click", "pygments", "rich", "tornado")))
from bot.__main__ import main
sys.exit(main(["run"]))
"""
"""`python -m bot run` without what httpx and python-telegram-bot load where they find it: only a bench's environment has it."""
_KEY = Fernet.generate_key().decode()


def rows(people: int = 100_000, kinds: tuple[str, ...] = ("sqlite", "postgresql")) -> list[dict[str, Any]]:
    """One row a database."""
    return [asyncio.run(_measure(kind, people)) for kind in kinds]


async def _measure(kind: str, people: int) -> dict[str, Any]:
    real = SandboxClock()
    server = Server(Telegram(real.now), real, "127.0.0.1", 0)
    await server.start()
    with database(kind) as url:
        await asyncio.to_thread(_fill, url, people)
        starts: list[float] = []
        works: list[float] = []
        for _ in range(ROUNDS):
            process, seconds, _ = await _start(server, url)
            starts.append(seconds)
            works.append(_worked(process))
            await _stop(process)
        process, _, _ = await _start(server, url)
        await asyncio.sleep(SETTLED)
        began, worked = time.monotonic(), _worked(process)
        await asyncio.sleep(IDLE)
        idle = (_worked(process) - worked) / (time.monotonic() - began)
        memory, writable = _memory(process), _writable_and_executable(process)
        await _serve(server.telegram)
        served = _memory(process)
        stopping = time.monotonic()
        await _stop(process)
        stopped = time.monotonic() - stopping
    await server.stop()
    return {
        "database": kind,
        "people": people,
        "ready_seconds": round(statistics.median(starts), 2),
        "ready_spread": [round(min(starts), 2), round(max(starts), 2)],
        "ready_processor_seconds": round(statistics.median(works), 2),
        "idle_percent": round(idle * 100, 2),
        "memory_mb": round(memory / 2**20, 1),
        "memory_served_mb": round(served / 2**20, 1),
        "stop_seconds": round(stopped, 2),
        "writable_and_executable_maps": writable,
        "goals": GOALS,
    }


async def _serve(telegram: Telegram) -> None:
    """Let SERVED people write and ask in turns, each time when all have been heard."""
    locales = [list(LOCALES)[n // 2 % len(LOCALES)] for n in range(SERVED)]  # as town.py lets them live
    phones = [telegram.join("Asha", language_code=each, id=CHAT + n, started=True) for n, each in enumerate(locales)]
    for turn in range(ROUNDS_SERVED):
        for phone, locale in zip(phones, locales, strict=True):
            telegram.say(phone, WRITTEN[locale[:2]] if turn % 2 else ASKED[turn // 2])
        while telegram.updates:
            await asyncio.sleep(0.1)
    await asyncio.sleep(SERVED / 25)  # the last answers go out at the rate of 25 a second


def _fill(url: str, people: int) -> None:
    store = open_store(url, seal=Seal([_KEY]))
    now = datetime.now(UTC)
    try:
        settle_down(store, people, _in_twelve_hours(now))
        store.write_now(
            lambda db: [
                db.execute(
                    update(zone_cursor).where(zone_cursor.c.zone == zone).values(reached=clock.high_minute(now, zone))
                )
                for zone in clock.common_zones()[:420]
            ]
        )
    finally:
        store.engine.dispose()


def _in_twelve_hours(now: datetime) -> Zone:
    zones = clock.common_zones()[:420]
    minutes = {zone: (clock.wall_minute(now, zone) + clock.DAY // 2) % clock.DAY for zone in zones}

    def place(n: int) -> tuple[str, int]:
        zone = zones[n * 7919 % len(zones)]
        return zone, (minutes[zone] + n % 200) % clock.DAY

    return place


async def _start(server: Server, url: str) -> tuple[Process, float, int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {
        **os.environ,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": server.url,
        "DATABASE_URL": url,
        "RECIPRO_KEYS": _KEY,
        "HTTP_PORT": str(port),
        "WEBHOOK_URL": "",
    }
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, env=environment, stderr=DEVNULL)
    async with aiohttp.ClientSession() as client:
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"the bot ended with {process.returncode}")
            try:
                async with client.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return process, time.monotonic() - began, port
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)


async def _stop(process: Process) -> None:
    process.terminate()
    await process.wait()


def _worked(process: Process) -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: Process) -> int:
    """Bytes of memory that are really its."""
    line = next(x for x in Path(f"/proc/{process.pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def _writable_and_executable(process: Process) -> int:
    """Pieces of memory that MemoryDenyWriteExecute= of the systemd unit would have refused."""
    return sum(line.split()[1].startswith("rwx") for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines())


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
        print(json.dumps(row))
