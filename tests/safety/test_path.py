"""Words of danger over HTTP: one quiet line to the writer, wherever they type, and nothing anywhere else."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from bot import log
from bot.domain import clock
from bot.speech.library import load
from tests.world import Someone, World

NY = "America/New_York"
LOCALES = {"en": "en-US", "hi": "hi-IN", "ar": "ar-AE", "fr": "fr-CA"}
HOMES = {
    "en": (NY, "US"),
    "hi": ("Asia/Kolkata", "IN"),
    "ar": ("America/Toronto", "CA"),
    "fr": ("America/Toronto", "CA"),
}
DANGER = {
    "en": "he hits me when he drinks",
    "hi": "wo mujhe bahut maarte hain",
    "ar": "زوجي يضربني كل يوم",
    "fr": "mon chum me bat quand y boit",
}
SOFT = "If today is heavy, there are people who listen. I'll keep things light until you say otherwise."


def soft(language: str = "en") -> str:
    return load().voice(LOCALES[language]).say(SOFT)


def label(words: str, language: str = "en") -> str:
    return load().voice(LOCALES[language]).label(words)


def labels(someone: Someone) -> list[str]:
    return [button["text"] for row in someone.last["reply_markup"]["inline_keyboard"] for button in row]


async def couple(world: World, language: str = "en") -> tuple[Someone, Someone]:
    zone, country = HOMES[language]
    asha = await world.person("Asha", language=language, zone=zone, country=country)
    tom = await world.person("Tom", language=language, zone=zone, country=country)
    if language == "ar":  # they speak Arabic and live in Toronto
        for someone in (asha, tom):
            await moves_to(someone, "Toronto")
    if language == "hi":
        await world.until(zone, time(10, 0))
    await asha.say("/pair")
    await asha.tap(0)
    await tom.open(asha.link())
    await tom.tap(0)
    await world.beat()
    return asha, tom


async def moves_to(someone: Someone, city: str) -> None:
    await someone.say("/settings")
    query = someone.world.telegram.tap(someone.person, someone.last, data="set:zone")
    assert await query.answered() is not None
    await someone.world.settle()
    await someone.say(city)
    await someone.tap(0)


# --- everywhere a person can type ---


async def answers(asha: Someone, words: str) -> None:
    await leap(asha.world, time(21, 0))
    await asha.say(words)


async def replies(asha: Someone, words: str) -> None:
    await leap(asha.world, time(21, 0))
    await asha.say(words, reply_to=asha.last)


async def notes(asha: Someone, words: str) -> None:
    await asha.say("/log")
    await asha.tap(0)
    await asha.say(words)


async def just_writes(asha: Someone, words: str) -> None:
    await asha.say("Tea in bed.")
    await asha.tap(0)
    await asha.say(words)


async def calms_down(asha: Someone, words: str) -> None:
    await asha.say("/reset")
    await asha.tap(label="Just for me")
    await asha.say(words)


async def edits(asha: Someone, words: str) -> None:
    await asha.say("/log")
    await asha.tap(0)
    said = await asha.say("nothing much")
    asha.world.telegram.edit(asha.person, said, words)
    await asha.world.settle()


async def captions(asha: Someone, words: str) -> None:
    await leap(asha.world, time(21, 0))
    await asha.say(words, photo=True)


async def captions_a_note(asha: Someone, words: str) -> None:
    await asha.say("Tea in bed.")
    await asha.tap(0)
    await asha.say(words, photo=True)


async def answers_the_week(asha: Someone, words: str) -> None:
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("She carried the bags.")
    for _ in range(3):
        await asha.world.turn(hours=24)
        await asha.say("/help")
    await leap(asha.world, time(19, 5), weekday=6)
    await asha.say(words, reply_to=asha.last)


KEEPING: dict[str, Callable[[Someone, str], Awaitable[None]]] = {
    "an answer": answers,
    "a reply": replies,
    "a note": notes,
    "plain words": just_writes,
    "a note just for me": calms_down,
    "an edit": edits,
    "a caption": captions,
    "a caption of a note": captions_a_note,
    "an answer to the weekly question": answers_the_week,
}


@pytest.mark.parametrize("place", KEEPING)
async def test_where_words_are_kept_the_line_stands_in_the_place_of_the_usual_one(world: World, place: str) -> None:
    asha, tom = await couple(world)
    await KEEPING[place](asha, DANGER["en"])
    assert asha.texts[-1] == f"Kept. Only you see it.\n\n{soft()}"
    assert labels(asha) == ["Show me", "Go on as before"]
    assert sum(soft() in text for text in asha.texts) == 1
    await asha.tap(label="Go on as before")
    assert "Everything goes on as before." in asha.texts[-1]
    assert "Forget this" in labels(asha)
    await asha.say("/journal")
    assert "hits me" in asha.texts[-1], "it was kept"
    assert not any("heavy" in text or "hits me" in text for text in tom.texts)


async def test_where_words_go_elsewhere_the_line_follows_the_usual_card(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/settings")
    await asha.tap(label="My own prompts")
    await asha.say("Did he hit me today?")
    assert asha.texts[-1] == soft()
    assert "My own prompts" in asha.texts[-2]
    assert "Did he hit me today?" in str(asha.inbox[-2]["reply_markup"])
    await tom.say("/log")
    await tom.tap(0)
    await tom.say("You laughed today.")
    await tom.tap(0)
    await world.beat()
    await asha.tap(label="Answer once")
    await asha.say("I'm scared of you, you said you'd kill me if I left")
    assert asha.texts[-1] == soft()
    assert "On its way" in asha.texts[-2]
    for words in ("/log he hits me", "/nonsense he hits me"):
        await asha.say(words)
        assert asha.texts[-1] == soft()
    await asha.say("/journal")
    await asha.tap(label="Find a word")
    await asha.say("suicide")
    assert asha.texts[-1] == soft()


@pytest.mark.parametrize("language", LOCALES)
async def test_the_path_in_four_languages(world: World, language: str) -> None:
    asha, tom = await couple(world, language)
    theirs = list(tom.texts)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say(DANGER[language])
    voice = load().voice(LOCALES[language])
    assert asha.texts[-1] == f"{voice.say('Kept. Only you see it.')}\n\n{soft(language)}"
    await asha.tap(label=label("Show me", language))
    numbers = asha.texts[-1]
    country = load().countries[HOMES[language][1]]
    assert country.emergency.number in numbers
    assert all(numbers.index(country.emergency.number) <= numbers.index(line.number or "") for line in country.shown)
    await asha.tap(label=label("‹ Back", language))
    assert soft(language) in asha.texts[-1]
    await asha.tap(label=label("Go on as before", language))
    assert soft(language) not in asha.texts[-1]
    assert asha.last["text"].startswith(voice.say("All right. Everything goes on as before."))
    await world.turn(hours=2)
    assert tom.texts == theirs


# --- what rests, and until when ---


async def leap(world: World, at: time, *, weekday: int | None = None) -> None:
    """On to the next *at* on the wall in New York in one step; what came due on the way is late or dropped."""
    due = clock.next_at(world.clock.now(), at.hour * 60 + at.minute, NY)
    while weekday is not None and clock.local_day(due, NY).weekday() != weekday:
        due = clock.next_at(due, at.hour * 60 + at.minute, NY)
    await world.turn(seconds=(due - world.clock.now()).total_seconds())
    await world.turn(seconds=61)


async def kinds_of_a_week(world: World, someone: Someone) -> list[str]:
    """The first lines of what comes to somebody who answers each evening."""
    before = len(someone.inbox)
    for _ in range(7):
        await leap(world, time(21, 5))
        await someone.say("/help")
    firsts = [text.splitlines()[0] for text in someone.texts[before:]]
    return [line for line in firsts if line != "Everything I can do"]


async def test_closeness_and_repair_rest_until_they_say_otherwise(world: World) -> None:
    asha, _ = await couple(world)
    await notes(asha, DANGER["en"])
    rested = await kinds_of_a_week(world, asha)
    assert set(rested) == {"Two quiet minutes"}, "check-ins only, and no look back"
    assert not any("With Tom in mind" in text for text in asha.texts[-20:])
    await asha.say("/settings")
    assert "Only check-ins for now." in asha.texts[-1]
    await asha.tap(label="Which prompts")
    await asha.tap(label="Everything")
    back = await kinds_of_a_week(world, asha)
    assert {"A small moment for today", "A moment to breathe", "Two quiet minutes"} <= set(back)


async def test_anybody_can_choose_the_same_so_that_it_tells_nothing(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/settings")
    await asha.tap(label="Which prompts")
    await asha.tap(label="Only check-ins")
    chosen = asha.texts[-1]
    await notes(tom, DANGER["en"])
    await tom.say("/settings")
    assert tom.texts[-1] == chosen
    assert set(await kinds_of_a_week(world, asha)) == {"Two quiet minutes"}


async def test_a_reset_does_not_press_and_one_of_their_own_comes_without_a_guide(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    await notes(asha, DANGER["en"])
    await tom.tap(label="Ready now")
    await world.beat()
    assert "You owe nobody an answer." in asha.texts[-1]
    assert not any("Each own one thing" in text for text in asha.texts)
    await asha.tap(label="Let it rest")
    await world.turn(hours=26)
    before = list(asha.texts)
    await tom.say("/reset")
    await tom.tap(0)
    assert tom.texts[-1].startswith("Said, gently.")
    await world.beat()
    assert asha.texts == before


async def test_what_was_put_off_before_does_not_come_back_now(world: World) -> None:
    asha, _ = await couple(world)
    await leap(world, time(21, 0))
    await asha.tap(label="Later")
    await asha.tap(label="Tomorrow")
    await notes(asha, DANGER["en"])
    before = len(asha.inbox)
    for _ in range(13):
        await world.turn(hours=2)
    assert [text.splitlines()[0] for text in asha.texts[before:]] == ["Two quiet minutes"], "only the day's check-in"


async def test_the_looks_back_quote_no_danger_to_either_and_nothing_to_whoever_rests(world: World) -> None:
    asha, tom = await couple(world)
    for words in ("You sang while cooking.", "I'm scared of you when you drink"):
        await notes(asha, words)
        if soft() in asha.texts[-1]:
            await asha.tap(label="Go on as before")
        await asha.tap(0)
        await world.beat()
    for someone in (asha, tom):
        await someone.say("/week")
        assert "You sang while cooking." in someone.texts[-1]
        assert "scared" not in someone.texts[-1]
    await notes(asha, DANGER["en"])
    await asha.say("/week")
    assert "You sang" not in asha.texts[-1]
    for _ in range(3):
        await world.turn(hours=24)
        await tom.say("/help")
    await leap(world, time(19, 5), weekday=6)
    mirror = next(text for text in reversed(tom.texts) if "A look at your week" in text)
    assert "You sang while cooking." in mirror
    assert not any("A look at your week" in text for text in asha.texts)


# --- where it is off ---


async def test_in_the_emirates_nothing_is_looked_at_and_support_remains(world: World) -> None:
    noor = await world.person("Noor", language="ar", zone="Asia/Dubai", country="AE")
    await world.until("Asia/Dubai", time(10, 0))
    await noor.say("/log")
    await noor.tap(0)
    await noor.say(DANGER["ar"])
    assert soft("ar") not in noor.texts[-1]
    await noor.say("/settings")
    assert load().voice("ar-AE").say("Only check-ins for now.") not in noor.texts[-1]
    await noor.say("/support")
    assert noor.texts[-1].index("999") < noor.texts[-1].index("800111")


@pytest.mark.parametrize(("setting", "place", "heard"), [("+AE", "Dubai", True), ("-US,+AE", "Boston", False)])
async def test_an_operator_turns_it_on_and_off_by_country(
    sqlite_url: str, setting: str, place: str, *, heard: bool
) -> None:
    async with World(sqlite_url, danger_path=setting) as world:
        someone = await world.person("Sam")
        await moves_to(someone, place)
        await notes(someone, DANGER["en"])
        assert (soft() in someone.texts[-1]) is heard
        world.check()


async def test_where_no_numbers_are_known_there_is_general_advice(world: World) -> None:
    sam = await world.person("Sam")
    await moves_to(sam, "Berlin")
    await notes(sam, DANGER["en"])
    await sam.tap(label="Show me")
    assert "call the emergency number where you are" in sam.texts[-1]
    assert "I know no other numbers" in sam.texts[-1]
    assert not any(sign.isdigit() for sign in sam.texts[-1])


# --- what is left behind ---


async def test_support_is_the_same_for_everyone_and_works_before_set_up(world: World) -> None:
    new = await world.person("New", ready=False)
    await new.say("/support")
    assert "988" in new.texts[-1]
    asha, tom = await couple(world)
    await notes(asha, DANGER["en"])
    for someone in (asha, tom):
        await someone.say("/support")
    assert asha.texts[-1] == tom.texts[-1]
    assert labels(asha) == labels(tom) == ["Tidy this chat", "‹ Back"]


async def test_the_page_of_numbers_can_be_tidied_away(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/support")
    await asha.tap(label="Tidy this chat")
    await asha.tap(0)
    assert not any("988" in text for text in asha.texts)


async def test_the_line_makes_no_sound_and_no_heart_answers_a_picture(world: World) -> None:
    asha, _ = await couple(world)
    await captions(asha, DANGER["en"])
    calls = world.telegram.journal()
    sent = [call for call in calls if call.method == "sendMessage" and soft() in str(call.params.get("text"))]
    assert len(sent) == 1
    assert sent[0].params["disable_notification"] in {True, "true"}
    assert not any(call.method == "setMessageReaction" for call in calls)


async def test_a_message_that_telegram_sends_again_gets_the_same_line(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    said = await asha.say(DANGER["en"])
    first = asha.texts[-1]
    world.telegram.enqueue("message", said)
    await world.settle()
    assert asha.texts[-1] == first
    await asha.say("/journal")
    assert asha.texts[-1].count("hits me") == 1


async def everything_kept(folder: Path, words: str, *more: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a database after somebody wrote *words*; what is sealed shows only whether it is there."""
    path = folder / f"{len(list(folder.glob('*.db')))}.db"
    async with World(f"sqlite:///{path}") as world:
        asha, _ = await couple(world)
        await notes(asha, words)
        for label_ in more:
            await asha.tap(label=label_)
        await world.turn(hours=3)
    with sqlite3.connect(path) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [
                tuple("sealed" if isinstance(value, bytes) else value for value in row)
                for row in db.execute(f'SELECT * FROM "{name}" ORDER BY 1')
            ]
            for name in sorted(names)
            if not name.startswith("sqlite")
        }


