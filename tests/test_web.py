"""The HTTP side: health, and the webhook, which is confirmed only when the update is handled."""

from __future__ import annotations

import asyncio
import io
import logging
import socket
import time
from collections.abc import AsyncIterator
from datetime import time as at_time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, text

from bot.chat.intake import BURST, SHARE
from bot.storage.schema import gesture
from bot.web import SECRET_HEADER
from tests.world import Someone, World


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def hooked(tmp_path: Path) -> AsyncIterator[World]:
    async with World(f"sqlite:///{tmp_path / 'recipro.db'}", webhook_port=free_port()) as world:
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


TELEGRAMS, LAST_OF_THEM, NOT_THEIRS = "149.154.167.220", "91.108.7.255", "91.108.8.0"


@pytest.mark.parametrize(
    ("sources", "proxies", "forwarded", "heard"),
    [
        ("", "", [], True),
        ("telegram", "", [], False),
        ("telegram", "", [TELEGRAMS], False),
        ("127.0.0.1", "", [NOT_THEIRS], True),
        ("10.0.0.0/8, telegram, 127.0.0.0/8", "", [], True),
        ("telegram", "127.0.0.1", [], False),
        ("telegram", "127.0.0.1", [TELEGRAMS], True),
        ("telegram", "127.0.0.1", [LAST_OF_THEM], True),
        ("telegram", "127.0.0.1", [NOT_THEIRS], False),
        ("telegram", "127.0.0.1", [f"{TELEGRAMS}, {NOT_THEIRS}"], False),
        ("telegram", "127.0.0.1", [TELEGRAMS, NOT_THEIRS], False),
        ("telegram", "127.0.0.1", [f"{NOT_THEIRS}, {TELEGRAMS}"], True),
        ("telegram", "127.0.0.1,10.0.0.0/8", [f"{NOT_THEIRS}, {TELEGRAMS}", "10.1.2.3"], True),
        ("telegram", "127.0.0.1", [f"{TELEGRAMS}, 10.1.2.3"], False),
        ("telegram", "127.0.0.1", [f"::ffff:{TELEGRAMS}"], True),
        ("telegram", "127.0.0.1", [f"{TELEGRAMS}:443"], False),
        ("telegram", "127.0.0.1", ["unknown"], False),
        ("telegram", "127.0.0.1", [""], False),
        ("2001:db8::/32", "127.0.0.1", ["2001:db8::7"], True),
        ("127.0.0.1", "127.0.0.1", [], True),
    ],
)
async def test_only_the_sources_that_are_set_are_heard(
    tmp_path: Path, sources: str, proxies: str, forwarded: list[str], heard: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What is forwarded is believed of a named proxy alone, and no further back than to the first that is not named."""
    update = {"update_id": 1, "poll": {"id": "1"}}
    secret = (SECRET_HEADER, "a-secret-of-the-tests")
    async with (
        World(
            f"sqlite:///{tmp_path / 'recipro.db'}",
            webhook_port=free_port(),
            webhook_sources=sources,
            webhook_proxies=proxies,
        ) as world,
        aiohttp.ClientSession(f"http://127.0.0.1:{world.webhook_port}") as client,
    ):
        told = [("X-Forwarded-For", each) for each in forwarded]
        async with client.post("/telegram", json=update, headers=[secret, *told]) as answer:
            assert answer.status == (200 if heard else 403)
        async with client.post("/telegram", json=update, headers=told) as answer:
            assert answer.status == 403, "without the secret nobody is heard"
        async with client.get("/readyz", headers=told) as answer:
            assert answer.status == 200
    assert ("elsewhere than WEBHOOK_SOURCES" in caplog.text) != heard


async def test_a_body_of_more_than_a_mebibyte_is_not_read(hooked: World) -> None:
    headers = {SECRET_HEADER: "a-secret-of-the-tests"}
    async with aiohttp.ClientSession() as client:
        for size, status in ((1024 * 1024 + 1, 413), (1024 * 1024, 400)):
            url = f"http://127.0.0.1:{hooked.webhook_port}/telegram"
            async with client.post(url, data=io.BytesIO(b"x" * size), headers=headers) as answer:
                assert answer.status == status


async def test_a_flood_of_one_person_refuses_nobody_else_and_loses_nothing(hooked: World) -> None:
    """Of 500 at once a few are taken and the rest is to be sent again; meanwhile another's are heard, each at the first try."""
    asha, tom = await hooked.person("Asha"), await hooked.person("Tom")
    assert hooked.app is not None
    hooked.app.intake.burst = BURST
    headers = {SECRET_HEADER: "a-secret-of-the-tests"}
    at_hand = asyncio.Semaphore(SHARE)
    taken: list[int] = []

    def said(someone: Someone, number: int, text: str) -> dict[str, Any]:
        chat = {"id": someone.person.user["id"], "type": "private"}
        message = {"message_id": number, "date": 1_772_463_600, "chat": chat, "from": someone.person.user, "text": text}
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
        return {"update_id": number, "message": message}

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def bring(update: dict[str, Any]) -> int:
            url = f"http://127.0.0.1:{hooked.webhook_port}/telegram"
            async with client.post(url, json=update, headers=headers) as answer:
                return answer.status

        async def bring_until_taken(number: int) -> int:
            """How often it was refused."""
            update = said(tom, number, f"line {number}")
            if await bring(update) == 200:
                taken.append(number)
                return 0
            refused.set()
            async with at_hand:
                refusals = 1
                while await bring(update) != 200:
                    refusals += 1
            taken.append(number)
            return refusals

        refused = asyncio.Event()
        flood = [asyncio.ensure_future(bring_until_taken(10_000 + n)) for n in range(500)]
        await refused.wait()
        for n in range(5):
            assert await bring(said(asha, 20_000 + n, "/help")) == 200
        heard_before = len(taken)
        refusals = await asyncio.gather(*flood)

    assert asha.count(lambda text: "/pause" in text) == 5
    assert heard_before < 500, "the flood was still coming"
    assert sum(times > 0 for times in refusals) > 250, "most of it was refused at first"
    kept = await hooked.app.store.read(lambda db: db.execute(select(gesture.c.message_id)).scalars().all())
    assert sorted(kept) == [10_000 + n for n in range(500)]
    assert tom.count(lambda text: "answer more slowly" in text) == 1


async def test_readiness_names_what_is_missing(hooked: World) -> None:
    """The pulse that stands still, Telegram out of reach, a database that is gone: each by its name, and back again."""
    assert hooked.app is not None
    url = f"http://127.0.0.1:{hooked.webhook_port}/readyz"
    metrics = hooked.app.metrics

    async def ready(client: aiohttp.ClientSession) -> list[str]:
        async with client.get(url) as answer:
            told = await answer.json()
            assert (answer.status == 200) == told["ready"]
            return list(told.get("missing", []))

    async with aiohttp.ClientSession() as client:
        assert await ready(client) == []
        metrics.beat_at = metrics.telegram_at = time.monotonic() - 61
        assert await ready(client) == ["pulse", "telegram"]
        metrics.beaten()
        metrics.reached()
        hooked.app.store.write_now(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
        assert await ready(client) == [], "an upgrade is under way: this copy goes on until it is stopped"
        hooked.app.store.write_now(lambda db: db.execute(text("DELETE FROM alembic_version")))
        assert await ready(client) == ["schema"]


async def test_the_figures_have_help_and_units_and_nobody_in_them(hooked: World) -> None:
    asha, tom = await hooked.person("Ashalata"), await hooked.person("Tom")
    await hooked.pair(asha, tom)
    await asha.say("words of hers that are nobody's business")
    for _ in range(2):
        await hooked.until("UTC", at_time(21))
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{hooked.webhook_port}/metrics") as answer,
    ):
        page = await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(page)}
    ours = {name: family for name, family in families.items() if name.startswith("recipro_")}
    assert all(family.documentation for family in ours.values())
    labels = {name for family in ours.values() for sample in family.samples for name in sample.labels}
    assert labels <= {"state", "became", "reason", "method", "outcome", "le", "version", "zone_data"}
    named = "\n".join(line.rpartition(" ")[0] for line in page.splitlines())  # a number of bytes may hold any digits
    for secret in ("Ashalata", "Tom", "nobody's business", str(asha.person.id)):
        assert secret not in named

    def value(name: str, **wanted: str) -> float:
        family = ours[name.removesuffix("_total").removesuffix("_count")]
        return sum(s.value for s in family.samples if s.name == name and wanted.items() <= s.labels.items())

    assert value("recipro_deliveries_total", became="sent") >= 3, "one who came, and two prompts"
    assert value("recipro_lateness_seconds_count") == value("recipro_deliveries_total", became="sent")
    assert value("recipro_telegram_calls_total", method="send", outcome="sent") >= 3
    assert value("recipro_updates_heard_total") == value("recipro_answer_seconds_count") >= 10
    assert value("recipro_outbox_deliveries", state="due") == 0
    assert value("recipro_database_away") == 0
    assert value("recipro_rate_limit_messages_per_second") == hooked.rate
    assert value("recipro_rate_messages_per_second") > 0
    assert 0 <= value("recipro_beat_age_seconds") < 60


