"""Ids of the bot's own messages: remembered together, of those who are there."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import event, text

from bot.storage import people, tidies
from bot.storage.store import Rows
from tests.storage.test_store import NOW, opened, somebody


async def test_what_is_sent_is_remembered_once_and_of_nobody_who_was_forgotten(database_url: str) -> None:
    store = opened(database_url)
    asha, tom = [
        (await store.write(lambda db, chat=chat: people.arrive(db, somebody(chat)))).id  # type: ignore[misc]
        for chat in (1, 2)
    ]
    later = NOW + timedelta(hours=1, milliseconds=7)
    sent = [(asha, 10, NOW), (tom, 10, NOW), (tom + 1, 11, NOW), (asha, 12, later), (asha, 10, later), (asha, 10, NOW)]
    for again in (sent, sent[:1], []):
        await store.write(lambda db, rows=again: tidies.add(db, rows))  # type: ignore[misc]
    everything = text("SELECT person_id, message_id, at FROM tidy ORDER BY person_id, message_id")
    kept = [tuple(row) for row in await store.read(lambda db: db.execute(everything).all())]
    at = round(NOW.timestamp() * 1000)
    assert kept == [(asha, 10, at), (asha, 12, at + 3_600_007), (tom, 10, at)]
    assert await store.write(lambda db: tidies.take(db, asha, NOW)) == [12], "of those after a moment"


async def test_what_shares_a_transaction_is_one_statement_on_postgresql(postgres_url: str) -> None:
    """Each is a round trip there, of every answer."""
    store, asked = opened(postgres_url), list[str]()
    who = (await store.write(lambda db: people.arrive(db, somebody(1)))).id
    event.listen(store.engine, "before_cursor_execute", lambda _db, _cursor, statement, *_rest: asked.append(statement))
    await asyncio.gather(*(store.write_soon(Rows(tidies.add, [(who, message, NOW)])) for message in range(7)))
    assert len([statement for statement in asked if statement.startswith("INSERT")]) == 1
    assert await store.write(lambda db: tidies.take(db, who, NOW - timedelta(1))) == list(range(7))


async def test_one_that_breaks_beside_it_takes_nothing_of_it_along(database_url: str) -> None:
    store = opened(database_url)
    who = (await store.write(lambda db: people.arrive(db, somebody(1)))).id
    rows = [Rows(tidies.add, [(who, message, NOW)]) for message in range(3)]
    found = await asyncio.gather(
        store.write_soon(rows[0]),
        store.write_soon(lambda _db: 1 / 0),
        *(store.write_soon(each) for each in rows[1:]),
        return_exceptions=True,
    )
    assert [type(each) for each in found] == [type(None), ZeroDivisionError, type(None), type(None)]
    assert await store.write(lambda db: tidies.take(db, who, NOW - timedelta(1))) == [0, 1, 2]
