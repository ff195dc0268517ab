"""One processor for a process: Python computes on one at a time whatever there is, and each hand-over between two costs both.

A thread lets go of the interpreter's lock for each moment in which it asks the database, and another one, waiting on another
processor, wakes up for it. With PostgreSQL an answer took some sixty such switches, and a third more time than on one processor,
where whoever lets go for a moment still has the lock when it comes back (David Beazley, Understanding the Python GIL, 2010).
Nothing is moved where the system cannot say which processors there are (macOS, Windows), or there is only one.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

LEAVE_EVERY = 30.0
"""Seconds after which the system is asked anew where this process should be: another busy one may have come."""
LOOK = 0.1
"""Seconds in which the system may move it."""
_SELF = Path("/proc/self")
_LAST_RAN_ON = 39 - 3
"""Of /proc/self/stat, the number of the field behind the program's name (proc_pid_stat(5))."""


def _there() -> frozenset[int]:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


ALLOWED = _there()
"""The processors that this process was given when it began."""


async def keep_to_one() -> None:
    """Keep all threads of this process on one processor, where the system would have them now; until it is cancelled."""
    if len(ALLOWED) < 2:
        return
    try:
        while True:
            _move_threads({_here()})
            await asyncio.sleep(LEAVE_EVERY)
            _move_threads(ALLOWED)
            await asyncio.sleep(LOOK)
    except (OSError, ValueError):
        log.debug("the system does not let this process choose its processor", exc_info=True)
    finally:
        with suppress(OSError):
            _move_threads(ALLOWED)


def let_roam(process: int) -> None:
    """Let a process that was started from here compute on any processor that this one was given."""
    if len(ALLOWED) > 1:
        with suppress(OSError):  # it has ended
            os.sched_setaffinity(process, ALLOWED)


def _here() -> int:
    """The processor on which this process ran last, by its first thread."""
    return int((_SELF / "stat").read_text().rpartition(")")[2].split()[_LAST_RAN_ON])


def _move_threads(where: frozenset[int] | set[int]) -> None:
    """Threads that begin later stay where whoever begins them is."""
    for thread in (_SELF / "task").iterdir():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(thread.name), where)
