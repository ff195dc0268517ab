"""The throttle, on virtual time: never above the rate in any second, replies first, a second for each chat."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.courier.throttle import LATER, PROMPT, REPLY, SHARE, Throttle

T = TypeVar("T")
Wish = tuple[float, int, int]
"""(moment, lane, chat): wanted then, or granted then."""


class Virtual(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to whatever is due next, so that nobody waits."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
            self._timer_cancelled_count -= 1  # type: ignore[attr-defined]
        if not ready and scheduled:
            self.now = max(self.now, scheduled[0].when())
        super()._run_once()  # type: ignore[misc]


def run(work: Callable[[Virtual], Coroutine[Any, Any, T]]) -> T:
    loop = Virtual()
    try:
        return loop.run_until_complete(work(loop))
    finally:
        loop.close()


def sent(rate: float, asked: list[Wish], *, late: Callable[[], float] = lambda: 0.0) -> list[Wish]:
    """When each wish was granted, in the order of granting. *late* is how many seconds the machine oversleeps."""

    async def work(loop: Virtual) -> list[Wish]:
        lag = 0.0

        def now() -> float:
            nonlocal lag
            lag = max(lag, loop.time() + late())
            return lag

        throttle = Throttle(rate, now=now)
        out: list[Wish] = []

        async def one(at: float, lane: int, chat: int) -> None:
            await asyncio.sleep(at)
            out.append(((await throttle.take(chat, lane)).at, lane, chat))

        await asyncio.gather(*(one(*wish) for wish in asked))
        assert throttle.waiting == 0
        return out

    return run(work)


def most_in_a_second(moments: list[float]) -> int:
    ordered, most, start = sorted(moments), 0, 0
    for end, at in enumerate(ordered):
        while ordered[start] <= at - 1:
            start += 1
        most = max(most, end - start + 1)
    return most


LANES = st.sampled_from([REPLY, SHARE, PROMPT, LATER])
WISHES = st.lists(st.tuples(st.floats(0, 4), LANES, st.integers(1, 400)), min_size=1, max_size=150)
CROWDED = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 1.02, 2.0]), LANES, st.integers(1, 3)), max_size=40)
RATES = st.sampled_from([0.5, 1.0, 5.0, 25.0, 30.0, 200.0])


@settings(max_examples=120, deadline=None)
@given(RATES, st.one_of(WISHES, CROWDED), st.sampled_from([0.0, 0.003, 0.08]))
def test_no_second_holds_more_than_allowed_and_everybody_is_served(
    rate: float, wishes: list[Wish], lateness: float
) -> None:
    chance = random.Random(7)
    out = sent(rate, wishes, late=lambda: chance.uniform(0, lateness))

    assert sorted((lane, chat) for _, lane, chat in out) == sorted((lane, chat) for _, lane, chat in wishes)
    assert most_in_a_second([at for at, _, _ in out]) <= max(rate, 30)
    assert most_in_a_second([at for at, lane, _ in out if lane != REPLY]) <= max(1, rate)
    for chat in {chat for _, _, chat in out}:
        own = [at for at, _, which in out if which == chat]
        assert all(later - earlier >= 1 for earlier, later in pairwise(own))


@settings(max_examples=80, deadline=None)
@given(RATES, CROWDED)
def test_within_a_lane_a_chat_hears_things_in_their_order(rate: float, wishes: list[Wish]) -> None:
    asked: list[tuple[int, int, int]] = []
    served: list[tuple[int, int, int]] = []

    async def work(loop: Virtual) -> None:
        throttle = Throttle(rate, now=loop.time)

        async def one(at: float, lane: int, chat: int) -> None:
            await asyncio.sleep(at)
            asked.append(me := (lane, chat, len(asked)))
            await throttle.take(chat, lane)
            served.append(me)

        await asyncio.gather(*(one(*wish) for wish in wishes))

    run(work)
    for line in {(lane, chat) for lane, chat, _ in asked}:
        assert [who for who in served if who[:2] == line] == [who for who in asked if who[:2] == line]


@pytest.mark.parametrize("rate", [1.0, 25.0, 30.0, 1000.0])
@pytest.mark.parametrize("lateness", [0.0, 0.004])
def test_nearly_all_of_the_rate_is_used_even_when_timers_are_late(rate: float, lateness: float) -> None:
    chance = random.Random(7)
    count = int(20 * rate)
    out = sent(rate, [(0.0, PROMPT, chat) for chat in range(1, count + 1)], late=lambda: chance.uniform(0, lateness))
    assert count / (max(at for at, _, _ in out) + 1 / rate) >= 0.95 * rate


@pytest.mark.parametrize("rate", [5.0, 25.0, 30.0, 1000.0])
def test_a_reply_goes_at_once_while_a_broadcast_runs_at_full_rate(rate: float) -> None:
    broadcast = [(0.0, 1 + chat % 3, chat) for chat in range(1, int(10 * rate))]
    replies = [(2.0 + n * 0.7, REPLY, 50_000 + n) for n in range(8)]
    out = sent(rate, broadcast + replies)
    waits = [at - wished for (at, lane, chat) in out for (wished, _, who) in replies if lane == REPLY and who == chat]
    assert max(waits) <= 1.02 / max(rate, 30) + 0.001


def test_lanes_share_the_rate_by_importance_and_none_starves() -> None:
    out = sent(25, [(0.0, 1 + chat % 3, chat) for chat in range(1, 3001)])
    first = [lane for _, lane, _ in out[8:808]]  # the first two came when nobody else waited
    assert [first.count(lane) for lane in (SHARE, PROMPT, LATER)] == [500, 200, 100]


def test_a_chats_second_message_blocks_nobody_else() -> None:
    out = sent(25, [(0.0, PROMPT, 1), (0.0, PROMPT, 1), (0.0, PROMPT, 2), (0.0, PROMPT, 3)])
    assert [chat for _, _, chat in out] == [1, 2, 3, 1]
    assert out[2][0] < 0.1
    assert 1 <= out[3][0] < 1.1


def test_edits_and_answers_to_buttons_do_not_use_up_a_chats_second() -> None:
    async def work(loop: Virtual) -> list[float]:
        throttle = Throttle(25, now=loop.time)
        out = []
        for chat, edits in ((1, False), (1, True), (None, False), (1, True), (1, False)):
            await throttle.take(chat, REPLY, edits=edits)
            out.append(loop.time())
        return out

    out = run(work)
    assert out[3] < 0.15
    assert out[4] == pytest.approx(1.02, abs=0.01)


def test_two_chats_told_to_wait_halt_everybody_in_full_and_replies_try_first() -> None:
    told: list[float] = []

    async def work(loop: Virtual) -> list[tuple[float, int]]:
        throttle = Throttle(30, now=loop.time, halted=told.append)
        out: list[tuple[float, int]] = []
        assert not throttle.halt(7, chat=1), "one chat alone does not halt everybody"
        assert throttle.halt(35, chat=2), "two chats do"
        assert throttle.halt(3), "a shorter halt ends nothing early"
        assert throttle.halted_for() == 35

        async def one(lane: int, chat: int) -> None:
            await throttle.take(chat, lane)
            out.append((loop.time(), lane))

        await asyncio.gather(one(PROMPT, 10), one(LATER, 11), one(REPLY, 12))
        return out

    out = run(work)
    assert min(at for at, _ in out) >= 35
    assert out[0][1] == REPLY
    assert told == [35], "so that it can be written down for a restart"


def test_one_chat_told_to_wait_waits_alone() -> None:
    async def work(loop: Virtual) -> dict[int, float]:
        throttle = Throttle(30, now=loop.time)
        throttle.halt(209, chat=1)
        throttle.halt(1, chat=1)
        out: dict[int, float] = {}

        async def one(chat: int) -> None:
            await throttle.take(chat, PROMPT)
            out[chat] = loop.time()

        await asyncio.gather(one(1), one(2))
        return out

    assert run(work) == {1: pytest.approx(209, abs=0.01), 2: pytest.approx(0, abs=0.01)}


def test_a_halt_goes_on_after_a_restart() -> None:
    async def work(loop: Virtual) -> float:
        before = Throttle(30, now=loop.time)
        before.halt(60)
        await asyncio.sleep(20)
        after = Throttle(30, now=loop.time)
        after.halt(before.halted_for())
        await after.take(1, REPLY)
        return loop.time()

    assert run(work) == pytest.approx(60, abs=0.01)


def test_a_waiter_that_gives_up_leaves_no_hole() -> None:
    async def work(loop: Virtual) -> float:
        throttle = Throttle(1, now=loop.time)
        await throttle.take(1, PROMPT)
        given_up = asyncio.ensure_future(throttle.take(2, PROMPT))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        await throttle.take(3, PROMPT)
        return loop.time()

    assert run(work) < 1.1


def test_a_place_granted_to_somebody_who_has_just_left_goes_to_the_next() -> None:
    async def work(loop: Virtual) -> float:
        throttle = Throttle(1, now=loop.time)
        await throttle.take(1, PROMPT)
        gone = asyncio.ensure_future(throttle.take(2, PROMPT))
        await asyncio.sleep(0)
        loop.call_at(1.02 + 1e-10, gone.cancel)  # in the very turn of the loop that grants its place
        await asyncio.gather(gone, return_exceptions=True)
        assert gone.cancelled()
        await throttle.take(2, PROMPT)
        return loop.time()

    assert run(work) == pytest.approx(1.02, abs=0.001)


def test_nothing_is_kept_about_chats_that_were_served_or_gave_up() -> None:
    async def work(loop: Virtual) -> tuple[int, int, int]:
        throttle = Throttle(1000, now=loop.time)
        for chat in range(3000):
            await throttle.take(chat, PROMPT)
        throttle.halt(3600)
        for _ in range(5):
            tired = [asyncio.ensure_future(throttle.take(chat, PROMPT)) for chat in range(1000)]
            await asyncio.sleep(0)
            for task in tired:
                task.cancel()
            await asyncio.gather(*tired, return_exceptions=True)
        return len(throttle._chats), sum(map(len, throttle._lanes)), throttle.waiting

    chats, waiters, waiting = run(work)
    assert chats <= 1000
    assert waiters <= 2000
    assert waiting == 0


def test_ten_thousand_who_wait_cost_little() -> None:
    """A bound ten times what was measured (6 microseconds each): it fails when somebody makes it quadratic."""
    began = time.process_time()
    sent(1000, [(0.0, PROMPT, chat) for chat in range(10_000)])
    assert time.process_time() - began < 3


def test_a_crowd_after_a_rest_goes_out_evenly_from_the_first_on() -> None:
    """Fifty of a thousand at once, and again each second, were pressed together on their way into more than a second's."""
    went = [at for at, _, _ in sent(1000, [(10.0, PROMPT, chat) for chat in range(3000)])]
    assert max(sum(1 for at in went if first <= at < first + 0.01) for first in went) <= 11
    assert went[-1] - went[0] < 3.1


