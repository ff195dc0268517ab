"""What every test may ask for: a database of each kind, and a world on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.world import World

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'recipro.db'}"
        return
    yield from postgres_database()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite database, for what does not depend on the kind."""
    return f"sqlite:///{tmp_path / 'recipro.db'}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database."""
    yield from postgres_database()


def postgres_database() -> Iterator[str]:
    """A database of its own on the PostgreSQL server; without a server the test skips, and fails with CI=true."""
    name = f"recipro_{uuid4().hex[:12]}"
    try:
        with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as server:
            server.execute(f'CREATE DATABASE "{name}"'.encode())
    except psycopg.OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("no PostgreSQL answers on 127.0.0.1:5432")
    try:
        yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """A world on SQLite; what the bot asked of Telegram is checked at the end."""
    async with World(sqlite_url) as whole:
        yield whole
        whole.check()


@pytest.fixture
async def both(database_url: str) -> AsyncIterator[World]:
    """A world on each kind of database."""
    async with World(database_url) as whole:
        yield whole
        whole.check()


LONG = (
    "test_screens",
    "test_kills",
    "test_first_week",
    "test_bench",
    "test_halts",
    "test_storms",
    "test_fuzz",
    "test_replicas",
)
"""Files that take long and hold few tests: they begin first, or one process would end long after the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONG)))
