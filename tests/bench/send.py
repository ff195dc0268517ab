"""How fast a message goes out: our courier beside named peers, to a server beside us and to one 60 ms away.

Everybody runs on the same event loop, and sends the same text with the same buttons.
"""

from __future__ import annotations

import itertools
import time
from asyncio import gather
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot import loop
from bot.courier.courier import Courier
from bot.courier.request import AiohttpRequest
from bot.courier.throttle import PROMPT, Throttle
from bot.speech.card import Button, Card, Tap
from tests.bench.measure import QUICK, Figures, Row, in_turns, row, settled_in, times
from tests.bench.stand import TOKEN, Ways, standing

NEAR, FAR = 64, 500
"""Messages in flight: to a server beside us, and to one with LATENCY."""
LATENCY = 0.06
SECONDS = 0.2 if QUICK else 3.0
"""How long each round sends."""
TEXT = "<b>A small thing for this evening</b>\n\nWhat did they do today that made your day lighter? One line is enough."
KEYS = (("Done in person", "done:48213"), ("Later", "later:48213"), ("Not today", "skip:48213"))
CARD = Card(TEXT, tuple((Button(label, Tap.parse(data)),) for label, data in KEYS))
OURS, STOCK, AIOGRAM = "recipro courier", "ptb Bot.send_message over httpx", "aiogram 3 send_message"

Send = Callable[[int], Awaitable[Any]]
Way = Callable[[str, int], AbstractAsyncContextManager[Send]]


@asynccontextmanager
async def courier(url: str, flight: int) -> AsyncIterator[Send]:
    """The whole courier: throttle, card, outcome."""
    async with ours(url, flight) as bot:
        way_out = Courier(bot, Throttle(1_000_000, per_chat=0))
        yield lambda chat: way_out.send(chat, CARD, lane=PROMPT)


@asynccontextmanager
async def ptb_over_aiohttp(url: str, flight: int) -> AsyncIterator[Send]:
    """python-telegram-bot's send_message over our request."""
    async with ours(url, flight) as bot:
        yield send_message(bot)


@asynccontextmanager
async def ptb_stock(url: str, flight: int) -> AsyncIterator[Send]:
    """python-telegram-bot as it comes, over httpx."""
    request = HTTPXRequest(connection_pool_size=flight, pool_timeout=60)
    async with ExtBot(TOKEN, base_url=f"{url}/bot", request=request) as bot:
        yield send_message(bot)


@asynccontextmanager
async def aiogram(url: str, flight: int) -> AsyncIterator[Send]:
    """Bare aiogram 3, which comes with aiohttp. Raises ImportError where it is not installed."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import InlineKeyboardButton as AioButton
    from aiogram.types import InlineKeyboardMarkup as AioMarkup
    from aiogram.types import LinkPreviewOptions as AioPreview

    session = AiohttpSession(api=TelegramAPIServer.from_base(url), limit=flight)
    rows = [[AioButton(text=label, callback_data=data)] for label, data in KEYS]
    preview, markup = AioPreview(is_disabled=True), AioMarkup(inline_keyboard=rows)
    async with Bot(TOKEN, session=session) as bot:
        yield lambda chat: bot.send_message(
            chat, TEXT, parse_mode="HTML", link_preview_options=preview, reply_markup=markup
        )


WAYS: dict[str, Way] = {
    OURS: courier,
    "ptb send_message over our request": ptb_over_aiohttp,
    STOCK: ptb_stock,
    AIOGRAM: aiogram,
}


def rows() -> list[Row]:
    """Near and far."""
    with standing() as near, standing(Ways(latency=LATENCY)) as far:
        return [*_speeds("beside us", near, NEAR), *_speeds("60 ms away", far, FAR)]


def _speeds(where: str, url: str, flight: int) -> Iterator[Row]:
    found = in_turns({who: partial(speed, way, url, flight) for who, way in WAYS.items()})
    ours = found[OURS] or {}
    for name in ("by the clock", "on one core"):
        for who, figures in found.items():
            values = (figures or {}).get(name)
            compared = {} if who == OURS else {"recipro beside it": f"{1 / times(values, ours.get(name)):.2f} ×"}
            yield row(f"messages a second, {where}, {name}", who, values, "a second", **compared)


def speed(way: Way, url: str, flight: int) -> Figures:
    """Messages a second by the clock, and for each second of processor time."""
    return loop.run(_rush(way, url, flight))


async def _rush(way: Way, url: str, flight: int) -> Figures:
    numbers = itertools.count(1)
    async with way(url, flight) as send:
        await send(next(numbers))
        settled_in()
        began, worked = time.perf_counter(), time.process_time()
        end = began + SECONDS

        async def hurry() -> int:
            sent = 0
            while time.perf_counter() < end:
                await send(next(numbers))
                sent += 1
            return sent

        total = sum(await gather(*(hurry() for _ in range(flight))))
        return {
            "by the clock": total / (time.perf_counter() - began),
            "on one core": total / (time.process_time() - worked),
        }


@asynccontextmanager
async def ours(url: str, flight: int, **options: Any) -> AsyncIterator[ExtBot[Any]]:
    """python-telegram-bot's Bot over our request."""
    async with ExtBot(
        TOKEN,
        base_url=f"{url}/bot",
        request=AiohttpRequest(flight),
        get_updates_request=AiohttpRequest(1),
        **options,
    ) as bot:
        yield bot


def send_message(bot: ExtBot[Any]) -> Send:
    """The same card by python-telegram-bot's own method."""
    markup = InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data)] for label, data in KEYS])
    preview = LinkPreviewOptions(is_disabled=True)
    return lambda chat: bot.send_message(
        chat, TEXT, parse_mode="HTML", link_preview_options=preview, reply_markup=markup
    )
