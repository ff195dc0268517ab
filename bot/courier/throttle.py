"""The shared rate limit: one pacer for the whole bot, lanes by importance, one message a second for each chat.

Never above the rate in any sliding second. Replies go first and have a little more room than broadcasts, so they never
wait behind them. Time is monotonic: a halt is waited for in full. It sends nothing itself.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

REPLY = 0
LEAST_CEILING = 30.0
"""Messages a second that Telegram allows a bot without paid broadcasts (core.telegram.org/bots/faq)."""
PER_CHAT = 1.0
"""Seconds between two messages to one chat (the same page)."""
WINDOW = 1.01
"""Seconds over which the rate is counted: a little over one, because the way to Telegram may press messages together."""
TWO_CHATS_WITHIN = 5.0
"""When two chats are told to wait within this many seconds, it is the whole bot that is too fast."""
FAIR_TURN = 8
"""Every eighth broadcast comes from the last lane, so that no lane starves."""


@dataclass(order=True, slots=True)
class _Waiter:
    at: float
    number: int
    lane: int = field(compare=False)
    chat: int | None = field(compare=False)
    future: asyncio.Future[None] = field(compare=False)


class _Pace:
    """At most *rate* grants in any WINDOW, evenly spaced but for what a late timer has to catch up."""

    def __init__(self, rate: float) -> None:
        self._most = max(1, int(rate))
        self._step = WINDOW / rate
        self._slack = max(self._step, 0.02)
        self._log: deque[float] = deque()
        self._next = 0.0

    def free_at(self, now: float) -> float:
        """When the next grant may be."""
        log = self._log
        while log and log[0] <= now - WINDOW:
            log.popleft()
        full = log[0] + WINDOW if len(log) >= self._most else now
        return max(full, now, self._next)

    def grant(self, now: float) -> None:
        """One more went out at *now*."""
        self._log.append(now)
        self._next = max(self._next, now - self._slack + self._step) + self._step


class Throttle:
    """*rate* is messages a second for lanes 1 to 3; lane 0 may use a little more (30 in all, at least)."""

    def __init__(self, rate: float, *, per_chat: float = PER_CHAT, now: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._per_chat = per_chat
        self._now = now
        self._all = _Pace(max(rate, LEAST_CEILING))
        self._broadcasts = _Pace(rate)
        self._lanes: tuple[deque[_Waiter], ...] = tuple(deque() for _ in range(4))
        self._held: list[_Waiter] = []
        self._chats: OrderedDict[int, float] = OrderedDict()
        self._halted_until = 0.0
        self._chat_halts: dict[int, float] = {}
        self._last_429: tuple[int, float] | None = None
        self._numbers = 0
        self._turns = 0
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, chat: int | None, lane: int) -> None:
        """Wait for a place in *lane*. *chat* is None for what does not count for a chat (edits, callback answers)."""
        self._numbers += 1
        waiter = _Waiter(0.0, self._numbers, lane, chat, asyncio.get_running_loop().create_future())
        self._lanes[lane].append(waiter)
        self._pump()
        try:
            await waiter.future
        except asyncio.CancelledError:
            waiter.future.cancel()
            self._pump()
            raise

    def halt(self, seconds: float, chat: int | None = None) -> bool:
        """Telegram said to wait (429): that chat, or everyone when it is not one chat's fault; whether it is everyone."""
        now = self._now()
        until = now + seconds
        everyone = chat is None or (
            self._last_429 is not None and self._last_429[0] != chat and now - self._last_429[1] < TWO_CHATS_WITHIN
        )
        if everyone:
            self._halted_until = max(self._halted_until, until)
        if chat is not None:
            self._chat_halts[chat] = max(self._chat_halts.get(chat, 0.0), until)
            self._last_429 = (chat, now)
        return everyone

    @property
    def halted_for(self) -> float:
        """Seconds for which everyone still has to wait."""
        return max(0.0, self._halted_until - self._now())

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(map(len, self._lanes)) + len(self._held)

    def _pump(self) -> None:
        now = self._now()
        self._forget(now)
        while self._held and self._held[0].at <= now:
            ready = heapq.heappop(self._held)
            self._lanes[ready.lane].append(ready)
        if now < self._halted_until:
            return self._wake(now, self._halted_until)
        while (waiter := self._first(now)) is not None:
            pace = self._all.free_at(now)
            if waiter.lane != REPLY:
                pace = max(pace, self._broadcasts.free_at(now))
            if pace > now:
                self._lanes[waiter.lane].appendleft(waiter)
                return self._wake(now, min(pace, self._reply_free(now)))
            self._grant(waiter, now)
        if self._held:
            self._wake(now, self._held[0].at)
        return None

    def _first(self, now: float) -> _Waiter | None:
        """Who is next: replies, then shares, prompts, the rest; whose chat is not ready is held until it is."""
        order = (0, 1, 2, 3) if self._turns % FAIR_TURN else (0, 3, 2, 1)
        for lane in order:
            queue = self._lanes[lane]
            while queue:
                waiter = queue.popleft()
                if waiter.future.done():
                    continue
                ready = self._chat_ready(waiter.chat)
                if ready <= now:
                    return waiter
                waiter.at = ready
                heapq.heappush(self._held, waiter)
        return None

    def _grant(self, waiter: _Waiter, now: float) -> None:
        self._all.grant(now)
        if waiter.lane != REPLY:
            self._broadcasts.grant(now)
            self._turns += 1
        if waiter.chat is not None:
            self._chats[waiter.chat] = now
            self._chats.move_to_end(waiter.chat)
        waiter.future.set_result(None)

    def _chat_ready(self, chat: int | None) -> float:
        if chat is None:
            return 0.0
        sent = self._chats.get(chat)
        return max(sent + self._per_chat if sent is not None else 0.0, self._chat_halts.get(chat, 0.0))

    def _reply_free(self, now: float) -> float:
        return self._all.free_at(now) if self._lanes[REPLY] else float("inf")

    def _forget(self, now: float) -> None:
        while self._chats and next(iter(self._chats.values())) <= now - self._per_chat:
            self._chats.popitem(last=False)
        if len(self._chat_halts) > 1000:
            self._chat_halts = {chat: until for chat, until in self._chat_halts.items() if until > now}

    def _wake(self, now: float, at: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(max(0.0, at - now), self._pump)
