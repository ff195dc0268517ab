"""A bot with nothing but its courier, before the sandbox's Telegram; and a road on which anything can happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from telegram.ext import ExtBot

from bot.courier.courier import Courier
from bot.courier.outcome import Outcome
from bot.courier.request import AiohttpRequest
from bot.courier.throttle import Throttle
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Person, Telegram

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Post:
    """A courier, the Telegram it goes to, and what was counted on the way."""

    telegram: Telegram
    courier: Courier
    asha: Person
    tom: Person
    counted: list[tuple[str, Outcome]] = field(default_factory=list)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """Asha and Tom have started the bot."""
    clock = SandboxClock(lambda: NOON)
    telegram = Telegram(clock.now)
    server = Server(telegram, clock, "127.0.0.1", 0)
    await server.start()
    bot = bot_at(server.url)
    async with bot:
        counted: list[tuple[str, Outcome]] = []
        courier = Courier(bot, Throttle(1000, per_chat=0), counted=lambda *what: counted.append(what))
        asha, tom = (telegram.join(name, started=True) for name in ("Asha", "Tom"))
        yield Post(telegram, courier, asha, tom, counted)
        await courier.easel.close()
    await server.stop()


def bot_at(url: str, *, read: float = 5.0, connect: float = 5.0) -> ExtBot[None]:
    """A bot whose Telegram is at *url*."""
    return ExtBot(
        TOKEN,
        base_url=f"{url}/bot",
        request=AiohttpRequest(4, read=read, connect=connect),
        get_updates_request=AiohttpRequest(1),
    )


@pytest.fixture
async def road() -> AsyncIterator[Callable[[Answer], Awaitable[str]]]:
    """Lay roads: each is an address, at which the given answer deals with every request by hand."""
    servers: list[asyncio.Server] = []

    async def lay(answer: Answer) -> str:
        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await answer(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield lay
    for server in servers:
        server.close()
