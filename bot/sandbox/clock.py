"""The sandbox's clock: real time, shifted by as much as somebody turned it.

It runs on at the real pace after each turn. It never sleeps, and whoever must know of a turn subscribes to it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    """The machine's own moment, as aware UTC."""
    return datetime.now(UTC)


class SandboxClock:
    """A clock that can be turned. *base* is what it shifts; tests give a constant to stop time."""

    def __init__(self, base: Callable[[], datetime] = real_now) -> None:
        self._base = base
        self._offset = timedelta()
        self._followers: list[Callable[[], None]] = []
        self.version = 0
        """Rises by one with each turn, so that a follower can say which one it has seen."""

    def now(self) -> datetime:
        """The moment this clock shows, as aware UTC."""
        return self._base() + self._offset

    @property
    def offset_ms(self) -> int:
        """How far it stands from real time, in whole milliseconds."""
        return self._offset // timedelta(milliseconds=1)

    def set(self, moment: datetime) -> None:
        """Turn to *moment*, also backwards. Raises ValueError for a naive one."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs its zone")
        self._turn(moment.astimezone(UTC) - self._base())

    def advance(self, seconds: float = 0, **parts: float) -> None:
        """Turn on by *seconds*, or by what timedelta understands: ``advance(hours=1)``."""
        self._turn(self._offset + timedelta(seconds=seconds, **parts))

    def follow_real_time(self) -> None:
        """Turn back to the machine's own time."""
        self._turn(timedelta())

    def shift(self, offset_ms: int) -> None:
        """Stand *offset_ms* milliseconds from real time: how another process takes over a turn."""
        self._turn(timedelta(milliseconds=offset_ms))

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call *callback* after each turn. Returns what ends it."""
        self._followers.append(callback)

        def leave() -> None:
            if callback in self._followers:
                self._followers.remove(callback)

        return leave

    def _turn(self, offset: timedelta) -> None:
        self._offset = offset
        self.version += 1
        for callback in tuple(self._followers):
            callback()
