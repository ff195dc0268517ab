"""Rhythms and zone cursors: when prompts come, and how far each zone's wall clock has been served.

A cursor only moves forward. Raising what is due and moving the cursor is one transaction; losing a race writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    tuple_,
    type_coerce,
    update,
)

from bot.domain import clock
from bot.domain.clock import Slot
from bot.domain.pacing import Lane, Rhythm
from bot.domain.prompts import Kind
from bot.storage.columns import milliseconds, span
from bot.storage.schema import raised, rhythm, zone_cursor
from bot.storage.sql import insert_once

SLICE = {"sqlite": 5_000, "postgresql": 10_000}
"""Most prompts raised in one transaction. On SQLite everybody's reply waits for it; on PostgreSQL whoever chooses an hour in that zone."""


class Cursor(NamedTuple):
    """How far *zone* has been served: all of *reached*; of minute *inside* the rhythms up to *last_id* at *place* of *weekdays*.

    Of a minute that an older version has left at *rhythm_id* it is not known which: it is raised again, and nobody gets two.
    """

    zone: str
    reached: int
    inside: int | None = None
    weekdays: int | None = None
    place: int | None = None
    last_id: int | None = None
    rhythm_id: int | None = None


class Spot(NamedTuple):
    """A rhythm's place in the index of a zone. What shares it, the halves of a pair, is told apart by the rhythm's id."""

    minute: int
    weekdays: int
    place: int
    number: int


Run = tuple[int, int]
"""Of the rhythms of one wall minute those with the same weekdays: which, and how many."""


