"""The pulse: raise what is due, claim it, decide again, send it, settle it.

Sending happens outside any transaction: claim -> begin -> commit -> send -> settle. Telegram has no idempotency key, so an
uncertain send is named and tried once more after its lease; what could be felt as pressure never is. One transaction
settles what has come back and begins what goes next. The pulse keeps nothing in memory that a crash could lose.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from bot.courier.courier import NEWEST, PATIENCE, Courier
from bot.courier.outcome import Blocked, Failed, Later, Outcome, Revoked, Sent, Unknown
from bot.delivery import compose
from bot.delivery.compose import NEVER_TWICE, Composed, Parcel
from bot.domain import clock
from bot.domain.clock import Slot
from bot.domain.pacing import LATE_LIMIT, Lane
from bot.domain.prompts import DAILY
from bot.speech.card import taps
from bot.speech.library import Library
from bot.storage import deliveries, gestures, people, rhythms, tallies, tidies
from bot.storage.deliveries import Delivery, Settled
from bot.storage.rhythms import Cursor, Run
from bot.storage.store import Store

log = logging.getLogger(__name__)

NARROWEST = timedelta(seconds=10)
"""A minute whose prompts the rate carries faster than this is not spread at all."""
WIDEST = timedelta(days=1)
"""However many there are, for the next day's come then."""
CATCHING_UP = timedelta(minutes=5)
"""Prompts older than this yield to those that are due now."""
CLAIM = 200
"""Most deliveries claimed at once: more of them would be composed while the line to Telegram stands idle."""
LEDGER = 0.1
"""Seconds that claiming, composing and writing down may keep the line waiting, at least."""
GATHER = 0.01, 0.025
"""Seconds over which results are gathered for one transaction: least, and most."""
A_ZONE = 100
"""Prompts that raising a small zone costs as much time as, at least: so many zones go into one transaction."""
FEW = 20
"""Zones that may be named in a statement, as looked at or as left out; to name hundreds takes longer than to take them all."""
LOOK_EVERY = 5
"""Minutes after which all zones are looked at, though it is known where somebody is due and who has chosen another hour."""
STOP_WITHIN = 8.0
"""Seconds a clean stop waits for what is in flight."""
LONGEST_BACKOFF = 300.0
"""Seconds after which something that could not be sent is tried again, at the most."""
TOO_MANY = "too_many"
NOTHING_ARRIVED = ("unreachable", "server_error")
"""Why Telegram certainly has nothing (courier.courier), when it is nobody's rate."""
PROBING = 3
"""After so many results in a row of which Telegram got nothing, one delivery at a time finds out whether it is back."""
GONE_APART = timedelta(hours=20)
"""A chat that is not found counts as gone when it is not found again so much later: Telegram has bad days too."""
WITHOUT_PICTURE = timedelta(minutes=20)
"""How late a card may become while pictures are drawn for others; then its words go alone."""


Result = tuple[Parcel, Outcome, datetime]


