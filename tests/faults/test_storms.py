"""Trouble on the way to Telegram, while many prompts are due: everybody ends with theirs, nobody is flooded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.app import App
from bot.domain import pacing
from bot.domain.people import Address, Pace, Person, Stage
from bot.sandbox.telegram import Person as Phone
from bot.storage import people, rhythms
from bot.storage.schema import delivery
from tests.world import World, words

ZONE = "Asia/Dubai"
NINE = 21 * 60


def somebody(chat: int, now: datetime) -> Person:
    """Set up, without quiet hours."""
    return Person(
        0, chat, "P", "en-AE", Stage.READY, ZONE, "AE", Pace.EVENING, NINE, 510, 1140, 0, 0,
        Address.NEUTRAL, False, None, now, None, None, None, False, None, None,
    )  # fmt: skip


class Deaf(App):
    """A second process that does not poll: Telegram allows one poller."""

    async def _listen(self) -> None:
        """Hear nobody."""


async def crowd(world: World, count: int) -> list[Phone]:
    """*count* people whose prompt comes at nine in Dubai, put straight into the database."""
    assert world.app is not None
    phones = [
        world.telegram.join(f"P{n}", language_code="en", zone=ZONE, country="AE", started=True) for n in range(count)
    ]
    now = world.clock.now()

    def fill(db) -> None:  # type: ignore[no-untyped-def]
        for phone in phones:
            who = people.arrive(
                db,
                somebody(phone.id, now),
            )
            rhythms.put(db, who.id, None, pacing.rhythms_of(who, 6, who.pace), zone=ZONE, now=now)

    await world.app.store.write(fill)
    return phones


def prompts_of(world: World, phone: Phone) -> int:
    return sum("Just write your answer" in words(message) for message in world.telegram.inbox(phone))


def nine(world: World) -> None:
    """17:00 UTC, a little after nine in Dubai."""
    world.clock.set(world.clock.now().replace(hour=17, minute=0, second=5))


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[World]:
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}", rate=1000) as world:
        yield world


async def until_quiet(world: World, hours: float = 2.5) -> None:
    """Beat on, a minute at a time, until nothing waits or the prompts are too late."""
    assert world.app is not None
    end = world.clock.now() + timedelta(hours=hours)
    while world.clock.now() < end:
        await world.app.pulse.beat()
        await world.app.pulse.reclaim()
        left = await world.app.store.read(
            lambda db: db.execute(select(func.count()).where(delivery.c.state.in_(("waiting", "sending")))).scalar()
        )
        if not left:
            return
        world.clock.advance(minutes=2)


@pytest.mark.parametrize(("kind", "most"), [("server_error", 2), ("drop", 2), ("lose_answer", 2), ("too_many", 1)])
async def test_in_a_storm_everybody_ends_with_their_prompt(many: World, kind: str, most: int) -> None:
    phones = await crowd(many, 250)
    nine(many)
    many.telegram.faults.add(kind, probability=0.25, times=60, retry_after=1, methods=["sendMessage"])
    await until_quiet(many)
    copies = Counter(prompts_of(many, phone) for phone in phones)
    unknown = await many.app.store.read(  # type: ignore[union-attr]
        lambda db: db.execute(select(func.count()).where(delivery.c.state == "unknown")).scalar()
    )
    assert set(copies) <= set(range(most + 1)), copies
    assert copies[0] <= (unknown or 0), "whoever got none is named: an uncertain send is tried once more, then listed"
    assert kind == "drop" or copies[0] == 0


async def test_a_blocked_person_is_left_alone_and_the_next_one_served(many: World) -> None:
    phones = await crowd(many, 20)
    for phone in phones[::2]:
        phone.blocked = True
    nine(many)
    await until_quiet(many)
    assert [prompts_of(many, phone) for phone in phones] == [0, 1] * 10
    sends = len(many.telegram.journal("sendMessage"))
    many.clock.advance(days=1)
    await until_quiet(many)
    assert len(many.telegram.journal("sendMessage")) == sends + 10, "nobody who blocked is tried again"


async def test_a_revoked_token_stops_everything_and_marks_nobody(many: World) -> None:
    phones = await crowd(many, 10)
    assert many.app is not None
    nine(many)
    many.telegram.faults.add("unauthorized", methods=["sendMessage"])
    await many.app.pulse.beat()
    assert many.app.exit_status == 78
    assert many.app.stopping.is_set()
    marked = await many.app.store.read(
        lambda db: [person.unreachable for person in people.by_ids(db, range(1, 11)).values()]
    )
    assert marked == [None] * len(phones)


@pytest.mark.parametrize(("hours", "come"), [(1, 1), (2.9, 1), (3.2, 0), (20, 0)])
async def test_after_downtime_prompts_of_use_come_and_late_ones_do_not(many: World, hours: float, come: int) -> None:
    """A jump of the clock and a laptop waking up are the same."""
    phones = await crowd(many, 5)
    nine(many)
    many.clock.advance(hours=hours)
    await until_quiet(many)
    assert [prompts_of(many, phone) for phone in phones] == [come] * 5


async def test_two_pulses_on_one_postgresql_send_each_prompt_once(postgres_url: str) -> None:
    """Two processes beat at once, and race for every slice and every row."""
    async with World(postgres_url, rate=1000) as world:
        phones = await crowd(world, 400)
        second = Deaf(world.settings(), now=world.clock.now, beat_every=100_000, per_chat=0)
        await second.start()
        nine(world)
        assert world.app is not None
        for _ in range(3):
            await asyncio.gather(world.app.pulse.beat(), second.pulse.beat())
        try:
            assert Counter(prompts_of(world, phone) for phone in phones) == {1: 400}
        finally:
            await second.stop()
