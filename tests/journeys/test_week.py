"""The weekly mirror, as people get it: a picture and its words, at the end of their own week, about both and about nobody."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.domain import clock
from bot.sandbox.attachments import photo_size
from bot.speech.card import visible_units
from bot.speech.library import load
from bot.speech.voice import LOCALES
from tests.world import Json, Someone, World, words

ZONES = {"US": "America/New_York", "IN": "Asia/Kolkata", "GB": "Europe/London", "AU": "Australia/Sydney"}
ZONES |= {"CA": "America/Toronto", "AE": "Asia/Dubai"}
LOOKS = {locale: load().voice(locale).say("<b>A look at your week</b>")[3:-4] for locale in LOCALES}


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """With pictures."""
    async with World(sqlite_url, pictures=True) as whole:
        yield whole
        whole.check()


async def to(world: World, moment: datetime) -> None:
    """Turn the clock straight to *moment* and a minute on, and beat."""
    await world.turn(seconds=(moment - world.clock.now()).total_seconds() + 61)


async def on(world: World, zone: str, weekday: int, at: time) -> None:
    """To the next *weekday* (Monday 0) at *at* on the wall in *zone*."""
    due = clock.next_at(world.clock.now(), at.hour * 60 + at.minute, zone)
    while clock.local_day(due, zone).weekday() != weekday:
        due = clock.next_at(due, at.hour * 60 + at.minute, zone)
    await to(world, due)


async def couple(world: World, locale: str = "en-CA") -> tuple[Someone, Someone]:
    country = locale[-2:]
    asha = await world.person("Asha", language=locale, zone=ZONES[country], country=country)
    tom = await world.person("Tom", language=locale, zone=ZONES[country], country=country)
    for someone in (asha, tom):
        await someone.say("/settings")  # heard, so that nothing rests
    await world.pair(asha, tom)
    return asha, tom


async def notice(world: World, someone: Someone, line: str, *, share: bool = True) -> None:
    await someone.say("/log")
    await someone.tap(0)
    await someone.say(line)
    if share:
        await someone.tap(0)
        await world.beat()


async def press(someone: Someone, does: str, on: Json | None = None) -> None:
    """The button that does this, whatever it is called."""
    message = on or someone.last
    rows = message["reply_markup"]["inline_keyboard"]
    row, column = next(
        (r, c)
        for r, line in enumerate(rows)
        for c, key in enumerate(line)
        if key.get("callback_data", "").startswith(does)
    )
    await someone.tap(row, column, on=message)


def pictures(someone: Someone) -> list[Json]:
    return [message for message in someone.inbox if message.get("photo")]


def png(world: World, message: Json) -> bytes:
    stored = world.telegram.files.find(message["photo"][-1]["file_id"])
    assert stored is not None
    return stored.body


# --- the invitation ---


async def test_the_invitation_is_a_picture_and_can_be_cancelled_under_it(world: World) -> None:
    asha = await world.person("Asha")
    await asha.say("/pair")
    await asha.tap(0)
    (invitation,) = pictures(asha)
    assert photo_size(png(world, invitation)) == (1080, 1350)
    assert "Asha" not in words(invitation)
    await press(asha, "cancel:", on=invitation)
    assert "Nobody can use it" in asha.texts[-1]


async def test_the_buttons_under_a_picture_can_be_typed(world: World) -> None:
    asha = await world.person("Asha")
    await asha.say("/pair")
    await asha.tap(0)
    await asha.say("cancel this invitation")
    assert "Nobody can use it" in asha.texts[-1]


# --- the evening that ends the week ---


async def test_both_get_the_week_as_a_picture_and_in_words(world: World) -> None:
    asha, tom = await couple(world)
    await notice(world, asha, "you made tea on the step")
    await notice(world, tom, "you fixed the gate")
    await on(world, ZONES["CA"], 6, time(19, 0))
    for me, mine, theirs in ((asha, "tea on the step", "fixed the gate"), (tom, "fixed the gate", "tea on the step")):
        card = pictures(me)[-1]
        said = words(card)
        assert photo_size(png(world, card)) == (1080, 1350)
        assert said.splitlines()[0] == "A look at your week"
        assert said.index("You shared:") < said.index(mine)
        assert mine in said
        assert theirs in said
        assert "The coming week:" in said
        assert visible_units(said) <= 1024
        assert card["photo"][-1]["file_id"]
    sent = [call for call in world.telegram.journal("sendPhoto") if "A look" in str(call.params["caption"])]
    assert {call.params["photo"].name for call in sent} == {"recipro.png"}, "a file name that says nothing"


async def test_an_answer_to_the_question_is_kept(world: World) -> None:
    asha, _ = await couple(world)
    await notice(world, asha, "you made tea")
    await on(world, ZONES["CA"], 6, time(19, 0))
    await asha.say("walk together on Tuesday", reply_to=pictures(asha)[-1])
    assert asha.texts[-1].startswith("Kept.")
    await asha.say("/journal")
    assert "walk together on Tuesday" in asha.texts[-1]


async def test_an_empty_week_brings_neither_picture_nor_words(world: World) -> None:
    asha, tom = await couple(world)
    before = len(pictures(asha)), len(pictures(tom))
    await on(world, ZONES["CA"], 6, time(19, 0))
    assert (len(pictures(asha)), len(pictures(tom))) == before
    assert not any("A look at your week" in text for text in (*asha.texts, *tom.texts))


@pytest.mark.parametrize("locale", LOCALES)
async def test_saturday_ten_to_midnight_is_in_its_week_everywhere(sqlite_url: str, locale: str) -> None:
    """Where weeks begin on Sunday it is their last hour; where they begin on Monday, the last but one day's."""
    async with World(sqlite_url, pictures=False) as world:
        asha, tom = await couple(world, locale)
        zone = ZONES[locale[-2:]]
        await on(world, zone, 5, time(23, 49))
        assert clock.local_time(world.clock.now(), zone) == time(23, 50)
        await notice(world, asha, "★ 23:50 ★", share=False)
        await on(world, zone, 6, time(19, 0))
        said = words(asha.last)
        assert said.splitlines()[0] == LOOKS[locale]
        voice = load().voice(locale)
        assert voice.weekday(5, "abbreviated") in said, "on its own day"
        await on(world, zone, 6, time(19, 0))
        looks = [[LOOKS[locale] in text for text in someone.texts].count(True) for someone in (asha, tom)]
        assert looks == [1, 0], (
            "once, not in the week after too; and the other's week is empty, because it was not shared"
        )
        world.check()


