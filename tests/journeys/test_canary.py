"""Words that nobody else has, typed everywhere a person can type; then everything is searched that could hold one.

Asha and Tom live with the real bot, a process of its own that logs all it can, through an outage, a database that goes away,
one that breaks in the middle and updates that are broken. What they keep is in their own export; what they share is with the
other too; none of it is in a log line, a metric, an operator's report, a file or a column that is not sealed. What only
passes by (a city that is not known, a word that is searched for, a forged button) is nowhere at all.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
from sqlalchemy import select

from bot.sandbox.rules import Upload
from bot.storage.columns import Seal
from bot.storage.schema import person
from bot.storage.store import Store, open_store
from bot.web import SECRET_HEADER
from tests.faults.process import ROOT, SECRET, Bot, free_port
from tests.journeys.test_forgotten import everything, holds
from tests.journeys.test_rights import exported
from tests.world import KEY, Json, Someone, World, words

NY = "America/New_York"
OPENED = {"gesture.words opened", "own_prompt.words opened"}
"""Where words are that somebody keeps; a name is where names are."""
NAMES = {"person.name opened", "person.buttons opened"}


@dataclass(frozen=True)
class Canary:
    """A word, who typed it and where, and where it belongs."""

    word: str
    who: str
    place: str
    kept: bool
    shared: bool
    perhaps: bool
    """Typed while something was broken: kept or not."""


class Canaries:
    """All that were typed."""

    def __init__(self) -> None:
        self.all: dict[tuple[str, str], Canary] = {}

    def __call__(self, who: str, place: str, *, kept: bool = False, shared: bool = False, perhaps: bool = False) -> str:
        """A new word of *who*'s for *place*: twelve letters that stand nowhere else."""
        assert (who, place) not in self.all, place
        word = "".join(chr(97 + byte % 26) for byte in hashlib.sha256(f"{who}, {place}".encode()).digest()[:12])
        self.all[who, place] = Canary(word, who, place, kept or shared, shared, perhaps)
        return word


class Outside(World):
    """A world whose bot is a process of its own: all that it says on the way is there to be searched."""

    bot: Bot
    store: Store

    def __init__(self, database_url: str, folder: Path, log_format: str) -> None:
        super().__init__(database_url, moving=True)
        self.folder, self.log_format = folder, log_format
        self.asked: set[str] = set()
        """Questions that were open when something was typed."""

    async def __aenter__(self) -> Outside:
        await super().__aenter__()
        return self

    async def start_bot(self) -> None:
        port = free_port()
        self.bot = Bot(
            self.server,
            self.database_url,
            webhook=f"http://127.0.0.1:{port}",
            HTTP_PORT=str(port),
            LOG_LEVEL="DEBUG",
            LOG_FORMAT=self.log_format,
            RECIPRO_APART=str(self.folder / "apart"),
        )
        self.bot.module, self.bot.port = "tests.faults.unhurried", port
        await self.bot.start()
        self.store = open_store(self.database_url, seal=Seal([KEY]))

    async def stop_bot(self) -> None:
        await self.bot.stop()
        await self.store.close()

    async def beat(self) -> None:
        await self.turn(seconds=1)

    async def turn(self, **parts: float) -> None:
        await self.settle()
        await self.server.turn_to(self.clock.now() + timedelta(**parts))

    async def settle(self) -> None:
        await super().settle()
        asking = select(person.c.asking)
        found = await self.store.read(lambda db: db.execute(asking).scalars().all())
        self.asked |= {each.partition(":")[0] for each in found if each}

    async def post(self, update: Json | bytes) -> int:
        """Something that the sandbox's people cannot do, as Telegram, or somebody who knows the secret, would post it."""
        body = update if isinstance(update, bytes) else json.dumps({"update_id": 7_000_000, **update}).encode()
        headers = {SECRET_HEADER: SECRET, "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.bot.port}/telegram"
        async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=headers) as answer:
            return answer.status


# --- what they do ---


async def press(someone: Someone, data: str) -> None:
    """The newest button that does *data* or begins so; a made-up one, where there is none."""
    world = someone.world
    for message in reversed(someone.inbox):
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        offered = [b["callback_data"] for row in rows for b in row if b.get("callback_data", "").startswith(data)]
        if offered:
            query = world.telegram.tap(someone.person, message, data=offered[0])
            break
    else:
        query = world.telegram.tap(someone.person, someone.last, data=data)
    assert await query.answered() is not None
    await world.settle()


