"""What people keep: entries in their own words, sealed, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.sql.dml import ReturningInsert

from bot.domain.gestures import Form, Gesture, Medium, Way
from bot.storage.schema import delivery, gesture
from bot.storage.sql import insert_for

COLUMNS = (
    gesture.c.id,
    gesture.c.person_id,
    gesture.c.pair_id,
    gesture.c.way,
    gesture.c.kind,
    gesture.c.form,
    gesture.c.medium,
    gesture.c.words,
    gesture.c.file_id,
    gesture.c.day,
    gesture.c.kept_at,
    gesture.c.delivery_id,
    gesture.c.shared_at,
    gesture.c.passed_at,
    gesture.c.withdrawn_at,
)
_BY_ID = select(*COLUMNS).where(gesture.c.id == bindparam("id"))
_BY_MESSAGE = select(*COLUMNS).where(
    gesture.c.person_id == bindparam("person"), gesture.c.message_id == bindparam("message")
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept entry, and whether this call kept it (False: Telegram sent the same message again)."""

    gesture: Gesture
    new: bool


def keep(
    db: Connection,
    person: int,
    *,
    pair: int | None,
    way: Way,
    kind: str | None,
    form: Form,
    medium: Medium,
    words: str | None,
    file_id: str | None,
    day: int,
    now: datetime,
    delivery: int | None = None,
    about: int | None = None,
    message_id: int | None = None,
) -> Kept:
    """Store an entry, once for each message it came by."""
    number = db.execute(
        _insert(db.dialect.name),
        [
            {
                "person_id": person,
                "pair_id": pair,
                "way": way,
                "kind": kind,
                "form": form,
                "medium": medium,
                "words": words,
                "file_id": file_id,
                "day": day,
                "kept_at": now,
                "delivery_id": delivery,
                "about_gesture": about,
                "message_id": message_id,
            }
        ],
    ).scalar()
    if number is None:
        found = by_message(db, person, message_id or 0)
        if found is None:
            raise LookupError("an entry that is there already cannot be found")
        return Kept(found, new=False)
    entry = Gesture(number, person, pair, way, kind, form, medium, words, file_id, day, now, delivery, None, None)
    return Kept(entry, new=True)


@lru_cache
def _insert(dialect: str) -> ReturningInsert[Any]:
    """Once for each message of a person; a second finds nothing to return."""
    once = insert_for(dialect, gesture).on_conflict_do_nothing(index_elements=["person_id", "message_id"])
    return once.returning(gesture.c.id)


def by_id(db: Connection, number: int) -> Gesture | None:
    """One entry."""
    row = db.execute(_BY_ID, {"id": number}).first()
    return None if row is None else _read(row)


def by_message(db: Connection, person: int, message_id: int) -> Gesture | None:
    """The entry that a person's message became."""
    row = db.execute(_BY_MESSAGE, {"person": person, "message": message_id}).first()
    return None if row is None else _read(row)


def change(db: Connection, number: int, **facts: Any) -> None:
    """Set the named facts of one entry."""
    db.execute(update(gesture).where(gesture.c.id == number).values(**facts))


def share(db: Connection, number: int, now: datetime) -> bool:
    """Mark as shared; False when it was already, or has arrived and was taken back too late for that."""
    changed = db.execute(
        update(gesture)
        .where(gesture.c.id == number, gesture.c.shared_at.is_(None))
        .values(shared_at=now, withdrawn_at=None)
    )
    if changed.rowcount == 0:
        change(db, number, withdrawn_at=None)
    return changed.rowcount == 1


def take_back(db: Connection, number: int, now: datetime) -> None:
    """Undo a share, wherever it is."""
    change(db, number, shared_at=None, passed_at=None, withdrawn_at=now)


def delete(db: Connection, number: int) -> None:
    """Forget one entry."""
    db.execute(sql_delete(gesture).where(gesture.c.id == number))


def passed(db: Connection, number: int, card: int, file: int | None, now: datetime) -> bool:
    """The other has received it, as these messages; False when it was taken back while it was on its way."""
    db.execute(update(gesture).where(gesture.c.id == number).values(passed_card=card, passed_file=file))
    changed = db.execute(
        update(gesture).where(gesture.c.id == number, gesture.c.shared_at.is_not(None)).values(passed_at=now)
    )
    return changed.rowcount == 1


