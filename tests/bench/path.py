"""The whole path of a prompt: claim, verdict, choose, render in the person's language, send, settle; beside bare senders.

Everybody sends to a local server in a process of its own; the peers only send, one text, and keep nothing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from telegram.ext import ExtBot

from bot import loop
from bot.courier.courier import Courier
from bot.courier.request import AiohttpRequest
from bot.courier.throttle import Throttle
from bot.delivery.pulse import Pulse
from bot.speech import library
from bot.storage.store import Store
from tests.bench.measure import Figures, Row, goal, in_turns, row, settled_in, sized, times
from tests.bench.send import AIOGRAM, NEAR, STOCK, WAYS, speed
from tests.bench.stand import TOKEN, seen, standing
from tests.bench.town import NOON, Town, copied, everywhere, kinds, opened

PEOPLE = sized(10_000, 200)
TOWN = Town("path", PEOPLE, everywhere(PEOPLE), remembered_days=sized(30, 2))
RATE = 100_000.0


def rows() -> list[Row]:
    """Prompts a second, with the peers in the same rounds."""
    ways: dict[str, Callable[[], Figures]] = {f"recipro, {kind}": partial(_ours, kind) for kind in kinds(always=True)}
    with standing() as peers:
        found = in_turns(ways | {who: partial(speed, WAYS[who], peers, NEAR) for who in (STOCK, AIOGRAM)})
    told: list[Row] = []
    for name in ("on one core", "by the clock"):
        for who, figures in found.items():
            values = (figures or {}).get(name)
            what = f"{'prompts' if who in ways else 'messages, send only,'} a second, {name}"
            extra = goal("at least 1,500", met=statistics.median(values) >= 1500) if who in ways and values else {}
            told.append(row(what, who, values, "a second", **extra))
    for who in ways:
        mine = (found[who] or {})["on one core"]
        for peer, least in ((STOCK, 4.0), (AIOGRAM, 0.5)):
            theirs = (found[peer] or {}).get("on one core")
            ratio = times(mine, theirs)
            told.append(
                {
                    "what": f"whole path beside {peer}, send only, on one core",
                    "who": who,
                    "reached": f"{ratio:.2f} times" if theirs else "absent",
                    **goal(f"at least {least:g} times", met=ratio >= least),
                }
            )
    return told


def _ours(kind: str) -> Figures:
    with copied(kind, TOWN) as database, opened(database) as store, standing() as telegram:
        return loop.run(_whole_path(store, telegram))


async def _whole_path(store: Store, telegram: str) -> Figures:
    """Raise what is due a minute after NOON; then deliver it, which is what is measured."""
    request = AiohttpRequest(NEAR)
    async with ExtBot(TOKEN, base_url=f"{telegram}/bot", request=request, get_updates_request=AiohttpRequest(1)) as bot:
        now = NOON + timedelta(seconds=61)
        pulse = Pulse(store, library.load(), Courier(bot, Throttle(RATE, per_chat=0)), lambda: now, RATE)
        await pulse.raise_due()
        settled_in()
        worked, began = time.process_time(), time.perf_counter()
        await pulse.deliver()
        took, worked = time.perf_counter() - began, time.process_time() - worked
    told = seen(telegram)
    if told["copies"] != {"1": PEOPLE}:
        raise RuntimeError(f"{PEOPLE} were due, and came: {told['copies']}")
    return {"by the clock": PEOPLE / took, "on one core": PEOPLE / worked}
