"""A day of 100,000 people in four zones with trouble on the way: `python -m tests.bench.soak`, to build/bench/soak.json and .md.

The clock is turned by the minute through 24 hours; the bot is a process of its own (soak_bot.py), sending to the local server,
which refuses, breaks, drops and loses by chance; it is killed in the middle of sending, and stopped and started again. In the
end the database's word on each prompt is held against what the server saw come.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from sqlalchemy import Connection, select

from bot.domain.prompts import DAILY
from bot.storage import columns
from bot.storage.schema import delivery, person
from tests.bench.measure import QUICK, Row, load, machine, sized, table
from tests.bench.stand import Ways, arrivals, standing
from tests.bench.town import NOON, Town, copied, evenings, opened

PEOPLE = int(os.environ.get("SOAK_PEOPLE", "") or sized(100_000, 400))
KIND = os.environ.get("SOAK_DATABASE", "") or "sqlite"
TOWN = Town(f"soak{PEOPLE}", PEOPLE, evenings("Asia/Kolkata", "Europe/London", "America/New_York", "Australia/Sydney"))
TROUBLE = Ways(latency=0.02, too_many=0.0005, broken=0.01, dropped=0.005, lost=0.005)
RATE = 1000.0
MINUTES = 24 * 60
KILLS = (31, 61, 92, 121, 151, 1201)
"""Minutes after NOON in which the bot is killed while it sends: five in Kolkata's evening, one in Sydney's."""
STOPS = (181, 1231)
"""Minutes in which it is stopped in the middle, and started again."""
IN_THE_MIDDLE = sized(1000, 100)
"""Milliseconds of sending, at most, before it is killed or stopped."""
FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench"


@dataclass(slots=True)
class Life:
    """One process of the bot, from its start to its end."""

    database: str
    telegram: str
    minute: int
    began: int = field(init=False)
    memory: dict[int, float] = field(default_factory=dict)
    """Megabytes after each minute's beat."""
    objects: dict[int, int] = field(default_factory=dict)
    _child: Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.minute
        command = [sys.executable, "-m", "tests.bench.soak_bot", self.database, self.telegram, str(RATE)]
        self._child = Popen([*command, str(_moment(self.minute))], stdin=PIPE, stdout=PIPE, text=True)
        self._answer()

    def beat(self, minute: int) -> None:
        """Turn the clock to *minute* after NOON, and beat."""
        self._say(minute)
        memory, objects = self._answer().split()
        self.memory[minute], self.objects[minute] = float(memory), int(objects)

    def killed_in(self, minute: int, seconds: float) -> None:
        """Beat, and be killed after *seconds* of it."""
        self._say(minute)
        time.sleep(seconds)
        self._child.kill()
        self._child.wait()

    def stopped_in(self, minute: int, seconds: float) -> None:
        """Beat, and be told to stop after *seconds* of it."""
        self._say(minute)
        time.sleep(seconds)
        self.stop()

    def stop(self) -> None:
        """A clean stop."""
        if self._child.poll() is None and self._child.stdin is not None:
            self._child.stdin.close()
            self._child.wait(60)

    def _say(self, minute: int) -> None:
        if self._child.stdin is not None:
            self._child.stdin.write(f"{_moment(minute)}\n")
            self._child.stdin.flush()

    def _answer(self) -> str:
        if self._child.stdout is None or not (line := self._child.stdout.readline()):
            raise RuntimeError("the bot has died")
        return line


