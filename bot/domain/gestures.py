"""What people note and answer: the six forms of care, and when words may be seen by the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ANSWERABLE = timedelta(days=7)
"""How long after its sending a prompt can still be answered."""
TAKE_BACK = timedelta(minutes=1)
"""The least time for which a share can be taken back."""
WORDS_LIMIT = 3500
"""UTF-16 units kept of one entry: a card that carries it whole, with its frame, stays under Telegram's 4,096."""


class Form(StrEnum):
    """The six forms of care; every gesture has one."""

    PRACTICAL = "practical"
    EMOTIONAL = "emotional"
    COMMUNICATION = "communication"
    REPAIR = "repair"
    HEALING = "healing"
    FUTURE = "future"


class Way(StrEnum):
    """How an entry came to be."""

    ANSWER = "answer"
    NOTICED = "noticed"
    GIVEN = "given"
    DRAFT = "draft"
    """Words of which the person has not said yet what they are."""
    REPLY = "reply"
    """The one reply back to something shared."""


class Medium(StrEnum):
    """What an entry is made of; anything but TEXT and WORDLESS is a sealed reference to a file at Telegram."""

    TEXT = "text"
    WORDLESS = "wordless"
    VOICE = "voice"
    AUDIO = "audio"
    PHOTO = "photo"
    STICKER = "sticker"
    VIDEO_NOTE = "video_note"


@dataclass(frozen=True, slots=True)
class Gesture:
    """One entry of one person. *day* is the writer's local day, in days since 1970; *pair* None is for oneself."""

    id: int
    person: int
    pair: int | None
    way: Way
    kind: str | None
    """The kind of the prompt it answers."""
    form: Form
    medium: Medium
    words: str | None
    file_id: str | None
    day: int
    kept_at: datetime
    delivery: int | None
    shared_at: datetime | None
    passed_at: datetime | None
    """When the other received it. Never to be seen in what the writer is shown: it would tell of the other's hours and pauses."""
    withdrawn_at: datetime | None = None
    """When the writer took it back, or tried to."""

    @property
    def private(self) -> bool:
        """Whether nobody else has been or will be shown it."""
        return self.shared_at is None

    @property
    def stands(self) -> bool:
        """Whether it is shared as far as its writer is told."""
        return self.shared_at is not None and self.withdrawn_at is None


def certainly_taken_back(gesture: Gesture, now: datetime) -> bool:
    """Whether a share is taken back even from where it has arrived: within a minute. Later only what has not arrived is."""
    return gesture.shared_at is not None and now - gesture.shared_at < TAKE_BACK


def answerable(sent_at: datetime, now: datetime) -> bool:
    """Whether a prompt sent then can still be answered now."""
    return now - sent_at <= ANSWERABLE


def shorten(words: str, limit: int = WORDS_LIMIT) -> str:
    """*words* cut to *limit* UTF-16 units on a character border."""
    encoded = words.encode("utf-16-le", "surrogatepass")
    return words if len(encoded) <= 2 * limit else encoded[: 2 * limit].decode("utf-16-le", "ignore")
