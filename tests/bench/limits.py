"""How well the limits are kept, and how long a reply waits behind 10,000 broadcasts: beside AIORateLimiter.

The server refuses what Telegram would refuse: more than 30 a second, and more than one a second to a chat.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from telegram.error import RetryAfter

from bot import loop
from bot.courier.courier import Courier
from bot.courier.outcome import Sent
from bot.courier.throttle import PROMPT, Throttle
from tests.bench.measure import Figures, Row, goal, in_turns, percentile, row, sized
from tests.bench.send import CARD, Send, ours, send_message
from tests.bench.stand import Ways, seen, standing
from tests.bench.town import CHAT, NOON, Town, copied, everywhere, kinds
from tests.bench.updates import said
from tests.bench.whole import Clock, running, settings

ALLOWED = 30
"""Messages a second that Telegram allows without paid broadcasts."""
FLIGHT = 64
SECONDS, IDLE = sized(20, 1), sized(6, 1)
BROADCASTS = sized(10_000, 100)
TOWN = Town("limits", BROADCASTS + 1_000, everywhere(BROADCASTS), remembered_days=1)
LIMITER = "ptb AIORateLimiter"
LONG = 60_000.0
"""Milliseconds that stand for a reply that had not come when the measuring ended; it is at least SECONDS."""


def rows() -> list[Row]:
    """Limits first, then replies."""
    return [*_limits(), *_replies()]


# --- limits ---

Pacer = Callable[[str], AbstractAsyncContextManager[Callable[[int], Awaitable[bool]]]]


def _limits() -> Iterator[Row]:
    ways = {"recipro throttle": _throttled, LIMITER: _rate_limited}
    found = in_turns({who: partial(_keeping, pacer) for who, pacer in ways.items()})
    what = f"{ALLOWED} a second and one a second to a chat: "
    for who, figures in found.items():
        mine = who != LIMITER and figures is not None
        refused, share = (figures or {}).get("refused"), (figures or {}).get("share")
        none = goal("0", met=max(refused or [1]) == 0) if mine else {}
        most = goal("at least 95%", met=statistics.median(share or [0]) >= 95) if mine else {}
        yield row(f"{what}refused with 429", who, refused, "messages", **none)
        yield row(f"{what}of what is allowed", who, share, "%", **most)
        yield row(f"{what}most in a sliding second", who, (figures or {}).get("most"), "messages")


def _keeping(pacer: Pacer) -> Figures:
    with standing(Ways(rate=ALLOWED, per_chat=1.0)) as strict:
        return loop.run(_keep(strict, pacer))


async def _keep(url: str, pacer: Pacer) -> Figures:
    """As much as may go out in SECONDS, two messages for each person, to a server that refuses what is too fast."""
    async with pacer(url) as broadcast:
        tasks = [asyncio.ensure_future(broadcast(1 + n // 2)) for n in range(ALLOWED * SECONDS * 2)]
        await asyncio.sleep(SECONDS)
        await _drop(tasks)
    told = seen(url)
    return {
        "refused": told["refused"],
        "most": told["most"],
        "share": 100 * told["taken"] / (ALLOWED * SECONDS),
    }


@asynccontextmanager
async def _throttled(url: str) -> AsyncIterator[Callable[[int], Awaitable[bool]]]:
    async with ours(url, FLIGHT) as bot:
        way_out = Courier(bot, Throttle(ALLOWED))

        async def broadcast(chat: int) -> bool:
            return isinstance(await way_out.send(chat, CARD, lane=PROMPT, within=3600), Sent)

        yield broadcast


@asynccontextmanager
async def _rate_limited(url: str) -> AsyncIterator[Callable[[int], Awaitable[bool]]]:
    """python-telegram-bot's own limiter, over our request, so that only the limiters differ."""
    async with _limited(url) as send:

        async def broadcast(chat: int) -> bool:
            try:
                await send(chat)
            except RetryAfter:
                return False
            return True

        yield broadcast


