"""`python -m bot sandbox`: Telegram's stand-in and its page in this process, the real bot in a child process.

The bot is the one that `python -m bot run` starts, spoken to over HTTP; only its clock follows the sandbox's. Being a
process of its own, it can be killed and started again from the page, and nothing is lost. What was played is gone when
the sandbox ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from cryptography.fernet import Fernet
from sqlalchemy import Connection, select, union_all

from bot.domain import clock as clocks
from bot.domain.prompts import Kind
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, SandboxError, Telegram
from bot.settings import Settings
from bot.storage.columns import Seal
from bot.storage.schema import delivery, person, raised, rhythm
from bot.storage.store import Store, open_store

SHOWN = 200
"""Deliveries that the page is told of."""
SURELY = timedelta(seconds=2)
"""So long after its minute began, a prompt is on its way."""
READY_WITHIN = 60
"""Seconds the child may take to follow the clock."""

Moment = TypeVar("Moment")


class Child:
    """The bot as a process of its own."""

    def __init__(self, telegram: Telegram, environment: dict[str, str]) -> None:
        self._telegram, self._environment = telegram, environment
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; nothing if it runs."""
        if self.running:
            return
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.sandbox.child", env=self._environment
        )
        self._watch = asyncio.create_task(self._wait())

    async def end(self, *, kill: bool) -> None:
        """Stop it cleanly, or kill it where it stands."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        await process.wait()

    async def _wait(self) -> None:
        if self._process is not None:
            await self._process.wait()
            self._telegram.set_online(online=False)


class Stage:
    """The sandbox whole: Telegram, its server, the bot's process, and a look into the bot's database for the page."""

    def __init__(self, settings: Settings, port: int, folder: Path, *, database_url: str | None = None) -> None:
        self.clock = SandboxClock()
        self.telegram = Telegram(self.clock.now)
        self.server = Server(self.telegram, self.clock, settings.http_host, port)
        self._key = Fernet.generate_key().decode()
        self._url = database_url or f"sqlite:///{folder / 'sandbox.db'}"
        self._settings = settings
        self.child: Child | None = None
        self._store: Store | None = None
        self._commanding = asyncio.Lock()

    async def start(self, *, cast: bool = True) -> None:
        """Open the door, invite Asha and Tom (*cast*), start the bot. Raises OSError when the port is taken."""
        await self.server.start()
        self._store = await asyncio.to_thread(open_store, self._url, seal=Seal([self._key]))
        self.child = Child(self.telegram, self._environment())
        self.server.next_prompt = partial(self._ahead, _next_prompt)
        self.server.next_week = partial(self._ahead, _next_week)
        self.server.routes["GET", "/sim/deliveries"] = self._deliveries
        self.server.routes["POST", "/sim/bot"] = self._command
        if cast:
            join = self.telegram.join
            join("Asha", language_code="hi", zone="Asia/Kolkata", country="IN", title="Asha in Mumbai")
            join("Tom", language_code="en-CA", zone="America/Toronto", country="CA", title="Tom in Toronto")
        await self.child.start()
        await self.followed()

    async def followed(self) -> None:
        """Wait until the bot follows the clock, which is when it hears."""
        if self.child is None:
            return
        async with asyncio.timeout(READY_WITHIN):
            while not self.server.follows():
                if not self.child.running:
                    raise SandboxError("the bot ended before it began; the lines above say why")
                await asyncio.sleep(0.02)

    async def turn(self, moment: datetime) -> None:
        """Turn the clock on to *moment* in small steps; returns when the bot has beaten at each."""
        await self.server.turn_to(moment)

    async def stop(self) -> None:
        """End the bot, hang up."""
        if self.child is not None:
            await self.child.end(kill=False)
        await self.server.stop()
        if self._store is not None:
            await self._store.close()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.server.url,
            "DATABASE_URL": self._url,
            "RECIPRO_KEYS": self._key,
            "RECIPRO_RATE": f"{self._settings.rate:g}",
            "HTTP_PORT": "0",
            "WEBHOOK_URL": "",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }

    async def _command(self, given: dict[str, Any]) -> dict[str, Any]:
        """*start*, *stop*, *kill* or *restart* (kill, then start) the bot, as the page's buttons do."""
        if self.child is None:
            raise SandboxError("there is no bot yet")
        action = given.get("action")
        if action not in {"start", "stop", "kill", "restart"}:
            raise SandboxError("action is start, stop, kill or restart")
        async with self._commanding:  # who starts a bot that is still stopping waits for its end
            if action != "start":
                await self.child.end(kill=action != "stop")
            if action in {"start", "restart"}:
                await self.child.start()
                await self.followed()
        return {"running": self.child.running}

    async def _deliveries(self, _given: dict[str, Any]) -> list[dict[str, Any]]:
        if self._store is None:
            return []
        return await self._store.read(_recent)

    async def _ahead(self, look: Callable[[Connection, datetime], Moment | None]) -> Moment | None:
        """What *look* sees coming in the bot's database."""
        return None if self._store is None else await self._store.read(lambda db: look(db, self.clock.now()))


