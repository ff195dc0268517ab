"""Forgetting a person, everywhere. Every table has its line here; a test compares the lines with the schema.

Rows are deleted, not flagged. The other half keeps what was shared with them, with the name unless that is to go too, and is
not told: until they find at their own next action that the space is closed, their prompts come as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select, update

from bot.domain.people import Person
from bot.domain.resets import State
from bot.storage import keepsakes, pairs, people
from bot.storage import schema as s
from bot.storage.columns import seal
from bot.storage.sql import insert

KEPT_WITHOUT_PERSON = frozenset({"zone_cursor", "tally", "note", "forgotten", "wrong_code_gone"})
"""Tables that hold nothing of anyone. Two hold keyed hashes: *forgotten*, so that a restored backup forgets again, and for two
hours *wrong_code_gone*, so that forgetting oneself does not begin the count of wrong codes anew."""
CONNECTIONS = frozenset({"pair", "member"})
WORDS = frozenset({"gesture", "own_prompt"})


@dataclass(frozen=True, slots=True)
class Gone:
    """How much was deleted."""

    words: int
    """Entries and prompts of one's own."""
    connections: int
    others: int
    """Records of any other kind."""


def of(who: int, *, alone: Sequence[int] = ()) -> list[tuple[Table, ColumnElement[bool]]]:
    """Where rows of person *who* are, in the order in which they can go; *alone* are pairs with nobody else left in them."""
    return [
        (s.tidy, s.tidy.c.person_id == who),
        (s.own_prompt, s.own_prompt.c.person_id == who),
        (s.reset, or_(s.reset.c.caller_id == who, s.reset.c.asked_time_id == who, s.reset.c.pair_id.in_(alone))),
        (s.raised, s.raised.c.person_id == who),
        (s.delivery, s.delivery.c.person_id == who),
        (s.keepsake, s.keepsake.c.person_id == who),
        (s.gesture, s.gesture.c.person_id == who),
        (s.rhythm, s.rhythm.c.person_id == who),
        (s.wrong_code, s.wrong_code.c.person_id == who),
        (s.shut_out, or_(s.shut_out.c.person_id == who, s.shut_out.c.other_id == who)),
        (s.shut_out_gone, s.shut_out_gone.c.person_id == who),
        (s.invite, s.invite.c.inviter_id == who),
        (s.member, s.member.c.person_id == who),
        (s.pair, s.pair.c.id.in_(alone)),
        (s.person, s.person.c.id == who),
    ]


def forget(db: Connection, person: Person, now: datetime, *, with_name: bool) -> Gone:
    """Delete everything about *person*; how much went. *with_name*: what was shared stays with the other without it."""
    name = None if with_name else person.name
    for pair in pairs.of_person(db, person.id):
        pairs.end(db, pair, person.id, now=now)
    mine = pairs.ever_of(db, person.id)
    others = select(s.member.c.pair_id, s.member.c.person_id).where(
        s.member.c.pair_id.in_(mine), s.member.c.person_id != person.id
    )
    shared_with = {row.pair_id: row.person_id for row in db.execute(others)}
    _leave_to_the_others(db, person, shared_with, name)
    pairs.keep_wrong_codes(db, person)
    went = {
        table.name: db.execute(delete(table).where(theirs)).rowcount
        for table, theirs in of(person.id, alone=[pair for pair in mine if pair not in shared_with])
    }
    remember_forgotten(db, [(seal().hashes(f"chat {person.chat_id}")[0], now)])
    return Gone(
        words=sum(n for table, n in went.items() if table in WORDS),
        connections=went["member"],
        others=sum(n for table, n in went.items() if table not in WORDS | CONNECTIONS),
    )


def remember_forgotten(db: Connection, stones: Iterable[tuple[bytes, datetime]]) -> None:
    """Note that chats (as keyed hashes) asked to be forgotten; of several times the last counts."""
    for chat_hash, at in stones:
        statement = insert(db, s.forgotten)
        later = statement.excluded.at > s.forgotten.c.at
        db.execute(
            statement.on_conflict_do_update(
                index_elements=["chat_hash"], set_={"at": statement.excluded.at}, where=later
            ),
            {"chat_hash": chat_hash, "at": at},
        )


def _leave_to_the_others(db: Connection, person: Person, shared_with: dict[int, int], name: str | None) -> None:
    """What is the others' stays theirs: what they received, their own answers, that something was mended, whom they left."""
    keepsakes.hand_over(db, s.gesture.c.person_id == person.id, name=name)
    mine = select(s.gesture.c.id).where(s.gesture.c.person_id == person.id)
    db.execute(
        update(s.gesture)
        .where(s.gesture.c.about_gesture.in_(mine), s.gesture.c.person_id != person.id)
        .values(about_gesture=None)
    )
    for pair, other in shared_with.items():
        if name is None:
            people.forget_name(db, other, person.name)
        db.execute(
            update(s.member)
            .where(s.member.c.pair_id == pair, s.member.c.person_id == other, ~s.member.c.told_closed)
            .values(called=name)
        )
        # who said it is nobody's business any more; that it was mended is the other's too
        db.execute(
            update(s.reset)
            .where(s.reset.c.pair_id == pair, s.reset.c.state == State.MENDED)
            .values(caller_id=other, asked_time_id=None)
        )
    left = db.execute(select(s.shut_out.c.person_id).where(s.shut_out.c.other_id == person.id)).scalars().all()
    for who in left:
        db.execute(
            insert(db, s.shut_out_gone).on_conflict_do_nothing(),
            {"person_id": who, "chat_hash": pairs.chat_hash(person.chat_id)},
        )