async def test_the_database_holds_nothing_of_it_but_a_setting_anybody_can_choose(tmp_path: Path) -> None:
    """Row by row, with and without words of danger of the same length; after *Go on as before* not even that."""
    tea = "he makes me tea at seven."
    assert len(tea) == len(DANGER["en"])
    plain = await everything_kept(tmp_path, tea)
    danger = await everything_kept(tmp_path, DANGER["en"])
    random = {"invite", "note"}  # codes and keys are drawn anew
    assert plain["tally"] == danger["tally"], "nothing is counted"
    assert {name: len(rows) for name, rows in plain.items()} == {name: len(rows) for name, rows in danger.items()}
    differ = [
        (name, one, other)
        for name in plain.keys() - random
        for one, other in zip(plain[name], danger[name], strict=True)
        if one != other
    ]
    assert len(differ) == 1, differ
    name, one, other = differ[0]
    assert name == "person"
    assert [(a, b) for a, b in zip(one, other, strict=True) if a != b] == [(0, 1)], "the setting, and nothing else"
    lifted = await everything_kept(tmp_path, DANGER["en"], "Go on as before")
    assert lifted["person"] == plain["person"]


async def test_nothing_is_logged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the bot writes as an operator sets it up at its most talkative, and its metrics."""
    asha, _ = await couple(world)
    root = logging.getLogger()
    before = (root.handlers, root.level, {name: logging.getLogger(name).level for name in log._QUIET})
    try:
        log.set_up("DEBUG", "text")
        logging.getLogger("bot").debug("listening")
        await notes(asha, DANGER["en"])
        await asha.tap(label="Show me")
        await asha.say("/support")
        await asha.say("/settings")
        await world.turn(hours=12)
    finally:
        root.handlers, level, levels = before
        root.setLevel(level)
        for name, least in levels.items():
            logging.getLogger(name).setLevel(least)
    assert world.app is not None
    said = capsys.readouterr().err + world.app.metrics.page().decode()
    assert "listening" in said
    for word in ("hits", "danger", "safety", "support", "resting", "soft", "lift", "concern", "violence", "heavy"):
        assert word not in said.casefold(), word
