"""Every released schema, with people's data in it, comes up to today's with nothing lost, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from cryptography.fernet import Fernet
from sqlalchemy import Connection, MetaData, create_engine, event, insert, inspect, make_url, select, text

from bot.storage import columns, migrations, people
from bot.storage.columns import Seal
from bot.storage.migrations import HEAD, KNOWN
from bot.storage.store import open_store
from tests.world import KEY, World

pytestmark = pytest.mark.filterwarnings("ignore:.*expression-based index")  # which SQLAlchemy cannot read back
SEAL = Seal([KEY])
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AT = columns.milliseconds(NOW)
DAY = 20514


def person(number: int, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "chat_id": 500 + number,
        "name": SEAL.close(name),
        "locale": "en-IN",
        "address": "neutral",
        "stage": "ready",
        "zone": "Asia/Kolkata",
        "country": "IN",
        "pace": "evening",
        "hour": 1260,
        "morning": 510,
        "week_hour": 1140,
        "quiet_from": 1350,
        "quiet_to": 480,
        "discreet": False,
        "heard_at": AT,
        "resting": False,
        "consent_at": AT,
        "consent_version": 1,
        "created_at": AT,
    }


def released() -> dict[str, list[dict[str, Any]]]:
    """Rows in every table as 0001 had them: two people in a pair, in the middle of everything."""
    member = {"pair_id": 1, "told_closed": False, "resets_muted": False, "shares_muted": False}
    return {
        "person": [person(1, "Asha"), person(2, "Tom")],
        "pair": [{"id": 1, "tie": "partner", "since": AT}],
        "member": [member | {"person_id": 1, "inviter": True}, member | {"person_id": 2, "inviter": False}],
        "invite": [
            {
                "id": 1,
                "code_hash": SEAL.hashes("ABCDEFGH")[0],
                "inviter_id": 1,
                "tie": "friend",
                "created_at": AT,
                "expires_at": AT + 48 * 3_600_000,
            }
        ],
        "wrong_code": [{"id": 1, "person_id": 2, "at": AT}],
        "shut_out": [{"person_id": 1, "other_id": 2}],
        "rhythm": [
            {
                "id": n,
                "person_id": n,
                "pair_id": 1,
                "kind": "checkin",
                "zone": "Asia/Kolkata",
                "minute": 1260,
                "weekdays": 127,
            }
            for n in (1, 2)
        ],
        "zone_cursor": [{"zone": "Asia/Kolkata", "reached": DAY * 1440 + 1050}],
        "delivery": [
            {
                "id": n,
                "person_id": n,
                "pair_id": 1,
                "kind": "checkin",
                "about": DAY - 1,
                "lane": 2,
                "state": state,
                "due_at": AT,
                "good_until": AT + 10_800_000,
                "prompt": "en-in-chk-01",
                "tries": 1,
            }
            for n, state in ((1, "sent"), (2, "unknown"))
        ],
        "gesture": [
            {
                "id": 1,
                "person_id": 1,
                "pair_id": 1,
                "way": "answer",
                "kind": "checkin",
                "form": "practical",
                "medium": "text",
                "words": SEAL.close("चाय बनाई, बिना कहे ☕"),
                "day": DAY,
                "kept_at": AT,
                "delivery_id": 1,
                "message_id": 7,
            }
        ],
        "reset": [{"id": 1, "pair_id": 1, "caller_id": 1, "called_at": AT, "state": "called"}],
        "own_prompt": [
            {"id": 1, "person_id": 1, "kind": "appreciation", "words": SEAL.close("Who fed the cat?"), "created_at": AT}
        ],
        "tidy": [{"person_id": 1, "message_id": 7, "at": AT}],
        "forgotten": [{"chat_hash": SEAL.hashes("chat 9")[0], "at": AT}],
        "tally": [{"day": DAY, "name": "sent", "n": 41}],
        "note": [{"name": "key canary", "value": SEAL.close("key canary")}, {"name": "introduced", "value": b"\x01"}],
    }


def upgrade(db: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = db
    command.upgrade(config, revision)


def stand_at(url: str, revision: str) -> dict[str, list[dict[str, Any]]]:
    """Make a database as 0001 left it, full, and bring it to *revision*; every row of every table as it is then."""
    driver = "sqlite+pysqlite" if url.startswith("sqlite") else "postgresql+psycopg"
    engine = create_engine(make_url(url).set(drivername=driver))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA journal_mode=WAL"))
    with engine.begin() as db:
        upgrade(db, "0001")
        tables = MetaData()
        tables.reflect(db)
        assert set(released()) == set(tables.tables) - {"alembic_version"}, "every table has something to lose"
        for table in tables.sorted_tables:
            if rows := released().get(table.name):
                db.execute(insert(table), rows)
        if engine.dialect.name == "postgresql":
            for name in inspect(db).get_table_names():
                if "id" in tables.tables[name].c:
                    db.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 100)"))
    with engine.begin() as db:
        upgrade(db, revision)
    with engine.connect() as db:
        found = everything(db)
    engine.dispose()
    return found


def everything(db: Connection) -> dict[str, list[dict[str, Any]]]:
    tables = MetaData()
    tables.reflect(db)
    return {
        table.name: sorted((dict(row) for row in db.execute(select(table)).mappings()), key=repr)
        for table in tables.sorted_tables
        if table.name != "alembic_version"
    }


@pytest.mark.parametrize("revision", KNOWN)
def test_nothing_is_lost_on_the_way_from_every_released_schema(database_url: str, revision: str) -> None:
    before = stand_at(database_url, revision)
    store = open_store(database_url, seal=SEAL)
    with store.engine.connect() as db:
        after = everything(db)
        assert db.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
        if store.dialect == "sqlite":
            assert db.execute(text("PRAGMA foreign_key_check")).all() == []
    for name, rows in before.items():
        for row in rows:
            assert any(row.items() <= there.items() for there in after[name]), (name, row)
    assert {name: len(rows) for name, rows in before.items() if name != "note"} == {
        name: len(after[name]) for name in before if name != "note"
    }
    store.engine.dispose()


@pytest.mark.parametrize("revision", KNOWN[:-1])
async def test_the_bot_goes_on_with_people_of_every_released_schema(database_url: str, revision: str) -> None:
    """They are known by name, their words can be read, the evening's prompt comes once."""
    await asyncio.to_thread(stand_at, database_url, revision)
    async with World(database_url, start=NOW) as world:
        assert world.app is not None
        asha = world.telegram.join("Asha", language_code="en", zone="Asia/Kolkata", country="IN", id=501, started=True)
        tom = world.telegram.join("Tom", language_code="en", zone="Asia/Kolkata", country="IN", id=502, started=True)
        world.telegram.say(asha, "/journal")
        await world.settle()
        assert "चाय बनाई" in str(world.telegram.inbox(asha))
        store = world.app.store
        assert store.read_now(lambda db: people.by_chat(db, 502).name) == "Tom"  # type: ignore[union-attr]
        before = [len(world.telegram.inbox(each)) for each in (asha, tom)]
        for _ in range(8):
            world.clock.advance(minutes=30)
            await world.beat()
        assert [len(world.telegram.inbox(each)) for each in (asha, tom)] == [n + 1 for n in before]


def test_a_migration_that_fails_changes_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed or broken in the middle, the database is as it was, and the next start tries again."""
    if len(KNOWN) == 1:
        pytest.fail("there is a second schema by now")
    before = stand_at(database_url, "0001")
    real = command.upgrade

    def broken(config: Config, revision: str) -> None:
        real(config, revision)
        raise RuntimeError("the power went")

    monkeypatch.setattr(command, "upgrade", broken)
    with pytest.raises(RuntimeError):
        open_store(database_url, seal=SEAL)
    monkeypatch.undo()
    driver = "sqlite+pysqlite" if database_url.startswith("sqlite") else "postgresql+psycopg"
    engine = create_engine(make_url(database_url).set(drivername=driver))
    with engine.connect() as db:
        assert everything(db) == before
        assert db.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
    engine.dispose()
    open_store(database_url, seal=SEAL).engine.dispose()


def test_another_key_does_not_open_an_old_database_either(sqlite_url: str) -> None:
    stand_at(sqlite_url, "0001")
    with pytest.raises(columns.WrongKeyError):
        open_store(sqlite_url, seal=Seal([Fernet.generate_key().decode()]))
