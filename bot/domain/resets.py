"""The life of "let's reset": said by one, answered in one's own time by the other, closed by either."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

A_DAY, A_WEEK = timedelta(hours=24), timedelta(days=7)
MOST_A_DAY, MOST_A_WEEK = 1, 3
"""From one side, so that nobody can be pressed with it."""
RETURN_AFTER = timedelta(hours=20)
"""When *need time* comes back, once: within 24 hours, leaving room for quiet hours."""
LASTS = timedelta(days=7)


class State(StrEnum):
    """Where a reset is. Nothing in it says who must move."""

    OPEN = "open"
    READY = "ready"
    TONIGHT = "tonight"
    TIME = "time"
    MENDED = "mended"
    RESTED = "rested"


ENDED = frozenset({State.MENDED, State.RESTED})


class No(StrEnum):
    """Why a reset cannot be said now."""

    TODAY = "today"
    WEEK = "week"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Reset:
    """One "let's reset" in one pair."""

    id: int
    pair: int
    caller: int
    called_at: datetime
    state: State

    def closed(self, now: datetime) -> bool:
        """Whether it has been mended or laid to rest, or lies a week back."""
        return self.state in ENDED or now - self.called_at > LASTS


def refuse(mine: list[Reset], open_one: Reset | None, now: datetime) -> No | None:
    """Why the caller of *mine* cannot call another now; *open_one* is a reset of the pair that still runs."""
    if open_one is not None and not open_one.closed(now):
        return No.OPEN
    if sum(now - reset.called_at < A_DAY for reset in mine) >= MOST_A_DAY:
        return No.TODAY
    if sum(now - reset.called_at < A_WEEK for reset in mine) >= MOST_A_WEEK:
        return No.WEEK
    return None
