"""What a turn begins with: one statement, beside the plain ones that ask for each of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, insert

from bot.storage import pairs, people, turns
from bot.storage.schema import delivery
from tests.storage.test_around import ago
from tests.storage.test_raised import pair_of
from tests.storage.test_store import NOW, opened, somebody

DAY = timedelta(days=1)


async def test_whoever_speaks_is_known_with_each_of_their_pairs(database_url: str) -> None:
    """Three pairs run, one was left by the other, one by themselves; three prompts have come, one of them too long ago."""
    store = opened(database_url)

    def town(db: Connection) -> int:
        mina, *others = (
            people.arrive(db, somebody(chat, name)).id
            for chat, name in enumerate(("Mina", "Asha", "Bo", "Cleo", "Dag", "Emil"))
        )
        made = [pair_of(db, *((mina, other) if n % 2 else (other, mina))) for n, other in enumerate(others)]
        pairs.end(db, made[1], others[1], now=NOW)
        pairs.end(db, made[2], mina, now=NOW)
        for hours, kind in ((40, "checkin"), (3, "appreciation"), (2, "share"), (1, "checkin")):
            sent = {"person_id": mina, "kind": kind, "about": hours, "lane": 2, "state": "sent", "sent_at": ago(hours)}
            db.execute(insert(delivery), [{**sent, "due_at": NOW, "good_until": NOW}])
        return mina

    mina = await store.write(town)
    found = await store.read(lambda db: turns.begin(db, 0, message=77, since=NOW - DAY))
    assert found is not None
    who, known = found
    assert who == await store.read(lambda db: people.by_id(db, mina))
    assert list(known.pairs.items()) == list((await store.read(lambda db: pairs.with_names(db, mina))).items())
    assert list(known.pairs.values()) == ["Asha", "Dag", "Emil"]
    halves = [(mina + 1, mina), (mina, mina + 4), (mina + 5, mina)]
    assert [(pair.one, pair.two) for pair in known.pairs] == halves, "whoever invited comes first"
    assert known.left
    assert known.seen is None
    assert known.latest is not None
    assert (known.latest.kind, known.latest.sent_at) == ("checkin", ago(1))
    alone = await store.read(lambda db: turns.begin(db, 2, message=None, since=NOW - DAY))
    assert alone is not None
    assert (dict(alone[1].pairs), alone[1].left, alone[1].latest) == ({}, False, None), "who left is told nothing"
    assert await store.read(lambda db: turns.begin(db, 99, message=None, since=NOW - DAY)) is None
