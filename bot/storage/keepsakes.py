"""What stays with somebody of what another had shared with them and has deleted since: their words, and the name if it may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, delete, literal, null, select, update

from bot.domain.gestures import Form, Gesture, Medium, Way
from bot.storage.columns import Sealed
from bot.storage.schema import gesture, keepsake, member
from bot.storage.sql import insert

BEFORE, AFTER = 0, 2**62
"""Ids that nobody has, for those who are gone: before or after the reader's, as theirs was."""


@dataclass(frozen=True, slots=True)
class Keepsake:
    """One thing that *person* has received. *name* is None where whoever wrote it wished so."""

    person: int
    pair: int
    name: str | None
    earlier: bool
    way: Way
    form: Form
    medium: Medium
    words: str | None
    day: int
    kept_at: datetime
    passed_at: datetime

    def as_gesture(self, writer: int | None) -> Gesture:
        """The same as an entry of *writer*, or of somebody who is nobody any more."""
        nobody = BEFORE if self.earlier else AFTER
        return Gesture(
            0, nobody if writer is None else writer, self.pair, self.way, None, self.form, self.medium, self.words, None,
            self.day, self.kept_at, None, self.passed_at, self.passed_at,
        )  # fmt: skip


_COLUMNS = (
    keepsake.c.person_id,
    keepsake.c.pair_id,
    keepsake.c.name,
    keepsake.c.earlier,
    keepsake.c.way,
    keepsake.c.form,
    keepsake.c.medium,
    keepsake.c.words,
    keepsake.c.day,
    keepsake.c.kept_at,
    keepsake.c.passed_at,
)


def hand_over(db: Connection, which: ColumnElement[bool], *, name: str | None) -> int:
    """Of the entries *which*, give those that have arrived to whoever received them; how many. Words stay sealed as they are."""
    given = (
        select(
            member.c.person_id,
            gesture.c.pair_id,
            null() if name is None else literal(name, Sealed()),
            case((gesture.c.person_id < member.c.person_id, True), else_=False),
            gesture.c.way,
            gesture.c.form,
            gesture.c.medium,
            gesture.c.words,
            gesture.c.day,
            gesture.c.kept_at,
            gesture.c.passed_at,
        )
        .join(member, (member.c.pair_id == gesture.c.pair_id) & (member.c.person_id != gesture.c.person_id))
        .where(which, gesture.c.passed_at.is_not(None), gesture.c.shared_at.is_not(None))
        .order_by(gesture.c.id)
    )
    return db.execute(insert(db, keepsake).from_select([column.name for column in _COLUMNS], given)).rowcount


def forget_one(db: Connection, number: int, *, name: str | None) -> None:
    """Delete one entry; what the other has of it, and their answer to it, stays theirs."""
    hand_over(db, gesture.c.id == number, name=name)
    db.execute(update(gesture).where(gesture.c.about_gesture == number).values(about_gesture=None))
    db.execute(delete(gesture).where(gesture.c.id == number))


def of_person(db: Connection, person: int) -> list[Keepsake]:
    """Everything that stayed with *person*, oldest first."""
    return _read(db, keepsake.c.person_id == person)


def of_week(db: Connection, person: int, pair: int, first: int, last: int, *, writer: int | None) -> list[Gesture]:
    """What stayed with *person* of local days *first* … *last* in one pair, as entries of *writer* if they are still there."""
    found = _read(
        db, (keepsake.c.person_id == person) & (keepsake.c.pair_id == pair) & keepsake.c.day.between(first, last)
    )
    return [each.as_gesture(writer) for each in found]


def _read(db: Connection, where: ColumnElement[bool]) -> list[Keepsake]:
    return [
        Keepsake(
            row.person_id,
            row.pair_id,
            row.name,
            row.earlier,
            Way(row.way),
            Form(row.form),
            Medium(row.medium),
            row.words,
            row.day,
            row.kept_at,
            row.passed_at,
        )
        for row in db.execute(select(*_COLUMNS).where(where).order_by(keepsake.c.id))
    ]
