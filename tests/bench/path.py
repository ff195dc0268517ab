"""The whole path of a prompt: claim, verdict, choose, render in the person's language, send, settle, to a local server."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from telegram.ext import ExtBot

from bot.courier.courier import Courier
from bot.courier.request import AiohttpRequest
from bot.courier.throttle import Throttle
from bot.delivery.pulse import Pulse
from bot.speech import library
from bot.storage.schema import delivery
from bot.storage.store import Store
from tests.bench.stand import seen, standing
from tests.bench.town import NOON, everywhere, opened, settle_down

TOKEN = "42:bench"


async def whole_path(store: Store, url: str, *, rate: float, connections: int) -> dict[str, Any]:
    """Raise and deliver what is due a minute after NOON."""
    request = AiohttpRequest(connections)
    async with ExtBot(TOKEN, base_url=f"{url}/bot", request=request, get_updates_request=AiohttpRequest(1)) as bot:
        courier = Courier(bot, Throttle(rate, per_chat=0))
        now = NOON + timedelta(seconds=61)
        pulse = Pulse(store, library.load(), courier, lambda: now, rate)
        worked, began = time.process_time(), time.perf_counter()
        await pulse.raise_due()
        raised = time.perf_counter() - began
        now += timedelta(minutes=30)
        worked, began = time.process_time(), time.perf_counter()
        await pulse.deliver()
        took, worked = time.perf_counter() - began, time.process_time() - worked
    told = seen(url)
    sent = store.read_now(lambda db: db.execute(select(func.count()).where(delivery.c.sent_at > NOON)).scalar())
    return {
        "sent": sent,
        "raise": raised,
        "by clock": told["taken"] / took,
        "on one core": told["taken"] / worked,
        "most": told["most"],
        "cpu": worked / took,
    }


if __name__ == "__main__":
    kind, people, days = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with opened(kind) as store, standing() as url:
        settle_down(store, people, everywhere(people), remembered_days=days)
        print(asyncio.run(whole_path(store, url, rate=100_000, connections=64)))
