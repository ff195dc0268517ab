"""Rhythms and zone cursors: when prompts come, and how far each zone's wall clock has been served.

A cursor only moves forward. Raising what is due and moving the cursor is one transaction; losing a race writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    text,
    tuple_,
    type_coerce,
    update,
)

from bot.domain import clock
from bot.domain.clock import Slot
from bot.domain.pacing import LATE_LIMIT, Lane, Rhythm
from bot.domain.prompts import Kind
from bot.storage.columns import milliseconds
from bot.storage.schema import delivery, rhythm, zone_cursor
from bot.storage.sql import Insert, insert, insert_for, insert_once

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
        _catch_up(db, zone, clock.high_minute(now, zone))
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


_HIGH = bindparam("high", type_=BigInteger)
_NEXT_DAY = zone_cursor.c.reached < _HIGH - _HIGH % clock.DAY
_CATCH_UP = (
    update(zone_cursor)
    .where(
        zone_cursor.c.zone == bindparam("name"),
        zone_cursor.c.reached < _HIGH,
        zone_cursor.c.reached > _HIGH - clock.DAY,
        zone_cursor.c.inside.is_(None),
        ~exists().where(
            rhythm.c.zone == zone_cursor.c.zone,
            rhythm.c.minute > zone_cursor.c.reached % clock.DAY,
            rhythm.c.minute <= case((_NEXT_DAY, clock.DAY), else_=_HIGH % clock.DAY),
        ),
        ~and_(
            _NEXT_DAY,
            exists().where(rhythm.c.zone == zone_cursor.c.zone, rhythm.c.minute <= _HIGH % clock.DAY),
        ),
    )
    .values(reached=_HIGH)
)


def _catch_up(db: Connection, zone: str, high: int) -> None:
    """Let no rhythm that is put now be raised for a minute that is over.

    While nobody is due its zone's cursor stands behind (delivery.pulse), after a clock has jumped by an hour and more; then it
    is moved on, and only then.
    """
    db.execute(_CATCH_UP, {"name": zone, "high": high})


NEWEST = select(func.max(rhythm.c.id))
"""The id of the newest rhythm; it grows whenever somebody's hour, days or zone change, for rhythms are never rewritten."""


def pairs_with_rhythm(db: Connection, person: int) -> list[int | None]:
    """For which pairs (None: on their own) a person has rhythms."""
    return list(db.execute(select(rhythm.c.pair_id).where(rhythm.c.person_id == person).distinct()).scalars())


_CURSORS = select(zone_cursor.c.zone, zone_cursor.c.reached, zone_cursor.c.inside, zone_cursor.c.rhythm_id)
_CURSOR = _CURSORS.where(zone_cursor.c.zone == bindparam("zone")).with_for_update(skip_locked=True)
_THERE = rhythm.c.zone == zone_cursor.c.zone
_LATER_TODAY = select(func.min(rhythm.c.minute)).where(_THERE, rhythm.c.minute > zone_cursor.c.reached % clock.DAY)
_ANOTHER_DAY = select(func.min(rhythm.c.minute) + clock.DAY).where(_THERE)
_LOOK = _CURSORS.add_columns(
    func.coalesce(_LATER_TODAY.scalar_subquery(), _ANOTHER_DAY.scalar_subquery()).label("ahead")
).with_for_update(skip_locked=True, of=zone_cursor)
_ZONES = select(func.count()).select_from(zone_cursor)


_NO_WAITING = text("SET LOCAL synchronous_commit TO OFF")


def wait_for_no_disk(db: Connection) -> None:
    """What is raised or stepped over in this transaction need not be on PostgreSQL's disk when it is committed.

    What its crash loses, prompts and cursor together, the next minute's beat raises again. Nothing of it has been sent by then: a
    claim is a later commit that is waited for, and takes all earlier ones to the disk with it.
    """
    if db.dialect.name == "postgresql":
        db.execute(_NO_WAITING)


def take_cursors(db: Connection) -> list[tuple[Cursor, int | None]]:
    """Every zone's cursor that no other process holds, held until the transaction ends.

    With it the next wall minute that any rhythm there has, on whatever weekday; None where there is no rhythm.
    """
    return [
        (
            Cursor(zone, reached, inside, rhythm_id),
            None if ahead is None else reached - reached % clock.DAY + ahead,
        )
        for zone, reached, inside, rhythm_id, ahead in db.execute(_LOOK)
    ]


def zones(db: Connection) -> int:
    """How many zones are in use, whoever holds their cursors."""
    return int(db.execute(_ZONES).scalar_one())


def take_cursor(db: Connection, zone: str) -> Cursor | None:
    """The cursor of *zone*, held until the transaction ends; None when another process holds it."""
    row = db.execute(_CURSOR, {"zone": zone}).first()
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


_BY = bindparam("by", type_=BigInteger)
_STEP = (
    update(zone_cursor)
    .where(zone_cursor.c.zone.in_(bindparam("zones", expanding=True)), zone_cursor.c.inside.is_(None))
    .values(reached=zone_cursor.c.reached + _BY)
)
_STEP_ALL = (
    update(zone_cursor)
    .where(_ZONES.scalar_subquery() == bindparam("count"))
    .values(reached=zone_cursor.c.reached + _BY)
)


