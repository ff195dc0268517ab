"""The sandbox over HTTP: the Bot API for the bot, `/sim/` for the people and tests, and the page.

One handler reads the path itself, because thousands of sends a second pass through here. It decides nothing that
Telegram decides: that is `telegram` and `methods`. It listens where it is told and keeps no log.
"""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import aiohttp
import orjson
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from bot.sandbox import methods, rules
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.rules import Json, Refusal, Upload
from bot.sandbox.telegram import Chat, Person, SandboxError, Telegram

PAGE = Path(__file__).parent / "page"
"""The page's own files."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: only what this server gives. The browser itself keeps it from asking anybody else."""
BODY_BYTES = 60 * 1024 * 1024
"""Largest request that is read: a file of 50 MB and what surrounds it."""
LONGEST_POLL = 50
"""Seconds that one getUpdates may wait."""
FOLLOW_SECONDS = 5
"""How long a turn of the clock waits for those who follow it."""
STEP = timedelta(minutes=30)
"""How far the clock is turned at once, so that nothing on the way comes too late to be of use."""
GONE_SECONDS = 3
"""After so long without a poll, the bot counts as offline."""
_REFUSED = "Connection refused"
_TAKEN_OVER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_PAGE_FILE = re.compile(r"(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)+")
_PERSON = re.compile(r"/sim/(people|groups)/(-?\d+)/(\w+)")

Handler = Callable[[Json], Any]
"""Takes the JSON of a request (its query, for GET) and gives what becomes JSON; may be a coroutine function."""


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=_shown, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.shown()


def _answer(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=_dump(body), status=status, content_type="application/json")


@dataclass(slots=True)
class _Follower:
    """A process that follows the clock, and the latest turn it has taken in."""

    id: int
    seen: int = -1
    turned: asyncio.Event = field(default_factory=asyncio.Event)


