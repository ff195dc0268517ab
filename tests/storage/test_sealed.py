"""What is sealed, that it is everything, and that its key can be changed while the bot runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import LargeBinary, String, insert, select, type_coerce, update

from bot import rekey
from bot.domain.pairing import LIFE
from bot.domain.people import Tie
from bot.settings import SettingsError
from bot.storage import erasure, gestures, notes, pairs, people, schema
from bot.storage.columns import Seal, Sealed, WrongKeyError
from bot.storage.schema import metadata
from bot.storage.store import Store, open_store
from tests.storage.test_store import NOW, somebody

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))

OPEN = {
    "person.locale": "a language",
    "person.address": "a way of address",
    "person.stage": "a step of set-up",
    "person.zone": "a time zone",
    "person.country": "a country",
    "person.pace": "a pace",
    "person.asking": "the name of a question, and an id",
    "person.unreachable": "a reason",
    "pair.tie": "partners, family, friends, colleagues",
    "member.pace": "a pace",
    "invite.code_hash": "a keyed hash",
    "invite.tie": "as above",
    "shut_out_gone.chat_hash": "a keyed hash",
    "wrong_code_gone.chat_hash": "a keyed hash",
    "rhythm.kind": "a kind of prompt",
    "rhythm.zone": "a time zone",
    "zone_cursor.zone": "a time zone",
    "raised.kind": "a kind of prompt",
    "delivery.kind": "a kind",
    "delivery.state": "a state",
    "delivery.prompt": "the id of a prompt, or of one's own",
    "delivery.reason": "a reason",
    "gesture.way": "a kind",
    "gesture.kind": "a kind",
    "gesture.form": "a form of care",
    "gesture.medium": "a kind of message",
    "keepsake.way": "a kind",
    "keepsake.form": "a form of care",
    "keepsake.medium": "a kind of message",
    "reset.state": "a state",
    "own_prompt.kind": "a kind",
    "forgotten.chat_hash": "a keyed hash",
    "tally.name": "what is counted",
    "note.name": "what is noted",
    "note.value": "facts about this installation, sealed where they are secret",
}
"""Columns of text or bytes that are not sealed, because they can hold nobody's words, name or file."""

_open: list[Store] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _open:
        _open.pop().engine.dispose()


def opened(url: str, *keys: str) -> Store:
    _open.append(open_store(url, seal=Seal(keys)))
    return _open[-1]


def test_every_column_that_can_hold_words_is_sealed_or_says_why_not() -> None:
    columns = [column for table in metadata.sorted_tables for column in table.c]
    texts = {str(column) for column in columns if isinstance(column.type, String | LargeBinary)}
    sealed = {str(column) for column in columns if isinstance(column.type, Sealed)}
    assert texts == OPEN.keys()
    assert sealed == {
        "person.name", "person.buttons", "member.called", "gesture.words", "gesture.file_id",
        "keepsake.name", "keepsake.words", "own_prompt.words",
    }  # fmt: skip
    assert {table.name for table in rekey.sealed_tables()} == {name.partition(".")[0] for name in sealed}


def test_forgetting_looks_at_every_column_that_points_at_a_person() -> None:
    lines = {table.name: str(where) for table, where in erasure.of(1, alone=[2])}
    others = {"invite.used_by": "SET NULL"}  # who accepted is struck from somebody else's invitation by the database
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is schema.person:
                assert str(key.parent) in lines.get(table.name, "") or others[str(key.parent)] == key.ondelete


def fill(store: Store, entries: int = 3) -> None:
    """Something in every sealed column."""

    def work(db: Any) -> None:
        asha, tom = people.arrive(db, somebody(1, "Asha")), people.arrive(db, somebody(2, "Tom"))
        people.remember_buttons(db, asha.id, {"share with tom": "share:1"})
        pairs.offer(db, asha.id, Tie.FRIEND, "ABCDEFGH", now=NOW)
        found = pairs.invite_of(db, "ABCDEFGH")
        assert found is not None
        pairs.redeem(db, found, tom.id, now=NOW)
        pairs.offer(db, asha.id, Tie.FRIEND, "HGFEDCBA", now=NOW)
        db.execute(update(schema.member).values(called="the other"))
        shared = {"way": "noticed", "form": "practical", "medium": "text", "day": 1, "kept_at": NOW, "pair_id": 1}
        db.execute(
            insert(schema.gesture),
            [{**shared, "person_id": 1, "words": f"line {n}", "file_id": f"file {n}"} for n in range(entries)],
        )
        received = {**shared, "person_id": 2, "earlier": True, "passed_at": NOW}
        db.execute(insert(schema.keepsake), [{**received, "name": "Zoe", "words": "hers"}])
        mine = {"person_id": 1, "kind": "appreciation", "created_at": NOW}
        db.execute(insert(schema.own_prompt), [{**mine, "words": "Did we laugh?"}])

    store.write_now(work)


