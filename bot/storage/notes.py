"""Facts about this installation, by name: a sealed canary for the keys, the key of its hashes, told menus."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, bindparam, select

from bot.storage.columns import WrongKeyError, seal
from bot.storage.schema import note
from bot.storage.sql import insert_once, upsert

_CANARY, _HASH_KEY = "key canary", "hash key"
SEALED = (_CANARY, _HASH_KEY)
"""Notes that are sealed, and change their key with everything else."""
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
