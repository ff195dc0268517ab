"""The database: migrated, sealed, forgetting; on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet
from sqlalchemy import Connection, bindparam, event, func, inspect, make_url, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from bot.domain.gestures import Form, Medium, Way
from bot.domain.pairing import Refusal
from bot.domain.people import Address, Pace, Pair, Person, Stage, Tie
from bot.storage import columns, erasure, gestures, migrations, pairs, people, schema
from bot.storage.columns import Seal, WrongKeyError
from bot.storage.postgres import REST, Described
from bot.storage.store import (
    POSTGRES_CONNECTIONS,
    RESTED,
    TOGETHER,
    AwayError,
    SchemaError,
    Store,
    StoreError,
    open_store,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEY = Fernet.generate_key().decode()


_open: list[Store] = []


def opened(url: str, key: str = KEY) -> Store:
    _open.append(open_store(url, seal=Seal([key])))
    return _open[-1]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every store is closed, so that a database can be dropped."""
    yield
    while _open:
        asyncio.run(_open.pop().close())


def somebody(chat: int, name: str = "Asha") -> Person:
    return Person(
        0, chat, name, "en-US", Stage.READY, "America/New_York", "US", Pace.EVENING, 1260, 510, 1140, 1350, 480,
        Address.NEUTRAL, False, None, NOW, None, None, None, False, None, None,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_the_migrations_make_the_schema_that_the_code_has(database_url: str) -> None:
    store = opened(database_url)
    with store.engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "target_metadata": schema.metadata})
        # expression indexes cannot be read back by SQLAlchemy; the next test looks at that one
        differences = [d for d in compare_metadata(context, schema.metadata) if "uq_delivery_once" not in str(d)]
    assert differences == []


def test_once_is_a_fact_of_the_database(database_url: str) -> None:
    store = opened(database_url)
    with store.engine.connect() as db:
        names = (
            [index["name"] for index in inspect(db).get_indexes("delivery")]
            if store.dialect != "sqlite"
            else list(
                db.execute(
                    text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'delivery'")
                ).scalars()
            )
        )
    assert "uq_delivery_once" in names


def test_every_revision_is_known_by_name() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert [script.revision for script in reversed(list(scripts.walk_revisions()))] == list(migrations.KNOWN)


async def test_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    store = opened(database_url)
    store.write_now(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()
    with pytest.raises(SchemaError, match="newer Recipro"):
        opened(database_url)


async def test_a_wrong_key_is_refused_and_destroys_nothing(database_url: str) -> None:
    store = opened(database_url)
    store.write_now(lambda db: people.arrive(db, somebody(5)))
    await store.close()
    with pytest.raises(WrongKeyError):
        opened(database_url, Fernet.generate_key().decode())
    store = opened(database_url)
    assert store.read_now(lambda db: people.by_chat(db, 5)).name == "Asha"  # type: ignore[union-attr]
    await store.close()


async def test_names_and_words_are_nowhere_in_the_file(tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path / 'recipro.db'}")

    def write(db):  # type: ignore[no-untyped-def]
        who = people.arrive(db, somebody(5, "Ashalata-Canary"))
        gestures.keep(
            db, who.id, pair=None, way=Way.NOTICED, kind=None, form=Form.PRACTICAL,
            medium=Medium.TEXT, words="canary-words-of-hers", file_id="canary-file", day=1, now=NOW,
        )  # fmt: skip

    store.write_now(write)
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"Ashalata-Canary", b"canary-words-of-hers", b"canary-file"):
        assert secret not in raw
    await store.close()