def raw(store: Store) -> list[bytes]:
    """Every sealed value as it is stored."""
    values: list[bytes] = []
    for table in rekey.sealed_tables():
        for column in table.c:
            if isinstance(column.type, Sealed):
                stored = select(type_coerce(column, LargeBinary)).where(column.is_not(None))
                values += [bytes(value) for value in store.read_now(lambda db, s=stored: db.execute(s).scalars().all())]  # type: ignore[misc]
    return values


def test_after_rekey_the_new_key_alone_opens_everything(database_url: str) -> None:
    store = opened(database_url, OLD)
    fill(store)
    told: list[str] = []
    assert rekey.main(database_url, [NEW, OLD], say=told.append) == 0
    assert any("gesture: 3 looked at, 6 sealed anew" in line for line in told)
    store = opened(database_url, NEW)
    assert len(raw(store)) == 14
    assert all(Seal([NEW]).newest(value) for value in raw(store))
    assert store.read_now(lambda db: people.by_chat(db, 1)).name == "Asha"  # type: ignore[union-attr]
    assert store.read_now(lambda db: [entry.words for entry in gestures.own(db, 1)]) == ["line 2", "line 1", "line 0"]
    found = store.read_now(lambda db: pairs.invite_of(db, "HGFEDCBA"))
    assert found is not None, "an open invitation outlives the old key"
    assert found.expires_at == NOW + LIFE
    told.clear()
    assert rekey.main(database_url, [NEW], say=told.append) == 0
    assert told[-1].startswith("0 values"), "a second time there is nothing to do"
    with pytest.raises(WrongKeyError):
        opened(database_url, OLD)


def test_killed_in_the_middle_it_goes_on_where_it_was(database_url: str, tmp_path: Path) -> None:
    store = opened(database_url, OLD)
    fill(store, entries=3_000)
    environment = {**os.environ, "DATABASE_URL": database_url, "RECIPRO_KEYS": f"{NEW},{OLD}", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "rekey"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while "gesture" not in process.stdout.readline():
            assert process.poll() is None
        process.kill()
    fresh = [Seal([NEW]).newest(value) for value in raw(store)]
    assert 0 < sum(fresh) < len(fresh), "some are under the new key, some are not"
    between = opened(database_url, NEW, OLD)
    assert len(between.read_now(lambda db: gestures.own(db, 1, limit=20_000))) == 3_000, "both keys open all of it"
    told: list[str] = []
    assert rekey.main(database_url, [NEW, OLD], say=told.append) == 0
    assert 0 < int(told[-1].split()[0].replace(",", "")) < len(fresh)
    assert all(Seal([NEW]).newest(value) for value in raw(store))


def test_what_the_bot_writes_meanwhile_is_not_undone(database_url: str) -> None:
    store = opened(database_url, OLD)
    fill(store, entries=1500)
    store.engine.dispose()
    running = opened(database_url, NEW, OLD)
    done = threading.Event()

    def live() -> None:
        number = 0
        while not done.is_set():
            number = number % 1500 + 7
            running.write_now(lambda db, n=number: gestures.change(db, n, words=f"edited {n}"))  # type: ignore[misc]
            edited.add(number)

    edited: set[int] = set()
    bot = threading.Thread(target=live)
    bot.start()
    try:
        assert rekey.rekey(running, Seal([NEW, OLD]), lambda _line: None).unreadable == 0
    finally:
        done.set()
        bot.join()
    words = {entry.id: entry.words for entry in running.read_now(lambda db: gestures.own(db, 1, limit=2000))}
    assert edited
    assert {words[number] for number in edited if number in words} == {f"edited {n}" for n in edited if n in words}
    assert all(Seal([NEW]).newest(value) for value in raw(running))


def test_it_waits_until_every_running_process_holds_the_new_key(database_url: str) -> None:
    store = opened(database_url, OLD)
    fill(store)
    store.write_now(lambda db: notes.here(db, "host:1", datetime.now(UTC)))
    with pytest.raises(SettingsError, match="host:1"):
        rekey.main(database_url, [NEW, OLD], say=lambda _line: None)
    assert not any(Seal([NEW]).newest(value) for value in raw(store))
    opened(database_url, NEW, OLD).write_now(lambda db: notes.here(db, "host:1", datetime.now(UTC)))
    opened(database_url, OLD).write_now(lambda db: notes.here(db, "host:2", datetime.now(UTC) - timedelta(minutes=9)))
    assert rekey.main(database_url, [NEW, OLD], say=lambda _line: None) == 0, "one that is long silent does not count"


def test_what_no_key_opens_is_counted_and_left(database_url: str) -> None:
    store = opened(database_url, OLD)
    fill(store)
    strange = Fernet(Fernet.generate_key()).encrypt(b"from another life")
    words = type_coerce(schema.gesture.c.words, LargeBinary)
    store.write_now(
        lambda db: db.execute(
            update(schema.gesture).where(schema.gesture.c.id == 2).values(words=type_coerce(strange, LargeBinary))
        )
    )
    told: list[str] = []
    assert rekey.main(database_url, [NEW, OLD], say=told.append) == 1
    assert told[-1].startswith("1 values")
    assert store.read_now(lambda db: db.execute(select(words).where(schema.gesture.c.id == 2)).scalar()) == strange