def step(db: Connection, zones: Sequence[str], by: int) -> None:
    """Move cursors on by minutes in which nothing was due; they were taken in this transaction."""
    db.execute(_STEP, {"zones": list(zones), "by": by})


def step_all(db: Connection, count: int, by: int) -> bool:
    """Like step(), for all zones there are, if they are still *count*; whether it did."""
    return db.execute(_STEP_ALL, {"count": count, "by": by}).rowcount > 0


# A stretch of a slot: what comes after one (minute, rhythm id), up to another, in the order of the index. Most slots are a
# single minute, for which SQLite finds its place by the id too; of two columns compared at once it takes only the first.
_PLACE = tuple_(rhythm.c.minute, rhythm.c.id)
_HERE = and_(rhythm.c.zone == bindparam("zone"), rhythm.c.weekdays.op("&")(bindparam("bit")) != 0)
_IN_MINUTE = and_(
    _HERE,
    rhythm.c.minute == bindparam("after"),
    rhythm.c.id > bindparam("after_id"),
    rhythm.c.id <= bindparam("upto_id"),
)
_IN_MINUTES = and_(
    _HERE,
    tuple_(bindparam("after"), bindparam("after_id")) < _PLACE,
    tuple_(bindparam("upto"), bindparam("upto_id")) >= _PLACE,
)


def _stretch_of(slot: Slot) -> ColumnElement[bool]:
    return _IN_MINUTE if slot.first == slot.last else _IN_MINUTES


@lru_cache
def _count(stretch: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(rhythm).where(stretch)


@lru_cache
def _border(stretch: ColumnElement[bool]) -> Select[Any]:
    """The last rhythm of the next full slice."""
    ordered = select(rhythm.c.minute, rhythm.c.id).where(stretch).order_by(rhythm.c.minute, rhythm.c.id)
    return ordered.offset(bindparam("skipped")).limit(1)


_LAST_ID = 2**62


def count(db: Connection, zone: str, slot: Slot) -> int:
    """How many prompts *slot* raises, without raising them."""
    return int(db.execute(_count(_stretch_of(slot)), _stretch(zone, slot)).scalar_one())


def raise_slice(
    db: Connection, cursor: Cursor, slot: Slot, *, width: timedelta, lane: Lane = Lane.PROMPT, fits: bool = False
) -> Cursor:
    """Raise at most SLICE prompts of *slot* from where *cursor* stands and move it on; both in this transaction.

    *width* is over how much time people of one minute are spread; what is known to be no more than a slice *fits*. Returns
    the cursor as it now stands: still inside the slot when more is to come. What is already there (a UNIQUE says so) is
    left alone.
    """
    where, stretch = _stretch_of(slot), _stretch(cursor.zone, slot, after=_position(cursor, slot))
    last = None if fits else db.execute(_border(where), {**stretch, "skipped": SLICE - 1}).first()
    if last is not None:
        stretch |= {"upto": last.minute, "upto_id": last.id}
    spread = width > timedelta(0)
    values = {
        "day": slot.day,
        "lane": int(lane),
        "due": milliseconds(slot.due),
        "first": slot.first,
        "step": slot.step * 60_000,
    }
    if spread:
        values |= {"shuffle": slot.day * 40503, "width": _ms(width)}
    db.execute(_raise(db.dialect.name, where, spread=spread), stretch | values)
    moved = (
        Cursor(cursor.zone, slot.day * clock.DAY + slot.last, None, None)
        if last is None
        else Cursor(cursor.zone, cursor.reached, slot.day * clock.DAY + last.minute, last.id)
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


def _stretch(zone: str, slot: Slot, *, after: tuple[int, int] | None = None) -> dict[str, Any]:
    """The values for what is left of *slot*."""
    minute, number = after or (slot.first, 0)
    return {
        "zone": zone,
        "after": minute,
        "after_id": number,
        "upto": slot.last,
        "upto_id": _LAST_ID,
        "bit": clock.weekday_bit(slot.day),
    }


@lru_cache
def _raise(dialect: str, stretch: ColumnElement[bool], *, spread: bool) -> Insert:
    """INSERT … SELECT from rhythm into delivery. Halves of a pair share their place in the spread; the day reshuffles it."""
    due: ColumnElement[int] = _number("due") + cast(rhythm.c.minute - _number("first"), BigInteger) * _number("step")
    if spread:
        key = func.coalesce(rhythm.c.pair_id, rhythm.c.person_id) * 2654435761 + _number("shuffle")
        due = due + (key % 4294967296) % _number("width")
    weekly = rhythm.c.kind == Kind.WEEKLY
    good = case((weekly, literal(_ms(WEEKLY_GOOD), BigInteger)), else_=literal(_ms(LATE_LIMIT), BigInteger))
    chosen = select(
        rhythm.c.person_id,
        rhythm.c.pair_id,
        rhythm.c.kind,
        _number("day"),
        case((weekly, int(Lane.LATER)), else_=bindparam("lane", type_=Integer)),
        literal("waiting"),
        type_coerce(due, BigInteger),
        type_coerce(due + good, BigInteger),
    ).where(stretch)
    columns = ["person_id", "pair_id", "kind", "about", "lane", "state", "due_at", "good_until"]
    return insert_for(dialect, delivery).from_select(columns, chosen).on_conflict_do_nothing()


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


def _ms(length: timedelta) -> int:
    return int(length / timedelta(milliseconds=1))