async def test_of_twenty_who_redeem_one_code_at_once_exactly_one_wins(database_url: str) -> None:
    store = opened(database_url)
    inviter = await store.write(lambda db: people.arrive(db, somebody(1)))
    guests = [await store.write(lambda db, n=n: people.arrive(db, somebody(n))) for n in range(2, 22)]  # type: ignore[misc]
    await store.write(lambda db: pairs.offer(db, inviter.id, Tie.FRIEND, "ABCDEFGH", now=NOW))

    def redeem(guest: Person):  # type: ignore[no-untyped-def]
        def work(db):  # type: ignore[no-untyped-def]
            found = pairs.invite_of(db, "ABCDEFGH")
            assert found is not None
            return pairs.redeem(db, found, guest.id, now=NOW)

        return store.write(work)

    outcomes = await asyncio.gather(*(redeem(guest) for guest in guests))
    assert sum(isinstance(outcome, Pair) for outcome in outcomes) == 1
    assert [o for o in outcomes if not isinstance(o, Pair)] == [Refusal.USED] * 19
    await store.close()


def test_every_table_is_forgotten_or_holds_nobody(database_url: str) -> None:
    opened(database_url)
    forgotten = {table.name for table, _ in erasure.of(1)}
    assert forgotten | erasure.KEPT_WITHOUT_PERSON == set(schema.metadata.tables)
    assert not forgotten & erasure.KEPT_WITHOUT_PERSON


def test_a_naive_moment_is_no_moment() -> None:
    with pytest.raises(ValueError, match="naive"):
        columns.milliseconds(datetime(2026, 1, 1))  # noqa: DTZ001


def test_keys_rotate_by_adding_one_in_front() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Seal([old]).close("tea")
    assert Seal([new, old]).open(sealed) == "tea"
    assert Seal([new]).open(Seal([new, old]).rotate(sealed)) == "tea"
    with pytest.raises(WrongKeyError):
        Seal([new]).open(sealed)
    assert Seal([old]).hashes("code")[0] in Seal([new, old]).hashes("code")


