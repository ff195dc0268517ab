"""Where a beat looks: at zones in which somebody may be due or has just chosen an hour, and at all of them every five minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event

from bot.delivery import pulse as beating
from bot.domain import clock
from bot.domain.pacing import Rhythm
from bot.domain.prompts import Kind
from bot.storage import outlook, people, rhythms
from bot.storage.columns import Seal
from bot.storage.schema import zone_cursor
from bot.storage.store import Store, open_store
from tests.delivery.test_beats import (
    EVERY_DAY,
    TEN_YEARS,
    ZONES,
    Hand,
    coming,
    just_before_a_change,
    move_in,
    pulse_of,
    raised,
)
from tests.faults.test_storms import somebody
from tests.world import KEY

NOON = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)


def choose(number: int, zone: str, minute: int, now: datetime, db: Connection) -> int:
    """Somebody new, whose prompt comes every day at *minute* in *zone*."""
    who = people.arrive(db, replace(somebody(number, now), zone=zone))
    rhythms.put(db, who.id, None, [Rhythm(Kind.CHECKIN, minute, EVERY_DAY)], zone=zone, now=now)
    return who.id


def choose_ahead(number: int, zone: str, minutes: int, now: datetime, db: Connection) -> int:
    """Somebody new, whose prompt comes in so many minutes, and every day."""
    return choose(number, zone, (clock.high_minute(now, zone) + minutes) % clock.DAY, now, db)


def who_and_when(db: Connection) -> list[tuple[int, datetime]]:
    """Whose prompt was raised, and for when."""
    return [(row.person_id, row.due_at) for row in coming(db)]


def cursors(db: Connection) -> dict[str, int]:
    """How far each zone has been served."""
    return {cursor.zone: cursor.reached for cursor, _ in rhythms.take_cursors(db)}


@contextmanager
def listening(engine: Engine) -> Iterator[list[str]]:
    """What is asked of the database, but for how a transaction begins."""
    asked: list[str] = []

    def hear(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", hear)
    yield asked
    event.remove(engine, "before_cursor_execute", hear)


def looks(asked: list[str]) -> list[bool]:
    """Of looks at zones in what was asked, whether each was at all of them."""
    return ["zone_cursor.zone IN" not in each for each in asked if "AS ahead" in each]


async def test_while_somebody_is_due_nobody_else_is_looked_at_or_moved_for_five_minutes(store: Store) -> None:
    """Somebody in Dubai is due in every minute, nobody in thirty other zones is; nobody is missed when all are moved at once."""
    hand = Hand(NOON)
    idle = [zone for zone in ZONES if zone != "Asia/Dubai"][:30]

    def fill(db: Connection) -> None:
        for number in range(12):
            choose_ahead(number + 1, "Asia/Dubai", number + 1, NOON, db)
        for number, zone in enumerate(idle):
            choose_ahead(number + 100, zone, 11, NOON, db)

    await store.write(fill)
    pulse = pulse_of(store, hand)
    lags: list[int] = []
    at_all: list[bool] = []
    for minute in range(1, 13):
        hand.now = NOON + timedelta(minutes=minute)
        with listening(store.engine) as asked:
            await pulse.raise_due()
        at_all += looks(asked)
        stand = await store.write(cursors)
        lag = {clock.high_minute(hand.now, zone) - stand[zone] for zone in idle}
        assert len(lag) == 1
        lags.extend(lag)
        assert stand["Asia/Dubai"] == clock.high_minute(hand.now, "Asia/Dubai")
    assert lags == [1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 0, 1]
    assert at_all == [True, True, False, False, True, False, False, False, False, True, True, True]
    assert len(await store.read(coming)) == 12 + len(idle)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns"])
async def test_while_nobody_is_due_a_beat_asks_one_question(store: Store, zone: str) -> None:
    hand = Hand(NOON)
    due = clock.high_minute(NOON, zone) + 12
    await store.write(lambda db: move_in(db, zone, due % clock.DAY, NOON))
    pulse = pulse_of(store, hand)
    await pulse.raise_due()
    looked: list[int] = []
    for minute in range(1, 17):
        hand.now = NOON + timedelta(minutes=minute)
        with listening(store.engine) as asked:
            await pulse.raise_due()
        if len(asked) > 1:
            looked.append(minute)
        else:
            (question,) = asked
            assert question.startswith("SELECT rhythm.id, rhythm.zone FROM rhythm WHERE rhythm.id > ")
    assert looked == [1, 6, 11, 12, 13, 16], (
        "the first again, for what was being put when it came, and after one was due"
    )
    assert list(await store.read(raised)) == [due // clock.DAY]
    assert await store.read(lambda db: outlook.behind(db, hand.now).minutes) == 0


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=4, unique=True),
    moment=TEN_YEARS,
    change=st.booleans(),
    chosen=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 3), st.integers(-8, 12)), min_size=1, max_size=8),
    restarts=st.sets(st.integers(1, 39), max_size=3),
    few=st.sampled_from([1, 2, 20]),
)
@example(["Canada/Atlantic"], datetime(2021, 1, 1, tzinfo=UTC), True, [(0, 0, 0), (16, 0, 0)], set(), 20)
async def test_an_hour_that_is_chosen_meanwhile_comes_on_time_and_none_that_is_over(
    sqlite_url: str,
    zones: list[str],
    moment: datetime,
    change: bool,
    chosen: list[tuple[int, int, int]],
    restarts: set[int],
    few: int,
) -> None:
    """People choose minutes a little before and after now, between the beats; two processes beat, and one is begun anew now and then."""
    start = (just_before_a_change(zones[0], moment) if change else moment).replace(second=5, microsecond=0)
    hand = Hand(start)
    whole = open_store(sqlite_url, seal=Seal([KEY]))
    try:
        await whole.write(
            lambda db: move_in(db, zones[0], (clock.high_minute(start, zones[0]) + 720) % clock.DAY, start)
        )
        for number, zone in enumerate(zones[1:]):
            await whole.write(partial(choose_ahead, number + 50, zone, 720, start))
        beats = [pulse_of(whole, hand), pulse_of(whole, hand)]
        owed: dict[int, datetime] = {}
        for minute in range(40):
            hand.now = start + timedelta(minutes=minute)
            if minute in restarts:
                beats[0] = pulse_of(whole, hand)
            with patch.object(beating, "FEW", few):
                await asyncio.gather(*(pulse.raise_due() for pulse in beats))
            found = {who: due for who, due in await whole.read(who_and_when) if due <= hand.now}
            assert found == {who: due for who, due in owed.items() if due <= hand.now}
            hand.now += timedelta(seconds=20)
            for number, (when, which, ahead) in enumerate(chosen):
                if when == minute:
                    zone = zones[which % len(zones)]
                    wall = clock.high_minute(hand.now, zone) + ahead
                    who = await whole.write(partial(choose, number + 100, zone, wall % clock.DAY, hand.now))
                    if ahead > 0:
                        owed[who] = clock.minute_to_utc(wall, zone)
    finally:
        await whole.close()


async def beaten(store: Store, hand: Hand, minutes: int) -> beating.Pulse:
    """A pulse that has beaten so often, in a world of three zones in which nobody is due for hours."""
    for number, zone in enumerate(("Asia/Dubai", "Asia/Kolkata", "America/Lima")):
        await store.write(partial(choose_ahead, number + 1, zone, 720, hand.now))
    pulse = pulse_of(store, hand)
    for _ in range(minutes):
        hand.now += timedelta(minutes=1)
        await pulse.raise_due()
    return pulse


async def test_an_hour_whose_row_comes_behind_newer_ones_comes_on_time(postgres_url: str) -> None:
    """Rows are numbered when they are written and come when they are committed: not in the same order.

    A beat that is repeated within its minute, because another process holds a cursor, is one beat.
    """
    store = open_store(postgres_url, seal=Seal([KEY]))
    try:
        hand = Hand(NOON)
        pulse = await beaten(store, hand, 2)
        with store.engine.connect() as slow:
            who = choose_ahead(100, "America/Lima", 3, hand.now, slow)
            await store.write(partial(choose_ahead, 101, "Asia/Kolkata", 600, hand.now))
            hand.now += timedelta(minutes=1)
            with store.engine.connect() as other:
                assert rhythms.take_cursors(other, ["Asia/Kolkata"])
                for _ in range(3):
                    await pulse.raise_due()
            slow.commit()
        for _ in range(2):
            assert await store.read(coming) == []
            hand.now += timedelta(minutes=1)
            await pulse.raise_due()
        assert await store.read(who_and_when) == [(who, hand.now.replace(second=0))]
    finally:
        await store.close()


async def test_a_beat_that_breaks_knows_nothing_any_more(store: Store) -> None:
    """Who has chosen was asked for by beats that could look at nobody: the next looks at all."""
    hand = Hand(NOON)
    pulse = await beaten(store, hand, 2)
    who = await store.write(partial(choose_ahead, 100, "America/Lima", 3, hand.now))

    def breaks(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "AS ahead" in statement:
            raise ZeroDivisionError

    event.listen(store.engine, "before_cursor_execute", breaks)
    for _ in range(2):
        hand.now += timedelta(minutes=1)
        with pytest.raises(ZeroDivisionError):
            await pulse.raise_due()
    event.remove(store.engine, "before_cursor_execute", breaks)
    hand.now += timedelta(minutes=1)
    await pulse.raise_due()
    assert await store.read(who_and_when) == [(who, hand.now.replace(second=0))]


@pytest.mark.parametrize("beats", [1, 2])
async def test_a_zone_that_another_process_holds_is_looked_at_again_in_the_same_minute(
    postgres_url: str, beats: int
) -> None:
    """Whether all zones are looked at then, or only this one."""
    store = open_store(postgres_url, seal=Seal([KEY]))
    try:
        hand = Hand(NOON)
        pulse = await beaten(store, hand, beats)
        who = await store.write(partial(choose_ahead, 100, "America/Lima", 1, hand.now))
        hand.now += timedelta(minutes=1)
        with store.engine.connect() as other:
            assert rhythms.take_cursors(other, ["America/Lima"])
            assert await pulse.raise_due() == 0
            assert await store.read(coming) == []
        with listening(store.engine) as asked:
            assert await pulse.raise_due() == 1
        assert looks(asked) == [beats == 1]
        assert await store.read(who_and_when) == [(who, hand.now.replace(second=0))]
    finally:
        await store.close()


async def test_a_zone_that_the_data_have_lost_is_not_looked_at_in_every_beat(store: Store) -> None:
    hand = Hand(NOON)
    await store.write(lambda db: db.execute(zone_cursor.insert().values(zone="Mars/Olympus", reached=1)).close())
    pulse = await beaten(store, hand, 2)
    hand.now += timedelta(minutes=1)
    with listening(store.engine) as asked:
        await pulse.raise_due()
    assert looks(asked) == []
