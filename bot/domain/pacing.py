"""When prompts come and whether one may go out at this very moment.

A rhythm says when; a verdict, taken at the last moment before sending, says whether. Neither knows how it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from bot.domain import clock
from bot.domain.people import Pace, Person
from bot.domain.prompts import DAILY, Kind

LATE_LIMIT = timedelta(hours=3)
"""A prompt later than this is of no use and is dropped."""
SILENCE = 3
"""Unanswered prompts after which the bot asks once whether to go lighter, and rests."""
APART = timedelta(minutes=45)
"""The least time between two messages of the bot's own accord to one person."""
EVENING, MORNING, WEEK_EVENING = 21 * 60, 8 * 60 + 30, 19 * 60
QUIET_FROM, QUIET_TO = 22 * 60 + 30, 8 * 60

_MON, _TUE, _WED, _THU, _FRI, _SAT, _SUN = (1 << day for day in range(7))
_EVERY = 127
WEEKDAYS: dict[Pace, dict[Kind, int]] = {
    Pace.EVENING: {Kind.APPRECIATION: _MON | _WED | _FRI | _SUN, Kind.CHECKIN: _TUE | _SAT, Kind.RESET: _THU},
    Pace.TWICE: {Kind.CHECKIN: _EVERY, Kind.APPRECIATION: _EVERY & ~(_TUE | _THU), Kind.RESET: _TUE | _THU},
    Pace.GENTLE: {Kind.APPRECIATION: _MON, Kind.CHECKIN: _WED, Kind.RESET: _FRI},
}
"""On which weekdays each kind comes: the kinds take turns, so a repair prompt replaces another and never adds to it."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One kind at one minute of the wall clock on some weekdays (bits, Monday 1)."""

    kind: Kind
    minute: int
    weekdays: int


def rhythms_of(person: Person, mirror_weekday: int, pace: Pace) -> tuple[Rhythm, ...]:
    """All rhythms of a person for one pair at *pace*; *mirror_weekday* (Monday 0) is when their week is looked back on."""
    return (
        *(
            Rhythm(kind, person.morning if (pace, kind) == (Pace.TWICE, Kind.CHECKIN) else person.hour, days)
            for kind, days in WEEKDAYS[pace].items()
        ),
        Rhythm(Kind.WEEKLY, person.week_hour, 1 << mirror_weekday),
    )


def prompts_a_day(pace: Pace) -> int:
    """The most prompts of the bot's own accord that one local day may bring for one pair."""
    return 2 if pace is Pace.TWICE else 1


RESTING = frozenset({"appreciation", "reset", "weekly", "call", "return"})
"""What rests for somebody who gets only check-ins, by choice or after words of danger: nothing pushes closeness."""
SOUNDLESS = frozenset({"withdrawn"})
"""What only takes something away from the chat: it waits for no quiet hours and no pause."""
LOOK_AGAIN = timedelta(hours=12)
"""How long something waits before an open-ended pause is looked at again."""


class Lane(IntEnum):
    """Who goes first when there is more to send than the rate allows."""

    REPLY = 0
    SHARE = 1
    PROMPT = 2
    LATER = 3


class Why(StrEnum):
    """Why a delivery was dropped: a reason for the operator's count, never for a partner."""

    LATE = "late"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"
    ENDED = "ended"
    SILENCE = "silence"
    MUTED = "muted"
    ALREADY = "already"
    EMPTY = "empty"
    WITHDRAWN = "withdrawn"
    UNFINISHED = "unfinished"
    NO_PROMPT = "no_prompt"


@dataclass(frozen=True, slots=True)
class Send:
    """It may go out now."""


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now: again at *until*."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Drop:
    """Never."""

    why: Why


Verdict = Send | Defer | Drop


@dataclass(frozen=True, slots=True)
class Due:
    """What the verdict looks at, besides the person: one delivery and what surrounds it."""

    kind: str
    due_at: datetime
    good_until: datetime
    pair_open: bool
    """True when it belongs to no pair, or to one that has not ended."""
    muted: bool
    unanswered: int
    """Prompts sent since the person was last heard, at most SILENCE."""
    prompts_today: int
    """Prompts already sent for this pair on the same local day."""
    last_sent_at: datetime | None
    """When the bot last wrote to this person of its own accord."""


def verdict(due: Due, person: Person, now: datetime) -> Verdict:
    """Whether *due* goes to *person* at *now*. Decided again at the last moment, because minutes may have passed.

    Prompts yield to a pause and to too much lateness; what another person sent waits for the pause to end.
    """
    daily = due.kind in DAILY
    own_accord = daily or due.kind == Kind.WEEKLY
    if (why := _hindrance(due, person, now, daily=daily, own_accord=own_accord)) is not None:
        return Drop(why)
    if due.kind in SOUNDLESS:
        return Send()
    wait = [now]
    if person.paused(now):
        wait.append(person.paused_until or now + LOOK_AGAIN)
    if (until := clock.quiet_until(now, person.zone, start=person.quiet_from, end=person.quiet_to)) is not None:
        wait.append(until)
    if own_accord and due.last_sent_at is not None and now - due.last_sent_at < APART:
        wait.append(due.last_sent_at + APART)
    until = max(wait)
    if until == now:
        return Send()
    return Defer(until) if until <= due.good_until else Drop(Why.LATE)


def _hindrance(due: Due, person: Person, now: datetime, *, daily: bool, own_accord: bool) -> Why | None:
    checks = (
        (not person.ready, Why.UNFINISHED),
        (person.unreachable is not None, Why.UNREACHABLE),
        (not due.pair_open, Why.ENDED),
        (due.muted, Why.MUTED),
        (own_accord and person.paused(now), Why.PAUSED),
        (now > due.good_until, Why.LATE),
        (person.resting and due.kind in RESTING, Why.PAUSED),  # a name of its own would show the operator who rests
        (daily and due.prompts_today >= prompts_a_day(person.pace), Why.ALREADY),
        (own_accord and silent(person, due.unanswered), Why.SILENCE),
    )
    return next((why for holds, why in checks if holds), None)


def silent(person: Person, unanswered: int) -> bool:
    """Whether prompts rest because nothing was answered; asked about once, then until the person is heard again."""
    asked = person.asked_lighter_at is not None and person.asked_lighter_at >= person.heard_at
    return asked or unanswered >= SILENCE
