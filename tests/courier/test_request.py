"""What never left is told from what may have been taken, and nothing that was sent or kept secret is ever shown."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.courier.request import AiohttpRequest, MayBeTakenError, NeverSentError, _body
from bot.sandbox.telegram import TOKEN
from tests.courier.conftest import Answer, bot_at

Road = Callable[[Answer], Awaitable[str]]
SECRET = "She made tea before I asked"


async def heard(reader: asyncio.StreamReader) -> bytes:
    """One whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return head + await reader.readexactly(length)


def says(status: int, body: str, *, kind: str = "application/json") -> Answer:
    """Someone who hears a request and answers it with *status*."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nLocation: /login\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()

    return answer


def refusal(status: int, description: str, **parameters: int) -> Answer:
    """Telegram's own no."""
    told = {"ok": False, "error_code": status, "description": description}
    return says(status, json.dumps({**told, "parameters": parameters} if parameters else told))


async def cut_before_reading(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """The connection opens and ends."""


async def cut_after_reading(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await heard(reader)


async def cut_in_the_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await heard(reader)
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"ok":true,')
    await writer.drain()


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await heard(reader)
    await reader.read()


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await heard(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    await reader.read()


HTML = "<html><h1>Welcome to the hotel</h1></html>"
TABLE: list[tuple[str, Answer, type[TelegramError]]] = [
    ("cut before reading", cut_before_reading, MayBeTakenError),
    ("cut after reading", cut_after_reading, MayBeTakenError),
    ("cut in the answer", cut_in_the_answer, MayBeTakenError),
    ("no answer", silence, MayBeTakenError),
    ("half an answer", trickle, MayBeTakenError),
    ("a proxy's 502", says(502, HTML), MayBeTakenError),
    ("a proxy's 504", says(504, ""), MayBeTakenError),
    ("a proxy's JSON", says(503, '{"message": "try again"}'), MayBeTakenError),
    ("a page instead of an answer", says(200, HTML), MayBeTakenError),
    ("a list instead of an answer", says(200, "[]"), MayBeTakenError),
    ("an answer without its result", says(200, '{"ok": true}'), MayBeTakenError),
    ("a firewall's 403", says(403, HTML), NeverSentError),
    ("a firewall's 404", says(404, HTML), NeverSentError),
    ("a login page", says(302, HTML), NeverSentError),
    ("a 429 of the road", says(429, HTML), RetryAfter),
    ("a 429 that does not say how long", refusal(429, "Too Many Requests"), RetryAfter),
    ("a 429", refusal(429, "Too Many Requests: retry after 35", retry_after=35), RetryAfter),
    ("too large for the road", says(413, HTML), BadRequest),
    ("Telegram's 400", refusal(400, "Bad Request: chat not found"), BadRequest),
    ("Telegram's 401", refusal(401, "Unauthorized"), InvalidToken),
    ("Telegram's 403", refusal(403, "Forbidden: bot was blocked by the user"), Forbidden),
    ("Telegram's 500", refusal(500, "Internal Server Error"), NetworkError),
]


@pytest.mark.parametrize(("answer", "error"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
async def test_every_trouble_has_the_right_name(road: Road, answer: Answer, error: type[TelegramError]) -> None:
    async with bot_without_hello(await road(answer), read=0.2) as bot:
        with pytest.raises(TelegramError) as raised:
            await bot.send_message(1, SECRET)
    assert type(raised.value) is error
    assert SECRET not in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_server_that_is_not_there_was_never_sent_anything() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        async with bot_without_hello(f"http://127.0.0.1:{taken.getsockname()[1]}") as bot:
            with pytest.raises(NeverSentError):
                await bot.send_message(1, SECRET)


async def test_a_name_that_does_not_resolve_was_never_sent_anything() -> None:
    async with bot_without_hello("http://telegram.invalid") as bot:
        with pytest.raises(NeverSentError):
            await bot.send_message(1, SECRET)


async def test_a_handshake_that_fails_was_never_sent_anything(road: Road) -> None:
    address = await road(says(200, HTML))
    async with bot_without_hello(address.replace("http:", "https:"), connect=0.3) as bot:
        with pytest.raises(NeverSentError):
            await bot.send_message(1, SECRET)


async def test_whoever_waited_in_vain_for_a_connection_was_never_sent(road: Road) -> None:
    """Four connections, all held by requests without an answer; the fifth request has not left the house."""
    async with bot_without_hello(await road(silence), read=1.0, connect=0.2) as bot:
        outcomes = await asyncio.gather(*(bot.send_message(n, SECRET) for n in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["MayBeTakenError"] * 4 + ["NeverSentError"]


async def test_a_closed_pool_sends_nothing() -> None:
    request = AiohttpRequest()
    with pytest.raises(NeverSentError):
        await request.do_request("http://127.0.0.1/", "POST")


async def test_neither_logs_nor_repr_show_the_token_or_what_was_said(
    road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    address = await road(says(502, HTML))
    async with bot_without_hello(address) as bot:
        with pytest.raises(MayBeTakenError):
            await bot.send_message(1, SECRET)
        shown = caplog.text + repr(bot.request)
    assert TOKEN not in shown
    assert SECRET not in shown


async def test_the_environments_proxy_is_used(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await heard(reader))
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{"ok":true,"result":true}')

    monkeypatch.setenv("http_proxy", await road(proxy))
    async with bot_without_hello("http://telegram.invalid") as bot:
        await bot.leave_chat(1)
    assert asked[0].startswith(b"POST http://telegram.invalid/bot")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["text", "caption", "name"]), st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_text_arrives_as_it_was_written(given_values: dict[str, str]) -> None:
    keyboard = {"inline_keyboard": [[{"text": "कुछ & more=less+1%", "callback_data": "done:1"}]]}
    data = RequestData(
        [RequestParameter(name, value, None) for name, value in {**given_values, "reply_markup": keyboard}.items()]
    )
    body, headers = _body(data)
    assert isinstance(body, bytes)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    arrived = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
    assert json.loads(arrived.pop("reply_markup")) == keyboard
    assert arrived == given_values


class bot_without_hello:  # noqa: N801 - reads as a function
    """A bot that does not ask getMe first, because nobody here would answer it."""

    def __init__(self, url: str, *, read: float = 5.0, connect: float = 5.0) -> None:
        self.bot = bot_at(url, read=read, connect=connect)

    async def __aenter__(self):  # type: ignore[no-untyped-def]
        await self.bot.request.initialize()
        return self.bot

    async def __aexit__(self, *_: object) -> None:
        await self.bot.request.shutdown()