class Server:
    """Serves *telegram* and *clock* on *host* and *port* (0 takes a free one).

    *routes* may be added to before and after the start: ``server.routes["GET", "/sim/deliveries"] = handler``.
    *next_prompt*, when set, tells where ``POST /sim/clock {"next_prompt": true}`` turns the clock to; *next_week* between
    which moments the next week is looked back on.
    """

    def __init__(self, telegram: Telegram, clock: SandboxClock, host: str = "127.0.0.1", port: int = 0) -> None:
        self.telegram = telegram
        self.clock = clock
        self.host = host
        self.port = port
        self.next_prompt: Callable[[], Awaitable[datetime | None]] | None = None
        self.next_week: Callable[[], Awaitable[tuple[datetime, datetime] | None]] | None = None
        self.routes: dict[tuple[str, str], Handler] = {
            ("GET", "/sim/state"): self._state,
            ("POST", "/sim/people"): self._join,
            ("POST", "/sim/groups"): self._found_group,
            ("GET", "/sim/clock"): self._clock,
            ("POST", "/sim/clock"): self._turn,
            ("POST", "/sim/clock/seen"): self._seen,
            ("GET", "/sim/journal"): self._journal,
            ("DELETE", "/sim/journal"): self._forget_journal,
            ("GET", "/sim/faults"): self._faults,
            ("POST", "/sim/faults"): self._add_fault,
            ("DELETE", "/sim/faults"): self._clear_faults,
        }
        self._runner: web.ServerRunner | None = None
        self._poll: asyncio.Future[bool] | None = None
        self._polls = 0
        self._streams: set[asyncio.Event] = set()
        self._followers: dict[int, _Follower] = {}
        self._all_seen = asyncio.Event()
        self._closing = False
        self._ends: list[Callable[[], None]] = []
        self._postman: Postman | None = None

    @property
    def url(self) -> str:
        """Where it is to be found. The Bot API is at ``url + "/bot"``, files at ``url + "/file/bot"``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._closing = False
        server = web.Server(
            self._serve,
            request_factory=_request,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=75,
        )
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port, backlog=1024).start()
        except OSError:
            await self._runner.cleanup()
            self._runner = None
            raise
        self.port = self._runner.addresses[0][1]
        self._postman = Postman(self.telegram)
        self._ends = [self.telegram.watch(self._wake), self.clock.subscribe(self._tell_clock)]

    async def stop(self) -> None:
        """Hang up on everybody."""
        self._closing = True
        while self._ends:
            self._ends.pop()()
        self._wake_all()
        if self._postman is not None:
            await self._postman.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        if path.startswith("/bot"):
            return await self._bot_api(request, path[4:], query)
        if path.startswith("/file/bot"):
            return self._bot_file(path[9:])
        if path.startswith("/sim/"):
            return await self._sim(request, path, query)
        return await _page_file(path)

    # ---- the Bot API

    async def _bot_api(self, request: web.BaseRequest, rest: str, query: str) -> web.StreamResponse:
        token, _, method = rest.partition("/")
        if unquote(token) != self.telegram.token:
            await request.read()
            return _refuse(Refusal(401, "Unauthorized"))
        try:
            params, files = await _params(request, query)
        except (ValueError, UnicodeDecodeError):
            return _refuse(rules.bad("can't parse request body"))
        fault = self.telegram.faults.strike(method, params.get("chat_id")) if self.telegram.faults.active else None
        if fault is None:
            return await self._obeyed(method, params, files)
        if fault.kind == "drop":
            return _cut(request)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "server_error" and fault.taken:
            await self._obeyed(method, params, files)
            return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
        answer = await self._obeyed(method, params, files, fault=fault)
        return _cut(request) if fault.kind == "lose_answer" else answer

    async def _obeyed(
        self, method: str, params: Json, files: dict[str, Upload], *, fault: Fault | None = None
    ) -> web.Response:
        try:
            if method.lower() == "getupdates" and (fault is None or fault.refusal() is None):
                result = await self._updates(params)
            else:
                result = self.telegram.call(method, params, files=files, fault=fault)
        except Refusal as refusal:
            return _refuse(refusal)
        return web.Response(body=_dump({"ok": True, "result": result}), content_type="application/json")

    async def _updates(self, params: Json) -> Any:
        """getUpdates, waiting as long as it asks; a later one ends an earlier one."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(False)
        asked = rules.read("getUpdates", params)
        waits = min(max(asked.get("timeout", 0), 0), LONGEST_POLL)
        with self._online():
            if waits and not self.telegram.webhook["url"] and not methods.take_updates(self.telegram, asked):
                mine = self._poll = asyncio.get_running_loop().create_future()
                with suppress(TimeoutError):
                    if not await asyncio.wait_for(mine, waits):
                        refusal = Refusal(409, _TAKEN_OVER)
                        self.telegram.note("getUpdates", params, error=refusal)
                        raise refusal
            return self.telegram.call("getUpdates", params)

    @contextmanager
    def _online(self) -> Iterator[None]:
        """The bot is there while it polls; when a poll ends and none follows soon, it is gone."""
        self._polls += 1
        self.telegram.set_online(online=True)
        try:
            yield
        finally:
            self._polls -= 1
            if not self._closing:
                asyncio.get_running_loop().call_later(GONE_SECONDS, self._check_gone)

    def _check_gone(self) -> None:
        if self._polls == 0 and not self.telegram.webhook["url"]:
            self.telegram.set_online(online=False)

    def _bot_file(self, rest: str) -> web.Response:
        token, _, path = rest.partition("/")
        stored = self.telegram.files.at(unquote(path)) if unquote(token) == self.telegram.token else None
        if stored is None:
            return _refuse(Refusal(404, "Not Found"))
        return web.Response(body=stored.body, content_type=stored.mime)

    # ---- the people's side

    async def _sim(self, request: web.BaseRequest, path: str, query: str) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.headers.get("Host"):
            return _answer({"error": "only the sandbox's own page may ask"}, 403)
        try:
            if path == "/sim/events":
                return await self._events(request, dict(parse_qsl(query)))
            if path == "/sim/clock/stream":
                return await self._clock_stream(request)
            if path.startswith("/sim/files/"):
                return self._sim_file(unquote(path.removeprefix("/sim/files/")))
            given = await _given(request, query)
            found = await self._obey(request.method, path, given)
        except (SandboxError, Refusal, ValueError, TypeError, KeyError) as error:
            return _answer({"error": _said(error)}, 400)
        return _answer({"error": f"there is no {path} to {request.method}"}, 404) if found is None else found

    async def _obey(self, method: str, path: str, given: Json) -> web.Response | None:
        handler = self.routes.get((method, path))
        if handler is None:
            handler = self._personal(method, path)
        if handler is None:
            return None
        result = handler(given)
        if asyncio.iscoroutine(result):
            result = await result
        return _answer(result)

    def _personal(self, method: str, path: str) -> Handler | None:
        match = _PERSON.fullmatch(path)
        if match is None:
            return None
        number, verb = int(match[2]), match[3]
        if match[1] == "groups":
            chat = self.telegram.chats.get(number)
            if chat is None or chat.private:
                raise SandboxError(f"there is no group {number}")
            action = _IN_GROUP.get((method, verb))
            return (lambda given: action(self.telegram, chat, given)) if action else None
        person = self.telegram.person(number)
        deed = _BY_PERSON.get((method, verb))
        return (lambda given: deed(self.telegram, person, given)) if deed else None

    def _state(self, _given: Json) -> Json:
        return {**self.telegram.state(), "clock": {"offset_ms": self.clock.offset_ms, "version": self.clock.version}}

    def _join(self, given: Json) -> Json:
        names = ("last_name", "username", "language_code", "zone", "country", "id", "title", "started")
        details = {key: given[key] for key in names if given.get(key) is not None}
        return self.telegram.join(str(given["first_name"]), **details).shown()

    def _found_group(self, given: Json) -> Json:
        return self.telegram.found_group(str(given["title"]), self.telegram.person(int(given["by"]))).about

    def _journal(self, given: Json) -> Json:
        chat_id = given.get("chat_id")
        calls = self.telegram.journal(given.get("method"), int(chat_id) if chat_id is not None else None)
        calls = calls[-int(given.get("last", len(calls)) or 1) :]
        return {"calls": [call.shown() for call in calls], "accepted": self.telegram.accepted}

    def _forget_journal(self, _given: Json) -> Json:
        self.telegram.forget_journal()
        return {"calls": [], "accepted": 0}

    def _faults(self, _given: Json) -> list[Json]:
        return self.telegram.faults.shown()

    def _add_fault(self, given: Json) -> list[Json]:
        self.telegram.faults.add(**given)
        return self._tell_faults()

    def _clear_faults(self, given: Json) -> list[Json]:
        self.telegram.faults.clear(given.get("kind"))
        return self._tell_faults()

    def _tell_faults(self) -> list[Json]:
        shown = self.telegram.faults.shown()
        self.telegram.tell("fault", None, shown)
        return shown

    def _sim_file(self, file_id: str) -> web.Response:
        stored = self.telegram.files.find(file_id)
        if stored is None:
            return _answer({"error": "there is no such file"}, 404)
        return web.Response(body=stored.body, content_type=stored.mime, headers={"X-Content-Type-Options": "nosniff"})

    # ---- what happens, as it happens

    def _wake(self) -> None:
        if self.telegram.updates or self.telegram.webhook["url"]:
            if self._poll is not None and not self._poll.done():
                self._poll.set_result(True)
            if self._postman is not None:
                self._postman.look()
        for stream in self._streams:
            stream.set()

    def _wake_all(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(True)
        for stream in self._streams:
            stream.set()
        for follower in self._followers.values():
            follower.turned.set()

    async def _events(self, request: web.BaseRequest, query: dict[str, str]) -> web.StreamResponse:
        """Server-sent events, from number *after* (or Last-Event-ID) on; *resync* when that is too long ago."""
        last = query.get("after") or request.headers.get("Last-Event-ID")
        seq = int(last) if last is not None else self.telegram.seq
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        await stream.write(b": here\n\n")
        stirred = asyncio.Event()
        self._streams.add(stirred)
        try:
            while not self._closing:
                stirred.clear()
                events = self.telegram.events_after(seq)
                if (events and events[0].seq > seq + 1) or seq > self.telegram.seq:
                    await stream.write(_event_line(self.telegram.seq, {"type": "resync", "data": {}}))
                elif events:
                    lines = (_event_line(event.seq, self.telegram.event_json(event)) for event in events)
                    await stream.write(b"".join(lines))
                seq = events[-1].seq if events else min(seq, self.telegram.seq)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stirred.wait(), 15)
                    continue
                await stream.write(b": still here\n\n")
        except ConnectionError:
            pass  # the reader has gone, which is how every stream ends
        finally:
            self._streams.discard(stirred)
        return stream

    # ---- the clock

    def _clock(self, _given: Json) -> Json:
        return {"now": self.clock.now().isoformat(), "offset_ms": self.clock.offset_ms, "version": self.clock.version}

    async def _turn(self, given: Json) -> Json:
        """Turn the clock and wait until everyone who follows it has taken that in.

        Onwards it goes in small steps, as time does, unless ``"jump": true`` asks for a leap, as after a laptop's sleep.
        """
        if "set" in given:
            await self.turn_to(datetime.fromisoformat(str(given["set"])), jump=bool(given.get("jump")))
        elif "advance_seconds" in given:
            by = timedelta(seconds=float(given["advance_seconds"]))
            await self.turn_to(self.clock.now() + by, jump=bool(given.get("jump")))
        elif given.get("real"):
            self.clock.follow_real_time()
        elif given.get("next_prompt"):
            moment = None if self.next_prompt is None else await self.next_prompt()
            if moment is None:
                raise SandboxError("no prompt is due yet")
            await self.turn_to(moment, jump=False)
        elif given.get("next_week"):
            span = None if self.next_week is None else await self.next_week()
            if span is None:
                raise SandboxError("no prompt is due yet")
            await self._turn_over_week(*span)
        else:
            raise SandboxError("say set, advance_seconds, real, next_prompt or next_week")
        return {**self._clock({}), "followed": await self._followed(self.clock.version)}

    def follows(self) -> bool:
        """Whether somebody follows the clock."""
        return bool(self._followers)

    async def turn_to(self, moment: datetime, *, jump: bool = False) -> None:
        """Turn the clock to *moment*, onwards in small steps unless *jump*; returns when all who follow have seen it."""
        while not jump and self._followers and moment - self.clock.now() > STEP:
            self.clock.advance(STEP.total_seconds())
            await self._followed(self.clock.version)
        self.clock.set(moment)
        await self._followed(self.clock.version)

    async def _turn_over_week(self, first: datetime, last: datetime) -> None:
        """Turn to *last*. The days before *first* pass at once: a bot that nobody answers for days falls silent."""
        eve = first - STEP
        if eve - self.clock.now() > timedelta(hours=12):
            await self.turn_to(eve, jump=True)
        await self.turn_to(last)

    async def _followed(self, version: int) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + FOLLOW_SECONDS
        while any(follower.seen < version for follower in self._followers.values()):
            self._all_seen.clear()
            try:
                await asyncio.wait_for(self._all_seen.wait(), max(end - loop.time(), 0))
            except TimeoutError:
                return False
        return True

    def _seen(self, given: Json) -> Json:
        """A follower has taken in a turn; without its number this speaks for all of them."""
        named = given.get("follower")
        for follower in self._followers.values():
            if named is None or follower.id == int(named):
                follower.seen = max(follower.seen, int(given["version"]))
        self._all_seen.set()
        return {"ok": True}

    def _tell_clock(self) -> None:
        self.telegram.tell("clock", None, self._clock({}))
        for follower in self._followers.values():
            follower.turned.set()

    async def _clock_stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """One line of JSON at once and one for each turn."""
        stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await stream.prepare(request)
        follower = _Follower(id(stream))
        self._followers[follower.id] = follower
        told = -1
        try:
            while not self._closing:
                follower.turned.clear()
                if told != self.clock.version:
                    told = self.clock.version
                    line = {"offset_ms": self.clock.offset_ms, "version": told, "follower": follower.id}
                    await stream.write(_dump(line) + b"\n")
                await follower.turned.wait()
        except ConnectionError:
            pass  # it follows no more
        finally:
            del self._followers[follower.id]
            self._all_seen.set()
        return stream