async def arrives(world: Outside, name: str, word: Canaries) -> Someone:
    """Set-up, with something typed at each of its steps."""
    phone = world.telegram.join(
        word(name, "name", shared=True),
        last_name=word(name, "last name"),
        username=word(name, "username"),
        language_code="en",
    )
    someone = Someone(world, phone)
    await someone.say(word(name, "before anything"))
    await someone.open(word(name, "a start that is no code"))
    await someone.say("/start")
    await someone.tap(0)
    await someone.say(word(name, "a city in set-up"))
    await someone.say(contact={"first_name": word(name, "contact"), "phone_number": word(name, "number")})
    await someone.say("/start")
    await someone.tap(0)
    await press(someone, "hours")
    await someone.say(word(name, "an hour in set-up"))
    await someone.say("/start")
    await someone.tap(0)
    await someone.say(word(name, "at the consent"))
    await someone.say("/start")
    await someone.tap(0)
    await someone.say(word(name, "first answer", kept=True), reply_to=first_prompt(someone))
    return someone


def first_prompt(someone: Someone) -> Json:
    return next(message for message in someone.inbox if "first prompt" in words(message))


async def note(someone: Someone, line: str, *then: str, way: str = "noticed", **attached: Any) -> Json:
    await someone.say("/log")
    await press(someone, f"note:{way}")
    said = await someone.say(line, **attached)
    for data in then:
        await press(someone, data)
    return said


async def writes_for_oneself(world: Outside, name: str, someone: Someone, word: Canaries) -> list[str]:
    """Everything that is kept, and nobody else's. The files that went with it."""
    telegram = world.telegram
    await note(someone, word(name, "noticed", kept=True))
    await note(someone, word(name, "given", kept=True), way="given")
    await note(someone, word(name, "forgotten at once"), "drop")
    await someone.say(word(name, "draft", kept=True))
    files = []
    for kind in ("photo", "voice", "audio"):
        attached: Json = {kind: True}
        sent = await someone.say(word(name, f"caption of {kind}", kept=True), **attached)
        files.append(str((sent[kind][0] if kind == "photo" else sent[kind])["file_id"]))
    said = await note(someone, word(name, "before the edit"))
    telegram.edit(someone.person, said, word(name, "after the edit", kept=True))
    await world.settle()
    await someone.say("/reset")
    await press(someone, "calm")
    await someone.say(word(name, "calm line", kept=True))
    await press(someone, "own")
    await someone.say(word(name, "own prompt", kept=True))
    await press(someone, "own")
    await someone.say(word(name, "own prompt, removed"))
    rows = someone.last["reply_markup"]["inline_keyboard"]
    newest = [b["callback_data"] for row in rows for b in row if b["callback_data"].startswith("unown")][-1]
    await press(someone, newest)
    await someone.say("/checkin")
    await someone.say(word(name, "check-in for oneself", kept=True))
    await note(someone, f"I want to kill myself {word(name, 'danger', kept=True)}")
    await press(someone, "lift")
    await someone.say(
        word(name, "forwarded", kept=True), forward={"sender_user_name": word(name, "whom it is forwarded from")}
    )
    quoted = {**telegram.post(someone.person.chat, someone.person.user, {"text": "."}).message}
    quoted |= {"text": word(name, "with a quote", kept=True), "quote": {"text": word(name, "quote"), "position": 0}}
    assert await world.post({"message": quoted}) == 200
    return files


