"""SIGKILL at random moments, fifty times: nothing is lost in silence, and only what was in flight can come twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from bot.domain import pacing
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Person, Telegram
from bot.storage import people, rhythms
from bot.storage.columns import Seal
from bot.storage.schema import delivery, gesture
from bot.storage.store import Store, open_store
from tests import botapi
from tests.faults.lives import Lives
from tests.faults.test_storms import ZONE, somebody
from tests.world import KEY, words

KILLS = 50
RATE = 150
"""Messages a second: about as many as are left to be sent between two kills."""
NINE = datetime(2026, 3, 2, 17, 0, 2, tzinfo=UTC)
"""A little after nine in Dubai."""
MOST = 60
"""The most that may be on their way at once at RATE, here where an answer takes no more than 0.2 s."""
LEASE = timedelta(seconds=95)
"""After which what a dead sender held is free."""


@dataclass
class Town:
    """People with phones, Telegram, and a look into the bot's database."""

    clock: SandboxClock
    telegram: Telegram
    server: Server
    store: Store
    phones: list[Person]
    lives: Lives
    chance: random.Random

    async def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait for *done*, at most so long; whether it was."""
        end = asyncio.get_running_loop().time() + seconds
        while not (finished := done()) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.01)
        return finished

    async def lived(self, begun: Callable[[], bool], longest: float) -> None:
        """One life, to a random moment within *longest* seconds after it has *begun*; one in ten ends before that."""
        await self.lives.begin()
        if self.chance.random() < 0.9:
            assert await self.until(begun, 20), "the bot did not come up"
        await asyncio.sleep(self.chance.uniform(0, longest))
        self.lives.kill()
        await self.until(lambda: not self.server.follows(), 5)


@asynccontextmanager
async def town(url: str, count: int) -> AsyncIterator[Town]:
    clock = SandboxClock()
    clock.set(NINE - timedelta(minutes=2))
    telegram = Telegram(clock.now)
    server = Server(telegram, clock, "127.0.0.1", 0)
    await server.start()
    phones = [telegram.join(f"P{n}", language_code="en", zone=ZONE, country="AE", started=True) for n in range(count)]
    store = open_store(url, seal=Seal([KEY]))
    now = clock.now()

    def move_in(db: Connection) -> None:
        for phone in phones:
            who = people.arrive(db, somebody(phone.id, now))
            rhythms.put(db, who.id, None, pacing.rhythms_of(who, 6, who.pace), zone=ZONE, now=now)

    await store.write(move_in)
    environment = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": server.url,
        "DATABASE_URL": url,
        "RECIPRO_KEYS": KEY,
        "RECIPRO_RATE": str(RATE),
        "HTTP_PORT": "0",
        "WEBHOOK_URL": "",
        "LOG_LEVEL": "ERROR",
    }
    try:
        async with Lives(environment) as lives:
            yield Town(clock, telegram, server, store, phones, lives, random.Random(3))
    finally:
        await store.close()
        await server.stop()


def states(db: Connection) -> dict[str, int]:
    rows = db.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state))
    return {row[0]: row[1] for row in rows}


async def test_2000_prompts_through_50_kills(tmp_path: Path) -> None:
    """None is lost in silence; each comes once, or twice only where it was in flight at a kill."""
    async with town(f"sqlite:///{tmp_path / 'recipro.db'}", 2000) as whole:
        whole.clock.set(NINE)
        for _ in range(KILLS):
            await whole.lived(whole.server.follows, 0.5)
        in_flight = (await whole.store.read(states))["sending"]  # no lease has ended: these are all that any kill hit
        await whole.lives.begin()
        assert await whole.until(whole.server.follows, 20)
        left: dict[str, int] = {}
        for _ in range(10):  # a busy machine needs more than one
            await whole.server.turn_to(whole.clock.now() + LEASE)
            if (left := await whole.store.read(states)).keys() <= {"sent", "unknown"}:
                break
        copies = Counter(
            sum("Just write your answer" in words(message) for message in whole.telegram.inbox(phone))
            for phone in whole.phones
        )
        print(f"{KILLS} kills: copies {dict(sorted(copies.items()))}, states {left}, {in_flight} in flight at a kill")
        assert left == {"sent": 2000}, "nothing waits or hangs for ever"
        assert set(copies) <= {1, 2}, "nobody is left out, nobody gets three"
        assert copies[2] <= in_flight <= KILLS * MOST, "only what was in flight at a kill comes twice"
        assert botapi.check_calls(whole.telegram.journal()) == []


async def test_5000_updates_through_50_kills(tmp_path: Path) -> None:
    """Each has its effect once, none is lost: Telegram sends again what was not confirmed."""
    async with town(f"sqlite:///{tmp_path / 'recipro.db'}", 250) as whole:
        said: dict[tuple[int, int], str] = {}
        for number in range(20):
            for phone in whole.phones:
                text = f"tea {number} for {phone.id}"
                message = whole.telegram.say(phone, text)
                said[phone.id, message["message_id"]] = text
        unheard = [len(said)]
        for _ in range(KILLS):
            await whole.lived(lambda: not whole.telegram.updates or len(whole.telegram.updates) < unheard[-1], 0.2)
            unheard.append(len(whole.telegram.updates))
        await whole.lives.begin()
        assert await whole.until(lambda: not whole.telegram.updates, 60), "all is heard in the end"
        chats = {phone.id for phone in whole.phones}

        def kept(db: Connection) -> Counter[tuple[int, int, str]]:
            known = {each: people.by_chat(db, each) for each in chats}
            numbers = {who.id: chat for chat, who in known.items() if who is not None}
            rows = db.execute(select(gesture.c.person_id, gesture.c.message_id, gesture.c.words))
            return Counter((numbers[row.person_id], row.message_id, row.words) for row in rows)

        found = await whole.store.read(kept)
        print(f"{KILLS} kills: {len(found)} of {len(said)} kept; still to be heard after each kill: {unheard}")
        assert unheard[-1] < unheard[0], "the kills came while updates were heard"
        assert found == Counter({(*where, text): 1 for where, text in said.items()})
