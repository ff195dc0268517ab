"""Cards are composed beside the ledger: composing reads a lot, and whoever wants to write need not wait for it."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from sqlalchemy import Connection, event

from tests.world import World

ABOUT_PEOPLE = re.compile(r"SELECT\b.*\bFROM (person|pair)\b", re.DOTALL)


async def test_who_somebody_is_is_read_by_units_of_work_that_cannot_write(both: World) -> None:
    asha = await both.person("Asha")
    await both.until("America/New_York", time(20))
    before = len(asha.inbox)
    assert both.app is not None
    found: list[bool] = []

    @event.listens_for(both.app.store.engine, "before_cursor_execute")
    def _note(db: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if ABOUT_PEOPLE.match(statement):
            found.append(db.get_execution_options().get("recipro_reads", False))

    await both.until("America/New_York", time(21))
    assert len(asha.inbox) == before + 1
    assert found
    assert all(found)
