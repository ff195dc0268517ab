"""Plays generated updates to the real bot, a process of its own, over HTTP; and what is not as it should be.

Each is posted to the webhook, forty at a time, as Telegram does it, and again where it is refused for being too many. In
between the clock is turned, so that prompts and weeks come as well.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import Call, Person, SandboxError
from bot.web import SECRET_HEADER
from tests import botapi
from tests.bench.measure import memory
from tests.faults.process import SECRET, Bot
from tests.fuzz.updates import Post, Tape, Updates
from tests.world import START

WAVE, AT_ONCE = 400, 40
"""Updates that are made from one state of things; connections that Telegram uses (setWebhook's max_connections)."""
SECOND = timedelta(seconds=1)
TURN = 3 * 3600
"""Seconds by which the clock is turned after every second wave."""
MOST_GROWN = 20.0
"""Megabytes that the bot may gain once it is warm."""
HISTORY = 40
"""Messages that are kept of each chat."""
UNDERSTOOD = (
    "query is too old",  # a tap from yesterday, or one that came again
    "message is not modified",
    "message to edit not found",
    "message can't be edited",  # it is the person's own, by a forged tap
    "there is no text in the message to edit",  # it is a picture: the answer comes as a message of its own
    "wrong file identifier",  # a file that only the Bot API's data knows
    "chat not found",  # somebody whom only the Bot API's data knows
    "bot was blocked by the user",
    "user is deactivated",
    "bot can't initiate conversation with a user",
    "group chat was upgraded to a supergroup chat",
    "bot is not a member of the",
    "bot was kicked from the",
    "message to react not found",
)
"""Refusals that are no breach of Telegram's rules: what was true when the bot asked is not true any more."""


Poster = Callable[[bytes], Awaitable[int]]
"""Posts a body to the bot's webhook and gives the status."""


@dataclass
class Verdict:
    """What was seen."""

    seed: int
    updates: int = 0
    calls: int = 0
    seconds: float = 0.0
    refused: Counter[int] = field(default_factory=Counter)
    """Updates that were answered with another status than 200, by status."""
    kinds: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Everything that should not be."""
    warm: float = 0.0
    grown: float = 0.0
    """Megabytes of the bot's own process when it was warm, and how many it has gained since."""

    def told(self) -> str:
        """In a few lines."""
        return "\n".join(
            [
                f"seed {self.seed}: {self.updates} updates in {self.seconds:.0f} s, {self.calls} calls of the Bot API",
                f"memory: {self.warm:.1f} MB warm, {self.grown:+.1f} MB since",
                f"not taken, by status: {dict(self.refused)}",
                f"updates: {dict(self.kinds.most_common())}",
                f"calls: {dict(self.methods.most_common())}",
                *(self.wrong[:50] or ["nothing was wrong"]),
            ]
        )


class Play:
    """One run."""

    def __init__(self, seed: int, database_url: str, *, people: int) -> None:
        self.verdict = Verdict(seed)
        self.clock = SandboxClock()
        self.clock.set(START)
        self.telegram = Tape(self.clock.now, history=HISTORY, anyone=True)
        self.server = Server(self.telegram, self.clock, "127.0.0.1", 0)
        self.updates = Updates(seed, self.telegram, people=people)
        self.database_url = database_url
        self.bot: Bot
        self.told: Callable[[int], None] = lambda _updates: None
        """Hears after each wave how many updates were played."""
        self._posts: dict[int, Post] = {}
        self._owed: dict[str, Post] = {}
        self._read = 0

    async def whole(self, count: int, *, warm: int) -> Verdict:
        """A town, *count* updates; memory is held against what it was after *warm* of them. Then somebody lives as usual."""
        began = time.monotonic()
        await self.server.start()
        self.bot = self.made()
        try:
            await self.bot.start()
            async with posting(self.bot) as post:
                await self._town(post)
                self.look()
                count, warm = count + self.verdict.updates, warm + self.verdict.updates
                waves = 0
                while self.verdict.updates < count:
                    await self.wave(post, min(WAVE, count - self.verdict.updates))
                    waves += 1
                    self.told(self.verdict.updates)
                    if waves % 2 == 0:
                        await self.server.turn_to(self.clock.now() + TURN * SECOND)
                    self.look()
                    if self.verdict.updates >= warm and not self.verdict.warm:
                        self.verdict.warm = memory(self.bot.pid)
                self.verdict.grown = memory(self.bot.pid) - self.verdict.warm
                self.verdict.seconds = time.monotonic() - began
                await self._somebody_comes(post)
            if missing := await self.bot.missing():
                self.wrong(f"not ready afterwards: {missing}")
        finally:
            await self.bot.stop()
            await self.server.stop()
        self.look()
        return self.verdict

    def made(self) -> Bot:
        """The bot, not started yet. The address that it gives Telegram is nobody's: updates are posted from here."""
        nowhere = "http://127.0.0.1:9"
        return Bot(self.server, self.database_url, webhook=nowhere, RECIPRO_RATE="1000", LOG_LEVEL="WARNING")

    async def wave(self, post: Poster, count: int) -> None:
        """Make *count* updates and post them all."""
        wave = self.updates.some(count)
        left = iter(wave)
        self._posts = {each.number: each for each in wave}

        async def line() -> None:
            for each in left:
                status = await post(each.body)
                self.verdict.updates += 1
                self.verdict.kinds[each.kind.partition(" ")[0]] += 1
                if status != 200:
                    self.verdict.refused[status] += 1
                if status not in {200, 400, 413} or (status != 200 and not each.broken):
                    self.wrong(f"status {status} for {each.kind}: {each.body[:2000]!r}")
                if status == 200 and each.query is not None:
                    self._owed[each.query] = each

        await asyncio.gather(*(line() for _ in range(AT_ONCE)))

    def look(self) -> None:
        """What the bot has asked of Telegram, and what it has said in its log."""
        calls = self.telegram.journal()
        self.telegram.forget_journal()
        self.verdict.calls += len(calls)
        self.verdict.methods.update(call.method for call in calls)
        for each in (*botapi.check_calls(calls), *breaches(calls)):
            self.wrong(each)
        answered = {str(call.params.get("callback_query_id")) for call in calls if call.method == "answerCallbackQuery"}
        for query, tap in self._owed.items():
            if query not in answered:
                self.wrong(f"nobody answered the tap {tap.kind}: {tap.body[:2000]!r}")
        self._owed.clear()
        fresh, self._read = self.bot.said[self._read :], len(self.bot.said)
        for line in fresh.splitlines():
            if " error " in line[:40] or " critical" in line[:40] or "Traceback" in line:
                self.wrong(line + self._named(line))

    def _named(self, line: str) -> str:
        """The update that a line of the log is about."""
        numbers = [int(word) for word in line.split() if word.isdigit()]
        return "".join(f"\n    {self._posts[n].body[:2000]!r}" for n in numbers if n in self._posts)

    def wrong(self, what: str) -> None:
        """Write down what should not be."""
        if len(self.verdict.wrong) < 1000:
            self.verdict.wrong.append(what)

    async def _town(self, post: Poster) -> None:
        """Two thirds of the people go through set-up, half of these are in pairs, before anything strange happens."""
        people = self.updates.people
        settled = people[: len(people) * 2 // 3]
        gate = asyncio.Semaphore(AT_ONCE)

        async def settles(one: Person, two: Person) -> None:
            async with gate:
                life = Life(self, post)
                for who in (one, two):
                    await life.sets_up(who)
                if one.id % 4 < 2:
                    await life.pairs(one, two)

        await asyncio.gather(*(settles(*both) for both in zip(settled[::2], settled[1::2], strict=False)))

    async def _somebody_comes(self, post: Poster) -> None:
        """Two people who do nothing strange: set-up, a pair, a line that is shared and arrives."""
        nora, sam = (self.telegram.join(name, language_code="en") for name in ("Nora", "Sam"))
        life = Life(self, post)
        try:
            for who in (nora, sam):
                await life.sets_up(who)
            await life.pairs(nora, sam)
            await life.does(self.telegram.say, sam, "/log")
            await life.taps(sam)
            await life.does(self.telegram.say, sam, "an ordinary line")
            await life.taps(sam)
            await self.server.turn_to(self.clock.now() + 12 * 3600 * SECOND)
        except (SandboxError, StopIteration, KeyError, IndexError) as error:
            self.wrong(f"an ordinary person got stuck: {error!r}")
        texts = [str(each.get("text", "")) for each in self.telegram.inbox(nora)]
        if sum("an ordinary line" in text for text in texts) != 1:
            self.wrong("what an ordinary person shared has not arrived")


@dataclass
class Life:
    """Ordinary people, each thing of theirs brought and answered before the next."""

    play: Play
    post: Poster
    numbers: ClassVar[Iterator[int]] = itertools.count(50_000_000)

    async def does(self, deed: Callable[..., Any], *what: Any) -> Any:
        """Something that a person can do on the sandbox's side."""
        tape = self.play.telegram
        before, tape.taken = tape.taken, []
        done = deed(*what)
        taken, tape.taken = tape.taken, before
        for kind, content in taken:
            update = {"update_id": next(self.numbers), kind: content}
            if (status := await self.post(json.dumps(update).encode())) != 200:
                self.play.wrong(f"status {status} for an ordinary {kind}")
            self.play.verdict.updates += 1
            self.play.verdict.kinds["ordinary"] += 1
        return done

    async def taps(self, who: Person) -> None:
        """The first button of the newest message that has any."""
        tape = self.play.telegram
        message = next(each for each in reversed(tape.inbox(who)) if each.get("reply_markup"))
        query = await self.does(tape.tap, who, message)
        if query.answer is None:
            self.play.wrong(f"an ordinary tap was not answered: {query.data}")

    async def sets_up(self, who: Person) -> None:
        """Five steps, with first buttons."""
        await self.does(self.play.telegram.say, who, "/start")
        for _ in range(4):
            await self.taps(who)

    async def pairs(self, one: Person, two: Person) -> None:
        """One invites, the other accepts."""
        tape = self.play.telegram
        await self.does(tape.say, one, "/pair")
        await self.taps(one)
        link = tape.inbox(one)[-1]["reply_markup"]["inline_keyboard"][0][0]["copy_text"]["text"]
        await self.does(tape.open, two, link)
        await self.taps(two)


def breaches(calls: Iterable[Call]) -> list[str]:
    """Refusals that say that the bot has broken a rule of Telegram's."""
    return [
        f"{call.method} was refused: {call.error['description']} for {str(call.params)[:600]}"
        for call in calls
        if call.error is not None and not any(words in call.error["description"] for words in UNDERSTOOD)
    ]


@asynccontextmanager
async def posting(bot: Bot) -> AsyncIterator[Poster]:
    """What posts a body to the bot's webhook, again while it is told to, and gives the status."""
    headers = {SECRET_HEADER: SECRET, "Content-Type": "application/json"}
    timeout = aiohttp.ClientTimeout(60)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as client:

        async def post(body: bytes) -> int:
            while True:
                async with client.post(
                    f"http://127.0.0.1:{bot.port}/telegram", data=io.BytesIO(body), headers=headers
                ) as answer:
                    await answer.read()
                    if answer.status != 503:
                        return answer.status
                await asyncio.sleep(0.05)

        yield post