def main() -> int:
    """Turn the clock through a day; 0 when nobody was missed and nobody was sent twice without its being on record."""
    before, began, chance = load(), time.monotonic(), random.Random(2)
    lives: list[Life] = []
    came: Counter[int] = Counter()
    with ExitStack() as until_the_end:
        database = until_the_end.enter_context(copied(KIND, TOWN))
        telegram = until_the_end.enter_context(standing(TROUBLE))
        lives.append(Life(database, telegram, 0))
        until_the_end.callback(_end, lives)
        for minute in range(1, MINUTES + 1):
            seconds = chance.uniform(0.1, 1) * IN_THE_MIDDLE / 1000
            if minute in KILLS or minute in STOPS:
                (lives[-1].killed_in if minute in KILLS else lives[-1].stopped_in)(minute, seconds)
                lives.append(Life(database, telegram, minute))
                lives[-1].beat(minute)
            else:
                lives[-1].beat(minute)
            if minute % 60 == 0:
                came.update(chat for chat, _, _ in arrivals(telegram))
                sys.stderr.write(f"hour {minute // 60}: {came.total()} came, {lives[-1].memory[minute]:.0f} MB\n")
        lives[-1].stop()
        with opened(database) as store:
            verdict = judged(store.read_now(record), came)
    whole = {
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "people": PEOPLE,
        "database": KIND,
        "minutes it took": round((time.monotonic() - began) / 60, 1),
        "load before": before,
        "load after": load(),
        "verdict": verdict,
        "memory": remembered(lives),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / ("soak-quick.json" if QUICK else "soak.json")
    path.write_text(json.dumps(whole, indent=1))
    path.with_suffix(".md").write_text(text := written(whole))
    print(text)
    return int(bool(verdict["missed"] or verdict["twice without a record"] or verdict["three times"]))


def _end(lives: list[Life]) -> None:
    lives[-1].stop()


def record(db: Connection) -> dict[int, list[tuple[str, int]]]:
    """What the database says of each chat: state and tries of each daily prompt."""
    told: dict[int, list[tuple[str, int]]] = {}
    daily = [str(kind) for kind in DAILY]
    query = select(person.c.chat_id, delivery.c.state, delivery.c.tries).join(delivery, isouter=True)
    for chat, state, tries in db.execute(query.where(delivery.c.kind.is_(None) | delivery.c.kind.in_(daily))):
        told.setdefault(chat, []).extend([(state, tries)] if state else [])
    return told


def judged(told: dict[int, list[tuple[str, int]]], came: Counter[int]) -> dict[str, Any]:
    """The database's word on everybody, held against what came."""
    states = Counter(state for rows in told.values() for state, _ in rows)
    on_record = {"unknown", "dropped", "failed", "blocked"}
    missed = [chat for chat, rows in told.items() if not came[chat] and (len(rows) != 1 or rows[0][0] not in on_record)]
    twice = {chat for chat, copies in came.items() if copies > 1}
    return {
        "people": len(told),
        "prompts of the day for each": sorted({len(rows) for rows in told.values()}),
        "came": came.total(),
        "missed": len(missed),
        "uncertain twice, so on record as unknown": states["unknown"],
        "of these nothing came to": sum(not came[chat] for chat, rows in told.items() if ("unknown", 2) in rows),
        "dropped, failed or blocked": states["dropped"] + states["failed"] + states["blocked"],
        "still waiting": states["waiting"] + states["sending"],
        "twice, on record as uncertain": sum(told[chat][0][1] > 1 for chat in twice),
        "twice without a record": sum(told[chat][0][1] <= 1 for chat in twice),
        "three times": sum(copies > 2 for copies in came.values()),
    }


def remembered(lives: list[Life]) -> dict[str, Any]:
    """How memory went in the longest life."""
    longest = max(lives, key=lambda life: len(life.memory))
    hours = [minute for minute in longest.memory if minute % 60 == 0]
    settled = hours[1:]
    return {
        "lives": len(lives),
        "hours of the longest": round(len(longest.memory) / 60, 1),
        "MB by the hour": {minute // 60: round(longest.memory[minute], 1) for minute in hours},
        "objects by the hour": {minute // 60: longest.objects[minute] for minute in hours},
        "MB more an hour": round(_slope([longest.memory[minute] for minute in settled]), 3),
        "objects more an hour": round(_slope([float(longest.objects[minute]) for minute in settled])),
    }


def _slope(values: list[float]) -> float:
    return statistics.linear_regression(range(len(values)), values).slope if len(values) > 1 else 0.0


def written(whole: dict[str, Any]) -> str:
    """The report in Markdown."""
    memory: dict[str, Any] = whole["memory"]
    facts: list[Row] = [{"": name, " ": str(value)} for name, value in whole["verdict"].items()]
    by_hour: list[Row] = [
        {"hour": str(hour), "MB": megabytes, "objects": memory["objects by the hour"][hour]}
        for hour, megabytes in memory["MB by the hour"].items()
    ]
    head = (
        f"{whole['at']}, {whole['minutes it took']} minutes, load {whole['load before']} before and "
        f"{whole['load after']} after. Of each 10,000 messages {10_000 * TROUBLE.too_many:g} were refused with 429, "
        f"{10_000 * TROUBLE.broken:g} met a 500, {10_000 * TROUBLE.dropped:g} lost their connection and were not taken, "
        f"{10_000 * TROUBLE.lost:g} were taken and the answer was lost. {len(KILLS)} SIGKILLs and {len(STOPS)} stops "
        "while it was sending."
    )
    flat = (
        f"Memory in the longest of {memory['lives']} lives ({memory['hours of the longest']} hours): "
        f"{memory['MB more an hour']:+} MB an hour, {memory['objects more an hour']:+} objects an hour."
    )
    title = f"# {whole['people']:,} people, {MINUTES // 60} simulated hours, {whole['database']}"
    return "\n".join([title, "", head, "", table(facts), "", flat, "", table(by_hour), ""])


def _moment(minute: int) -> int:
    return columns.milliseconds(NOON + timedelta(minutes=minute, seconds=1))


if __name__ == "__main__":
    sys.exit(main())
