"""The real bot in the sandbox: the same App, whose clock follows the one on the page.

Each turn of the clock is taken in, a beat is done, and only then is the turn acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys

import aiohttp

from bot import log, loop, processor
from bot.app import App, StartError
from bot.sandbox.clock import SandboxClock
from bot.settings import SettingsError, read
from bot.speech.library import ContentError
from bot.storage.store import AwayError, StoreError

BEAT_EVERY = 0.25
"""Seconds: what is pressed on the page should show at once."""


async def follow(app: App, clock: SandboxClock, url: str) -> None:
    """Take every turn of the clock in, until the sandbox ends; then stop too."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=None)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/sim/clock/stream") as stream:
            async for line in stream.content:
                if not line.strip():
                    continue
                turn = json.loads(line)
                clock.shift(turn["offset_ms"])
                with contextlib.suppress(AwayError):
                    await app.pulse.beat()  # ends when nothing is in flight, so that only a dead sender's leases lapse
                    await app.pulse.reclaim()
                    await app.pulse.deliver()
                seen = {"version": turn["version"], "follower": turn.get("follower")}
                await session.post(f"{url}/sim/clock/seen", json=seen)
    except aiohttp.ClientError:
        app.stopping.set()
    else:
        app.stopping.set()


async def whole() -> int:
    """Run the bot until the sandbox ends or somebody stops it."""
    settings = read()
    log.set_up(settings.log_level, settings.log_format)
    clock = SandboxClock()
    url = settings.api_url
    async with aiohttp.ClientSession() as session, session.get(f"{url}/sim/clock") as answer:
        clock.shift((await answer.json())["offset_ms"])
    app = App(settings, now=clock.now, beat_every=BEAT_EVERY, per_chat=0)  # a turned clock is no flood
    running = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            running.add_signal_handler(each, app.stopping.set)
    try:
        await app.start()
        beside = [asyncio.create_task(follow(app, clock, url)), asyncio.create_task(processor.keep_to_one())]
        status = await app.run()
        for task in beside:
            task.cancel()
        return status
    finally:
        await app.stop()


if __name__ == "__main__":
    try:
        sys.exit(loop.run(whole()))
    except (StartError, StoreError, SettingsError, ContentError) as error:
        sys.stderr.write(f"recipro: {error}\n")
        sys.exit(2)