ASHA = {"id": 501, "is_bot": False, "first_name": "Asha"}
SAID = {"message_id": 1, "date": 1772450000, "chat": {"id": 501, "type": "private"}, "from": ASHA, "text": "/start"}
TAPPED = {"id": "1", "from": ASHA, "message": SAID, "data": "home", "chat_instance": "1"}
MEMBER = {"status": "member", "user": {"id": 1000001, "is_bot": True, "first_name": "Recipro"}}
JOINED = {"from": ASHA, "date": 1, "old_chat_member": MEMBER, "new_chat_member": MEMBER}
OTHER_SHAPES: list[dict[str, Any]] = [
    {"message": {**SAID, "text": ["deep"]}},
    {"message": {**SAID, "from": {**ASHA, "first_name": 5}}},
    {"message": {**SAID, "from": {**ASHA, "id": [501]}}},
    {"message": {**SAID, "from": {**ASHA, "id": 2**63}}},
    {"message": {**SAID, "chat": {"type": "private"}}},
    {"message": {**SAID, "chat": {"id": 501, "type": "group"}}},
    {"message": {**SAID, "chat": {"id": -501, "type": "private"}}},
    {"message": {**SAID, "video_note": {"file_id": "", "file_unique_id": "1", "length": 1, "duration": 1}}},
    {"message": {**SAID, "date": 10**18}},
    {"message": {**SAID, "entities": [{"type": "bot_command", "offset": "0", "length": 6}]}},
    {"message": {**SAID, "entities": [{"type": {}, "offset": 0, "length": 6}]}},
    {"callback_query": {**TAPPED, "id": 7}},
    {"callback_query": {**TAPPED, "id": ""}},
    {"callback_query": {**TAPPED, "data": {"home": 1}}},
    {"message_reaction": {"chat": {"id": 501, "type": "private"}, "message_id": "1", "new_reaction": []}},
    {"my_chat_member": {"chat": {"id": 501, "type": "private"}, "from": ASHA, "date": 1}},
    {"my_chat_member": {**JOINED, "chat": {"id": 501, "type": "a kind of chat that came later"}}},
    {"inline_query": {"id": "1", "from": "nobody"}},
]


async def test_an_update_of_another_shape_is_left_aside_for_good(
    hooked: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Telegram sends again what is refused: one that nobody can read must not come for ever, nor break what follows."""
    url = f"http://127.0.0.1:{hooked.webhook_port}/telegram"
    headers = {SECRET_HEADER: "a-secret-of-the-tests"}
    asha = await hooked.person("Asha")
    before = len(hooked.telegram.journal())
    async with aiohttp.ClientSession(headers=headers) as client:
        for number, update in enumerate(OTHER_SHAPES, 900):
            async with client.post(url, json={"update_id": number, **update}) as answer:
                assert answer.status == 200, update
    assert len(hooked.telegram.journal()) == before
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    await asha.say("/help")
    assert "/pause" in asha.texts[-1]


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
            b'{"update_id": true}',
            b'{"update_id": 99999999999999999999}',
            b"[" * 100_000,
        ):
            async with client.post(f"{url}/telegram", data=body, headers=headers) as answer:
                assert answer.status == 400, body
        async with client.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True})
        async with client.get(f"{url}/healthz") as answer:
            assert answer.status == 200
