"""Draws pictures in processes of their own, just before they are sent: a picture is a tenth of a second of pure work.

The drawing library holds the interpreter's lock while it works, so that a thread would not help: every chat would wait.
A process is started for the first picture and let go when none is wanted; it ends by itself when the bot is gone, keeps
nothing, is given no secret, and yields to whatever else the machine has to do. Nothing is drawn inside a transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from bot import processor
from bot.speech.card import Picture
from bot.speech.pictures.hand import LENGTH

IDLE = 120.0
"""Seconds without a picture after which a process is let go."""
WITHIN = 15.0
"""Seconds for one picture, its process's start included; a hundred times what it takes."""
MOST = 4
"""Processes at most, however many cores there are."""
_HERE = str(Path(__file__).resolve().parents[2])
_PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR", "LD_LIBRARY_PATH")
"""All of the environment that a drawing process sees: the token and the keys are none of its business."""


class CrowdedError(Exception):
    """No process was free in time; nothing is wrong with the picture."""


class UndrawnError(Exception):
    """The picture cannot be drawn. Holds the name of what went wrong, and no word of anybody."""


class Easel:
    """As many drawing processes as there are cores to spare, at least one; whoever is more urgent draws first.

    With no *hands* at all it draws nothing, and words go alone.
    """

    def __init__(self, hands: int | None = None, *, idle: float = IDLE) -> None:
        count = max(1, min(MOST, (os.cpu_count() or 1) - 1)) if hands is None else hands
        self._free = [_Hand(idle) for _ in range(count)]
        self._hands = tuple(self._free)
        self._waiting: list[tuple[int, int, asyncio.Future[_Hand]]] = []
        self._number = 0

    @property
    def draws(self) -> bool:
        """Whether there is anybody to draw."""
        return bool(self._hands)

    @property
    def busy(self) -> bool:
        """Whether a picture would have to wait for others."""
        return not self._free

    async def draw(self, picture: Picture, *, lane: int, patience: float | None = None) -> bytes:
        """The PNG of *picture*. Raises CrowdedError when nobody is free within *patience* seconds, and UndrawnError."""
        hand = await self._take(lane, patience)
        try:
            return await hand.draw(picture)
        finally:
            self._give(hand)

    async def close(self) -> None:
        """End every process. The easel can be used again."""
        for hand in self._hands:
            await hand.let_go()

    async def _take(self, lane: int, patience: float | None) -> _Hand:
        if self._free:
            return self._free.pop()
        self._number += 1
        future: asyncio.Future[_Hand] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (lane, self._number, future))
        try:
            async with asyncio.timeout(patience):
                return await future
        except (TimeoutError, asyncio.CancelledError) as error:
            if future.done() and not future.cancelled():
                self._give(future.result())
            if isinstance(error, TimeoutError):
                raise CrowdedError from None
            raise

    def _give(self, hand: _Hand) -> None:
        while self._waiting:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(hand)
                return
        self._free.append(hand)


class _Hand:
    """One drawing process, started when it is needed. Used by one drawing at a time."""

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._process: Process | None = None
        self._ended: Process | None = None
        self._rest: asyncio.TimerHandle | None = None

    async def draw(self, picture: Picture) -> bytes:
        """The PNG. Whatever goes wrong, the process is ended, so that its next answer is not taken for another's."""
        if self._rest is not None:
            self._rest.cancel()
        try:
            async with asyncio.timeout(WITHIN):
                answer = await self._asked(pickle.dumps(picture))
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            await self.let_go()
            raise UndrawnError(type(error).__name__) from None
        except asyncio.CancelledError:
            self._kill()
            raise
        self._rest = asyncio.get_running_loop().call_later(self._idle, self._kill)
        if not answer.startswith(b"\x89PNG"):
            raise UndrawnError(answer.decode("ascii", "replace"))
        return answer

    async def let_go(self) -> None:
        """End the process and wait until it has."""
        self._kill()
        if self._ended is not None:
            ended, self._ended = self._ended, None
            with contextlib.suppress(ConnectionError):  # its end of the pipe may be gone already
                await ended.communicate()

    def _kill(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                self._process.kill()
            self._ended = self._process
        self._process = None

    async def _asked(self, question: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            await self.let_go()
            self._process = await _started()
            processor.let_roam(self._process.pid)
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise BrokenPipeError
        process.stdin.write(LENGTH.pack(len(question)) + question)
        await process.stdin.drain()
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        return await process.stdout.readexactly(length)


async def _started() -> Process:
    seen = {name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None}
    path = os.pathsep.join([_HERE, *filter(None, sys.path)])
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.speech.pictures.hand"),
        stdin=PIPE,
        stdout=PIPE,
        env={**seen, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C in a terminal is for the bot, which then closes the pipe
    )