async def types_what_only_passes_by(world: Outside, name: str, someone: Someone, word: Canaries) -> None:
    """Commands with words behind, answers that cannot be read, files that cannot be kept, buttons that are made up."""
    telegram, phone = world.telegram, someone.person
    for command in ("log", "week", "help", "support", "privacy", "pair", "journal", "settings", "cancel"):
        await someone.say(f"/{command} {word(name, f'behind /{command}')}")
    await someone.say(f"/{word(name, 'a command that is none')}")
    for data, what in (
        ("set:zone", "city"),
        ("set:hour", "hour"),
        ("set:quiet", "quiet hours"),
        ("find", "searched for"),
    ):
        await someone.say("/settings")
        await press(someone, data)
        await someone.say(word(name, what))
    await someone.say("/pair")
    await press(someone, "code")
    await someone.say(word(name, "code"))
    await someone.say("/cancel")
    for data in ("find:{}", "{}:1", "zone:{}", "lang:{}", "note:{}", "accept:1:{}", "{}"):
        made_up = data.format(word(name, f"in a button: {data}"))
        assert await telegram.tap(phone, someone.last, data=made_up).answered() is not None
    attached: list[tuple[str, Json]] = [
        ("poll", {"question": word(name, "poll")}),
        ("document", {"name": f"{word(name, 'file name')}.txt", "data": ""}),
        ("contact", {"first_name": word(name, "somebody's name"), "phone_number": "+1"}),
        ("sticker", {"emoji": word(name, "a sticker's emoji")}),
    ]
    for kind, details in attached[:3]:
        await someone.say(word(name, f"caption of {kind}") if kind == "document" else None, **{kind: details})
    kind, details = attached[3]
    await someone.say(None, **{kind: details})
    await press(someone, "drop")
    group = telegram.found_group(word(name, "title of a group"), phone)
    telegram.say_in_group(group, phone, f"/start@{telegram.bot['username']} {word(name, 'in a group')}")
    await world.settle()
    private = {"message_id": 900_000, "date": telegram.stamp(), "chat": phone.chat.about, "from": phone.user}
    for kind in ("business_message", "guest_message", "channel_post", "edited_business_message"):
        assert await world.post({kind: {**private, "text": word(name, kind)}}) == 200
    query = {"id": "1", "from": phone.user, "query": word(name, "inline query"), "offset": ""}
    assert await world.post({"inline_query": query}) == 200
    emoji = {"type": "custom_emoji", "custom_emoji_id": word(name, "reaction")}
    reacted = {"chat": phone.chat.about, "message_id": first_prompt(someone)["message_id"], "user": phone.user}
    reacted |= {"date": telegram.stamp(), "old_reaction": [], "new_reaction": [emoji]}
    assert await world.post({"message_reaction": reacted}) == 200
    unknown = {**private, "message_id": 900_001, "text": word(name, "edit of what was never said")}
    assert await world.post({"edited_message": {**unknown, "edit_date": telegram.stamp()}}) == 200


Named = tuple[str, Someone]


async def shares(world: Outside, mine: Named, theirs: Named, word: Canaries) -> None:
    """What the other gets; what they never get, because it is edited too late, or one answer too many."""
    (name, someone), (their_name, other) = mine, theirs
    said = await note(someone, word(name, "shared", shared=True), "share")
    await world.beat()
    arrived = other.last
    world.telegram.edit(someone.person, said, word(name, "edited after sharing"))
    await world.settle()
    await someone.say(word(name, "shared with a photo", shared=True), photo=True)
    await press(someone, "keep")
    await press(someone, "share")
    await world.beat()
    await other.tap(label="Answer once", on=arrived)
    await other.say(word(their_name, "the one answer", shared=True))
    await other.say(word(their_name, "one answer too many", kept=True), reply_to=arrived)
    await world.beat()


async def shares_with_one_who_pauses(world: Outside, mine: Named, other: Someone, word: Canaries) -> None:
    """What is taken back before it comes, and what is still on its way."""
    name, someone = mine
    await other.say("/pause")
    await press(other, "pause:3")
    await note(someone, word(name, "taken back before it came", kept=True), "share", "unshare")
    await note(someone, word(name, "on its way", kept=True), "share")
    await world.turn(minutes=5)


# --- what breaks meanwhile ---


