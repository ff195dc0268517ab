"""Somebody who pries: with the buttons they have, and with made-up ones, which a changed client can send.

Tom shares, takes back, answers, leaves, deletes; what he is told must not tell of Asha's hours, pauses and settings, and
what he does must not press her. And the other way round: what one does about leaving does not show on the other's phone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import time
from pathlib import Path

import pytest

from bot.chat.routes import TAPS
from bot.domain import clock
from tests.world import Someone, World, words

NY = "America/New_York"


async def couple(world: World) -> tuple[Someone, Someone]:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    await world.pair(asha, tom)
    return asha, tom


async def share(someone: Someone, line: str) -> None:
    await someone.say("/log")
    await someone.tap(0)
    await someone.say(line)
    await someone.tap(0)


def labels(someone: Someone) -> list[str]:
    rows = someone.last.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows for button in row]


async def forged(world: World, someone: Someone, data: str) -> str | None:
    """Press a button that is not there."""
    query = world.telegram.tap(someone.person, someone.last, data=data)
    answer = await query.answered()
    assert answer is not None
    await world.settle()
    return answer.get("text")


# --- taking back ---


async def paused(world: World, asha: Someone) -> None:
    await asha.say("/pause")
    await asha.tap(label="A month")


async def awake(world: World, asha: Someone) -> None:
    """It arrives at once."""


async def told_after_taking_back(folder: Path, how: Callable[[World, Someone], Awaitable[None]], late: float) -> str:
    """All that Tom is told after he shares something and takes it back so many seconds later."""
    async with World(f"sqlite:///{folder / 'recipro.db'}") as world:
        asha, tom = await couple(world)
        await how(world, asha)
        await share(tom, "a line of his")
        await world.beat()
        arrived = any("a line of his" in text for text in asha.texts)
        assert arrived == (how is awake)
        world.clock.advance(seconds=late)
        began = len(tom.texts)
        shared = tom.last
        await tom.tap(label="Take it back", on=shared)
        await world.beat()
        assert any("a line of his" in text for text in asha.texts) == (arrived and late > 60)
        await tom.say("/journal")
        await tom.say("/week")
        await tom.say("/export")
        files = [
            world.telegram.files.find(message["document"]["file_id"]) for message in tom.inbox if "document" in message
        ]
        await tom.tap(label="Forget this") if "Forget this" in labels(tom) else None
        said = [words(message) for message in tom.inbox if message["message_id"] >= shared["message_id"]]
        return "\n".join([*said, *tom.texts[began:], *(file.body.decode() for file in files if file is not None)])


@pytest.mark.parametrize("late", [10, 3600])
async def test_taking_back_never_tells_whether_it_had_arrived(tmp_path: Path, late: float) -> None:
    folders = [tmp_path / name for name in ("awake", "paused")]
    for folder in folders:
        folder.mkdir()
    one, other = [await told_after_taking_back(f, how, late) for f, how in zip(folders, (awake, paused), strict=True)]
    assert one == other
    assert "a line of his" in one, "it is still in his own journal"


async def test_what_is_taken_back_goes_at_once_even_in_quiet_hours_and_with_its_file(world: World) -> None:
    asha, tom = await couple(world)
    await world.until(NY, time(22, 28))
    world.clock.set(world.clock.now().replace(second=50))
    await tom.say("/log")
    await tom.tap(0)
    await tom.say("soon gone", photo=True)
    await tom.tap(label="Share with \u2068Asha\u2069")
    await world.beat()
    assert "photo" in asha.last
    assert "soon gone" in asha.texts[-2]
    world.clock.advance(seconds=30)
    await tom.tap(label="Take it back")
    before = len(asha.inbox)
    await world.beat()
    assert len(asha.inbox) == before - 1, "the photo is gone, and nothing new has made a sound"
    assert "has been taken back" in asha.texts[-1]


async def test_what_is_taken_back_while_it_is_on_its_way_goes_from_where_it_arrives(world: World) -> None:
    asha, tom = await couple(world)
    await share(tom, "already flying")
    assert world.app is not None
    fault = world.telegram.faults.add("slow", seconds=0.5, methods=["sendMessage"], chat_id=asha.person.id, times=1)
    beat = asyncio.create_task(world.app.pulse.beat())
    async with asyncio.timeout(10):
        while not fault.struck:
            await asyncio.sleep(0.005)
    await tom.tap(label="Take it back")
    assert not beat.done(), "it is still on its way"
    await beat
    await world.beat()
    assert not any("already flying" in text for text in asha.texts)
    assert "has been taken back" in asha.texts[-1]


async def test_what_is_shared_again_comes_back_in_its_place_without_a_sound(world: World) -> None:
    asha, tom = await couple(world)
    await share(tom, "to and fro")
    await world.beat()
    count = len(asha.inbox)
    for _ in range(3):
        await tom.tap(label="Take it back")
        await world.beat()
        assert not any("to and fro" in text for text in asha.texts)
        await tom.tap(label="Share with \u2068Asha\u2069")
        await world.beat()
        assert sum("to and fro" in text for text in asha.texts) == 1
    assert len(asha.inbox) == count


async def test_an_edit_after_sharing_changes_nothing_and_tells_nothing(world: World) -> None:
    asha, tom = await couple(world)
    await tom.say("/log")
    await tom.tap(0)
    said = await tom.say("first version")
    await tom.tap(0)
    world.telegram.edit(tom.person, said, "second version")
    await world.settle()
    assert "stays as you wrote it first" in tom.texts[-1]
    await world.beat()
    assert any("first version" in text for text in asha.texts)
    world.telegram.edit(tom.person, said, "third version")
    await world.settle()
    assert "stays as you wrote it first" in tom.texts[-1]


async def test_forgetting_something_that_has_arrived_leaves_it_with_the_other(world: World) -> None:
    asha, tom = await couple(world)
    await tom.say("/log")
    await tom.tap(0)
    await tom.say("yours now")
    number = tom.last["reply_markup"]["inline_keyboard"][0][0]["callback_data"].partition(":")[2]
    await tom.tap(0)
    await world.beat()
    await asha.tap(label="Answer once")
    await asha.say("and this is mine")
    await forged(world, tom, f"drop:{number}")
    assert "If it had arrived there already, it stays there" in tom.texts[-1]
    await tom.say("/journal")
    assert "yours now" not in tom.texts[-1]
    await asha.say("/week")
    assert "yours now" in asha.texts[-1]
    await asha.say("/journal")
    assert "and this is mine" in asha.texts[-1]


# --- pressing ---


async def test_one_answer_back_and_no_more(world: World) -> None:
    asha, tom = await couple(world)
    await share(tom, "you sang")
    await world.beat()
    shared = asha.last
    await asha.say("the first answer", reply_to=shared)
    await asha.say("the second answer", reply_to=shared)
    assert "one answer has gone already" in asha.texts[-1]
    assert await asha.tap(label="Answer once", on=shared) == "This one is finished."
    await world.turn(hours=1)
    assert sum("the first answer" in text for text in tom.texts) == 1
    assert not any("the second answer" in text for text in tom.texts)


async def test_an_answer_can_be_taken_back_like_anything_shared(world: World) -> None:
    asha, tom = await couple(world)
    await share(tom, "you sang")
    await world.beat()
    await asha.say("not like this", reply_to=asha.last)
    await asha.tap(label="Take it back")
    await world.turn(hours=1)
    assert not any("not like this" in text for text in tom.texts)
    await asha.say("but like this", reply_to=next(m for m in asha.inbox if "you sang" in words(m)))
    await world.turn(hours=1)
    assert sum("but like this" in text for text in tom.texts) == 1


@pytest.mark.parametrize("verb", ["ready", "tonight", "time"])
async def test_whoever_says_lets_reset_cannot_answer_it_in_the_others_place(world: World, verb: str) -> None:
    asha, tom = await couple(world)
    await tom.say("/reset")
    await tom.tap(0)
    await world.beat()
    called = asha.last
    number = called["reply_markup"]["inline_keyboard"][0][0]["callback_data"].partition(":")[2]
    before = len(asha.inbox)
    assert await forged(world, tom, f"{verb}:{number}") == "This one is closed already."
    await world.turn(hours=1)
    assert len(asha.inbox) == before
    await asha.tap(label="I need time", on=called)
    await world.beat()
    assert await forged(world, tom, f"ready:{number}") == "This one is closed already."


async def test_a_made_up_button_does_not_tell_that_something_is_on_its_way(world: World) -> None:
    asha, tom = await couple(world)
    await world.until(NY, time(23, 0))
    await share(tom, "sleep well")
    for verb in ("heart", "thanks", "answer"):
        assert await forged(world, asha, f"{verb}:1") == "This one is finished."
    await world.until(NY, time(9, 0))
    assert await forged(world, asha, "heart:1") == "Passed on."


async def test_no_made_up_button_breaks_anything(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Every verb, without arguments, with too few, with somebody else's and with nonsense: answered, and nothing in the log."""
    _, tom = await couple(world)
    await share(tom, "a line of his")
    await world.beat()
    verbs = sorted(TAPS, key=lambda verb: verb in {"forgotten", "left"})
    for verb in verbs:
        for rest in ("", ":", ":x", ":1", ":1:x:x", f":{2**62}", f":resets:0:{'9' * 30}", ":shares:x:1"):
            query = world.telegram.tap(tom.person, tom.last, data=f"{verb}{rest}")
            assert await query.answered() is not None, query.data
    await world.settle()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_everything_that_comes_from_the_other_has_a_quiet_way_to_stop_it(world: World) -> None:
    asha, tom = await couple(world)
    stops = {"No more of these", "That’s not who I meant"}
    seen = []
    assert stops & set(labels(asha)), "your invitation was accepted"
    await share(tom, "you sang")
    await world.beat()
    seen.append(asha.last)
    await asha.tap(0)
    await world.beat()
    seen.append(tom.last)
    await asha.tap(label="Answer once", on=seen[0])
    await asha.say("so did you")
    await world.beat()
    seen.append(tom.last)
    for someone in (asha, tom):
        await someone.say("/checkin")
        await someone.say("fine")
        await someone.tap(0)
    await world.beat()
    seen += [asha.last, tom.last]
    await tom.say("/reset")
    await tom.tap(0)
    await world.beat()
    seen.append(asha.last)
    await asha.tap(label="Tonight")
    await world.beat()
    seen.append(tom.last)
    await world.until(NY, time(20, 0))
    seen += [asha.last, tom.last]
    await asha.tap(0)
    await world.beat()
    seen.append(tom.last)
    assert len({words(message) for message in seen}) >= 7
    for message in seen:
        rows = message["reply_markup"]["inline_keyboard"]
        assert stops & {button["text"] for row in rows for button in row}, words(message)


