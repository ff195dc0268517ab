"""What a use case is given, and what it gives back.

A use case speaks only to the person who spoke: it has no courier. Anything for somebody else, or for later, it puts into
the outbox as a delivery, in the same transaction. Its Answer goes out after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Connection

from bot.domain import clock, pacing
from bot.domain.gestures import Medium
from bot.domain.pacing import Lane
from bot.domain.people import Pace, Pair, Person
from bot.domain.retention import Keep
from bot.speech.arrive import on_day
from bot.speech.card import Card, Tap
from bot.speech.library import Library
from bot.speech.voice import Voice, shown_name
from bot.storage import deliveries, pairs, people, rhythms
from bot.storage.turns import Known

FRESH = timedelta(hours=30)
"""How long plain words, without a reply, are taken for the answer to the latest prompt."""
SHARES_LAST = timedelta(days=60)
"""How long something shared may wait for the other's quiet hours and pauses to end."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing a person did, free of Telegram's types."""

    user: int
    name: str = field(repr=False)
    language_code: str | None
    message_id: int | None = None
    text: str | None = field(default=None, repr=False)
    tap: Tap | None = None
    query_id: str | None = None
    reply_to: int | None = None
    medium: Medium | None = None
    file_id: str | None = field(default=None, repr=False)
    payload: str | None = field(default=None, repr=False)
    location: tuple[float, float] | None = field(default=None, repr=False)
    cleared: bool = False
    """A reaction was taken away rather than given."""
    what: str | None = None
    """The kind of a message that cannot be kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the person who spoke. A tap edits its own message unless *new*."""

    card: Card | None = None
    toast: str | None = None
    new: bool = False
    before: tuple[Card, ...] = ()
    """Messages that come first, so that the card with its buttons stays the newest."""
    extra: tuple[Card, ...] = ()
    """Further messages, after the card."""
    delivery: int | None = None
    """Whose message the card is, so that an answer to it is recognised."""
    entry: int | None = None
    """Which entry the card confirms."""
    menu: bool = False
    """The person's menu should be set anew."""
    forgotten: bool = False
    """The person is nobody any more: nothing of them may lie about."""
    tidy: tuple[int, ...] = ()
    """Messages to delete from the chat."""
    react: str | None = None
    """The bot's own reaction to the person's message: a receipt without words."""


class Unclear(Enum):
    """Somebody in several pairs has not said which they mean."""

    UNCLEAR = "unclear"


UNCLEAR = Unclear.UNCLEAR


@dataclass(slots=True)
class Turn:
    """One use case at work: who spoke, when, what, and the transaction it happens in."""

    db: Connection
    now: datetime
    library: Library
    bot: str
    heard: Heard
    me: Person
    keep: Keep = field(default_factory=Keep)
    known: Known = field(default_factory=Known)
    """As it was when the turn began."""
    names: dict[int, str | None] = field(default_factory=dict, repr=False)
    """Of others, as far as they were read."""

    @property
    def voice(self) -> Voice:
        """How to speak to whoever spoke."""
        return self.library.voice_of(self.me)

    @property
    def tap(self) -> Tap:
        """The button that was pressed."""
        if self.heard.tap is None:
            raise LookupError("no button was pressed")
        return self.heard.tap

    @property
    def today(self) -> int:
        """The person's local day."""
        return clock.day_number(clock.local_day(self.now, self.me.zone))

    def change(self, **facts: object) -> None:
        """Set facts of the person who spoke, here and in the database."""
        people.change(self.db, self.me.id, **facts)
        found = people.by_id(self.db, self.me.id)
        if found is None:
            raise LookupError("the person vanished in their own turn")
        self.me = found

    def ask(self, what: str | None) -> None:
        """Remember what the next plain words answer."""
        if self.me.asking != what:
            self.change(asking=what)

    def pairs(self) -> list[Pair]:
        """The running pairs of the person."""
        found = pairs.with_names(self.db, self.me.id)
        self.names |= {pair.other(self.me.id): name for pair, name in found.items()}
        return list(found)

    def pair(self, number: int | None) -> Pair | None:
        """One running pair of the person, or None when it is not theirs or has ended."""
        if number is None:
            return None
        return next((pair for pair in self.pairs() if pair.id == number), None)

    def whose(self) -> Pair | Unclear | None:
        """For which pair a command is meant: the only one, the one a button names, none; UNCLEAR where it must be asked."""
        if self.heard.tap is not None and self.heard.tap.args:
            return self.pair(self.heard.tap.number(0))
        mine = self.pairs()
        if len(mine) > 1:
            return UNCLEAR
        return mine[0] if mine else None

    def name_of(self, person: int) -> str:
        """How the other is called; never empty."""
        if person not in self.names:
            self.names[person] = people.name_of(self.db, person)
        return shown_name(self.voice, self.names[person])

    def others(self) -> list[tuple[int, str]]:
        """(pair, name of the other) for every running pair."""
        return [(pair.id, self.name_of(pair.other(self.me.id))) for pair in self.pairs()]

    def tell(
        self,
        person: int,
        kind: str,
        *,
        about: int,
        pair: int | None,
        at: datetime | None = None,
        good_for: timedelta = SHARES_LAST,
        anew: bool = False,
    ) -> bool:
        """Put something for somebody else, or for later, into the outbox; *anew* also if it has been there before."""
        return deliveries.enqueue(
            self.db,
            person,
            kind,
            about=about,
            pair=pair,
            due_at=at or self.now,
            good_for=good_for,
            lane=Lane.SHARE,
            anew=anew,
        )


UseCase = Callable[[Turn], Answer]


def called(voice: Voice, person: Person | None) -> str:
    """How somebody is called on another's screen."""
    return shown_name(voice, person.name if person is not None else None)


def aim(turn: Turn, *, solo: bool = False) -> None:
    """Write the person's rhythms anew, one set a pair; on their own while there is no pair, if *solo* or as before."""
    db, me = turn.db, turn.me
    mine = turn.pairs()
    had = rhythms.pairs_with_rhythm(db, me.id)
    mirror = turn.voice.mirror_weekday
    for pair in mine:
        pace = pairs.pace_of(db, pair.id, me.id) or me.pace
        rhythms.put(db, me.id, pair.id, pacing.rhythms_of(me, mirror, pace), zone=me.zone, now=turn.now)
    alone = not mine and (solo or None in had)
    rhythms.put(db, me.id, None, pacing.rhythms_of(me, mirror, me.pace) if alone else (), zone=me.zone, now=turn.now)


def next_prompt(turn: Turn) -> str | None:
    """When the next prompt comes, in words; None while nothing is planned."""
    if turn.me.paused(turn.now) or not rhythms.pairs_with_rhythm(turn.db, turn.me.id):
        return None
    days = pacing.WEEKDAYS[turn.me.pace]
    for ahead in range(8):
        day = turn.today + ahead
        minutes = sorted(
            turn.me.morning if (turn.me.pace, kind) == (Pace.TWICE, "checkin") else turn.me.hour
            for kind, bits in days.items()
            if bits & clock.weekday_bit(day) and not (turn.me.resting and kind in pacing.RESTING)
        )
        for minute in minutes:
            due = clock.minute_to_utc(day * clock.DAY + minute, turn.me.zone)
            if due > turn.now:
                at = turn.voice.minute(minute)
                return at if ahead == 0 else on_day(turn.voice, clock.day_date(day).weekday(), at)
    return None
