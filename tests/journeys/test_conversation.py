"""The conversation, paragraph by paragraph: what a person does, what they see, and what the other does not."""

from __future__ import annotations

from datetime import time, timedelta
from itertools import pairwise

import pytest

from tests.world import Someone, World

NY = "America/New_York"


async def couple(world: World) -> tuple[Someone, Someone]:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    await world.pair(asha, tom)
    return asha, tom


def has_prompt(someone: Someone) -> bool:
    rows = someone.last.get("reply_markup", {}).get("inline_keyboard", [])
    return [[button["text"] for button in row] for row in rows] == [["Done in person"], ["Later", "Not today"]]


# --- set-up ---


async def test_set_up_is_one_message_and_four_taps(world: World) -> None:
    tom = await world.person("Tom", ready=False)
    await tom.say("/start")
    for _ in range(4):
        await tom.tap(0)
    assert len(tom.inbox) == 1
    assert has_prompt(tom)


async def test_set_up_goes_back_and_takes_typed_words(world: World) -> None:
    tom = await world.person("Tom", ready=False)
    await tom.say("/start")
    await tom.tap(0)
    await tom.tap(label="I’m somewhere else")
    await tom.say("Mumbay")
    assert "Mumbai" in tom.texts[-1]
    assert "8:30" in tom.texts[-1], "the time there is said back"
    await tom.tap(0)
    await tom.tap(label="‹ Back")
    await tom.say("qqqqqqqq")
    assert "don’t know that place" in tom.texts[-1]
    await tom.say("Lisbon")
    await tom.tap(0)
    await tom.tap(label="Choose the hour")
    await tom.say("half past nonsense")
    assert "couldn’t read" in tom.texts[-1]
    await tom.say("8:15 pm")
    await tom.tap(0)
    assert "8:15" in tom.texts[-1]


async def test_a_shared_location_is_read_for_its_zone_and_never_kept(world: World) -> None:
    tom = await world.person("Tom", ready=False)
    await tom.say("/start")
    await tom.tap(0)
    await tom.say(location=True)
    assert "Is that right?" in tom.texts[-1]


async def test_nothing_works_before_set_up_but_every_word_leads_on(world: World) -> None:
    tom = await world.person("Tom", ready=False)
    for words in ("/log", "hello?", "/journal", "/pair"):
        await tom.say(words)
        assert "Which language" in tom.texts[-1]
    await tom.say("/privacy")
    assert "end-to-end" in tom.texts[-1]


async def test_a_page_read_before_set_up_leads_back_to_its_question(world: World) -> None:
    """Not on to the pace, past the place: nobody lives in UTC."""
    tom = await world.person("Tom", ready=False)
    await tom.say("/start")
    await tom.say("/privacy")
    await tom.tap(0)
    assert "Which language" in tom.texts[-1]
    for past in ("paces", "pace:evening", "hours", "hour:1260", "agree"):
        await world.telegram.tap(tom.person, tom.last, data=past).answered()
        await world.settle()
        assert "Which language" in tom.texts[-1]


async def test_trouble_is_told_in_the_language_that_was_chosen(world: World) -> None:
    """Tom's phone is English; he reads Hindi here."""
    tom = await world.person("Tom")
    await tom.say("/settings")
    await world.telegram.tap(tom.person, tom.last, data="lang:hi-IN").answered()
    await world.settle()
    answer = await world.telegram.tap(tom.person, tom.last, data="done:x").answered()
    assert answer is not None
    assert answer["text"] == "यह पूरा हो चुका।"
    assert world.app is not None
    world.app.intake.burst = 1
    for _ in range(4):
        world.telegram.say(tom.person, "/help")
    await world.settle()
    assert any("लिखा हुआ रख रहा हूँ" in text for text in tom.texts)


# --- prompts and answers ---


async def test_plain_words_answer_the_latest_prompt_and_stay_private(world: World) -> None:
    asha, tom = await couple(world)
    await world.until(NY, time(21, 0))
    assert has_prompt(asha)
    before = len(tom.inbox)
    await asha.say("made tea before I asked")
    assert "Kept" in asha.texts[-1]
    await world.turn(hours=12)
    assert all("made tea" not in text for text in tom.texts)
    assert len(tom.inbox) == before


