"""After /forget the whole database is searched: every row of every table, sealed values opened, and every byte on disk."""

from __future__ import annotations

import itertools
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, LargeBinary, String, select, text, type_coerce

from bot.storage.columns import Sealed, WrongKeyError, seal
from bot.storage.schema import metadata
from tests.world import Someone, World

CHAT = 0x1D7A55C3E9B21
NUMBER = 0xA1B2C3D4E5
"""Numbers whose bytes mean nothing else in SQLite's records."""
NAME = "Veruschka-Quintessa"
PRIVATE = [
    "kept-answer-zulu", "kept-note-yankee", "draft-xray", "caption-whiskey", "own-prompt-victor", "calm-line-uniform",
    "checkin-tango", "on-its-way-sierra", "taken-back-romeo",
]  # fmt: skip
SHARED = ["shared-alpha", "reply-bravo"]


async def start_ids_at(world: World, number: int) -> None:
    """Let the next person have this id, so that it can be searched for."""
    assert world.app is not None
    sqlite = world.app.store.dialect == "sqlite"
    statement = (
        f"UPDATE sqlite_sequence SET seq = {number - 1} WHERE name = 'person'"
        if sqlite
        else f"ALTER SEQUENCE person_id_seq RESTART WITH {number}"
    )
    await world.app.store.write(lambda db: db.execute(text(statement)))


async def a_life(world: World) -> tuple[Someone, Someone, Someone]:
    """Vera writes everywhere a person can, shares two lines, leaves one pair and is in another."""
    tom, zoe = await world.person("Tom"), await world.person("Zoe")
    await start_ids_at(world, NUMBER)
    vera = Someone(world, world.telegram.join(NAME, id=CHAT, language_code="en"))
    await vera.set_up()
    await world.pair(vera, zoe)
    await vera.say("/unpair")
    await vera.tap(0)
    await world.pair(tom, vera)
    await vera.say("/start WRNGCDE2")

    async def note(line: str, *labels: str, **attached: Any) -> None:
        await vera.say("/log")
        await vera.tap(0)
        await vera.say(line, **attached)
        for label in labels:
            await vera.tap(label=label)

    with_tom = "Share with \u2068Tom\u2069"
    await vera.say("kept-answer-zulu", reply_to=next(m for m in vera.inbox if "first prompt" in m.get("text", "")))
    await note("kept-note-yankee")
    await vera.say("draft-xray")
    await vera.say("caption-whiskey", photo=True)
    await vera.say("/settings")
    await vera.tap(label="My own prompts")
    await vera.say("own-prompt-victor")
    await vera.say("/reset")
    await vera.tap(label="Just for me")
    await vera.say("calm-line-uniform")
    await note("shared-alpha", with_tom)
    await world.beat()
    await tom.say("/log")
    await tom.tap(0)
    await tom.say("toms own line")
    await tom.tap(0)
    await world.beat()
    await vera.say("reply-bravo", reply_to=vera.last)
    await world.beat()
    await vera.say("/reset")
    await vera.tap(0)
    await vera.say("/checkin")
    await vera.say("checkin-tango")
    await vera.tap(0)
    await note("taken-back-romeo", with_tom, "Take it back")
    await note("on-its-way-sierra", with_tom)
    await vera.say("/pair")
    await vera.tap(0)
    return vera, tom, zoe


def everything(db: Connection) -> list[tuple[str, Any]]:
    """(table.column, value) of the whole database, bytes both as they are and, where a key fits, opened."""
    found: list[tuple[str, Any]] = []
    for table in metadata.sorted_tables:
        columns = [
            type_coerce(column, LargeBinary) if isinstance(column.type, LargeBinary | Sealed)
            else type_coerce(column, String) if isinstance(column.type, String) else column
            for column in table.c
        ]  # fmt: skip
        for row in db.execute(select(*columns)):
            for column, value in zip(table.c, row, strict=True):
                found.append((f"{table.name}.{column.name}", value))
                if isinstance(value, bytes):
                    try:
                        found.append((f"{table.name}.{column.name} opened", seal().open(value)))
                    except WrongKeyError:
                        continue
    return found


def holds(value: Any, needle: str | int) -> bool:
    if isinstance(value, datetime) or value is None:
        return False
    if isinstance(needle, int) and isinstance(value, int):
        return value == needle
    seen = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return str(needle).casefold() in seen.casefold()


async def where(world: World, needle: str | int) -> set[str]:
    """In which columns something stands."""
    assert world.app is not None
    return {name for name, value in await world.app.store.read(everything) if holds(value, needle)}


def raw(world: World) -> bytes:
    """Every byte that the database has on disk: SQLite's files, journal included; each of PostgreSQL's tables and indexes."""
    url = world.database_url
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CHECKPOINT")
        ours = db.execute(
            "SELECT pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'i', 't', 'S') AND (n.nspname = 'public' OR n.nspname = 'pg_toast')"
        )
        return b"".join(bytes(page) for (page,) in ours)


