"""A backup taken while prompts are being sent, restored elsewhere: nothing kept before it is lost, nobody is asked twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.backup import backup, restore
from bot.storage import erasure, people
from bot.storage.columns import Seal
from bot.storage.schema import delivery, gesture
from bot.storage.store import Store, StoreError, open_store
from tests.conftest import postgres_database
from tests.faults.test_outage import until
from tests.faults.test_storms import crowd, nine, prompts_of
from tests.world import KEY, World

PEOPLE = 100


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Another empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'recipro.db'}"
    else:
        yield from postgres_database()


def kept(store: Store) -> dict[str, object]:
    """What a person would miss: their words, and what has been settled about what they were sent."""
    return store.read_now(
        lambda db: {
            "words": [tuple(row) for row in db.execute(select(gesture.c.id, gesture.c.words).order_by(gesture.c.id))],
            "sent": set(db.execute(select(delivery.c.id).where(delivery.c.state == "sent")).scalars()),
            "people": {chat: who.id for chat in range(501, 505) if (who := people.by_chat(db, chat)) is not None},
        }
    )


async def test_a_backup_taken_while_prompts_are_sent_loses_nothing_kept_before(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    async with World(database_url, rate=30, beat_every=0.1, moving=True) as world:
        assert world.app is not None
        asha = await world.person("Asha")
        await asha.say("/log")
        await asha.tap(0)
        await asha.say("tea before I asked, 🫖 by hand")
        phones = await crowd(world, PEOPLE)
        before = world.telegram.accepted
        nine(world)
        await until(lambda: world.telegram.accepted >= before + 10)
        world.telegram.faults.add("slow", seconds=4, methods=["sendMessage"])  # a busy machine takes its time to copy
        was = await asyncio.to_thread(kept, world.app.store)
        copy = await asyncio.to_thread(backup, database_url, tmp_path / "backups", keep=2)
        assert world.telegram.accepted < before + PEOPLE, "the broadcast was still going on"
        world.telegram.faults.clear()
        await until(lambda: world.telegram.accepted >= before + PEOPLE)
        await world.stop_bot()
        assert copy.stat().st_mode & 0o777 == 0o600
        assert b"tea before I asked" not in copy.read_bytes()

        # the machine is lost; its successor starts on the copy
        found = await asyncio.to_thread(lambda: restore(elsewhere, copy, seal=Seal([KEY]), now=world.clock.now()))
        assert found["people"] == PEOPLE + 1
        world.database_url = elsewhere
        await world.start_bot()
        now_kept = await asyncio.to_thread(kept, world.app.store)
        assert now_kept["words"] == was["words"] != []
        assert now_kept["people"] == was["people"]
        assert was["sent"] <= now_kept["sent"]  # type: ignore[operator]
        world.clock.advance(minutes=3)
        await world.app.pulse.beat()
        assert Counter(prompts_of(world, phone) for phone in phones) == {1: PEOPLE}, "nobody is asked a second time"
        world.clock.advance(days=1)
        await world.app.pulse.beat()
        assert Counter(prompts_of(world, phone) for phone in phones) == {2: PEOPLE}, "and the next evening comes"
        await asha.say("/journal")
        assert any("tea before I asked" in words for words in asha.texts), "the successor reads what was written"


def test_a_restore_moves_aside_what_was_there_and_forgets_again_who_was_forgotten(tmp_path: Path) -> None:
    from tests.storage.test_store import NOW, somebody

    url = f"sqlite:///{tmp_path / 'recipro.db'}"
    store = open_store(url, seal=Seal([KEY]))
    asha = store.write_now(lambda db: people.arrive(db, somebody(1)))
    store.write_now(lambda db: people.arrive(db, somebody(2, "Tom")))
    copy = backup(url, tmp_path / "backups", keep=2)
    store.write_now(lambda db: erasure.forget(db, asha, NOW, with_name=False))
    store.engine.dispose()
    found = restore(url, copy, seal=Seal([KEY]), now=NOW)
    assert (found["people"], found["forgotten again"]) == (1, 1)
    store = open_store(url, seal=Seal([KEY]))
    assert store.read_now(lambda db: people.by_chat(db, 1)) is None
    assert store.read_now(lambda db: people.by_chat(db, 2).name) == "Tom"  # type: ignore[union-attr]
    store.engine.dispose()
    assert len(list(tmp_path.glob("recipro.db.before-*"))) >= 1


def test_damaged_and_foreign_files_are_refused_and_change_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'recipro.db'}"
    open_store(url, seal=Seal([KEY])).engine.dispose()
    copy = backup(url, tmp_path / "backups", keep=2)
    before = (tmp_path / "recipro.db").read_bytes()
    damaged = tmp_path / "damaged.db"
    body = bytearray(copy.read_bytes())
    body[4096 * 4 : 4096 * 20] = b"\x17" * (4096 * 16)
    damaged.write_bytes(body)
    letters = tmp_path / "letters.db"
    letters.write_text("dear diary " * 400)
    for source in (damaged, letters, tmp_path / "none.db"):
        with pytest.raises(StoreError):
            restore(url, source, seal=Seal([KEY]))
    assert (tmp_path / "recipro.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "half" in path.name or "before" in path.name) == []


def test_a_damaged_database_is_not_copied_over_good_backups(tmp_path: Path) -> None:
    path = tmp_path / "recipro.db"
    open_store(f"sqlite:///{path}", seal=Seal([KEY])).engine.dispose()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    good = backup(f"sqlite:///{path}", tmp_path / "backups", keep=1)
    with path.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\x17" * 4096 * 16)
    with pytest.raises(StoreError):
        backup(f"sqlite:///{path}", tmp_path / "backups", keep=1)
    assert list((tmp_path / "backups").iterdir()) == [good]


def test_only_so_many_copies_stay(tmp_path: Path) -> None:
    from tests.storage.test_store import NOW

    url = f"sqlite:///{tmp_path / 'recipro.db'}"
    open_store(url, seal=Seal([KEY])).engine.dispose()
    made = [backup(url, tmp_path / "b", keep=3, now=NOW + timedelta(days=day)) for day in range(5)]
    assert sorted((tmp_path / "b").iterdir()) == made[2:]


def test_a_full_postgresql_is_not_overwritten(postgres_url: str, tmp_path: Path) -> None:
    store = open_store(postgres_url, seal=Seal([KEY]))
    copy = backup(postgres_url, tmp_path, keep=1)
    with pytest.raises(StoreError, match="not empty"):
        restore(postgres_url, copy, seal=Seal([KEY]))
    assert store.read_now(lambda db: db.execute(text("SELECT count(*) FROM person")).scalar()) == 0
    store.engine.dispose()
