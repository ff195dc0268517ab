"""The pulse: raise what is due, claim it, decide again, send it, settle it.

Sending happens outside any transaction: claim -> commit -> send -> settle. Telegram has no idempotency key, so an
uncertain send is named and tried once more after its lease; what could be felt as pressure never is. The pulse keeps
nothing in memory that a crash could lose.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from bot.courier.courier import Courier
from bot.courier.outcome import Blocked, Failed, Later, Outcome, Revoked, Sent, Unknown
from bot.delivery import compose
from bot.delivery.compose import NEVER_TWICE, Parcel
from bot.domain import clock
from bot.domain.clock import Slot
from bot.domain.pacing import LATE_LIMIT, Lane
from bot.speech.card import taps
from bot.speech.library import Library
from bot.storage import deliveries, gestures, people, rhythms, tallies
from bot.storage.deliveries import Delivery, Settled
from bot.storage.rhythms import Cursor
from bot.storage.store import AwayError, Store

log = logging.getLogger(__name__)

NARROWEST = timedelta(seconds=10)
"""A minute whose prompts the rate carries faster than this is not spread at all."""
CATCHING_UP = timedelta(minutes=5)
"""Prompts older than this yield to those that are due now."""
SETTLE_EVERY = 0.02
"""Seconds over which results are gathered for one transaction."""
STOP_WITHIN = 8.0
"""Seconds a clean stop waits for what is in flight."""
LONGEST_BACKOFF = 300.0


@dataclass(slots=True)
class Pulse:
    """Raises and delivers. *rate* is messages a second; *counted* hears what became of each delivery."""

    store: Store
    library: Library
    courier: Courier
    now: Callable[[], datetime]
    rate: float
    counted: Callable[[str, int], None] = lambda _name, _n: None
    lateness: Callable[[float], None] = lambda _seconds: None
    revoked: Callable[[str], None] = lambda _why: None
    _served: int | None = None
    _stopping: bool = False
    _flying: set[asyncio.Task[None]] = field(default_factory=set)
    _results: list[tuple[Parcel, Outcome, datetime]] = field(default_factory=list)
    _settling: asyncio.Lock = field(default_factory=asyncio.Lock)
    widest: timedelta = timedelta(0)
    """How wide the last raised minute was spread."""

    @property
    def most(self) -> int:
        """How many deliveries may be in flight: what the rate sends within a slow answer."""
        return max(8, min(1000, int(self.rate)))

    async def beat(self) -> None:
        """Raise what is due, then deliver until none is waiting."""
        await self.raise_due()
        await self.deliver()

    # --- raising ---

    async def raise_due(self) -> int:
        """Turn the wall minutes that have passed since the cursors into deliveries; how many zones had some."""
        now = self.now()
        minute = int(now.timestamp() // 60)
        if minute == self._served:
            return 0
        busy = await self.store.write(partial(self._step_idle, now))
        for zone in busy:
            while not self._stopping and await self.store.write(partial(self._raise_one, zone, now)):
                pass
        if not self._stopping:
            self._served = minute
        return len(busy)

    def _step_idle(self, now: datetime, db: Connection) -> list[str]:
        """Move the cursors of zones in which nothing is due; the others, to be raised slice by slice."""
        steady: dict[int, list[str]] = {}
        behind: list[str] = []
        for cursor in rhythms.take_cursors(db):
            high = clock.high_minute(now, cursor.zone)
            if high == cursor.reached + 1 and cursor.inside is None:
                steady.setdefault(high, []).append(cursor.zone)
            elif high > cursor.reached:
                behind.append(cursor.zone)
        busy = rhythms.busy(db, steady)
        idle = [zone for zones in steady.values() for zone in zones if zone not in busy]
        if idle:
            rhythms.step(db, idle)
        return [*busy, *behind]

    def _raise_one(self, zone: str, now: datetime, db: Connection) -> bool:
        """Raise one slice of *zone*; whether there is more."""
        cursor = rhythms.take_cursor(db, zone)
        if cursor is None:
            return False
        slots = clock.passed(zone, cursor.reached, now, limit=LATE_LIMIT)
        if not slots:
            return False
        slot = slots[0]
        self._count_missed(db, cursor, slot, now)
        lane = Lane.LATER if now - slot.due > CATCHING_UP else Lane.PROMPT
        moved = rhythms.raise_slice(db, cursor, slot, width=self.width(rhythms.count(db, zone, slot)), lane=lane)
        return len(slots) > 1 or moved.inside is not None

    def width(self, people: int) -> timedelta:
        """Over how much time *people* of one minute are spread: as wide as the rate needs, not at all when few."""
        needed = timedelta(seconds=people / self.rate)
        self.widest = needed if needed >= NARROWEST else timedelta(0)
        return self.widest

    def _count_missed(self, db: Connection, cursor: Cursor, slot: Slot, now: datetime) -> None:
        """Count, without raising them, prompts that came due too long ago while the bot was down."""
        first = cursor.reached + 1
        last = slot.day * clock.DAY + slot.first - 1
        if last < first or cursor.inside is not None:
            return
        missed = 0
        for day in range(max(first, last - 7 * clock.DAY) // clock.DAY, last // clock.DAY + 1):
            begin = max(first, day * clock.DAY) - day * clock.DAY
            end = min(last, (day + 1) * clock.DAY - 1) - day * clock.DAY
            missed += rhythms.count(db, cursor.zone, Slot(day, begin, end, now, 1))
        if missed:
            tallies.add(db, clock.day_number(now.date()), {"dropped late": missed})
            self.counted("dropped late", missed)

    # --- delivering ---

    async def deliver(self) -> None:
        """Claim and send until nothing is waiting, or the pulse is stopped."""
        while not self._stopping:
            room = self.most - len(self._flying)
            if room < max(1, self.most // 4):
                await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
                continue
            parcels, claimed = await self.store.write(partial(self._claim, self.now(), room))
            lines: dict[int, list[Parcel]] = {}
            for parcel in parcels:
                lines.setdefault(parcel.chat_id, []).append(parcel)
            for line in lines.values():
                task = asyncio.create_task(self._send_line(line))
                self._flying.add(task)
                task.add_done_callback(self._flying.discard)
            if claimed == 0:
                if not self._flying:
                    break
                await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        await self._settle()

    def _claim(self, now: datetime, room: int, db: Connection) -> tuple[list[Parcel], int]:
        claimed = deliveries.claim(db, now, room)
        if not claimed:
            return [], 0
        parcels, settled = compose.compose(db, claimed, self.library, now)
        deliveries.settle(db, settled)
        counts = Counter(
            f"dropped {each.reason}" if each.state == "dropped" else each.reason or each.state for each in settled
        )
        tallies.add(db, clock.day_number(now.date()), counts)
        for name, n in counts.items():
            self.counted(name, n)
        return parcels, len(claimed)

    async def _send_line(self, line: Sequence[Parcel]) -> None:
        """What goes to one chat goes in order."""
        for parcel in line:
            await self._send(parcel)

    async def _send(self, parcel: Parcel) -> None:
        outcome: Outcome = Failed("not_tried")
        if parcel.edits is not None:
            outcome = await self.courier.edit(parcel.chat_id, parcel.edits, parcel.card)
        if isinstance(outcome, Failed):
            outcome = await self.courier.send(
                parcel.chat_id, parcel.card, lane=Lane(parcel.delivery.lane), document=parcel.document
            )
        self._results.append((parcel, outcome, self.now()))
        with suppress(AwayError):  # the results stay, and the next delivery writes them
            await self._settle()

    async def _settle(self) -> None:
        """Write down results, many in one transaction: whoever comes first gathers for the rest."""
        if self._settling.locked() and len(self._results) < self.most:
            return
        async with self._settling:
            while self._results:
                await asyncio.sleep(SETTLE_EVERY)
                results, self._results = self._results, []
                try:
                    await self.store.write(partial(self._write_down, results))
                except Exception:
                    self._results = results + self._results
                    raise

    def _write_down(self, results: Sequence[tuple[Parcel, Outcome, datetime]], db: Connection) -> None:
        counts: Counter[str] = Counter()
        settled: list[Settled] = []
        for parcel, outcome, at in results:
            settled.append(result := settle(parcel, outcome, at))
            counts[_counted_as(result, outcome)] += 1
            if isinstance(outcome, Sent):
                self.lateness(max(0.0, (at - parcel.delivery.due_at).total_seconds()))
                people.remember_buttons(db, parcel.delivery.person, taps(parcel.card))
                if parcel.delivery.kind in compose.SHARED:
                    gestures.passed(db, parcel.delivery.about, outcome.message_id, at)
            elif isinstance(outcome, Blocked):
                people.change(db, parcel.delivery.person, unreachable=outcome.why, unreachable_at=at)
            elif isinstance(outcome, Revoked):
                self.revoked(outcome.why)
        deliveries.settle(db, settled)
        if results:
            tallies.add(db, clock.day_number(results[0][2].date()), counts)
        for name, n in counts.items():
            self.counted(name, n)

    async def reclaim(self) -> None:
        """Free deliveries whose sender died: once more for most, unknown for the rest; both are counted."""
        now = self.now()

        def free(db: Connection) -> dict[str, int]:
            freed = deliveries.reclaim(db, now, never_twice=NEVER_TWICE)
            tallies.add(db, clock.day_number(now.date()), freed)
            return freed

        freed = await self.store.write(free)
        for name, n in freed.items():
            if n:
                self.counted(name, n)
                log.warning("%d deliveries were left by a sender that died: %s", n, name)

    async def stop(self) -> None:
        """Claim no more, wait for what is in flight, write it down."""
        self._stopping = True
        if self._flying:
            await asyncio.wait(self._flying, timeout=STOP_WITHIN)
        if self._results:
            await self._settle()


def settle(parcel: Parcel, outcome: Outcome, at: datetime) -> Settled:
    """What a delivery becomes after *outcome*."""
    delivery = parcel.delivery
    match outcome:
        case Sent(message_id=message):
            return Settled(delivery, "sent", sent_at=at, message_id=message, prompt=parcel.prompt)
        case Blocked(why=why):
            return Settled(delivery, "blocked", reason=why)
        case Later(seconds=seconds, why=why):
            until = at + timedelta(seconds=min(LONGEST_BACKOFF, seconds) * random.uniform(1, 1.25))  # noqa: S311
            return _again(delivery, until, why, counts=False)
        case Unknown(why=why):
            over = delivery.kind in NEVER_TWICE or delivery.tries >= deliveries.TRIES
            if over:
                return Settled(delivery, "unknown", sent_at=at, prompt=parcel.prompt, reason=why[:16])
            return _again(delivery, at + timedelta(seconds=60), why, counts=True)
        case Revoked(why=why):
            return _again(delivery, at + timedelta(minutes=1), why, counts=False)
        case Failed(why=why):
            return Settled(delivery, "failed", reason=why[:16])


def _again(delivery: Delivery, until: datetime, why: str, *, counts: bool) -> Settled:
    return Settled(delivery, "waiting", due_at=until, reason=why[:16], counts=counts)


def _counted_as(result: Settled, outcome: Outcome) -> str:
    return f"later {outcome.why}" if isinstance(outcome, Later) else result.state
