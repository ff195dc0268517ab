"""People: found by chat or id, changed one fact at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Update, bindparam, select, update

from bot.domain.people import Address, Pace, Person, Stage
from bot.storage.schema import person
from bot.storage.sql import insert

COLUMNS = tuple(person.c[field.name] for field in fields(Person))
_KINDS = {"stage": Stage, "pace": Pace, "address": Address}
_READ_AS = tuple((at, _KINDS[column.name]) for at, column in enumerate(COLUMNS) if column.name in _KINDS)
_BY_CHAT = select(*COLUMNS).where(person.c.chat_id == bindparam("chat_id"))
_BY_ID = select(*COLUMNS).where(person.c.id == bindparam("id"))
_NAME = select(person.c.name).where(person.c.id == bindparam("id"))
_BUTTONS = select(person.c.buttons).where(person.c.id == bindparam("id"))
_BY_IDS = select(*COLUMNS).where(person.c.id.in_(bindparam("ids", expanding=True)))


def by_chat(db: Connection, chat_id: int) -> Person | None:
    """Who speaks in this chat."""
    row = db.execute(_BY_CHAT, {"chat_id": chat_id}).first()
    return None if row is None else read(row)


def by_id(db: Connection, number: int) -> Person | None:
    """The person of this id."""
    row = db.execute(_BY_ID, {"id": number}).first()
    return None if row is None else read(row)


def name_of(db: Connection, number: int) -> str | None:
    """How somebody calls themselves; None for nobody."""
    found: str | None = db.execute(_NAME, {"id": number}).scalar()
    return found


def by_ids(db: Connection, numbers: Collection[int]) -> dict[int, Person]:
    """Several people at once, by id."""
    return {row.id: read(row) for row in db.execute(_BY_IDS, {"ids": list(numbers)})} if numbers else {}


def anyone(db: Connection) -> bool:
    """Whether there is anybody at all."""
    return db.execute(select(person.c.id).limit(1)).first() is not None


def arrive(db: Connection, new: Person) -> Person:
    """Store somebody new; who is already there (two taps on Start at once) stays as they are."""
    row: dict[str, Any] = {column.name: getattr(new, column.name) for column in COLUMNS if column.name != "id"}
    row["created_at"] = new.heard_at
    db.execute(insert(db, person).on_conflict_do_nothing(), [row])
    found = by_chat(db, new.chat_id)
    if found is None:
        raise LookupError("a person vanished while arriving")
    return found


def change(db: Connection, who: int, **facts: Any) -> None:
    """Set the named facts of one person."""
    db.execute(_change(tuple(facts)), {"who": who, **{f"new_{name}": value for name, value in facts.items()}})


@lru_cache(maxsize=64)
def _change(names: tuple[str, ...]) -> Update:
    """One statement for each set of facts: building it anew took a tenth of hearing somebody."""
    return (
        update(person).where(person.c.id == bindparam("who")).values({name: bindparam(f"new_{name}") for name in names})
    )


def heard(
    db: Connection, who: Person, now: datetime, *, name: str = "", buttons: Mapping[str, str] | None = None
) -> None:
    """They said or pressed something: prompts go on, and whoever had blocked the bot is back.

    *name* is what they call themselves now; *buttons* (words, tap) are those that will stand under the newest card.
    """
    new: dict[str, Any] = {"heard_at": max(now, who.heard_at)}
    if who.unreachable is not None:
        new |= {"unreachable": None, "unreachable_at": None}
    if name and name != who.name:
        new["name"] = name
    if buttons is not None:
        new["buttons"] = _packed(buttons)
    change(db, who.id, **new)


def out_of_reach(db: Connection, who: int, why: str, at: datetime, *, twice_apart: timedelta) -> None:
    """Telegram says that this chat blocked the bot, or is not there.

    A chat that is *gone* is believed the second time, at least *twice_apart* after the first; a block at once.
    """
    values = {"unreachable": why, "unreachable_at": at}
    if why != "gone":
        change(db, who, **values)
        return
    again = person.c.unreachable_at <= at - twice_apart
    if db.execute(update(person).where(person.c.id == who, again).values(**values)).rowcount == 0:
        db.execute(
            update(person).where(person.c.id == who, person.c.unreachable_at.is_(None)).values(unreachable_at=at)
        )


_IN_REACH = (
    update(person)
    .where(
        person.c.id.in_(bindparam("reached", expanding=True)),
        person.c.unreachable_at.is_not(None),
        person.c.unreachable.is_(None),
    )
    .values(unreachable_at=None)
)


def in_reach(db: Connection, who: Sequence[int]) -> None:
    """Something arrived: a chat that was once not found is there after all."""
    db.execute(_IN_REACH, {"reached": list(who)})


def invitation(db: Connection, who: int) -> int | None:
    """The invitation they came by, remembered through set-up."""
    return db.execute(select(person.c.invite_id).where(person.c.id == who)).scalar()


def remember_buttons(db: Connection, who: int, buttons: Mapping[str, str]) -> None:
    """The buttons (words, tap) that now stand under the newest card."""
    change(db, who, buttons=_packed(buttons))


def buttons(db: Connection, who: int) -> dict[str, str]:
    """The buttons of the newest card, by their words."""
    kept = db.execute(_BUTTONS, {"id": who}).scalar()
    return {} if kept is None else dict(json.loads(kept))


def forget_name(db: Connection, who: int, name: str) -> None:
    """Take *name* from the buttons of *who*'s newest card, as far as it is kept here."""
    gone = _bare(name)
    kept = buttons(db, who)
    left = {words: tap for words, tap in kept.items() if not gone or gone not in _bare(words)}
    if left != kept:
        remember_buttons(db, who, left)


def _packed(buttons: Mapping[str, str]) -> str | None:
    return json.dumps(buttons, ensure_ascii=False) if buttons else None


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def read(row: Sequence[Any]) -> Person:
    """A row of COLUMNS as a Person."""
    facts = list(row)
    for at, kind in _READ_AS:
        facts[at] = kind(facts[at])
    return Person(*facts)
