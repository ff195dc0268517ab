"""Two copies hear by webhook behind a balancer and share one PostgreSQL; either is killed at random, again and again.

Every update is answered, every prompt comes once, or twice where it was in flight at a kill: Telegram has no key that
would tell a second copy from a first. REPLICA_SECONDS is how long it goes on: two minutes in `make drill`.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
from aiohttp import web
from sqlalchemy import Connection, func, select

from bot.domain import pacing
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import Person as Phone
from bot.sandbox.telegram import Telegram
from bot.storage import people, rhythms
from bot.storage.columns import Seal
from bot.storage.schema import delivery
from bot.storage.store import look_into, open_store
from bot.web import SECRET_HEADER
from tests.faults.process import Bot, free_port
from tests.faults.test_storms import ZONE, somebody
from tests.world import KEY, START, words

SECONDS = float(os.environ.get("REPLICA_SECONDS", "7.5"))
TICK = 2.5
"""Real seconds between two minutes of the clock, each with prompts: well within a lease."""
DUE, CHATTERS = 15, 6
"""Prompts a minute; people who write all the time, eight updates a second between them."""
FIRST = 21 * 60
"""The first minute on the walls of Dubai at which somebody is due."""


class Balancer:
    """Passes each update on to a replica, and to the other one when the first refuses or dies over it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.replicas: list[Bot] = []
        self._random = random.Random(7)
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30))
        application = web.Application()
        application.router.add_post("/telegram", self._pass_on)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        assert self._runner is not None
        assert self._client is not None
        await self._runner.cleanup()
        await self._client.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        assert self._client is not None
        body = await request.read()
        headers = {SECRET_HEADER: request.headers.get(SECRET_HEADER, ""), "Content-Type": "application/json"}
        for bot in self._random.sample(self.replicas, len(self.replicas)):
            try:
                async with self._client.post(
                    f"http://127.0.0.1:{bot.port}/telegram", data=body, headers=headers
                ) as told:
                    if told.status == 200:
                        return web.Response()
            except aiohttp.ClientError:
                continue
        return web.Response(status=503)


@asynccontextmanager
async def two(database_url: str) -> AsyncIterator[tuple[Telegram, SandboxClock, list[Bot]]]:
    clock = SandboxClock()
    clock.set(START.replace(hour=16, minute=50))
    telegram = Telegram(clock.now)
    server = Server(telegram, clock, "127.0.0.1", 0)
    balancer = Balancer()
    await server.start()
    await balancer.start()
    bots = balancer.replicas = [Bot(server, database_url, webhook=balancer.url, RECIPRO_RATE="60") for _ in range(2)]
    try:
        for bot in bots:
            await bot.start()
        clock.set(START.replace(hour=16, minute=59, second=10))  # however long it took: before the first minute
        yield telegram, clock, bots
    finally:
        for bot in bots:
            await bot.stop()
        await balancer.stop()
        await server.stop()


def settle_down(database_url: str, telegram: Telegram, minutes: int) -> tuple[list[Phone], list[Phone]]:
    """DUE people for each of the next *minutes*, and those who chat, put straight into the database."""
    count = DUE * minutes
    join = telegram.join
    due = [join(f"D{n}", language_code="en", zone=ZONE, country="AE", started=True) for n in range(count)]
    chatters = [join(f"C{n}", language_code="en", zone=ZONE, country="AE", started=True) for n in range(CHATTERS)]
    store = open_store(database_url, seal=Seal([KEY]))
    now = telegram.now()

    def fill(db: Connection) -> None:
        for n, phone in enumerate(due):
            who = people.arrive(db, replace(somebody(phone.id, now), hour=FIRST + n // DUE))
            rhythms.put(db, who.id, None, pacing.rhythms_of(who, 6, who.pace), zone=ZONE, now=now)
        for phone in chatters:
            people.arrive(db, somebody(phone.id, now))

    store.write_now(fill)
    store.engine.dispose()
    return due, chatters


def prompts(telegram: Telegram, phone: Phone) -> int:
    return sum("Just write your answer" in words(message) for message in telegram.inbox(phone))


def states_of(database_url: str) -> Counter[str]:
    """What has become of the prompts."""
    store = look_into(database_url)
    daily = select(delivery.c.state, func.count()).where(delivery.c.kind != "weekly").group_by(delivery.c.state)
    try:
        return Counter({row[0]: row[1] for row in store.read_now(lambda db: db.execute(daily).all())})
    finally:
        store.engine.dispose()


async def test_either_of_two_copies_is_killed_at_random_and_nobody_notices(postgres_url: str) -> None:
    chance = random.Random(11)
    async with two(postgres_url) as (telegram, clock, bots):
        ticks = max(2, int(SECONDS / TICK))
        due, chatters = settle_down(postgres_url, telegram, ticks)
        said: Counter[int] = Counter()
        kills = 0
        going = True

        async def chat() -> None:
            while going:
                who = chance.choice(chatters)
                telegram.say(who, "/privacy")
                said[who.id] += 1
                await asyncio.sleep(0.125)

        async def kill() -> None:
            nonlocal kills
            while going:
                await asyncio.sleep(chance.uniform(1.5, 4.5))
                bot = chance.choice(bots)
                await bot.kill()
                kills += 1
                await bot.start()

        trouble = [asyncio.create_task(chat()), asyncio.create_task(kill())]
        began = time.monotonic()
        for tick in range(ticks):
            clock.advance(seconds=60)
            await asyncio.sleep(max(0.0, began + (tick + 1) * TICK - time.monotonic()))
        going = False
        await asyncio.gather(*trouble)
        async with asyncio.timeout(90):
            while telegram.updates:
                await asyncio.sleep(0.1)
            for _ in range(3):  # the leases of what was in flight run out
                clock.advance(seconds=100)
                await asyncio.sleep(2)
            while (states := states_of(postgres_url)).total() < len(due) or states["waiting"] or states["sending"]:
                await asyncio.sleep(0.5)
        answered = {
            phone.id: sum("<b>" in words(m) or bool(words(m)) for m in telegram.inbox(phone)) for phone in chatters
        }
        copies = Counter(prompts(telegram, phone) for phone in due)
        without = sorted({FIRST + n // DUE for n, phone in enumerate(due) if not prompts(telegram, phone)})
        print(f"minutes of whom nothing came to: {without}")
        print(f"{kills} kills; {said.total()} updates; prompts by copies: {dict(copies)}; settled as {dict(states)}")
        assert kills >= 1
        assert {who: answered[who] >= n for who, n in said.items()} == dict.fromkeys(said, True)
        assert set(copies) <= {0, 1, 2}
        assert copies[0] <= states["unknown"], "what was in flight at two kills is named, and not sent a third time"
        assert states["unknown"] <= kills
        assert copies[2] <= kills * 20, "no more than what can be in flight at a kill"
        assert not any("Traceback" in bot.said for bot in bots)
