"""python-telegram-bot's BaseRequest over aiohttp: ten times the messages a second of its own httpx.

It tells what was *never sent* (no connection, a refusal by something in between) from what *may have been taken* (the
answer was lost), because only the first can be repeated without a second copy. It writes no URL and no token anywhere,
and does not try anything twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
from telegram._utils.defaultvalue import DEFAULT_NONE, DefaultValue  # the sentinel of BaseRequest's own signature
from telegram._utils.types import ODVInput
from telegram.error import BadRequest, NetworkError, RetryAfter, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

READ, CONNECT = 20.0, 10.0
"""Seconds for an answer, and for a connection with its place in the pool, its name and its TLS."""
LONGEST = 30.0
"""Seconds a request may take beyond both, for a file on a slow line; all three end before a lease
(storage.deliveries.LEASE)."""
TOO_MANY = 5
"""Seconds to wait after a 429 that does not say how long."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": BaseRequest.USER_AGENT}
_JSON = {"Content-Type": "application/json", "User-Agent": BaseRequest.USER_AGENT}
_NOWHERE = URL()
LEAVING: ContextVar[Callable[[], None] | None] = ContextVar("LEAVING", default=None)
"""What hears, in the task that sends, that there is a connection: only now can Telegram hear of it."""
_PLAIN = {"User-Agent": BaseRequest.USER_AGENT}


class NeverSentError(NetworkError):
    """Telegram did not get the request: it can be repeated. The text is a fixed reason."""


class MayBeTakenError(TimedOut):
    """The request went out and its answer was lost: Telegram may have acted on it. The text is a fixed reason."""


class _Json:
    """A request's body, written down already. RequestData itself is final."""

    __slots__ = ("body",)
    contains_files = False

    def __init__(self, body: bytes) -> None:
        self.body = body


def as_json(parameters: dict[str, Any]) -> RequestData:
    """Parameters without files, as JSON, which Telegram takes too (core.telegram.org/bots/api#making-requests).

    A form of the same costs a tenth of a whole send more. Raises BadRequest for text that is none (half a surrogate).
    """
    try:
        body = orjson.dumps({name: value for name, value in parameters.items() if value is not None})
    except TypeError:
        raise BadRequest("cannot be written down") from None
    return cast("RequestData", _Json(body))


class _Connector(aiohttp.TCPConnector):
    """aiohttp's pool. A new connection takes several times as long as the way to Telegram."""

    async def connect(self, *asked: Any, **how: Any) -> aiohttp.connector.Connection:
        """A connection, from the pool or new."""
        connection = await super().connect(*asked, **how)
        if (leaving := LEAVING.get()) is not None:
            asyncio.get_running_loop().call_soon(leaving)  # uvloop writes at the end of this turn
        return connection


class AiohttpRequest(BaseRequest):
    """One pool of connections. *connections* is how many may be open at once; *read* and *connect* are seconds."""

    __slots__ = ("_connect", "_connections", "_proxies", "_read", "_session", "_timeout", "_urls")

    def __init__(self, connections: int = 64, *, read: float = READ, connect: float = CONNECT) -> None:
        self._connections = connections
        self._read, self._connect = read, connect
        self._timeout = self._patience(read)
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}
        self._proxies: dict[str, str | None] = {}

    def __repr__(self) -> str:
        return "AiohttpRequest()"

    @property
    def read_timeout(self) -> float | None:
        """Seconds an answer may take."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=_Connector(limit=self._connections, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = DEFAULT_NONE,
        write_timeout: ODVInput[float] = DEFAULT_NONE,  # noqa: ARG002
        connect_timeout: ODVInput[float] = DEFAULT_NONE,  # noqa: ARG002
        pool_timeout: ODVInput[float] = DEFAULT_NONE,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """Status and body of an answer that is Telegram's own.

        Raises NeverSentError, MayBeTakenError, RetryAfter (a 429 that does not say how long) or BadRequest (too large,
        not text); their texts hold no URL.
        """
        if self._session is None or self._session.closed:
            raise NeverSentError("not open")
        timeout = (
            self._timeout if isinstance(read_timeout, DefaultValue) else self._patience(read_timeout or self._read)
        )
        try:
            body, headers = _body(request_data)
        except (UnicodeError, TypeError):
            raise BadRequest("cannot be written down") from None
        where = self._url(url)
        try:
            async with self._session.request(
                method,
                where,
                data=body,
                headers=headers,
                timeout=timeout,
                proxy=self._proxy(where),
                allow_redirects=False,
            ) as response:
                status, answer = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            raise NeverSentError(type(error).__name__) from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise MayBeTakenError(type(error).__name__) from None
        if not 200 <= status < 300:
            _check_refusal(status, answer)
        return status, answer

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Telegram's answer. Raises MayBeTakenError, without a word of it, when it cannot be read."""
        parsed = _read_object(payload)
        if parsed is None or ("result" not in parsed and parsed.get("ok") is not False):
            raise MayBeTakenError("unreadable answer")
        return parsed

    def _patience(self, read: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=self._connect + read + LONGEST, connect=self._connect, sock_connect=self._connect, sock_read=read
        )

    def _url(self, url: str) -> URL:
        """*url*, parsed once for each method of Telegram; files have ever new ones, which are not kept."""
        parsed = self._urls.get(url)
        if parsed is None:
            parsed = URL(url)
            if len(self._urls) < 256:
                self._urls[url] = parsed
        return parsed

    def _proxy(self, url: URL) -> str | None:
        """The environment's proxy for *url*. aiohttp's trust_env would ask again, in a thread, for every request."""
        key = f"{url.scheme}://{url.host}"
        if key not in self._proxies:
            self._proxies[key] = None if proxy_bypass(url.host or "") else getproxies().get(url.scheme)
        return self._proxies[key]


def _check_refusal(status: int, answer: bytes) -> None:
    """Let through what Telegram itself refused; raise for pages that something on the way wrote."""
    said = _read_object(answer)
    telegrams = said is not None and said.get("ok") is False
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        if not (telegrams and said is not None and (said.get("parameters") or {}).get("retry_after")):
            raise RetryAfter(TOO_MANY)
    elif status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise BadRequest("request entity too large")
    elif telegrams:
        return
    elif 300 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:
        # a login page, a firewall: it answered instead of passing the request on
        raise NeverSentError("refused on the way")
    else:
        raise MayBeTakenError("broken on the way")


def _read_object(payload: bytes) -> dict[str, Any] | None:
    try:
        parsed = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _body(request_data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    if request_data is None:
        return None, _PLAIN
    if isinstance(request_data, _Json):
        return request_data.body, _JSON
    if not request_data.contains_files:
        values = {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in request_data.parameters.items()
        }
        # yarl quotes in C: a tenth of urlencode's time for text that is not Latin
        return _NOWHERE.with_query(values).raw_query_string.encode(), _FORM
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (file_name, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=file_name, content_type=mime)
    return form, _PLAIN
