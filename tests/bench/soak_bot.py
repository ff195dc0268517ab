"""The bot that soak.py drives: the whole App, whose clock is turned and whose pulse beats when a line on standard input says so.

A line is a moment in milliseconds; after the beat it answers with its memory in megabytes. The end of input is a clean stop.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from datetime import UTC, datetime, timedelta

from bot import loop
from tests.bench.measure import memory
from tests.bench.whole import running, settings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = 1_000_000.0
"""Seconds between beats that nobody asked for."""


async def follow(database: str, telegram: str, rate: float, moment: int) -> None:
    """Beat at every moment that comes in."""
    now = moment

    def clock() -> datetime:
        return EPOCH + timedelta(milliseconds=now)

    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with running(settings(database, telegram, rate=rate), clock, beat_every=NEVER) as app:
        print("ready", flush=True)
        while line := await lines.readline():
            now = int(line)
            await app.pulse.beat()
            print(f"{memory():.2f} {len(gc.get_objects())}", flush=True)


if __name__ == "__main__":
    loop.run(follow(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