@pytest.mark.parametrize(("rate", "wakes"), [(1000, 500), (100, 100), (30, 30)])
def test_a_high_rate_wakes_the_loop_for_several_at_once_and_a_low_one_sends_each_alone(rate: int, wakes: int) -> None:
    async def work(loop: Virtual) -> tuple[list[float], int]:
        timers = 0

        class Counting(Throttle):
            def _ring(self) -> None:
                nonlocal timers
                timers += 1
                super()._ring()

        throttle = Counting(rate, now=loop.time)

        async def one(chat: int) -> float:
            return (await throttle.take(chat, PROMPT)).at

        return sorted(await asyncio.gather(*(one(chat) for chat in range(3 * rate)))), timers

    went, timers = run(work)
    assert timers <= (went[-1] + 0.1) * wakes
    together = max(sum(1 for at in went if first <= at < first + 0.001) for first in went)
    assert together <= (3 if rate == 1000 else 1)


@pytest.mark.parametrize("seconds", [0.02, 0.1])
def test_what_a_hold_up_has_left_is_made_up_for_little_by_little(seconds: float) -> None:
    async def work(loop: Virtual) -> list[float]:
        throttle = Throttle(1000, now=loop.time)
        went: list[float] = []

        async def one(chat: int) -> None:
            went.append((await throttle.take(chat, PROMPT)).at)

        async def hold_up() -> None:
            for _ in range(3):
                await asyncio.sleep(1.1)
                loop.now += seconds

        await asyncio.gather(hold_up(), *(one(chat) for chat in range(5000)))
        return went

    went = run(work)
    assert most_in_a_second(went) <= 1000
    assert max(sum(1 for at in went if first <= at < first + 0.01) for first in went) <= 30, "not all at once"
    lost = 5000 - (went[-1] - went[0]) / 1.02 * 1000
    assert -lost < 3 * 1000 * 2 * seconds * seconds + 10, "of each, hardly more than its own square is lost"


