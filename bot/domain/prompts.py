"""Prompts: what one is, whom it suits, and which comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.domain.gestures import Form
from bot.domain.people import Pace, Tie

REST = timedelta(days=60)
"""The same text never comes back to a person sooner."""


class Kind(StrEnum):
    """What a prompt asks for."""

    APPRECIATION = "appreciation"
    CHECKIN = "checkin"
    RESET = "reset"
    WEEKLY = "weekly"


DAILY = (Kind.APPRECIATION, Kind.CHECKIN, Kind.RESET)
PROMPTS = (*(str(kind) for kind in DAILY), "weekly", "first", "asked")
"""Kinds of delivery that are answered; *first* is set-up's own, *asked* one that the person asked for."""


class Step(StrEnum):
    """The seven steps of RECIPRO, in order; one is the theme of a week."""

    REFLECT = "reflect"
    EXPRESS = "express"
    CHECKIN = "checkin"
    INVEST = "invest"
    PRACTISE = "practise"
    REPAIR = "repair"
    OBSERVE = "observe"


class Practice(StrEnum):
    """The essay's practices: every culture has each of them, in its own shape."""

    APPRECIATION = "appreciation"  # two minutes of it each night
    EVENING = "evening"  # a short evening check-in
    WITHIN_A_DAY = "within-a-day"  # mending while it is small
    LETS_RESET = "lets-reset"
    FIVE_SECONDS = "five-seconds"  # before answering
    NO_SCREENS = "no-screens"  # at meals
    SMALL_TASK = "small-task"  # one done by two
    FAMILY_MEETING = "family-meeting"  # once a month
    HOW_ARE_WE = "how-are-we"  # every few weeks
    TALK_OR_COMPANY = "talk-or-company"
    ASKING_FOR_MORE = "asking-for-more"  # without blame
    SHARING_A_DUTY = "sharing-a-duty"
    OLD_MISUNDERSTANDING = "old-misunderstanding"  # visited gently
    ASKING = "asking"  # instead of assuming
    OWN_NEED = "own-need"  # in one honest sentence
    BOUNDARY = "boundary"  # as reassurance


@dataclass(frozen=True, slots=True)
class Prompt:
    """One text of one locale. *gentle* ones are light enough for the gentle pace; *ties* says for whom it is fit."""

    id: str
    kind: Kind
    text: str
    form: Form
    step: Step
    ties: frozenset[Tie]
    gentle: bool
    practice: Practice | None = None


def choose(pool: Sequence[Prompt], tie: Tie | None, pace: Pace, *, recent: Sequence[str], seed: int) -> Prompt | None:
    """The prompt for this moment: one that did not come lately, picked by *seed*; when none is left, the longest unseen.

    It fits *tie* and *pace*; before there is a pair, what suits a friend suits.

    *recent* are the ids of what came within REST, the longest ago first. None only when nothing in the pool suits at all.
    """
    tie, gently = tie or Tie.FRIEND, pace is Pace.GENTLE
    fitting = [prompt for prompt in pool if tie in prompt.ties and (prompt.gentle or not gently)]
    lately = set(recent)
    rested = [prompt for prompt in fitting if prompt.id not in lately]
    if rested:
        return rested[seed % len(rested)]
    last = {name: place for place, name in enumerate(recent)}
    return min(fitting, key=lambda prompt: last[prompt.id], default=None)


def theme_of(week: int) -> Step:
    """The RECIPRO step of a week: its number of weeks since 1970 decides, so that everybody shares it."""
    return tuple(Step)[week % len(Step)]
