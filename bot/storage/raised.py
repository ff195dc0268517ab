"""Prompts that a beat has raised and that nobody has taken up: a queue before the deliveries, one narrow row for each.

A row is what a delivery cannot be made without. It becomes one when it is claimed; whoever has to hold, drop or look at what
waits takes that up first, so that only those who count, and those who forget, know of two tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Delete,
    FromClause,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
)

from bot.domain.pacing import LATE_LIMIT, Lane
from bot.domain.prompts import Kind
from bot.storage.columns import span
from bot.storage.schema import delivery, pair, person, raised
from bot.storage.sql import Insert, insert_for

WEEKLY_GOOD = timedelta(hours=20)
"""A look back that is later than this waits for the next week."""
EVERYTHING = 2**62
"""As a limit: none."""

_KEY = (raised.c.lane, raised.c.due_at, raised.c.rhythm_id)
LANES = (Lane.PROMPT, Lane.LATER)
"""In which prompts are raised."""
_DUE = and_(raised.c.lane == bindparam("lane"), raised.c.due_at <= bindparam("now"))
"""Of one lane: over all of them the index would be read on to its end, through everything that is spread and not due yet."""
_OF_PERSON = raised.c.person_id == bindparam("person")
_OF_PAIRS = raised.c.pair_id.in_(bindparam("pairs", expanding=True))


def take_up(db: Connection, now: datetime, limit: int) -> None:
    """Make *limit* deliveries of prompts that are due, or as many as are, first lane first, oldest first.

    What somebody has had on that day already, from an hour they have since changed, becomes none, nor does what was raised for
    somebody who has been forgotten since. What another process is taking up is left to it.
    """
    for lane in LANES:
        more = True
        while more and limit > 0:
            taken, made = _take(db, _DUE, {"lane": int(lane), "now": now, "limit": limit}, skip_locked=True)
            more, limit = taken == limit, limit - made


def take_up_of(db: Connection, who: int) -> None:
    """Make deliveries of all that was raised for a person, due or not."""
    _take(db, _OF_PERSON, {"person": who, "limit": EVERYTHING})


def take_up_between(db: Connection, pairs: Sequence[int]) -> None:
    """Make deliveries of all that was raised in *pairs*, due or not."""
    _take(db, _OF_PAIRS, {"pairs": list(pairs), "limit": EVERYTHING})


def take_up_until(db: Connection, now: datetime) -> None:
    """Make deliveries of all that is due, also of what another process is taking up."""
    for lane in LANES:
        _take(db, _DUE, {"lane": int(lane), "now": now, "limit": EVERYTHING})


def _take(
    db: Connection, which: ColumnElement[bool], given: dict[str, object], *, skip_locked: bool = False
) -> tuple[int, int]:
    """From the queue into the deliveries; how many were taken from there, and how many of these became one."""
    if db.dialect.name == "sqlite":
        copied, deleted = _copied_and_deleted(which)
        made = db.execute(copied, given).rowcount
        return db.execute(deleted, given).rowcount, made
    taken, made = db.execute(_moved(which, skip_locked=skip_locked), given).one()
    return taken, made


@lru_cache
def _copied_and_deleted(which: ColumnElement[bool]) -> tuple[Insert, Delete]:
    chosen = _chosen(which)
    keys = chosen.with_only_columns(*_KEY)
    return _into_deliveries("sqlite", chosen.subquery("due")), delete(raised).where(tuple_(*_KEY).in_(keys))


@lru_cache
def _moved(which: ColumnElement[bool], *, skip_locked: bool) -> Select[int, int]:
    """In one statement on PostgreSQL, where another may be taking the same."""
    due = _chosen(which).with_for_update(skip_locked=skip_locked).cte("due")
    same = and_(*(key == due.c[key.name] for key in _KEY))
    gone = delete(raised).where(same).returning(*raised.c).cte("gone")
    made = _into_deliveries("postgresql", gone).returning(literal(1)).cte("made")
    return select(_number_of(gone), _number_of(made))


def _number_of(rows: FromClause) -> ScalarSelect[int]:
    return select(func.count()).select_from(rows).scalar_subquery()


def _chosen(which: ColumnElement[bool]) -> Select[Any]:
    return select(raised).where(which).order_by(*_KEY).limit(bindparam("limit"))


def _into_deliveries(dialect: str, due: FromClause) -> Insert:
    """INSERT … SELECT, for people and pairs that are still there."""
    at = type_coerce(due.c.due_at, BigInteger)
    good = case((due.c.kind == Kind.WEEKLY, literal(span(WEEKLY_GOOD), BigInteger)), else_=span(LATE_LIMIT))
    rows = (
        select(due.c.person_id, due.c.pair_id, due.c.kind, due.c.day, due.c.lane, literal("waiting"), at, at + good)
        .join(person, person.c.id == due.c.person_id)
        .outerjoin(pair, pair.c.id == due.c.pair_id)
        .where(or_(due.c.pair_id.is_(None), pair.c.id.is_not(None)))
        .order_by(*(due.c[key.name] for key in _KEY))
    )
    columns = ["person_id", "pair_id", "kind", "about", "lane", "state", "due_at", "good_until"]
    return insert_for(dialect, delivery).from_select(columns, rows).on_conflict_do_nothing()