@contextmanager
def broken(database_url: str) -> Iterator[None]:
    """Nothing more can be kept: the database says so in the middle of a use case, and may quote the row."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=10) as db:
            db.execute("CREATE TRIGGER broken BEFORE INSERT ON gesture BEGIN SELECT RAISE(ABORT, 'broken'); END")
        yield
        with sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=10) as db:
            db.execute("DROP TRIGGER broken")
        return
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute("ALTER TABLE gesture ADD CONSTRAINT broken CHECK (day < 0) NOT VALID")
    yield
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute("ALTER TABLE gesture DROP CONSTRAINT broken")


@asynccontextmanager
async def away(world: Outside) -> AsyncIterator[None]:
    """The database is not there: a disk that is full, a server that lets nobody in."""
    url = world.database_url
    if url.startswith("sqlite"):
        world.bot.limit_files(1)
        yield
        world.bot.limit_files(None)
        return
    name = url.rpartition("/")[2]
    with psycopg.connect(url.replace(f"/{name}", "/postgres"), autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


async def writes_while_things_break(world: Outside, name: str, someone: Someone, word: Canaries) -> None:
    """An outage of Telegram, a database that breaks, one that goes away, updates that are none."""
    telegram, phone = world.telegram, someone.person
    for kind in ("server_error", "drop", "lose_answer"):
        telegram.faults.add(kind, times=2)
        await someone.say(word(name, f"while Telegram has {kind}", perhaps=True))
        telegram.faults.clear()
    with broken(world.database_url):
        await someone.say(word(name, "while the table is broken"))
    assert "broke its use case" in world.bot.said, "something was raised, with these words in hand"
    async with away(world):
        telegram.say(phone, word(name, "while the database is away", perhaps=True))
        async with asyncio.timeout(30):
            while "database" not in (await world.bot.missing() or []):
                await asyncio.sleep(0.05)
    await world.settle()
    private = {"message_id": 900_002, "date": telegram.stamp(), "chat": phone.chat.about, "from": phone.user}
    shapes: list[Json] = [
        {"message": {**private, "text": [word(name, "text that is a list")]}},
        {
            "message": {
                **private,
                "text": "/start",
                "entities": [{"type": word(name, "entity"), "offset": "x", "length": 1}],
            }
        },
        {"message": {**private, "from": {**phone.user, "first_name": {"x": word(name, "name that is an object")}}}},
        {"message": {**private, "gift": {"text": word(name, "a gift of a later version")}, "text": "/help"}},
        {"callback_query": {"id": 5, "from": phone.user, "data": word(name, "a tap of another shape")}},
    ]
    for update in shapes:
        assert await world.post(update) == 200
    assert await world.post(b'{"update_id": 1, "message": {"text": "%s"' % word(name, "no JSON").encode()) == 400
    assert await world.post(b'"%s"' % word(name, "no update").encode()) == 400
    await someone.say("/cancel")


# --- where it is looked for ---


def forms(word: str) -> list[bytes]:
    """A word as bytes may hold it: as it is, in UTF-16, in hexadecimal, and inside base64 at each of its three places."""
    plain = word.encode()
    found = [plain, word.encode("utf-16-le"), plain.hex().encode()]
    for before in range(3):
        cut = base64.b64encode(b"\0" * before + plain)[(4 if before else 0) :]
        found.append(cut[: len(cut) // 4 * 4 - 4])
    return found


def found_in(word: str, haystack: bytes) -> bool:
    return any(form in haystack for form in forms(word))


def files(folder: Path) -> dict[str, bytes]:
    """Every file there is: database, journal, what is kept apart, backups, whatever else was written."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(database_url: str) -> dict[str, bytes]:
    """Every row of every table of PostgreSQL as text, whatever the schema says."""
    if not database_url.startswith("postgresql"):
        return {}
    with psycopg.connect(database_url) as db:
        tables = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            f"table {table}": "\n".join(
                str(row) for row in db.execute(f'SELECT t::text FROM "{table}" t'.encode())
            ).encode()
            for (table,) in tables
        }


def calls(world: Outside, whom: set[int] | None) -> bytes:
    """What the bot has asked of Telegram about some chats; None for calls that name none of a person."""
    people = world.telegram.people.keys()
    told: list[bytes] = []
    for call in world.telegram.journal():
        number = int(call.params.get("chat_id") or 0)
        if (number in whom) if whom is not None else (number not in people):
            told += [as_bytes(value) for value in call.params.values()]
    return b"\n".join(told)


def as_bytes(value: Any) -> bytes:
    """What stands in one parameter of a call."""
    return value.body if isinstance(value, Upload) else json.dumps(value, ensure_ascii=False, default=str).encode()


async def operators_see(world: Outside) -> dict[str, bytes]:
    """Metrics, health, `status`, `doctor`."""
    seen: dict[str, bytes] = {}
    async with aiohttp.ClientSession() as client:
        for page in ("metrics", "readyz", "healthz"):
            async with client.get(f"http://127.0.0.1:{world.bot.port}/{page}") as answer:
                seen[page] = await answer.read()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TELEGRAM_BOT_TOKEN": world.telegram.token,
        "TELEGRAM_API_URL": world.server.url,
        "DATABASE_URL": world.database_url,
        "RECIPRO_KEYS": KEY,
        "RECIPRO_APART": str(world.folder / "apart"),
    }
    commands = [["status"], ["status", "--json"], ["doctor"], ["backup", str(world.folder / "backups")]]
    told = await asyncio.gather(
        *(
            asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "bot", *command],
                env=environment,
                cwd=world.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            for command in commands
        )
    )
    seen |= {" ".join(command[:2]): done.stdout for command, done in zip(commands, told, strict=True)}
    return seen


def questions() -> set[str]:
    """Every question that the code can leave open for the next words."""
    source = "\n".join(path.read_text() for path in (ROOT / "bot" / "chat").glob("*.py"))
    return set(re.findall(r"""(?:ask\(f?|asking=)"(\w+)""", source)) | {"hour", "city", "quiet"}


