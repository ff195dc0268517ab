"""Ids of the bot's own messages of the last 48 hours, so that a person can have them deleted from the chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from bot.storage.schema import delivery, person, tidy
from bot.storage.sql import Insert, insert_for

KEEP = timedelta(hours=48)


def add(db: Connection, messages: Sequence[tuple[int, int, datetime]]) -> None:
    """Remember (person, message, moment) of answers that were sent; nothing of somebody who was forgotten meanwhile."""
    if not messages:
        return
    if db.dialect.name == "sqlite":
        db.execute(_ONE_BY_ONE, [{"who": who, "message": message, "at": at} for who, message, at in messages])
        return
    who, message, at = (list(each) for each in zip(*messages, strict=True))
    db.execute(_AT_ONCE, {"who": who, "message": message, "at": at})


def _from(dialect: str, there: Select[Any]) -> Insert:
    return insert_for(dialect, tidy).from_select(["person_id", "message_id", "at"], there).on_conflict_do_nothing()


_ONE_BY_ONE = _from(
    "sqlite",
    select(
        person.c.id, bindparam("message", type_=tidy.c.message_id.type), bindparam("at", type_=tidy.c.at.type)
    ).where(person.c.id == bindparam("who")),
)
_SENT = (
    func.unnest(
        bindparam("who", type_=ARRAY(BigInteger)),
        bindparam("message", type_=ARRAY(BigInteger)),
        bindparam("at", type_=ARRAY(tidy.c.at.type)),
    )
    .table_valued("who", "message", "at", name="sent")
    .render_derived()
)
_AT_ONCE = _from(  # one statement, whatever there is to remember: on PostgreSQL each is a round trip
    "postgresql",
    select(person.c.id, _SENT.c.message, _SENT.c.at).join_from(_SENT, person, person.c.id == _SENT.c.who),
)


def take(db: Connection, person: int, since: datetime) -> list[int]:
    """The ids of everything the bot sent *person* after *since*; those of answers are forgotten here."""
    answers = select(tidy.c.message_id).where(tidy.c.person_id == person, tidy.c.at > since)
    sent = select(delivery.c.message_id).where(
        delivery.c.person_id == person, delivery.c.sent_at > since, delivery.c.message_id.is_not(None)
    )
    found = sorted({*db.execute(answers).scalars(), *db.execute(sent).scalars()})
    db.execute(delete(tidy).where(tidy.c.person_id == person))
    return [int(number) for number in found if number is not None]


def sweep(db: Connection, before: datetime) -> int:
    """Forget those too old to be deleted by a bot."""
    return db.execute(delete(tidy).where(tidy.c.at < before)).rowcount
