"""A whole world for a test: Telegram, the real bot over HTTP, a clock that stands still until it is turned.

Nobody sleeps: `settle` waits until the bot has handled everything that was said, by watching what Telegram still holds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.app import App
from bot.domain import clock as clocks
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Person, Telegram
from bot.settings import Settings
from tests import botapi, lockscreen

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday: 10:00 in New York and Toronto, 20:30 in Mumbai: nobody is asleep."""
PICTURES = os.environ.get("TEST_PICTURES") == "1"
"""Whether invitations and weeks come as pictures everywhere: a quarter of a second each. Tests of pictures ask for them."""
KEY = Fernet.generate_key().decode()
Json = dict[str, Any]


class World:
    """Two phones and more, and the bot. Use as an async context manager."""

    def __init__(
        self,
        database_url: str,
        *,
        start: datetime = START,
        rate: float = 1000,
        webhook_port: int | None = None,
        webhook_sources: str = "",
        webhook_proxies: str = "",
        beat_every: float = 100_000,
        per_chat: float = 0,
        moving: bool = False,
        danger_path: str = "",
        pictures: bool = PICTURES,
    ) -> None:
        self.pictures = pictures
        self._base = start
        self.clock = SandboxClock() if moving else SandboxClock(lambda: self._base)
        if moving:
            self.clock.set(start)
        self.beat_every, self.per_chat = beat_every, per_chat
        self.telegram = Telegram(self.clock.now)
        self.server = Server(self.telegram, self.clock, "127.0.0.1", 0)
        self.database_url = database_url
        self.rate = rate
        self.webhook_port = webhook_port
        self.webhook_sources, self.webhook_proxies = webhook_sources, webhook_proxies
        self.danger_path = danger_path
        self.app: App | None = None

    async def __aenter__(self) -> World:
        await self.server.start()
        await self.start_bot()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop_bot()
        await self.server.stop()

    def settings(self) -> Settings:
        """What the bot runs with."""
        return Settings(
            _env_file=None,  # type: ignore[call-arg]
            token=SecretStr(TOKEN),
            api_url=self.server.url,
            database_url=SecretStr(self.database_url),
            keys=SecretStr(KEY),
            rate=self.rate,
            danger_path=self.danger_path,
            http_port=self.webhook_port or 0,
            webhook_url=f"http://127.0.0.1:{self.webhook_port}" if self.webhook_port else None,
            webhook_secret=SecretStr("a-secret-of-the-tests") if self.webhook_port else None,
            webhook_sources=self.webhook_sources,
            webhook_proxies=self.webhook_proxies,
        )

    async def start_bot(self) -> None:
        """Start the bot; its clock is the world's, and its pulse beats only when a test says so, or every *beat_every*."""
        self.app = App(self.settings(), now=self.clock.now, beat_every=self.beat_every, per_chat=self.per_chat)
        self.app.hands = 1 if self.pictures else 0
        await self.app.start()
        self.app.intake.burst = 10_000  # nobody here types at a human's pace

    async def stop_bot(self) -> None:
        """Stop it cleanly."""
        if self.app is not None:
            await self.app.stop()
            self.app = None

    async def restart_bot(self) -> None:
        """As a deploy does."""
        await self.stop_bot()
        await self.start_bot()

    async def person(
        self, name: str, *, language: str = "en", zone: str = "UTC", country: str = "", ready: bool = True
    ) -> Someone:
        """Somebody new on Telegram; *ready* ones go through set-up with first buttons."""
        someone = Someone(self, self.telegram.join(name, language_code=language, zone=zone, country=country))
        if ready:
            await someone.set_up()
        return someone

    async def pair(self, one: Someone, two: Someone) -> None:
        """*one* invites, *two* accepts."""
        await one.say("/pair")
        await one.tap(0)
        await two.open(one.link())
        await two.tap(0)
        await self.beat()

    async def settle(self) -> None:
        """Wait until the bot has handled all that was said."""
        async with asyncio.timeout(20):
            while self.telegram.updates:
                await asyncio.sleep(0.002)

    async def beat(self) -> None:
        """Let the pulse raise and deliver what is due."""
        assert self.app is not None
        await self.settle()
        await self.app.pulse.beat()

    async def turn(self, **parts: float) -> None:
        """Turn the clock on in one go, and beat."""
        self.clock.advance(**parts)
        await self.beat()

    async def until(self, zone: str, at: time, *, weekday: int | None = None) -> None:
        """Turn the clock on to the next *at* on the wall in *zone* (on *weekday*, Monday 0), beating on the way."""
        now = self.clock.now()
        due = clocks.next_at(now, at.hour * 60 + at.minute, zone)
        while weekday is not None and clocks.local_day(due, zone).weekday() != weekday:
            due = clocks.next_at(due, at.hour * 60 + at.minute, zone)
        while self.clock.now() < due:
            await self.turn(seconds=min(1800.0, (due - self.clock.now()).total_seconds()))
        await self.turn(seconds=61)

    def check(self) -> None:
        """Every request of the bot and every answer is one that Telegram's own data allows; no first line gives anything away."""
        assert botapi.check_calls(self.telegram.journal()) == []
        told = list(lockscreen.given_away(self.telegram))
        assert told == [], "\n".join(told)


class Someone:
    """A person with a phone."""

    def __init__(self, world: World, person: Person) -> None:
        self.world, self.person = world, person

    @property
    def inbox(self) -> list[Json]:
        """What the bot has written to them."""
        return self.world.telegram.inbox(self.person)

    @property
    def texts(self) -> list[str]:
        """The words of it."""
        return [words(message) for message in self.inbox]

    @property
    def last(self) -> Json:
        """The newest message of the bot."""
        return self.inbox[-1]

    async def say(self, text: str | None = None, *, reply_to: Json | None = None, **attached: Any) -> Json:
        """Write to the bot."""
        said = self.world.telegram.say(self.person, text, reply_to=reply_to, **attached)
        await self.world.settle()
        return said

    async def open(self, link: str) -> None:
        """Follow a deep link."""
        self.world.telegram.open(self.person, link)
        await self.world.settle()

    async def tap(
        self, row: int = 0, column: int = 0, *, on: Json | None = None, label: str | None = None
    ) -> str | None:
        """Press a button of the newest message that has some; what the toast said."""
        message = on or next(m for m in reversed(self.inbox) if m.get("reply_markup"))
        if label is not None:
            query = self.world.telegram.tap(self.person, message, label=label)
        else:
            query = self.world.telegram.tap(self.person, message, row, column)
        answer = await query.answered()
        assert answer is not None, f"no answer to a button of: {words(message)[:80]}"
        await self.world.settle()
        return answer.get("text")

    async def set_up(self) -> None:
        """Through set-up with first buttons only."""
        await self.say("/start")
        for _ in range(4):
            await self.tap(0)

    def link(self) -> str:
        """The newest invitation's link."""
        for message in reversed(self.inbox):
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if "copy_text" in button:
                        return str(button["copy_text"]["text"])
        raise AssertionError("no invitation was sent")

    def count(self, holds: Callable[[str], bool]) -> int:
        """How many messages hold true."""
        return sum(holds(text) for text in self.texts)


def words(message: Json) -> str:
    """What a message says."""
    return str(message.get("text") or message.get("caption") or "")
