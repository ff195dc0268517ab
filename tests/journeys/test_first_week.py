"""Two people, from nothing to a shared answer and a Sunday; and the same with the bot killed between any two steps."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.sandbox.play import Stage as Sandbox
from bot.sandbox.telegram import Telegram
from bot.settings import Settings
from tests import botapi
from tests.journeys.story import START, STEPS, Story
from tests.world import World

STEP = timedelta(minutes=30)


class InProcess:
    """The bot in this process; time stands still but for turns."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.telegram: Telegram = world.telegram

    async def settle(self) -> None:
        await self.world.beat()

    async def turn_to(self, moment: datetime) -> None:
        while self.world.clock.now() < moment:
            self.world.clock.set(min(moment, self.world.clock.now() + STEP))
            await self.world.beat()


class OwnProcess:
    """The bot as a process of its own, which can be killed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.telegram = sandbox.telegram

    async def settle(self) -> None:
        async with asyncio.timeout(20):
            while self.telegram.updates:
                await asyncio.sleep(0.005)
        await self.sandbox.turn(self.sandbox.clock.now() + timedelta(seconds=1))

    async def turn_to(self, moment: datetime) -> None:
        if self.sandbox.clock.now() < moment:
            await self.sandbox.turn(moment)

    async def kill(self) -> None:
        assert self.sandbox.child is not None
        await self.sandbox.child.end(kill=True)
        await self.sandbox.child.start()
        await self.sandbox.followed()


async def test_two_people_meet_answer_share_and_look_back_on_a_week(both: World) -> None:
    """The whole story, on SQLite and PostgreSQL."""
    both.clock.set(START)
    story = Story(InProcess(both))
    for step in STEPS:
        await step(story)


@pytest.mark.parametrize("first", [1, 2])
async def test_a_kill_between_two_steps_changes_nothing(first: int, tmp_path: Path) -> None:
    """SIGKILL before every other step, then a new process on the same database; between any two in one of the two weeks."""
    await _played_with_kills(tmp_path, f"sqlite:///{tmp_path / 'recipro.db'}", set(range(first, len(STEPS), 2)))


async def test_a_kill_between_all_steps_changes_nothing_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """Killed eleven times in one week."""
    await _played_with_kills(tmp_path, postgres_url, set(range(1, len(STEPS))))


async def _played_with_kills(folder: Path, database_url: str, killed_before: set[int]) -> None:
    settings = Settings(_env_file=None, rate=1000, token=SecretStr("1:none_at_all"))  # type: ignore[call-arg]
    sandbox = Sandbox(settings, 0, folder, database_url=database_url)
    try:
        sandbox.clock.set(START)
        await sandbox.start(cast=False)
        stage = OwnProcess(sandbox)
        story = Story(stage)
        for number, step in enumerate(STEPS):
            if number in killed_before:
                await stage.kill()
            await step(story)
        assert botapi.check_calls(sandbox.telegram.journal()) == []
    finally:
        await sandbox.stop()