@pytest.mark.parametrize("stall", [0.015, 0.04, 0.08])
@pytest.mark.parametrize("seed", range(3))
def test_what_leaves_late_on_a_full_core_makes_no_second_fuller(stall: float, seed: int) -> None:
    chance = random.Random(seed)

    async def work(loop: Virtual) -> list[float]:
        throttle = Throttle(1000, now=loop.time)
        left: list[float] = []

        async def one(chat: int) -> None:
            await throttle.take(chat, PROMPT)
            loop.now += 0.0007  # what it costs to send one
            if chance.random() < 0.005:
                loop.now += chance.uniform(0, stall)
            left.append(loop.time())

        await asyncio.gather(*(one(chat) for chat in range(8000)))
        return left

    left = run(work)
    assert most_in_a_second(left) <= 1000
    assert len(left) / (left[-1] - left[0]) >= 0.93 * 1000 / 1.02


@pytest.mark.parametrize("longest", [0.05, 0.2, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_what_waits_for_a_connection_makes_no_second_fuller(longest: float, seed: int) -> None:
    """Also for whoever is sent two: the second may not come closer to the first than a second."""
    chance = random.Random(seed)

    async def work(loop: Virtual) -> list[tuple[float, int]]:
        throttle = Throttle(200, now=loop.time)
        left: list[tuple[float, int]] = []

        async def one(chat: int) -> None:
            for _ in range(2):
                place = await throttle.take(chat, PROMPT)
                if chance.random() < 0.3:
                    await asyncio.sleep(chance.uniform(0, longest))
                throttle.left(place)
                left.append((loop.time(), chat))

        await asyncio.gather(*(one(chat) for chat in range(600)))
        return left

    left = run(work)
    assert most_in_a_second([at for at, _ in left]) <= 200
    for chat in range(600):
        first, second = (at for at, who in left if who == chat)
        assert second - first >= 1


def test_who_will_not_wait_longer_gets_no_place_and_takes_none() -> None:
    async def work(loop: Virtual) -> tuple[float, int, float]:
        throttle = Throttle(1, now=loop.time)
        await throttle.take(1, PROMPT)
        with pytest.raises(TimeoutError):
            await throttle.take(2, PROMPT, within=0.5)
        gave_up, waiting = loop.time(), throttle.waiting
        return gave_up, waiting, (await throttle.take(3, PROMPT, within=30)).at

    gave_up, waiting, granted = run(work)
    assert gave_up == pytest.approx(0.5)
    assert waiting == 0
    assert granted == pytest.approx(1.02, abs=0.001)
