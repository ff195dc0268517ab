"""What one does for oneself the other cannot see: not by a word, not by a minute, not by the absence of a word.

For each thing that Tom can do on his own, what Asha receives in three days is compared, byte for byte and moment for
moment, with what she receives when he does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import time
from pathlib import Path

import pytest

from tests.world import Someone, World, words

NY = "America/New_York"
Deed = Callable[[World, Someone], Awaitable[None]]
Seen = list[tuple[int, str, list[list[str]]]]


async def nothing(world: World, tom: Someone) -> None:
    """He just lives."""


def says(*lines: str) -> Deed:
    async def deed(world: World, tom: Someone) -> None:
        for line in lines:
            await tom.say(line)

    return deed


def setting(*labels: str, then: str | None = None) -> Deed:
    async def deed(world: World, tom: Someone) -> None:
        await tom.say("/settings")
        for label in labels:
            await tom.tap(label=label)
        if then is not None:
            await tom.say(then)

    return deed


def prompt_button(*labels: str) -> Deed:
    async def deed(world: World, tom: Someone) -> None:
        await world.until(NY, time(21, 0))
        for label in labels:
            await tom.tap(label=label)

    return deed


def noted(line: str, *labels: str) -> Deed:
    async def deed(world: World, tom: Someone) -> None:
        await tom.say("/log")
        await tom.tap(0)
        await tom.say(line)
        for label in labels:
            await tom.tap(label=label)

    return deed


async def moves(world: World, tom: Someone) -> None:
    await tom.say("/settings")
    await tom.tap(label="Place")
    await tom.say("Sydney")
    await tom.tap(0)


async def blocks(world: World, tom: Someone) -> None:
    world.telegram.block(tom.person)
    await world.settle()


async def blocks_and_comes_back(world: World, tom: Someone) -> None:
    await blocks(world, tom)
    world.telegram.unblock(tom.person)
    await world.settle()


async def reacts(world: World, tom: Someone) -> None:
    await world.until(NY, time(21, 0))
    world.telegram.react(tom.person, tom.last, "❤")
    await world.settle()


async def edits(world: World, tom: Someone) -> None:
    await world.until(NY, time(21, 0))
    said = await tom.say("for me alone")
    world.telegram.edit(tom.person, said, "for me alone, really")
    await world.settle()


async def pauses(world: World, tom: Someone) -> None:
    await tom.say("/pause")
    await tom.tap(label="A week")


async def pauses_and_resumes(world: World, tom: Someone) -> None:
    await pauses(world, tom)
    await tom.say("/resume")


async def mutes_resets(world: World, tom: Someone) -> None:
    await tom.say("/settings")
    await tom.tap(label="What reaches me")
    await tom.tap(0)


async def keeps_and_forgets(world: World, tom: Someone) -> None:
    await noted("never mind")(world, tom)
    await tom.tap(label="Forget this")


async def shares_and_takes_back_at_once(world: World, tom: Someone) -> None:
    await noted("never mind")(world, tom)
    await tom.tap(0)
    await tom.tap(label="Take it back")


async def calms_down_alone(world: World, tom: Someone) -> None:
    await tom.say("/reset")
    await tom.tap(label="Just for me")


async def asks_for_numbers_after_danger(world: World, tom: Someone) -> None:
    await noted("I want to die")(world, tom)
    await tom.tap(0)


async def lifts_after_danger(world: World, tom: Someone) -> None:
    await noted("I want to die")(world, tom)
    await tom.tap(label="Go on as before")


async def reads_the_numbers_and_tidies_them_away(world: World, tom: Someone) -> None:
    await tom.say("/support")
    await tom.tap(label="Tidy this chat")
    await tom.tap(0)


async def writes_danger_everywhere(world: World, tom: Someone) -> None:
    await setting("My own prompts", then="Will he hit me today?")(world, tom)
    await calms_down_alone(world, tom)
    await tom.say("I don’t feel safe at home")
    await world.until(NY, time(21, 0))
    said = await tom.say("nothing much")
    world.telegram.edit(tom.person, said, "he hit me again")
    await world.settle()
    await tom.say("bruises on my arms again", photo=True)
    await tom.tap(0)


async def tidies(world: World, tom: Someone) -> None:
    await tom.say("/settings")
    await tom.tap(label="Tidy this chat")
    await tom.tap(0)


async def starts_an_invitation(world: World, tom: Someone) -> None:
    await tom.say("/pair")
    await tom.tap(0)
    await tom.tap(label="Cancel this invitation")


DEEDS: dict[str, Deed] = {
    "pause": pauses,
    "pause and resume": pauses_and_resumes,
    "not today": prompt_button("Not today"),
    "later": prompt_button("Later", "In an hour"),
    "done in person": prompt_button("Done in person"),
    "a private answer": says("something only for me"),
    "a private note": noted("what I saw"),
    "a note forgotten": keeps_and_forgets,
    "a share taken back at once": shares_and_takes_back_at_once,
    "an edit": edits,
    "a reaction": reacts,
    "another hour": setting("Hour", then="18:00"),
    "gentle pace": setting("How often", "gentle, three a week"),
    "another language": setting("Language", "العربية (الإمارات)"),
    "another place": moves,
    "quiet hours": setting("Quiet hours", then="20:00 - 10:00"),
    "discreet": setting("Discreet alerts", "Discreet"),
    "the week's hour": setting("Weekly look back"),
    "an own prompt": setting("My own prompts", then="Did we laugh?"),
    "resets muted": mutes_resets,
    "a calm alone": calms_down_alone,
    "help opened": says("/support"),
    "danger words": noted("I want to die"),
    "numbers after danger": asks_for_numbers_after_danger,
    "lifted after danger": lifts_after_danger,
    "danger everywhere": writes_danger_everywhere,
    "numbers tidied away": reads_the_numbers_and_tidies_them_away,
    "only check-ins": setting("Which prompts", "Only check-ins"),
    "journal, week, privacy, help": says("/journal", "/week", "/privacy", "/help"),
    "export": says("/export"),
    "tidy": tidies,
    "an invitation to somebody else": starts_an_invitation,
    "block": blocks,
    "block and back": blocks_and_comes_back,
    "silence with a word to the bot": says("hello?"),
}


async def seen_by_asha(folder: Path, deed: Deed) -> Seen:
    """Three days of Asha's phone; she answers each evening and shares the first answer."""
    async with World(f"sqlite:///{folder / 'recipro.db'}") as world:
        asha, tom = await world.person("Asha"), await world.person("Tom")
        await world.pair(asha, tom)
        before = len(asha.inbox)
        await deed(world, tom)
        for day in range(3):
            await world.until(NY, time(21, 0)) if day else await world.until(NY, time(21, 30))
            await asha.say(f"evening {day}")
            if day == 0:
                await asha.tap(0)
        await world.until(NY, time(9, 0))
        return [
            (
                message["date"],
                words(message),
                [
                    [button["text"] for button in row]
                    for row in message.get("reply_markup", {}).get("inline_keyboard", [])
                ],
            )
            for message in asha.inbox[before:]
        ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(seen_by_asha(tmp_path_factory.mktemp("undisturbed"), nothing))


@pytest.mark.parametrize("name", DEEDS)
async def test_asha_sees_the_same_whatever_tom_does_for_himself(name: str, undisturbed: Seen, tmp_path: Path) -> None:
    assert len(undisturbed) >= 6
    assert await seen_by_asha(tmp_path, DEEDS[name]) == undisturbed
