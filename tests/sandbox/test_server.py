"""The sandbox over HTTP, as the bot's library, the page and another process see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import telegram as ptb
from aiohttp import web
from telegram.ext import Application, CallbackQueryHandler, MessageHandler, filters

from bot.sandbox.attachments import made_up_photo
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Person, Telegram
from tests import botapi


@pytest.fixture
async def web_client(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def api(client: aiohttp.ClientSession, method: str, **params: Any) -> tuple[int, Any]:
    async with client.post(f"/bot{TOKEN}/{method}", json=params) as answer:
        return answer.status, await answer.json()


async def sim(client: aiohttp.ClientSession, path: str, **given: Any) -> Any:
    async with client.post(f"/sim/{path}", json=given) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def library_bot(server: Server) -> ptb.Bot:
    return ptb.Bot(TOKEN, base_url=f"{server.url}/bot", base_file_url=f"{server.url}/file/bot")


async def test_a_whole_conversation_through_python_telegram_bot(
    server: Server, telegram: Telegram, asha: Person
) -> None:
    async def greet(update: ptb.Update, _context: Any) -> None:
        assert update.effective_message is not None
        keyboard = ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("Go", callback_data="go")]])
        await update.effective_message.reply_text("Hello <b>you</b>", parse_mode="HTML", reply_markup=keyboard)

    async def go(update: ptb.Update, _context: Any) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer("Well done")
        await update.callback_query.edit_message_text("Gone")

    app = Application.builder().bot(library_bot(server)).job_queue(None).build()
    app.add_handlers([MessageHandler(filters.TEXT, greet), CallbackQueryHandler(go)])
    async with app:
        assert app.updater is not None
        await app.updater.start_polling(poll_interval=0.0)
        await app.start()
        telegram.say(asha, "/start")
        greeting = await soon(lambda: telegram.inbox(asha))
        answer = await telegram.tap(asha, greeting[0]).answered()
        await soon(lambda: [m for m in telegram.inbox(asha) if m["text"] == "Gone"])
        await app.updater.stop()
        await app.stop()

    assert greeting[0]["entities"] == [{"type": "bold", "offset": 6, "length": 3}]
    assert answer == {"text": "Well done", "show_alert": False}
    assert botapi.check_calls(telegram.journal()) == []


async def test_pictures_travel_both_ways(server: Server, telegram: Telegram, asha: Person) -> None:
    picture = made_up_photo().body
    async with library_bot(server) as bot:
        sent = await bot.send_photo(asha.id, picture, caption="<i>Look</i>", parse_mode="HTML")
        again = await bot.send_photo(asha.id, sent.photo[-1].file_id)
        edited = await bot.edit_message_media(
            ptb.InputMediaPhoto(picture, caption="New"), chat_id=asha.id, message_id=again.message_id
        )
        file = await bot.get_file(sent.photo[-1].file_id)
        fetched = bytes(await file.download_as_bytearray())

    assert fetched == picture
    assert (sent.photo[-1].width, sent.photo[-1].height, sent.caption) == (320, 240, "Look")
    assert isinstance(edited, ptb.Message)
    assert edited.caption == "New"
    assert botapi.check_calls(telegram.journal()) == []


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart"])
async def test_parameters_may_come_in_any_of_telegrams_ways(
    web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person, way: str
) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    flat = {"chat_id": str(asha.id), "text": "Hello & welcome", "reply_markup": json.dumps(keyboard)}
    form = aiohttp.FormData(flat, default_to_multipart=True)
    ways: dict[str, dict[str, Any]] = {
        "query": {"params": flat},
        "form": {"data": flat},
        "json": {"json": {**flat, "chat_id": asha.id, "reply_markup": keyboard}},
        "multipart": {"data": form},
    }

    async with web_client.post(f"/bot{TOKEN}/sendMessage", **ways[way]) as answer:
        status = answer.status

    assert status == 200
    assert [(m["text"], m["reply_markup"]) for m in telegram.inbox(asha)] == [("Hello & welcome", keyboard)]


async def test_a_wrong_token_and_a_wrong_method_are_told_apart(web_client: aiohttp.ClientSession) -> None:
    async with web_client.get("/bot1:wrong/getMe") as answer:
        wrong_token = answer.status, await answer.json()

    assert wrong_token == (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
    assert await api(web_client, "getMee") == (
        404,
        {"ok": False, "error_code": 404, "description": "Not Found: method not found"},
    )


async def test_a_long_poll_ends_when_something_is_said(
    web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person
) -> None:
    polling = asyncio.create_task(api(web_client, "getUpdates", timeout=30))
    await soon(lambda: telegram.online)

    telegram.say(asha, "Here I am")
    _, answer = await asyncio.wait_for(polling, 5)

    assert [update["message"]["text"] for update in answer["result"]] == ["Here I am"]


async def test_a_second_poller_ends_the_first(
    web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person
) -> None:
    first = asyncio.create_task(api(web_client, "getUpdates", timeout=30))
    await soon(lambda: telegram.online)
    second = asyncio.create_task(api(web_client, "getUpdates", timeout=30))

    status, answer = await asyncio.wait_for(first, 5)
    telegram.say(asha, "For the second")
    _, heard = await asyncio.wait_for(second, 5)

    assert (status, answer["description"]) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    assert len(heard["result"]) == 1


async def test_a_poll_that_was_cut_loses_nothing(
    server: Server, web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person
) -> None:
    polling = asyncio.create_task(api(web_client, "getUpdates", timeout=30))
    await soon(lambda: telegram.online)
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    telegram.say(asha, "Still there?")

    _, answer = await api(web_client, "getUpdates", timeout=30)

    assert [update["message"]["text"] for update in answer["result"]] == ["Still there?"]


async def test_a_webhook_gets_each_update_until_it_says_yes_in_order_for_each_chat(
    server: Server, telegram: Telegram, asha: Person
) -> None:
    tom = telegram.join("Tom", started=True)
    heard: list[tuple[str, str | None]] = []
    refusals = [500, 302]

    async def hook(request: web.Request) -> web.Response:
        if refusals:
            return web.Response(status=refusals.pop())
        update = await request.json()
        heard.append((update["message"]["text"], request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    telegram.say(asha, "before")
    telegram.call("setWebhook", {"url": f"http://127.0.0.1:{runner.addresses[0][1]}/hook", "secret_token": "s-1"})
    for words in ("one", "two", "three"):
        telegram.say(asha, words)
        telegram.say(tom, words.upper())
    await soon(lambda: len(heard) == 7 and not telegram.updates)
    info = telegram.call("getWebhookInfo")
    await runner.cleanup()

    assert [words for words, _ in heard if words.islower()] == ["before", "one", "two", "three"]
    assert [words for words, _ in heard if words.isupper()] == ["ONE", "TWO", "THREE"]
    assert {secret for _, secret in heard} == {"s-1"}
    assert (info["pending_update_count"], info["last_error_message"][:31]) == (0, "Wrong response from the webhook")


async def test_a_webhook_is_never_asked_more_at_once_than_it_wants(server: Server, telegram: Telegram) -> None:
    people = [telegram.join(f"Person {number}", started=True) for number in range(12)]
    at_once, heard = [0], []

    async def hook(request: web.Request) -> web.Response:
        at_once.append(at_once[-1] + 1)
        who = (await request.json())["message"]["from"]["id"]
        refuses = who % 3 == 0 and who not in heard
        heard.append(who)
        await asyncio.sleep(0.01)
        at_once.append(at_once[-1] - 1)
        return web.Response(status=500 if refuses else 200)

    runner = web.ServerRunner(web.Server(hook))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    telegram.call("setWebhook", {"url": f"http://127.0.0.1:{runner.addresses[0][1]}/", "max_connections": 3})
    for person in people:
        telegram.say(person, "Hello")
    await soon(lambda: not telegram.updates)
    await runner.cleanup()

    assert max(at_once) == 3
    assert sorted(heard) == sorted([person.id for person in people] + [p.id for p in people if p.id % 3 == 0])


async def test_a_proxy_that_lost_the_answer_says_502_and_the_message_is_there(
    web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person
) -> None:
    await sim(web_client, "faults", kind="server_error", taken=True, times=1)

    async with web_client.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": asha.id, "text": "One"}) as answer:
        status, kind = answer.status, answer.content_type

    assert (status, kind) == (502, "text/html")
    assert [message["text"] for message in telegram.inbox(asha)] == ["One"]


@pytest.mark.parametrize(
    ("kind", "status", "parameters"), [("too_many", 429, {"retry_after": 7}), ("server_error", 502, None), ("unauthorized", 401, None)]
)  # fmt: skip
async def test_refusals_on_demand_take_nothing(
    web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person, kind: str, status: int, parameters: Any
) -> None:
    await sim(web_client, "faults", kind=kind, times=1, retry_after=7)

    first = await api(web_client, "sendMessage", chat_id=asha.id, text="One")
    second = await api(web_client, "sendMessage", chat_id=asha.id, text="Two")

    assert (first[0], first[1].get("parameters"), second[0]) == (status, parameters, 200)
    assert [message["text"] for message in telegram.inbox(asha)] == ["Two"]


@pytest.mark.parametrize(("kind", "arrived"), [("drop", []), ("lose_answer", ["One"])])
async def test_a_dropped_connection_and_a_lost_answer_look_alike_and_are_not(
    web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person, kind: str, arrived: list[str]
) -> None:
    await sim(web_client, "faults", kind=kind, methods=["sendMessage"], chat_id=asha.id)

    with pytest.raises(aiohttp.ClientConnectionError):
        await api(web_client, "sendMessage", chat_id=asha.id, text="One")
    async with web_client.delete("/sim/faults") as answer:
        left = await answer.json()

    assert [message["text"] for message in telegram.inbox(asha)] == arrived
    assert (left, telegram.accepted) == ([], len(arrived))


async def test_two_people_play_the_whole_thing_by_http(web_client: aiohttp.ClientSession, telegram: Telegram) -> None:
    zoe = await sim(web_client, "people", first_name="Zoe", language_code="en", zone="Europe/London", country="GB")
    said = await sim(web_client, f"people/{zoe['id']}/open", payload="p_1")
    await sim(web_client, f"people/{zoe['id']}/send", photo=True, text="Look")
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    _, sent = await api(web_client, "sendMessage", chat_id=zoe["id"], text="Well?", reply_markup=keyboard)
    number = sent["result"]["message_id"]
    await sim(web_client, f"people/{zoe['id']}/react", message_id=number, emoji="🙏")
    tapping = asyncio.create_task(
        sim(web_client, f"people/{zoe['id']}/tap", message_id=number, row=0, column=0, wait=True)
    )
    query = (await soon(lambda: telegram.queries))["1001"]
    await api(web_client, "answerCallbackQuery", callback_query_id=query.id, text="Good")
    tapped = await tapping
    await sim(web_client, f"people/{zoe['id']}/edit", message_id=said["message_id"], text="Hello")
    await sim(web_client, f"people/{zoe['id']}/delete", message_id=number)
    blocked = await sim(web_client, f"people/{zoe['id']}/block")
    async with web_client.get(f"/sim/people/{zoe['id']}/chat") as answer:
        phone = await answer.json()
    async with web_client.get("/sim/state") as answer:
        state = await answer.json()

    assert tapped == {"query_id": "1001", "answer": {"text": "Good", "show_alert": False}}
    assert [message.get("text", message.get("caption")) for message in phone["messages"]] == ["Hello", "Look"]
    assert blocked == {**zoe, "started": True, "blocked": True}
    assert (zoe["title"], state["people"], state["now"]) == ("Zoe in London", [blocked], "2026-03-02T12:00:00+00:00")


async def test_what_cannot_be_done_is_said_in_a_sentence(web_client: aiohttp.ClientSession, asha: Person) -> None:
    async with web_client.post(f"/sim/people/{asha.id}/tap", json={"message_id": 99}) as answer:
        said = answer.status, await answer.json()
    async with web_client.post("/sim/people/1/send", json={"text": "x"}) as answer:
        nobody = answer.status, await answer.json()
    async with web_client.post("/sim/nothing", json={}) as answer:
        nothing = answer.status

    assert said == (400, {"error": "there is no message 99 in this chat"})
    assert nobody == (400, {"error": "nobody here has the id 1"})
    assert nothing == 404


async def test_another_site_cannot_play_with_the_sandbox(web_client: aiohttp.ClientSession, asha: Person) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    async with web_client.post(f"/sim/people/{asha.id}/block", json={}, headers=headers) as answer:
        status = answer.status

    assert (status, asha.blocked) == (403, False)


async def test_events_tell_what_happens_and_can_be_taken_up_again(
    web_client: aiohttp.ClientSession, telegram: Telegram, asha: Person
) -> None:
    start = telegram.seq
    async with web_client.get("/sim/events", headers={"Last-Event-ID": str(start)}) as stream:
        telegram.say(asha, "One")
        await api(web_client, "sendMessage", chat_id=asha.id, text="Two")
        seen = [await next_event(stream) for _ in range(4)]
    async with web_client.get("/sim/events", params={"after": seen[1]["seq"]}) as stream:
        again = [await next_event(stream) for _ in range(2)]

    assert [(event["type"], event.get("chat_id")) for event in seen] == [
        ("message", asha.id),
        ("update", None),
        ("message", asha.id),
        ("call", asha.id),
    ]
    assert seen[0]["data"]["text"] == "One"
    assert seen[3]["data"]["params"] == {"chat_id": asha.id, "text": "Two"}
    assert again == seen[2:]


async def test_a_reader_who_was_away_too_long_is_told_to_look_again(
    web_client: aiohttp.ClientSession, telegram: Telegram
) -> None:
    for _ in range(10_001):
        telegram.tell("fault", None, [])

    async with web_client.get("/sim/events", params={"after": 0}) as stream:
        event = await next_event(stream)

    assert event == {"seq": telegram.seq, "type": "resync", "data": {}}


async def test_a_turn_of_the_clock_waits_until_the_bot_has_seen_it(
    web_client: aiohttp.ClientSession, clock: SandboxClock
) -> None:
    async with web_client.get("/sim/clock/stream") as stream:
        first = json.loads(await stream.content.readline())
        turning = asyncio.create_task(sim(web_client, "clock", advance_seconds=3600))
        offsets = [first["offset_ms"]]
        for _ in range(2):  # an hour goes in two steps, so that nothing on the way is too late to be of use
            step = json.loads(await stream.content.readline())
            offsets.append(step["offset_ms"])
            assert not turning.done()
            await sim(web_client, "clock/seen", version=step["version"])
        turned = await asyncio.wait_for(turning, 4)

    assert offsets == [0, 1_800_000, 3_600_000]
    assert turned == {"now": "2026-03-02T13:00:00+00:00", "offset_ms": 3_600_000, "version": 2, "followed": True}


async def test_a_leap_of_the_clock_is_one_turn(web_client: aiohttp.ClientSession, clock: SandboxClock) -> None:
    async with web_client.get("/sim/clock/stream") as stream:
        await stream.content.readline()
        turning = asyncio.create_task(sim(web_client, "clock", advance_seconds=36000, jump=True))
        step = json.loads(await stream.content.readline())
        await sim(web_client, "clock/seen", version=step["version"])
        turned = await asyncio.wait_for(turning, 4)
    assert (step["offset_ms"], turned["version"]) == (36_000_000, 1)


async def test_an_upload_is_told_of_by_its_size_and_breaks_no_stream(
    server: Server, telegram: Telegram, web_client: aiohttp.ClientSession, asha: Person
) -> None:
    """A picture the bot sends is an event like any other."""
    form = aiohttp.FormData({"chat_id": str(asha.id)})
    form.add_field("photo", made_up_photo().body, filename="week.png")
    async with web_client.post(f"/bot{TOKEN}/sendPhoto", data=form) as answer:
        assert (await answer.json())["ok"]
    async with web_client.get("/sim/events", params={"after": "0"}) as stream:
        told = b""
        while b"sendPhoto" not in told:
            told += await asyncio.wait_for(stream.content.readline(), 4)


async def test_the_clock_can_be_set_turned_to_the_next_prompt_and_let_go(
    server: Server, web_client: aiohttp.ClientSession, clock: SandboxClock
) -> None:
    async def next_prompt() -> Any:
        return clock.now() + timedelta(hours=9)

    server.next_prompt = next_prompt
    shown = [
        (await sim(web_client, "clock", set="2026-03-01T10:00:00+05:30"))["now"],
        (await sim(web_client, "clock", next_prompt=True))["now"],
        (await sim(web_client, "clock", real=True))["now"],
    ]

    assert shown == ["2026-03-01T04:30:00+00:00", "2026-03-01T13:30:00+00:00", "2026-03-02T12:00:00+00:00"]


async def test_the_clock_leaps_over_quiet_days_to_the_look_back_and_walks_through_it(
    server: Server, web_client: aiohttp.ClientSession, clock: SandboxClock
) -> None:
    """Days in which nobody would answer pass at once; from the first look back to the last, half an hour at a time."""
    first, last = clock.now() + timedelta(days=4), clock.now() + timedelta(days=4, hours=2)

    async def next_week() -> Any:
        return first, last

    server.next_week = next_week
    shown: list[Any] = []
    clock.subscribe(lambda: shown.append(clock.now()))
    async with web_client.get("/sim/clock/stream") as stream:
        assert await stream.content.readline()

        async def follow() -> None:
            async for line in stream.content:
                told = json.loads(line)
                await sim(web_client, "clock/seen", version=told["version"], follower=told["follower"])

        following = asyncio.create_task(follow())
        turned = await sim(web_client, "clock", next_week=True)
        following.cancel()
    assert turned["followed"]
    assert shown == [first + timedelta(minutes=30 * number) for number in range(-1, 5)]
    assert shown[-1] == last


async def test_the_page_may_load_nothing_from_elsewhere(web_client: aiohttp.ClientSession) -> None:
    async with web_client.get("/") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


async def test_the_journal_can_be_read_and_emptied(web_client: aiohttp.ClientSession, asha: Person) -> None:
    await api(web_client, "sendMessage", chat_id=asha.id, text="One")
    await api(web_client, "sendMessage", chat_id=7, text="Two")
    async with web_client.get("/sim/journal", params={"method": "sendMessage", "chat_id": 7}) as answer:
        read = await answer.json()
    async with web_client.get("/sim/journal", params={"last": 1}) as answer:
        assert [call["params"]["text"] for call in (await answer.json())["calls"]] == ["Two"]
    async with web_client.delete("/sim/journal") as answer:
        emptied = await answer.json()

    assert read == {
        "calls": [
            {
                "at": "2026-03-02T12:00:00+00:00",
                "method": "sendMessage",
                "params": {"chat_id": 7, "text": "Two"},
                "ok": False,
                "error": {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"},
            }
        ],
        "accepted": 1,
    }
    assert emptied == {"calls": [], "accepted": 0}


async def test_a_route_can_be_added(server: Server, web_client: aiohttp.ClientSession) -> None:
    server.routes["GET", "/sim/deliveries"] = lambda given: [given]

    async with web_client.get("/sim/deliveries", params={"state": "waiting"}) as answer:
        assert await answer.json() == [{"state": "waiting"}]


@pytest.mark.parametrize("path", ["/../telegram.py", "/%2e%2e/telegram.py", "//etc/passwd", "/page/../../server.py"])
async def test_only_the_pages_own_files_are_served(server: Server, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.split(b"\r\n")[0] == b"HTTP/1.1 404 Not Found"


async def test_a_taken_port_is_the_callers_to_explain(server: Server, telegram: Telegram, clock: SandboxClock) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await Server(telegram, clock, port=server.port).start()


async def next_event(stream: aiohttp.ClientResponse) -> Any:
    async with asyncio.timeout(5):
        while not (line := await stream.content.readline()).startswith(b"data: "):
            pass
    return json.loads(line.removeprefix(b"data: "))


async def soon(look: Any) -> Any:
    """What *look* sees once there is something, within five seconds."""
    async with asyncio.timeout(5):
        while not (seen := look()):
            await asyncio.sleep(0.005)
    return seen