async def test_done_in_person_can_be_undone(world: World) -> None:
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    await asha.tap(0, 0)
    assert "in person" in asha.texts[-1]
    await asha.tap(label="Undo")
    assert has_prompt(asha)


async def test_later_brings_it_back_and_leaves_tomorrow_alone(world: World) -> None:
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    first = asha.texts[-1]
    await asha.tap(label="Later")
    await asha.tap(label="In an hour")
    assert "It’ll keep. It comes back at 10:01\u00a0PM." in asha.texts[-1]
    await world.turn(minutes=61)
    assert asha.texts[-1] == first
    await asha.tap(label="Not today")
    assert "Set aside" in asha.texts[-1]
    before = len(asha.inbox)
    await world.until(NY, time(21, 0))
    assert len(asha.inbox) == before + 1


async def test_an_answer_can_still_come_within_seven_days(world: World) -> None:
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    prompt = asha.last
    await world.turn(days=6)
    await asha.say("late but here", reply_to=prompt)
    assert "Kept" in asha.texts[-1]


@pytest.mark.parametrize("kind", ["voice", "audio", "photo", "sticker", "video_note"])
async def test_voice_photo_and_sticker_are_answers_and_reach_the_other(world: World, kind: str) -> None:
    asha, tom = await couple(world)
    await world.until(NY, time(21, 0))
    await asha.say(None, reply_to=None, **{kind: True})
    assert "Kept" in asha.texts[-1]
    await asha.tap(0)
    await world.until(NY, time(9, 0))
    assert any("Something was shared" in text for text in tom.texts)
    assert sum(kind in message for message in tom.inbox) == 1, "the file itself, as what it is"


async def test_a_reaction_counts_as_noticed(world: World) -> None:
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    world.telegram.react(asha.person, asha.last, "❤")
    await world.settle()
    assert "Kept as noticed" in asha.texts[-1]


async def test_an_edited_answer_changes_what_is_kept(world: World) -> None:
    asha, tom = await couple(world)
    await world.until(NY, time(21, 0))
    said = await asha.say("she made tae")
    world.telegram.edit(asha.person, said, "she made tea")
    await world.settle()
    assert "Changed" in asha.texts[-1]
    await asha.tap(0)
    await world.turn(hours=12)
    assert any("she made tea" in text for text in tom.texts)
    assert not any("tae" in text for text in tom.texts)


