"""The throttle, on virtual time: never above the rate in any second, replies first, a second for each chat."""

from __future__ import annotations

import asyncio
import heapq
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.courier.throttle import Throttle


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


def run(work: Any) -> Any:
    loop = Virtual()
    try:
        return loop.run_until_complete(work(loop))
    finally:
        loop.close()


def sent(rate: float, asked: list[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """(moment, lane, chat) of each grant, for (moment, lane, chat) of each wish."""

    async def work(loop: Virtual) -> list[tuple[float, int, int]]:
        throttle = Throttle(rate, now=loop.time)
        out: list[tuple[float, int, int]] = []

        async def one(at: float, lane: int, chat: int) -> None:
            await asyncio.sleep(at)
            await throttle.take(chat, lane)
            out.append((loop.time(), lane, chat))

        await asyncio.gather(*(one(*wish) for wish in asked))
        return out

    return run(work)  # type: ignore[no-any-return]


def most_in_a_second(moments: list[float]) -> int:
    ordered = sorted(moments)
    return max(sum(start <= at < start + 1 for at in ordered) for start in ordered)


WISHES = st.lists(
    st.tuples(st.floats(0, 4, allow_nan=False), st.integers(0, 3), st.integers(1, 400)), min_size=1, max_size=150
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([1.0, 5.0, 25.0, 30.0, 200.0]), WISHES)
def test_no_second_holds_more_than_allowed_and_everybody_is_served(
    rate: float, wishes: list[tuple[float, int, int]]
) -> None:
    out = sent(rate, wishes)
    assert len(out) == len(wishes)
    assert most_in_a_second([at for at, _, _ in out]) <= max(rate, 30)
    broadcasts = [at for at, lane, _ in out if lane]
    assert not broadcasts or most_in_a_second(broadcasts) <= rate
    for chat in {chat for _, _, chat in out}:
        own = sorted(at for at, _, which in out if which == chat)
        assert all(later - earlier >= 0.999 for earlier, later in pairwise(own))


def test_nearly_all_of_the_rate_is_used() -> None:
    out = sent(25, [(0.0, 2, chat) for chat in range(1, 501)])
    assert 500 / max(at for at, _, _ in out) >= 0.95 * 25


def test_a_reply_never_waits_behind_broadcasts() -> None:
    out = sent(30, [(0.0, 2, chat) for chat in range(1, 1001)] + [(3.0, 0, 5000)])
    reply = next(at for at, lane, _ in out if lane == 0)
    assert reply - 3.0 < 0.1


def test_a_halt_is_waited_for_in_full_and_replies_try_first() -> None:
    async def work(loop: Virtual) -> list[tuple[float, int]]:
        throttle = Throttle(30, now=loop.time)
        out: list[tuple[float, int]] = []
        assert not throttle.halt(7, chat=1), "one chat alone does not halt everybody"
        assert throttle.halt(35, chat=2), "two chats do"

        async def one(lane: int, chat: int) -> None:
            await throttle.take(chat, lane)
            out.append((loop.time(), lane))

        await asyncio.gather(one(2, 10), one(3, 11), one(0, 12))
        return out

    out = run(work)
    assert min(at for at, _ in out) >= 35
    assert out[0][1] == 0


def test_a_waiter_that_gives_up_leaves_no_hole() -> None:
    async def work(loop: Virtual) -> float:
        throttle = Throttle(1, now=loop.time)
        await throttle.take(1, 2)
        given_up = asyncio.ensure_future(throttle.take(2, 2))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        await throttle.take(3, 2)
        return loop.time()

    assert run(work) < 1.2
