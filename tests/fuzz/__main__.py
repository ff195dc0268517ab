"""`python -m tests.fuzz [updates] [seed]`: 0 when nothing was wrong and memory has not grown by MOST_GROWN."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.play import MOST_GROWN, Play

UPDATES, PEOPLE = 100_000, 800


def main(arguments: list[str]) -> int:
    """Play, and tell."""
    updates = int(arguments[0]) if arguments else UPDATES
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    with TemporaryDirectory(prefix="recipro-fuzz-") as folder:
        play = Play(seed, f"sqlite:///{Path(folder) / 'recipro.db'}", people=PEOPLE)
        play.told = lambda played: print(f"\r{played:,}", end="", file=sys.stderr, flush=True)
        verdict = asyncio.run(play.whole(updates, warm=updates // 5))
    print(f"\n{verdict.told()}")
    return int(bool(verdict.wrong) or verdict.grown >= MOST_GROWN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
