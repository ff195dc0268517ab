"""How fast a message goes out, and how well the limits are kept: ours beside named peers, in the same run.

Each row is the median of ROUNDS, taken in turns, so that a busy machine is busy for everyone. A peer that is not
installed is reported as absent. The server is tests/bench/stand.py, in a process of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import RetryAfter
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.courier.courier import Courier
from bot.courier.outcome import Sent
from bot.courier.request import AiohttpRequest
from bot.courier.throttle import PROMPT, REPLY, Throttle
from bot.speech.card import Button, Card, Tap
from tests.bench.stand import seen, standing

TOKEN = "42:bench"
ROUNDS = 5
NEAR, FAR = 64, 500
"""Messages in flight: to a server beside us, and to one with LATENCY."""
LATENCY = 0.06
ALLOWED = 30
"""Messages a second that Telegram allows without paid broadcasts."""
TEXT = "<b>A small thing for this evening</b>\n\nWhat did they do today that made your day lighter? One line is enough."
KEYS = (("Done in person", "done:48213"), ("Later", "later:48213"), ("Not today", "skip:48213"))
CARD = Card(TEXT, tuple((Button(label, Tap.parse(data)),) for label, data in KEYS))

Send = Callable[[int], Awaitable[Any]]
Way = Callable[[str, int], AbstractAsyncContextManager[Send]]


@asynccontextmanager
async def courier(url: str, flight: int) -> AsyncIterator[Send]:
    """The whole courier: throttle, card, outcome."""
    async with _ours(url, flight) as bot:
        way_out = Courier(bot, Throttle(1_000_000, per_chat=0))
        yield lambda chat: way_out.send(chat, CARD, lane=PROMPT)


@asynccontextmanager
async def ptb_over_aiohttp(url: str, flight: int) -> AsyncIterator[Send]:
    """python-telegram-bot's send_message over our request."""
    async with _ours(url, flight) as bot:
        yield _send_message(bot)


@asynccontextmanager
async def ptb_stock(url: str, flight: int) -> AsyncIterator[Send]:
    """python-telegram-bot as it comes, over httpx."""
    request = HTTPXRequest(connection_pool_size=flight, pool_timeout=60)
    async with ExtBot(TOKEN, base_url=f"{url}/bot", request=request) as bot:
        yield _send_message(bot)


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
    "recipro courier": courier,
    "ptb send_message over our request": ptb_over_aiohttp,
    "ptb send_message over httpx (stock)": ptb_stock,
    "aiogram 3 send_message": aiogram,
}


async def measure(seconds: float) -> dict[str, Any]:
    """All rows; *seconds* for each round of each way. The two last rows take ten times as long, once."""
    rows: dict[str, Any] = {}
    with standing() as near:
        rows["messages a second"] = await _speeds(near, NEAR, seconds)
    with standing(latency=LATENCY) as far:
        rows["messages a second at 60 ms"] = await _speeds(far, FAR, seconds)
    for name, paced in (("recipro throttle", _throttled), ("ptb AIORateLimiter", _rate_limited)):
        with standing(rate=ALLOWED, per_chat=1.0) as strict:
            rows.setdefault("limits kept", {})[name] = await _or_absent(_keep_limits(strict, paced, 10 * seconds))
        with standing() as open_to_all:
            rows.setdefault("reply during 10,000 broadcasts", {})[name] = await _or_absent(
                _reply_during(open_to_all, paced, 10 * seconds)
            )
    return rows


async def _speeds(url: str, flight: int, seconds: float) -> dict[str, Any]:
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, way in WAYS.items():
            try:
                async with way(url, flight) as send:
                    rounds[name].append(await _rush(send, flight, seconds))
            except ImportError:
                continue
    return {name: _told(results) if results else "absent" for name, results in rounds.items()}


async def _rush(send: Send, flight: int, seconds: float) -> tuple[float, float]:
    """Messages a second by the clock, and for each second of processor time."""
    numbers = itertools.count(1)
    await send(next(numbers))
    began, worked = time.perf_counter(), time.process_time()
    end = began + seconds

    async def hurry() -> int:
        sent = 0
        while time.perf_counter() < end:
            await send(next(numbers))
            sent += 1
        return sent

    total = sum(await asyncio.gather(*(hurry() for _ in range(flight))))
    return total / (time.perf_counter() - began), total / (time.process_time() - worked)


def _told(results: list[tuple[float, float]]) -> dict[str, Any]:
    clock = [by_clock for by_clock, _ in results]
    return {
        "median": round(statistics.median(clock)),
        "spread": [round(min(clock)), round(max(clock))],
        "on one core": round(statistics.median(by_core for _, by_core in results)),
    }


