"""Ids of the bot's own messages of the last 48 hours, so that a person can have them deleted from the chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection, bindparam, delete, select

from bot.storage.schema import delivery, person, tidy
from bot.storage.sql import Insert, insert_for

KEEP = timedelta(hours=48)


def add(db: Connection, messages: Sequence[tuple[int, int, datetime]]) -> None:
    """Remember (person, message, moment) of answers that were sent; nothing of somebody who was forgotten meanwhile."""
    if messages:
        db.execute(
            _insert(db.dialect.name),
            [{"who": who, "message": message, "moment": at} for who, message, at in messages],
        )


@lru_cache
def _insert(dialect: str) -> Insert:
    message = bindparam("message", type_=tidy.c.message_id.type)
    moment = bindparam("moment", type_=tidy.c.at.type)
    there = select(person.c.id, message, moment).where(person.c.id == bindparam("who"))
    return insert_for(dialect, tidy).from_select(["person_id", "message_id", "at"], there).on_conflict_do_nothing()


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
