"""A beat over a million people in 420 zones: raise what is due, commit it, read it back; beside APScheduler's job store.

APScheduler works on fewer due jobs, among others that wait, and is told by the job times as many. It fires them as it
always does: its own _process_jobs, with the cheapest executor it has, and a job that does nothing.
"""

from __future__ import annotations

import asyncio
import pickle
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import String, cast, event, func, insert, select
from telegram.ext import ExtBot

from bot import loop
from bot.courier.courier import Courier
from bot.courier.throttle import Throttle
from bot.delivery.pulse import Pulse
from bot.speech import library
from bot.storage.schema import raised
from tests.bench.measure import ROUNDS, Figures, Row, goal, in_turns, row, sized, times
from tests.bench.stand import TOKEN
from tests.bench.town import NOON, Town, database, emptied, everywhere, filled, kinds, opened

PEOPLE = sized(1_000_000, 6_000)
MANY, FEW = sized(10_000, 100), sized(100, 10)
QUARTER = 15
"""Minutes: in each, a round has an idle beat, MANY due, FEW due, idle beats, and what is due at a quarter in every zone."""
MILLION = Town("million", PEOPLE, everywhere(*(0, MANY, FEW, *[0] * (QUARTER - 3)) * ROUNDS))
WAITING_JOBS, DUE_JOBS = sized(100_000, 200), sized(500, 10)
RATE = 1000.0
CRON = CronTrigger(hour=21, minute=0, timezone="Asia/Kolkata")
DEFAULTS, WAL, PLAIN = "APScheduler, defaults", "APScheduler, WAL", "APScheduler"
AT_LEAST = {DEFAULTS: 500, WAL: 150, PLAIN: 200}
"""How many times faster than each the goal is."""


def rows() -> list[Row]:
    """Both databases, one after the other."""
    return [each for kind in kinds(always=True) for each in _on(kind)]


def _on(kind: str) -> Iterator[Row]:
    peers = {DEFAULTS: False, WAL: True} if kind == "sqlite" else {PLAIN: False}
    with ExitStack() as open_until_the_end:
        store = open_until_the_end.enter_context(opened(filled(kind, MILLION)))
        clock = Clock()
        pulse = Pulse(store, library.load(), Courier(ExtBot(TOKEN), Throttle(RATE)), clock.now, RATE)
        loop.run(pulse.raise_due())
        ways: dict[str, Callable[[], Figures]] = {"recipro": lambda: loop.run(_ours(pulse, clock))}
        for name, wal in peers.items():
            scheduler = open_until_the_end.enter_context(_scheduler(kind, wal=wal))
            ways[name] = partial(_theirs, scheduler)
        found = in_turns(ways)
    ours = found["recipro"] or {}
    what = f"{PEOPLE:,} people, {kind}: "
    for name, figure in {
        "idle beat": "idle",
        "idle beat, and reading back that nothing is there": "idle, read",
    }.items():
        met = _middle(ours[figure]) <= 2
        yield row(f"{what}{name}", "recipro", ours[figure], "ms", **goal("at most 2 ms", met=met))
    yield row(f"{what}idle beat, processor time of this process", "recipro", ours["idle, worked"], "ms")
    yield row(f"{what}idle beat that looks at all zones, as at least each fifth does", "recipro", ours["looked"], "ms")
    yield row(f"{what}{FEW:,} due in one zone", "recipro", ours["few"], "ms")
    yield row(f"{what}{MANY:,} due in one zone", "recipro", ours["many"], "ms")
    yield row(f"{what}{MANY:,} due, processor time of this process", "recipro", ours["many, worked"], "ms")
    yield row(f"{what}one in 96 due, in 420 zones", "recipro", ours["quarter"], "ms")
    for name in peers:
        job = (found[name] or {})["a job"]
        ratio = times([MANY * each for each in job], ours["many"])
        yield row(f"{what}one due job of {WAITING_JOBS:,}", name, job, "ms")
        yield row(
            f"{what}{MANY:,} due jobs, by the job times as many",
            name,
            [MANY * each for each in job],
            "ms",
            reached=f"recipro is {ratio:,.0f} times faster",
            **goal(f"recipro at least {AT_LEAST[name]} times faster", met=ratio >= AT_LEAST[name]),
        )
    stall = ours["stall"]
    yield row(
        f"{what}longest stall of the event loop while {MANY:,} are raised",
        "recipro",
        stall,
        "ms",
        **goal("at most 40 ms", met=_middle(stall) <= 40),
    )


def _middle(values: list[float]) -> float:
    return statistics.median(values)


@dataclass(slots=True)
class Clock:
    """Stands at NOON, and goes on by minutes."""

    minutes: int = 0

    def now(self) -> datetime:
        return NOON + timedelta(minutes=self.minutes, seconds=1)


