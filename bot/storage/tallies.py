"""What the operator counts by day: sent, dropped by reason, blocked. Never by person."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import Connection, select

from bot.storage.schema import tally
from bot.storage.sql import Insert, insert_for


def add(db: Connection, day: int, counts: Mapping[str, int]) -> None:
    """Add to the day's counts."""
    rows = [{"day": day, "name": name, "n": n} for name, n in sorted(counts.items()) if n]
    if rows:
        db.execute(_add(db.dialect.name), rows)


@lru_cache
def _add(dialect: str) -> Insert:
    statement = insert_for(dialect, tally)
    more = tally.c.n + statement.excluded.n
    return statement.on_conflict_do_update(index_elements=["day", "name"], set_={"n": more})


def since(db: Connection, day: int) -> dict[tuple[int, str], int]:
    """Counts by (day, name) from *day* on."""
    return {(row.day, row.name): row.n for row in db.execute(select(tally).where(tally.c.day >= day))}