async def test_what_cannot_be_kept_gets_a_helpful_sentence(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say(contact=True)
    assert "never keep anyone’s contact details" in asha.texts[-1]
    await asha.say(dice=True)
    assert "can’t keep that kind" in asha.texts[-1]
    await asha.say("\u200b\u2800")
    assert "nothing in it to keep" in asha.texts[-1]


async def test_a_very_long_answer_says_that_its_beginning_is_kept(world: World) -> None:
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    await asha.say("tea " * 1000)
    assert "Kept" in asha.texts[-1]
    assert "I kept the beginning" in asha.texts[-1]


async def test_words_that_fit_nothing_get_a_question(world: World) -> None:
    asha, _ = await couple(world)
    await asha.tap(0, 0, on=next(m for m in asha.inbox if "first prompt" in m.get("text", "")))
    await asha.say("he waited for me in the rain")
    assert "Should I keep this?" in asha.texts[-1]
    await asha.tap(0)
    assert "Kept" in asha.texts[-1]
    await asha.say("/journal")
    assert "waited for me" in asha.texts[-1]


# --- sharing ---


async def test_a_share_comes_once_can_be_thanked_and_answered_once(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("you fixed the gate")
    await asha.tap(0)
    await world.beat()
    assert sum("you fixed the gate" in text for text in tom.texts) == 1
    shared = tom.last
    await tom.tap(0, 1, on=shared)
    await tom.tap(0, 1, on=shared)
    await world.beat()
    assert sum("says thank you" in text for text in asha.texts) == 1
    await tom.tap(label="Answer once", on=shared)
    await tom.say("any time")
    await world.beat()
    assert "any time" in asha.texts[-1]
    assert "Answer once" not in str(asha.last["reply_markup"]), "it never becomes a chat"


async def test_a_share_can_be_taken_back_before_it_has_arrived(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("said too soon")
    await asha.tap(0)
    await asha.tap(label="Take it back")
    assert "Taken back" in asha.texts[-1]
    await world.turn(hours=1)
    assert not any("said too soon" in text for text in tom.texts)
    await asha.tap(label="Share with \u2068Tom\u2069")
    await world.beat()
    assert sum("said too soon" in text for text in tom.texts) == 1, "after all"


async def test_a_share_can_be_taken_back_for_a_minute_even_after_it_arrived(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("oh no")
    await asha.tap(0)
    await world.beat()
    assert any("oh no" in text for text in tom.texts)
    await asha.tap(label="Take it back")
    assert "it may have been read" in asha.texts[-1]
    await world.beat()
    assert not any("oh no" in text for text in tom.texts)
    assert any("has been taken back" in text for text in tom.texts)


async def test_check_ins_are_revealed_only_when_both_have_shared(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/checkin")
    await asha.say("tired, a walk would help")
    await asha.tap(0)
    await world.turn(minutes=5)
    assert not any("tired" in text for text in tom.texts)
    await tom.say("/checkin")
    await tom.say("fine, and you?")
    assert not any("tired" in text for text in tom.texts), "answered is not shared"
    await tom.tap(0)
    await world.beat()
    assert any("tired" in text for text in tom.texts)
    assert any("fine, and you?" in text for text in asha.texts)


async def test_both_sharing_their_check_in_in_the_same_second_still_reveals(both: World) -> None:
    asha, tom = await couple(both)
    for someone, words in ((asha, "tired"), (tom, "fine")):
        await someone.say("/checkin")
        await someone.say(words)
    queries = [both.telegram.tap(someone.person, someone.last, 0, 0) for someone in (asha, tom)]
    for query in queries:
        assert await query.answered() is not None
    await both.settle()
    await both.beat()
    assert sum("side by side" in text for text in asha.texts) == 1
    assert sum("side by side" in text for text in tom.texts) == 1


# --- reset ---


async def test_lets_reset_ready_gives_both_the_guide(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    assert "let’s reset" in tom.texts[-1]
    assert "Asha" not in tom.texts[-1].splitlines()[0]
    await tom.tap(0)
    assert "wait five seconds" in tom.texts[-1]
    await world.beat()
    assert "wait five seconds" in asha.texts[-1]
    await asha.tap(0)
    assert "Mended" in asha.texts[-1]
    assert await tom.tap(0) == "This one is closed already."


async def test_lets_reset_is_said_once_a_day(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/reset")
    await asha.tap(0)
    await asha.say("/reset")
    await asha.tap(0)
    assert "one between you already" in asha.texts[-1]
    await asha.tap(label="Let it rest")
    await asha.say("/reset")
    await asha.tap(0)
    assert "Once a day is enough" in asha.texts[-1]


async def test_time_is_given_and_comes_back_once_to_the_one_who_asked_for_it(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    await tom.tap(label="I need time")
    await world.beat()
    assert "is taking some time" in asha.texts[-1]
    for _ in range(80):
        await world.turn(minutes=30)
    assert sum("left something for later" in text for text in tom.texts) == 1
    assert not any("left something for later" in text for text in asha.texts)


async def test_rather_not_and_mute_are_told_to_nobody(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    before = list(asha.texts)
    await tom.tap(label="No more of these")
    await world.beat()
    assert asha.texts == before
    world.clock.advance(days=8)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    assert sum("says: let’s reset" in text for text in tom.texts) == 0, (
        "the first one was edited away, a second never came"
    )


# --- pace, pause, silence ---


async def test_a_pause_ends_by_itself_without_a_word(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/pause")
    await asha.tap(label="Three days")
    before = len(asha.inbox)
    for _ in range(2):
        await world.until(NY, time(21, 0))
    assert len(asha.inbox) == before
    await world.turn(days=1)
    for _ in range(2):
        await world.until(NY, time(21, 0))
    assert len(asha.inbox) > before
    assert has_prompt(asha)


async def test_after_three_unanswered_prompts_it_asks_once_and_then_rests(world: World) -> None:
    asha, tom = await couple(world)
    theirs = len(tom.inbox)
    await tom.say("/pause")
    await tom.tap(label="Until I say so")
    for _ in range(8):
        await world.until(NY, time(21, 0))
    assert sum("It has been quiet here" in text for text in asha.texts) == 1
    assert "It has been quiet here" in asha.texts[-1]
    assert len(tom.inbox) == theirs + 1, "nobody else is told"
    await asha.tap(label="Keep it as it is")
    await world.until(NY, time(21, 0))
    assert has_prompt(asha)


async def test_quiet_hours_defer_what_is_shared_and_never_drop_it(world: World) -> None:
    asha, tom = await couple(world)
    await world.until(NY, time(23, 0))
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("left the light on for you")
    await asha.tap(0)
    await world.turn(hours=3)
    assert not any("left the light" in text for text in tom.texts)
    await world.until(NY, time(8, 1))
    assert sum("left the light" in text for text in tom.texts) == 1


# --- settings ---


async def test_hour_language_and_place_can_be_changed_by_typing_or_tapping(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/settings")
    await asha.tap(label="Hour")
    await asha.say("19:30")
    assert "7:30" in asha.texts[-1]
    before = len(asha.inbox)
    await world.until(NY, time(19, 30))
    assert len(asha.inbox) == before + 1
    await asha.say("/settings")
    await asha.tap(label="Place")
    await asha.say("Sydney")
    assert await asha.tap(0) is not None
    await asha.say("/settings")
    assert "Sydney" in asha.texts[-1]
    await asha.tap(label="Language")
    await asha.tap(label="हिन्दी (भारत)")
    assert "सेटिंग" in asha.texts[-1]


async def test_moving_zone_never_brings_two_prompts_for_one_local_day(world: World) -> None:
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    prompts = sum(has_prompt_text(text) for text in asha.texts)
    for city in ("Los Angeles", "Honolulu"):
        await asha.say("/settings")
        await asha.tap(label="Place")
        await asha.say(city)
        await asha.tap(0)
        for _ in range(8):
            await world.turn(minutes=30)
    assert sum(has_prompt_text(text) for text in asha.texts) == prompts


def has_prompt_text(text: str) -> bool:
    return text.startswith(("A small moment", "Two quiet", "A moment to"))


async def test_own_prompts_join_at_most_once_a_week(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/settings")
    await asha.tap(label="My own prompts")
    await asha.say("Did we sit on the porch today?")
    for _ in range(7):
        await world.until(NY, time(21, 0))
        await asha.say("yes")
    assert sum("porch" in text and has_prompt_text(text) for text in asha.texts) == 1


# --- the week, the journal, leaving ---


async def test_the_week_quotes_what_was_shared_and_nothing_else(world: World) -> None:
    asha, tom = await couple(world)
    for words, shared in (("tea on the step", True), ("a secret worry", False)):
        await asha.say("/log")
        await asha.tap(0)
        await asha.say(words)
        if shared:
            await asha.tap(0)
            await world.beat()
    await tom.say("/week")
    assert "tea on the step" in tom.texts[-1]
    assert "secret" not in tom.texts[-1]
    assert "Nothing" not in tom.texts[-1]


async def test_an_empty_week_brings_nothing(world: World) -> None:
    asha, _ = await couple(world)
    for _ in range(2):
        await world.turn(hours=24)
        await asha.say("/help")
    await world.until(NY, time(19, 30), weekday=6)
    assert not any("A look at your week" in text for text in asha.texts)


async def test_the_journal_pages_finds_and_forgets(world: World) -> None:
    asha, _ = await couple(world)
    for n in range(7):
        await asha.say("/log")
        await asha.tap(0)
        await asha.say(f"entry number {n}")
    await asha.say("/journal")
    assert "entry number 6" in asha.texts[-1]
    assert "entry number 0" not in asha.texts[-1]
    await asha.tap(label="Older")
    assert "entry number 0" in asha.texts[-1]
    await asha.tap(label="Find a word")
    await asha.say("NUMBER 3")
    assert "entry number 3" in asha.texts[-1]
    assert "entry number 4" not in asha.texts[-1]


async def test_export_holds_own_words_and_what_was_shared_but_nothing_unshared(world: World) -> None:
    asha, tom = await couple(world)
    for someone, words, shared in (
        (asha, "mine alone", False),
        (tom, "tom unshared", False),
        (tom, "tom shared", True),
    ):
        await someone.say("/log")
        await someone.tap(0)
        await someone.say(words)
        if shared:
            await someone.tap(0)
            await world.beat()
    await asha.say("/export")
    files = [message["document"]["file_id"] for message in asha.inbox if "document" in message]
    assert len(files) == 2
    for file_id in files:
        body = world.telegram.files.find(file_id).body.decode()  # type: ignore[union-attr]
        assert "mine alone" in body
        assert "tom shared" in body
        assert "tom unshared" not in body


async def test_forget_deletes_everything_and_start_begins_anew(both: World) -> None:
    asha, tom = await couple(both)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("soon forgotten")
    await asha.say("/forget")
    await asha.tap(label="Yes, delete everything")
    assert "records about you are deleted" in asha.texts[-1]
    assert "Words of yours: 1" in asha.texts[-1]
    await tom.say("/help")
    assert any("shared spaces is closed" in text for text in tom.texts)
    await asha.say("/start")
    assert "Which language" in asha.texts[-1]


async def test_a_block_stops_everything_and_start_brings_it_back(world: World) -> None:
    asha, tom = await couple(world)
    world.telegram.block(asha.person)
    await world.settle()
    before, theirs = len(asha.inbox), len(tom.inbox)
    await tom.say("/log")
    await tom.tap(0)
    await tom.say("for you, when you are back")
    await tom.tap(0)
    for _ in range(2):
        await world.turn(hours=12)
    assert len(asha.inbox) == before
    assert not any("block" in text.lower() for text in tom.texts[theirs:])
    await asha.say("/start")
    assert "Here I am" in asha.texts[-1]
    await world.until(NY, time(21, 0))
    assert has_prompt(asha)


# --- buttons, always ---


async def test_an_old_button_and_a_forged_one_get_a_kind_answer(world: World) -> None:
    asha, tom = await couple(world)
    await world.until(NY, time(21, 0))
    prompt = asha.last
    await world.turn(days=30)
    assert await asha.tap(0, 0, on=prompt) == "This one is finished."
    for data in ("done:999999", "share:abc", "nonsense", "zone:Mars/Olympus", "accept:1:2:3", "left:99"):
        query = world.telegram.tap(tom.person, tom.last, data=data)
        assert await query.answered() is not None
        await world.settle()


async def test_danger_words_bring_one_soft_line_to_the_writer_only(world: World) -> None:
    asha, tom = await couple(world)
    theirs = list(tom.texts)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("he hits me and I am scared of him")
    assert "there are people who listen" in asha.texts[-1]
    await asha.tap(0)
    assert "1-800-799-7233" in asha.texts[-1]
    assert asha.texts[-1].index("911") < asha.texts[-1].index("1-800")
    await world.turn(hours=13)
    assert tom.texts[: len(theirs)] == theirs
    assert all("hits" not in text for text in tom.texts)


async def test_the_menu_and_descriptions_are_told_in_every_language(world: World) -> None:
    for language, word in (("hi", "हफ़्ता"), ("ar", "الأسبوع"), ("fr", "semaine"), ("en", "week")):
        someone = await world.person("Somebody", language=language, ready=False)
        commands = world.telegram.commands_for(someone.person)
        assert len(commands) == 11
        assert any(word in command["description"] for command in commands)


async def test_nobody_waits_for_a_first_prompt_longer_than_a_day() -> None:
    """The paces cover each week: no pace leaves more than two days between prompts."""
    from bot.domain.pacing import WEEKDAYS

    for days in WEEKDAYS.values():
        bits = 0
        for mask in days.values():
            bits |= mask
        gaps = [day for day in range(14) if bits >> (day % 7) & 1]
        assert max(b - a for a, b in pairwise(gaps)) <= timedelta(days=3).days


async def test_tonight_comes_back_to_both_at_their_own_evening(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    await tom.tap(label="Tonight")
    await world.beat()
    assert "tonight" in asha.texts[-1]
    await world.until(NY, time(20, 0))
    for someone in (asha, tom):
        assert sum("left something for later" in text for text in someone.texts) == 1


async def test_discreet_messages_show_nothing_but_the_bots_name_first(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/settings")
    await asha.tap(label="Discreet alerts")
    await asha.tap(label="Discreet")
    await world.until(NY, time(21, 0))
    assert asha.texts[-1].splitlines()[0] == "Recipro"


async def test_the_longest_words_are_kept_shared_and_paged_within_telegrams_limits(world: World) -> None:
    asha, tom = await couple(world)
    for sign in ("क्षि", "👨‍👩‍👧‍👦", "<&>", "x" * 40 + " "):
        await asha.say("/log")
        await asha.tap(0)
        await asha.say((sign * 4096)[:2000])
        await asha.tap(0)
        await world.beat()
    assert sum("noticed something" in text for text in tom.texts) == 4
    await asha.say("/journal")
    for _ in range(3):
        await asha.tap(label="Older")


async def test_hostile_names_and_words_arrive_as_they_were_written(world: World) -> None:
    asha = await world.person("<b>Asha</b> \u202eahsA", ready=False)
    await asha.set_up()
    tom = await world.person("\u2800", ready=False)
    await tom.set_up()
    await world.pair(asha, tom)
    assert any("your person" in text for text in asha.texts), "a name that cannot be seen is stood in for"
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("<i>1 < 2 & 3</i> \u202etxet")
    await asha.tap(0)
    await world.beat()
    assert "<i>1 < 2 & 3</i> txet" in tom.texts[-1]
    assert "<b>Asha</b>" in tom.texts[-1]


async def test_a_flood_from_one_person_is_slowed_for_them_alone_and_loses_nothing(world: World) -> None:
    asha, tom = await couple(world)
    assert world.app is not None
    world.app.intake.burst = 10
    for n in range(30):
        world.telegram.say(asha.person, f"flood {n}")
    await tom.say("/help")
    await world.settle()
    assert "Everything I can do" in tom.texts[-1]
    assert sum("answer more slowly" in text for text in asha.texts) == 1
    assert len(asha.inbox) < 40


async def test_every_prompt_and_message_from_another_begins_with_a_line_that_gives_nothing_away(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("saw you")
    await asha.tap(0)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    await tom.tap(0)
    await world.until(NY, time(21, 0))
    for text in [*tom.texts, *asha.texts]:
        first = text.splitlines()[0].lower()
        for word in ("asha", "tom", "saw you", "conflict", "reset", "help"):
            assert word not in first


async def test_typing_a_buttons_words_is_as_good_as_tapping_it(world: World) -> None:
    """From set-up to a reset without touching a button."""
    asha, tom = await world.person("Asha", ready=False), await world.person("Tom")
    await asha.say("/start")
    for words in ("english (united states)", "new york", "gentle: three a week", "I AGREE start"):
        await asha.say(words)
    assert has_prompt(asha)
    await asha.say("/pair")
    await asha.say("partners")
    await tom.open(asha.link())
    await tom.say("accept")
    assert "You are connected" in tom.texts[-1]
    await tom.say("note something")
    await tom.say("something i noticed")
    await tom.say("you sang")
    await tom.say("share with asha")
    await world.beat()
    assert any("you sang" in text for text in asha.texts)
    await asha.say("Thank you!")
    await world.beat()
    assert any("says thank you" in text for text in tom.texts)
    await world.until(NY, time(21, 0))
    await tom.say("not today")
    assert "Set aside" in tom.texts[-1]


async def test_on_this_day_brings_back_what_was_kept_a_week_ago(world: World) -> None:
    asha, _ = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("a week ago you sang")
    await world.turn(days=7)
    await asha.say("/journal")
    await asha.tap(label="On this day")
    assert "a week ago you sang" in asha.texts[-1]


async def test_double_taps_have_one_effect_and_both_are_answered(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("once is enough")
    queries = [world.telegram.tap(asha.person, asha.last, 0, 0) for _ in range(5)]
    for query in queries:
        assert await query.answered() is not None
    await world.settle()
    await world.beat()
    assert sum("once is enough" in text for text in tom.texts) == 1


async def test_a_line_written_in_a_reset_just_for_me_is_kept_for_oneself_alone(world: World) -> None:
    """It does not answer the prompt that still waits, and there is nobody to share it with."""
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    await asha.say("/reset")
    await asha.tap(label="Just for me")
    await asha.say("it was the tone, not the words")
    assert "Kept" in asha.texts[-1]
    assert "Share" not in str(asha.last["reply_markup"])
    await asha.say("and this answers the prompt")
    assert "Share with" in str(asha.last["reply_markup"])
