"""The queue before the deliveries: who takes up what, what becomes of the rest, and that nobody is forgotten in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Connection, insert, select

from bot.domain import clock
from bot.domain.pacing import LATE_LIMIT, Lane, Why
from bot.domain.people import Pair, Tie
from bot.domain.prompts import Kind
from bot.storage import deliveries, erasure, outlook, pairs, people, raised, recovery
from bot.storage.columns import Seal
from bot.storage.schema import delivery
from bot.storage.schema import raised as queue
from bot.storage.store import Store, open_store
from tests.faults.test_storms import somebody
from tests.world import KEY

NOW = datetime(2026, 3, 2, 17, 0, 5, tzinfo=UTC)
TODAY = clock.day_number(NOW.date())
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    whole = open_store(database_url, seal=Seal([KEY]))
    yield whole
    asyncio.run(whole.close())


def arrive(db: Connection, *chats: int) -> list[int]:
    return [people.arrive(db, somebody(chat, NOW)).id for chat in chats]


def pair_of(db: Connection, one: int, two: int) -> Pair:
    offered = pairs.offer(db, one, Tie.PARTNER, f"{one} and {two}", now=NOW)
    found = pairs.invite_by_id(db, offered.invite)
    assert found is not None
    made = pairs.redeem(db, found, two, now=NOW)
    assert isinstance(made, Pair)
    return made


@dataclass(frozen=True)
class Prompt:
    """What a beat would raise for somebody."""

    who: int
    due: datetime = NOW
    lane: Lane = Lane.PROMPT
    pair: int | None = None
    kind: Kind = Kind.CHECKIN
    day: int = TODAY
    rhythm: int = 0


def put(db: Connection, *prompts: Prompt) -> None:
    for number, each in enumerate(prompts, 1):
        db.execute(
            insert(queue).values(
                lane=int(each.lane),
                due_at=each.due,
                rhythm_id=each.rhythm or number,
                person_id=each.who,
                pair_id=each.pair,
                kind=each.kind,
                day=each.day,
            )
        )


def queued(db: Connection) -> set[int]:
    return set(db.execute(select(queue.c.person_id)).scalars())


def states(db: Connection) -> dict[int, tuple[str, str | None]]:
    return {row.person_id: (row.state, row.reason) for row in db.execute(select(delivery))}


def test_a_claim_takes_up_no_more_than_it_claims_and_what_comes_first(store: Store) -> None:
    def work(db: Connection) -> None:
        one, two, three, four, five = arrive(db, 1, 2, 3, 4, 5)
        put(
            db,
            Prompt(one, NOW - 5 * MINUTE, Lane.LATER),
            Prompt(two, NOW - MINUTE),
            Prompt(three, NOW - 2 * MINUTE),
            Prompt(four, NOW + MINUTE),
        )
        deliveries.enqueue(db, five, "share", about=1, due_at=NOW, good_for=LATE_LIMIT, lane=Lane.SHARE)
        claims = [[each.person for each in deliveries.claim(db, NOW, 2)] for _ in range(4)]
        assert claims == [[five, three], [two, one], [], []], "first lane first, oldest first, wherever it waits"
        assert queued(db) == {four}, "whose time has not come"

    store.write_now(work)


def test_what_becomes_no_delivery_does_not_end_a_claim(store: Store) -> None:
    """A minute that is raised anew is full of prompts that people have had; who comes behind them need not wait."""

    def work(db: Connection) -> None:
        early = arrive(db, *range(1, 8))
        late = arrive(db, *range(11, 16))
        put(db, *(Prompt(who, NOW - 3 * MINUTE) for who in early))
        assert len(deliveries.claim(db, NOW, 99)) == len(early)
        put(
            db,
            *(Prompt(who, NOW - 2 * MINUTE) for who in early),
            *(
                Prompt(who, NOW - MINUTE, lane)
                for who, lane in zip(late, 3 * [Lane.PROMPT] + 2 * [Lane.LATER], strict=True)
            ),
        )
        came = [[each.person for each in deliveries.claim(db, NOW, 2)] for _ in range(4)]
        assert came == [late[:2], late[2:4], late[4:], []]
        assert queued(db) == set()

    store.write_now(work)


def test_what_is_taken_up_is_what_was_raised(store: Store) -> None:
    def work(db: Connection) -> None:
        one, two = arrive(db, 1, 2)
        pair = pair_of(db, one, two)
        put(db, Prompt(one, NOW, Lane.PROMPT, pair.id), Prompt(two, NOW, Lane.LATER, None, Kind.WEEKLY))
        daily, weekly = deliveries.claim(db, NOW, 9)
        assert (daily.person, daily.pair, daily.kind, daily.about, daily.lane) == (
            one, pair.id, Kind.CHECKIN, TODAY, Lane.PROMPT,
        )  # fmt: skip
        assert (daily.due_at, daily.good_until) == (NOW, NOW + LATE_LIMIT)
        assert (weekly.pair, weekly.kind, weekly.good_until) == (None, Kind.WEEKLY, NOW + raised.WEEKLY_GOOD)

    store.write_now(work)


def test_nobody_gets_a_second_prompt_of_a_kind_on_one_day(store: Store) -> None:
    """Their hour was changed after it was raised, or it was raised twice; another pair's and another day's do come."""

    def work(db: Connection) -> None:
        one, two = arrive(db, 1, 2)
        pair = pair_of(db, one, two)
        put(db, Prompt(one), Prompt(one, NOW + MINUTE), Prompt(one, rhythm=1))
        assert [each.person for each in deliveries.claim(db, NOW + MINUTE, 9)] == [one]
        put(db, Prompt(one), Prompt(one, pair=pair.id), Prompt(one, day=TODAY + 1))
        claimed = deliveries.claim(db, NOW, 9)  # the first is under its lease
        assert [(each.pair, each.about) for each in claimed] == [(pair.id, TODAY), (None, TODAY + 1)]
        assert queued(db) == set()

    store.write_now(work)


def test_who_is_gone_is_taken_up_by_nobody(store: Store) -> None:
    """A beat may raise for somebody who is being forgotten at that moment."""

    def work(db: Connection) -> None:
        one, two, three = arrive(db, 1, 2, 3)
        pair = pair_of(db, one, two)
        put(db, Prompt(one), Prompt(two), Prompt(two, pair=pair.id), Prompt(three))
        found = people.by_ids(db, [one])[one]
        erasure.forget(db, found, NOW, with_name=False)
        assert queued(db) == {two, three}, "nothing of them is left in the queue"
        put(db, Prompt(one), Prompt(three, pair=9_999, day=TODAY + 1))
        assert {each.person for each in deliveries.claim(db, NOW, 9)} == {two, three}
        assert queued(db) == set(), "and what came after is thrown away"

    store.write_now(work)


def test_a_chat_that_is_held_is_held_with_what_was_raised_for_it(store: Store) -> None:
    def work(db: Connection) -> None:
        one, two = arrive(db, 1, 2)
        put(db, Prompt(one), Prompt(one, NOW + 20 * MINUTE, day=TODAY + 1), Prompt(two))
        deliveries.hold(db, one, NOW + 10 * MINUTE)
        assert [each.person for each in deliveries.claim(db, NOW, 9)] == [two]
        assert deliveries.claim(db, NOW + timedelta(minutes=9), 9)[1:] == []
        due = {each.about: each.due_at for each in deliveries.claim(db, NOW + 30 * MINUTE, 9) if each.person == one}
        assert due == {TODAY: NOW + 10 * MINUTE, TODAY + 1: NOW + 20 * MINUTE}

    store.write_now(work)


def test_leaving_drops_what_was_raised_for_whoever_leaves_and_nothing_else(store: Store) -> None:
    def work(db: Connection) -> None:
        one, two, three = arrive(db, 1, 2, 3)
        pair, other = pair_of(db, one, two), pair_of(db, two, three)
        put(
            db,
            Prompt(one, pair=pair.id),
            Prompt(two, pair=pair.id),
            Prompt(three, pair=other.id),
        )
        pairs.end(db, pair, one, now=NOW)
        assert states(db) == {one: ("dropped", Why.ENDED), two: ("waiting", None)}, "theirs comes as before"
        assert queued(db) == {three}
        assert pairs.closed_unsaid(db, two) == [pair.id]
        assert states(db)[two] == ("dropped", Why.ENDED)
        assert [each.person for each in deliveries.claim(db, NOW, 9)] == [three]

    store.write_now(work)


def test_a_restored_backup_drops_what_was_raised_before_it_goes_on(store: Store) -> None:
    def work(db: Connection) -> None:
        one, two = arrive(db, 1, 2)
        put(db, Prompt(one), Prompt(two, NOW + 5 * MINUTE))
        assert recovery.settle_in(db, [], NOW + MINUTE).dropped == 1
        assert states(db) == {one: ("dropped", Why.LATE)}
        assert [each.person for each in deliveries.claim(db, NOW + 5 * MINUTE, 9)] == [two]

    store.write_now(work)


def test_what_waits_is_counted_in_the_queue_and_in_the_deliveries(store: Store) -> None:
    def work(db: Connection) -> None:
        one, two, three, four = arrive(db, 1, 2, 3, 4)
        put(db, Prompt(one, NOW - MINUTE), Prompt(two, NOW + MINUTE), Prompt(three, NOW - 2 * MINUTE))
        deliveries.claim(db, NOW, 1)
        deliveries.enqueue(db, four, "share", about=1, due_at=NOW, good_for=LATE_LIMIT)
        assert outlook.unsettled(db, NOW) == outlook.Unsettled(3, 1, 0, NOW - 2 * MINUTE)
        assert outlook.unsettled(db, NOW + MINUTE) == outlook.Unsettled(4, 0, 0, NOW - 2 * MINUTE)

    store.write_now(work)


def until_it_waits(url: str, work: Future[bool]) -> None:
    """Return when somebody on this database waits for a lock; *work* must not be done before."""
    with psycopg.connect(url, autocommit=True) as server:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        for _ in range(1000):
            assert not work.done(), "it waited for nobody"
            found = server.execute(waiting).fetchone()
            if found is not None and found[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_two_processes_take_up_everything_once(postgres_url: str) -> None:
    """What one has locked the other passes over; each has its own, and nothing is left."""
    stores = [open_store(postgres_url, seal=Seal([KEY])) for _ in range(2)]
    try:
        stores[0].write_now(lambda db: put(db, *(Prompt(who) for who in arrive(db, *range(1, 401)))))
        with stores[0].engine.connect() as first, stores[1].engine.connect() as second:
            mine = deliveries.claim(first, NOW, 150)
            second.exec_driver_sql("SET LOCAL lock_timeout = '5s'")  # one that waits for the other fails
            theirs = deliveries.claim(second, NOW, 150)
            first.commit()
            second.commit()
        assert len(mine) == len(theirs) == 150
        with ThreadPoolExecutor(2) as both:
            rest = both.map(lambda store: store.write_now(lambda db: deliveries.claim(db, NOW, 100)), stores)
        claimed = [each.person for part in (mine, theirs, *rest) for each in part]
        assert len(claimed) == len(set(claimed)) == 400
        assert stores[0].read_now(queued) == set()
    finally:
        for each in stores:
            asyncio.run(each.close())


def test_who_leaves_waits_for_a_claim_that_has_their_prompt(postgres_url: str) -> None:
    """Else it would be claimed and composed as if they were still together."""
    stores = [open_store(postgres_url, seal=Seal([KEY])) for _ in range(2)]
    try:

        def move_in(db: Connection) -> Pair:
            one, two = arrive(db, 1, 2)
            made = pair_of(db, one, two)
            put(db, Prompt(one, pair=made.id))
            return made

        pair = stores[0].write_now(move_in)
        with stores[0].engine.connect() as claiming, ThreadPoolExecutor(1) as aside:
            (claimed,) = deliveries.claim(claiming, NOW, 9)
            ending = aside.submit(stores[1].write_now, lambda db: pairs.end(db, pair, pair.one, now=NOW))
            until_it_waits(postgres_url, ending)
            claiming.commit()
            assert ending.result(timeout=10)
        assert stores[0].write_now(lambda db: deliveries.begin(db, [claimed], NOW)) == set()
        assert stores[0].read_now(states) == {pair.one: ("dropped", Why.ENDED)}
    finally:
        for each in stores:
            asyncio.run(each.close())
