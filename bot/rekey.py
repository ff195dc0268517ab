"""`python -m bot rekey`: everything that is sealed, under the newest key, while the bot runs.

A batch at a time, and only what is not under it yet: killed and started again, it goes on where it was. It changes a value
only if it is still the one that was read, so that it undoes nothing the bot writes meanwhile. It does not begin while a
process of the bot is running that does not hold the newest key and could not read what it leaves.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from bot.settings import SettingsError
from bot.storage import notes
from bot.storage.columns import Seal, Sealed, WrongKeyError
from bot.storage.schema import metadata, note
from bot.storage.store import Store, open_store

BATCH = 500
"""Rows a transaction: on SQLite the bot waits for no more than these."""
SAY_EVERY = 4
"""Batches between two lines of progress."""


@dataclass(slots=True)
class Done:
    """What came of it."""

    changed: int = 0
    unreadable: int = 0
    """Values that none of the keys opens; they are left as they are."""


def main(database_url: str, keys: Sequence[str], *, say: Callable[[str], None] | None = None) -> int:
    """The command. Raises SettingsError while a process runs that could not read what this writes."""
    say = say or _print
    seal = Seal(keys)
    store = open_store(database_url, seal=seal)
    try:
        late = store.read_now(lambda db: notes.without_key(db, seal.names[0], datetime.now(UTC)))
        if late:
            raise SettingsError(
                f"The bot that runs as {', '.join(late)} does not hold the newest key. Restart it with RECIPRO_KEYS=new,old "
                "(where several run: old,new first, everywhere) and call rekey again."
            )
        done = rekey(store, seal, say)
    finally:
        store.engine.dispose()
    if done.unreadable:
        say(
            f"{done.unreadable:,} values are opened by none of these keys and were left as they are. Add the key they need."
        )
        return 1
    say(
        f"{done.changed:,} values were sealed anew; everything is under the newest key. "
        "Keep the old key for as long as you keep backups made before now: they are sealed with it."
    )
    return 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def rekey(store: Store, seal: Seal, say: Callable[[str], None]) -> Done:
    """Put every sealed value under the newest key of *seal*."""
    done = Done()
    for table in sealed_tables():
        _table(store, seal, table, done, say)
    _notes(store, seal, done)
    return done


def sealed_tables() -> list[Table]:
    """The tables that hold something sealed."""
    return [table for table in metadata.sorted_tables if _sealed(table)]


def _sealed(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if isinstance(column.type, Sealed)]


def _table(store: Store, seal: Seal, table: Table, done: Done, say: Callable[[str], None]) -> None:
    total = store.read_now(lambda db: db.execute(select(func.count()).select_from(table)).scalar_one())
    seen = changed = 0
    for number, rows in enumerate(_batches(store, table)):
        seen += len(rows)
        changed += _batch(store, seal, table, rows, done)
        if number % SAY_EVERY == SAY_EVERY - 1:
            say(f"{table.name}: {seen:,} of {total:,}")
    done.changed += changed
    say(f"{table.name}: {seen:,} looked at, {changed:,} sealed anew")


def _batches(store: Store, table: Table) -> Iterator[Sequence[Any]]:
    """Rows as they are stored, in the order of their primary key, each time from after the last."""
    keys = list(table.primary_key.columns)
    raw = [type_coerce(column, LargeBinary).label(column.name) for column in _sealed(table)]
    some = or_(*(column.is_not(None) for column in _sealed(table)))
    last: tuple[Any, ...] | None = None
    while True:
        where = some if last is None else and_(some, tuple_(*keys) > tuple_(*last))
        statement = select(*keys, *raw).where(where).order_by(*keys).limit(BATCH)
        rows = store.read_now(lambda db, s=statement: db.execute(s).all())  # type: ignore[misc]
        if not rows:
            return
        yield rows
        last = tuple(rows[-1][: len(keys)])


def _batch(store: Store, seal: Seal, table: Table, rows: Sequence[Any], done: Done) -> int:
    keys = list(table.primary_key.columns)
    changes: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for at, column in enumerate(_sealed(table), len(keys)):
            try:
                fresh = _rotated(seal, row[at])
            except WrongKeyError:
                done.unreadable += 1
                continue
            if fresh is not None:
                where = {f"k{n}": row[n] for n in range(len(keys))}
                changes.setdefault(column.name, []).append({**where, "old": bytes(row[at]), "new": fresh})
    if not changes:
        return 0
    began = time.monotonic()
    changed = store.write_now(lambda db: sum(_write(db, table, name, values) for name, values in changes.items()))
    time.sleep(min(0.1, time.monotonic() - began))  # as long again for the bot, which waits for the same lock
    return changed


def _write(db: Connection, table: Table, name: str, values: Sequence[dict[str, Any]]) -> int:
    stored = type_coerce(table.c[name], LargeBinary)
    statement = (
        update(table)
        .where(
            *(column == bindparam(f"k{n}") for n, column in enumerate(table.primary_key.columns)),
            stored == bindparam("old", type_=LargeBinary),
        )
        .values({name: bindparam("new", type_=LargeBinary)})
    )
    return sum(db.execute(statement, value).rowcount for value in values)


def _notes(store: Store, seal: Seal, done: Done) -> None:
    def work(db: Connection) -> int:
        changed = 0
        for row in db.execute(select(note).where(note.c.name.in_(notes.SEALED))).all():
            fresh = _rotated(seal, row.value)
            if fresh is not None:
                notes.write(db, row.name, fresh)
                changed += 1
        return changed

    done.changed += store.write_now(work)


def _rotated(seal: Seal, sealed: bytes | None) -> bytes | None:
    """The same under the newest key; None when it is already. Raises WrongKeyError."""
    return None if sealed is None or seal.newest(sealed) else seal.rotate(sealed)
