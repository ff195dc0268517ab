"""From the command line to ready, and the memory it takes, by how many people there are; beside JobQueue's jobs.

The bot is ready when GET /readyz says so. Its memory is the most it had in its first seconds, in which it also looks for the
largest minute. The JobQueue has one daily job for each prompt, three a person as the bot has rhythms, and is ready when they
are added; it reads nothing from a database.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as time_of_day
from functools import partial

from tests.bench.measure import QUICK, Figures, Row, goal, in_turns, row, sized
from tests.bench.process import bot, peer
from tests.bench.stand import TOKEN, standing
from tests.bench.town import Town, everywhere, filled, kinds, shown_until

SIZES = (500,) if QUICK else (10_000, 100_000, 1_000_000)
PEER_SIZES = SIZES[:2]
SETTLED = sized(5, 2)
"""Seconds after which a start is over."""


def rows() -> list[Row]:
    """Seconds and megabytes."""
    with standing() as telegram:
        ways: dict[str, Callable[[], Figures]] = {
            f"recipro, {kind}, {people:,} people": partial(_ours, kind, people, telegram)
            for kind in kinds()
            for people in SIZES
        }
        found = in_turns(ways)
        jobs: dict[str, Callable[[], Figures]] = {
            f"ptb JobQueue, {people:,} people": partial(_theirs, people, telegram) for people in PEER_SIZES
        }
        found |= in_turns(jobs)
    told: list[Row] = []
    for who, figures in found.items():
        seconds, most = (figures or {}).get("seconds"), (figures or {}).get("memory")
        largest = who.startswith("recipro") and who.endswith(f"{SIZES[-1]:,} people")
        soon = goal("under 3 s", met=statistics.median(seconds or [99]) < 3) if largest else {}
        small = goal("under 150 MB", met=statistics.median(most or [999]) < 150) if largest else {}
        told.append(row("seconds until ready", who, seconds, "s", **soon))
        told.append(row("memory at its most", who, most, "MB", **small))
    for kind in kinds():
        few, many = (_middle(found[f"recipro, {kind}, {people:,} people"]) for people in (SIZES[0], SIZES[-1]))
        told.append(
            {
                "what": f"memory of {SIZES[-1]:,} people beside {SIZES[0]:,}",
                "who": f"recipro, {kind}",
                "reached": f"{many - few:+.0f} MB",
                **goal("flat: at most 15 MB more", met=many - few <= 15),
            }
        )
    return told


def _middle(figures: dict[str, list[float]] | None) -> float:
    return statistics.median((figures or {})["memory"])


def _ours(kind: str, people: int, telegram: str) -> Figures:
    name = "million" if people == 1_000_000 else f"ready{people}"
    database = filled(kind, Town(name, people, everywhere()))
    shown_until(database, datetime.now(UTC))
    with bot(database, telegram) as running:
        time.sleep(SETTLED)
        return {"seconds": running.took, "memory": running.memory(peak=True)}


def _theirs(people: int, telegram: str) -> Figures:
    with peer("tests.bench.ready", telegram, str(people)) as running:
        return {"seconds": running.took, "memory": running.memory(peak=True)}


def job_queue(telegram: str, people: int) -> None:
    """A bot with three daily jobs a person."""
    from telegram.ext import Application, CallbackContext

    logging.disable(logging.CRITICAL)
    application = Application.builder().token(TOKEN).base_url(f"{telegram}/bot").build()

    async def prompt(context: CallbackContext) -> None:  # type: ignore[type-arg]
        if context.job is not None and context.job.chat_id is not None:
            await context.bot.send_message(context.job.chat_id, "What did they do today that made your day lighter?")

    async def whole() -> None:
        await application.initialize()
        if application.job_queue is None:
            raise RuntimeError("no JobQueue")
        place = everywhere()
        for n in range(people):
            minute = place(n)[1]
            for days in ((0, 2, 4, 6), (1, 5), (3,)):
                at = time_of_day(minute // 60, minute % 60, tzinfo=UTC)
                application.job_queue.run_daily(prompt, at, days, chat_id=n + 1)
        await application.start()
        print("ready", flush=True)
        await asyncio.Event().wait()

    asyncio.run(whole())


if __name__ == "__main__":
    job_queue(sys.argv[1], int(sys.argv[2]))
