"""Rhythms and zone cursors: when prompts come, and how far each zone's wall clock has been served.

A cursor only moves forward. Raising what is due and moving the cursor is one transaction; losing a race writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from bot.domain import clock
from bot.domain.clock import Slot
from bot.domain.pacing import LATE_LIMIT, Lane, Rhythm
from bot.domain.prompts import Kind
from bot.storage.columns import milliseconds
from bot.storage.schema import delivery, rhythm, zone_cursor
from bot.storage.sql import Insert, insert, insert_once

SLICE = 2000
"""Most prompts raised in one transaction, so that nobody's reply waits for a large minute."""
WEEKLY_GOOD = timedelta(hours=20)
"""A look back that is later than this waits for the next week."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far *zone* has been served: all of *reached*; of minute *inside* the rhythms up to *rhythm_id*."""

    zone: str
    reached: int
    inside: int | None
    rhythm_id: int | None


def put(db: Connection, person: int, pair: int | None, rhythms: Sequence[Rhythm], *, zone: str, now: datetime) -> None:
    """Make *rhythms* the ones of this person in this pair (or on their own). One row a kind; nothing needs re-aiming."""
    same_pair = rhythm.c.pair_id.is_(None) if pair is None else rhythm.c.pair_id == pair
    db.execute(delete(rhythm).where(rhythm.c.person_id == person, same_pair))
    if rhythms:
        db.execute(
            insert(db, rhythm),
            [
                {
                    "person_id": person,
                    "pair_id": pair,
                    "kind": each.kind,
                    "zone": zone,
                    "minute": each.minute,
                    "weekdays": each.weekdays,
                }
                for each in rhythms
            ],
        )
        insert_once(db, zone_cursor, {"zone": zone, "reached": clock.high_minute(now, zone)})


def pairs_with_rhythm(db: Connection, person: int) -> list[int | None]:
    """For which pairs (None: on their own) a person has rhythms."""
    return list(db.execute(select(rhythm.c.pair_id).where(rhythm.c.person_id == person).distinct()).scalars())


_CURSORS = select(zone_cursor.c.zone, zone_cursor.c.reached, zone_cursor.c.inside, zone_cursor.c.rhythm_id)
_CURSOR = _CURSORS.where(zone_cursor.c.zone == bindparam("zone"))


def take_cursors(db: Connection) -> list[Cursor]:
    """Every zone's cursor that no other process holds, held until the transaction ends."""
    return [Cursor(*row) for row in db.execute(_CURSORS.with_for_update(skip_locked=True))]


def zones(db: Connection) -> int:
    """How many zones are in use, whoever holds their cursors."""
    return int(db.execute(select(func.count()).select_from(zone_cursor)).scalar_one())


def take_cursor(db: Connection, zone: str) -> Cursor | None:
    """The cursor of *zone*, held until the transaction ends; None when another process holds it."""
    row = db.execute(_CURSOR.with_for_update(skip_locked=True), {"zone": zone}).first()
    return None if row is None else Cursor(*row)


_BUSY = (
    select(rhythm.c.zone, func.count())
    .where(
        rhythm.c.zone.in_(bindparam("zones", expanding=True)),
        rhythm.c.minute == bindparam("minute"),
        rhythm.c.weekdays.op("&")(bindparam("bit")) != 0,
    )
    .group_by(rhythm.c.zone)
)


def busy(db: Connection, groups: Mapping[int, Sequence[str]]) -> dict[str, int]:
    """Of zones whose clocks have just come to the wall minute that is their key, those with rhythms due, and how many."""
    found: dict[str, int] = {}
    for wall, zones in groups.items():
        day, minute = divmod(wall, clock.DAY)
        rows = db.execute(_BUSY, {"zones": list(zones), "minute": minute, "bit": clock.weekday_bit(day)})
        found.update({zone: count for zone, count in rows})  # noqa: C416
    return found


_STEP = (
    update(zone_cursor)
    .where(zone_cursor.c.zone.in_(bindparam("zones", expanding=True)), zone_cursor.c.inside.is_(None))
    .values(reached=zone_cursor.c.reached + 1)
)


def step(db: Connection, zones: Sequence[str]) -> None:
    """Move the cursors of idle zones on by the one minute in which nothing was due; they were taken in this transaction."""
    db.execute(_STEP, {"zones": list(zones)})


def count(db: Connection, zone: str, slot: Slot) -> int:
    """How many prompts *slot* raises, without raising them."""
    return int(
        db.execute(select(func.count()).select_from(rhythm).where(_in_slot(zone, slot), _on_day(slot.day))).scalar_one()
    )


