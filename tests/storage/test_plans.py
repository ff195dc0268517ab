"""Nothing that a person does, and nothing that is sent, reads a table that grows with people from end to end.

Everything a person can do is done, by the walk through every screen; what was asked of SQLite on the way is asked again with
EXPLAIN QUERY PLAN. What a database reads by itself, when a row goes that others refer to, is seen from the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ForeignKey, PrimaryKeyConstraint, Table, UniqueConstraint, event

from bot.domain.pacing import Lane
from bot.domain.people import Address
from bot.storage import deliveries, schema
from bot.storage.columns import Seal
from bot.storage.store import open_store
from tests.delivery.test_beats import Hand, move_in, pulse_of, slices_of
from tests.journeys import walk
from tests.world import KEY

FEW = {"note", "tally", "zone_cursor", "forgotten", "wrong_code", "wrong_code_gone"}
"""Tables that do not grow with those who are here: wrong codes are kept for as long as they count, and are themselves limited."""
WHOLE = {
    "SELECT person.id": "whether there is anybody: the first one will do",
    "SELECT rhythm.zone, rhythm.minute, rhythm.weekdays, count(*)": "how crowded a minute is, from an index, at the start",
}
"""Statements that may, by how they begin, and why."""
BOUNDED = {"due", "raised", "who", *FEW}
"""What may be read whole, by its name in a statement: those, a claim's next few, the queue, which holds what is due, and whoever speaks."""
NO_TABLE = r"\(|(?:\d+ )?CONSTANT ROW"


@contextmanager
def _listening() -> Iterator[dict[str, Any]]:
    """Every statement of this process, with parameters it was asked with."""
    asked: dict[str, Any] = {}

    def note(_db: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        asked[statement] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_no_statement_reads_everybody(tmp_path: Path) -> None:
    way = walk.Walk(walk.Seen("en-US", Address.NEUTRAL), tmp_path / "walk")
    with _listening() as asked:
        async with way.world:
            await way.whole()
            assert way.world.app is not None
            engine = way.world.app.store.engine
            plans = {statement: _plan(engine, statement, given) for statement, given in asked.items()}
    assert sum(any(line.startswith("SEARCH") for line in plan) for plan in plans.values()) > 50
    bounded = rf"{NO_TABLE}|(?:{'|'.join(sorted(BOUNDED))})\b|\w+ USING INDEX ix_delivery_(?:waiting|sending)\b"
    everybody = re.compile(rf"SCAN (?!{bounded})")  # an alias is everybody too
    found = {statement for statement, plan in plans.items() if any(map(everybody.match, plan))}
    assert {statement for statement in found if not statement.startswith(tuple(WHOLE))} == set()
    assert all(any(statement.startswith(begins) for statement in found) for begins in WHOLE), "a reason out of date"


async def test_a_large_minute_is_read_from_its_index_alone_in_the_order_of_it(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'recipro.db'}", seal=Seal([KEY]))
    begun = datetime(2026, 3, 2, 16, 59, 5, tzinfo=UTC)
    hand = Hand(begun)
    await store.write(lambda db: move_in(db, "Asia/Dubai", 21 * 60, begun, count=50))
    pulse = pulse_of(store, hand, rate=1.0)
    try:
        with _listening() as asked, slices_of(20):
            hand.now += timedelta(minutes=1)
            await pulse.raise_due()
        raising = {each: given for each, given in asked.items() if "INSERT INTO raised" in each or "OFFSET" in each}
        plans = [_plan(store.engine, each, given) for each, given in raising.items()]
    finally:
        await store.close()
    assert len(plans) == 2, "where a slice ends, and the slice"
    for (line,) in plans:
        assert line.startswith("SEARCH rhythm USING COVERING INDEX ix_rhythm_due (zone=? AND minute=? AND weekdays=?")
        assert "place" in line


def test_a_claim_reads_nothing_that_is_not_due_yet(tmp_path: Path) -> None:
    """A large minute is spread over many that follow, and all of it is in the queue from its first second on."""
    store = open_store(f"sqlite:///{tmp_path / 'recipro.db'}", seal=Seal([KEY]))
    with _listening() as asked:
        store.write_now(lambda db: deliveries.claim(db, datetime(2026, 3, 2, 17, tzinfo=UTC), 200))
    lines = [line for each, given in asked.items() for line in _plan(store.engine, each, given)]
    store.engine.dispose()
    found = [line for line in lines if "raised" in line or "ix_delivery" in line]
    assert len(found) > 2 + len(Lane)
    for line in found:
        assert line.startswith("SEARCH")
        assert "(lane=? AND due_at<?)" in line or "(lane=? AND due_at=? AND rhythm_id=?)" in line


def test_what_refers_to_a_row_is_found_by_an_index() -> None:
    found = {(key.column.table.name, key.parent.table.name, key.parent.name): _led_by(key) for key in _references()}
    assert len(found) > 20
    assert [names for names, indexed in found.items() if not indexed] == []


def _references() -> list[ForeignKey]:
    return [key for table in schema.metadata.tables.values() for key in table.foreign_keys]


def _led_by(key: ForeignKey) -> bool:
    """Whether an index, or a key, of the table that refers begins with the column that does."""
    table = key.parent.table
    assert isinstance(table, Table)
    columns = [list(index.expressions) for index in table.indexes]
    columns += [
        list(each.columns) for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)
    ]
    return any(first and first[0] is key.parent for first in columns)


def _plan(engine: Engine, statement: str, parameters: Any) -> list[str]:
    """How SQLite would go about it, a line for each table."""
    if not statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return []
    with engine.connect() as db:
        raw = db.connection.dbapi_connection
        assert raw is not None
        plan = [str(row[-1]) for row in raw.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    # an INSERT names here what it would read if references were still to be settled, and has read nothing of it
    return [] if statement.startswith("INSERT") and "SELECT" not in statement else plan
