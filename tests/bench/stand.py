"""A Telegram that takes messages as fast as a core allows, in a process of its own.

It knows nothing but how to answer: after *latency* seconds, and, where asked, with a 429 for whoever is faster than
Telegram allows. What it was sent is told at GET /seen. It is no test double: the sandbox is that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any
from urllib.request import urlopen

CHAT = re.compile(rb'chat_id"?(?:=|\s*:\s*"?|"\r\n[^\r]*?\r?\n?\r\n)(\d+)')
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
ME = {"id": 42, "is_bot": True, "first_name": "Recipro", "username": "recipro_bot"}


class Seen:
    """What came in, and what Telegram would allow."""

    def __init__(self, *, latency: float, rate: float, per_chat: float) -> None:
        self.latency, self.rate, self.per_chat = latency, rate, per_chat
        self.times: list[float] = []
        self.refused = 0
        self._window: deque[float] = deque()
        self._chats: dict[bytes, float] = {}

    def admit(self, chat: bytes) -> bool:
        """Count a message, unless it is more than Telegram allows in any sliding second."""
        now = time.monotonic()
        while self._window and self._window[0] <= now - 1:
            self._window.popleft()
        over = self.rate and len(self._window) >= self.rate
        if over or (self.per_chat and now - self._chats.get(chat, -1e9) < self.per_chat):
            self.refused += 1
            return False
        if self.rate:
            self._window.append(now)
        if self.per_chat:
            self._chats[chat] = now
        self.times.append(now)
        return True

    def told(self) -> dict[str, Any]:
        """What GET /seen says; it begins anew afterwards."""
        times, self.times = self.times, []
        refused, self.refused = self.refused, 0
        most, start = 0, 0
        for end, at in enumerate(times):
            while times[start] <= at - 1:
                start += 1
            most = max(most, end - start + 1)
        return {"taken": len(times), "refused": refused, "most": most, "span": times[-1] - times[0] if times else 0.0}


class Line(asyncio.Protocol):
    """One connection, answered in order."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._held = b""
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
        status, answer = "200 OK", b'{"ok":true,"result":true}'
        if path == b"/seen":
            answer = json.dumps(self._seen.told()).encode()
        elif path.endswith(b"/getme"):
            answer = json.dumps({"ok": True, "result": ME}).encode()
        elif path.endswith(b"/sendmessage"):
            chat = CHAT.search(request)
            number = chat[1] if chat else b"0"
            if self._seen.admit(number):
                answer = (
                    b'{"ok":true,"result":{"message_id":7,"date":1772450000,"chat":{"id":%s,"type":"private",'
                    b'"first_name":"Asha"},"from":{"id":42,"is_bot":true,"first_name":"Recipro","username":'
                    b'"recipro_bot"},"text":"One small thing for this evening"}}'
                ) % number
            else:
                status = "429 Too Many Requests"
                answer = (
                    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1",'
                    b'"parameters":{"retry_after":1}}'
                )
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        whole = head.encode() + answer
        if self._seen.latency and path != b"/seen":
            asyncio.get_running_loop().call_later(self._seen.latency, self._say, whole)
        else:
            self._say(whole)

    def _say(self, whole: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(whole)


@contextmanager
def standing(*, latency: float = 0.0, rate: float = 0.0, per_chat: float = 0.0) -> Iterator[str]:
    """The address of a server that runs until the block ends."""
    command = [sys.executable, "-m", "tests.bench.stand", str(latency), str(rate), str(per_chat)]
    with Popen(command, stdout=PIPE, text=True) as child:
        try:
            if child.stdout is None or not (port := child.stdout.readline().strip()):
                raise RuntimeError("the local server did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()


def seen(address: str) -> dict[str, Any]:
    """What the server at *address* was sent since it was last asked."""
    with urlopen(f"{address}/seen", timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


async def _serve(latency: float, rate: float, per_chat: float) -> None:
    state = Seen(latency=latency, rate=rate, per_chat=per_chat)
    server = await asyncio.get_running_loop().create_server(lambda: Line(state), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("latency", "rate", "per_chat"):
        parser.add_argument(name, type=float)
    told = parser.parse_args()
    try:
        import uvloop

        run = uvloop.run
    except ImportError:
        run = asyncio.run  # type: ignore[assignment]
    run(_serve(told.latency, told.rate, told.per_chat))
