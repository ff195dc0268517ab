"""The shared rate limit: one pacer for the whole bot, lanes by importance, one message a second for each chat.

Never above the rate in any sliding second. Replies go first and have a little more room than broadcasts, so they never
wait behind them. Time is monotonic: a halt is waited for in full. It sends nothing itself, and keeps nothing about a
chat for longer than its second or its halt.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

REPLY, SHARE, PROMPT, LATER = 0, 1, 2, 3
LEAST_CEILING = 30.0
"""Messages a second that Telegram allows a bot without paid broadcasts (core.telegram.org/bots/faq)."""
PER_CHAT = 1.0
"""Seconds between two messages to one chat (the same page)."""
WINDOW = 1.02
"""Seconds over which a second's messages are counted: the way to Telegram may press them together a little."""
AT_ONCE = 0.005
"""Seconds of a late timer whose messages go at once."""
HASTE = 1.5
"""How many times as fast as usual a longer hold-up is made up for. All at once, messages would be pressed together on their
way to more than a second's; the window holds whatever happens."""
CATCH_UP = 0.3
"""Seconds of lateness beyond which it was a rest, after which messages go as evenly as ever."""
LEAVES_LATE = 0.001
"""Seconds by which what was granted leaves later, by a new connection or on a full core; beyond them it counts from then."""
SHORTEST = 0.002
"""Seconds: the shortest wait that a timer is set for. What has a place by then leaves at once, two or three together at a thousand a
second: to wake up for each of them alone takes a twentieth of a core."""
TWO_CHATS_WITHIN = 5.0
"""When two chats are told to wait within this many seconds, it is the whole bot that is too fast."""
TURNS = (SHARE, SHARE, PROMPT, SHARE, PROMPT, SHARE, SHARE, LATER)
"""Whose turn it is among broadcasts that wait; a lane with nobody leaves its turn to the most important one."""


class ClosedError(RuntimeError):
    """Broadcasts get no place any more: the bot is being stopped."""


@dataclass(eq=False, slots=True)
class Place:
    """One message's place in the window, *at* the moment when it leaves. *chat* is the one whose second it takes, if any."""

    at: float
    lane: int
    chat: int | None


@dataclass(order=True, slots=True)
class _Waiter:
    at: float
    number: int
    lane: int = field(compare=False)
    chat: int | None = field(compare=False)
    edits: bool = field(compare=False)
    future: asyncio.Future[Place] = field(compare=False)


class _Pace:
    """At most *rate* grants in any WINDOW, evenly spaced but for what a hold-up has left to be made up for."""

    __slots__ = ("_log", "_most", "_next", "_owed", "_step", "_window")

    def __init__(self, rate: float) -> None:
        self._most = max(1, int(rate))
        self._window = max(WINDOW, WINDOW / rate)
        self._step = self._window / self._most
        self._log: deque[Place] = deque(maxlen=self._most)
        self._next = 0.0
        self._owed = 0.0

    def free_at(self, now: float) -> float:
        """When the next grant may be; *now* or earlier when it may be at once."""
        log = self._log
        if len(log) == self._most and (free := log[0].at + self._window) > now and (held := free - self._next) > 0:
            # an earlier hold-up comes round again, and what follows it stands as close as it did then
            self._next += held
            self._owed = min(CATCH_UP, self._owed + held)
        return self._next

    def grant(self, place: Place) -> None:
        """One more goes out."""
        self._log.append(place)
        now = place.at
        late = now - self._next
        if late > CATCH_UP:
            self._next, self._owed = now, 0.0
        elif late > AT_ONCE:
            self._next, self._owed = now - AT_ONCE, min(CATCH_UP, self._owed + late - AT_ONCE)
        step = self._step
        if self._owed > 0:
            step /= HASTE
            self._owed -= self._step - step
        self._next += step

    def give_back(self, place: Place) -> None:
        """It was not used."""
        if place in self._log:
            self._log.remove(place)
            self._next -= self._step


