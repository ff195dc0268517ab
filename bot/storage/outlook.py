"""What an operator asks of the database: what is due, what became of the rest, how far the clocks have been served.

Counts and ids only: no query here reads a sealed column or groups by person. Nothing here writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, inspect, select, text

from bot.domain import clock
from bot.storage.columns import milliseconds
from bot.storage.schema import delivery, person, rhythm, zone_cursor

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
    """What is not settled; read from the partial indexes, so it costs what waits and not what has been."""
    waits = delivery.c.state == "waiting"
    due, oldest = db.execute(
        select(func.count(), func.min(delivery.c.due_at)).where(waits, delivery.c.due_at <= now)
    ).one()
    waiting = db.execute(select(func.count()).where(waits, delivery.c.due_at > now)).scalar_one()
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
    """What the walls have shown and no beat has served; a bot that runs is at most a minute behind."""
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
    """The busiest minute of the week; None where nobody has a rhythm. Reads every rhythm: once a start, or by hand."""
    rows = db.execute(
        select(rhythm.c.zone, rhythm.c.minute, rhythm.c.weekdays, func.count().label("n")).group_by(
            rhythm.c.zone, rhythm.c.minute, rhythm.c.weekdays
        )
    ).all()
    return _busiest(((row.zone, row.minute, row.weekdays, row.n) for row in rows), now)


def _busiest(rows: Iterable[tuple[str, int, int, int]], now: datetime) -> Rush | None:
    """Counted with today's offsets: a clock change moves a zone's minute by an hour, not how many share it."""
    utc = int(milliseconds(now) // 60_000)
    offsets: dict[str, int] = {}
    moments: Counter[int] = Counter()
    walls: Counter[tuple[str, int]] = Counter()
    for zone, minute, weekdays, n in rows:
        if zone not in offsets:
            offsets[zone] = clock.wall_minute(now, zone) - utc
        for day in range(7):
            if weekdays & (1 << day):
                wall = day * clock.DAY + minute
                walls[zone, wall] += n
                moments[(wall - offsets[zone]) % WEEK] += n
    if not moments:
        return None
    moment, prompts = max(moments.items(), key=lambda item: (item[1], -item[0]))
    there = Counter({zone: n for (zone, wall), n in walls.items() if (wall - offsets[zone]) % WEEK == moment})
    return Rush(
        prompts, moment // clock.DAY, moment % clock.DAY, there.most_common(1)[0][0], max(walls.values(), default=0)
    )
