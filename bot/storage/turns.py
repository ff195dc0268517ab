"""What a turn begins with, asked in one statement: who speaks, and what their words may be the answer to.

On PostgreSQL each statement is a round trip, and these five were asked one after the other for every line that was typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, literal, select

from bot.domain.people import Pair, Person
from bot.domain.prompts import PROMPTS
from bot.storage import deliveries, pairs, people
from bot.storage.deliveries import Delivery
from bot.storage.schema import delivery, gesture, member, pair, person


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when somebody begins to speak; nothing yet of a newcomer."""

    left: bool = False
    """A pair has been ended by the other, and they have not been told (pairs.closed_unsaid)."""
    seen: int | None = None
    """The entry that this very message has become already."""
    buttons: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those of the newest card (words, tap)."""
    latest: Delivery | None = None
    """The newest prompt, answered or not."""
    pairs: Mapping[Pair, str] = field(default_factory=dict, repr=False)
    """The running pairs, oldest first, and what the other of each calls themselves."""


_PERSON = 3
_PROMPT = _PERSON + len(people.COLUMNS)
_PAIR = _PROMPT + len(deliveries.COLUMNS)
"""Where in a row these begin."""

_LEFT = (
    select(member.c.pair_id)
    .join(pair, pair.c.id == member.c.pair_id)
    .where(member.c.person_id == person.c.id, ~member.c.told_closed, pair.c.ended_at.is_not(None))
    .exists()
)
_WHO = (
    select(_LEFT.label("left"), gesture.c.id, person.c.buttons, *people.COLUMNS, *deliveries.COLUMNS)
    .outerjoin_from(
        person, gesture, (gesture.c.person_id == person.c.id) & (gesture.c.message_id == bindparam("message"))
    )
    .outerjoin(
        delivery,
        (delivery.c.person_id == person.c.id)
        & (delivery.c.sent_at > bindparam("since"))
        & delivery.c.kind.in_([literal(kind) for kind in PROMPTS])  # as literals, or the text is written anew each time
        & delivery.c.state.in_([literal("sent"), literal("unknown")]),
    )
    .where(person.c.chat_id == bindparam("chat"))
    .order_by(delivery.c.sent_at.desc(), delivery.c.id.desc())
    .limit(1)
    .subquery("who")
)
_KNOWN = select(*_WHO.c, *pairs.RUNNING).select_from(pairs.beside(_WHO, _WHO.c[_PERSON])).order_by(pair.c.id)


def begin(db: Connection, chat: int, *, message: int | None, since: datetime) -> tuple[Person, Known] | None:
    """Who speaks in this chat, and what is known of them; None for somebody new. Prompts count from *since* on."""
    rows = db.execute(_KNOWN, {"chat": chat, "message": message, "since": since}).all()
    if not rows:
        return None
    row = rows[0]
    left, seen, buttons = row[:_PERSON]
    known = Known(
        left,
        seen,
        json.loads(buttons) if buttons else {},
        deliveries.read(row[_PROMPT:_PAIR]) if row[_PROMPT] is not None else None,
        pairs.running(row[_PAIR:] for row in rows),
    )
    return people.read(row[_PERSON:_PROMPT]), known