# --- the promise ---


@pytest.mark.parametrize(("kind", "log_format"), [("sqlite", "text"), ("postgresql", "json")])
async def test_every_word_is_found_only_where_it_belongs(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, log_format: str
) -> None:
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    word = Canaries()
    async with Outside(url, tmp_path, log_format) as world:
        asha, tom = await arrives(world, "Asha", word), await arrives(world, "Tom", word)
        both = {"Asha": asha, "Tom": tom}
        await world.pair(asha, tom)
        fileids: list[str] = []
        for name, someone in both.items():
            fileids += await writes_for_oneself(world, name, someone, word)
            await types_what_only_passes_by(world, name, someone, word)
        await shares(world, ("Asha", asha), ("Tom", tom), word)
        await shares(world, ("Tom", tom), ("Asha", asha), word)
        for name, someone in both.items():
            await someone.say("/checkin")
            await someone.say(word(name, "check-in of both", shared=True))
            await press(someone, "share")
        await world.until(NY, time(21, 0))
        for name, someone in both.items():
            await someone.say(word(name, "answer of the evening", kept=True))
            await writes_while_things_break(world, name, someone, word)
        await world.until(NY, time(10, 0))
        await shares_with_one_who_pauses(world, ("Asha", asha), tom, word)
        await shares_with_one_who_pauses(world, ("Tom", tom), asha, word)
        for someone in both.values():
            for command in ("/journal", "/week", "/export"):
                await someone.say(command)
        exports = {name: "\n".join(map(str, exported(world, each))).encode() for name, each in both.items()}
        seen = await operators_see(world)
        opened = await world.store.read(everything)
        elsewhere = {**files(tmp_path), **rows(url), **seen, "calls about nobody": calls(world, None)}
        chats = {name: calls(world, {someone.person.id}) for name, someone in both.items()}
        others = set(world.telegram.people) - {someone.person.id for someone in both.values()}
        elsewhere["calls about others"] = calls(world, others)
        missing = questions() - world.asked
        assert not missing, f"nothing was typed as an answer to {missing}"
    elsewhere["log"] = world.bot.said.encode()
    elsewhere |= {f"{name}, after the end": body for name, body in files(tmp_path).items()}

    for canary in word.all.values():
        partner = "Tom" if canary.who == "Asha" else "Asha"
        for place, body in elsewhere.items():
            assert not found_in(canary.word, body), f"{canary} is in {place}"
        assert found_in(canary.word, chats[partner]) == canary.shared, f"{canary}, in what {partner} was sent"
        assert found_in(canary.word, exports[partner]) == canary.shared, f"{canary}, in {partner}'s export"
        columns = {column for column, value in opened if holds(value, canary.word)}
        if canary.place == "name":
            assert columns <= NAMES | {"member.called opened"}, canary
        elif canary.perhaps:
            assert columns <= OPENED, canary
        else:
            assert columns == set() if not canary.kept else columns, f"{canary} is in {columns}"
            assert columns <= OPENED, f"{canary} is in {columns}"
            assert found_in(canary.word, exports[canary.who]) == canary.kept, f"{canary}, in their own export"
    for fileid in fileids:
        assert [place for place, body in elsewhere.items() if fileid.encode() in body] == []

    # and the eyes are open: what is not secret is found in each of the places
    assert found_in("debug", elsewhere["log"])
    assert b"recipro_updates_heard_total" in elsewhere["metrics"]
    assert found_in("people", elsewhere["status"].lower())
    assert any(
        b"America/New_York" in body
        for place, body in elsewhere.items()
        if place.startswith(("recipro.db", "table person"))
    )
    assert any(place.startswith("backups") for place in elsewhere)
    assert any(place.startswith("apart") for place in elsewhere)
    assert sum(canary.kept for canary in word.all.values()) >= 40
    assert sum(not canary.kept for canary in word.all.values()) >= 90


@pytest.mark.parametrize("before", range(4))
def test_a_word_is_found_however_it_is_written_down(before: int) -> None:
    lead = b"x" * before
    hay = [
        b"%s, canarybird!" % lead,
        lead + "a canarybird".encode("utf-16-le"),
        (lead + b"canarybird").hex().encode(),
        base64.b64encode(lead + b"canarybird sings"),
    ]
    assert [found_in("canarybird", each) for each in hay] == [True] * 4
    assert not found_in("sparrowhawk", b"".join(hay))
