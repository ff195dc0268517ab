"""A walk through every screen of the product, in any language, and what was seen on the way.

Two people (and a third without a name) live through each flow over HTTP, finding buttons by what they do and never by their
words. What the bot asked of Telegram is the evidence: every text, button, toast, menu and description. A new screen that
no step here comes to fails tests/journeys/test_screens.py.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, time
from pathlib import Path
from typing import Any

from bot.domain import clock as clocks
from bot.domain.people import Address, Tie
from bot.domain.prompts import Step
from bot.domain.retention import Keep
from bot.speech import arrive, daily, pairing, records, resets, safety, settings, weekly
from bot.speech.card import Card
from bot.speech.voice import ADDRESSES, LOCALES, Voice
from tests.world import Json, Someone, World, words

HOMES = {
    "en-US": "America/New_York",
    "en-IN": "Asia/Kolkata",
    "hi-IN": "Asia/Kolkata",
    "en-GB": "Europe/London",
    "en-AU": "Australia/Sydney",
    "en-CA": "America/Toronto",
    "fr-CA": "America/Toronto",
    "en-AE": "Asia/Dubai",
    "ar-AE": "Asia/Dubai",
}
CODES = {"hi-IN": "hi", "fr-CA": "fr", "ar-AE": "ar"}
HEAVY = {
    "en": "I want to kill myself",
    "hi": "मैं मरना चाहता हूँ",
    "ar": "أريد أن أموت",
    "fr": "je veux mourir",
}
ROOMS = (arrive, daily, pairing, records, resets, safety, settings, weekly)
OURS = "★★★"
"""What the people of the walk write: no language's words, so that whatever else is on a screen is the bot's."""


@dataclass
class Seen:
    """What the phones of one language and way of address have shown."""

    locale: str
    address: Address
    messages: list[Json] = field(default_factory=list)
    """Every message as Telegram kept it, in each of its states."""
    toasts: list[str] = field(default_factory=list)
    menus: list[list[Json]] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    said: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By sentence of the source: what the voice made of it."""
    cards: set[str] = field(default_factory=set)
    """The functions of bot/speech whose Card or text was asked for."""

    @property
    def texts(self) -> list[str]:
        """The words of every message."""
        return [words(message) for message in self.messages]

    @property
    def buttons(self) -> list[str]:
        """The words of every button."""
        return [button["text"] for message in self.messages for row in keyboard(message) for button in row]

    @property
    def everything(self) -> list[str]:
        """Every string that a person could read."""
        menus = [command["description"] for menu in self.menus for command in menu]
        return list(dict.fromkeys([*self.texts, *self.buttons, *self.toasts, *menus, *self.about.values()]))


