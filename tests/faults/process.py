"""The bot as a process of its own, whose clock follows the sandbox's: to be killed, starved, copied and asked how it is."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
from pathlib import Path

import aiohttp

from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN
from tests.world import KEY

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-of-the-tests"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Bot:
    """One process. It hears by webhook at *webhook*, or polls."""

    module = "bot.sandbox.child"
    """What `python -m` is asked for, a word of arguments with it if need be."""

    def __init__(self, server: Server, database_url: str, *, webhook: str = "", **environment: str) -> None:
        self.port = free_port()
        self.said = ""
        """What it has written to standard error."""
        self._listening: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": server.url,
            "DATABASE_URL": database_url,
            "RECIPRO_KEYS": KEY,
            "RECIPRO_RATE": "200",
            "HTTP_PORT": str(self.port),
            "WEBHOOK_URL": webhook,
            "WEBHOOK_SECRET": SECRET,
            **environment,
        }

    @property
    def pid(self) -> int:
        """Its number while it runs."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        await self.launch()
        async with asyncio.timeout(60):
            while await self.missing() != []:
                assert self._process is not None
                assert self._process.returncode is None, await self.end()
                await asyncio.sleep(0.05)

    async def launch(self) -> None:
        """Start it, and wait for nothing."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *self.module.split(), env=self._environment, stderr=asyncio.subprocess.PIPE
        )
        self._listening = asyncio.create_task(self._listen())

    async def missing(self) -> list[str] | None:
        """What keeps it from being ready; None where nobody answers."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(8)) as client,
                client.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return list((await answer.json()).get("missing", []))
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def kill(self) -> None:
        """SIGKILL: no last words."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self.end()

    async def stop(self) -> None:
        """SIGTERM, and wait for its end; nothing if it has ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self.end()

    async def end(self) -> str:
        """Wait for its end; what it wrote."""
        assert self._process is not None
        assert self._listening is not None
        await self._process.wait()
        await self._listening
        return self.said

    async def says(self, *one_of: str) -> None:
        """Wait until it has written one of these."""
        async with asyncio.timeout(60):
            while not any(words in self.said for words in one_of):
                await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.said += line.decode()

    def limit_files(self, size: int | None) -> None:
        """No file may grow beyond *size* bytes from now on: what a full disk does to a database. None lifts it."""
        assert self._process is not None
        _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))