def raise_slice(db: Connection, cursor: Cursor, slot: Slot, *, width: timedelta, lane: Lane = Lane.PROMPT) -> Cursor:
    """Raise at most SLICE prompts of *slot* from where *cursor* stands and move it on; both in this transaction.

    *width* is over how much time people of one minute are spread. Returns the cursor as it now stands: still inside
    the slot when more is to come. What is already there (a UNIQUE says so) is left alone.
    """
    border = _border(db, cursor, slot)
    first, last = _position(cursor, slot), border
    where = [_in_slot(cursor.zone, slot), _on_day(slot.day)]
    if first is not None:
        where.append(_after(*first))
    if last is not None:
        where.append(~_after(*last))
    db.execute(_raise(db, slot, where, width=width, lane=lane))
    moved = (
        Cursor(cursor.zone, slot.day * clock.DAY + slot.last, None, None)
        if last is None
        else Cursor(cursor.zone, cursor.reached, slot.day * clock.DAY + last[0], last[1])
    )
    move(db, cursor, moved)
    return moved


def move(db: Connection, cursor: Cursor, moved: Cursor) -> bool:
    """Set a cursor on, if it still stands where it was read; whether it did."""
    changed = db.execute(
        update(zone_cursor)
        .where(
            zone_cursor.c.zone == cursor.zone,
            zone_cursor.c.reached == cursor.reached,
            zone_cursor.c.rhythm_id.is_(None)
            if cursor.rhythm_id is None
            else zone_cursor.c.rhythm_id == cursor.rhythm_id,
        )
        .values(reached=moved.reached, inside=moved.inside, rhythm_id=moved.rhythm_id)
    )
    return changed.rowcount == 1


def _position(cursor: Cursor, slot: Slot) -> tuple[int, int] | None:
    """Where in *slot* the cursor stands, as (minute of day, rhythm id); None at its beginning."""
    if cursor.inside is None or cursor.rhythm_id is None:
        return None
    day, minute = divmod(cursor.inside, clock.DAY)
    return (minute, cursor.rhythm_id) if day == slot.day and slot.first <= minute <= slot.last else None


def _border(db: Connection, cursor: Cursor, slot: Slot) -> tuple[int, int] | None:
    """The last rhythm of the next full slice, or None when what is left fits into one."""
    where = [_in_slot(cursor.zone, slot)]
    if (position := _position(cursor, slot)) is not None:
        where.append(_after(*position))
    row = db.execute(
        select(rhythm.c.minute, rhythm.c.id)
        .where(*where)
        .order_by(rhythm.c.minute, rhythm.c.id)
        .offset(SLICE - 1)
        .limit(1)
    ).first()
    return None if row is None else (row.minute, row.id)


def _in_slot(zone: str, slot: Slot) -> ColumnElement[bool]:
    one = slot.first == slot.last
    minute = rhythm.c.minute == slot.first if one else rhythm.c.minute.between(slot.first, slot.last)
    return and_(rhythm.c.zone == zone, minute)


def _on_day(day: int) -> ColumnElement[bool]:
    return rhythm.c.weekdays.op("&")(clock.weekday_bit(day)) != 0


def _after(minute: int, number: int) -> ColumnElement[bool]:
    return or_(rhythm.c.minute > minute, and_(rhythm.c.minute == minute, rhythm.c.id > number))


def _raise(db: Connection, slot: Slot, where: Sequence[ColumnElement[bool]], *, width: timedelta, lane: Lane) -> Insert:
    """INSERT … SELECT from rhythm into delivery. Halves of a pair share their place in the spread; the day reshuffles it."""
    due: ColumnElement[int] = literal(milliseconds(slot.due), BigInteger)
    if slot.step:
        due = due + cast(rhythm.c.minute - slot.first, BigInteger) * literal(60_000, BigInteger)
    if width:
        key = func.coalesce(rhythm.c.pair_id, rhythm.c.person_id) * 2654435761 + slot.day * 40503
        due = due + (key % 4294967296) % int(width / timedelta(milliseconds=1))
    weekly = rhythm.c.kind == Kind.WEEKLY
    good = case((weekly, literal(_ms(WEEKLY_GOOD), BigInteger)), else_=literal(_ms(LATE_LIMIT), BigInteger))
    chosen = select(
        rhythm.c.person_id,
        rhythm.c.pair_id,
        rhythm.c.kind,
        literal(slot.day, BigInteger),
        case((weekly, int(Lane.LATER)), else_=int(lane)),
        literal("waiting"),
        type_coerce(due, BigInteger),
        type_coerce(due + good, BigInteger),
    ).where(*where)
    columns = ["person_id", "pair_id", "kind", "about", "lane", "state", "due_at", "good_until"]
    return insert(db, delivery).from_select(columns, chosen).on_conflict_do_nothing()


def _ms(length: timedelta) -> int:
    return int(length / timedelta(milliseconds=1))
