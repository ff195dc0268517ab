"""Updates heard, kept and answered by webhook: the real bot process; beside python-telegram-bot's webhook with an ORM session.

Somebody answers yesterday's prompt. Ours finds who they are, keeps it sealed, and offers to share it; the peer keeps one row
for each update and answers with one line. A second process posts the updates, as many at once as Telegram does (40).
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count

from bot import loop
from bot.domain import clock
from tests.bench.measure import Figures, Row, goal, in_turns, percentile, row, sized, times
from tests.bench.process import Running, bot, free_port, peer
from tests.bench.stand import arrivals, seen, standing
from tests.bench.town import CHAT, Town, copied, kinds
from tests.bench.updates import said
from tests.bench.whole import SECRET

PEOPLE = sized(20_000, 1_000)
AT_ONCE = 40
"""Connections of the rush; what setWebhook asks Telegram for."""
RUSH = sized(3_000, 40)
"""Updates of a rush."""
STEADY, STEADY_SECONDS = 100, sized(10, 1)
"""Updates a second of steady hearing."""
FLOOD, FLOOD_SECONDS = sized(400, 100), sized(10, 1)
"""Connections of a flood, far more than can be served."""
GIVEN_UP = 10.0
"""Seconds for which no answer comes, after which none is waited for any more."""
NOW = datetime.now(UTC)
TOWN = Town("hear", PEOPLE, lambda _n: ("UTC", (NOW.hour * 60 + 12 * 60) % clock.DAY), remembered_days=1, noon=NOW)
"""Nobody's prompt is due for hours, so that what is sent is an answer."""

Server = Callable[[str], AbstractContextManager[Running]]


def rows() -> list[Row]:
    """Three ways of hearing, each in turns."""
    servers: dict[str, Server] = {f"recipro, {kind}": partial(_ours, kind) for kind in kinds()}
    servers |= {f"ptb webhook and ORM, {kind}": partial(_theirs, kind) for kind in kinds()}
    found = in_turns({who: partial(_round, server) for who, server in servers.items()})
    return [each for kind in kinds() for each in _told(kind, found)]


def _told(kind: str, found: dict[str, dict[str, list[float]] | None]) -> Iterator[Row]:
    ours, theirs = f"recipro, {kind}", f"ptb webhook and ORM, {kind}"
    mine, peers = found[ours] or {}, found[theirs] or {}
    ratio = times(mine["rate"], peers.get("rate"))
    thrice: Row = {"reached": f"{ratio:.1f} times", **goal("at least 3 times the peer", met=ratio >= 3)}
    soon = goal("under 10 ms", met=statistics.median(mine["p99"]) < 10)
    bounded = goal("bounded: at most 20 MB", met=max(mine["grown"]) <= 20)
    none = goal("0", met=max(mine["unanswered"]) == 0)
    for what, name, unit, extra in (
        ("updates heard, kept and answered a second", "rate", "a second", thrice),
        (f"until the answer is out, at {STEADY} a second, p99", "p99", "ms", soon),
        (f"until the answer is out, at {STEADY} a second, p50", "p50", "ms", {}),
        (f"memory gained in a flood of {FLOOD_SECONDS} s", "grown", "MB", bounded),
        ("taken in the flood", "taken", "updates", {}),
        ("refused in the flood, to be sent again", "refused", "updates", {}),
        ("taken in the flood, and unanswered a second after it", "unanswered", "updates", none),
    ):
        yield row(what, ours, mine[name], unit, **extra)
        yield row(what, theirs, peers.get(name), unit)


def _round(server: Server) -> Figures:
    with standing() as telegram, server(telegram) as running:
        caller = Caller(running.port, telegram)
        loop.run(caller.rush(sized(200, 20)))  # whoever answers first pays for what is made once
        rate = loop.run(caller.rush(RUSH))
        late = loop.run(caller.steadily())
        before = running.forget_the_peak()
        flood = loop.run(caller.flood())
        return {
            "rate": rate,
            "p50": statistics.median(late),
            "p99": percentile(late, 0.99),
            "grown": running.memory(peak=True) - before,
            **flood,
        }


@contextmanager
def _ours(kind: str, telegram: str) -> Iterator[Running]:
    with copied(kind, TOWN) as database, bot(database, telegram) as running:
        yield running


