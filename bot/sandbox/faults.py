"""Trouble on demand: what Telegram and the road to it do wrong, and Telegram's own limits on how fast one may send.

Chance comes from a seeded source, so that a run can be repeated. Nothing here waits or cuts a connection: it says what
should happen, and the server does it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from bot.sandbox.rules import Json, Refusal

Kind = Literal["too_many", "server_error", "drop", "lose_answer", "slow", "unauthorized"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(slots=True)
class Fault:
    """One kind of trouble, for the calls it fits. *times* counts down; None is without end.

    drop: the connection ends before anything is taken. lose_answer: the call is obeyed, then the connection ends.
    slow: everything happens, *seconds* later by real time. The rest are refusals, except that a server_error with
    *taken* obeys and then says 502, as a proxy does that lost the answer.
    """

    id: int
    kind: Kind
    probability: float = 1.0
    times: int | None = None
    retry_after: int = 3
    seconds: float = 1.0
    methods: tuple[str, ...] = ()
    chat_id: int | None = None
    taken: bool = False
    struck: int = 0

    def fits(self, method: str, chat_id: str) -> bool:
        """Whether a call of *method* about *chat_id* may be hit."""
        if self.times == 0 or (self.methods and method.lower() not in self.methods):
            return False
        return self.chat_id is None or str(self.chat_id) == chat_id

    def refusal(self) -> Refusal | None:
        """What Telegram says, where this trouble is something that it says."""
        match self.kind:
            case "too_many":
                return too_many(self.retry_after)
            case "server_error":
                return Refusal(502, "Bad Gateway")
            case "unauthorized":
                return Refusal(401, "Unauthorized")
            case _:
                return None


def too_many(retry_after: int) -> Refusal:
    """Telegram's 429."""
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


class Faults:
    """The faults that are switched on."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)  # noqa: S311 - chance that can be repeated, nothing secret
        self.active: list[Fault] = []
        self._next = 1

    def add(self, kind: str, *, methods: Iterable[str] = (), seed: int | None = None, **details: Any) -> Fault:
        """Switch one on. *details* are the fields of Fault. Raises ValueError for what is not one."""
        if kind not in KINDS:
            raise ValueError(f"no fault is called {kind}; there are {', '.join(KINDS)}")
        if unknown := set(details) - {"probability", "times", "retry_after", "seconds", "chat_id", "taken"}:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        if seed is not None:
            self.random.seed(seed)
        lower = tuple(method.lower() for method in methods)
        fault = Fault(self._next, kind, methods=lower, **{k: v for k, v in details.items() if v is not None})  # type: ignore[arg-type]
        self._next += 1
        self.active.append(fault)
        return fault

    def clear(self, kind: str | None = None) -> None:
        """Switch all off, or those of one *kind*."""
        self.active = [] if kind is None else [fault for fault in self.active if fault.kind != kind]

    def strike(self, method: str, chat_id: object) -> Fault | None:
        """The fault that hits this call, if one does; the first that fits and is drawn."""
        for fault in self.active:
            if not fault.fits(method, str(chat_id)):
                continue
            if fault.probability < 1 and self.random.random() >= fault.probability:
                continue
            fault.struck += 1
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None

    def shown(self) -> list[Json]:
        """Those switched on, for people."""
        return [asdict(fault) for fault in self.active if fault.times != 0]


class Rates:
    """Telegram's limits on sending, when they are switched on: so many a second for the bot, and for one chat.

    Real seconds, by *monotonic*: a turned clock sends nobody faster. *slack* seconds forgive the jitter of the road, so
    that a sender who is exactly on the limit is not refused for a late packet.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        per_second: float | None = None,
        per_chat: float | None = None,
        slack: float = 0.05,
    ) -> None:
        self._monotonic = monotonic
        self.per_second = per_second
        self.per_chat = per_chat
        self.slack = slack
        self.sent: deque[float] = deque(maxlen=200_000)
        """When the latest sends were accepted, in monotonic seconds."""
        self.refused = 0
        self._by_chat: dict[int, float] = {}

    def admit(self, chat_id: int) -> None:
        """Count one send to *chat_id*, or raise the 429 that it deserves."""
        now = self._monotonic()
        if self.per_chat and now - self._by_chat.get(chat_id, -1e9) < 1 / self.per_chat - self.slack:
            self.refused += 1
            raise too_many(1)
        if self.per_second and self._within(now) >= self.per_second:
            self.refused += 1
            raise too_many(1)
        self.sent.append(now)
        if self.per_chat:
            self._by_chat[chat_id] = now
            if len(self._by_chat) > 100_000:
                self._by_chat = {chat: at for chat, at in self._by_chat.items() if now - at < 1 / self.per_chat}

    def busiest_second(self) -> int:
        """The most sends that any second, wherever it begins, has seen among those remembered."""
        most, window = 0, deque[float]()
        for moment in self.sent:
            window.append(moment)
            while moment - window[0] > 1 - 1e-6:  # what is apart by a second but for rounding is apart by a second
                window.popleft()
            most = max(most, len(window))
        return most

    def _within(self, now: float) -> int:
        count = 0
        for moment in reversed(self.sent):
            if now - moment >= 1 - self.slack:
                break
            count += 1
        return count
