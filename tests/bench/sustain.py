"""A thousand prompts a second for a minute, by the whole bot, to a server 60 ms away: how much of a core, how even."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import timedelta
from functools import partial

from bot import loop
from tests.bench.measure import Figures, Row, goal, in_turns, row, sized
from tests.bench.stand import Ways, arrivals, standing
from tests.bench.town import NOON, Town, copied, everywhere, kinds
from tests.bench.whole import Clock, running, settings

RATE = 1000
LATENCY = 0.06
SECONDS = sized(60, 1)
PEOPLE = RATE * (SECONDS + 3)
TOWN = Town("sustain", PEOPLE, everywhere(PEOPLE), remembered_days=sized(30, 1))


def rows() -> list[Row]:
    """Rate, evenness and processor time on both databases."""
    told: list[Row] = []
    for who, found in in_turns({f"recipro, {kind}": partial(_round, kind) for kind in kinds()}).items():
        figures = found or {}
        rate, most, share = figures["rate"], figures["most"], figures["share"]
        what = f"{SECONDS} s at {RATE:,} a second: "
        told += [
            row(
                f"{what}prompts",
                who,
                rate,
                "a second",
                **goal(
                    "1,000, less the throttle's margin and what leaves late: at least 975", met=_middle(rate) >= 975
                ),
            ),
            row(
                f"{what}most in a sliding second", who, most, "prompts", **goal("at most 1,000", met=max(most) <= RATE)
            ),
            row(f"{what}of a core", who, share, "%", **goal("at most 70%", met=_middle(share) <= 70)),
        ]
    return told


def _middle(values: list[float]) -> float:
    return statistics.median(values)


def _round(kind: str) -> Figures:
    with copied(kind, TOWN) as database, standing(Ways(latency=LATENCY)) as telegram:
        return loop.run(_sustained(database, telegram))


async def _sustained(database: str, telegram: str) -> Figures:
    """Once the bot runs, from a second after the minute, for SECONDS."""
    now = Clock(NOON)
    async with running(settings(database, telegram, rate=RATE), now):
        now.set(NOON + timedelta(seconds=58))
        begin = time.monotonic() + 3
        await asyncio.sleep(begin - time.monotonic())
        worked = time.process_time()
        await asyncio.sleep(begin + SECONDS - time.monotonic())
        worked, end = time.process_time() - worked, time.monotonic()
    times = [at for _, at, _ in arrivals(telegram)]
    during = sum(begin <= at < end for at in times)
    return {
        "rate": during / (end - begin),
        "most": _fullest_second(times),
        "share": 100 * worked / (end - begin),
    }


def _fullest_second(times: list[float]) -> int:
    most, start = 0, 0
    for last, at in enumerate(times):
        while times[start] <= at - 1:
            start += 1
        most = max(most, last - start + 1)
    return most
