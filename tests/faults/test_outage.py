"""The database goes away in the middle of a broadcast and comes back: nothing is lost, nobody restarts anything.

OUTAGE_SECONDS is how long it stays away: a few seconds in the suite, 30 in `make drill`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter

import aiohttp
from sqlalchemy import func, select

from bot.storage.schema import delivery
from tests.faults.cluster import cluster, needed
from tests.faults.test_storms import crowd, nine, prompts_of
from tests.world import World

OUTAGE = float(os.environ.get("OUTAGE_SECONDS", "2"))
PEOPLE = 240


@needed
async def test_postgresql_stops_in_the_middle_of_a_broadcast_and_all_prompts_come_once() -> None:
    with cluster() as server:
        async with World(server.url, rate=80, beat_every=0.1, moving=True) as world:
            assert world.app is not None
            asha = await world.person("Asha")
            phones = await crowd(world, PEOPLE)
            before = world.telegram.accepted
            nine(world)
            await until(lambda: world.telegram.accepted >= before + PEOPLE // 4)

            await asyncio.to_thread(server.stop)
            world.telegram.say(asha.person, "/help")
            await until(lambda: world.app.metrics.database_away)
            away_at = time.monotonic()
            assert "database" in await missing(world)
            sent_while_away = world.telegram.accepted
            while time.monotonic() < away_at + OUTAGE:
                await asyncio.sleep(0.1)
                assert world.telegram.accepted - sent_while_away <= world.app.pulse.most, "only what had been claimed"
            await asyncio.to_thread(server.start)

            await until(lambda: world.telegram.accepted >= before + PEOPLE)
            await world.settle()
            async with asyncio.timeout(20):
                while await missing(world):
                    await asyncio.sleep(0.2)
            world.clock.advance(minutes=2)  # the leases of what was claimed and never told run out
            await world.app.pulse.reclaim()
            await until_settled(world)
            assert Counter(prompts_of(world, phone) for phone in phones) == {1: PEOPLE}
            assert asha.texts[-1].count("/pause") == 1, "what was said meanwhile is answered"


async def until(holds) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(OUTAGE + 40):
        while not holds():
            await asyncio.sleep(0.02)


async def until_settled(world: World) -> None:
    assert world.app is not None
    async with asyncio.timeout(20):
        while await world.app.store.read(
            lambda db: db.execute(
                select(func.count()).where(delivery.c.state.in_(("sending", "waiting")), delivery.c.kind != "weekly")
            ).scalar()
        ):
            await asyncio.sleep(0.05)


async def missing(world: World) -> list[str]:
    assert world.app is not None
    host, port = world.app.web.address
    async with aiohttp.ClientSession() as client, client.get(f"http://{host}:{port}/readyz") as answer:
        told = await answer.json()
    return list(told.get("missing", []))