# ---- what people can do, by path


async def _tap(tg: Telegram, person: Person, given: Json) -> Json:
    place = {key: int(given[key]) for key in ("row", "column") if key in given}
    query = tg.tap(person, int(given["message_id"]), **place, data=given.get("data"), label=given.get("label"))
    told: Json = {"query_id": query.id}
    if given.get("wait"):
        told["answer"] = await query.answered()
    return told


def _say(tg: Telegram, person: Person, given: Json) -> Json:
    attached = {key: value for key, value in given.items() if key not in {"text", "reply_to"}}
    return tg.say(person, given.get("text"), reply_to=given.get("reply_to"), **attached)


def _look(tg: Telegram, person: Person, given: Json) -> Json:
    return tg.shown(person, after=int(given["after"]) if "after" in given else None)


def _done(deed: Callable[[Telegram, Person, Json], None]) -> Callable[[Telegram, Person, Json], Json]:
    def then_show(tg: Telegram, person: Person, given: Json) -> Json:
        deed(tg, person, given)
        return person.shown()

    return then_show


_BY_PERSON: dict[tuple[str, str], Callable[[Telegram, Person, Json], Any]] = {
    ("GET", "chat"): _look,
    ("POST", "send"): _say,
    ("POST", "edit"): lambda tg, person, given: tg.edit(person, int(given["message_id"]), str(given["text"])),
    ("POST", "react"): _done(lambda tg, person, given: tg.react(person, int(given["message_id"]), given.get("emoji"))),
    ("POST", "delete"): _done(lambda tg, person, given: tg.delete(person, int(given["message_id"]))),
    ("POST", "tap"): _tap,
    ("POST", "open"): lambda tg, person, given: tg.open(person, str(given.get("payload", ""))),
    ("POST", "block"): _done(lambda tg, person, _given: tg.block(person)),
    ("POST", "unblock"): _done(lambda tg, person, _given: tg.unblock(person)),
    ("POST", "deactivate"): _done(lambda tg, person, _given: tg.deactivate(person)),
}


