"""Many people due in the same second: who got their prompt, who not, who twice; beside python-telegram-bot's JobQueue.

Its JobQueue runs in a process of its own, once as it comes and once told never to give up a late job.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from subprocess import PIPE, Popen

from sqlalchemy import Connection, func, select

from bot import loop
from bot.storage.schema import delivery
from tests.bench.measure import QUICK, Figures, Row, goal, in_turns, row, sized
from tests.bench.stand import TOKEN, arrivals, seen, standing
from tests.bench.town import CHAT, NOON, Town, copied, everywhere, kinds
from tests.bench.whole import Clock, running, settings, until_settled

PEOPLE = sized(10_000, 30)
TOWN = Town("burst", PEOPLE, everywhere(PEOPLE))
RATE = 1000.0
AHEAD = sized(30, 3)
"""Seconds in which JobQueue is given its jobs before they are due."""
STILL = sized(5, 1)
"""Seconds without a message after which no more will come."""
AS_IT_COMES, PATIENT = "ptb JobQueue", "ptb JobQueue, misfire_grace_time=None"


def rows() -> list[Row]:
    """Everybody's prompt, in turns."""
    ways: dict[str, Callable[[], Figures]] = {f"recipro, {kind}": partial(_ours, kind) for kind in kinds()}
    ways |= {AS_IT_COMES: partial(_theirs, "1")}
    if not QUICK:
        ways |= {PATIENT: partial(_theirs, "never")}
    what = f"{PEOPLE:,} due in one second: "
    told: list[Row] = []
    for who, found in in_turns(ways).items():
        figures = found or {}
        for name, unit in (("lost", "people"), ("twice", "people"), ("last", "s after the hour")):
            values = figures.get(name)
            ours = who.startswith("recipro") and name != "last"
            extra = goal("0", met=max(values or [1]) == 0) if ours else {}
            told.append(row(f"{what}{name}", who, values, unit, **extra))
    return told


def _ours(kind: str) -> Figures:
    with copied(kind, TOWN) as database, standing() as telegram:
        return loop.run(_raised_and_sent(database, telegram))


async def _raised_and_sent(database: str, telegram: str) -> Figures:
    """Once the bot runs, it is a few seconds before the minute; then send until everybody has theirs."""
    now = Clock(NOON)
    async with running(settings(database, telegram, rate=RATE), now) as app:
        now.set(NOON + timedelta(seconds=57))
        due = time.monotonic() + 3
        while await app.store.read(raised) < PEOPLE:
            await asyncio.sleep(0.2)
        await until_settled(app, 120)
    return _told(telegram, due)


def raised(db: Connection) -> int:
    """How many deliveries there are."""
    return int(db.execute(select(func.count()).select_from(delivery)).scalar_one())


def _theirs(grace: str) -> Figures:
    with standing() as telegram:
        command = [sys.executable, "-m", "tests.bench.burst", telegram, str(PEOPLE), grace]
        with Popen(command, stdout=PIPE, text=True) as child:
            try:
                if child.stdout is None or not (said := child.stdout.readline()):
                    raise RuntimeError("JobQueue was not ready in time")
                due = float(said)
                time.sleep(max(0.0, due - time.monotonic()))
                while True:
                    time.sleep(STILL)
                    if not seen(telegram)["taken"]:
                        break
            finally:
                child.kill()
        return _told(telegram, due)


def _told(telegram: str, due: float) -> Figures:
    came = arrivals(telegram)
    copies = Counter(chat for chat, _, _ in came)
    return {
        "lost": PEOPLE - len(copies),
        "twice": sum(n > 1 for n in copies.values()),
        "last": max((at - due for _, at, _ in came), default=float("nan")),
    }


def job_queue(telegram: str, people: int, grace: str) -> None:
    """A bot with one job a person, all at the same second: what python-telegram-bot's documentation shows."""
    from telegram.ext import Application, CallbackContext

    logging.disable(logging.CRITICAL)  # thousands of tracebacks
    application = Application.builder().token(TOKEN).base_url(f"{telegram}/bot").build()
    kwargs = {"misfire_grace_time": None} if grace == "never" else {}
    at, due = datetime.now(UTC) + timedelta(seconds=AHEAD), time.monotonic() + AHEAD

    async def prompt(context: CallbackContext) -> None:  # type: ignore[type-arg]
        if context.job is not None and context.job.chat_id is not None:
            await context.bot.send_message(context.job.chat_id, "What did they do today that made your day lighter?")

    async def whole() -> None:
        await application.initialize()
        if application.job_queue is None:
            raise RuntimeError("no JobQueue")
        for n in range(people):
            application.job_queue.run_daily(prompt, at.timetz(), chat_id=CHAT + n, job_kwargs=kwargs)
        await application.start()
        if time.monotonic() < due:
            print(due, flush=True)
            await asyncio.Event().wait()

    asyncio.run(whole())


if __name__ == "__main__":
    job_queue(sys.argv[1], int(sys.argv[2]), sys.argv[3])