@pytest.mark.parametrize(
    ("first", "hours"),
    [(date(2026, 3, 1), 168), (date(2026, 3, 8), 167), (date(2026, 10, 25), 168), (date(2026, 11, 1), 169)],
)
async def test_a_week_that_holds_a_clock_change_holds_its_seven_days(sqlite_url: str, first: date, hours: int) -> None:
    """Toronto's weeks begin on Sunday, the day on which its clocks change."""
    zone = ZONES["CA"]
    begins = clock.wall_to_utc(first, time(0, 0), zone)
    assert clock.wall_to_utc(first + timedelta(days=7), time(0, 0), zone) - begins == timedelta(hours=hours)
    async with World(sqlite_url, start=begins - timedelta(days=2, hours=10), pictures=False) as world:
        asha, _ = await couple(world)
        await to(world, begins + timedelta(minutes=9))
        await notice(world, asha, "the first minutes", share=False)
        await to(world, begins + timedelta(hours=hours) - timedelta(minutes=11))
        await notice(world, asha, "the last minutes", share=False)
        await asha.say("/week")
        so_far = words(asha.last)
        assert "Sun and Sat" in so_far
        await to(world, clock.wall_to_utc(first + timedelta(days=7), time(19, 0), zone))
        assert "Sun and Sat" in words(asha.last)
        world.check()


async def test_the_last_look_back_of_a_month_shows_four_weeks(sqlite_url: str) -> None:
    async with World(sqlite_url, start=datetime(2026, 3, 9, 15, 0, tzinfo=UTC), pictures=True) as world:
        asha, tom = await couple(world)
        for _ in range(3):
            await notice(world, asha, "you made tea")
            await notice(world, tom, "you listened")
            await on(world, ZONES["CA"], 6, time(19, 0))
        said = [words(card) for card in pictures(asha) if "A look at" in words(card)]
        assert len(said) == 3
        assert ["The last four weeks" in each for each in said] == [False, False, True], (
            "29 March is March's last Sunday"
        )
        assert photo_size(png(world, pictures(asha)[-1])) == (1080, 1350)
        world.check()


