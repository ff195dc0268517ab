"""The main story, as steps that can be interrupted: two people, from nothing to a shared answer and a Sunday.

Asha lives in Mumbai and speaks Hindi, Tom lives in Toronto and speaks English, Zoe is in no pair and must never hear
a word of theirs. Each step works on any stage: the bot in this process, or one that is killed between the steps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from bot.domain.clock import wall_to_utc
from bot.sandbox.telegram import Person, Telegram

Json = dict[str, Any]
MUMBAI, TORONTO = "Asia/Kolkata", "America/Toronto"
START = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""Monday, 10:00 in Mumbai; Sunday, 23:30 in Toronto."""
TEA = "चाय बनाई, बिना कहे"
SONG = "She hummed that song while packing the boxes"


class Stage(Protocol):
    """Where the story is played."""

    telegram: Telegram

    async def settle(self) -> None:
        """Until the bot has handled all that was said and sent all that is due."""

    async def turn_to(self, moment: datetime) -> None:
        """Turn the clock on, step by step."""


@dataclass
class Story:
    """Who plays, and what is remembered from one step to the next."""

    stage: Stage
    asha: Person = field(init=False)
    tom: Person = field(init=False)
    zoe: Person = field(init=False)
    link: str = ""

    def __post_init__(self) -> None:
        join = self.stage.telegram.join
        self.asha = join("Asha", language_code="hi", zone=MUMBAI, country="IN")
        self.tom = join("Tom", language_code="en-CA", zone=TORONTO, country="CA")
        self.zoe = join("Zoe", language_code="en-GB", zone="Europe/London", country="GB")

    def inbox(self, person: Person) -> list[Json]:
        """What the bot has written to somebody."""
        return self.stage.telegram.inbox(person)

    def texts(self, person: Person) -> list[str]:
        """The words of it."""
        return [str(message.get("text") or message.get("caption") or "") for message in self.inbox(person)]

    async def say(self, person: Person, text: str, *, reply_to: Json | None = None) -> None:
        """Write, and wait for the bot."""
        self.stage.telegram.say(person, text, reply_to=reply_to)
        await self.stage.settle()

    async def tap(self, person: Person, row: int = 0, column: int = 0, *, on: Json | None = None) -> None:
        """Press a button of the newest message that has some."""
        message = on or next(each for each in reversed(self.inbox(person)) if each.get("reply_markup"))
        query = self.stage.telegram.tap(person, message, row, column)
        assert await query.answered() is not None, "a button kept spinning"
        await self.stage.settle()

    async def set_up(self, person: Person) -> None:
        """Through set-up with first buttons only."""
        await self.say(person, "/start")
        for _ in range(4):
            await self.tap(person)
        last = self.inbox(person)[-1]
        assert [len(row) for row in last["reply_markup"]["inline_keyboard"]] == [1, 2], (
            "the first prompt has three buttons"
        )


async def asha_sets_up(story: Story) -> None:
    """Four taps, then the first prompt."""
    await story.set_up(story.asha)
    assert any("अ" <= sign <= "ह" for sign in story.texts(story.asha)[-1]), "she reads Hindi"


async def asha_invites(story: Story) -> None:
    """As a partner: the first button."""
    await story.say(story.asha, "/pair")
    await story.tap(story.asha)
    buttons = story.inbox(story.asha)[-1]["reply_markup"]["inline_keyboard"]
    story.link = buttons[0][0]["copy_text"]["text"]
    assert story.link.startswith("https://t.me/")


async def tom_comes_by_the_link(story: Story) -> None:
    """The invitation waits through his set-up, then he sees who invites him."""
    story.stage.telegram.open(story.tom, story.link)
    await story.stage.settle()
    for _ in range(4):
        await story.tap(story.tom)
    assert "Asha" in story.texts(story.tom)[-1]


async def tom_accepts(story: Story) -> None:
    """The first button is *Accept*; the inviter hears who came."""
    await story.tap(story.tom)
    assert "Asha" in story.texts(story.tom)[-1]
    await story.stage.settle()
    assert any("Tom" in text for text in story.texts(story.asha))


async def zoe_sets_up(story: Story) -> None:
    """On her own."""
    await story.set_up(story.zoe)


