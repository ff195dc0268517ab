"""Prompts that a beat has raised and that nobody has taken up: a queue before the deliveries, one narrow row for each.

A row is what a delivery cannot be made without. It becomes one when it is claimed; whoever has to hold, drop or look at what
waits takes that up first, so that only those who count, and those who forget, know of two tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Delete,
    FromClause,
    and_,
    bindparam,
    case,
    delete,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
)

from bot.domain.pacing import LATE_LIMIT
from bot.domain.prompts import Kind
from bot.storage.columns import span
from bot.storage.schema import delivery, pair, person, raised
from bot.storage.sql import Insert, insert_for

WEEKLY_GOOD = timedelta(hours=20)
"""A look back that is later than this waits for the next week."""
EVERYTHING = 2**62
"""As a limit: none."""

_KEY = (raised.c.lane, raised.c.due_at, raised.c.rhythm_id)
_DUE = raised.c.due_at <= bindparam("now")
_OF_PERSON = raised.c.person_id == bindparam("person")
_OF_PAIRS = raised.c.pair_id.in_(bindparam("pairs", expanding=True))


def take_up(db: Connection, now: datetime, limit: int) -> None:
    """Make deliveries of up to *limit* prompts that are due, first lane first, oldest first.

    What somebody has had on that day already, from an hour they have since changed, becomes none, nor does what was raised for
    somebody who has been forgotten since. What another process is taking up is left to it.
    """
    _take(db, _DUE, {"now": now, "limit": limit}, skip_locked=True)


def take_up_of(db: Connection, who: int) -> None:
    """Make deliveries of all that was raised for a person, due or not."""
    _take(db, _OF_PERSON, {"person": who, "limit": EVERYTHING})


def take_up_between(db: Connection, pairs: Sequence[int]) -> None:
    """Make deliveries of all that was raised in *pairs*, due or not."""
    _take(db, _OF_PAIRS, {"pairs": list(pairs), "limit": EVERYTHING})


def take_up_until(db: Connection, now: datetime) -> None:
    """Make deliveries of all that is due, also of what another process is taking up."""
    _take(db, _DUE, {"now": now, "limit": EVERYTHING})


def _take(db: Connection, which: ColumnElement[bool], given: dict[str, object], *, skip_locked: bool = False) -> None:
    for statement in _statements(db.dialect.name, which, skip_locked=skip_locked):
        db.execute(statement, given)


@lru_cache
def _statements(dialect: str, which: ColumnElement[bool], *, skip_locked: bool) -> tuple[Insert | Delete, ...]:
    """From the queue into the deliveries: in one statement on PostgreSQL, where another may be taking the same."""
    chosen = select(raised).where(which).order_by(*_KEY).limit(bindparam("limit"))
    if dialect == "sqlite":
        keys = chosen.with_only_columns(*_KEY)
        return _into_deliveries(dialect, chosen.subquery("due")), delete(raised).where(tuple_(*_KEY).in_(keys))
    due = chosen.with_for_update(skip_locked=skip_locked).cte("due")
    same = and_(*(key == due.c[key.name] for key in _KEY))
    return (_into_deliveries(dialect, delete(raised).where(same).returning(*raised.c).cte("gone")),)


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
