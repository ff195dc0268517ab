"""Towns of people for the bench: written straight into the tables, as set-up and some weeks of prompts would leave them.

Everybody has a partner, a name, a locale of the nine and three rhythms, of which one is due on each day of the week.
Names are sealed once and shared, because sealing a million of them would take longer than everything that is measured.
A town is filled once and copied for each round.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any
from uuid import uuid4

import psycopg
from cryptography.fernet import Fernet
from sqlalchemy import bindparam, delete, select, update

from bot.domain import clock
from bot.domain.people import CONSENT_VERSION, Address, Pace, Stage, Tie
from bot.domain.prompts import Kind
from bot.speech.voice import LOCALES
from bot.storage import columns
from bot.storage.columns import Seal
from bot.storage.schema import delivery, raised, zone_cursor
from bot.storage.store import Store, open_store
from tests.bench.measure import QUICK

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday: the moment at which most towns stand."""
CHAT = 10_000_000
"""Chat numbers begin here."""
LARDER = "RECIPRO_BENCH_LARDER"
"""Names the folder in which filled towns are kept, so that the groups of one run share them."""
TURNS = ((Kind.APPRECIATION, 0b1010101), (Kind.CHECKIN, 0b0100010), (Kind.RESET, 0b0001000))
"""Kinds and their weekdays: between them every day once."""


def kinds(*, always: bool = False) -> tuple[str, ...]:
    """The databases there are here: SQLite, and PostgreSQL where one answers; a quick run needs it only where *always*."""
    if QUICK and not always:
        return ("sqlite",)
    try:
        _serve("SELECT 1")
    except psycopg.OperationalError:
        sys.stderr.write("no PostgreSQL answers, so it is left out\n")
        return ("sqlite",)
    return ("sqlite", "postgresql")