def keyboard(message: Json) -> list[list[Json]]:
    """The rows of buttons under a message."""
    rows: list[list[Json]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return rows


@contextmanager
def recording(into: dict[str, Seen]) -> Iterator[None]:
    """Note which sentences are looked up and which cards are made, by locale and address, while the real ones are."""
    undo: list[tuple[Any, str, Any]] = []

    def put(where: Any, name: str, what: Any) -> None:
        undo.append((where, name, getattr(where, name)))
        setattr(where, name, what)

    def everywhere(real: Any, what: Any) -> None:
        for name, module in list(sys.modules.items()):
            if name.startswith("bot."):
                for known in [known for known, value in vars(module).items() if value is real]:
                    put(module, known, what)

    for way in ("say", "label", "many"):
        put(Voice, way, _noting_words(getattr(Voice, way), into))
    for room in ROOMS:
        for name in makers(room):
            real = getattr(room, name)
            everywhere(real, _noting_card(real, f"{room.__name__.rpartition('.')[2]}.{name}", into))
    try:
        yield
    finally:
        for where, name, what in reversed(undo):
            setattr(where, name, what)


def makers(room: Any) -> list[str]:
    """The public functions of a room of speech that make a whole Card, or a toast or line of their own."""
    found = []
    for name, what in vars(room).items():
        own = inspect.isfunction(what) and inspect.unwrap(what).__module__ == room.__name__
        if own and not name.startswith("_") and what.__annotations__.get("return") in {"Card", "str"}:
            found.append(name)
    return found


def key(voice: Voice) -> str:
    """Where what this voice says is noted: an address that its language lacks is the one that people begin with."""
    offered = ADDRESSES[voice.language]
    return f"{voice.locale} {voice.address if voice.address in offered else offered[0]}"


def _noting_words(real: Any, into: dict[str, Seen]) -> Any:
    @functools.wraps(real)
    def noting(voice: Voice, sentence: str, /, *rest: Any, **values: Any) -> str:
        said: str = real(voice, sentence, *rest, **values)
        if (seen := into.get(key(voice))) is not None:
            seen.said[sentence].add(said)
        return said

    return noting


def _noting_card(real: Any, name: str, into: dict[str, Seen]) -> Any:
    @functools.wraps(real)
    def noting(voice: Voice, *rest: Any, **named: Any) -> Card | str:
        made: Card | str = real(voice, *rest, **named)
        if (seen := into.get(key(voice))) is not None:
            seen.cards.add(name)
        return made

    return noting


def ways() -> list[tuple[str, Address]]:
    """Every locale in every way of address that its language has."""
    return [(locale, address) for locale in LOCALES for address in ADDRESSES[locale[:2]]]


async def walk_all(folder: Path) -> dict[str, Seen]:
    """Every locale in every way of address, all at once. Worlds begin one by one: migrations know one database at a time."""
    found = {f"{locale} {address}": Seen(locale, address) for locale, address in ways()}
    with recording(found):
        async with AsyncExitStack() as worlds:
            walks = [Walk(seen, folder / name.replace(" ", "-")) for name, seen in found.items()]
            for walk in walks:
                await worlds.enter_async_context(walk.world)
            await asyncio.gather(*(walk.whole() for walk in walks))
    return found


class Walk:
    """One language's walk."""

    def __init__(self, seen: Seen, file: Path) -> None:
        self.seen = seen
        self.zone = HOMES[seen.locale]
        self.file = file.with_suffix(".db")
        morning = clocks.wall_to_utc(date(2026, 3, 2), time(10, 0), self.zone)
        self.world = World(f"sqlite:///{self.file}", start=morning.astimezone(UTC))
        self.phones: dict[str, Someone] = {}

    async def whole(self) -> None:
        """From the first word to the last."""
        for chapter in (
            self.before_anything,
            self.set_up,
            self.invitations,
            self.refusals,
            self.a_day,
            self.what_comes_back,
            self.notes,
            self.sharing,
            self.check_ins,
            self.resets,
            self.a_week,
            self.settings,
            self.pauses,
            self.silence,
            self.records,
            self.terms,
            self.heavy_days,
            self.three_of_us,
            self.leaving,
            self.elsewhere,
            self.trouble,
        ):
            await chapter()
            self.world.check()
            self.collect()

    # ---- means

    @property
    def noor(self) -> Someone:
        """Whom the walk follows."""
        return self.phones["Noor"]

    @property
    def sam(self) -> Someone:
        """The other one."""
        return self.phones["Sam"]

    async def arrive(self, name: str) -> Someone:
        """Somebody with a phone in this locale, who has said nothing yet."""
        code = CODES.get(self.seen.locale, self.seen.locale)
        someone = await self.world.person(name, language=code, zone=self.zone, ready=False)
        self.phones[name] = someone
        return someone

    async def settle_in(self, someone: Someone) -> None:
        """Through set-up with first buttons, and to this walk's way of address."""
        await someone.say("/start")
        for _ in range(4):
            await someone.tap(0)
        await self.address(someone)

    async def address(self, someone: Someone) -> None:
        """Ask to be addressed as this walk is."""
        if len(ADDRESSES[self.seen.locale[:2]]) > 1:
            await someone.say("/settings")
            await self.press(someone, "set:address")
            await self.press(someone, f"address:{self.seen.address}")

    async def press(self, someone: Someone, data: str, *, on: Json | None = None) -> str | None:
        """Press the button that does *data* (or begins so), wherever it was last offered; what the toast said."""
        query = self.world.telegram.tap(
            someone.person, on or self.offered(someone, data), data=self.button(someone, data, on)
        )
        answer = await query.answered()
        assert answer is not None, f"{self.seen.locale}: no answer to {data}"
        await self.world.settle()
        return answer.get("text")

    def offered(self, someone: Someone, data: str) -> Json:
        """The newest message with a button that does *data*."""
        for message in reversed(someone.inbox):
            if any(does(button, data) for row in keyboard(message) for button in row):
                return message
        raise AssertionError(f"{self.seen.locale}: nothing offers {data}; the last was {someone.last}")

    def button(self, someone: Someone, data: str, on: Json | None = None) -> str:
        """The whole of what that button does."""
        message = on or self.offered(someone, data)
        return next(str(b["callback_data"]) for row in keyboard(message) for b in row if does(b, data))

    async def stale(self, someone: Someone, data: str) -> str | None:
        """Press a button that no screen offers (any more)."""
        query = self.world.telegram.tap(someone.person, someone.last, data=data)
        answer = await query.answered()
        assert answer is not None
        await self.world.settle()
        return answer.get("text")

    async def hours(self, count: int) -> None:
        """Let time pass, three hours at a time, which is as late as a prompt may be."""
        for _ in range(0, count, 3):
            await self.world.turn(hours=3)

    async def at(self, hour: time, *, weekday: int | None = None) -> None:
        """On to the next such hour here (on *weekday*, Monday 0), and a minute more: in one step, as after a downtime."""
        now = self.world.clock.now()
        due = clocks.next_at(now, hour.hour * 60 + hour.minute, self.zone)
        while weekday is not None and clocks.local_day(due, self.zone).weekday() != weekday:
            due = clocks.next_at(due, hour.hour * 60 + hour.minute, self.zone)
        await self.world.turn(seconds=(due - now).total_seconds() + 61)

    async def evening(self) -> None:
        """To the next nine in the evening here."""
        await self.at(time(21, 0))

    async def morning(self) -> None:
        """To the next ten in the morning, when nobody is asleep."""
        await self.at(time(10, 0))

    async def invite(self, one: Someone, other: Someone, tie: Tie = Tie.PARTNER) -> None:
        """*one* asks *other*, who accepts."""
        await one.say("/pair")
        await self.press(one, f"tie:{tie}")
        await other.open(one.link())
        await self.press(other, "accept")
        await self.world.beat()

    def collect(self) -> None:
        """What Telegram was asked to show since the last time."""
        for call in self.world.telegram.journal():
            if call.error is not None:
                self.seen.refused.append(f"{call.method}: {call.error['description']}")
            elif isinstance(call.result, dict) and (words(call.result) or keyboard(call.result)):
                self.seen.messages.append(call.result)
            elif call.method == "answerCallbackQuery" and call.params.get("text"):
                self.seen.toasts.append(str(call.params["text"]))
        self.world.telegram.forget_journal()
        language = self.seen.locale[:2]
        telegram = self.world.telegram
        codes = {language, ""} if language == "en" else {language}
        self.seen.menus = [
            menu for (scope, code), menu in telegram.commands.items() if code in codes or scope != ("default",)
        ]
        self.seen.about = {kind: text for (kind, code), text in telegram.texts.items() if code in codes and text}

    # ---- the chapters

    async def before_anything(self) -> None:
        """What can be read before set-up, and what leads back to it."""
        noor = await self.arrive("Noor")
        for said in ("/start", "/privacy", "/support", "/help", "/log", OURS):
            await noor.say(said)
        await noor.say(contact=True)
        await noor.say("/privacy")
        await self.press(noor, "consent")

    async def set_up(self) -> None:
        """Every side path of set-up: languages, places, hours."""
        noor = self.noor
        await noor.say("/start")
        await self.press(noor, "langs")
        await self.press(noor, "first")
        await self.press(noor, "langs")
        await self.press(noor, f"lang:{self.seen.locale}")
        await self.press(noor, "place")
        await noor.say("qqqqqqqqqq")
        await noor.say("san")
        await noor.say("Mumbay")
        await noor.say(location=True)
        await self.press(noor, "zone")
        await self.press(noor, "zones")
        await self.press(noor, f"zone:{self.zone}")
        await self.press(noor, "hours")
        await noor.say("★ o'clock")
        await self.press(noor, "hour:1200")
        await self.press(noor, "paces")
        await self.press(noor, "pace:twice")
        await self.press(noor, "paces")
        await self.press(noor, "pace:gentle")
        await self.press(noor, "privacy")
        await self.press(noor, "consent")
        await self.press(noor, "paces")
        await self.press(noor, "pace:evening")
        await self.press(noor, "agree")
        await self.address(noor)
        for said in ("/start", "/journal", "/week", "/reset", "/unpair", "/export"):
            await noor.say(said)

    async def invitations(self) -> None:
        """Inviting, cancelling, declining, undoing, and a pair at last."""
        noor, sam = self.noor, await self.arrive("Sam")
        await noor.say("/pair")
        await self.press(noor, "tie:colleague")
        await self.press(noor, "cancel")
        await noor.say("/pair")
        await self.press(noor, "code")
        await noor.say("/pair")
        await self.press(noor, "tie:friend")
        await sam.open(noor.link())
        await self.settle_in(sam)
        await self.press(sam, "decline")
        await sam.open(noor.link())
        await self.press(sam, "accept")
        await self.world.beat()
        await self.press(noor, "undo")
        await sam.say("/start")
        await self.hours(1)
        for tie in (Tie.FAMILY, Tie.COLLEAGUE):
            await self.invite(noor, sam, tie)
            await self.press(noor, "undo")
            await sam.say("/start")
        await self.invite(noor, sam)
        await self.press(noor, "home")
        await noor.say("/pair")
        await noor.say(OURS, reply_to=self.offered(noor, "later"))
        await self.press(noor, "share")
        await self.world.beat()

    async def refusals(self) -> None:
        """Each reason for which a code does not open."""
        noor, sam, ren = self.noor, self.sam, await self.arrive("Ren")
        await ren.open("ABCDEFGH")
        await self.settle_in(ren)
        await noor.say("/pair")
        await self.press(noor, "tie:friend")
        await noor.open(noor.link())
        await sam.open(noor.link())
        old = noor.link()
        await self.morning()
        await self.morning()
        await self.morning()
        await ren.open(old)
        await noor.say("/pair")
        await self.press(noor, "tie:friend")
        used = noor.link()
        yui = await self.arrive("Yui")
        await self.settle_in(yui)
        await yui.open(used)
        await self.press(yui, "accept")
        await self.world.beat()
        await ren.open(used)
        await self.press(noor, "undo")
        for code in ("ABCDEFGH", "ABCDEFGJ", "ABCDEFGK", "ABCDEFGM", "ABCDEFGN", "ABCDEFGP"):
            await ren.open(code)

    async def a_day(self) -> None:
        """Prompts of each kind, and everything under them."""
        noor = self.noor
        for _ in range(4):
            await self.evening()
            await noor.say("/help")
        prompt = self.offered(noor, "later")
        await self.press(noor, "later", on=prompt)
        for moment in ("hour", "tonight", "tomorrow"):
            await self.press(noor, f"snooze:{self.number(noor, 'snooze')}:{moment}")
            await self.evening()
            await self.press(noor, "later")
        await self.press(noor, "again")
        await self.press(noor, "skip")
        await self.press(noor, "again")
        await self.press(noor, "done")
        await self.press(noor, "undone")
        await noor.say(OURS)
        await self.press(noor, "drop")
        await self.evening()
        self.world.telegram.react(noor.person, noor.last, "❤")
        await self.world.settle()

    def number(self, someone: Someone, data: str) -> str:
        """The first argument of the button that does *data*."""
        return self.button(someone, data).split(":")[1]

    async def what_comes_back(self) -> None:
        """Voice, sound, photo, sticker, video: as answers, as entries, and what cannot be kept."""
        noor = self.noor
        kept: list[dict[str, Any]] = [{kind: True} for kind in ("voice", "audio", "photo", "sticker", "video_note")]
        unkept: list[dict[str, Any]] = [{kind: True} for kind in ("contact", "dice", "location")]
        for sent in kept:
            await self.evening()
            await noor.say(**sent)
        for sent in unkept:
            await noor.say(**sent)
        await noor.say("\u200b\u2800")
        await noor.say("/journal")

    async def notes(self) -> None:
        """Noticed, given, and words that answered nothing."""
        noor = self.noor
        for way in ("noticed", "given"):
            await noor.say("/log")
            await self.press(noor, f"note:{way}")
            await noor.say(OURS)
        await self.press(noor, "forms")
        for form in ("practical", "emotional", "communication", "repair", "healing", "future"):
            entry = self.number(noor, "form:") if form == "practical" else self.number(noor, "forms")
            await self.press(noor, f"form:{entry}:{form}" if form == "practical" else "forms")
            if form != "practical":
                await self.press(noor, f"form:{entry}:{form}")
        for way in ("noticed", "given"):
            await noor.say(OURS * 2)
            await self.press(noor, f"keep:{self.number(noor, 'keep')}:{way}")
        await noor.say("★" * 3600)
        await self.press(noor, "drop")
        said = await noor.say(OURS * 3)
        await self.press(noor, "keep")
        self.world.telegram.edit(noor.person, said, OURS * 4)
        await self.world.settle()
        await self.press(noor, "drop")

    async def sharing(self) -> None:
        """What passes between the two, and back again."""
        noor, sam = self.noor, self.sam
        await self.morning()
        for way in ("noticed", "given"):
            await noor.say("/log")
            await self.press(noor, f"note:{way}")
            await noor.say(OURS)
            await self.press(noor, "share")
            await self.world.beat()
        await self.press(noor, "unshare")
        await self.world.beat()
        await noor.say("/log")
        await self.press(noor, "note:noticed")
        await noor.say(OURS)
        await self.press(noor, "share")
        await self.press(noor, "unshare")
        await noor.say("/log")
        await self.press(noor, "note:given")
        said = await noor.say(OURS)
        await self.press(noor, "share")
        self.world.telegram.edit(noor.person, said, OURS * 2)
        await self.world.settle()
        await self.world.turn(minutes=2)
        entry = self.number(noor, "unshare")
        await self.press(noor, "unshare")
        await noor.say("/journal")
        await self.stale(noor, f"drop:{entry}")
        await noor.say("/log")
        await self.press(noor, "note:noticed")
        await noor.say(OURS)
        await self.press(noor, "share")
        await self.world.beat()
        arrived = self.offered(sam, "heart")
        await self.press(sam, "heart", on=arrived)
        await self.press(sam, "thanks", on=arrived)
        await self.press(sam, "answer", on=arrived)
        await self.press(sam, "still")
        await self.press(sam, "answer", on=arrived)
        await sam.say(OURS)
        await sam.say(OURS, reply_to=arrived)
        await self.press(sam, "drop")
        await self.world.beat()
        await self.evening()
        await noor.say(OURS)
        await self.press(noor, "share")
        await noor.say(voice=True)
        await self.press(noor, "keep")
        await self.press(noor, "share")
        await self.morning()
        await self.press(sam, "quieter")
        await self.press(sam, "set")
        await self.press(sam, "set:reach")
        await self.press(sam, "reach:shares:1")

    async def check_ins(self) -> None:
        """Both halves, revealed together."""
        noor, sam = self.noor, self.sam
        for someone in (noor, sam):
            await someone.say("/checkin")
            await someone.say(OURS)
            await self.press(someone, "share")
        await self.world.beat()
        await noor.say("/checkin")

    async def resets(self) -> None:
        """Let's reset: each answer, each refusal, each end."""
        noor, sam = self.noor, self.sam
        await self.call()
        await self.call()
        await noor.say("/reset")
        await self.press(noor, "calm")
        await noor.say(OURS)
        await self.press(sam, "ready")
        await self.world.beat()
        over = self.button(sam, "mended")
        await self.press(noor, "mended")
        await self.press(sam, over)
        await self.call()
        for answer, ending in (("tonight", "ready"), ("time", "rest")):
            await self.morning()
            await self.call()
            await self.press(sam, answer)
            await self.world.beat()
            await self.hours(26)
            if ending == "ready":
                await self.only_check_ins(noor)
            await self.press(sam, ending)
            await self.world.beat()
            if ending == "ready":
                await self.press(noor, "rest")
                await self.everything_again(noor)
        await self.morning()
        await self.call()
        for _ in range(7):
            await self.morning()
        await self.call()
        await self.press(sam, "mute")
        await sam.say("/settings")
        await self.press(sam, "set:reach")
        await self.press(sam, "reach:resets:1")
        await self.call()
        await self.press(noor, "rest")
        await self.morning()
        await self.call()
        await self.press(sam, "rather")

    async def only_check_ins(self, someone: Someone) -> None:
        """Nothing that pushes closeness reaches *someone* from here on."""
        await someone.say("/settings")
        await self.press(someone, "set:kinds")
        await self.press(someone, "kinds:1")

    async def everything_again(self, someone: Someone) -> None:
        """All prompts come again."""
        await someone.say("/settings")
        await self.press(someone, "set:kinds")
        await self.press(someone, "kinds:0")

    def offers(self, someone: Someone, data: str) -> bool:
        """Whether a button that does *data* is in sight."""
        return any(does(button, data) for m in someone.inbox for row in keyboard(m) for button in row)

    async def call(self) -> None:
        """Noor says it."""
        await self.noor.say("/reset")
        await self.press(self.noor, "call")
        await self.world.beat()

    async def a_week(self) -> None:
        """The week so far, the mirror on its evening, and each theme of RECIPRO."""
        noor, sam = self.noor, self.sam
        await self.world.turn(days=8)
        await self.morning()
        for someone in (noor, sam):
            await someone.say("/log")
            await self.press(someone, "note:noticed")
            await someone.say(OURS)
            await self.press(someone, "share")
            await self.world.beat()
        await self.call()
        await self.press(sam, "ready")
        await self.press(sam, "mended")
        await noor.say("/week")
        await self.at(time(19, 0), weekday=6)
        for _ in Step:
            self.world.clock.advance(days=7)
            await noor.say("/log")
            await self.press(noor, "note:noticed")
            await noor.say(OURS)
            await noor.say("/week")

    async def settings(self) -> None:
        """Every page of the settings, and what each can be set to."""
        noor = self.noor
        for page, choices in {
            "hour": ["hour", "19:30"],
            "pace": ["setpace:gentle", "setpace:twice", "setpace:evening"],
            "quiet": ["quiet", "★", "22:00 – 7:00"],
            "week": ["weekhour:1140"],
            "discreet": ["discreet:1", "discreet:0"],
            "reach": ["reach:resets:0", "reach:resets:1", "reach:shares:0", "reach:shares:1"],
            "lang": [f"lang:{self.seen.locale}"],
        }.items():
            for choice in choices:
                await noor.say("/settings")
                await self.press(noor, f"set:{page}")
                if choice.partition(":")[0].isalpha():
                    await self.press(noor, choice)
                else:
                    await noor.say(choice)
        await self.address(noor)
        await noor.say("/settings")
        await self.press(noor, "own")
        await noor.say(OURS * 5)
        await self.press(noor, "unown")
        await noor.say("/settings")
        await self.press(noor, "set:discreet")
        await self.press(noor, "discreet:1")
        await self.evening()
        await noor.say("/settings")
        await self.press(noor, "set:discreet")
        await self.press(noor, "discreet:0")
        await noor.say("/settings")
        await self.press(noor, "tidy")
        await self.press(noor, "tidied")
        await self.stale(noor, "nothing:7")

    async def pauses(self) -> None:
        """Pausing, and going on."""
        noor = self.noor
        for days in (3, 7, 30, 0):
            await noor.say("/pause")
            await self.press(noor, f"pause:{days}")
            await noor.say("/start")
            await noor.say("/settings")
        await noor.say("/resume")
        await noor.say("/pause")
        await self.press(noor, "pause:3")
        await self.press(noor, "resume")

    async def silence(self) -> None:
        """Three prompts without an answer, and the one question."""
        noor = self.noor
        for choice in ("keep", "pause", "gentle"):
            for _ in range(5):
                await self.evening()
            await self.press(noor, f"lighter:{choice}")
            await noor.say("/resume")
        await noor.say("/settings")
        await self.press(noor, "set:pace")
        await self.press(noor, "setpace:evening")

    async def records(self) -> None:
        """The journal page by page, a word found, a day found, the export."""
        noor = self.noor
        await noor.say("/journal")
        await self.press(noor, "journal:")
        await self.press(noor, "find")
        await noor.say("★")
        await self.press(noor, "thisday")
        await noor.say("/export")
        await noor.say("/help")
        await self.press(noor, "home")
        await self.press(noor, "all")

    async def terms(self) -> None:
        """What is kept, where the operator keeps it for a time; and agreeing again after its words have changed."""
        noor = self.noor
        assert self.world.app is not None
        self.world.app.application.bot_data["desk"].keep = Keep(gestures=365)
        await noor.say("/privacy")
        with sqlite3.connect(self.file) as database:
            database.execute("UPDATE person SET consent_version = 0")
        await noor.say("/start")
        await self.press(noor, "agree")

    async def heavy_days(self) -> None:
        """Words of danger, where the country's path is open, and its helplines."""
        noor = self.noor
        await noor.say("/support")
        await noor.say("/settings")
        await self.press(noor, "set:zone")
        await noor.say("New York")
        await self.press(noor, "zone")
        await noor.say("/support")
        await noor.say("/settings")
        await self.press(noor, "set:zone")
        await self.press(noor, "places")
        await noor.say(HEAVY[self.seen.locale[:2]])
        await noor.say("/settings")
        await self.press(noor, "set:zone")
        await noor.say("London")
        await self.press(noor, "zone")
        await noor.say(HEAVY[self.seen.locale[:2]])
        await self.press(noor, "support")
        await noor.say("/start")
        await noor.say(HEAVY[self.seen.locale[:2]])
        await self.press(noor, "lift")
        await noor.say("/settings")
        await self.press(noor, "set:zone")
        await noor.say("Lisbon")
        await self.press(noor, "zone")
        await noor.say("/support")
        await noor.say("/settings")
        await self.press(noor, "set:zone")
        await self.press(noor, "place") if self.offers(noor, "place") else None

    async def three_of_us(self) -> None:
        """Somebody without a name, and the question for whom."""
        noor, blank = self.noor, await self.arrive("\u2800")
        await self.settle_in(blank)
        await self.morning()
        await self.invite(noor, blank, Tie.FRIEND)
        for said in ("/week", "/checkin", "/reset", "/pair"):
            await noor.say(said)
        await noor.say("/log")
        await self.press(noor, "note:given")
        await noor.say(OURS)
        await self.press(noor, "whose")
        await noor.say("/settings")
        await self.press(noor, "set:pace")
        await self.press(noor, "setpace:gentle")
        await self.press(noor, "setpace:gentle:")

    async def leaving(self) -> None:
        """Leaving, what the other finds, forgetting, and coming back."""
        noor, sam = self.noor, self.sam
        await noor.say("/unpair")
        await self.press(noor, "left")
        await sam.say("/help")
        await noor.say("/unpair")
        await self.press(noor, "left")
        await self.press(noor, "solo")
        await noor.say("/forget")
        await self.press(noor, "home")
        await noor.say("/forget")
        await self.press(noor, "forgotten")
        await noor.say("/start")
        await self.stale(noor, "done:1")

    async def elsewhere(self) -> None:
        """In a group."""
        group = self.world.telegram.found_group("★", self.noor.person)
        await self.world.settle()
        assert group.left

    async def trouble(self) -> None:
        """Something broken, and somebody who writes too fast."""
        sam = self.sam
        assert self.world.app is not None
        await sam.say("/log")
        await self.press(sam, "note:noticed")
        await sam.say(OURS)
        with sqlite3.connect(self.file) as database:
            database.execute("UPDATE gesture SET words = 'spoiled'")
        await sam.say("/journal")
        self.world.app.intake.burst = 3
        fast = await self.arrive("Kim")
        for _ in range(6):
            self.world.telegram.say(fast.person, "/start")
        await self.world.settle()


def does(button: Json, data: str) -> bool:
    """Whether a button's data is *data*, or begins with it as a whole word."""
    given = str(button.get("callback_data", ""))
    return given == data or given.startswith(data if data.endswith(":") else f"{data}:")
