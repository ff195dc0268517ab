"""A bot keeps to one processor, whatever threads it has; who draws its pictures does not."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import Telegram
from tests.faults.process import Bot

# elsewhere nothing is moved; CI is on Linux, and fails where it cannot look
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" and os.environ.get("CI") != "true",
    reason="this system does not say on which processor a process is",
)


def processors(process: int) -> set[frozenset[int]]:
    """Where the threads of a process may run."""
    return {frozenset(os.sched_getaffinity(int(each.name))) for each in Path(f"/proc/{process}/task").iterdir()}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("module", ["bot run", "bot.sandbox.child"])
async def test_the_bot_keeps_to_one(module: str, database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """All its threads are on the same one, also those that begin later, and it still stops when it is told to."""
    url = f"sqlite:///{tmp_path / 'bot.db'}" if database == "sqlite" else request.getfixturevalue("postgres_url")
    clock = SandboxClock()
    server = Server(Telegram(clock.now), clock, "127.0.0.1", 0)
    await server.start()
    bot = Bot(server, url)
    bot.module = module
    try:
        await bot.start()
        async with asyncio.timeout(20):
            while [len(each) for each in processors(bot.pid)] != [1]:
                await asyncio.sleep(0.05)
    finally:
        await bot.stop()
        await server.stop()


DRAWS = """
import asyncio, os
from bot import processor
from bot.courier.easel import Easel
from tests.courier.sketches import PNG, Curious

async def main():
    staying = asyncio.create_task(processor.keep_to_one())
    await asyncio.sleep(0)
    kept = await asyncio.to_thread(os.sched_getaffinity, 0)
    easel = Easel(1)
    drawer = int((await easel.draw(Curious(), lane=0)).removeprefix(PNG).split()[0])
    roams = os.sched_getaffinity(drawer)
    await easel.close()
    staying.cancel()
    await asyncio.wait({staying})
    print(len(kept), roams == processor.ALLOWED, os.sched_getaffinity(0) == processor.ALLOWED)

asyncio.run(main())
"""


async def test_who_draws_may_roam() -> None:
    """A picture is drawn beside the bot, not instead of it; and where the bot lets go, it has all it was given."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", DRAWS, stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    assert said.decode().split() == ["1", "True", "True"]
