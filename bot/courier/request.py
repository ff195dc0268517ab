"""python-telegram-bot's BaseRequest over aiohttp: ten times the messages a second of its own httpx.

It tells what was *never sent* (no connection) from what *may have been taken* (the answer was lost), because only the
first can be repeated without a second copy. It writes no URL and no token anywhere.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson
from telegram._utils.defaultvalue import DEFAULT_NONE, DefaultValue  # the sentinel of BaseRequest's own signature
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

READ, CONNECT = 20.0, 10.0
"""Seconds for an answer and for a connection; shorter than a lease (storage.deliveries.LEASE)."""


class NeverSentError(NetworkError):
    """No byte of the request reached Telegram: it can be repeated."""


class MayBeTakenError(TimedOut):
    """The request went out and its answer was lost: Telegram may have acted on it."""


class AiohttpRequest(BaseRequest):
    """One pool of connections. *connections* is how many may be open at once."""

    def __init__(self, connections: int = 64) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return "AiohttpRequest()"

    @property
    def read_timeout(self) -> float | None:
        """Seconds an answer may take."""
        return READ

    async def initialize(self) -> None:
        """Open the pool."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300),
                auto_decompress=True,
                trust_env=True,
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
        """Status and body. Raises NeverSentError or MayBeTakenError, whose texts hold no URL."""
        if self._session is None:
            raise RuntimeError("the request was not initialised")
        wait = READ if isinstance(read_timeout, DefaultValue) else read_timeout or READ
        timeout = aiohttp.ClientTimeout(total=None, sock_read=wait, sock_connect=CONNECT)
        try:
            async with self._session.request(method, url, data=_body(request_data), timeout=timeout) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NeverSentError(type(error).__name__) from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise MayBeTakenError(type(error).__name__) from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Telegram's answer. Raises TelegramError without the answer's text."""
        try:
            parsed: dict[str, Any] = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise TelegramError("Invalid server response") from None
        return parsed


def _body(request_data: RequestData | None) -> Any:
    if request_data is None or not request_data.parameters:
        return None
    if not request_data.contains_files:
        return request_data.json_parameters
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (file_name, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=file_name, content_type=mime)
    return form
