"""Facts about this installation, by name: a sealed canary for the keys, the key of its hashes, told menus."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select

from bot.storage.columns import WrongKeyError, milliseconds, moment, seal
from bot.storage.schema import note
from bot.storage.sql import insert_once, upsert

_CANARY, _HASH_KEY = "key canary", "hash key"
SEALED = (_CANARY, _HASH_KEY)
"""Notes that are sealed, and change their key with everything else."""
_BEAT, _HERE = "last beat", "here "
_GONE = timedelta(minutes=3)
"""A process that has not said for so long that it is here is not."""
_READ = select(note.c.value).where(note.c.name == bindparam("name"))


def read(db: Connection, name: str) -> bytes | None:
    """The value of *name*, or None."""
    value = db.execute(_READ, {"name": name}).scalar()
    return None if value is None else bytes(value)


def write(db: Connection, name: str, value: bytes) -> None:
    """Set *name* to *value*."""
    upsert(db, note, {"name": name, "value": value}, key="name")


def set_beat(db: Connection, now: datetime) -> None:
    """This database is in use at *now*."""
    write(db, _BEAT, str(milliseconds(now)).encode())


def beat(db: Connection) -> datetime | None:
    """When this database was last in use; None before the first time."""
    value = read(db, _BEAT)
    return None if value is None else moment(int(value))


def here(db: Connection, who: str, now: datetime) -> None:
    """Process *who* is here, with the keys it holds; those that have long been silent are struck off."""
    said = {"at": milliseconds(now), "keys": seal().names}
    write(db, f"{_HERE}{who}"[:48], json.dumps(said).encode())
    for name in _silent(db, now):
        gone(db, name)


def gone(db: Connection, who: str) -> None:
    """Process *who* ends."""
    db.execute(delete(note).where(note.c.name == f"{_HERE}{who}"[:48]))


def without_key(db: Connection, key: str, now: datetime) -> list[str]:
    """The processes that are here and do not hold the key of this name."""
    return [who for who, at, keys in _said(db) if now - at <= _GONE and key not in keys]


def _silent(db: Connection, now: datetime) -> list[str]:
    return [who for who, at, _ in _said(db) if now - at > _GONE]


def _said(db: Connection) -> list[tuple[str, datetime, Sequence[str]]]:
    rows = db.execute(select(note.c.name, note.c.value).where(note.c.name.startswith(_HERE))).all()
    told = [(row.name.removeprefix(_HERE), json.loads(bytes(row.value))) for row in rows]
    return [(who, moment(said["at"]), said["keys"]) for who, said in told]


def sign_in(db: Connection, version: str) -> None:
    """Leave the version that opened this database: a real write, so that one which cannot be written fails at the start."""
    write(db, "opened by", version.encode())


def check_keys(db: Connection) -> None:
    """See that the keys in use open this database; a new one is marked. Raises WrongKeyError and changes nothing."""
    keys = seal()
    insert_once(db, note, {"name": _CANARY, "value": keys.close(_CANARY)})
    keys_open(db)
    insert_once(db, note, {"name": _HASH_KEY, "value": keys.close(secrets.token_hex(32))})
    keys.hash_key = bytes.fromhex(keys.open(read(db, _HASH_KEY) or b""))


def keys_open(db: Connection) -> bool:
    """Whether the keys in use have been seen to open this database; False for a new one. Raises WrongKeyError."""
    canary = read(db, _CANARY)
    if canary is not None and seal().open(canary) != _CANARY:
        raise WrongKeyError("no key opens what is stored")
    return canary is not None