@dataclass(frozen=True, slots=True)
class Watch:
    """What looking at all zones has told about the UTC minutes before *until*.

    Somebody may be due in the zones *due*, from the UTC minute there on, and wherever a rhythm has come since; nowhere else.
    """

    until: int
    due: Mapping[str, int]


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
    monotonic: Callable[[], float] = time.monotonic
    leading: bool = True
    """False while another process beats: then nothing more is raised or claimed here."""
    _served: int | None = None
    _watch: Watch | None = None
    _newest: deque[tuple[int, int]] = field(default_factory=partial(deque, maxlen=2))
    """The last two UTC minutes in which it was asked for the newest rhythm, and which that was."""
    _stopping: bool = False
    _trouble: int = 0
    """How many times in a row results were written down of which Telegram had got nothing."""
    _strange: set[str] = field(default_factory=set)
    """Zones in the database that the zone data do not know; each is said once."""
    _claimed: deque[list[Parcel]] = field(default_factory=deque)
    """Lines of parcels, one for each chat, that are composed and wait for their turn."""
    _flying: set[asyncio.Task[None]] = field(default_factory=set)
    _results: list[Result] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    """Something has come back, or was claimed."""
    _delivering: asyncio.Lock = field(default_factory=asyncio.Lock)
    _ledger: float = 0.0
    """Seconds that writing down takes, lately."""
    widest: timedelta = timedelta(0)
    """How wide the last raised minute was spread."""

    @property
    def most(self) -> int:
        """How many deliveries may be on their way: rate times latency, and what goes out while ledgers are written.

        What comes back while one is being written is written down by the next, and makes room only then.

        Whatever is on its way when the process is killed is uncertain, so it is no more than keeps the line busy. One at
        a time while Telegram cannot be reached: whoever is due need not all find out.
        """
        busy = self.rate * (1.5 * self.courier.latency + max(LEDGER, 2 * self._ledger) + self._gather)
        return 1 if self._trouble >= PROBING else int(max(4, min(busy, self.rate, 1000)))

    @property
    def _gather(self) -> float:
        """The higher the rate, the more a transaction carries; at a low one nothing waits that a kill would leave uncertain."""
        least, longest = GATHER
        return min(longest, max(least, self.rate / 10_000))

    async def beat(self) -> None:
        """Raise what is due, free what a dead sender left, then deliver until none is waiting."""
        await self.raise_due()
        await self.reclaim()
        await self.deliver()

    # --- raising ---

    async def raise_due(self) -> int:
        """Turn the wall minutes that have passed since the cursors into deliveries; how many zones had some."""
        now = self.now()
        minute = clock.utc_minute(now)
        if minute == self._served:
            return 0
        chosen = await self._chosen(minute)
        zones = self._to_look_at(minute, chosen)
        if zones is not None and not zones:
            self._served = minute
            return 0
        watch, self._watch = self._watch, None  # where this beat breaks, the next looks at all zones
        left, whole, self._watch = await self.store.write(partial(self._step_idle, now, zones, watch))
        busy, crowd = len(left), sum(map(_due, left.values()))
        while left and self._beating:
            left, free = await self.store.write(partial(self._raise_some, left, now, crowd))
            whole = whole and free
        if whole and not left:
            self._served = minute
        return busy

    @property
    def _beating(self) -> bool:
        return self.leading and not self._stopping

    async def _chosen(self, minute: int) -> set[str]:
        """Zones in which somebody has chosen an hour since this was asked in the minute before the last.

        Not since the last: a rhythm that was being put then may have a smaller number than one that was there already.
        """
        if not self._newest:
            ((newest,),) = await self.store.ask(rhythms.NEWEST)
            self._newest.append((minute, newest))
            return set()
        (_, before), (asked, newest) = self._newest[0], self._newest[-1]
        rows = await self.store.ask(rhythms.NEWER, before=before)
        if asked == minute:
            self._newest.pop()
        self._newest.append((minute, max([newest, *(number for number, _ in rows)])))
        return {zone for _, zone in rows}

    def _to_look_at(self, minute: int, chosen: set[str]) -> Sequence[str] | None:
        """Zones in which somebody may be due; None for all there are."""
        watch = self._watch
        if watch is None or minute >= watch.until:
            return None
        zones = chosen.union(zone for zone, due in watch.due.items() if due <= minute)
        return sorted(zones) if len(zones) <= FEW else None

    def _step_idle(
        self, now: datetime, only: Sequence[str] | None, watch: Watch | None, db: Connection
    ) -> tuple[dict[str, Sequence[Run]], bool, Watch | None]:
        """Move the cursors of zones in which nothing is due, and the others' as far as nothing was; of all zones, or *only* of these.

        While somebody is due, those of zones where nobody has this minute wait until they are LOOK_EVERY minutes behind.
        The other zones, to be raised slice by slice, with the runs of rhythms that are due there, none where that takes a
        look at more than one minute; whether that is all of them: a cursor that another process holds is looked at again by
        the next beat; and where somebody will be due next, as *watch* had it and as it is now known.
        """
        rhythms.wait_for_no_disk(db)
        cursors = rhythms.take_cursors(db, only)
        zones = [cursor.zone for cursor, _ in cursors]
        high_minutes = clock.high_minutes(now, zones)
        idle: dict[str, int] = {}
        served: dict[str, int] = {}
        peopled: dict[int, list[str]] = {}
        behind: dict[str, Sequence[Run]] = {}
        for cursor, ahead in cursors:
            zone = cursor.zone
            if (high := high_minutes.get(zone)) is None:
                self._step_aside(zone)
            elif cursor.inside is not None:
                if high > cursor.reached:
                    behind[zone] = ()
            elif ahead is None or ahead > high:
                idle[zone] = high
            else:
                served[zone] = ahead - 1
                if ahead == high:
                    peopled.setdefault(high, []).append(zone)
                else:
                    behind[zone] = ()
        busy = rhythms.busy(db, peopled)
        served |= {zone: high for high, there in peopled.items() for zone in there if zone not in busy}
        reached = {cursor.zone: cursor.reached for cursor, _ in cursors}
        longest = 0 if not busy and not behind else LOOK_EVERY
        served |= {zone: high for zone, high in idle.items() if high - reached[zone] >= longest}
        steps = _steps(reached, served)
        whole = self._step_most(db, steps, set(reached)) if only is None else len(reached) == len(only)
        for by, there in steps.items():
            rhythms.step(db, there, by)
        if only is None:
            lag = max((high - reached[zone] for zone, high in idle.items() if zone not in served), default=0)
            watch = Watch(clock.utc_minute(now) + LOOK_EVERY - lag, {}) if whole and len(self._newest) > 1 else None
        if watch is not None:
            unsure = set(only or zones).difference(idle, self._strange)
            watch = _learnt(
                watch, now, unsure, {cursor.zone: ahead for cursor, ahead in cursors if cursor.zone in idle}
            )
        return {**busy, **behind}, whole, watch

    def _step_most(self, db: Connection, steps: dict[int, list[str]], zones: set[str]) -> bool:
        """Take the largest of *steps* at once, if *zones* are all there are; whether they are."""
        most = max(steps, key=lambda by: len(steps[by]), default=0)
        others = zones.difference(steps.get(most, ()))
        if most > 0 and len(others) < FEW and rhythms.step_all(db, len(zones), most, but=sorted(others)):
            del steps[most]
            return True
        return len(zones) == rhythms.zones(db)

    def _step_aside(self, zone: str) -> None:
        """The zone data have lost *zone*: nobody there is served, and all others are."""
        if zone not in self._strange:
            self._strange.add(zone)
            log.error("the zone data (%s) do not know %s: nobody there is served", clock.ZONE_DATA_VERSION, zone)

    def _raise_some(
        self, left: Mapping[str, Sequence[Run]], now: datetime, crowd: int, db: Connection
    ) -> tuple[dict[str, Sequence[Run]], bool]:
        """Raise what goes into one transaction: the next slice of a large zone, or several small ones.

        What is left, and whether no other process was at one of them. *crowd* is how many are due in all zones at this
        minute, which share the rate.
        """
        size = rhythms.slice_size(db)
        rest, free, room = dict(left), True, size
        rhythms.wait_for_no_disk(db)
        for zone, runs in left.items():
            needs = min(size, max(_due(runs), A_ZONE)) if runs else size
            if needs > room:
                break
            room -= needs
            more, rest[zone] = self._raise_one(zone, now, crowd, runs, db)
            if not more:
                del rest[zone]
                free = free and more is not None
        return rest, free

    def _raise_one(
        self, zone: str, now: datetime, crowd: int, runs: Sequence[Run], db: Connection
    ) -> tuple[bool | None, Sequence[Run]]:
        """Raise one slice of *zone*; whether there is more, or None when another process is at it, and the runs left."""
        cursor = rhythms.take_cursor(db, zone)
        if cursor is None:
            return None, ()
        slots = clock.passed(zone, cursor.reached, now, limit=LATE_LIMIT)
        if not slots:
            return False, ()
        slot = slots[0]
        runs = runs if slot.first == slot.last else ()
        self._count_missed(db, cursor, slot, now)
        catching_up = now - slot.due > CATCHING_UP  # then the oldest go first, and the rate alone spreads them
        people = crowd if runs or catching_up else max(crowd, rhythms.count(db, zone, slot))
        width = timedelta(0) if catching_up else self.width(people)
        lane = Lane.LATER if catching_up else Lane.PROMPT
        if len(runs) == 1 or _due(runs) > rhythms.slice_size(db):
            moved, runs = rhythms.raise_runs(db, cursor, slot, runs, width=width, lane=lane)
        else:
            moved = rhythms.raise_slice(db, cursor, slot, width=width, lane=lane, fits=bool(runs))
        return len(slots) > 1 or moved.inside is not None, runs

    def width(self, people: int) -> timedelta:
        """Over how much time *people* of one minute are spread: as wide as the rate needs, not at all when few."""
        needed = min(timedelta(seconds=people / self.rate), WIDEST)
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
        """Claim and send until nothing is waiting, everyone has to wait for long, or the pulse is stopped."""
        async with self._delivering:
            claiming: asyncio.Task[bool] | None = None
            exhausted = False
            try:
                while True:
                    self._news.clear()
                    going = self._beating and await self._halt_is_over()
                    if claiming is not None and claiming.done():
                        exhausted, claiming = not claiming.result(), None
                    if going and claiming is None and not exhausted and len(self._claimed) < self.most:
                        claiming = asyncio.create_task(self._claim())
                    lines = self._next_lines() if going else []
                    if lines or self._results:
                        await self._keep_ledger(lines)
                    elif self._flying or claiming is not None:
                        await self._news.wait()
                    elif exhausted or not going:
                        break
                    if self._flying:
                        await asyncio.sleep(self._gather)
            finally:
                if claiming is not None:
                    await claiming
            await self._let_go()

    async def _halt_is_over(self) -> bool:
        """A short halt is waited for here; a long one leaves the rest to a later beat."""
        halted = self.courier.throttle.halted_for()
        if 0 < halted <= PATIENCE:
            await asyncio.sleep(halted)
        return halted <= PATIENCE

    async def _claim(self) -> bool:
        """Claim and compose until the stock is full; False when nothing was due any more."""
        try:
            while await self._claim_some():
                if not self._beating or self.courier.throttle.halted_for() > 0 or len(self._claimed) >= self.most:
                    return True
                self._news.set()
            return False
        finally:
            self._news.set()

    async def _claim_some(self) -> bool:
        """Claim some more, compose them, line them up by chat; False when nothing was due.

        Composing only reads: what has come back meanwhile is written down, and what is composed already is sent.
        """
        now = self.now()
        claimed = await self.store.write(lambda db: deliveries.claim(db, now, min(CLAIM, 2 * self.most)))
        if not claimed:
            return False
        made = await self.store.read(lambda db: compose.compose(db, claimed, self.library, now))
        if made.settled or made.writes:
            self._count(await self.store.write(partial(_settle_unsent, made, now)))
        lines: dict[int, list[Parcel]] = {}
        for parcel in made.parcels:
            lines.setdefault(parcel.chat_id, []).append(parcel)
        self._claimed.extend(lines.values())
        return True

    def _next_lines(self) -> list[list[Parcel]]:
        """As many lines as there is room for."""
        room = min(self.most - len(self._flying), len(self._claimed))
        return [self._claimed.popleft() for _ in range(room)]

    async def _keep_ledger(self, lines: Sequence[list[Parcel]]) -> None:
        """In one transaction: settle what has come back, begin what goes next. Then send that."""
        results, self._results = self._results, []
        began = self.monotonic()
        try:
            counts, begun = await self.store.write(partial(self._write_down, results, lines, self.now()))
        except Exception:
            self._results = results + self._results  # the next delivery writes them down
            self._claimed.extendleft(reversed(lines))
            raise
        self._ledger += (self.monotonic() - began - self._ledger) * NEWEST
        self._learn(results, counts)
        for line in lines:
            if parcels := [parcel for parcel in line if parcel.delivery.id in begun]:
                task = asyncio.create_task(self._send_line(parcels))
                self._flying.add(task)
                task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._news.set()

    async def _let_go(self) -> None:
        """What was claimed and is not sent from here is free for others, or for the next beat."""
        left = [parcel.delivery for line in self._claimed for parcel in line]
        self._claimed.clear()
        if left:
            await self.store.write(lambda db: deliveries.let_go(db, left))

    def _count(self, counts: Counter[str]) -> None:
        for name, n in counts.items():
            self.counted(name, n)

    async def _send_line(self, line: Sequence[Parcel]) -> None:
        """What goes to one chat goes in order."""
        for parcel in line:
            await self._send(parcel)

    async def _send(self, parcel: Parcel) -> None:
        outcome: Outcome = Failed("not_tried")
        if parcel.deletes is not None:
            await self.courier.delete(parcel.chat_id, [parcel.deletes])
        if parcel.edits is not None:
            outcome = await self.courier.edit(parcel.chat_id, parcel.edits, parcel.card, document=parcel.document)
        if isinstance(outcome, Failed) and parcel.delivery.kind != "withdrawn":
            late = self.now() - parcel.delivery.due_at > WITHOUT_PICTURE
            card = replace(parcel.card, picture=None) if late and self.courier.easel.busy else parcel.card
            lane = Lane(parcel.delivery.lane)
            outcome = await self.courier.send(parcel.chat_id, card, lane=lane, document=parcel.document)
        if isinstance(outcome, Sent) and outcome.bare:
            log.error("delivery %d went without its picture", parcel.delivery.id)
        self._results.append((parcel, outcome, self.now()))
        self._news.set()

    def _write_down(
        self, results: Sequence[Result], lines: Sequence[Sequence[Parcel]], now: datetime, db: Connection
    ) -> tuple[Counter[str], set[int]]:
        """What became of each delivery and what follows from it; how often each thing happened, and what may be sent."""
        settled = [settle(parcel, outcome, at, patience=self._patience) for parcel, outcome, at in results]
        deliveries.settle(db, settled)
        reached: list[int] = []
        for parcel, outcome, at in results:
            who = parcel.delivery.person
            if isinstance(outcome, Sent):
                reached.append(who)
                if parcel.delivery.kind not in DAILY:  # a prompt's buttons follow from the prompt (chat.reply)
                    people.remember_buttons(db, who, taps(parcel.card))
                tidies.add(db, [(who, message, at) for message in outcome.more])
                if parcel.delivery.kind in compose.SHARED:
                    _arrived(db, parcel.delivery, outcome, at)
            elif isinstance(outcome, Blocked):
                people.out_of_reach(db, who, outcome.why, at, twice_apart=GONE_APART)
            elif isinstance(outcome, Later) and outcome.why == TOO_MANY and not outcome.whole_bot:
                deliveries.hold(db, who, at + timedelta(seconds=outcome.seconds))
        if reached:
            people.in_reach(db, reached)
        counts = Counter(map(_counted_as, settled, (outcome for _, outcome, _ in results)))
        tallies.add(db, clock.day_number(now.date()), counts)
        return counts, deliveries.begin(db, [parcel.delivery for line in lines for parcel in line], now)

    def _learn(self, results: Sequence[Result], counts: Counter[str]) -> None:
        """What is done about results once they are written down."""
        self._count(counts)
        for parcel, outcome, at in results:
            if isinstance(outcome, Sent):
                self.lateness(max(0.0, (at - parcel.delivery.due_at).total_seconds()))
            elif isinstance(outcome, Revoked):
                self.revoked(outcome.why)
            elif isinstance(outcome, Failed | Unknown):
                log.warning("delivery %d: %s (%s)", parcel.delivery.id, type(outcome).__name__.lower(), outcome.why)
        if any(isinstance(outcome, Later) and outcome.why in NOTHING_ARRIVED for _, outcome, _ in results):
            self._trouble += 1
        if any(isinstance(outcome, Sent) for _, outcome, _ in results):
            self._trouble = 0

    @property
    def _patience(self) -> float:
        """By how much more than usual a new try waits: twice as long each time that nothing arrives."""
        return float(2 ** min(self._trouble, 6))

    async def reclaim(self) -> None:
        """Free deliveries whose sender died: once more for most, unknown for the rest; both are counted.

        What was sent while the database was away is written down first: it is not dead, it could only not tell.
        """
        if self._results:
            await self._keep_ledger([])
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
        """Claim no more, take back what still waits for its place, wait for what is on its way, write it down."""
        self._stopping = True
        self.courier.throttle.close()
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self.deliver()
        except TimeoutError:
            log.warning("%d deliveries are still on their way; their leases will tell", len(self._flying))


