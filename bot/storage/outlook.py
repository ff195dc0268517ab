"""What an operator asks of the database: what is due, what became of the rest, how far the clocks have been served.

Counts and ids only: no query here reads a sealed column or groups by person. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, func, inspect, select, text, union_all

from bot.domain import clock
from bot.storage.columns import milliseconds
from bot.storage.schema import delivery, person, raised, rhythm, zone_cursor

NEWEST = 20_000
"""Deliveries, counted back from the newest, that are looked at for lateness and for unknown ones."""
WEEK = 7 * clock.DAY


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Deliveries by state, and since when the oldest due one has been waiting."""

    due: int
    waiting: int
    sending: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Behind:
    """Prompts that came due on some zone's wall and were not even raised, and the minutes the furthest cursor is late."""

    prompts: int
    minutes: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Rush:
    """The minute of the week in which most prompts come due, by UTC."""

    prompts: int
    weekday: int
    minute: int
    zone: str
    """The zone from which most of them come."""
    widest: int
    """Prompts of the largest minute of a single zone: what decides how wide a minute is spread."""


def version(db: Connection) -> str | None:
    """The schema's revision; None in an empty database."""
    if not inspect(db).has_table("alembic_version"):
        return None
    return db.execute(text("SELECT version_num FROM alembic_version")).scalar()


def unsettled(db: Connection, now: datetime) -> Unsettled:
    """What is not settled; read from the queue and partial indexes, so it costs what waits and not what has been."""
    waits = union_all(
        select(raised.c.due_at), select(delivery.c.due_at).where(delivery.c.state == "waiting")
    ).subquery()
    is_due = waits.c.due_at <= now
    due, oldest = db.execute(select(func.count(), func.min(waits.c.due_at)).where(is_due)).one()
    waiting = db.execute(select(func.count()).select_from(waits).where(~is_due)).scalar_one()
    sending = db.execute(select(func.count()).where(delivery.c.state == "sending")).scalar_one()
    return Unsettled(int(due), int(waiting), int(sending), oldest)


def lateness(db: Connection, since: datetime) -> list[float]:
    """Seconds by which the newest deliveries sent after *since* were late, in order of size."""
    newest = db.execute(select(func.max(delivery.c.id))).scalar() or 0
    rows = db.execute(
        select(delivery.c.due_at, delivery.c.sent_at).where(
            delivery.c.id > newest - NEWEST, delivery.c.state == "sent", delivery.c.sent_at > since
        )
    )
    return sorted(max(0.0, (row.sent_at - row.due_at).total_seconds()) for row in rows)


def last_sent(db: Connection) -> datetime | None:
    """When something was last sent, among the newest deliveries."""
    newest = db.execute(select(func.max(delivery.c.id))).scalar() or 0
    return db.execute(
        select(func.max(delivery.c.sent_at)).where(delivery.c.id > newest - NEWEST, delivery.c.state == "sent")
    ).scalar()


def unknown(db: Connection, limit: int = 10) -> list[tuple[int, str, datetime]]:
    """(id, kind, when it was due) of the newest deliveries that may or may not have arrived."""
    newest = db.execute(select(func.max(delivery.c.id))).scalar() or 0
    rows = db.execute(
        select(delivery.c.id, delivery.c.kind, delivery.c.due_at)
        .where(delivery.c.id > newest - NEWEST, delivery.c.state == "unknown")
        .order_by(delivery.c.id.desc())
        .limit(limit)
    )
    return [(row.id, row.kind, row.due_at) for row in rows]


def unreachable(db: Connection) -> int:
    """How many people cannot be reached: they blocked the bot or their account is gone."""
    return int(db.execute(select(func.count()).where(person.c.unreachable.is_not(None))).scalar_one())


def zones(db: Connection) -> list[str]:
    """The zones in use."""
    return list(db.execute(select(zone_cursor.c.zone).order_by(zone_cursor.c.zone)).scalars())


def behind(db: Connection, now: datetime) -> Behind:
    """What the walls have shown and no beat has served; a bot that runs may be five minutes behind where nobody is due."""
    prompts, most, since = 0, 0, None
    for zone, reached in db.execute(select(zone_cursor.c.zone, zone_cursor.c.reached)).all():
        late = clock.high_minute(now, zone) - reached
        if late <= 1:
            continue
        most = max(most, late)
        for slot in clock.passed(zone, reached, now, limit=timedelta(days=1)):
            n, first = db.execute(
                select(func.count(), func.min(rhythm.c.minute)).where(
                    rhythm.c.zone == zone,
                    rhythm.c.minute.between(slot.first, slot.last),
                    rhythm.c.weekdays.op("&")(clock.weekday_bit(slot.day)) != 0,
                )
            ).one()
            if n:
                prompts += n
                due = slot.due + timedelta(minutes=slot.step * (first - slot.first))
                since = due if since is None else min(since, due)
    return Behind(prompts, most, since)


def rush(db: Connection, now: datetime) -> Rush | None:
    """The busiest minute of the week; None where nobody has a rhythm. Reads every rhythm: once a start, or by hand.

    Counted with today's offsets: a clock change moves a zone's minute by an hour, not how many share it.
    """
    utc = milliseconds(now) // 60_000
    ahead: dict[str, int] = {}
    moments = [0] * WEEK
    widest = 0
    with _frugally(db):
        for zone, minute, by_day in _minutes(db):
            if zone not in ahead:
                ahead[zone] = clock.wall_minute(now, zone) - utc
            for day, n in enumerate(by_day):
                moments[(day * clock.DAY + minute - ahead[zone]) % WEEK] += n
            widest = max(widest, *by_day)
    prompts = max(moments)
    if not prompts:
        return None
    moment = moments.index(prompts)
    there = {zone: _at(db, zone, (moment + offset) % WEEK) for zone, offset in ahead.items()}
    return Rush(prompts, moment // clock.DAY, moment % clock.DAY, max(there, key=lambda zone: there[zone]), widest)


def _minutes(db: Connection) -> Iterator[tuple[str, int, list[int]]]:
    """(zone, minute, prompts on each weekday), in the order of the index and without holding more than one of them."""
    counted = (
        select(rhythm.c.zone, rhythm.c.minute, rhythm.c.weekdays, func.count())
        .group_by(rhythm.c.zone, rhythm.c.minute, rhythm.c.weekdays)
        .order_by(rhythm.c.zone, rhythm.c.minute)
        .execution_options(yield_per=1000)
    )
    for (zone, minute), rows in groupby(db.execute(counted), key=lambda row: (row[0], row[1])):
        by_day = [0] * 7
        for _, _, weekdays, n in rows:
            for day in range(7):
                by_day[day] += n if weekdays & (1 << day) else 0
        if clock.is_zone(zone):
            yield zone, minute, by_day


def _at(db: Connection, zone: str, wall: int) -> int:
    """How many prompts come in *zone* at minute *wall* of the week."""
    day, minute = divmod(wall, clock.DAY)
    return int(
        db.execute(
            select(func.count()).where(
                rhythm.c.zone == zone, rhythm.c.minute == minute, rhythm.c.weekdays.op("&")(1 << day) != 0
            )
        ).scalar_one()
    )


@contextmanager
def _frugally(db: Connection) -> Iterator[None]:
    """Read everything once without keeping it: SQLite would fill this connection's page cache and never let it go."""
    if db.dialect.name != "sqlite":
        yield
        return
    usual = db.exec_driver_sql("PRAGMA cache_size").scalar()
    db.exec_driver_sql("PRAGMA cache_size = -1000")
    try:
        yield
    finally:
        db.exec_driver_sql(f"PRAGMA cache_size = {usual}")