Zone = Callable[[int], tuple[str, int]]
"""Zone and minute of the day of a person's number."""
Rows = Iterable[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Town:
    """*place* says where each of *people* lives; each was sent a prompt on each of *remembered_days* evenings before *noon*.

    The newest of them is not answered yet.
    """

    name: str
    people: int
    place: Zone
    remembered_days: int = 0
    noon: datetime = NOON


def everywhere(*due: int) -> Zone:
    """In 420 zones, at quarters of an hour; but due[k] people's minute comes k + 1 minutes after NOON, in Kolkata.

    Every fifteenth minute is a quarter of an hour somewhere, and all others are idle but for those that are *due*.
    """
    zones = clock.common_zones()[:420]
    noon = clock.wall_minute(NOON, "Asia/Kolkata")
    crowd = [minute for minute, count in enumerate(due) for _ in range(count)]

    def place(n: int) -> tuple[str, int]:
        if n < len(crowd):
            return "Asia/Kolkata", (noon + 1 + crowd[n]) % clock.DAY
        return zones[n * 7919 % len(zones)], n * 31 % 96 * 15

    return place


def evenings(*zones: str) -> Zone:
    """Shared among *zones*, at the half hours from six to half past nine."""
    return lambda n: (zones[n % len(zones)], 18 * 60 + n // len(zones) % 8 * 30)


@contextmanager
def copied(kind: str, town: Town) -> Iterator[str]:
    """The address of a copy of *town*, gone afterwards. *kind* is sqlite or postgresql."""
    original = filled(kind, town)
    name = f"copy-{uuid4().hex[:12]}"
    if kind == "sqlite":
        path = larder() / f"{name}.db"
        shutil.copyfile(original.removeprefix("sqlite:///"), path)
        try:
            yield f"sqlite:///{path}"
        finally:
            for each in larder().glob(f"{name}.db*"):
                each.unlink()
        return
    database = _database(name)
    _serve(f'CREATE DATABASE "{database}" TEMPLATE "{original.rsplit("/", 1)[1]}" STRATEGY file_copy')
    try:
        yield f"{POSTGRES.rsplit('/', 1)[0]}/{database}"
    finally:
        _serve(f'DROP DATABASE "{database}" WITH (FORCE)')


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The address of an empty database, gone afterwards."""
    if kind == "sqlite":
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    name = _database(f"empty-{uuid4().hex[:12]}")
    _serve(f'CREATE DATABASE "{name}"')
    try:
        yield f"{POSTGRES.rsplit('/', 1)[0]}/{name}"
    finally:
        _serve(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """What is at *url*, open."""
    store = open_store(url, seal=Seal([key()]))
    try:
        yield store
    finally:
        asyncio.run(store.close())


def filled(kind: str, town: Town) -> str:
    """The address of *town* itself, filled when it is asked for first. Whoever changes it spoils it for the others."""
    ready = larder() / f"{town.name}.{kind}"
    if kind == "sqlite":
        url = f"sqlite:///{larder() / f'{town.name}.db'}"
    else:
        url = f"{POSTGRES.rsplit('/', 1)[0]}/{_database(town.name)}"
        if not ready.exists():
            _serve(f'CREATE DATABASE "{_database(town.name)}"')
    if not ready.exists():
        with opened(url):  # makes the tables
            pass
        _fill(url, town)
        ready.touch()
    return url


def shown_until(url: str, moment: datetime) -> None:
    """Nobody was missed until *moment*: every zone's cursor stands there."""
    with opened(url) as store:
        zones = store.read_now(lambda db: list(db.execute(select(zone_cursor.c.zone)).scalars()))
        there = [{"name": zone, "wall": clock.high_minute(moment, zone)} for zone in zones]
        statement = update(zone_cursor).where(zone_cursor.c.zone == bindparam("name")).values(reached=bindparam("wall"))
        store.write_now(lambda db: db.execute(statement, there).close())


def larder() -> Path:
    """The folder of filled towns: the run's, or one of this process's own."""
    if LARDER not in os.environ:
        folder = Path(mkdtemp(prefix="recipro-bench-"))
        os.environ[LARDER] = str(folder)
        atexit.register(clear_larder, folder)
    return Path(os.environ[LARDER])


def clear_larder(folder: Path) -> None:
    """Throw away every town and copy in *folder*, and what stands for it on the PostgreSQL server."""
    for (name,) in (
        _serve("SELECT datname FROM pg_database WHERE datname LIKE %s", f"{_database('')}%") if _used() else ()
    ):
        _serve(f'DROP DATABASE "{name}" WITH (FORCE)')
    shutil.rmtree(folder)


def key() -> str:
    """The key that opens every town of this larder."""
    path = larder() / "key"
    if not path.exists():
        path.write_text(Fernet.generate_key().decode())
    return path.read_text()


def _used() -> bool:
    return any(larder().glob("*.postgresql"))


def _database(name: str) -> str:
    return f"recipro_{larder().name.replace('recipro-', '')}_{name}"


def _serve(statement: str, *values: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        done = server.execute(statement.encode(), values or None)
        return done.fetchall() if done.description else []


def emptied(store: Store) -> None:
    """Throw every delivery away, and on PostgreSQL the dead rows, as autovacuum does where it is on, but at no odd moment."""
    for table in (raised, delivery):
        store.write_now(lambda db: db.execute(delete(table)).close())  # noqa: B023
    if store.dialect == "postgresql":
        with store.engine.connect() as db:
            db.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM raised, delivery, zone_cursor")


# --- filling ---


def settle_down(store: Store, people: int, place: Zone, *, remembered_days: int = 0) -> None:
    """Let *people* move in where *store* is open, two and two in pairs."""
    url = store.engine.url.set(drivername=store.dialect).render_as_string(hide_password=False)
    _fill(url, Town("", people, place, remembered_days))


def _fill(url: str, town: Town) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=OFF")
            db.execute("PRAGMA cache_size=-400000")
            db.execute("BEGIN IMMEDIATE")
            _move_in(town, partial(_insert, db))
            db.execute("COMMIT")
            db.execute("ANALYZE")
        return
    with psycopg.connect(url) as server:
        server.execute("SET session_replication_role = replica")  # what is written here needs no checking, row by row
        _move_in(town, partial(_copy, server))
        for table in ("person", "pair", "rhythm", "delivery"):
            server.execute(f"SELECT setval('{table}_id_seq', (SELECT coalesce(max(id), 1) FROM {table}))".encode())
        server.commit()
        server.autocommit = True
        server.execute("VACUUM ANALYZE")
        server.execute("CHECKPOINT")


def _insert(db: sqlite3.Connection, table: str, names: str, rows: Rows) -> None:
    marks = ", ".join("?" * len(names.split()))
    db.executemany(f"INSERT INTO {table} ({', '.join(names.split())}) VALUES ({marks})", rows)


def _copy(server: psycopg.Connection[Any], table: str, names: str, rows: Rows) -> None:
    statement = f"COPY {table} ({', '.join(names.split())}) FROM STDIN"
    with server.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write("\t".join(map(_written, row)) + "\n")


def _written(value: Any) -> str:
    """In COPY's text format; nothing here holds a tab or a backslash of its own."""
    if value is None:
        return "\\N"
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _move_in(town: Town, write: Callable[[str, str, Rows], None]) -> None:
    """Past the column types: what is given here is stored as it is."""
    people, place, now = range(town.people), town.place, _ms(town.noon)
    locales = list(LOCALES)
    asha = columns.seal().close("Asha")
    zones = sorted({place(n)[0] for n in people})
    today = clock.day_number(town.noon.date())
    write(
        "zone_cursor",
        "zone reached",
        ((zone, clock.high_minute(town.noon, zone)) for zone in zones),
    )
    write("pair", "id tie since", ((n + 1, str(Tie.PARTNER), now) for n in range(town.people // 2)))
    write(
        "person",
        "id chat_id name locale address stage zone country pace hour morning week_hour quiet_from quiet_to discreet "
        "heard_at resting created_at consent_at consent_version",
        (
            (
                *(n + 1, CHAT + n, asha, locales[n // 2 % len(locales)], str(Address.NEUTRAL), str(Stage.READY)),
                *(place(n)[0], "US", str(Pace.EVENING), place(n)[1], 510, 1140, 0, 0, False, now, False, now),
                *(now, CONSENT_VERSION),
            )
            for n in people
        ),
    )
    write(
        "member",
        "pair_id person_id inviter told_closed resets_muted shares_muted",
        ((n // 2 + 1, n + 1, n % 2 == 0, False, False, False) for n in range(town.people // 2 * 2)),
    )
    write(
        "rhythm",
        "person_id pair_id kind zone minute weekdays",
        ((n + 1, n // 2 + 1, str(kind), *place(n), days) for n in people for kind, days in TURNS),
    )
    write(
        "delivery",
        "person_id pair_id kind about lane state due_at good_until sent_at message_id tries prompt answered_at",
        (
            (
                *(n + 1, n // 2 + 1, str(Kind.APPRECIATION), today - day, 2, "sent"),
                *(at, at, at, day, 1, f"en-US.appr.{day}", None if day == 1 else at),
            )
            for day in range(1, town.remembered_days + 1)
            for at in (_ms(town.noon - timedelta(days=day)),)
            for n in people
        ),
    )


def _ms(moment: datetime) -> int:
    return columns.milliseconds(moment)
