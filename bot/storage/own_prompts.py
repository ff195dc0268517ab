"""Prompts that people write for themselves: sealed, theirs alone, used at most once a week."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from bot.storage.schema import own_prompt
from bot.storage.sql import insert

PREFIX = "own:"
"""Before the id of such a prompt, where a delivery names its text."""
EVERY = timedelta(days=7)
MOST = 8


def add(db: Connection, person: int, kind: str, words: str, now: datetime) -> int:
    """Keep one more; its id."""
    return int(
        db.execute(
            insert(db, own_prompt).returning(own_prompt.c.id),
            [{"person_id": person, "kind": kind, "words": words, "created_at": now}],
        ).scalar_one()
    )


def of_person(db: Connection, person: int) -> list[tuple[int, str]]:
    """(id, words), oldest first."""
    rows = db.execute(
        select(own_prompt.c.id, own_prompt.c.words).where(own_prompt.c.person_id == person).order_by(own_prompt.c.id)
    )
    return [(row.id, row.words) for row in rows]


def text_of(db: Connection, person: int, name: str) -> str | None:
    """The words that a delivery names ``own:<id>``, if they are this person's."""
    if not name.startswith(PREFIX):
        return None
    row = db.execute(
        select(own_prompt.c.words).where(
            own_prompt.c.id == int(name.removeprefix(PREFIX)), own_prompt.c.person_id == person
        )
    ).first()
    return None if row is None else str(row.words)


def remove(db: Connection, person: int, number: int) -> None:
    """Forget one."""
    db.execute(delete(own_prompt).where(own_prompt.c.id == number, own_prompt.c.person_id == person))


def due(db: Connection, people: list[int], now: datetime) -> dict[int, tuple[int, str]]:
    """For each of *people* who has one that has rested a week, the longest unused: (id, words)."""
    if not people:
        return {}
    recently = select(own_prompt.c.person_id).where(
        own_prompt.c.person_id.in_(people), own_prompt.c.used_at > now - EVERY
    )
    rows = db.execute(
        select(own_prompt.c.person_id, own_prompt.c.id, own_prompt.c.words)
        .where(
            own_prompt.c.person_id.in_(people),
            own_prompt.c.person_id.not_in(recently),
            or_(own_prompt.c.used_at.is_(None), own_prompt.c.used_at <= now - EVERY),
        )
        .order_by(own_prompt.c.used_at.desc(), own_prompt.c.id.desc())
    )
    return {row.person_id: (row.id, row.words) for row in rows}


def used(db: Connection, number: int, now: datetime) -> None:
    """It was sent."""
    db.execute(update(own_prompt).where(own_prompt.c.id == number).values(used_at=now))
