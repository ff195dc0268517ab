"""Forgetting a person, everywhere. Every table has its line here; a test compares the lines with the schema.

Rows are deleted, not flagged. The other half keeps only what was shared with them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select, update

from bot.domain.people import Person
from bot.storage import schema as s
from bot.storage.columns import seal
from bot.storage.sql import insert_once

KEPT_WITHOUT_PERSON = frozenset({"zone_cursor", "tally", "note", "forgotten"})
"""Tables that hold nothing of anyone (forgotten: a keyed hash, so that a restored backup forgets again)."""


def of(who: int) -> list[tuple[Table, ColumnElement[bool]]]:
    """Where rows of person *who* are, in the order in which they can go."""
    mine = select(s.member.c.pair_id).where(s.member.c.person_id == who)
    return [
        (s.tidy, s.tidy.c.person_id == who),
        (s.own_prompt, s.own_prompt.c.person_id == who),
        (s.reset, or_(s.reset.c.pair_id.in_(mine), s.reset.c.caller_id == who, s.reset.c.asked_time_id == who)),
        (
            s.delivery,
            or_(s.delivery.c.person_id == who, s.delivery.c.pair_id.in_(mine) & (s.delivery.c.state == "waiting")),
        ),
        (s.gesture, s.gesture.c.person_id == who),
        (s.rhythm, or_(s.rhythm.c.person_id == who, s.rhythm.c.pair_id.in_(mine))),
        (s.wrong_code, s.wrong_code.c.person_id == who),
        (s.shut_out, or_(s.shut_out.c.person_id == who, s.shut_out.c.other_id == who)),
        (s.invite, s.invite.c.inviter_id == who),
        (s.member, s.member.c.person_id == who),
        (s.pair, s.pair.c.id.not_in(select(s.member.c.pair_id))),
        (s.person, s.person.c.id == who),
    ]


def forget(db: Connection, person: Person, now: datetime) -> int:
    """Delete everything about *person*; how many records went. Running pairs end as if they had left."""
    mine = list(db.execute(select(s.member.c.pair_id).where(s.member.c.person_id == person.id)).scalars())
    if mine:
        db.execute(update(s.pair).where(s.pair.c.id.in_(mine), s.pair.c.ended_at.is_(None)).values(ended_at=now))
    went = 0
    for table, theirs in of(person.id):
        went += db.execute(delete(table).where(theirs)).rowcount
    insert_once(db, s.forgotten, {"chat_hash": seal().hashes(f"chat {person.chat_id}")[0], "at": now})
    return went