def answered_by(db: Connection, person: int, number: int) -> bool:
    """Whether *person* has given their one answer to something shared with them."""
    found = db.execute(
        select(gesture.c.id).where(
            gesture.c.person_id == person,
            gesture.c.about_gesture == number,
            gesture.c.way == Way.REPLY,
            gesture.c.shared_at.is_not(None),
        )
    )
    return found.first() is not None


def to_delivery(db: Connection, person: int, number: int) -> Gesture | None:
    """What *person* last kept in answer to a delivery."""
    row = db.execute(
        select(*COLUMNS)
        .where(gesture.c.person_id == person, gesture.c.delivery_id == number)
        .order_by(gesture.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else _read(row)


def of_week(db: Connection, person: int, pair: int | None, first: int, last: int) -> list[Gesture]:
    """Entries with local days *first* … *last* of this pair (both halves), or of a person on their own, oldest first."""
    where = (
        gesture.c.pair_id == pair if pair is not None else (gesture.c.person_id == person) & gesture.c.pair_id.is_(None)
    )
    rows = db.execute(
        select(*COLUMNS)
        .where(where, gesture.c.day.between(first, last), gesture.c.way != Way.DRAFT)
        .order_by(gesture.c.id)
    )
    return [_read(row) for row in rows]


def checkins_of_day(db: Connection, pair: int, day: int) -> list[Gesture]:
    """Answers to check-ins of one pair that were kept around local day *day* of either half, newest first."""
    rows = db.execute(
        select(*COLUMNS)
        .join(delivery, delivery.c.id == gesture.c.delivery_id)
        .where(
            gesture.c.pair_id == pair,
            gesture.c.kind == "checkin",
            gesture.c.way == Way.ANSWER,
            delivery.c.about.between(day - 1, day + 1),
        )
        .order_by(gesture.c.id.desc())
    )
    return [_read(row) for row in rows]


def checkin_shared_by(db: Connection, person: int, other: Gesture) -> Gesture | None:
    """What *person* shared of the check-in that *other* is the counterpart of."""
    if other.pair is None or other.delivery is None:
        return None
    day = db.execute(select(delivery.c.about).where(delivery.c.id == other.delivery)).scalar()
    mine = checkins_of_day(db, other.pair, int(day if day is not None else other.day))
    return next((entry for entry in mine if entry.person == person and entry.shared_at is not None), None)


def there_as(db: Connection, number: int) -> tuple[int | None, int | None]:
    """Under which messages the other received this: the card, and a file that came with it."""
    row = db.execute(select(gesture.c.passed_card, gesture.c.passed_file).where(gesture.c.id == number)).first()
    return (None, None) if row is None else (row.passed_card, row.passed_file)


def own(
    db: Connection,
    person: int,
    *,
    before: int | None = None,
    limit: int = 5,
    day: int | None = None,
    drafts: bool = False,
) -> list[Gesture]:
    """A person's own entries, newest first, from before id *before*; of one local day when *day* is given."""
    statement = select(*COLUMNS).where(gesture.c.person_id == person)
    if not drafts:
        statement = statement.where(gesture.c.way != Way.DRAFT)
    if before is not None:
        statement = statement.where(gesture.c.id < before)
    if day is not None:
        statement = statement.where(gesture.c.day == day)
    return [_read(row) for row in db.execute(statement.order_by(gesture.c.id.desc()).limit(limit))]


def received(db: Connection, person: int, pairs: Sequence[int]) -> list[Gesture]:
    """What others have shared with *person* in *pairs* and what has reached them."""
    if not pairs:
        return []
    rows = db.execute(
        select(*COLUMNS)
        .where(
            gesture.c.pair_id.in_(pairs),
            gesture.c.person_id != person,
            gesture.c.passed_at.is_not(None),
        )
        .order_by(gesture.c.id)
    )
    return [_read(row) for row in rows]


def _read(row: Any) -> Gesture:
    facts = row._mapping  # noqa: SLF001 - public in SQLAlchemy, whatever its name
    return Gesture(
        facts["id"],
        facts["person_id"],
        facts["pair_id"],
        Way(facts["way"]),
        facts["kind"],
        Form(facts["form"]),
        Medium(facts["medium"]),
        facts["words"],
        facts["file_id"],
        facts["day"],
        facts["kept_at"],
        facts["delivery_id"],
        facts["shared_at"],
        facts["passed_at"],
        facts["withdrawn_at"],
    )
