"""Facts about this installation, by name: a sealed canary for the keys, a halt that outlives a restart, told menus."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from bot.storage.columns import WrongKeyError, seal
from bot.storage.schema import note
from bot.storage.sql import upsert

_CANARY = "key canary"
_READ = select(note.c.value).where(note.c.name == bindparam("name"))


def read(db: Connection, name: str) -> bytes | None:
    """The value of *name*, or None."""
    value = db.execute(_READ, {"name": name}).scalar()
    return None if value is None else bytes(value)


def write(db: Connection, name: str, value: bytes) -> None:
    """Set *name* to *value*."""
    upsert(db, note, {"name": name, "value": value}, key="name")


def sign_in(db: Connection, version: str) -> None:
    """Leave the version that opened this database: a real write, so that one which cannot be written fails at the start."""
    write(db, "opened by", version.encode())


def check_keys(db: Connection) -> None:
    """See that the keys in use open this database; a new one is marked. Raises WrongKeyError and changes nothing."""
    if not keys_open(db):
        write(db, _CANARY, seal().close(_CANARY))


def keys_open(db: Connection) -> bool:
    """Whether the keys in use have been seen to open this database; False for a new one. Raises WrongKeyError."""
    canary = read(db, _CANARY)
    if canary is not None and seal().open(canary) != _CANARY:
        raise WrongKeyError("no key opens what is stored")
    return canary is not None