async def test_no_more_of_these_under_a_heart_mutes_and_settings_bring_it_back(world: World) -> None:
    asha, tom = await couple(world)
    await share(tom, "you sang")
    await world.beat()
    await asha.tap(0)
    await world.beat()
    await tom.tap(label="No more of these")
    await share(asha, "unheard")
    await world.turn(minutes=5)
    assert not any("unheard" in text for text in tom.texts)
    await tom.say("/settings")
    await tom.tap(label="What reaches me")
    await tom.tap(label="Bring back what \u2068Asha\u2069 shares")
    await share(asha, "heard again")
    await world.beat()
    assert any("heard again" in text for text in tom.texts)


async def test_what_reaches_me_is_chosen_one_by_one(world: World) -> None:
    """Stopping "let's reset" leaves shared words coming, and what stands on the button is what happens."""
    asha, tom = await couple(world)
    await tom.say("/settings")
    await tom.tap(label="What reaches me")
    await tom.tap(label="Stop “let’s reset” from \u2068Asha\u2069")
    await share(asha, "still heard")
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    assert any("still heard" in text for text in tom.texts)
    assert not any("says: let’s reset" in text for text in tom.texts)
    await asha.say("/reset")
    await asha.tap(0)
    await asha.tap(label="Let it rest")
    await tom.say("/settings")
    await tom.tap(label="What reaches me")
    await tom.tap(label="Bring back “let’s reset” from \u2068Asha\u2069")
    world.clock.advance(days=2)
    await asha.say("/reset")
    await asha.tap(0)
    await world.beat()
    assert any("says: let’s reset" in text for text in tom.texts)


