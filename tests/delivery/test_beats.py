"""The beat on a real database: each local day once, whatever the beats and the clocks do; zone data that change."""

from __future__ import annotations

import asyncio
import math
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, event, func, select, text, union_all, update

from bot.courier.courier import Courier
from bot.courier.throttle import Throttle
from bot.delivery.pulse import A_ZONE, CLAIM, Pulse
from bot.domain import clock
from bot.domain.clock import Slot
from bot.domain.pacing import LATE_LIMIT, Lane, Rhythm
from bot.domain.prompts import Kind
from bot.speech import library
from bot.storage import deliveries, people, rhythms, tallies
from bot.storage.columns import Seal
from bot.storage.schema import delivery, person, rhythm, zone_cursor
from bot.storage.schema import raised as queue
from bot.storage.store import Store, open_store
from tests.faults.test_storms import somebody
from tests.storage.test_raised import pair_of
from tests.world import KEY

ZONES = clock.common_zones()
TEN_YEARS = st.datetimes(datetime(2021, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EVERY_DAY = 127


class Hand:
    """The clock of a pulse, set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def pulse_of(store: Store, hand: Hand, *, rate: float = 1000) -> Pulse:
    """A pulse that only raises here; its courier has nobody to send to."""
    return Pulse(store, library.load(), Courier(None, Throttle(rate)), hand, rate)  # type: ignore[arg-type]


def slices_of(size: int) -> AbstractContextManager[Any]:
    """Meanwhile no more than *size* prompts are raised in one transaction, on either database."""
    return patch.dict(rhythms.SLICE, dict.fromkeys(rhythms.SLICE, size))


def move_in(db: Connection, zone: str, minute: int, now: datetime, *, count: int = 1) -> None:
    """*count* people whose prompt comes every day at *minute* in *zone*; nobody else lives here."""
    for table in (queue, delivery, rhythm, zone_cursor, person):
        db.execute(delete(table))
    for number in range(count):
        who = people.arrive(db, replace(somebody(number + 1, now), zone=zone))
        rhythms.put(db, who.id, None, [Rhythm(Kind.CHECKIN, minute, EVERY_DAY)], zone=zone, now=now)


def coming(db: Connection) -> list[Any]:
    """Every prompt that was raised, whether it has been taken up or not: (person_id, day, lane, due_at)."""
    waiting = select(queue.c.person_id, queue.c.day, queue.c.lane, queue.c.due_at)
    taken = select(delivery.c.person_id, delivery.c.about, delivery.c.lane, delivery.c.due_at)
    return list(db.execute(union_all(waiting, taken)))


def raised(db: Connection) -> dict[int, datetime]:
    """Local day and moment of what was raised for the one who lives here."""
    rows = coming(db)
    found = {row.day: row.due_at for row in rows}
    assert len(found) == len(rows), "two for one local day"
    return found


def near_a_change(zone: str, moment: datetime) -> datetime:
    """Half a day before the next clock change within a year, where there is one; else *moment*."""
    for day in range(366):
        at = moment + timedelta(days=day)
        if clock.wall_minute(at + timedelta(days=1), zone) - clock.wall_minute(at, zone) != clock.DAY:
            return at + timedelta(hours=12)
    return moment


def just_before_a_change(zone: str, moment: datetime) -> datetime:
    """A quarter of an hour before that clock change; else *moment*."""
    start = near_a_change(zone, moment)
    day = (start + timedelta(minutes=minute) for minute in range(-clock.DAY, clock.DAY))
    for at in day if start != moment else ():
        if clock.wall_minute(at + timedelta(minutes=1), zone) - clock.wall_minute(at, zone) != 1:
            return at - timedelta(minutes=15)
    return moment


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    zone=st.sampled_from(ZONES),
    moment=TEN_YEARS,
    change=st.booleans(),
    minute=st.integers(0, 1439),
    gaps=st.lists(st.integers(-120, 400) | st.sampled_from([0, 1, 1, 60, 1440, 3000]), min_size=1, max_size=14),
    claiming=st.booleans(),
)
async def test_any_beats_raise_each_local_day_once_never_early_and_never_too_late(
    sqlite_url: str, zone: str, moment: datetime, change: bool, minute: int, gaps: list[int], claiming: bool
) -> None:
    """Regular, late, repeated, concurrent, and with a system clock that jumps; more than LATE_LIMIT is downtime.

    Whether what was raised is claimed meanwhile or at the end.
    """
    start = near_a_change(zone, moment) if change else moment
    start = start.replace(second=30, microsecond=0)
    hand = Hand(start)
    whole = open_store(sqlite_url, seal=Seal([KEY]))
    try:
        await whole.write(lambda db: move_in(db, zone, minute, start))
        beats = [pulse_of(whole, hand), pulse_of(whole, hand)]
        owed: dict[int, datetime] = {}
        served = clock.high_minute(start, zone)
        for gap in gaps:
            hand.now = max(start, hand.now + timedelta(minutes=gap))
            high = clock.high_minute(hand.now, zone)
            for wall in range(served + 1, high + 1):
                due = clock.minute_to_utc(wall, zone)
                # what is late by the limit or nearly is dropped one way or the other: before it is raised, or after
                if wall % clock.DAY == minute and hand.now - due < LATE_LIMIT - timedelta(minutes=1):
                    owed[wall // clock.DAY] = due
            served = max(served, high)
            await asyncio.gather(*(pulse.raise_due() for pulse in beats))
            if claiming:
                await whole.write(lambda db: deliveries.claim(db, hand.now, 1))
        found = await whole.read(raised)
        claimed = await whole.write(lambda db: deliveries.claim(db, hand.now + timedelta(days=9999), 9999))
        assert {each.about: each.due_at for each in claimed} == found, "and each of them is claimed"
    finally:
        await whole.close()
    assert owed.items() <= found.items()
    for day, due in found.items():
        assert due == clock.minute_to_utc(day * clock.DAY + minute, zone), (
            "at its wall minute, after the gap, at the first of two"
        )


async def test_new_zone_data_neither_double_nor_miss_a_day(store: Store) -> None:
    """The rules of a zone change under a running database: here, by what its row is called.

    New York's clocks become Halifax's (an hour on), and Halifax's become New York's (an hour back).
    """
    for old, new in (("America/New_York", "America/Halifax"), ("America/Halifax", "America/New_York")):
        for minute in (0, 30, 12 * 60, 23 * 60 + 59):
            hand = Hand(datetime(2026, 7, 1, 2, 10, tzinfo=UTC))
            start = hand.now
            await store.write(lambda db: move_in(db, old, minute, start))  # noqa: B023
            pulse = pulse_of(store, hand)
            for hours in range(96):
                if hours == 48:
                    for table in (rhythm, zone_cursor):
                        await store.write(lambda db: db.execute(update(table).values(zone=new)))  # noqa: B023
                hand.now = start + timedelta(hours=hours)
                await pulse.raise_due()
            days = sorted(await store.read(raised))
            assert days == list(range(days[0], days[0] + len(days))), "no day is missed"
            assert len(days) in {3, 4, 5}


async def test_a_zone_that_the_data_have_lost_steps_aside(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    hand = Hand(datetime(2026, 3, 2, 16, 59, tzinfo=UTC))
    start = hand.now

    def fill(db: Connection) -> None:
        move_in(db, "Asia/Dubai", 21 * 60, start)
        db.execute(zone_cursor.insert().values(zone="Mars/Olympus", reached=1))

    await store.write(fill)
    pulse = pulse_of(store, hand)
    for _ in range(3):
        hand.now += timedelta(minutes=1)
        await pulse.raise_due()
    assert len(await store.read(raised)) == 1
    assert caplog.text.count("Mars/Olympus") == 1, "said once"


@pytest.mark.parametrize(
    ("people_due", "rate", "width"), [(200, 25, 0), (300, 25, 12), (3000, 25, 120), (3000, 1000, 0)]
)
async def test_a_crowded_minute_is_spread_as_wide_as_the_rate_needs(
    tmp_path: Path, people_due: int, rate: float, width: int
) -> None:
    """Nobody is spread while the rate carries all within ten seconds; and never by more than a slice at once."""
    whole = open_store(f"sqlite:///{tmp_path / 'recipro.db'}", seal=Seal([KEY]))
    hand = Hand(datetime(2026, 3, 2, 16, 59, 30, tzinfo=UTC))
    start = hand.now
    await whole.write(lambda db: move_in(db, "Asia/Dubai", 21 * 60, start, count=people_due))
    pulse = pulse_of(whole, hand, rate=rate)
    hand.now += timedelta(minutes=1)
    await pulse.raise_due()
    due = sorted(row.due_at for row in await whole.read(coming))
    await whole.close()
    assert len(due) == people_due
    nine = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    assert due[0] >= nine
    assert pulse.widest == timedelta(seconds=width)
    if width:
        assert timedelta(seconds=width * 0.9) < due[-1] - due[0] <= timedelta(seconds=width)
        quarter = timedelta(seconds=width / 4)
        for part in range(4):
            share = sum(part * quarter <= moment - nine < (part + 1) * quarter for moment in due) / people_due
            assert 0.15 < share < 0.35, "evenly"
    else:
        assert due[-1] == nine


async def test_no_crowd_is_spread_over_more_than_a_day(store: Store) -> None:
    """Whose number times the rate fits into no whole number of the database's would never be raised."""
    hand = Hand(datetime(2026, 3, 2, 16, 59, 30, tzinfo=UTC))
    start = hand.now
    await store.write(lambda db: move_in(db, "Asia/Dubai", 21 * 60, start, count=3))
    pulse = pulse_of(store, hand, rate=1e-9)
    hand.now += timedelta(minutes=1)
    await pulse.raise_due()
    due = [row.due_at for row in await store.read(coming)]
    assert pulse.widest == timedelta(days=1)
    assert len(due) == 3
    assert max(due) < start + timedelta(days=1, minutes=1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    people_there=st.lists(
        st.tuples(st.sampled_from([0, 0, 0, 1, 7]), st.integers(1, EVERY_DAY)), min_size=1, max_size=40
    ),
    size=st.integers(1, 12),
    dies_after=st.integers(0, 12),
    beats_at=st.sampled_from([[0, 1, 2, 7], [7], [0, 7], [2, 7]]),
)
@example([(0, 127)] * 20, 5, 2, [0, 7])
@example([(0, days) for days in (1, 3, 64, 127, 127, 127)], 2, 1, [0, 7])
async def test_every_slice_is_small_and_all_of_them_are_everybody_who_is_due(
    sqlite_url: str, people_there: list[tuple[int, int]], size: int, dies_after: int, beats_at: list[int]
) -> None:
    """People of one zone with some minutes and weekdays; the process that raises them dies and another goes on."""
    hand = Hand(datetime(2026, 3, 2, 17, 0, 5, tzinfo=UTC))  # a Monday, at nine in Dubai
    start, due = hand.now, set()
    whole = open_store(sqlite_url, seal=Seal([KEY]))
    pulse = pulse_of(whole, hand)
    slices: list[int] = []

    def fill(db: Connection) -> None:
        move_in(db, "Asia/Dubai", 3 * 60, start - timedelta(minutes=1))
        for number, (minute, days) in enumerate(people_there):
            who = people.arrive(db, somebody(number + 100, start))
            its = Rhythm(Kind.CHECKIN, 21 * 60 + minute, days)
            rhythms.put(db, who.id, None, [its], zone="Asia/Dubai", now=start - timedelta(minutes=1))
            if days & 1:
                due.add(who.id)

    def count(_db: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO raised"):
            slices[-1] += cursor.rowcount
            if len(slices) > dies_after:
                pulse.leading = False

    event.listen(whole.engine, "begin", lambda _db: slices.append(0))
    event.listen(whole.engine, "after_cursor_execute", count)
    try:
        await whole.write(fill)
        slices.clear()
        with slices_of(size):
            for minutes in beats_at:
                hand.now = start + timedelta(minutes=minutes)
                await pulse.raise_due()
                await pulse_of(whole, hand).raise_due()
        found = [row.person_id for row in await whole.read(coming)]
        reached = await whole.read(lambda db: rhythms.take_cursors(db)[0][0])
    finally:
        await whole.close()
    assert sorted(found) == sorted(due), "everybody once"
    assert max(slices) <= size
    assert reached == rhythms.Cursor("Asia/Dubai", clock.high_minute(hand.now, "Asia/Dubai"))


async def test_runs_that_another_process_has_raised_meanwhile_are_not_raised_again(store: Store) -> None:
    """What is known of a minute was counted before its cursor was taken."""
    now = datetime(2026, 3, 2, 17, 0, 5, tzinfo=UTC)
    known = [(1, 3), (3, 2), (127, 5)]

    def fill(db: Connection) -> list[int]:
        move_in(db, "Asia/Dubai", 3 * 60, now - timedelta(minutes=1))
        due: list[int] = []
        for days in (127, 3, 1, 127, 1, 127, 3, 127, 1, 127):
            due.append(people.arrive(db, somebody(100 + len(due), now)).id)
            its = Rhythm(Kind.CHECKIN, 21 * 60, days)
            rhythms.put(db, due[-1], None, [its], zone="Asia/Dubai", now=now - timedelta(minutes=1))
        return due

    def work(db: Connection) -> list[int]:
        (cursor,) = (cursor for cursor, _ in rhythms.take_cursors(db))
        (slot,) = clock.passed(cursor.zone, cursor.reached, now, limit=LATE_LIMIT)
        for _ in range(4):
            cursor, _ = rhythms.raise_runs(db, cursor, slot, known, width=timedelta(0))
        assert cursor == rhythms.Cursor(cursor.zone, slot.day * clock.DAY + slot.last)
        return [row.person_id for row in coming(db)]

    due = await store.write(fill)
    with slices_of(3):
        assert sorted(await store.write(work)) == sorted(due)


async def test_halves_of_a_pair_come_together_in_order_and_nobody_is_always_last(tmp_path: Path) -> None:
    """Prompts reach the queue in the order in which they are due, begun anywhere: out of order they cost twice as much."""
    hand = Hand(datetime(2026, 3, 1, 17, 0, 5, tzinfo=UTC))
    start, width, pairs_there = hand.now, timedelta(seconds=96), 48
    whole = open_store(f"sqlite:///{tmp_path / 'recipro.db'}", seal=Seal([KEY]))

    def fill(db: Connection) -> None:
        move_in(db, "Asia/Dubai", 3 * 60, start)
        for number in range(pairs_there):
            one, two = (people.arrive(db, somebody(100 + 2 * number + half, start)).id for half in (1, 0))
            pair = pair_of(db, one, two).id
            for who in (two, one):
                its = Rhythm(Kind.CHECKIN, 21 * 60, EVERY_DAY)
                rhythms.put(db, who, pair, [its], zone="Asia/Dubai", now=start)

    await whole.write(fill)
    pulse = pulse_of(whole, hand, rate=1.0)
    after: dict[int, list[timedelta]] = {}
    for day in range(1, 31):
        for seconds in (-60, 0):
            hand.now = start + timedelta(days=day, seconds=seconds)
            with slices_of(7):
                await pulse.raise_due()
        assert pulse.widest == width
        found = await whole.read(lambda db: list(db.execute(select(queue).order_by(text("rowid")))))
        await whole.write(lambda db: db.execute(delete(queue)))
        due = [row.due_at for row in found]
        assert len(due) == 2 * pairs_there
        assert sum(later < earlier for earlier, later in pairwise(due)) <= 1, "in order, and round at most once"
        for row in found:
            after.setdefault(row.pair_id, []).append(row.due_at - hand.now.replace(second=0))
    await whole.close()
    for moments in after.values():
        assert moments[::2] == moments[1::2], "both halves at once"
        assert timedelta(0) <= min(moments) < width / 4
        assert width * 3 / 4 < max(moments) < width


async def test_a_minute_that_an_older_version_has_left_is_begun_anew_and_nobody_gets_two(store: Store) -> None:
    """It went by another order, and so does it begin anew what this one has left, which is told by rhythm_id alone."""
    now = datetime(2026, 3, 2, 17, 0, 5, tzinfo=UTC)

    def begun(db: Connection) -> tuple[rhythms.Cursor, Slot]:
        (cursor,) = (cursor for cursor, _ in rhythms.take_cursors(db))
        return cursor, clock.passed(cursor.zone, cursor.reached, now, limit=LATE_LIMIT)[0]

    def work(db: Connection) -> list[int]:
        move_in(db, "Asia/Dubai", 21 * 60, now - timedelta(minutes=1), count=10)
        rhythms.raise_slice(db, *begun(db), width=timedelta(0))
        assert begun(db)[0].inside is not None
        assert begun(db)[0].rhythm_id is None
        last = db.execute(select(func.max(rhythm.c.id))).scalar_one()
        db.execute(update(zone_cursor).values(rhythm_id=last))
        cursor, slot = begun(db)
        while cursor.inside is not None:
            cursor = rhythms.raise_slice(db, cursor, slot, width=timedelta(0))
        assert len(coming(db)) == 3 + 10
        return [each.person for each in deliveries.claim(db, now + timedelta(minutes=1), 99)]

    with slices_of(3):
        came = await store.write(work)
    assert len(came) == len(set(came)) == 10


async def test_claiming_goes_on_until_the_stock_is_full(store: Store) -> None:
    """While a ledger is written nobody else begins the next claim, and the line would stand idle."""
    hand = Hand(datetime(2026, 3, 2, 16, 59, 30, tzinfo=UTC))
    start = hand.now
    await store.write(lambda db: move_in(db, "Asia/Dubai", 21 * 60, start, count=700))
    pulse = pulse_of(store, hand)
    hand.now += timedelta(minutes=1)
    await pulse.raise_due()
    assert await pulse._claim(), "there are more"
    stock = len(pulse._claimed)
    assert CLAIM < pulse.most <= stock < 700
    pulse._claimed.clear()
    while await pulse._claim():
        stock += len(pulse._claimed)
        pulse._claimed.clear()
    assert stock + len(pulse._claimed) == 700


@pytest.mark.parametrize("rate", [30.0, 1000.0])
async def test_the_longer_a_ledger_takes_the_more_may_be_on_its_way_up_to_a_second_of_it(
    store: Store, rate: float
) -> None:
    on_their_way = []
    for seconds in (0.01, 0.1, 0.2, 30.0):
        pulse = pulse_of(store, Hand(datetime(2026, 3, 2, tzinfo=UTC)), rate=rate)
        usual = pulse.most
        pulse.monotonic = partial(next, count(step=seconds))
        for _ in range(100):
            await pulse._keep_ledger([])
        on_their_way.append(pulse.most)
    assert usual == on_their_way[0] < on_their_way[1] < on_their_way[2] < on_their_way[3] == rate


async def test_small_zones_share_a_transaction_and_another_weekday_raises_nobody(store: Store) -> None:
    """One person in each of 120 zones is due at once; in 60 others somebody has this minute on another day of the week."""
    hand = Hand(datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC))
    due, other = ZONES[:240:2], ZONES[1:120:2]

    def fill(db: Connection) -> None:
        for number, zone in enumerate([*due, *other]):
            who = people.arrive(db, replace(somebody(number + 1, hand.now), zone=zone))
            wall = clock.high_minute(hand.now, zone) + 1
            today = clock.weekday_bit(wall // clock.DAY)
            days = today if zone in due else EVERY_DAY - today
            rhythms.put(db, who.id, None, [Rhythm(Kind.CHECKIN, wall % clock.DAY, days)], zone=zone, now=hand.now)

    await store.write(fill)
    pulse = pulse_of(store, hand)
    await pulse.raise_due()
    hand.now += timedelta(minutes=1)
    works: list[Connection] = []
    event.listen(store.engine, "begin", works.append)
    assert await pulse.raise_due() == 120
    together = rhythms.SLICE[store.dialect] // A_ZONE
    assert len(works) == 2 + math.ceil(120 / together), (
        "one that asks, one that looks, and so many zones in each that raises"
    )
    zones, cursors = await store.read(
        lambda db: (
            list(db.execute(select(person.c.zone).join(queue, queue.c.person_id == person.c.id)).scalars()),
            {row.zone: row.reached for row in db.execute(select(zone_cursor.c.zone, zone_cursor.c.reached))},
        )
    )
    assert sorted(zones) == sorted(due)
    assert cursors == {zone: clock.high_minute(hand.now, zone) for zone in (*due, *other)}


async def test_a_zone_that_comes_while_all_are_idle_loses_no_minute(store: Store) -> None:
    """Its cursor stands at this minute already: stepping it with the others would skip the next one."""
    now = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
    await store.write(lambda db: move_in(db, "Asia/Kolkata", 600, now))

    def step(db: Connection) -> tuple[bool, bool, int]:
        reached = rhythms.take_cursors(db)[0][0].reached
        return rhythms.step_all(db, 0, 1), rhythms.step_all(db, 1, 1), rhythms.take_cursors(db)[0][0].reached - reached

    assert await store.write(step) == (False, True, 1)


async def test_after_downtime_the_oldest_come_first_and_the_rest_is_counted(store: Store) -> None:
    hand = Hand(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    start = hand.now

    def fill(db: Connection) -> None:
        move_in(db, "Asia/Dubai", 17 * 60, start)  # 13:00 UTC
        for number, minute in ((11, 18 * 60), (12, 20 * 60), (13, 20 * 60 + 30), (14, 21 * 60)):  # 14:00 … 17:00 UTC
            who = people.arrive(db, somebody(number, start))
            rhythms.put(db, who.id, None, [Rhythm(Kind.CHECKIN, minute, EVERY_DAY)], zone="Asia/Dubai", now=start)

    await store.write(fill)
    hand.now = datetime(2026, 3, 2, 17, 0, 20, tzinfo=UTC)
    counted: dict[str, int] = {}
    pulse = pulse_of(store, hand)
    pulse.counted = lambda name, n: counted.__setitem__(name, counted.get(name, 0) + n)
    await pulse.raise_due()

    def look(db: Connection) -> tuple[list[tuple[int, int]], int]:
        day = clock.day_number(hand.now.date())
        claimed = [each for _ in range(9) for each in deliveries.claim(db, hand.now, 1)]
        return [(each.lane, each.due_at.hour) for each in claimed], tallies.since(db, day)[day, "dropped late"]

    waiting, dropped = await store.write(look)
    assert waiting == [(Lane.LATER, 16), (Lane.LATER, 16), (Lane.LATER, 17)], "oldest first, behind all that is new"
    assert (dropped, counted) == (2, {"dropped late": 2}), "13:00 and 14:00 are of no more use, and on record"
