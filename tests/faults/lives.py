"""The bot's process, again and again: everything is imported once, then each life is a fork of that, and can be killed.

A kill takes a life where it stands: nothing of it is caught, closed or written down. Run as a module, this is the mother.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process


class Lives:
    """One mother process and the life it has begun last. Use as an async context manager; *environment* is the bot's."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._mother: Process | None = None
        self.pid = 0

    async def __aenter__(self) -> Lives:
        self._mother = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, env={**os.environ, **self._environment}, stdin=PIPE, stdout=PIPE
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()
        if self._mother is not None and self._mother.stdin is not None:
            self._mother.stdin.close()
            await self._mother.wait()

    async def begin(self) -> None:
        """Another life."""
        assert self._mother is not None
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(b"live\n")
        self.pid = int(await self._mother.stdout.readline())

    def kill(self) -> None:
        """SIGKILL."""
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                print("the life had ended by itself")
            self.pid = 0


def mother() -> None:
    """Import all there is, then fork for each line that comes in."""
    from bot.sandbox import child
    from bot.speech import library

    library.load()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for _ in sys.stdin:
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(asyncio.run(child.whole()))
        print(pid, flush=True)


if __name__ == "__main__":
    mother()