def _say_in_group(tg: Telegram, chat: Chat, given: Json) -> Json:
    by = tg.person(int(given["by"]))
    return tg.say_in_group(chat, by, str(given["text"]), reply_to=given.get("reply_to"))


_IN_GROUP: dict[tuple[str, str], Callable[[Telegram, Chat, Json], Any]] = {
    ("GET", "chat"): lambda tg, chat, _given: {"seq": tg.seq, "messages": tg.chat(chat)},
    ("POST", "send"): _say_in_group,
    ("POST", "migrate"): lambda tg, chat, _given: tg.migrate(chat).about,
}


# ---- reading and answering


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    """What aiohttp makes of a request, with room for files."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_BYTES)


async def _params(request: web.BaseRequest, query: str) -> tuple[Json, dict[str, Upload]]:
    """The parameters of a Bot API call, however they were sent, and the files beside them."""
    params: Json = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    kind = request.headers.get("Content-Type", "")
    if kind.startswith("multipart/"):
        return await _multipart(request, params)
    body = await request.read()
    if not body:
        return params, {}
    if kind.startswith("application/json"):
        given = orjson.loads(body)
        if not isinstance(given, dict):
            raise ValueError("an object was expected")
        params.update(given)
    else:
        params.update(parse_qsl(body.decode(), keep_blank_values=True))
    return params, {}


async def _multipart(request: web.BaseRequest, params: Json) -> tuple[Json, dict[str, Upload]]:
    files: dict[str, Upload] = {}
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
            raise ValueError("a part without a name")
        body = bytes(await part.read(decode=True))
        if part.filename is None:
            params[part.name] = body.decode()
        else:
            files[part.name] = Upload(part.filename, body, part.headers.get("Content-Type", "application/octet-stream"))
    for name in ("photo", "document", "voice", "audio", "video_note", "sticker"):
        if name in files:
            params[name] = files[name]
    return params, files


async def _given(request: web.BaseRequest, query: str) -> Json:
    given: Json = dict(parse_qsl(query))
    body = await request.read()
    if body:
        told = orjson.loads(body)
        if not isinstance(told, dict):
            raise SandboxError("an object was expected")
        given.update(told)
    return given


def _refuse(refusal: Refusal) -> web.Response:
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else None
    body = _dump(refusal.body())
    return web.Response(body=body, status=refusal.code, content_type="application/json", headers=headers)


def _cut(request: web.BaseRequest) -> web.Response:
    """End the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _said(error: Exception) -> str:
    if isinstance(error, Refusal):
        return error.description
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _event_line(seq: int, event: Json) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (seq, _dump({"seq": seq, **event}))


