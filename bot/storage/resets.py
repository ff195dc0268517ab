"""Resets of a pair: said, answered, closed. Which side said them is known here and shown nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot.domain.resets import ENDED, Reset, State
from bot.storage.schema import reset
from bot.storage.sql import insert

_COLUMNS = (reset.c.id, reset.c.pair_id, reset.c.caller_id, reset.c.called_at, reset.c.state)


def call(db: Connection, pair: int, caller: int, now: datetime) -> Reset:
    """Store a new one."""
    number = db.execute(
        insert(db, reset).returning(reset.c.id),
        [{"pair_id": pair, "caller_id": caller, "called_at": now, "state": State.OPEN}],
    ).scalar_one()
    return Reset(number, pair, caller, now, State.OPEN)


def by_id(db: Connection, number: int) -> Reset | None:
    """One reset."""
    row = db.execute(select(*_COLUMNS).where(reset.c.id == number)).first()
    return None if row is None else _read(row)


def lately(db: Connection, pair: int, since: datetime) -> list[Reset]:
    """The resets of a pair called after *since*, newest first."""
    rows = db.execute(
        select(*_COLUMNS).where(reset.c.pair_id == pair, reset.c.called_at > since).order_by(reset.c.id.desc())
    )
    return [_read(row) for row in rows]


def move(db: Connection, number: int, to: State, *, now: datetime, asked_time: int | None = None) -> bool:
    """Set the state of one that has not ended; whether it changed."""
    facts: dict[str, Any] = {"state": to}
    if to in ENDED:
        facts["closed_at"] = now
    if asked_time is not None:
        facts["asked_time_id"] = asked_time
    changed = db.execute(
        update(reset)
        .where(reset.c.id == number, reset.c.state.not_in(list(ENDED)), reset.c.state != to)
        .values(**facts)
    )
    return changed.rowcount == 1


def mended_between(db: Connection, pair: int, since: datetime, until: datetime) -> bool:
    """Whether something was mended in this time; not by whom, nor how often."""
    found = db.execute(
        select(reset.c.id)
        .where(reset.c.pair_id == pair, reset.c.state == State.MENDED, reset.c.closed_at.between(since, until))
        .limit(1)
    ).first()
    return found is not None


def _read(row: Any) -> Reset:
    return Reset(row.id, row.pair_id, row.caller_id, row.called_at, State(row.state))
