"""The five main journeys in Hindi, Arabic and Canadian French: by places, not by words, and with no English left over."""

from __future__ import annotations

import re
from datetime import time

import pytest

from bot.speech.library import load
from bot.speech.voice import LOCALE_NAMES
from tests.world import Someone, World, words

PLACES = {"hi": ("Asia/Kolkata", "IN"), "ar": ("Asia/Dubai", "AE"), "fr": ("America/Toronto", "CA")}
OURS = re.compile(
    r"https?://\S+|/\w+|\b[A-HJ-NP-Z2-9]{8}\b|Recipro|Telegram|START|\b(am|pm)\b|\bh\b|Noor|Sam|ABC|\bO\b|\bI\b"
)
LATIN = re.compile(r"[A-Za-z]{2,}")
ENGLISH = re.compile(r"\b(the|you|your|and|is|with|what|only|this|not|shared|kept|prompt)\b", re.IGNORECASE)


def check_language(someone: Someone, language: str) -> None:
    """Nothing on this phone is in English, neither words nor buttons."""
    for message in someone.inbox:
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        said = [words(message), *(button["text"] for row in rows for button in row)]
        for text in said:
            left = OURS.sub("", text)
            if any(name in text for name in LOCALE_NAMES.values()):  # languages are listed each in its own
                continue
            found = (ENGLISH if language == "fr" else LATIN).search(left)
            assert found is None, f"{found.group(0) if found else ''} in: {text}"


async def couple(world: World, language: str) -> tuple[Someone, Someone]:
    zone, country = PLACES[language]
    noor = await world.person("Noor", language=language, zone=zone, country=country)
    sam = await world.person("Sam", language=language, zone=zone, country=country)
    await world.until(zone, time(10, 0))
    await noor.say("/pair")
    await noor.tap(0)
    await sam.open(noor.link())
    await sam.tap(0)
    await world.beat()
    return noor, sam


@pytest.mark.parametrize("language", PLACES)
async def test_set_up_pair_answer_share_and_thank(world: World, language: str) -> None:
    noor, sam = await couple(world, language)
    zone, _ = PLACES[language]
    await world.until(zone, time(21, 0), weekday=4)
    await noor.say("★★★★", reply_to=noor.last)
    await noor.tap(0)
    await world.beat()
    assert sum("★★★★" in text for text in sam.texts) == 1
    await sam.tap(0)
    await world.beat()
    for someone in (noor, sam):
        check_language(someone, language)


@pytest.mark.parametrize("language", PLACES)
async def test_a_reset_from_call_to_mended(world: World, language: str) -> None:
    noor, sam = await couple(world, language)
    await noor.say("/reset")
    await noor.tap(0)
    await world.beat()
    assert "Noor" not in sam.texts[-1].splitlines()[0]
    await sam.tap(0)
    await world.beat()
    voice = load().voice({"hi": "hi-IN", "ar": "ar-AE", "fr": "fr-CA"}[language])
    await noor.tap(label=voice.label("We mended it"))
    for someone in (noor, sam):
        check_language(someone, language)


@pytest.mark.parametrize("language", PLACES)
async def test_a_week_is_looked_back_on(world: World, language: str) -> None:
    noor, sam = await couple(world, language)
    zone, _ = PLACES[language]
    await noor.say("/log")
    await noor.tap(0)
    await noor.say("★★★★")
    await noor.tap(0)
    await world.beat()
    for _ in range(3):
        await world.turn(hours=24)
        await noor.say("/help")
        await sam.say("/help")
    await world.until(zone, time(19, 5), weekday=6)
    for someone in (noor, sam):
        assert sum("★★★★" in text for text in someone.texts) >= (1 if someone is noor else 2), "shared, and quoted"
        check_language(someone, language)


@pytest.mark.parametrize("language", PLACES)
async def test_every_page_of_the_menu(world: World, language: str) -> None:
    noor, _ = await couple(world, language)
    for command in (
        "settings",
        "pause",
        "journal",
        "week",
        "help",
        "privacy",
        "support",
        "unpair",
        "forget",
        "log",
        "checkin",
        "export",
    ):
        await noor.say(f"/{command}")
    for page in ("hour", "pace", "lang", "zone", "quiet", "week", "address", "discreet", "reach"):
        await noor.say("/settings")
        query = world.telegram.tap(noor.person, noor.last, data=f"set:{page}")
        assert await query.answered() is not None
        await world.settle()
    check_language(noor, language)


@pytest.mark.parametrize("language", PLACES)
async def test_forgetting_says_how_many_records_went(world: World, language: str) -> None:
    noor, sam = await couple(world, language)
    await noor.say("/forget")
    await noor.tap(1)
    assert "/start" in noor.texts[-1]
    await sam.say("/help")
    check_language(sam, language)


async def test_an_arabic_keyboard_reads_from_the_right(world: World) -> None:
    noor, _ = await couple(world, "ar")
    await world.until("Asia/Dubai", time(21, 0))
    voice = load().voice("ar-AE")
    row = [button["text"] for button in noor.last["reply_markup"]["inline_keyboard"][0]]
    assert row == [voice.label("Not today"), voice.label("Later"), voice.label("Done in person")]