def put(db: Connection, person: int, pair: int | None, rhythms: Sequence[Rhythm], *, zone: str, now: datetime) -> None:
    """Make *rhythms* the ones of this person in this pair (or on their own). One row a kind; nothing needs re-aiming."""
    same_pair = rhythm.c.pair_id.is_(None) if pair is None else rhythm.c.pair_id == pair
    db.execute(delete(rhythm).where(rhythm.c.person_id == person, same_pair))
    if rhythms:
        _catch_up(db, zone, clock.high_minute(now, zone))
        db.execute(
            insert(rhythm),
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


NEWEST = select(func.coalesce(func.max(rhythm.c.id), 0))
"""The id of the newest rhythm; it grows whenever somebody's hour, days or zone change, for rhythms are never rewritten."""
NEWER = select(rhythm.c.id, rhythm.c.zone).where(rhythm.c.id > bindparam("before")).order_by(rhythm.c.id)
"""Id and zone of each rhythm that is newer than the one *before*."""


def pairs_with_rhythm(db: Connection, person: int) -> list[int | None]:
    """For which pairs (None: on their own) a person has rhythms."""
    return list(db.execute(select(rhythm.c.pair_id).where(rhythm.c.person_id == person).distinct()).scalars())


_CURSORS = select(*(zone_cursor.c[name] for name in Cursor._fields))
_CURSOR = _CURSORS.where(zone_cursor.c.zone == bindparam("zone")).with_for_update(skip_locked=True)
_THERE = rhythm.c.zone == zone_cursor.c.zone
_LATER_TODAY = select(func.min(rhythm.c.minute)).where(_THERE, rhythm.c.minute > zone_cursor.c.reached % clock.DAY)
_ANOTHER_DAY = select(func.min(rhythm.c.minute) + clock.DAY).where(_THERE)
_LOOK = _CURSORS.add_columns(
    func.coalesce(_LATER_TODAY.scalar_subquery(), _ANOTHER_DAY.scalar_subquery()).label("ahead")
).with_for_update(skip_locked=True, of=zone_cursor)
_LOOK_AT = _LOOK.where(zone_cursor.c.zone.in_(bindparam("zones", expanding=True)))
_ZONES = select(func.count()).select_from(zone_cursor)


_NO_WAITING = text("SET LOCAL synchronous_commit TO OFF")


def wait_for_no_disk(db: Connection) -> None:
    """What is raised or stepped over in this transaction need not be on PostgreSQL's disk when it is committed.

    What its crash loses, prompts and cursor together, the next minute's beat raises again. Nothing of it has been sent by then: a
    claim is a later commit that is waited for, and takes all earlier ones to the disk with it.
    """
    if db.dialect.name == "postgresql":
        db.execute(_NO_WAITING)


def slice_size(db: Connection) -> int:
    """How many prompts are raised in one transaction at most."""
    return SLICE[db.dialect.name]


def take_cursors(db: Connection, zones: Sequence[str] | None = None) -> list[tuple[Cursor, int | None]]:
    """Every zone's cursor that no other process holds, or only those of *zones*, held until the transaction ends.

    With it the next wall minute that any rhythm there has, on whatever weekday; None where there is no rhythm.
    """
    rows = db.execute(_LOOK) if zones is None else db.execute(_LOOK_AT, {"zones": list(zones)})
    return [
        (Cursor(zone, reached, *place), None if ahead is None else reached - reached % clock.DAY + ahead)
        for zone, reached, *place, ahead in rows
    ]


def zones(db: Connection) -> int:
    """How many zones are in use, whoever holds their cursors."""
    return int(db.execute(_ZONES).scalar_one())


def take_cursor(db: Connection, zone: str) -> Cursor | None:
    """The cursor of *zone*, held until the transaction ends; None when another process holds it."""
    row = db.execute(_CURSOR, {"zone": zone}).first()
    return None if row is None else Cursor(*row)


_MINUTE: BindParameter[int] = bindparam("minute", type_=Integer)
_DAYS_THERE = (
    select(
        zone_cursor.c.zone,
        select(func.min(rhythm.c.weekdays)).where(_THERE, rhythm.c.minute == _MINUTE).scalar_subquery().label("days"),
    )
    .where(zone_cursor.c.zone.in_(bindparam("zones", expanding=True)))
    .cte("days_there", recursive=True)
)
_MORE_DAYS = select(func.min(rhythm.c.weekdays)).where(
    rhythm.c.zone == _DAYS_THERE.c.zone, rhythm.c.minute == _MINUTE, rhythm.c.weekdays > _DAYS_THERE.c.days
)
_DAYS_THERE = _DAYS_THERE.union_all(
    select(_DAYS_THERE.c.zone, _MORE_DAYS.scalar_subquery()).where(_DAYS_THERE.c.days.is_not(None))
)
_WITH_THESE = select(func.count()).where(
    rhythm.c.zone == _DAYS_THERE.c.zone, rhythm.c.minute == _MINUTE, rhythm.c.weekdays == _DAYS_THERE.c.days
)
_BUSY = (
    select(_DAYS_THERE.c.zone, _DAYS_THERE.c.days, _WITH_THESE.scalar_subquery())
    .where(_DAYS_THERE.c.days.op("&")(bindparam("bit")) != 0)
    .order_by(*_DAYS_THERE.c)
)
"""The index is leapt through from one set of weekdays to the next, and only who is due is counted: on most days most are not."""


def busy(db: Connection, groups: Mapping[int, Sequence[str]]) -> dict[str, list[Run]]:
    """Of zones whose clocks have just come to the wall minute that is their key, those with rhythms due, run by run."""
    found: dict[str, list[Run]] = {}
    for wall, zones in groups.items():
        day, minute = divmod(wall, clock.DAY)
        rows = db.execute(_BUSY, {"zones": list(zones), "minute": minute, "bit": clock.weekday_bit(day)})
        for zone, weekdays, n in rows:
            found.setdefault(zone, []).append((weekdays, n))
    return found


_BY = bindparam("by", type_=BigInteger)
_STEP = (
    update(zone_cursor)
    .where(zone_cursor.c.zone.in_(bindparam("zones", expanding=True)), zone_cursor.c.inside.is_(None))
    .values(reached=zone_cursor.c.reached + _BY)
)
_STEP_ALL = (
    update(zone_cursor)
    .where(_ZONES.scalar_subquery() == bindparam("count"), zone_cursor.c.zone.not_in(bindparam("but", expanding=True)))
    .values(reached=zone_cursor.c.reached + _BY)
)


def step(db: Connection, zones: Sequence[str], by: int) -> None:
    """Move cursors on by minutes in which nothing was due; they were taken in this transaction."""
    db.execute(_STEP, {"zones": list(zones), "by": by})


def step_all(db: Connection, count: int, by: int, *, but: Sequence[str] = ()) -> bool:
    """Like step(), for all zones there are *but* these, if all are still *count*; whether it did."""
    return db.execute(_STEP_ALL, {"count": count, "by": by, "but": list(but)}).rowcount > 0


# A stretch is what comes after one spot of the index, up to another: of a whole slot, with whoever is due, or of a single run.
_ORDER = (rhythm.c.minute, rhythm.c.weekdays, rhythm.c.place, rhythm.c.id)
_IN_SLOT = and_(
    rhythm.c.zone == bindparam("zone"),
    rhythm.c.weekdays.op("&")(bindparam("bit")) != 0,
    tuple_(*(bindparam(f"after_{part}") for part in Spot._fields)) < tuple_(*_ORDER),
    tuple_(*(bindparam(f"upto_{part}") for part in Spot._fields)) >= tuple_(*_ORDER),
)
_IN_RUN = and_(
    rhythm.c.zone == bindparam("zone"),
    rhythm.c.minute == bindparam("upto_minute"),
    rhythm.c.weekdays == bindparam("upto_weekdays"),
    tuple_(bindparam("after_place"), bindparam("after_number")) < tuple_(rhythm.c.place, rhythm.c.id),
    tuple_(bindparam("upto_place"), bindparam("upto_number")) >= tuple_(rhythm.c.place, rhythm.c.id),
)
_COUNT = select(func.count()).select_from(rhythm).where(_IN_SLOT)
WHOLE = 2**32
"""The places there are (schema.rhythm)."""
_ALL_DAYS, _LAST_ID = 127, 2**62
_EACH_DAY = 1640531527
"""How far places move on from one day to the next: the golden section of all, so that no two days of a month are alike."""


@lru_cache
def _border(stretch: ColumnElement[bool]) -> Select[Any]:
    """The last rhythm of the next slice, if that is full."""
    return select(*_ORDER).where(stretch).order_by(*_ORDER).offset(bindparam("skipped")).limit(1)


def count(db: Connection, zone: str, slot: Slot) -> int:
    """How many prompts *slot* raises, without raising them."""
    return int(db.execute(_COUNT, _stretch(zone, slot, _first(slot), _last(slot))).scalar_one())


def raise_slice(
    db: Connection, cursor: Cursor, slot: Slot, *, width: timedelta, lane: Lane = Lane.PROMPT, fits: bool = False
) -> Cursor:
    """Raise at most slice_size() prompts of *slot* from where *cursor* stands and move it on; both in this transaction.

    *width* is over how much time people of one minute are spread; what is known to be no more than a slice *fits*. Returns
    the cursor as it now stands: still inside the slot when more is to come. Cursors only move forward, so nobody is
    raised twice; were it otherwise, nobody would get two (storage.raised).
    """
    after, upto = _spot(cursor, slot) or _first(slot), _last(slot)
    last = None if fits else _next_border(db, _IN_SLOT, _stretch(cursor.zone, slot, after, upto), slice_size(db))
    _queue_up(db, _IN_SLOT, _stretch(cursor.zone, slot, after, last or upto), slot, width=width, lane=lane)
    moved = _done(cursor, slot) if last is None else _inside(cursor, slot, last)
    move(db, cursor, moved)
    return moved


def raise_runs(
    db: Connection, cursor: Cursor, slot: Slot, runs: Sequence[Run], *, width: timedelta, lane: Lane = Lane.PROMPT
) -> tuple[Cursor, Sequence[Run]]:
    """The same for a slot of a single minute, all of whose *runs* that are due are known in order; also what is left of them.

    Who is not due costs nothing here, however many have this minute on other days.
    """
    at = _spot(cursor, slot) or _first(slot)
    left, room = [run for run in runs if run[0] >= at.weekdays], slice_size(db)
    while left and room:
        weekdays, n = left.pop(0)
        if weekdays != at.weekdays:
            at = Spot(slot.first, weekdays, 0, 0)
        end = at._replace(place=WHOLE, number=_LAST_ID)
        last = _next_border(db, _IN_RUN, _stretch(cursor.zone, slot, at, end), room) if n > room else None
        if last is not None:
            left.insert(0, (weekdays, n - room))
        _queue_up(db, _IN_RUN, _stretch(cursor.zone, slot, at, last or end), slot, width=width, lane=lane)
        at = last or end
        room = max(0, room - n)
    if left and left[0][0] != at.weekdays:
        at = Spot(slot.first, left[0][0], 0, 0)
    moved = _inside(cursor, slot, at) if left else _done(cursor, slot)
    move(db, cursor, moved)
    return moved, left


def _next_border(db: Connection, where: ColumnElement[bool], stretch: dict[str, Any], room: int) -> Spot | None:
    """Where a slice of *room* prompts ends; None where the stretch has no more than that."""
    row = db.execute(_border(where), {**stretch, "skipped": room - 1}).first()
    return None if row is None else Spot(*row)


def _first(slot: Slot) -> Spot:
    return Spot(slot.first, 0, 0, 0)


def _last(slot: Slot) -> Spot:
    return Spot(slot.last, _ALL_DAYS, WHOLE, _LAST_ID)


def _done(cursor: Cursor, slot: Slot) -> Cursor:
    return Cursor(cursor.zone, slot.day * clock.DAY + slot.last)


def _inside(cursor: Cursor, slot: Slot, last: Spot) -> Cursor:
    return Cursor(
        cursor.zone, cursor.reached, slot.day * clock.DAY + last.minute, last.weekdays, last.place, last.number
    )


_, *_PLACES = Cursor._fields
_MOVE = (
    update(zone_cursor)
    .where(
        zone_cursor.c.zone == bindparam("of"),
        *(zone_cursor.c[name].is_not_distinct_from(bindparam(f"was_{name}")) for name in _PLACES),
    )
    .values({name: bindparam(f"new_{name}") for name in _PLACES})
)


def move(db: Connection, cursor: Cursor, moved: Cursor) -> bool:
    """Set a cursor on, if it still stands where it was read; whether it did."""
    given = {f"was_{name}": value for name, value in zip(_PLACES, cursor[1:], strict=True)}
    given |= {f"new_{name}": value for name, value in zip(_PLACES, moved[1:], strict=True)}
    return db.execute(_MOVE, {"of": cursor.zone, **given}).rowcount == 1


def _spot(cursor: Cursor, slot: Slot) -> Spot | None:
    """Where in *slot* the cursor stands; None at its beginning."""
    inside, weekdays, place, last_id = cursor[2:6]
    if inside is None or weekdays is None or place is None or last_id is None or cursor.rhythm_id is not None:
        return None
    day, minute = divmod(inside, clock.DAY)
    return Spot(minute, weekdays, place, last_id) if day == slot.day and slot.first <= minute <= slot.last else None


def _stretch(zone: str, slot: Slot, after: Spot, upto: Spot) -> dict[str, Any]:
    """The values for a stretch of *slot*."""
    ends = {f"after_{part}": value for part, value in after._asdict().items()}
    ends |= {f"upto_{part}": value for part, value in upto._asdict().items()}
    return {"zone": zone, "bit": clock.weekday_bit(slot.day), **ends}


def _queue_up(
    db: Connection, where: ColumnElement[bool], stretch: dict[str, Any], slot: Slot, *, width: timedelta, lane: Lane
) -> None:
    """Raise everybody in a stretch."""
    spread = width > timedelta(0)
    values = {
        "day": slot.day,
        "lane": int(lane),
        "due": milliseconds(slot.due),
        "first": slot.first,
        "step": slot.step * 60_000,
    }
    if spread:
        values |= {"shift": slot.day * _EACH_DAY % WHOLE, "width": span(width)}
    db.execute(_raise(where, spread=spread), stretch | values)


@lru_cache
def _raise(stretch: ColumnElement[bool], *, spread: bool) -> Insert:
    """INSERT … SELECT from rhythm into raised. Halves of a pair share their place in the spread, and it moves on by the day.

    As the index is read in the order of places, what comes into the queue is in the order of its own index.
    """
    due: ColumnElement[int] = _number("due")
    if stretch is _IN_SLOT:
        due = due + cast(rhythm.c.minute - _number("first"), BigInteger) * _number("step")
    if spread:
        moved_on = (rhythm.c.place + _number("shift")).op("&")(WHOLE - 1)
        due = due + moved_on * _number("width") // WHOLE
    chosen = select(
        case((rhythm.c.kind == Kind.WEEKLY, int(Lane.LATER)), else_=bindparam("lane", type_=Integer)),
        type_coerce(due, BigInteger),
        rhythm.c.id,
        rhythm.c.person_id,
        rhythm.c.pair_id,
        rhythm.c.kind,
        _number("day"),
    ).where(stretch)
    return insert(raised).from_select(list(raised.c), chosen)


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)