@contextmanager
def _theirs(kind: str, telegram: str) -> Iterator[Running]:
    import tornado  # noqa: F401 - without it there is no webhook

    port = free_port()
    with copied(kind, TOWN) as database:
        driver = database.replace("postgresql:", "postgresql+psycopg:")
        with peer("tests.bench.hear_ptb", telegram, driver, str(port), port=port) as running:
            yield running


# --- who posts ---


@dataclass(slots=True)
class Caller:
    """Posts updates to a port, one person after the other, and looks what answers came out at *telegram*."""

    port: int
    telegram: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def rush(self, updates: int) -> float:
        """Post *updates*, AT_ONCE at a time, each again until it is taken: answers a second until the last is out."""
        await asyncio.to_thread(arrivals, self.telegram)
        left = iter(range(updates))

        async def line() -> None:
            post = await Line.open(self.port)
            for _ in left:
                _, body = self._next()
                while await post.send(body) != 200:
                    await asyncio.sleep(0.02)
            post.close()

        began = time.monotonic()
        await asyncio.gather(*(line() for _ in range(AT_ONCE)))
        came = await self._answers(updates)
        return len(came) / (max(at for _, at, _ in came) - began)

    async def steadily(self) -> list[float]:
        """STEADY a second: milliseconds from posting each update until its answer is out."""
        await asyncio.to_thread(arrivals, self.telegram)
        lines = [await Line.open(self.port) for _ in range(AT_ONCE)]
        posted: dict[int, float] = {}
        began = time.monotonic()
        sending = []
        for n in range(STEADY * STEADY_SECONDS):
            await asyncio.sleep(began + n / STEADY - time.monotonic())
            chat, body = self._next()
            posted[chat] = time.monotonic()
            sending.append(asyncio.create_task(lines[n % AT_ONCE].send(body)))
        if set(await asyncio.gather(*sending)) != {200}:
            raise RuntimeError("an update was refused")
        for line in lines:
            line.close()
        came = {chat: at for chat, at, _ in await self._answers(len(posted))}
        return [1000 * (came.get(chat, at + GIVEN_UP) - at) for chat, at in posted.items()]

    async def flood(self) -> Figures:
        """Post for FLOOD_SECONDS as fast as FLOOD connections can: what was taken, refused, and is unanswered a second later."""
        await asyncio.to_thread(arrivals, self.telegram)
        end = time.monotonic() + FLOOD_SECONDS
        statuses: Counter[int] = Counter()

        async def line() -> None:
            post = await Line.open(self.port)
            while time.monotonic() < end:
                _, body = self._next()
                statuses[await post.send(body)] += 1
            post.close()

        await asyncio.gather(*(line() for _ in range(FLOOD)))
        await asyncio.sleep(1)
        answered = len(await asyncio.to_thread(arrivals, self.telegram))
        taken = statuses[200]
        return {"taken": taken, "refused": statuses.total() - taken, "unanswered": max(0, taken - answered)}

    def _next(self) -> tuple[int, bytes]:
        number = next(self._numbers)
        chat = CHAT + number % PEOPLE
        return chat, json.dumps(said(number, chat)).encode()

    async def _answers(self, expected: int) -> list[tuple[int, float, bool]]:
        """*expected* answers, or those that came until none did for GIVEN_UP seconds."""
        taken, newest = 0, time.monotonic()
        while taken < expected and time.monotonic() - newest < GIVEN_UP:
            await asyncio.sleep(0.05)
            if more := (await asyncio.to_thread(seen, self.telegram))["taken"]:
                taken, newest = taken + more, time.monotonic()
        return await asyncio.to_thread(arrivals, self.telegram)


@dataclass(slots=True)
class Line:
    """One connection that posts, one update after the other."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def open(cls, port: int) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, body: bytes) -> int:
        """The status of the answer."""
        async with self._turn:
            self.writer.write(
                b"POST /telegram HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"X-Telegram-Bot-Api-Secret-Token: %s\r\nContent-Length: %d\r\n\r\n"
                % (SECRET.encode(), len(body))
                + body
            )
            head = await self.reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await self.reader.readexactly(int(line.partition(b":")[2]))
            return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        self.writer.close()
