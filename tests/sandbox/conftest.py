"""A stopped clock, a Telegram on it, and the cast."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import Person, Telegram

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(lambda: NOON)


@pytest.fixture
def telegram(clock: SandboxClock) -> Telegram:
    return Telegram(clock.now)


@pytest.fixture
def asha(telegram: Telegram) -> Person:
    """She has pressed Start."""
    return telegram.join("Asha", language_code="hi", zone="Asia/Kolkata", country="IN", started=True)


@pytest.fixture
def tom(telegram: Telegram) -> Person:
    """He has not."""
    return telegram.join("Tom", language_code="en", zone="America/Toronto", country="CA")


@pytest.fixture
async def server(telegram: Telegram, clock: SandboxClock) -> AsyncIterator[Server]:
    server = Server(telegram, clock)
    await server.start()
    yield server
    await server.stop()
