"""Inviting and being invited: the five refusals, undo, leaving, and who hears of what."""

from __future__ import annotations

from datetime import time

from sqlalchemy import select

from bot.storage.schema import delivery, gesture
from tests.world import World


async def code_of(someone) -> str:  # type: ignore[no-untyped-def]
    await someone.say("/pair")
    await someone.tap(0)
    return str(someone.link().rsplit("=", 1)[1])


async def test_each_of_the_five_refusals_says_what_is_wrong_and_what_next(world: World) -> None:
    asha, tom, zoe = [await world.person(name) for name in ("Asha", "Tom", "Zoe")]
    code = await code_of(asha)

    await tom.say("/start ABCDEFGH")
    assert "I don’t know this code" in tom.texts[-1]
    await asha.say(f"/start {code}")
    assert "your own code" in asha.texts[-1]
    await tom.say(f"/start {code}")
    await tom.tap(0)
    assert "You are connected" in tom.texts[-1]
    await zoe.say(f"/start {code}")
    assert "used already" in zoe.texts[-1]
    await tom.say(f"/start {await code_of(asha)}")
    assert "connected already" in tom.texts[-1]
    late = await code_of(asha)
    world.clock.advance(hours=49)
    await zoe.say(f"/start {late}")
    assert "expired" in zoe.texts[-1]


async def test_the_sixth_wrong_code_in_an_hour_waits(world: World) -> None:
    tom = await world.person("Tom")
    for _ in range(5):
        await tom.say("/start ABCDEFGH")
        assert "I don’t know" in tom.texts[-1]
    await tom.say("/start ABCDEFGH")
    assert "one try too many" in tom.texts[-1]
    asha = await world.person("Asha")
    code = await code_of(asha)
    await tom.say(f"/start {code}")
    assert "one try too many" in tom.texts[-1], "the right one has to wait too"
    world.clock.advance(minutes=61)
    await tom.say(f"/start {code}")
    assert "Asha" in tom.texts[-1]


async def test_a_cancelled_code_is_unknown(world: World) -> None:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    code = await code_of(asha)
    await asha.tap(label="Cancel this invitation")
    await tom.say(f"/start {code}")
    assert "I don’t know this code" in tom.texts[-1]


async def test_a_typed_code_works_like_a_link(world: World) -> None:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    code = await code_of(asha)
    await tom.say(f"{code[:4]} {code[4:]}")
    assert "Asha" in tom.texts[-1]


async def test_the_inviter_can_undo_and_the_other_finds_one_neutral_line_later(world: World) -> None:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    await world.pair(asha, tom)
    before = len(tom.inbox)
    await asha.tap(label="That’s not who I meant")
    await world.turn(hours=2)
    assert len(tom.inbox) == before, "nobody is told at that moment"
    await tom.say("/help")
    assert sum("shared spaces is closed" in text for text in tom.texts) == 1
    await tom.say("/help")
    assert sum("shared spaces is closed" in text for text in tom.texts) == 1


async def test_whoever_was_left_cannot_come_back_uninvited(world: World) -> None:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    await world.pair(asha, tom)
    await asha.say("/unpair")
    await asha.tap(0)
    code = await code_of(tom)
    await asha.say(f"/start {code}")
    assert "I don’t know this code" in asha.texts[-1]
    await tom.say(f"/start {await code_of(asha)}")
    await tom.tap(0)
    assert any("You are connected" in text for text in tom.texts[-2:])


async def test_a_group_is_told_and_left(world: World) -> None:
    asha = await world.person("Asha")
    world.telegram.found_group("Family", asha.person)
    await world.settle()
    calls = [call.method for call in world.telegram.journal()]
    assert "leaveChat" in calls


async def test_somebody_in_several_pairs_is_asked_for_whom(world: World) -> None:
    asha, tom, zoe = [await world.person(name) for name in ("Asha", "Tom", "Zoe")]
    await world.pair(asha, tom)
    await world.pair(asha, zoe)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("brought soup")
    assert "Who is this for" in asha.texts[-1]
    await asha.tap(label="\u2068Zoe\u2069" if "\u2068" in str(asha.last) else "Zoe")
    await asha.tap(0)
    await world.beat()
    assert any("brought soup" in text for text in zoe.texts)
    assert not any("brought soup" in text for text in tom.texts)


async def test_check_in_and_week_ask_for_whom_where_it_is_unclear(world: World) -> None:
    asha, tom, zoe = [await world.person(name) for name in ("Asha", "Tom", "Zoe")]
    await world.pair(asha, tom)
    await world.pair(asha, zoe)
    await asha.say("/checkin")
    assert "Who is this for" in asha.texts[-1]
    await asha.tap(label="Zoe")
    assert "Zoe" in asha.texts[-1]
    await asha.say("tired")
    await asha.tap(0)
    await zoe.say("/checkin")
    await zoe.say("rested")
    await zoe.tap(0)
    await world.beat()
    assert any("tired" in text for text in zoe.texts)
    assert not any("tired" in text or "rested" in text for text in tom.texts)
    await asha.say("/week")
    await asha.tap(label="Tom")
    assert "rested" not in asha.texts[-1]
    await asha.say("/week")
    await asha.tap(label="Zoe")
    assert "rested" in asha.texts[-1]


async def test_a_button_of_an_ended_pair_gets_a_kind_answer(world: World) -> None:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    await world.pair(asha, tom)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("never shared")
    share = asha.last
    await asha.say("/reset")
    reset = asha.last
    await tom.say("/unpair")
    await tom.tap(0)
    for message in (share, reset):
        assert await asha.tap(0, on=message) == "This one is finished."
    await world.turn(hours=2)
    assert not any("never shared" in text or "let’s reset" in text for text in tom.texts)


async def test_the_answer_to_a_prompt_of_an_ended_pair_is_for_oneself(world: World) -> None:
    asha, tom = await world.person("Asha"), await world.person("Tom")
    await world.pair(asha, tom)
    for _ in range(2):  # on the first day there was a prompt already
        await world.until("UTC", time(21))
    prompt = asha.last
    await tom.say("/unpair")
    await tom.tap(0)
    await asha.say("the soup", reply_to=prompt)
    assert "Share" not in str(asha.last["reply_markup"])
    assert world.app is not None
    both = select(gesture.c.pair_id, delivery.c.pair_id.label("asked")).join_from(
        gesture, delivery, delivery.c.id == gesture.c.delivery_id
    )
    (row,) = await world.app.store.read(lambda db: db.execute(both).all())
    assert row.asked is not None
    assert row.pair_id is None, "it is in no picture of the two"
    await asha.say("/journal")
    assert "the soup" in asha.texts[-1]
