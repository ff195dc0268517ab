"""What tests of the delivery share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.storage.columns import Seal
from bot.storage.store import Store, open_store
from tests.world import KEY


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    whole = open_store(database_url, seal=Seal([KEY]))
    yield whole
    await whole.close()