def sealed_of(values: list[tuple[str, Any]], *needles: str) -> list[bytes]:
    """How the words, names … that hold one of *needles* are stored: the last bytes of each, which no other value shares."""
    opened = itertools.pairwise(values)
    return [
        value[-40:]
        for (_, value), (name, plain) in opened
        if name.endswith(" opened") and any(needle in str(plain) for needle in needles)
    ]


def left_in(world: World, *needles: int | bytes) -> list[int | bytes]:
    """Which of *needles* the database's pages hold, numbers in any of the ways in which they may stand there."""
    pages = raw(world)
    return [needle for needle in needles if any(way in pages for way in ways(world, needle))]


def ways(world: World, needle: int | bytes) -> list[bytes]:
    """A number in figures, as a column, as a row's own id in SQLite; bytes as they are."""
    if isinstance(needle, bytes):
        return [needle]
    if not world.database_url.startswith("sqlite"):
        return [str(needle).encode(), needle.to_bytes(8, "little")]
    rowid, rest = bytes([needle & 0x7F]), needle >> 7
    while rest:
        rowid, rest = bytes([rest & 0x7F | 0x80]) + rowid, rest >> 7
    return [str(needle).encode(), needle.to_bytes(8, "big").lstrip(b"\0"), rowid]


def rewrite(world: World) -> None:
    """What the runbook says: PostgreSQL keeps the bytes of what was deleted until its tables are written anew.

    Even then it keeps a row that some transaction of the whole server may still see, so those that were there before (another
    test's, in a database of its own) are waited for.
    """
    if not world.database_url.startswith("postgresql"):
        return
    with psycopg.connect(world.database_url, autocommit=True) as db:
        (now,) = db.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
        until = time.monotonic() + 30
        while db.execute(
            "SELECT 1 WHERE pg_snapshot_xmin(pg_current_snapshot())::text::bigint <= %s", [now]
        ).fetchone():
            assert time.monotonic() < until, "a transaction of some database here does not end"
            time.sleep(0.02)
        db.execute("VACUUM FULL")


@pytest.mark.parametrize("label", ["Yes, delete everything", "Yes, and my name too"])
async def test_after_forgetting_nothing_of_a_person_is_anywhere(both: World, label: str) -> None:
    vera, tom, zoe = await a_life(both)
    needles: list[str | int] = [CHAT, NUMBER, NAME, *PRIVATE, *SHARED]
    for needle in needles:
        assert await where(both, needle), f"{needle} is there before, so that looking for it means something"
    assert both.app is not None
    values = await both.app.store.read(everything)
    hers = [*sealed_of(values, *PRIVATE), *sealed_of(values, NAME)]
    assert left_in(both, CHAT, NUMBER, *hers) == [CHAT, NUMBER, *hers], "and so is what stands for it in the pages"
    await vera.say("/forget")
    await vera.tap(label=label)

    if both.app.store.dialect == "sqlite":
        assert left_in(both, CHAT, *sealed_of(values, *PRIVATE)) == [], "at once, without anybody's doing"
    for needle in needles[:2] + needles[3:-2]:
        assert await where(both, needle) == set(), needle
    for needle in SHARED:
        assert await where(both, needle) == {"keepsake.words opened"}, "it is Tom's, sealed"
    name_is_in = await where(both, NAME)
    if label == "Yes, and my name too":
        assert name_is_in == set()
    else:
        assert name_is_in - {"person.buttons opened"} == {"keepsake.name opened", "member.called opened"}
        await tom.say("/start")
        await zoe.say("/start")
        assert await where(both, NAME) == {"keepsake.name opened"}, "once both know, only on what he was given"
    await both.person("Noor")  # until somebody new comes, a counter stands at the last number
    await both.app.store.scrub()
    rewrite(both)
    plain = [word.encode() for word in (NAME, *PRIVATE, *SHARED)]
    assert left_in(both, CHAT, NUMBER, *hers, *plain) == []
    menus = [call for call in both.telegram.journal("deleteMyCommands") if call.error is None]
    assert len(menus) == 1, "Telegram forgets the language of her menu too"
    await tom.say("/journal")
    assert "toms own line" in tom.texts[-1]


async def test_forgetting_twice_and_tapping_old_buttons_afterwards_brings_nothing_back(both: World) -> None:
    vera, _, _ = await a_life(both)
    old = [message for message in vera.inbox if message.get("reply_markup")]
    await vera.say("/forget")
    await vera.tap(label="Yes, delete everything")
    for message in old:
        rows = message["reply_markup"]["inline_keyboard"]
        taps = [(r, c) for r, row in enumerate(rows) for c, key in enumerate(row) if "callback_data" in key]
        await vera.tap(*taps[-1], on=message)
    for needle in (*PRIVATE, *SHARED):
        assert await where(both, needle) <= {"keepsake.words opened"}
    await vera.say("/forget")
    await vera.tap(label="Yes, delete everything")
    assert await where(both, CHAT) == set()