async def _page_file(path: str) -> web.StreamResponse:
    name = unquote(path).removeprefix("/") or "index.html"
    file = PAGE / name
    if not _PAGE_FILE.fullmatch(name) or not file.is_file():
        return web.Response(status=404, text="There is nothing here.\n")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": PAGE_POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    body = await asyncio.get_running_loop().run_in_executor(None, file.read_bytes)
    charset = "utf-8" if kind.startswith("text/") or kind.endswith(("javascript", "json")) else None
    return web.Response(body=body, content_type=kind, charset=charset, headers=headers)


# ---- the webhook


class Postman:
    """Brings updates to the bot's webhook: at most *max_connections* at once, again when it is not answered by 2xx.

    One chat's updates go one after the other, because a refused one blocks its chat; Telegram promises no order.
    """

    FIRST_PAUSE = 0.1
    LONGEST_PAUSE = 5.0
    """Real seconds before an update is brought again: they double up to the longest."""
    PATIENCE = 60
    """Seconds an answer may take."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._session: aiohttp.ClientSession | None = None
        self._url = ""
        self._latest = -1
        self._lanes: dict[int, deque[Json]] = {}
        self._ready: deque[int] = deque()
        self._pauses: dict[int, float] = {}
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._flying = 0

    def look(self) -> None:
        """Something happened: bring what is new."""
        hook = self._telegram.webhook
        if hook["url"] != self._url:
            self._forget(hook["url"])
        if not self._url:
            return
        fresh = []
        for update in reversed(self._telegram.updates):
            if update["update_id"] <= self._latest:
                break
            fresh.append(update)
        for update in reversed(fresh):
            self._latest = update["update_id"]
            chat = _chat_of(update)
            lane = self._lanes.setdefault(chat, deque())
            lane.append(update)
            if len(lane) == 1:
                self._ready.append(chat)
        self._dispatch()

    async def stop(self) -> None:
        """Let go of what is on its way."""
        self._stopped = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _forget(self, url: str) -> None:
        self._url = url
        self._latest = -1
        self._lanes = {}
        self._ready.clear()
        self._pauses.clear()

    def _dispatch(self) -> None:
        while self._ready and self._flying < self._telegram.webhook.get("max_connections", 40):
            self._flying += 1
            chat = self._ready.popleft()
            task = asyncio.get_running_loop().create_task(self._bring(self._lanes, chat, self._url))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _bring(self, lanes: dict[int, deque[Json]], chat: int, url: str) -> None:
        """Bring the first update of one chat; a refused one comes again before the chat's next."""
        update = lanes[chat][0]
        problem = await self._knock(url, update)
        self._flying -= 1
        self._telegram.set_online(online=problem != _REFUSED)
        if problem is None:
            self._brought(lanes, chat, update)
        else:
            self._telegram.webhook |= {"last_error_date": self._telegram.stamp(), "last_error_message": problem}
            pause = self._pauses.get(chat, self.FIRST_PAUSE)
            self._pauses[chat] = min(2 * pause, self.LONGEST_PAUSE)
            asyncio.get_running_loop().call_later(pause, self._again, lanes, chat)
        self._dispatch()

    def _brought(self, lanes: dict[int, deque[Json]], chat: int, update: Json) -> None:
        self._pauses.pop(chat, None)
        with suppress(ValueError):  # dropped in the meantime
            self._telegram.updates.remove(update)
        lanes[chat].popleft()
        if not lanes[chat]:
            del lanes[chat]
        elif lanes is self._lanes:
            self._ready.append(chat)

    def _again(self, lanes: dict[int, deque[Json]], chat: int) -> None:
        if lanes is self._lanes and not self._stopped:
            self._ready.appendleft(chat)
            self._dispatch()

    async def _knock(self, url: str, update: Json) -> str | None:
        """Post one update. Returns what went wrong, None when it was taken."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.PATIENCE)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
        headers = {"Content-Type": "application/json"}
        if secret := self._telegram.webhook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        try:
            async with self._session.post(url, data=_dump(update), headers=headers) as answer:
                await answer.read()
                if 200 <= answer.status < 300:
                    return None
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except (aiohttp.ClientError, OSError):
            return _REFUSED


def _chat_of(update: Json) -> int:
    """Whose update it is."""
    for content in update.values():
        if isinstance(content, dict):
            chat: Json = content.get("chat") or content.get("message", {}).get("chat") or content["from"]
            return int(chat["id"])
    return 0
