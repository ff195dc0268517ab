"""Column types: moments that refuse to be naive, words that are sealed before they touch the disk.

The keys are those of the running process, set once by storage.store.open; a sealed column read without them raises.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class WrongKeyError(RuntimeError):
    """What is stored was sealed with a key that is not among the given ones."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored as whole milliseconds since 1970 in UTC.

    A number because both databases compare and add it alike, so the spread of prompts is plain arithmetic in SQL,
    and because SQLite would lose the zone. Refuses naive values.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Milliseconds of an aware moment. Raises ValueError for a naive one."""
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment, in UTC."""
        return None if value is None else moment(value)


def milliseconds(moment: datetime) -> int:
    """A moment as it is stored. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime is no moment")
    return (moment - _EPOCH) // _MILLISECOND


def span(length: timedelta) -> int:
    """A length of time as it is added to stored moments: whole milliseconds."""
    return length // _MILLISECOND


def moment(stored: int) -> datetime:
    """What milliseconds() wrote."""
    return _EPOCH + timedelta(milliseconds=stored)


class Seal:
    """Seals and opens words. Fernet (AES-128-CBC with HMAC-SHA-256); the first key seals, every key opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("no key to seal with")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._newest = Fernet(keys[0])
        self.names = [hashlib.sha256(b"recipro key name " + key.encode()).hexdigest()[:8] for key in keys]
        """By which keys can be told apart without being known."""
        self._hash_keys = [hashlib.sha256(b"recipro keyed hash " + key.encode()).digest() for key in keys]
        self.hash_key: bytes | None = None
        """What hashes that stay in this database are keyed with; kept in it, sealed (storage.notes)."""

    def __repr__(self) -> str:
        return "Seal(…)"

    def close(self, words: str) -> bytes:
        """*words*, sealed with the newest key."""
        return self._fernet.encrypt(words.encode("utf-8", "surrogatepass"))

    def open(self, sealed: bytes) -> str:
        """What close() sealed. Raises WrongKeyError when none of the keys fits."""
        try:
            return self._fernet.decrypt(bytes(sealed)).decode("utf-8", "surrogatepass")
        except InvalidToken:
            raise WrongKeyError("no key opens what is stored") from None

    def rotate(self, sealed: bytes) -> bytes:
        """The same words under the newest key. Raises WrongKeyError."""
        try:
            return self._fernet.rotate(bytes(sealed))
        except InvalidToken:
            raise WrongKeyError("no key opens what is stored") from None

    def newest(self, sealed: bytes) -> bool:
        """Whether *sealed* is under the newest key already."""
        try:
            self._newest.decrypt(bytes(sealed))
        except InvalidToken:
            return False
        return True

    def keyed(self, secret: str) -> bytes:
        """A hash of *secret* for this database alone, the same under every key: what is stored instead of an invite's code."""
        if self.hash_key is None:
            raise RuntimeError("no database was opened with this seal")
        return hmac.digest(self.hash_key, secret.encode(), "sha256")

    def hashes(self, secret: str) -> list[bytes]:
        """Hashes of *secret* under each key, newest first, known without a database: for what is kept apart from it."""
        return [hmac.digest(key, secret.encode(), "sha256") for key in self._hash_keys]


class _Held:
    """The seal of this process. A column type has no other way to reach it."""

    seal: Seal | None = None


def use(seal: Seal) -> None:
    """Make *seal* the one that sealed columns use from now on."""
    _Held.seal = seal


def seal() -> Seal:
    """The seal in use. Raises RuntimeError before use() was called."""
    if _Held.seal is None:
        raise RuntimeError("no keys were given to the store")
    return _Held.seal


class Sealed(TypeDecorator[str]):
    """Words a person wrote, their name, or a reference to their file: never readable in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """The sealed form."""
        return None if value is None else seal().close(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The words. Raises WrongKeyError."""
        return None if value is None else seal().open(value)
