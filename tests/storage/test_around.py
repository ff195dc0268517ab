"""What surrounds a delivery when it is decided upon: as the database gathers it, beside a few plain lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from bot.domain.people import Tie
from bot.domain.prompts import DAILY, REST, Kind
from bot.storage import deliveries, people
from bot.storage.deliveries import Around
from bot.storage.schema import delivery, pair
from tests.storage.test_store import NOW, opened, somebody

HEARD = 50
"""Hours since the person said something."""
OLDEST = REST // timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery; *sent* is how many hours ago, *lease* how many hours it still holds."""

    kind: str
    about: int
    paired: bool
    state: str
    sent: int | None
    lease: int | None
    prompt: str | None = None
    mine: bool = False

    @property
    def under_way(self) -> bool:
        """Another process has claimed it or is sending it."""
        held = self.sent is None and self.lease is not None and self.lease > 0
        return held and not self.mine and self.state in {"waiting", "sending"}


ROWS = st.builds(
    Row,
    kind=st.sampled_from([*map(str, DAILY), str(Kind.WEEKLY), "share", "asked"]),
    about=st.integers(1, 4),
    paired=st.booleans(),
    state=st.sampled_from(["waiting", "sending", "sent", "unknown", "dropped"]),
    sent=st.none() | st.integers(0, 2 * HEARD) | st.integers(OLDEST - 1, OLDEST + 1),
    lease=st.none() | st.sampled_from([-1, 1]),
    prompt=st.none() | st.sampled_from(["en-US.appr.1", "en-US.appr.2", "own.7"]),
    mine=st.booleans(),
)


@pytest.mark.parametrize("days", [frozenset[int](), frozenset({2, 3})])
def test_what_surrounds_a_delivery_is_what_the_table_holds(database_url: str, days: frozenset[int]) -> None:
    store = opened(database_url)

    @settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(ROWS, max_size=12, unique_by=lambda row: (row.kind, row.about, row.paired)))
    @example([Row(str(kind), 3, True, "waiting", None, 1) for kind in (*DAILY, Kind.WEEKLY)])
    @example([Row("checkin", day, pair, "sent", 10, None) for day in (2, 4) for pair in (True, False)])
    def gather(rows: list[Row]) -> None:
        with store.engine.connect() as db, db.begin() as nothing_stays:
            found, there = gathered(db, rows, days)
            nothing_stays.rollback()
        assert found == told(rows, there, days)

    gather()


def gathered(db: Connection, rows: list[Row], days: frozenset[int]) -> tuple[tuple[object, ...], int]:
    """What around() says of a person with these deliveries, and the number of their pair."""
    who = people.arrive(db, somebody(1)).id
    people.change(db, who, heard_at=ago(HEARD))
    other = people.arrive(db, somebody(2)).id
    there = db.execute(insert(pair).values(tie=Tie.PARTNER, since=NOW).returning(pair.c.id)).scalar_one()
    mine = set()
    for row in rows:
        number = put(db, who, there, row)
        mine |= {number} if row.mine else set()
        put(db, other, there, row)
    found = deliveries.around(db, {who}, NOW, days=days, mine=mine)
    assert found.keys() == {who}
    return as_told(found[who]), there


def put(db: Connection, who: int, there: int, row: Row) -> int:
    values = {
        "person_id": who,
        "pair_id": there if row.paired else None,
        "kind": row.kind,
        "about": row.about,
        "lane": 2,
        "state": row.state,
        "due_at": NOW,
        "good_until": NOW,
        "sent_at": None if row.sent is None else ago(row.sent),
        "lease_until": None if row.lease is None else ago(-row.lease),
        "prompt": row.prompt,
    }
    return int(db.execute(insert(delivery).values(values).returning(delivery.c.id)).scalar_one())


def as_told(found: Around) -> tuple[object, ...]:
    return list(found.recent), Counter(found.days), found.unanswered, found.last_sent_at


def told(rows: list[Row], there: int, days: frozenset[int]) -> tuple[object, ...]:
    """The same, row by row."""
    lately = [row for row in rows if row.sent is not None and row.sent < OLDEST]
    under_way = [row for row in rows if row.under_way and row.kind in {*DAILY, Kind.WEEKLY}]
    prompts = [row for row in lately if row.kind in {*DAILY, Kind.WEEKLY}]
    daily = [row for row in prompts if row.kind in DAILY]
    served = [row for row in daily if row.about in days] + [row for row in under_way if row.kind in DAILY]
    last = [NOW for _ in under_way] or [ago(row.sent) for row in prompts if row.sent is not None]
    return (
        [row.prompt for row in sorted(lately, key=lambda row: (-(row.sent or 0), row.prompt or "")) if row.prompt],
        Counter((there if row.paired else None, row.about) for row in served),
        sum(row.sent is not None and row.sent < HEARD for row in daily) + sum(row.kind in DAILY for row in under_way),
        max(last, default=None),
    )


def ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)
