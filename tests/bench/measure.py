"""How things are measured here: rounds in turns, medians with their spread, what the machine was like, tables.

A row is a dict that JSON can hold. Its order of keys is the order of columns; *goal* and *met* are known to the report.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

QUICK = os.environ.get("QUICK", "") not in {"", "0"}
"""Prove that everything runs, with small numbers that mean nothing."""
ROUNDS = 1 if QUICK else 5
LIBRARIES = (
    *("python-telegram-bot", "aiohttp", "uvloop", "orjson", "SQLAlchemy", "psycopg", "pytz"),
    *("APScheduler", "aiogram", "httpx", "tornado", "aiolimiter"),
)

Row = dict[str, Any]
Figures = Mapping[str, float]
"""What one round measured, by name."""


class AbsentError(RuntimeError):
    """What is to be measured is not installed here."""


def sized(full: int, quick: int) -> int:
    """*full*, or *quick* in a quick run."""
    return quick if QUICK else full


def settled_in() -> None:
    """From here on the garbage collector leaves out what was there before, the bench's own modules among it, for everybody alike.

    The bot does the same once it has started (bot.app).
    """
    gc.collect()
    gc.freeze()


def in_turns(
    ways: Mapping[str, Callable[[], Figures]], rounds: int = ROUNDS
) -> dict[str, dict[str, list[float]] | None]:
    """Each way once, then each again …, so that a busy machine is busy for everyone. None for a way that is absent.

    For each way the values of each figure, in the order of rounds.
    """
    found: dict[str, dict[str, list[float]] | None] = {who: {} for who in ways}
    for _ in range(rounds):
        for who, way in ways.items():
            if (figures := found[who]) is None:
                continue
            try:
                measured = way()
            except (AbsentError, ImportError):
                found[who] = None
                continue
            for name, value in measured.items():
                figures.setdefault(name, []).append(value)
    return found


def row(what: str, who: str, values: Sequence[float] | None, unit: str, **more: Any) -> Row:
    """The median of *values* with its spread; no values are an absent peer."""
    if not values:
        return {"what": what, "who": who, "median": "absent"}
    return {
        "what": what,
        "who": who,
        "median": rounded(statistics.median(values)),
        "min": rounded(min(values)),
        "max": rounded(max(values)),
        "unit": unit,
        "runs": len(values),
        **more,
    }


def goal(text: str, *, met: bool) -> Row:
    """What was to be reached, for a row. A quick run reaches nothing."""
    return {"goal": text, "met": None if QUICK else met}


def times(theirs: Sequence[float] | None, ours: Sequence[float] | None) -> float:
    """How many times *ours* goes into *theirs*: the median of the rounds' own ratios. Nothing measured: not a number."""
    if not theirs or not ours:
        return float("nan")
    return statistics.median(each / own for each, own in zip(theirs, ours, strict=True))


def rounded(value: float) -> float:
    """Three digits, or all of the whole part."""
    return float(round(value)) if abs(value) >= 100 else float(f"{value:.3g}")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that *share* of *values* do not exceed."""
    return sorted(values)[max(0, int(len(values) * share + 0.999999) - 1)]


def memory(pid: int | None = None, *, peak: bool = False) -> float:
    """Megabytes of memory of a process: now, or at its most. Linux only."""
    name = "VmHWM" if peak else "VmRSS"
    for line in Path(f"/proc/{pid or os.getpid()}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"/proc tells no {name}")


def machine() -> Row:
    """What all this was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory, GB": round(next((int(line.split()[1]) for line in _lines("/proc/meminfo")), 0) / 1e6),
        "kernel": platform.release(),
        "Python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
    }


def load() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def wait_for_quiet(most: float, seconds: float) -> None:
    """Until the load average is at most *most*, or *seconds* are over."""
    end = time.monotonic() + seconds
    while load() > most and time.monotonic() < end:
        time.sleep(5)


def table(rows: Sequence[Row]) -> str:
    """*rows* in Markdown, with a column for each key."""
    columns = list(dict.fromkeys(key for each in rows for key in each))
    lines = [[_shown(each.get(column)) for column in columns] for each in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in (columns, ["---"] * len(columns), *lines))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() or abs(value) >= 100 else f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
