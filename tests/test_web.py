"""The HTTP side: health, and the webhook, which is confirmed only when the update is handled."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.web import SECRET_HEADER
from tests.world import World


@pytest.fixture
async def hooked(tmp_path: Path) -> AsyncIterator[World]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}", webhook_port=port) as world:
        yield world
        world.check()


async def test_a_conversation_works_by_webhook(hooked: World) -> None:
    asha, tom = await hooked.person("Asha"), await hooked.person("Tom")
    await hooked.pair(asha, tom)
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("by webhook")
    await asha.tap(0)
    await hooked.beat()
    assert sum("by webhook" in text for text in tom.texts) == 1


@pytest.mark.parametrize("secret", ["", "wrong", "a-secret-of-the-test", "ä"])
async def test_a_forged_update_is_not_heard(hooked: World, secret: str) -> None:
    url = f"http://127.0.0.1:{hooked.webhook_port}"
    update = {
        "update_id": 1,
        "message": {"message_id": 1, "date": 1, "chat": {"id": 9, "type": "private"}, "text": "/start"},
    }
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{url}/telegram", json=update, headers={SECRET_HEADER: secret}) as answer:
            assert answer.status == 403
        async with client.post(f"{url}/elsewhere", json=update) as answer:
            assert answer.status == 404
    assert hooked.telegram.journal("sendMessage") == []


async def test_what_is_no_update_is_refused_and_breaks_nothing(hooked: World) -> None:
    url = f"http://127.0.0.1:{hooked.webhook_port}"
    headers = {SECRET_HEADER: "a-secret-of-the-tests"}
    async with aiohttp.ClientSession() as client:
        for body in (
            b"",
            b"not json",
            b"[1,2,3]",
            b'{"update_id": {}}',
            b"\xff\xfe",
            b'{"update_id": 5, "message": 7}',
        ):
            async with client.post(f"{url}/telegram", data=body, headers=headers) as answer:
                assert answer.status in {200, 400}, body
        async with client.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True})
        async with client.get(f"{url}/healthz") as answer:
            assert answer.status == 200