# --- invitations ---


async def code_of(someone: Someone) -> str:
    await someone.say("/pair")
    await someone.tap(0)
    return str(someone.link().rsplit("=", 1)[1])


async def test_an_invitation_cannot_be_accepted_by_counting(world: World) -> None:
    """Without the code, its number is of no use, nor is the button of somebody else."""
    asha, tom, zoe = [await world.person(name) for name in ("Asha", "Tom", "Zoe")]
    code = await code_of(asha)
    await tom.open(code)
    button = tom.last["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    for data in ("accept:1", "accept:1:", "accept:1:AAAAAAAAAAAAAAAA", button, "accept:999:AAAAAAAAAAAAAAAA"):
        await forged(world, zoe, data)
        assert "I don’t know this code" in zoe.texts[-1]
    await forged(world, zoe, button)
    assert "one try too many" in zoe.texts[-1]
    await tom.tap(0)
    assert any("You are connected" in text for text in tom.texts)


async def test_an_ex_who_deletes_everything_and_comes_back_still_cannot_invite(world: World) -> None:
    asha, tom = await couple(world)
    await asha.say("/unpair")
    await asha.tap(0)
    await tom.say("/forget")
    await tom.tap(label="Yes, delete everything")
    await tom.set_up()
    await asha.say(f"/start {await code_of(tom)}")
    assert "I don’t know this code" in asha.texts[-1]
    await tom.say(f"/start {await code_of(asha)}")
    await tom.tap(label="Accept")
    assert any("You are connected" in text for text in tom.texts)
    await tom.say("/unpair")
    await tom.tap(0)
    await tom.say(f"/start {await code_of(asha)}")
    assert "I don’t know this code" in tom.texts[-1], "now it is he who has left"


@pytest.mark.parametrize("answer", ["Grateful", "Thankful", "Beautiful day", "walked 5k"])
async def test_a_word_of_eight_letters_is_an_answer_and_no_wrong_code(world: World, answer: str) -> None:
    asha, _ = await couple(world)
    await world.until(NY, time(21, 0))
    await asha.say(answer)
    assert "Kept" in asha.texts[-1]


# --- leaving ---

Deed = Callable[[World, Someone], Awaitable[None]]
Seen = list[tuple[int, str, list[list[str]]]]


async def stays(world: World, tom: Someone) -> None:
    """Nothing happens."""


async def leaves(world: World, tom: Someone) -> None:
    await tom.say("/unpair")
    await tom.tap(0)


async def deletes_everything(world: World, tom: Someone) -> None:
    await tom.say("/forget")
    await tom.tap(label="Yes, delete everything")


async def deletes_even_the_name(world: World, tom: Someone) -> None:
    await tom.say("/forget")
    await tom.tap(label="Yes, and my name too")


async def leaves_then_deletes_everything(world: World, tom: Someone) -> None:
    await leaves(world, tom)
    await deletes_everything(world, tom)


async def jump(world: World, at: time) -> None:
    """Turn the clock to half a minute after *at* on the wall, in one go."""
    due = clock.next_at(world.clock.now(), at.hour * 60 + at.minute, NY)
    await world.turn(seconds=(due - world.clock.now()).total_seconds() + 30)


async def seen_by_asha(folder: Path, deed: Deed) -> tuple[Seen, list[str]]:
    """A Friday to a Tuesday of Asha's phone, on which she does nothing after *deed*; and what she finds when she does."""
    async with World(f"sqlite:///{folder / 'recipro.db'}") as world:
        asha, tom = await world.person("Asha"), await world.person("Tom")
        await world.pair(asha, tom)
        await share(tom, "she carried the boxes")
        await world.beat()
        await asha.say("/reset")
        await asha.tap(0)
        await world.beat()
        await tom.tap(0)
        await world.beat()
        await asha.tap(label="We mended it")
        await share(tom, "never arrives unless he stays")
        for _ in range(5):
            await jump(world, time(20, 0))
            await asha.say("/help")
        before = len(asha.inbox)
        await deed(world, tom)
        for _ in range(4):
            for at in (time(9, 0), time(19, 0), time(21, 0), time(22, 0)):
                await jump(world, at)
        seen = [
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
        count = len(asha.inbox)
        await asha.say("/help")
        after = [words(message) for message in asha.inbox[count:]]
        for at in (time(19, 0), time(21, 0)):
            await jump(world, at)
        assert deed is stays or len(asha.inbox) == count + len(after), "after she knows, nothing comes by itself"
        return seen, after


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, list[str]]:
    return asyncio.run(seen_by_asha(tmp_path_factory.mktemp("undisturbed"), stays))


@pytest.mark.parametrize("deed", [leaves, deletes_everything, deletes_even_the_name, leaves_then_deletes_everything])
async def test_the_other_half_is_not_told_by_a_missing_prompt(
    tmp_path: Path, deed: Deed, undisturbed: tuple[Seen, list[str]]
) -> None:
    """Her prompts and her look at the week come as before, to the minute, until she does something herself."""
    expected, help_page = undisturbed
    assert sum(text.startswith("A look at your week") for _, text, _ in expected) == 1
    assert sum("With \u2068Tom\u2069 in mind" in text for _, text, _ in expected) >= 2
    if deed is deletes_even_the_name:
        expected = [(at, text.replace("Tom", "your person"), buttons) for at, text, buttons in expected]
    seen, told = await seen_by_asha(tmp_path, deed)
    assert seen == expected
    assert told[0].startswith("One of your shared spaces is closed now")
    assert told[1:] == help_page
