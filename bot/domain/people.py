"""Who there is: a person, a pair, and how they wish to be spoken to. Facts only; nothing here decides or stores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Tie(StrEnum):
    """What two people are to each other."""

    PARTNER = "partner"
    FAMILY = "family"
    FRIEND = "friend"
    COLLEAGUE = "colleague"


class Pace(StrEnum):
    """How often prompts come."""

    EVENING = "evening"
    """One a day."""
    TWICE = "twice"
    """A short check-in in the morning and one prompt in the evening."""
    GENTLE = "gentle"
    """Three a week, small and light."""


class Address(StrEnum):
    """How the bot speaks to a person, where their language has to choose."""

    NEUTRAL = "neutral"
    FORMAL = "formal"
    FAMILIAR = "familiar"
    MASCULINE = "masculine"
    FEMININE = "feminine"


class Stage(StrEnum):
    """How far set-up has come."""

    LANGUAGE = "language"
    PLACE = "place"
    PACE = "pace"
    CONSENT = "consent"
    READY = "ready"


CONSENT_VERSION = 2
"""Which text of what is kept and who can read it is agreed to; a changed text asks again."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person who speaks with the bot. *minutes* are minutes of the day on a wall clock in *zone*."""

    id: int
    chat_id: int
    name: str
    locale: str
    stage: Stage
    zone: str
    country: str
    pace: Pace
    hour: int
    """Minute of the day at which the evening prompt comes."""
    morning: int
    week_hour: int
    """Minute of the day at which the weekly reflection comes."""
    quiet_from: int
    quiet_to: int
    address: Address
    discreet: bool
    asking: str | None
    """What the next plain words from them answer; None when nothing was asked."""
    heard_at: datetime
    paused_at: datetime | None
    paused_until: datetime | None
    unreachable: str | None
    resting: bool
    """Only check-ins come, until they say otherwise: chosen in the settings, or set by words of danger. The two look alike."""
    asked_lighter_at: datetime | None
    consent_at: datetime | None
    consent_version: int | None = None
    """Which text was agreed to; below zero: which newer one they were shown and have not agreed to yet."""

    @property
    def agrees(self) -> bool:
        """Whether they have agreed to the text as it is now."""
        return self.consent_version == CONSENT_VERSION

    @property
    def ready(self) -> bool:
        """Whether set-up is complete."""
        return self.stage is Stage.READY

    @property
    def light_pace(self) -> Pace:
        """The pace whose prompts suit them: the lightest while only check-ins come."""
        return Pace.GENTLE if self.resting else self.pace

    def paused(self, now: datetime) -> bool:
        """Whether prompts are paused at *now*; a pause with an end ends by itself."""
        return self.paused_at is not None and (self.paused_until is None or now < self.paused_until)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who accepted each other. *one* invited, *two* accepted; neither has any right the other lacks."""

    id: int
    tie: Tie
    one: int
    two: int
    since: datetime
    ended_at: datetime | None = None

    def other(self, person: int) -> int:
        """The id of the half that is not *person*. Raises ValueError for a stranger."""
        if person == self.one:
            return self.two
        if person == self.two:
            return self.one
        raise ValueError("not of this pair")