# --- so far ---


async def test_the_week_so_far_is_a_picture_as_soon_as_there_is_something(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/week")
    assert "Nothing is kept yet" in asha.texts[-1]
    assert pictures(asha)[1:] == []
    await notice(world, tom, "you made tea")
    await asha.say("/week")
    assert asha.last["photo"]
    assert words(asha.last).splitlines()[0] == "Your week so far"
    assert "Tom\u2069 shared:" in words(asha.last)
    await press(asha, "home")
    assert "Here I am" in asha.texts[-1]


async def test_words_of_danger_are_quoted_nowhere(world: World) -> None:
    """They were shared, by a tap; the mirror does not show them again."""
    asha, tom = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("I want to kill myself")
    await notice(world, tom, "you made tea")
    for someone in (asha, tom):
        await someone.say("/week")
        assert "kill" not in words(someone.last)
        # to whoever may be in danger nobody is quoted, until they choose otherwise
        assert ("tea" in words(someone.last)) == (someone is tom)


async def test_a_discreet_phone_gets_a_covered_picture_without_names_or_quotes(world: World) -> None:
    asha, tom = await couple(world)
    await notice(world, tom, "you made tea")
    await asha.say("/week")
    open_one = png(world, asha.last)
    await asha.say("/settings")
    await press(asha, "set:discreet")
    await press(asha, "discreet:1")
    await asha.say("/week")
    assert asha.last["has_media_spoiler"] is True
    assert png(world, asha.last) != open_one
    await on(world, ZONES["CA"], 6, time(19, 0))
    card = pictures(asha)[-1]
    assert card["has_media_spoiler"] is True
    assert words(card).splitlines()[0] == "Recipro"
    assert "has_media_spoiler" not in pictures(tom)[-1]


# --- when things go wrong ---


async def test_a_picture_that_is_refused_and_sent_again_is_the_same(world: World) -> None:
    asha, tom = await couple(world)
    await notice(world, asha, "you made tea")
    world.telegram.faults.add("too_many", methods=["sendPhoto"], times=1, retry_after=1)
    await on(world, ZONES["CA"], 6, time(19, 0))
    await world.turn(minutes=1)
    await world.turn(minutes=5)
    tries = [call for call in world.telegram.journal("sendPhoto") if "A look" in str(call.params["caption"])]
    assert len(tries) == 3, "one of the two was refused once"
    for someone in (asha, tom):
        bodies = {bytes(call.params["photo"].body) for call in tries if call.params["chat_id"] == someone.person.id}
        assert len(bodies) == 1
    assert sum("A look at your week" in text for text in asha.texts) == 1


async def test_where_nothing_can_be_drawn_the_words_come_and_are_counted(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha, _ = await couple(world)
    await notice(world, asha, "you made tea")
    assert world.app is not None
    await world.app.courier.easel.close()
    monkeypatch.setattr("bot.courier.easel.WITHIN", 0.0)  # every drawing takes too long
    with caplog.at_level(logging.ERROR, logger="bot"):
        await on(world, ZONES["CA"], 6, time(19, 0))
    card = asha.last
    assert "photo" not in card
    assert card["text"].splitlines()[0] == "A look at your week"
    assert "tea" in card["text"]
    assert "went without its picture" in caplog.text
    assert "tea" not in caplog.text
    assert b"recipro_picture_failures_total 2.0" in world.app.metrics.page()


async def test_a_week_of_long_words_is_one_card(world: World) -> None:
    asha, tom = await couple(world)
    for number in range(12):
        await notice(world, asha if number % 2 else tom, f"number {number} " + "long words " * 60)
    await asha.say("/week")
    assert asha.last["photo"]
    assert visible_units(words(asha.last)) <= 1024


async def test_the_words_alone_come_where_pictures_are_switched_off(sqlite_url: str) -> None:
    async with World(sqlite_url, pictures=False) as world:
        asha, _ = await couple(world)
        await notice(world, asha, "you made tea")
        await asha.say("/week")
        assert "photo" not in asha.last
        assert "you made tea" in asha.texts[-1]
        world.check()