@pytest.mark.parametrize("url", ["mysql://nowhere/x", "no address at all", "postgresql://postgres@127.0.0.1:1/none"])
def test_an_unusable_address_is_said_in_a_sentence(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        opened(url)
    assert "\n" not in str(caught.value)


def test_the_password_is_not_in_the_sentence() -> None:
    with pytest.raises(StoreError) as caught:
        opened("postgresql://postgres:hush-hush@127.0.0.1:1/none")
    assert "hush-hush" not in str(caught.value)
    assert make_url("postgresql://a:b@c/d").password == "b"


async def test_who_reads_cannot_write(database_url: str) -> None:
    store = opened(database_url)
    await store.write(lambda db: people.arrive(db, somebody(1)))
    for _ in range(2):  # on connections that have written, too
        with pytest.raises(AwayError, match=r"read-?only"):
            await store.read(lambda db: db.execute(text("DELETE FROM person")))
        await store.write(lambda db: people.arrive(db, somebody(2)))
    assert await store.read(lambda db: db.execute(text("SELECT count(*) FROM person")).scalar()) == 2


async def test_after_a_question_a_connection_begins_transactions_as_before(database_url: str) -> None:
    """A question is no transaction; whoever writes next over the same connection has one, and it can be undone."""
    store = opened(database_url)
    await store.write(lambda db: people.arrive(db, somebody(1)))
    everybody = select(func.count()).select_from(schema.person)
    for _ in range(2):
        assert await store.ask(everybody) == [(1,)]
        assert store.engine.pool.checkedin() == 1, "of all that there are"  # type: ignore[attr-defined]
        with pytest.raises(ZeroDivisionError):
            await store.write(lambda db: (people.arrive(db, somebody(2)), 1 / 0))
    of_that_id = select(schema.person.c.id).where(schema.person.c.id == bindparam("number"))
    assert await store.ask(of_that_id, number=99) == []


# --- several units of work in one transaction ---


async def test_what_waits_for_the_writer_shares_a_transaction(database_url: str) -> None:
    store, commits = opened(database_url), 0

    @event.listens_for(store.engine, "commit")
    def _count(_db: Connection) -> None:
        nonlocal commits
        commits += 1

    async def arrive(chat: int) -> int:
        return (await store.write_soon(lambda db: people.arrive(db, somebody(chat)))).chat_id

    assert await asyncio.gather(*(arrive(chat) for chat in range(100))) == list(range(100))
    assert commits <= 100 / TOGETHER + 1
    assert await store.read(lambda db: db.execute(text("SELECT count(*) FROM person")).scalar()) == 100


@pytest.mark.parametrize("soon", [False, True])
async def test_one_that_breaks_takes_nothing_of_the_others_with_it(database_url: str, soon: bool) -> None:
    store = opened(database_url)

    async def arrive(chat: int) -> int:
        def work(db: Connection) -> int:
            people.arrive(db, somebody(chat))
            if chat == 3:
                raise ZeroDivisionError
            return chat

        return await (store.write_soon if soon else store.write_together)(work)

    found = await asyncio.gather(*(arrive(chat) for chat in range(6)), return_exceptions=True)
    assert [type(each) for each in found] == [int, int, int, ZeroDivisionError, int, int]
    there = await store.read(lambda db: db.execute(text("SELECT chat_id FROM person ORDER BY chat_id")).scalars().all())
    assert there == [0, 1, 2, 4, 5]


async def test_while_the_database_is_away_each_is_told_so(sqlite_url: str) -> None:
    store = opened(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    event.listen(store.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=1"))
    store.engine.dispose()
    other.execute("BEGIN IMMEDIATE")
    works = (store.write_together(lambda db, chat=chat: people.arrive(db, somebody(chat))) for chat in range(3))  # type: ignore[misc]
    found = await asyncio.gather(*works, return_exceptions=True)
    assert [type(each) for each in found] == [AwayError] * 3
    other.execute("ROLLBACK")
    other.close()
    assert (await store.write_together(lambda db: people.arrive(db, somebody(7)))).chat_id == 7


# --- a server that was restarted ---


@pytest.mark.parametrize("rest", [0, RESTED])
async def test_a_restart_while_nobody_asked_is_noticed_by_nobody(postgres_url: str, rest: float) -> None:
    store, clock = opened(postgres_url), Counting()
    store.monotonic = clock
    await gone_at_the_server(store, postgres_url)
    clock.seconds += rest
    assert await store.write(lambda db: people.arrive(db, somebody(7)).chat_id) == 7


async def test_a_connection_is_asked_whether_it_is_one_only_when_it_has_rested(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = opened(postgres_url), Counting()
    store.monotonic = clock
    asked: list[object] = []
    ping = store.engine.dialect.do_ping

    def noted(raw: DBAPIConnection) -> bool:
        asked.append(raw)
        return ping(raw)

    monkeypatch.setattr(store.engine.dialect, "do_ping", noted)
    for rest, so_far in ((0, 0), (RESTED, 1), (0, 1)):
        clock.seconds += rest
        await store.write(lambda db: db.execute(text("SELECT 1")))
        assert len(asked) == so_far


class Counting:
    """A clock that stands still until it is set."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def gone_at_the_server(store: Store, url: str) -> None:
    """Every connection of *store* is used, rests, and is ended at the other end."""
    everybody = threading.Barrier(POSTGRES_CONNECTIONS)
    await asyncio.gather(
        *(
            store.write(lambda db: (db.execute(text("SELECT 1")), everybody.wait(10)))
            for _ in range(POSTGRES_CONNECTIONS)
        )
    )
    with psycopg.connect(url, autocommit=True) as server:
        ended = server.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert ended == [(True,)] * POSTGRES_CONNECTIONS


def test_a_described_column_is_what_psycopg_says_of_it(postgres_url: str) -> None:
    asked = "SELECT 1::bigint AS one, 'two'::text AS two, now() AS three"
    with psycopg.connect(postgres_url) as server, Described(server) as ours, psycopg.Cursor(server) as theirs:
        ours.execute(asked)
        theirs.execute(asked)
        assert ours.description == [(column.name, column.type_code, *REST) for column in theirs.description or ()]
        assert Described(server).execute("SET LOCAL work_mem = '1MB'").description is None