def _recent(db: Connection) -> list[dict[str, Any]]:
    rows = db.execute(
        select(delivery.c.id, delivery.c.kind, person.c.name, delivery.c.state, delivery.c.due_at, delivery.c.reason)
        .join(person, person.c.id == delivery.c.person_id)
        .order_by(delivery.c.id.desc())
        .limit(SHOWN)
    )
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "person": row.name,
            "state": row.state,
            "due_at": row.due_at.isoformat(),
            "reason": row.reason,
        }
        for row in rows
    ]


def _next_prompt(db: Connection, now: datetime) -> datetime | None:
    """When the next prompt has come to anyone: from the rhythms, and from what is put off."""
    deferred = select(delivery.c.due_at).where(delivery.c.state == "waiting", delivery.c.due_at > now)
    waiting = db.execute(union_all(deferred, select(raised.c.due_at).where(raised.c.due_at > now)))
    moments = [*_comings(db, now), *(row.due_at for row in waiting)]
    return min(moments) + SURELY if moments else None


def _next_week(db: Connection, now: datetime) -> tuple[datetime, datetime] | None:
    """When the next look back comes to the first, and has come to all who follow within a day."""
    moments = _comings(db, now, kind=Kind.WEEKLY)
    near = [each for each in moments if each - min(moments) < timedelta(days=1)]
    return (min(near), max(near) + SURELY) if near else None


def _comings(db: Connection, now: datetime, *, kind: Kind | None = None) -> list[datetime]:
    """The next moment of every rhythm (of one *kind*) in the database."""
    rows = select(rhythm.c.zone, rhythm.c.minute, rhythm.c.weekdays).distinct()
    found = db.execute(rows if kind is None else rows.where(rhythm.c.kind == kind))
    moments: list[datetime] = []
    for row in found:
        due = now
        for _ in range(8):
            due = clocks.next_at(due, row.minute, row.zone)
            if row.weekdays & clocks.weekday_bit(clocks.day_number(clocks.local_day(due, row.zone))):
                moments.append(due)
                break
    return moments


@contextlib.asynccontextmanager
async def stage(
    settings: Settings, port: int, *, database_url: str | None = None, cast: bool = True
) -> AsyncIterator[Stage]:
    """A sandbox that is up, with Asha and Tom (*cast*), and is taken down at the end."""
    with tempfile.TemporaryDirectory(prefix="recipro-") as folder:
        whole = Stage(settings, port, Path(folder), database_url=database_url)
        try:
            await whole.start(cast=cast)
            yield whole
        finally:
            await whole.stop()


async def play(settings: Settings, *, port: int) -> int:
    """Run the sandbox until it is interrupted; prints one line with the page's address."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(each, stopping.set)
    try:
        async with stage(settings, port) as whole:
            sys.stdout.write(f"Recipro's sandbox is at {whole.server.url} (Ctrl-C ends it)\n")
            sys.stdout.flush()
            await stopping.wait()
    except SandboxError as error:
        sys.stderr.write(f"recipro: {error}\n")
        return 2
    return 0
