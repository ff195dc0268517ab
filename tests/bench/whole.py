"""The whole bot in this process, as `python -m bot run` has it, but hearing by webhook and by a clock that is given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import Connection, func, select

from bot import log, processor
from bot.app import App
from bot.courier.throttle import PER_CHAT
from bot.settings import Settings
from bot.storage.schema import delivery
from tests.bench.stand import TOKEN
from tests.bench.town import key

SECRET = "a-secret-of-the-bench"


def settings(database: str, telegram: str, *, rate: float, port: int = 0) -> Settings:
    """What a bot runs with, on a town and against the local server."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        token=SecretStr(TOKEN),
        api_url=telegram,
        database_url=SecretStr(database),
        keys=SecretStr(key()),
        rate=rate,
        http_port=port,
        webhook_url="http://127.0.0.1:1",
        webhook_secret=SecretStr(SECRET),
    )


@asynccontextmanager
async def running(
    given: Settings, now: Callable[[], datetime], *, per_chat: float = PER_CHAT, beat_every: float = 1.0
) -> AsyncIterator[App]:
    """The bot, started; stopped when the block ends."""
    log.set_up("ERROR", "text")
    app = App(given, now=now, per_chat=per_chat, beat_every=beat_every)
    try:
        await app.start()
        staying = asyncio.create_task(processor.keep_to_one())
        working = asyncio.create_task(app.run())
        await asyncio.sleep(0)
        yield app
        app.stopping.set()
        await working
        staying.cancel()
    finally:
        await app.stop()


class Clock:
    """Shows a moment that it was set to, and runs on from it as the real one does."""

    def __init__(self, moment: datetime) -> None:
        self.set(moment)

    def set(self, moment: datetime) -> None:
        """Show *moment* now."""
        self._moment, self._since = moment, time.monotonic()

    def __call__(self) -> datetime:
        return self._moment + timedelta(seconds=time.monotonic() - self._since)


def unsettled(db: Connection) -> int:
    """How many deliveries wait or are being sent."""
    waits = delivery.c.state.in_(("waiting", "sending"))
    return int(db.execute(select(func.count()).where(waits)).scalar_one())


async def until_settled(app: App, seconds: float) -> None:
    """Wait until everything that was raised is sent. Raises TimeoutError after *seconds*."""
    async with asyncio.timeout(seconds):
        while await app.store.read(unsettled):
            await asyncio.sleep(0.2)