async def _ours(pulse: Pulse, clock: Clock) -> Figures:
    """A quarter of an hour of a bot that runs, beat by beat, in milliseconds."""
    store = pulse.store
    took: dict[str, float] = {}
    idle: list[tuple[float, float, float]] = []
    looked: list[float] = []
    for minute in range(1, QUARTER + 1):
        clock.minutes += 1
        gaps: list[float] = []
        ticker = asyncio.create_task(_tick(gaps))
        await asyncio.sleep(0)
        watch = pulse._watch
        began, worked = time.perf_counter(), time.process_time()
        await pulse.raise_due()
        beat = 1000 * (time.perf_counter() - began)
        raised = await store.read(_waiting)
        milliseconds, worked = 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - worked)
        ticker.cancel()
        match minute:
            case 2:
                took |= {"many": milliseconds, "many, worked": worked, "stall": 1000 * max(gaps, default=0.0)}
                expected = MANY
            case 3:
                took["few"], expected = milliseconds, FEW
            case 15:
                took["quarter"], expected = milliseconds, len(raised)
            case _:
                idle.append((beat, milliseconds, worked))
                if watch is None or pulse._watch is None or pulse._watch.until != watch.until:
                    looked.append(milliseconds)
                expected = 0
        if len(raised) != expected or len(set(raised)) != expected:
            raise RuntimeError(f"{expected} were due and {len(raised)} were raised")
        if raised:
            await asyncio.to_thread(emptied, store)
    beats, with_reading, works = zip(*idle, strict=True)
    return {
        **took,
        "idle": statistics.median(beats),
        "idle, read": statistics.median(with_reading),
        "idle, worked": statistics.median(works),
        "looked": statistics.median(looked),
    }


def _waiting(db: Any) -> list[str]:
    """The rhythms of which a prompt was raised, gathered by the database: fetching tuples takes longer than reading."""
    return (db.execute(select(func.aggregate_strings(cast(raised.c.rhythm_id, String), " "))).scalar() or "").split()


async def _tick(gaps: list[float]) -> None:
    """How much later than asked for a coroutine comes to its turn."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        gaps.append(time.perf_counter() - before - 0.001)


# --- APScheduler ---


class Stepped(BaseScheduler):  # type: ignore[misc]
    """APScheduler's scheduler without a thread or loop of its own: it fires when it is told to."""

    def wakeup(self) -> None:
        """Somebody else decides when."""

    def shutdown(self, wait: bool = True) -> None:
        """As its own schedulers do."""
        super().shutdown(wait)


def nothing() -> None:
    """The job."""


@contextmanager
def _scheduler(kind: str, *, wal: bool) -> Iterator[Stepped]:
    with ExitStack() as until_the_end:
        url = until_the_end.enter_context(database(kind)).replace("postgresql:", "postgresql+psycopg:")
        jobs = SQLAlchemyJobStore(url=url)
        if wal:
            event.listen(jobs.engine, "connect", _write_ahead)
        scheduler = Stepped(jobstores={"default": jobs}, executors={"default": DebugExecutor()}, timezone=UTC)
        scheduler.start()
        _add(scheduler, WAITING_JOBS, datetime.now(UTC) + timedelta(days=1))
        yield scheduler
        scheduler.shutdown()
        jobs.engine.dispose()


def _write_ahead(raw: Any, _record: Any) -> None:
    with closing(raw.cursor()) as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")


_numbers = count()


def _add(scheduler: Stepped, jobs: int, at: datetime) -> None:
    """Many jobs at once, as add_job would store each; one by one takes it minutes."""
    store = scheduler._lookup_jobstore("default")
    job = scheduler.add_job(nothing, CRON, id="like this", next_run_time=at, misfire_grace_time=None)
    state = job.__getstate__()
    scheduler.remove_job("like this")
    with store.engine.begin() as db:
        db.execute(
            insert(store.jobs_t),
            [
                {
                    "id": (name := f"job {next(_numbers)}"),
                    "next_run_time": at.timestamp(),
                    "job_state": pickle.dumps({**state, "id": name}, store.pickle_protocol),
                }
                for _ in range(jobs)
            ],
        )


def _theirs(scheduler: Stepped) -> Figures:
    """Fire DUE_JOBS, in milliseconds for each."""
    now = datetime.now(UTC)
    _add(scheduler, DUE_JOBS, now - timedelta(milliseconds=1))
    began = time.perf_counter()
    scheduler._process_jobs()
    took = 1000 * (time.perf_counter() - began)
    if scheduler._lookup_jobstore("default").get_due_jobs(now):
        raise RuntimeError("APScheduler left jobs behind")
    return {"a job": took / DUE_JOBS}
