"""No statement of a person's turn, or of sending a prompt, reads a table that grows with people from end to end.

The main story is played; what the bot asked of SQLite on the way is asked again with EXPLAIN QUERY PLAN.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event

from bot.sandbox.telegram import Telegram
from tests.journeys.story import START, STEPS, Story
from tests.journeys.test_first_week import InProcess
from tests.world import World

GROWING = ("person", "pair", "member", "gesture", "delivery", "rhythm", "invite", "tidy", "reset", "keepsake")
"""Tables with a row or more for everybody."""


async def test_nothing_is_read_from_end_to_end(sqlite_url: str) -> None:
    asked: dict[str, Any] = {}

    def note(_db: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        asked[statement] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", note)
    try:
        async with World(sqlite_url, start=START) as world:
            story = Story(InProcess(world))
            for step in STEPS:
                await step(story)
            assert world.app is not None
            engine = world.app.store.engine
            plans = {statement: _plan(engine, statement, parameters) for statement, parameters in asked.items()}
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    for s, plan in plans.items():
        for line in plan:
            if line.startswith("SCAN"): print(line, "|", " ".join(s.split())[:300])
    assert any("SEARCH" in line for plan in plans.values() for line in plan)
    whole = {
        statement: line
        for statement, plan in plans.items()
        for line in plan
        if line.startswith(tuple(f"SCAN {table}" for table in GROWING)) and "USING" not in line
    }
    assert whole == {}


def _plan(engine: Engine, statement: str, parameters: Any) -> list[str]:
    if not statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return []
    with engine.connect() as db:
        raw = db.connection.dbapi_connection
        assert raw is not None
        return [str(row[-1]) for row in raw.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