@asynccontextmanager
async def _limited(url: str) -> AsyncIterator[Send]:
    import aiolimiter  # noqa: F401 - AIORateLimiter is there without it, and raises something else
    from telegram.ext import AIORateLimiter

    logging.getLogger("telegram.ext").setLevel(logging.CRITICAL)  # it writes a traceback for each 429
    limiter = AIORateLimiter(overall_max_rate=ALLOWED, overall_time_period=1, max_retries=0)
    async with ours(url, FLIGHT, rate_limiter=limiter) as bot:
        yield send_message(bot)


# --- replies ---


def _replies() -> Iterator[Row]:
    ways: dict[str, Callable[[], Figures]] = {f"recipro, {kind}": partial(_answering, kind) for kind in kinds()}
    found = in_turns(ways | {LIMITER: _limiter_answering})
    what = f"a reply during {BROADCASTS:,} broadcasts at {ALLOWED} a second: "
    for who, figures in found.items():
        idle, busy = (figures or {}).get("idle"), (figures or {}).get("busy")
        yield row(f"{what}p99 while idle", who, idle, "ms")
        extra: Row = {}
        if who != LIMITER and idle and busy:
            later = statistics.median(there - before for before, there in zip(idle, busy, strict=True))
            extra = {"reached": f"{later:.0f} ms later", **goal("at most 150 ms later than idle", met=later <= 150)}
        yield row(f"{what}p50", who, (figures or {}).get("p50"), "ms")
        yield row(f"{what}p99 (60,000: not within the {SECONDS} s of the round)", who, busy, "ms", **extra)


def _answering(kind: str) -> Figures:
    with copied(kind, TOWN) as database, standing() as telegram:
        return loop.run(_whole_bot(database, telegram))


async def _whole_bot(database: str, telegram: str) -> Figures:
    """Somebody answers yesterday's prompt; it is heard, kept and answered by the whole bot."""
    numbers = count(1)
    now = Clock(NOON)
    async with running(settings(database, telegram, rate=ALLOWED), now) as app:

        async def reply(chat: int) -> None:
            if not await app.intake.one(said(next(numbers), chat)):
                raise RuntimeError("an update was refused")

        first = CHAT + BROADCASTS
        idle = await _timed(reply, first, IDLE)
        now.set(NOON + timedelta(seconds=60))
        await asyncio.sleep(2)
        busy = await _timed(reply, first + len(idle), SECONDS)
        app.stopping.set()
    return _told(idle, busy)


def _limiter_answering() -> Figures:
    with standing() as telegram:
        return loop.run(_behind_a_limiter(telegram))


async def _behind_a_limiter(telegram: str) -> Figures:
    """A message to somebody, as an answer would be."""
    async with _limited(telegram) as send:
        idle = await _timed(send, 1_000_000, IDLE)
        tasks = [asyncio.ensure_future(send(1 + n)) for n in range(BROADCASTS)]
        await asyncio.sleep(1)
        busy = await _timed(send, 2_000_000, SECONDS)
        await _drop(tasks)
    return _told(idle, busy)


def _told(idle: list[float], busy: list[float]) -> Figures:
    return {"idle": percentile(idle, 0.99), "p50": statistics.median(busy), "busy": percentile(busy, 0.99)}


async def _timed(reply: Callable[[int], Awaitable[Any]], first: int, seconds: float) -> list[float]:
    """How many milliseconds each reply took, five a second."""

    async def timed(chat: int) -> float:
        began = time.perf_counter()
        await reply(chat)
        return 1000 * (time.perf_counter() - began)

    tasks: list[asyncio.Task[float]] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        tasks.append(asyncio.ensure_future(timed(first + len(tasks))))
        await asyncio.sleep(0.2)
    done, _ = await asyncio.wait(tasks, timeout=1)
    took = [task.result() for task in done]
    await _drop([task for task in tasks if task not in done])
    return took + [LONG] * (len(tasks) - len(took))


async def _drop(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