Pacer = Callable[[str], AbstractAsyncContextManager[tuple[Send, Send]]]


@asynccontextmanager
async def _throttled(url: str) -> AsyncIterator[tuple[Send, Send]]:
    """Our broadcast and our reply, at Telegram's own limit."""
    async with _ours(url, NEAR) as bot:
        way_out = Courier(bot, Throttle(ALLOWED))

        async def broadcast(chat: int) -> bool:
            return isinstance(await way_out.send(chat, CARD, lane=PROMPT, within=3600), Sent)

        yield broadcast, lambda chat: way_out.send(chat, CARD, lane=REPLY)


@asynccontextmanager
async def _rate_limited(url: str) -> AsyncIterator[tuple[Send, Send]]:
    """python-telegram-bot's own limiter, over our request, so that only the limiters differ."""
    import aiolimiter  # noqa: F401 - AIORateLimiter is there without it, and raises something else
    from telegram.ext import AIORateLimiter

    logging.getLogger("telegram.ext").setLevel(logging.CRITICAL)  # it writes a traceback for each 429
    limiter = AIORateLimiter(overall_max_rate=ALLOWED, overall_time_period=1, max_retries=0)
    async with _ours(url, NEAR, rate_limiter=limiter) as bot:
        send = _send_message(bot)

        async def broadcast(chat: int) -> bool:
            try:
                await send(chat)
            except RetryAfter:
                return False
            return True

        yield broadcast, send


async def _keep_limits(url: str, pacer: Pacer, seconds: float) -> dict[str, Any]:
    """As much as may go out in *seconds*, two messages for each person, to a server that refuses what is too fast."""
    async with pacer(url) as (broadcast, _):
        tasks = [asyncio.ensure_future(broadcast(1 + n // 2)) for n in range(int(ALLOWED * seconds * 2))]
        await asyncio.sleep(seconds)
        await _drop(tasks)
    told = seen(url)
    return {
        "429s": told["refused"],
        "most in a second": told["most"],
        "of what is allowed": round(told["taken"] / (ALLOWED * seconds), 3),
    }


async def _reply_during(url: str, pacer: Pacer, seconds: float) -> dict[str, Any]:
    """Milliseconds until a reply is answered: alone, and behind 10,000 broadcasts. None: not within *seconds*."""
    async with pacer(url) as (broadcast, reply):
        idle = await _replies(reply, 1_000_000, min(3.0, seconds))
        tasks = [asyncio.ensure_future(broadcast(1 + n)) for n in range(10_000)]
        await asyncio.sleep(1)
        busy = await _replies(reply, 2_000_000, seconds)
        await _drop(tasks)
    return {"idle p99": _p99(idle), "busy p50": _median(busy), "busy p99": _p99(busy), "replies": len(busy)}


async def _replies(reply: Send, first: int, seconds: float) -> list[float]:
    """How many milliseconds each reply took, three a second; what has not come by the end counts as endless."""

    async def timed(chat: int) -> float:
        began = time.perf_counter()
        await reply(chat)
        return 1000 * (time.perf_counter() - began)

    tasks: list[asyncio.Task[float]] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        tasks.append(asyncio.ensure_future(timed(first + len(tasks))))
        await asyncio.sleep(0.33)
    done, _ = await asyncio.wait(tasks, timeout=1)
    took = [task.result() for task in done]
    await _drop([task for task in tasks if task not in done])
    return took + [float("inf")] * (len(tasks) - len(took))


async def _drop(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _or_absent(row: Awaitable[dict[str, Any]]) -> dict[str, Any] | str:
    try:
        return await row
    except ImportError:
        return "absent"


def _p99(values: list[float]) -> float | None:
    worst = sorted(values)[max(0, int(len(values) * 0.99 + 0.999) - 1)]
    return None if worst == float("inf") else round(worst, 1)


def _median(values: list[float]) -> float | None:
    middle = statistics.median(values)
    return None if middle == float("inf") else round(middle, 1)


@asynccontextmanager
async def _ours(url: str, flight: int, **options: Any) -> AsyncIterator[ExtBot[Any]]:
    async with ExtBot(
        TOKEN,
        base_url=f"{url}/bot",
        request=AiohttpRequest(flight),
        get_updates_request=AiohttpRequest(1),
        **options,
    ) as bot:
        yield bot


def _send_message(bot: ExtBot[Any]) -> Send:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data)] for label, data in KEYS])
    preview = LinkPreviewOptions(is_disabled=True)
    return lambda chat: bot.send_message(
        chat, TEXT, parse_mode="HTML", link_preview_options=preview, reply_markup=markup
    )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)), indent=2))