class Throttle:
    """*rate* is messages a second for lanes 1 to 3; lane 0 may use a little more (30 in all, at least).

    *now* is a monotonic clock in seconds. *halted* hears for how many seconds everyone has to wait, so that somebody can
    write it down: after a restart, `halt(what is left)` goes on with it.
    """

    def __init__(
        self,
        rate: float,
        *,
        per_chat: float = PER_CHAT,
        now: Callable[[], float] = time.monotonic,
        halted: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self.rate = rate
        self._per_chat = per_chat * WINDOW
        self._now = now
        self._halted = halted
        self._all = _Pace(max(rate, LEAST_CEILING))
        self._broadcasts = _Pace(rate)
        self._lanes: tuple[list[_Waiter], ...] = ([], [], [], [])
        self._held: list[_Waiter] = []
        self._chats: dict[int, float] = {}
        self._chats_in_turn: deque[tuple[float, int]] = deque()
        self._halted_until = 0.0
        self._chat_halts: dict[int, float] = {}
        self._sweep_at = 1000
        self._last_429: tuple[int, float] | None = None
        self._numbers = 0
        self._turns = 0
        self._waiting = 0
        self._dead = 0
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._leaving = Place(-AT_ONCE, REPLY, None)
        self._closed = False

    async def take(self, chat: int | None, lane: int, *, edits: bool = False, within: float | None = None) -> Place:
        """Wait for a place in *lane*, *within* so many seconds. Say left() of it when the message is on its way.

        *edits* is for what counts for the bot and not for the chat's second (edits, reactions); it still waits for the
        chat's halt. *chat* is None for what belongs to no chat (answers to buttons). Raises ClosedError, TimeoutError.
        """
        if self._closed and lane != REPLY:
            raise ClosedError
        now = self._now()
        if not self._waiting and now >= self._halted_until and self._ready_at(chat, edits) <= now:
            self._forget(now)
            if self._free_at(lane, now) <= now:
                return self._grant(chat, lane, edits, now)
        self._numbers += 1
        loop = asyncio.get_running_loop()
        heapq.heappush(
            self._lanes[lane], waiter := _Waiter(0.0, self._numbers, lane, chat, edits, loop.create_future())
        )
        self._waiting += 1
        self._pump()
        limit = loop.call_later(within, self._expire, waiter) if within is not None else None
        try:
            place = await waiter.future
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise
        finally:
            if limit is not None:
                limit.cancel()
        if self._held_up_since(place.at) > LEAVES_LATE:
            self._leaves(place, self._now())
        self._leaving = place
        return place

    def left(self, place: Place) -> None:
        """Its message is on its way only now: it waited for a connection, or the core was full."""
        now = self._now()
        if now - place.at > LEAVES_LATE:
            self._leaves(place, now)

    def halt(self, seconds: float, chat: int | None = None) -> bool:
        """Telegram said to wait (429): that chat, or everyone when it is not one chat's fault; whether it is everyone."""
        now = self._now()
        until = now + seconds
        everyone = chat is None or (
            self._last_429 is not None and self._last_429[0] != chat and now - self._last_429[1] < TWO_CHATS_WITHIN
        )
        if chat is not None:
            self._chat_halts[chat] = max(self._chat_halts.get(chat, 0.0), until)
            self._last_429 = (chat, now)
        if everyone and until > self._halted_until:
            self._halted_until = until
            self._halted(seconds)
        return everyone

    def halted_for(self, chat: int | None = None) -> float:
        """Seconds for which everyone still has to wait, or *chat* where that is longer."""
        until = self._halted_until if chat is None else max(self._halted_until, self._chat_halts.get(chat, 0.0))
        return max(0.0, until - self._now())

    def close(self) -> None:
        """No broadcast gets a place any more, and those that wait for one are told so; replies still go out."""
        self._closed = True
        for waiter in (*self._lanes[SHARE], *self._lanes[PROMPT], *self._lanes[LATER], *self._held):
            if waiter.lane != REPLY and not waiter.future.done():
                self._waiting -= 1
                waiter.future.set_exception(ClosedError())

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return self._waiting

    def _give_up(self, waiter: _Waiter) -> None:
        """A waiter was cancelled: nobody else loses by it, even if it had just been granted its place."""
        if waiter.future.cancel() or waiter.future.cancelled():
            self._lose_one()
        elif waiter.future.exception() is None:
            self._give_back(waiter.future.result())
        self._pump()

    def _expire(self, waiter: _Waiter) -> None:
        """It has waited for as long as it would."""
        if not waiter.future.done():
            waiter.future.set_exception(TimeoutError())
            self._lose_one()
            self._pump()

    def _lose_one(self) -> None:
        self._waiting -= 1
        self._dead += 1
        if self._dead > max(1000, self._waiting):
            self._bury()

    def _give_back(self, place: Place) -> None:
        self._all.give_back(place)
        if place.lane != REPLY:
            self._broadcasts.give_back(place)
        if place.chat is not None and self._chats.get(place.chat) == place.at + self._per_chat:
            del self._chats[place.chat]
            for held in self._held:
                held.at = 0.0 if held.chat == place.chat else held.at
            heapq.heapify(self._held)

    def _bury(self) -> None:
        """Forget waiters that gave up while nobody could be served."""
        for queue in (*self._lanes, self._held):
            queue[:] = [waiter for waiter in queue if not waiter.future.done()]
            heapq.heapify(queue)
        self._dead = 0

    def _pump(self) -> None:
        """Grant every place that is free now, and set the timer for the next."""
        now = self._now()
        if now < self._halted_until:
            return self._wake(now, self._halted_until)
        self._forget(now)
        while (waiter := self._first(now)) is not None:
            free = self._free_at(waiter.lane, now)
            if free > now:
                return self._wake(now, min(free, self._held[0].at) if self._held else free)
            heapq.heappop(self._lanes[waiter.lane])
            self._waiting -= 1
            waiter.future.set_result(self._grant(waiter.chat, waiter.lane, waiter.edits, now))
        if self._held:
            self._wake(now, self._held[0].at)
        return None

    def _first(self, now: float) -> _Waiter | None:
        """Who is next, still in its lane: replies, then whose turn it is. Whose chat is not ready is held until it is."""
        while self._held and self._held[0].at <= now:
            ready = heapq.heappop(self._held)
            ready.at = 0.0
            heapq.heappush(self._lanes[ready.lane], ready)
        for lane in (REPLY, TURNS[self._turns % len(TURNS)], SHARE, PROMPT, LATER):
            queue = self._lanes[lane]
            while queue:
                waiter = queue[0]
                if waiter.future.done():
                    heapq.heappop(queue)
                    continue
                ready_at = self._ready_at(waiter.chat, waiter.edits)
                if ready_at <= now:
                    return waiter
                heapq.heappop(queue)
                waiter.at = ready_at
                heapq.heappush(self._held, waiter)
        return None

    def _free_at(self, lane: int, now: float) -> float:
        free = self._all.free_at(now)
        return free if lane == REPLY else max(free, self._broadcasts.free_at(now))

    def _grant(self, chat: int | None, lane: int, edits: bool, now: float) -> Place:
        place = Place(now, lane, None if edits else chat)
        self._all.grant(place)
        if lane != REPLY:
            self._broadcasts.grant(place)
            self._turns += 1
        self._hold(place)
        return place

    def _hold(self, place: Place) -> None:
        """The chat's next message waits for a second."""
        if place.chat is not None:
            self._chats[place.chat] = place.at + self._per_chat
            self._chats_in_turn.append((place.at + self._per_chat, place.chat))

    def _leaves(self, place: Place, now: float) -> None:
        """It leaves later than it was granted, closer to what comes after it: it counts from here."""
        place.at = now
        self._hold(place)

    def _held_up_since(self, then: float) -> float:
        """For how many seconds. Whatever was just leaving then may have been what took so long, and have left no sooner."""
        now = self._now()
        if now - then > LEAVES_LATE and then - self._leaving.at < AT_ONCE:
            self._leaving.at = now
        return now - then

    def _ready_at(self, chat: int | None, edits: bool) -> float:
        if chat is None:
            return 0.0
        halted = self._chat_halts.get(chat, 0.0) if self._chat_halts else 0.0
        return halted if edits else max(halted, self._chats.get(chat, 0.0))

    def _forget(self, now: float) -> None:
        turns = self._chats_in_turn
        while turns and turns[0][0] <= now:
            at, chat = turns.popleft()
            if self._chats.get(chat) == at:
                del self._chats[chat]
        if len(self._chat_halts) > self._sweep_at:
            self._chat_halts = {chat: until for chat, until in self._chat_halts.items() if until > now}
            self._sweep_at = max(1000, 2 * len(self._chat_halts))

    def _wake(self, now: float, at: float) -> None:
        """Pump again at *at*. A timer that rings earlier stays: to ring in vain costs less than to set another."""
        if self._timer is not None:
            if now < self._rings_at <= at:
                return
            self._timer.cancel()
        self._rings_at = max(at, now + SHORTEST)
        self._timer = asyncio.get_running_loop().call_later(self._rings_at - now, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._held_up_since(self._rings_at)
        self._pump()
