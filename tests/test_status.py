"""`status`: what a tired operator reads, and when it wakes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Connection, select, update

from bot import status
from bot.domain import clock, pacing
from bot.domain.people import Address, Pace, Person, Stage
from bot.settings import Settings
from bot.storage import people, raised, rhythms, tallies
from bot.storage.columns import Seal
from bot.storage.schema import delivery, zone_cursor
from bot.storage.store import Store, StoreError, open_store
from tests.world import World

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NINE = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
"""21:00 in India."""
MINUTE = timedelta(minutes=1)


def settings(url: str, port: int = 1) -> Settings:
    return Settings(_env_file=None, database_url=SecretStr(url), rate=25, http_port=port)  # type: ignore[call-arg]


def someone(chat: int) -> Person:
    return Person(
        0, chat, "Asha", "en-IN", Stage.READY, "Asia/Kolkata", "IN", Pace.EVENING, 1260, 510, 1140, 1350, 480,
        Address.NEUTRAL, False, None, NOON, None, None, None, False, None, None,
    )  # fmt: skip


@dataclass
class Town:
    """Thirty people whose prompt comes at nine in India; the clocks have been served until noon by UTC."""

    url: str
    store: Store
    capsys: pytest.CaptureFixture[str]

    def told(self, now: datetime) -> tuple[int, dict[str, Any]]:
        code = status.main(settings(self.url), as_json=True, now=now)
        return code, json.loads(self.capsys.readouterr().out)

    def table(self, now: datetime) -> str:
        status.main(settings(self.url), as_json=False, now=now)
        return self.capsys.readouterr().out

    def beat(self, now: datetime, *, of: int = 30) -> None:
        """What a beat at *now* leaves: prompts raised, the cursor moved; *of* them sent a second later."""

        def work(db: Connection) -> None:
            cursor = rhythms.take_cursor(db, "Asia/Kolkata")
            assert cursor is not None
            for slot in clock.passed(cursor.zone, cursor.reached, now, limit=timedelta(hours=3)):
                cursor = rhythms.raise_slice(db, cursor, slot, width=timedelta(0))
            raised.take_up(db, now, of)
            some = list(db.execute(select(delivery.c.id).order_by(delivery.c.id).limit(of)).scalars())
            gone = update(delivery).where(delivery.c.id.in_(some), delivery.c.due_at <= now)
            db.execute(gone.values(state="sent", sent_at=now + timedelta(seconds=1)))
            tallies.add(db, clock.day_number(now.date()), {"sent": of})

        self.store.write_now(work)


@pytest.fixture
def town(database_url: str, capsys: pytest.CaptureFixture[str]) -> Iterator[Town]:
    store = open_store(database_url, seal=Seal([Fernet.generate_key().decode()]))

    def fill(db: Connection) -> None:
        for chat in range(1, 31):
            who = people.arrive(db, someone(chat))
            rhythms.put(db, who.id, None, pacing.rhythms_of(who, 6, who.pace), zone=who.zone, now=NOON)

    store.write_now(fill)
    yield Town(database_url, store, capsys)
    store.engine.dispose()


def test_all_is_well_where_nobody_was_due(town: Town) -> None:
    code, said = town.told(NOON)
    assert (code, said["alarms"], said["due"], said["not_raised"], said["running"]) == (0, [], 0, 0, False)
    largest = said["largest_minute"]
    assert (largest["prompts"], largest["minute"], largest["zone"]) == (30, 930, "Asia/Kolkata")
    assert largest["seconds"] == pytest.approx(30 / 25)
    assert said["widest_spread_seconds"] == 0, "so few are not spread at all"


def test_all_is_well_after_an_evening_on_which_everyone_had_theirs(town: Town) -> None:
    town.beat(NINE)
    code, said = town.told(NINE + MINUTE)
    assert (code, said["alarms"], said["due"], said["today"]["sent"]) == (0, [], 0, 30)
    assert said["lateness_seconds"] == {"p50": 1.0, "p99": 1.0}
    assert "ALARM" not in town.table(NINE + MINUTE)
    assert "30 sent" in town.table(NINE + MINUTE)


def test_people_were_due_and_the_bot_was_not_there(town: Town) -> None:
    """Nothing was raised, so no delivery tells of it; the walls do."""
    code, said = town.told(NINE + 20 * MINUTE)
    assert code == 1
    assert said["not_raised"] == 30
    assert "30 were due and nothing has been sent since 2026-03-02 15:30 UTC" in said["alarms"]
    assert town.table(NINE + 20 * MINUTE).startswith("ALARM: 30 were due")


def test_people_were_due_and_nothing_goes_out(town: Town) -> None:
    """It beats, but Telegram takes nothing."""
    town.beat(NINE, of=0)
    town.beat(NINE + 20 * MINUTE, of=0)
    code, said = town.told(NINE + 20 * MINUTE)
    assert (code, said["due"], said["oldest_due_seconds"]) == (1, 30, 1200.0)
    assert said["alarms"] == ["30 were due and nothing has been sent since 2026-03-02 15:30 UTC"]


def test_a_long_broadcast_that_moves_is_no_alarm(town: Town) -> None:
    town.beat(NINE, of=0)
    town.beat(NINE + 20 * MINUTE, of=10)
    code, said = town.told(NINE + 20 * MINUTE)
    assert (code, said["alarms"], said["due"]) == (0, [], 20)


def test_a_day_on_which_all_came_too_late_is_an_alarm(town: Town) -> None:
    town.beat(NINE, of=0)

    def late(db: Connection) -> None:
        db.execute(update(delivery).values(state="dropped", reason="late"))
        tallies.add(db, clock.day_number(NINE.date()), {"dropped late": 30})

    town.store.write_now(late)
    code, said = town.told(NINE + MINUTE)
    assert (code, said["today"]["dropped"]) == (1, {"late": 30})
    assert said["alarms"] == ["30 came too late today and were dropped, and nothing was sent"]


def test_what_may_have_arrived_is_listed_by_id(town: Town) -> None:
    town.beat(NINE, of=10)
    town.store.write_now(lambda db: db.execute(update(delivery).where(delivery.c.id == 7).values(state="unknown")))
    _, said = town.told(NINE + MINUTE)
    assert [(each["delivery"], each["kind"] != "") for each in said["unknown"]] == [(7, True)]
    assert "delivery 7 (" in town.table(NINE + MINUTE)


def test_nobody_is_in_it(town: Town) -> None:
    town.beat(NINE, of=29)
    assert "Asha" not in town.table(NINE) + json.dumps(town.told(NINE)[1])


async def test_the_running_bot_is_asked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}") as world:
        assert world.app is not None
        address = world.app.web.address
        live = await asyncio.to_thread(status.running, settings(world.database_url, port=address[1]))
    assert live is not None
    assert live["recipro_rate_limit_messages_per_second"] == world.rate
    assert status.running(settings("sqlite://")) is None, "nothing listens there"


def test_no_database_is_said_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database"):
        status.main(settings(f"sqlite:///{tmp_path / 'none.db'}"), as_json=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.25, "0.2 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (9000, "2 h 30 min"),
        (180000, "2 d 2 h"),
    ],
)
def test_lengths_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert status.length(seconds) == said


def test_a_cursor_far_behind_is_said_though_nobody_was_due(town: Town) -> None:
    def back(db: Connection) -> None:
        db.execute(update(zone_cursor).values(reached=zone_cursor.c.reached - 100))

    town.store.write_now(back)
    code, said = town.told(NOON)
    assert (code, said["minutes_behind"], said["not_raised"]) == (1, 100, 0)
    assert said["alarms"] == ["no beat for 1 h 40 min: is the bot running?"]
