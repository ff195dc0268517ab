"""Polling while the network goes away, and while another copy polls: said once, waited for, nothing lost."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select

from bot.chat import intake
from bot.sandbox.telegram import TOKEN
from bot.storage.schema import gesture
from tests.test_web import OTHER_SHAPES
from tests.world import World


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are as long as they are short."""
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE", "YIELD"):
        monkeypatch.setattr(intake, name, 0.01)


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("kind", ["drop", "lose_answer", "server_error", "too_many"])
async def test_trouble_on_the_way_is_said_once_and_everything_is_heard(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot.chat.intake")
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}") as world:
        asha = await world.person("Asha")
        times = 1 if kind == "too_many" else 4  # what Telegram asks for is waited in full
        world.telegram.faults.add(kind, times=times, methods=["getUpdates"], retry_after=1)
        before = len(asha.inbox)
        for _ in range(3):
            await asha.say("/help")
        async with asyncio.timeout(20):
            while len(asha.inbox) < before + 3 or world.telegram.faults.active[0].times:
                await asyncio.sleep(0.01)
        assert len(asha.inbox) == before + 3
    assert said(caplog, "Telegram ") == 1, "once, however often it was tried"
    assert said(caplog, "hearing goes on") == 1


async def test_one_update_that_cannot_be_read_does_not_end_hearing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left aside, with its number in the log; what came before and after it is heard. And so are a dozen others."""
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}") as world:
        asha = await world.person("Asha")
        before = len(asha.inbox)
        world.telegram.say(asha.person, "/help")
        world.telegram.enqueue("message", {"message_id": 99, "text": "words of a new kind", "from": asha.person.user})
        number = world.telegram.updates[-1]["update_id"]
        for update in OTHER_SHAPES:
            for kind, content in update.items():
                world.telegram.enqueue(kind, content)
        await asha.say("/privacy")
        assert len(asha.inbox) == before + 2
    assert said(caplog, f"update {number} cannot be read (a message of another shape) and is left aside") == 1
    assert "words of a new kind" not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_who_was_heard_is_not_remembered_outside_the_database(tmp_path: Path) -> None:
    """A million people would be 131 MB of it."""
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}") as world:
        for name in ("Asha", "Tom"):
            await world.person(name)
        assert world.app is not None
        application = world.app.application
        assert application._chat_ids_to_be_updated_in_persistence == set()
        assert application._user_ids_to_be_updated_in_persistence == set()
        assert (len(application.user_data), len(application.chat_data)) == (0, 0)


async def test_whoever_is_answered_slowly_holds_up_nobody_else(sqlite_url: str) -> None:
    """Telegram takes one message a second for a chat (here: a minute), so Tom's answers wait; Asha's come meanwhile."""
    async with World(sqlite_url) as world:
        asha, tom = await world.person("Asha"), await world.person("Tom")
        await world.stop_bot()
        world.per_chat = 60
        await world.start_bot()
        before = len(tom.inbox)
        for n in range(120):
            world.telegram.say(tom.person, f"line {n}")
            if n % 40 == 20:
                world.telegram.say(asha.person, "/help" if n < 100 else "/privacy")
        async with asyncio.timeout(15):
            while not (asha.count(lambda text: "/pause" in text) and tom.inbox[before:]):
                await asyncio.sleep(0.01)
        assert len(tom.inbox) == before + 1, "one of his is answered, and the rest waits"
        world.per_chat = 0
        await world.restart_bot()
        await world.settle()
        assert asha.count(lambda text: "end-to-end" in text) == 1, "it came behind a hundred of his"
        assert world.app is not None
        kept = world.app.store.read_now(
            lambda db: db.execute(select(gesture.c.message_id).order_by(gesture.c.id)).scalars().all()
        )
        written = [
            post["message_id"] for post in world.telegram.chat(tom.person) if post.get("text", "").startswith("line ")
        ]
        assert kept == sorted(written), "nothing is lost, in their order"
        assert len(kept) == 120


async def test_a_flood_is_kept_and_answered_in_part(sqlite_url: str) -> None:
    """Of many forwarded at once a quarter of a burst is answered, and Tom is told why the rest is not."""
    async with World(sqlite_url) as world:
        tom = await world.person("Tom")
        assert world.app is not None
        world.app.intake.burst = intake.BURST
        before = len(tom.inbox)
        for n in range(30):
            world.telegram.say(tom.person, f"line {n}")
        await world.settle()
        assert len(tom.inbox) == before + intake.BURST // 4 + 1
        assert tom.count(lambda text: "answer more slowly" in text) == 1
        kept = world.app.store.read_now(
            lambda db: db.execute(select(gesture.c.message_id).order_by(gesture.c.id)).scalars().all()
        )
        assert len(kept) == 30


async def test_another_copy_that_polls_is_said_in_one_sentence_and_outlived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}") as world:
        asha = await world.person("Asha")
        url = f"{world.server.url}/bot{TOKEN}/getUpdates"
        async with aiohttp.ClientSession() as other:
            for _ in range(3):  # each takes the line from us, and holds it until we take it back
                async with asyncio.timeout(10), other.post(url, data={"timeout": "5"}) as answer:
                    assert answer.status == 409
        await asha.say("/help")
        assert "/pause" in asha.texts[-1]
    lines = [record.getMessage() for record in caplog.records if "409" in record.getMessage()]
    assert set(lines) == {"another copy of this bot is polling with the same token (409); end one of the two"}
    assert TOKEN not in caplog.text


async def test_pauses_grow_and_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Four tries without an answer: each waits twice as long as the one before, never longer than the longest."""
    pauses: list[float] = []

    async def count(_stopping: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(intake, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(intake, "LONGEST_PAUSE", 5.0)
    monkeypatch.setattr(intake, "_pause", count)
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}") as world:
        asha = await world.person("Asha")
        world.telegram.faults.add("drop", times=5, methods=["getUpdates"])
        await asha.say("/help")
    low = [1, 2, 4, 5, 5]
    assert all(least <= pause <= least * 1.25 for least, pause in zip(low, pauses, strict=True)), pauses