async def nine_in_mumbai(story: Story) -> None:
    """Asha's prompt comes at 21:00 on her wall and not before."""
    await _prompt_at_nine(story, story.asha, MUMBAI)


async def asha_answers_and_shares(story: Story) -> None:
    """By replying; the confirmation's first button shares."""
    await story.say(story.asha, TEA, reply_to=story.inbox(story.asha)[-1])
    assert not any(TEA in text for text in story.texts(story.tom)), "not shared yet"
    await story.tap(story.asha)
    await story.stage.settle()


async def nine_in_toronto(story: Story) -> None:
    """Tom's prompt, on the same local day; what Asha shared has come at a waking hour of his."""
    before = [text for text in story.texts(story.tom) if TEA in text]
    assert len(before) == 1, "what was shared comes once"
    await _prompt_at_nine(story, story.tom, TORONTO)


async def tom_thanks_answers_and_shares(story: Story) -> None:
    """A heart for hers; then his own answer, shared."""
    shared = next(message for message in story.inbox(story.tom) if TEA in message.get("text", ""))
    await story.tap(story.tom, on=shared)
    await story.say(story.tom, SONG, reply_to=story.inbox(story.tom)[-1])
    await story.tap(story.tom)
    await story.stage.settle()


async def asha_receives(story: Story) -> None:
    """In her morning: the heart and his words, in his own language, each once."""
    await story.stage.turn_to(wall_to_utc(date(2026, 3, 3), time(9, 0), MUMBAI))
    texts = story.texts(story.asha)
    assert sum(SONG in text for text in texts) == 1
    assert sum("❤️" in text and "Tom" in text for text in texts) == 1


async def sunday(story: Story) -> None:
    """On her own Sunday evening each gets a reflection that quotes only what was shared."""
    for day in (3, 5, 7):  # they answer now and then, so that the bot does not fall silent
        await story.stage.turn_to(wall_to_utc(date(2026, 3, day), time(21, 30), MUMBAI))
        await story.say(story.asha, f"अपने लिए {day}", reply_to=story.inbox(story.asha)[-1])
        await story.stage.turn_to(wall_to_utc(date(2026, 3, day), time(21, 30), TORONTO))
        await story.say(story.tom, f"for myself {day}", reply_to=story.inbox(story.tom)[-1])
    await story.stage.turn_to(wall_to_utc(date(2026, 3, 8), time(19, 5), MUMBAI))
    mirror = story.texts(story.asha)[-1]
    assert TEA in mirror
    assert SONG in mirror
    assert "अपने लिए" not in mirror
    assert "for myself" not in mirror
    await story.stage.turn_to(wall_to_utc(date(2026, 3, 8), time(19, 5), TORONTO))
    mirror = story.texts(story.tom)[-1]
    assert TEA in mirror
    assert SONG in mirror
    assert "अपने लिए" not in mirror


async def zoe_heard_nothing(story: Story) -> None:
    """Not a word of theirs, not a name."""
    for text in story.texts(story.zoe):
        for word in (TEA, SONG, "Asha", "Tom"):
            assert word not in text


async def _prompt_at_nine(story: Story, person: Person, zone: str) -> None:
    nine = wall_to_utc(date(2026, 3, 2), time(21, 0), zone)
    await story.stage.turn_to(nine - timedelta(seconds=30))
    before = len(story.inbox(person))
    await story.stage.turn_to(nine + timedelta(seconds=5))
    await story.stage.turn_to(
        nine + timedelta(seconds=75)
    )  # a cursor that a killed process still held is served next minute
    came = story.inbox(person)[before:]
    assert len(came) == 1, f"one prompt at nine, not {len(came)}"
    assert [len(row) for row in came[0]["reply_markup"]["inline_keyboard"]] == [1, 2]


STEPS: tuple[Callable[[Story], Awaitable[None]], ...] = (
    asha_sets_up,
    asha_invites,
    tom_comes_by_the_link,
    tom_accepts,
    zoe_sets_up,
    nine_in_mumbai,
    asha_answers_and_shares,
    nine_in_toronto,
    tom_thanks_answers_and_shares,
    asha_receives,
    sunday,
    zoe_heard_nothing,
)
