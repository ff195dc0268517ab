"""A town of people for the bench: written straight into the tables, as set-up and some weeks of prompts would leave it.

Everybody has a partner, a name, a locale of the nine and three rhythms. Names are sealed once and shared, because
sealing a million of them would take longer than everything that is measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
from cryptography.fernet import Fernet
from sqlalchemy import Connection, Table, text

from bot.domain import clock
from bot.domain.people import Address, Pace, Stage, Tie
from bot.domain.prompts import Kind
from bot.speech.voice import LOCALES
from bot.storage import columns
from bot.storage.columns import Seal
from bot.storage.schema import delivery, member, pair, person, rhythm, zone_cursor
from bot.storage.store import Store, open_store

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""The moment at which every town stands."""
CHAT = 10_000_000
"""Chat numbers begin here."""
PARTS = 20_000
"""Rows written at once."""

Zone = Callable[[int], tuple[str, int]]
"""Zone and minute of the day of a person's number."""


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The address of an empty database that is gone afterwards. *kind* is sqlite or postgresql."""
    if kind == "sqlite":
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    name = f"recipro_bench_{uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def opened(kind: str) -> Iterator[Store]:
    """An empty database, open."""
    with database(kind) as url:
        store = open_store(url, seal=Seal([Fernet.generate_key().decode()]))
        try:
            yield store
        finally:
            asyncio.run(store.close())


def settle_down(store: Store, people: int, place: Zone, *, remembered_days: int = 0) -> None:
    """Let *people* move in, two and two in pairs; each was sent a prompt on each of *remembered_days* evenings."""
    store.write_now(lambda db: _move_in(db, people, place, remembered_days))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("ANALYZE"))


def _move_in(db: Connection, people: int, place: Zone, remembered_days: int) -> None:
    locales = list(LOCALES)
    name = columns.seal().close("Asha")
    _fill(db, pair, people // 2, lambda n: {"id": n + 1, "tie": Tie.PARTNER, "since": _ms(NOON)})
    _fill(
        db,
        person,
        people,
        lambda n: {
            "id": n + 1,
            "chat_id": CHAT + n,
            "name": name,
            "locale": locales[n // 2 % len(locales)],
            "address": Address.NEUTRAL,
            "stage": Stage.READY,
            "zone": place(n)[0],
            "country": "US",
            "pace": Pace.EVENING,
            "hour": place(n)[1],
            "morning": 510,
            "week_hour": 1140,
            "quiet_from": 0,
            "quiet_to": 0,
            "discreet": False,
            "heard_at": _ms(NOON),
            "resting": False,
            "created_at": _ms(NOON),
        },
    )
    _fill(
        db,
        member,
        people // 2 * 2,
        lambda n: {
            "pair_id": n // 2 + 1,
            "person_id": n + 1,
            "inviter": n % 2 == 0,
            "told_closed": False,
            "resets_muted": False,
            "shares_muted": False,
        },
    )
    turns = ((Kind.APPRECIATION, 0b1010101), (Kind.CHECKIN, 0b0100010), (Kind.RESET, 0b0001000))
    _fill(
        db,
        rhythm,
        people * 3,
        lambda n: {
            "person_id": n // 3 + 1,
            "pair_id": n // 6 + 1,
            "kind": turns[n % 3][0],
            "zone": place(n // 3)[0],
            "minute": place(n // 3)[1],
            "weekdays": turns[n % 3][1],
        },
    )
    zones = sorted({place(n)[0] for n in range(min(people, 2000))})
    _fill(db, zone_cursor, len(zones), lambda n: {"zone": zones[n], "reached": clock.high_minute(NOON, zones[n])})
    today = clock.day_number(NOON.date())
    _fill(db, delivery, people * remembered_days, lambda n: _remembered(n, people, today))
    if db.dialect.name == "postgresql":
        for table in ("person", "pair", "rhythm", "delivery"):
            db.execute(text(f"SELECT setval('{table}_id_seq', (SELECT coalesce(max(id), 1) FROM {table}))"))


def _remembered(n: int, people: int, today: int) -> dict[str, Any]:
    day, who = n // people + 1, n % people
    at = _ms(NOON - timedelta(days=day))
    return {
        "person_id": who + 1,
        "pair_id": who // 2 + 1,
        "kind": Kind.APPRECIATION,
        "about": today - day,
        "lane": 2,
        "state": "sent",
        "due_at": at,
        "good_until": at,
        "sent_at": at,
        "message_id": day,
        "tries": 1,
        "prompt": f"en-US.appr.{day}",
        "answered_at": at,
    }


def _fill(db: Connection, table: Table, count: int, row: Callable[[int], Mapping[str, Any]]) -> None:
    """*count* rows, past the column types: what they hold is stored as it is."""
    if not count:
        return
    names = list(row(0))
    if db.dialect.name == "postgresql":
        cursor = db.connection.cursor()
        with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            for n in range(count):
                copy.write_row([*row(n).values()])
        return
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
    raw = db.connection
    for start in range(0, count, PARTS):
        raw.cursor().executemany(statement, [tuple(row(n).values()) for n in range(start, min(start + PARTS, count))])


def _ms(moment: datetime) -> int:
    return columns.milliseconds(moment)


def one_zone(zone: str, minute: int) -> Zone:
    """Everybody in *zone* at *minute*."""
    return lambda _n: (zone, minute)


def everywhere(due: int) -> Zone:
    """The first *due* people's minute comes one minute after NOON in Kolkata; the others' at other minutes, everywhere."""
    zones = clock.common_zones()[:420]
    next_minutes = {zone: (clock.wall_minute(NOON, zone) + 1) % clock.DAY for zone in zones}
    kolkata = ("Asia/Kolkata", (clock.wall_minute(NOON, "Asia/Kolkata") + 1) % clock.DAY)

    def place(n: int) -> tuple[str, int]:
        if n < due:
            return kolkata
        zone = zones[n * 7919 % len(zones)]
        return zone, (next_minutes[zone] + 5 + n % (clock.DAY - 10)) % clock.DAY

    return place
