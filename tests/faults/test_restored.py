"""A database file is put back by hand, without `restore`: the next start sees it, and nobody is asked or remembered twice."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.apart import OLDER, Apart
from bot.settings import Settings
from bot.storage import erasure, people, recovery
from bot.storage.columns import Seal
from bot.storage.store import open_store
from tests.storage.test_store import KEY, NOW, somebody
from tests.world import Someone, World

NY = "America/New_York"


class Witnessed(World):
    """A world whose bot writes down, apart from its database, what it has done."""

    folder: Path

    def settings(self) -> Settings:
        return super().settings().model_copy(update={"apart_folder": str(self.folder)})


def count(someone: Someone, words: str) -> int:
    return sum(words in text for text in someone.texts)


async def test_a_copy_put_back_by_hand_sends_nothing_old_and_forgets_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, copy = tmp_path / "recipro.db", tmp_path / "copy.db"
    world = Witnessed(f"sqlite:///{path}")
    world.folder = tmp_path / "apart"
    async with world:
        assert world.app is not None
        asha, tom, zoe = [await world.person(name) for name in ("Asha", "Tom", "Zoe")]
        await world.pair(asha, tom)
        await world.until(NY, time(23, 0))
        await tom.say("/log")
        await tom.tap(0)
        await tom.say("carried her suitcase")
        await tom.tap(0)
        await world.app.witness()
        await world.stop_bot()
        shutil.copyfile(path, copy)
        await world.start_bot()
        await world.until(NY, time(21, 30))
        assert count(asha, "carried her suitcase") == 1
        await zoe.say("/forget")
        await zoe.tap(label="Yes, delete everything")
        await world.app.witness()
        await world.stop_bot()

        shutil.copyfile(copy, path)
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        world.clock.advance(minutes=10)
        seen = [len(asha.inbox), len(tom.inbox), len(zoe.inbox)]
        with caplog.at_level(logging.WARNING):
            await world.start_bot()
        assert any("a backup was put back" in record.getMessage() for record in caplog.records)
        await world.beat()
        await world.turn(hours=1)
        assert [len(asha.inbox), len(tom.inbox), len(zoe.inbox)] == seen
        await world.until(NY, time(21, 0))
        await world.turn(hours=1)
        assert [len(asha.inbox), len(tom.inbox), len(zoe.inbox)] == [seen[0] + 1, seen[1] + 1, seen[2]]
        await zoe.say("/start")
        assert "Which language" in zoe.texts[-1], "she is somebody new"
        assert world.app is not None
        await world.app.witness()
        caplog.clear()
        await world.restart_bot()
        assert not any("put back" in record.getMessage() for record in caplog.records)
        world.check()


def test_only_a_database_that_is_behind_is_a_copy_of_the_past(tmp_path: Path) -> None:
    apart = Apart(tmp_path / "apart")
    assert not apart.restored(NOW), "nothing is known yet"
    apart.write(NOW, [])
    assert not apart.restored(NOW)
    assert not apart.restored(NOW - OLDER), "a power cut may cost the last seconds"
    assert not apart.restored(NOW + timedelta(days=1)), "it was down, or beats elsewhere"
    assert apart.restored(NOW - timedelta(hours=1))
    assert apart.restored(None)
    assert not Apart(None).restored(NOW - timedelta(days=9))


def test_stones_are_written_once_and_read_back(tmp_path: Path) -> None:
    stones = [(bytes([n]) * 32, NOW + timedelta(minutes=n)) for n in range(3)]
    apart = Apart(tmp_path / "apart")
    apart.write(NOW, stones[:2])
    apart.write(NOW, stones)
    Apart(tmp_path / "apart").write(NOW, stones)
    assert Apart(tmp_path / "apart").stones() == stones
    assert (tmp_path / "apart").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    apart = Apart(tmp_path / "file" / "apart")
    for _ in range(3):
        apart.write(NOW, [])
    assert sum("would not be noticed" in record.getMessage() for record in caplog.records) == 1


def test_whoever_came_back_after_being_forgotten_stays(database_url: str) -> None:
    store = open_store(database_url, seal=Seal([KEY]))
    try:
        first = store.write_now(lambda db: people.arrive(db, somebody(5)))
        store.write_now(lambda db: erasure.forget(db, first, NOW + timedelta(hours=1), with_name=False))
        later = NOW + timedelta(days=1)
        again = replace(somebody(5), heard_at=later)
        store.write_now(lambda db: people.arrive(db, again))
        settled = store.write_now(lambda db: recovery.settle_in(db, [], later + timedelta(hours=1)))
        assert settled.forgotten == 0
        found = store.read_now(lambda db: people.by_chat(db, 5))
        assert found is not None
        store.write_now(lambda db: erasure.forget(db, found, later + timedelta(hours=2), with_name=False))
        store.write_now(lambda db: people.arrive(db, again))
        settled = store.write_now(lambda db: recovery.settle_in(db, [], later + timedelta(hours=3)))
        assert settled.forgotten == 1, "the last time counts"
    finally:
        store.engine.dispose()
