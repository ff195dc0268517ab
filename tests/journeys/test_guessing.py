"""Invitations under attack: codes guessed by the million, wrong tries without end, fifty people and one code."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection, func, select

from bot.chat.pair import EVERYBODYS_TRIES
from bot.domain.pairing import ALPHABET, CODE_LENGTH, WRONG_TRIES, new_code
from bot.domain.people import Tie
from bot.storage import pairs, people, schema
from bot.storage.columns import seal
from tests.journeys.test_pairing import code_of
from tests.storage.test_store import somebody
from tests.world import World

WRONG, TOO_MANY = "I don’t know this code", "one try too many"


def many_codes(count: int) -> Iterator[str]:
    """Codes by the bot's own generator; its random bytes are drawn at once, or a million would take a quarter of a minute."""
    drawn = iter(secrets.token_bytes(count * CODE_LENGTH))
    for _ in range(count):
        yield new_code(lambda signs: signs[next(drawn) % len(signs)])  # 256 is a multiple of 32: each is as likely


async def test_a_million_guesses_at_a_thousand_open_invitations_hit_nothing(world: World) -> None:
    """Looked up as redeeming does, by keyed hash, among what the database holds.

    A code has 32**8 values, 40 bits. Chance expects 1,000,000 × 1,000 / 2**40 = 0.0009 hits, so two come once in two million
    runs of this test. Among a million codes it expects 1,000,000² / 2 / 2**40 = 0.45 pairs of equal ones, so seven or more
    come once in two million runs too; with 36 bits seven would be expected.
    """
    assert len(set(ALPHABET)) ** CODE_LENGTH == 2**40
    assert inspect.signature(new_code).parameters["choose"].default is secrets.choice
    assert world.app is not None
    store, now = world.app.store, world.clock.now()
    codes = [new_code() for _ in range(1000)]

    def offer(db: Connection) -> None:
        for n in range(100):
            inviter = people.arrive(db, somebody(1000 + n))
            for code in codes[n * 10 : n * 10 + 10]:
                pairs.offer(db, inviter.id, Tie.FRIEND, code, now=now)

    await store.write(offer)
    stored = set(await store.read(lambda db: db.execute(select(schema.invite.c.code_hash)).scalars().all()))
    keyed = seal().keyed
    assert len(stored) == 1000
    assert all(keyed(code) in stored for code in codes), "the right codes are found in this way"
    assert store.read_now(lambda db: pairs.invite_of(db, codes[0])) is not None

    guesses = [keyed(code) for code in many_codes(1_000_000)]

    assert sum(guess in stored for guess in guesses) <= 1
    assert len(guesses) - len(set(guesses)) <= 6


async def test_whoever_guesses_all_day_has_five_tries_in_any_hour(world: World) -> None:
    tom = await world.person("Tom")
    looked_up = []
    for _ in range(24 * 60 // 7):
        await tom.say("/start ABCDEFGH")
        assert (WRONG in tom.texts[-1]) != (TOO_MANY in tom.texts[-1])
        if WRONG in tom.texts[-1]:
            looked_up.append(world.clock.now())
        world.clock.advance(minutes=7)
    sixth = zip(looked_up, looked_up[WRONG_TRIES:], strict=False)
    assert all((later - first).total_seconds() >= 3600 for first, later in sixth)
    assert len(looked_up) >= 100, "and waiting is enough to try again"


async def test_forgetting_oneself_gives_no_new_tries(both: World) -> None:
    """Five wrong codes, /forget, and back as somebody new: the hour goes on."""
    asha, tom = await both.person("Asha"), await both.person("Tom", ready=False)
    code = await code_of(asha)
    for _ in range(2):
        for _ in range(WRONG_TRIES):
            await tom.say("/start ABCDEFGH")
        await tom.say("/forget")
        await tom.tap(label="Yes, delete everything")
    await tom.say(f"/start {code}")
    assert any(TOO_MANY in text for text in tom.texts[-2:])
    assert both.app is not None
    tried = await both.app.store.read(
        lambda db: pairs.wrong_codes_since(db, None, both.clock.now() - timedelta(hours=1))
    )
    assert tried == WRONG_TRIES


async def test_above_everybodys_ceiling_one_wrong_code_is_enough_to_wait(both: World) -> None:
    """Whoever has a right code is not kept from it by others' guessing; whoever guesses, with however many accounts, is."""
    asha, tom, zoe = [await both.person(name) for name in ("Asha", "Tom", "Zoe")]
    code = await code_of(asha)
    assert both.app is not None
    now = both.clock.now()

    def others_tries(db: Connection) -> None:
        for n in range((EVERYBODYS_TRIES - 1) // WRONG_TRIES + 1):
            stranger = people.arrive(db, somebody(1000 + n))
            for _ in range(min(WRONG_TRIES, EVERYBODYS_TRIES - 1 - n * WRONG_TRIES)):
                pairs.wrong_code_tried(db, stranger.id, now=now)

    await both.app.store.write(others_tries)
    await tom.say("/start ABCDEFGH")
    assert WRONG in tom.texts[-1], "the last one below the ceiling"
    await tom.say(f"/start {code}")
    assert TOO_MANY in tom.texts[-1]
    noor = await both.person("Noor")
    await noor.say("/start ABCDEFGH")
    assert WRONG in noor.texts[-1]
    await noor.say("/start HGFEDCBA")
    assert TOO_MANY in noor.texts[-1]
    await zoe.say(f"/start {code}")
    assert "Asha" in zoe.texts[-1]
    both.clock.advance(minutes=61)
    await tom.say(f"/start {code}")
    assert "Asha" in tom.texts[-1]


async def test_fifty_people_accept_one_code_at_the_same_instant(both: World) -> None:
    """One is connected; the others are told so kindly, and nothing of them is left half done."""
    asha = await both.person("Asha")
    guests = [await both.person(f"Guest {n}") for n in range(50)]
    code = await code_of(asha)
    for guest in guests:
        await guest.say(f"/start {code}")
        assert "Asha" in guest.texts[-1]

    taps = [both.telegram.tap(guest.person, guest.last, 0) for guest in guests]
    answers = await asyncio.gather(*(tap.answered() for tap in taps))
    await both.beat()

    assert None not in answers
    assert sum("You are connected" in guest.texts[-1] for guest in guests) == 1
    assert sum("This code has been used already; each works once." in guest.texts[-1] for guest in guests) == 49
    assert asha.count(lambda text: "Your invitation was accepted" in text) == 1
    assert both.app is not None
    with both.app.store.engine.connect() as db:
        members = db.execute(select(schema.member.c.pair_id, schema.member.c.inviter)).all()
        spent = db.execute(select(schema.invite.c.used_by).where(schema.invite.c.used_at.is_not(None))).scalars().all()
        rhythms = db.execute(select(func.count()).where(schema.rhythm.c.pair_id.is_not(None))).scalar_one()
    assert sorted(inviter for _, inviter in members) == [False, True]
    assert len({pair for pair, _ in members}) == len(spent) == 1
    assert rhythms > 0
    for guest in guests:
        connected = guest.texts[-1].startswith("You are connected")
        await guest.say("/unpair")
        assert ("You are not connected with anyone" in guest.texts[-1]) != connected
