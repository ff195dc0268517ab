"""A Telegram that takes messages as fast as a core allows, in a process of its own.

It knows nothing but how to answer: after *latency* seconds; with a 429 for whoever is faster than is allowed; and, where
asked, with trouble by chance. What it was sent is told at GET /seen (counts) and GET /arrivals (one by one), each since it
was last asked. It is no test double: the sandbox is that.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from subprocess import PIPE, Popen
from typing import Any
from urllib.request import urlopen

from bot import loop

CHAT = re.compile(rb'chat_id"?(?:=|\s*:\s*"?|"\r\n[^\r]*?\r?\n?\r\n)(\d+)')
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
ME = {"id": 42, "is_bot": True, "first_name": "Recipro", "username": "recipro_bot"}
TOKEN = "42:bench"
MESSAGE = (
    b'{"ok":true,"result":{"message_id":%d,"date":1772450000,"chat":{"id":%s,"type":"private","first_name":"Asha"},'
    b'"from":{"id":42,"is_bot":true,"first_name":"Recipro","username":"recipro_bot"},'
    b'"text":"One small thing for this evening"}}'
)
WAIT = b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}'
BROKEN = b'{"ok":false,"error_code":500,"description":"Internal Server Error"}'


@dataclass(frozen=True, slots=True)
class Ways:
    """How the server behaves. The last four are probabilities, for each message."""

    latency: float = 0.0
    rate: float = 0.0
    """Messages in any sliding second, for the bot; 0: as many as come."""
    per_chat: float = 0.0
    """Seconds between two messages to one chat."""
    too_many: float = 0.0
    broken: float = 0.0
    dropped: float = 0.0
    """The connection ends, and nothing was taken."""
    lost: float = 0.0
    """The message was taken, and the connection ends without an answer."""


class Seen:
    """What came in, and what Telegram would allow."""

    def __init__(self, ways: Ways) -> None:
        self.ways = ways
        self.troubles = Counter[str]()
        self._taken: list[tuple[bytes, float, bool]] = []
        self._told = 0
        self._window: deque[float] = deque()
        self._chats: dict[bytes, float] = {}
        self._chance = random.Random(1)

    def meet(self, chat: bytes) -> str:
        """What becomes of a message: ok, too_many, broken, dropped or lost."""
        became = self._by_chance()
        if became in {"ok", "lost"} and not self._allowed(chat):
            became = "too_many"
        if became in {"ok", "lost"}:
            self._taken.append((chat, time.monotonic(), became == "lost"))
        if became != "ok":
            self.troubles[became] += 1
        return became

    def seen(self) -> dict[str, Any]:
        """Counts since they were last asked for; how many messages came in the fullest sliding second among them."""
        times = [at for _, at, _ in self._taken[self._told :]]
        copies = Counter(Counter(chat for chat, _, _ in self._taken[self._told :]).values())
        self._told = len(self._taken)
        most, start = 0, 0
        for end, at in enumerate(times):
            while times[start] <= at - 1:
                start += 1
            most = max(most, end - start + 1)
        troubles, self.troubles = self.troubles, Counter()
        return {
            "taken": len(times),
            "refused": troubles["too_many"],
            "troubles": troubles,
            "most": most,
            "span": times[-1] - times[0] if times else 0.0,
            "copies": copies,
        }

    def arrivals(self) -> list[tuple[int, float, bool]]:
        """(chat, monotonic moment, whether the answer was lost) of each message since they were last asked for."""
        taken, self._taken, self._told = self._taken, [], 0
        return [(int(chat), at, lost) for chat, at, lost in taken]

    def _by_chance(self) -> str:
        ways = self.ways
        left = self._chance.random()
        for became, probability in (
            ("too_many", ways.too_many),
            ("broken", ways.broken),
            ("dropped", ways.dropped),
            ("lost", ways.lost),
        ):
            if (left := left - probability) < 0:
                return became
        return "ok"

    def _allowed(self, chat: bytes) -> bool:
        """Count a message, unless it is more than Telegram allows in any sliding second."""
        rate, per_chat = self.ways.rate, self.ways.per_chat
        if not rate and not per_chat:
            return True
        now = time.monotonic()
        while self._window and self._window[0] <= now - 1:
            self._window.popleft()
        if (rate and len(self._window) >= rate) or (per_chat and now - self._chats.get(chat, -1e9) < per_chat):
            return False
        if rate:
            self._window.append(now)
        if per_chat:
            self._chats[chat] = now
        return True


class Line(asyncio.Protocol):
    """One connection, answered in order."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._held = b""
        self._number = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self._held, 0, end)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self._held) < size:
                return
            request, self._held = self._held[:size], self._held[size:]
            self._obey(request)

    def _obey(self, request: bytes) -> None:
        path = request.split(b" ", 2)[1].lower()
        if path == b"/seen":
            return self._say(b"200 OK", json.dumps(self._seen.seen()).encode())
        if path == b"/arrivals":
            return self._say(b"200 OK", json.dumps(self._seen.arrivals()).encode())
        if not path.endswith(b"/sendmessage"):
            result = ME if path.endswith(b"/getme") else True
            return self._later(b"200 OK", json.dumps({"ok": True, "result": result}).encode())
        chat = found[1] if (found := CHAT.search(request)) else b"0"
        match self._seen.meet(chat):
            case "ok":
                self._number += 1
                return self._later(b"200 OK", MESSAGE % (self._number, chat))
            case "too_many":
                return self._later(b"429 Too Many Requests", WAIT)
            case "broken":
                return self._later(b"500 Internal Server Error", BROKEN)
            case _:
                return self._hang_up()

    def _later(self, status: bytes, answer: bytes) -> None:
        if self._seen.ways.latency:
            asyncio.get_running_loop().call_later(self._seen.ways.latency, self._say, status, answer)
        else:
            self._say(status, answer)

    def _say(self, status: bytes, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(head % (status, len(answer)) + answer)

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()


@contextmanager
def standing(ways: Ways = Ways()) -> Iterator[str]:
    """The address of a server that runs until the block ends."""
    command = [sys.executable, "-m", "tests.bench.stand", json.dumps(asdict(ways))]
    with Popen(command, stdout=PIPE, text=True) as child:
        try:
            if child.stdout is None or not (port := child.stdout.readline().strip()):
                raise RuntimeError("the local server did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()


def seen(address: str) -> dict[str, Any]:
    """What the server at *address* was sent since it was last asked, in counts."""
    return dict(_asked(f"{address}/seen"))


def arrivals(address: str) -> list[tuple[int, float, bool]]:
    """What the server at *address* was sent, one by one, since it was last asked for that."""
    return [(chat, at, lost) for chat, at, lost in _asked(f"{address}/arrivals")]


def _asked(url: str) -> Any:
    with urlopen(url, timeout=30) as answer:
        return json.load(answer)


async def _serve(ways: Ways) -> None:
    state = Seen(ways)
    server = await asyncio.get_running_loop().create_server(lambda: Line(state), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    loop.run(_serve(Ways(**json.loads(sys.argv[1]))))
