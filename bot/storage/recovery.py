"""A copy of the past, made fit to go on from now: nothing that was due before goes out, nobody who was forgotten comes back.

For `restore`, and for a start that finds its database older than what this installation has done (bot.apart).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.domain import clock
from bot.domain.pacing import Why
from bot.storage import columns, erasure, notes, people, raised
from bot.storage.schema import delivery, forgotten, person, zone_cursor

Tombstone = tuple[bytes, datetime]
"""The keyed hash of a chat, and when it asked to be forgotten."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What had to be done."""

    dropped: int
    forgotten: int


def settle_in(db: Connection, tombstones: Iterable[Tombstone], at: datetime) -> Settled:
    """Go on from *at*: drop what was due, move every zone's cursor there, forget again whom *tombstones* name.

    Whoever has come back after they asked to be forgotten stays: their record is younger than the stone.
    """
    erasure.remember_forgotten(db, tombstones)
    stones = {bytes(row.chat_hash): row.at for row in db.execute(select(forgotten))}
    again = (
        [
            who
            for who, chat, since in db.execute(select(person.c.id, person.c.chat_id, person.c.created_at))
            if any(since <= stones[each] for each in columns.seal().hashes(f"chat {chat}") if each in stones)
        ]
        if stones
        else []
    )
    for who in people.by_ids(db, again).values():
        erasure.forget(db, who, at, with_name=True)
    raised.take_up_until(db, at)
    dropped = db.execute(
        update(delivery)
        .where(delivery.c.state.in_(("waiting", "sending")), delivery.c.due_at <= at)
        .values(state="dropped", reason=Why.LATE, lease_until=None)
    ).rowcount
    for zone in db.execute(select(zone_cursor.c.zone)).scalars().all():
        if clock.is_zone(zone):
            served = clock.high_minute(at, zone)
            db.execute(update(zone_cursor).where(zone_cursor.c.zone == zone).values(reached=served, inside=None))
    notes.set_beat(db, at)
    return Settled(dropped, len(again))


def since(db: Connection, moment: datetime | None) -> list[Tombstone]:
    """Who asked to be forgotten after *moment*, oldest first."""
    chosen = select(forgotten.c.chat_hash, forgotten.c.at).order_by(forgotten.c.at)
    if moment is not None:
        chosen = chosen.where(forgotten.c.at > moment)
    return [(bytes(row.chat_hash), row.at) for row in db.execute(chosen)]