def _steps(reached: Mapping[str, int], served: Mapping[str, int]) -> dict[int, list[str]]:
    """By how many minutes cursors move on from *reached* to what is *served*, and whose."""
    steps: dict[int, list[str]] = {}
    for zone, minute in served.items():
        if minute > reached[zone]:
            steps.setdefault(minute - reached[zone], []).append(zone)
    return steps


def _learnt(watch: Watch, now: datetime, unsure: Iterable[str], ahead: Mapping[str, int | None]) -> Watch:
    """*watch* after another look: the next beat looks at zones that are *unsure* again; *ahead* has the others' next wall minute."""
    minute = clock.utc_minute(now)
    high = clock.high_minutes(now + timedelta(minutes=watch.until - minute), ahead)
    soon = [(zone, wall) for zone, wall in ahead.items() if wall is not None and wall <= high[zone]]
    due = {zone: at for zone, at in watch.due.items() if zone not in ahead} | dict.fromkeys(unsure, minute)
    return replace(watch, due=due | {zone: clock.utc_minute(clock.minute_to_utc(wall, zone)) for zone, wall in soon})


def _due(runs: Sequence[Run]) -> int:
    """How many prompts *runs* are."""
    return sum(n for _, n in runs)


def _settle_unsent(made: Composed, now: datetime, db: Connection) -> Counter[str]:
    """Write down what becomes of claimed deliveries before anything is sent; how often each thing happened."""
    deliveries.settle(db, made.settled)
    for write in made.writes:
        write(db)
    counts = Counter(
        f"dropped {each.reason}" if each.state == "dropped" else each.reason or each.state for each in made.settled
    )
    tallies.add(db, clock.day_number(now.date()), counts)
    return counts


def _arrived(db: Connection, delivery: Delivery, sent: Sent, at: datetime) -> None:
    """Something shared is there; if it was taken back while it was on its way, it goes from there at once."""
    if gestures.passed(db, delivery.about, sent.message_id, next(iter(sent.more), None), at):
        return
    deliveries.enqueue(
        db,
        delivery.person,
        "withdrawn",
        about=delivery.about,
        pair=delivery.pair,
        due_at=at,
        good_for=LATE_LIMIT,
        anew=True,
    )


def settle(parcel: Parcel, outcome: Outcome, at: datetime, *, patience: float = 1.0) -> Settled:
    """What a delivery becomes after *outcome*. *patience* stretches the wait for a Telegram that cannot be reached."""
    delivery = parcel.delivery
    match outcome:
        case Sent(message_id=message):
            return Settled(delivery, "sent", sent_at=at, message_id=message, prompt=parcel.prompt)
        case Blocked(why=why):
            return Settled(delivery, "blocked", reason=why)
        case Later(seconds=seconds, why=why):
            wait = min(LONGEST_BACKOFF, seconds * patience) if why in NOTHING_ARRIVED else seconds
            return _again(delivery, at + timedelta(seconds=wait * random.uniform(1, 1.25)), why, counts=False)  # noqa: S311
        case Unknown(why=why):
            over = delivery.kind in NEVER_TWICE or delivery.tries + 1 >= deliveries.TRIES
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
