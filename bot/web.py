"""What the world may ask over HTTP: health, metrics, and Telegram's webhook. Nothing about any person."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from bot.chat import shape
from bot.metrics import CONTENT_TYPE, Metrics
from bot.settings import Settings, networks
from bot.storage import outlook
from bot.storage.migrations import KNOWN
from bot.storage.store import AwayError, Store

if TYPE_CHECKING:
    from bot.chat.intake import Intake

log = logging.getLogger(__name__)
LARGEST_UPDATE = 1024 * 1024
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name


class Web:
    """The HTTP side of one process."""

    def __init__(self, settings: Settings, store: Store, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._settings, self._store, self._metrics, self._now = settings, store, metrics, now
        self._sources, self._proxies = networks(settings.webhook_sources), networks(settings.webhook_proxies)
        self.intake: Intake | None = None
        """Who hears; until there is one, updates are to be sent again."""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        application = web.Application(client_max_size=LARGEST_UPDATE)
        application.router.add_get("/healthz", self._alive)
        application.router.add_get("/readyz", self._ready)
        application.router.add_get("/metrics", self._figures)
        if self._settings.webhook_url is not None:
            application.router.add_post("/telegram", self._update)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.http_host, self._settings.http_port).start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, which a port of 0 leaves to the system."""
        host, port = self._runner.addresses[0][:2] if self._runner is not None else ("", 0)
        return str(host), int(port)

    async def stop(self) -> None:
        """Stop listening; what is being answered is finished."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _ready(self, _request: web.Request) -> web.Response:
        """Whether prompts and answers go out from here; what is missing by name."""
        missing = []
        try:
            schema = await self._store.read(outlook.version)
        except AwayError:
            missing.append("database")
        else:
            if schema is None or schema in KNOWN[:-1]:  # a newer one is an upgrade under way, made to be lived with
                missing.append("schema")
            if self._metrics.database_away:
                missing.append("database")
        if not self._metrics.beats:
            missing.append("pulse")
        if not self._metrics.reaches_telegram:
            missing.append("telegram")
        if missing:
            return web.json_response({"ready": False, "missing": missing}, status=503)
        return web.json_response({"ready": True})

    async def _figures(self, _request: web.Request) -> web.Response:
        now = self._now()
        try:
            found = await self._store.read(lambda db: outlook.unsettled(db, now))
        except AwayError:
            self._metrics.outlook(None)
        else:
            age = (now - found.oldest).total_seconds() if found.oldest is not None else 0.0
            counts = {"due": found.due, "waiting": found.waiting, "sending": found.sending}
            self._metrics.outlook(counts, max(0.0, age))
        return web.Response(body=self._metrics.page(), headers={"Content-Type": CONTENT_TYPE})

    async def _update(self, request: web.Request) -> web.Response:
        """One update; 200 only after it was handled, 503 when too many are at work: Telegram sends it again."""
        secret = self._settings.webhook_secret.get_secret_value() if self._settings.webhook_secret else ""
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return web.Response(status=403)
        if self._sources and not self._from_a_source(request):
            log.warning(
                "an update with the right secret came from elsewhere than WEBHOOK_SOURCES says, and was refused"
            )
            return web.Response(status=403)
        body = await request.read()
        if self.intake is None:
            return web.Response(status=503)
        try:
            raw = orjson.loads(body)
        except orjson.JSONDecodeError:
            raw = None
        if shape.number_of(raw) is None:
            log.warning("what is no update was refused")
            return web.Response(status=400)
        try:
            return web.Response(status=200 if await self.intake.one(raw) else 503)
        except AwayError:
            return web.Response(status=503)

    def _from_a_source(self, request: web.Request) -> bool:
        """Whether it comes from WEBHOOK_SOURCES; what says for whom it is passed on is believed of WEBHOOK_PROXIES alone.

        Each hop writes whom it heard from at the end of X-Forwarded-For, so it is read from there, as far as the hops are
        ours. What stands before that, anybody can have written.
        """
        hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
        try:
            caller = _address(request.remote or "")
            while hops and any(caller in network for network in self._proxies):
                caller = _address(hops.pop())
        except ValueError:
            return False
        return any(caller in network for network in self._sources)


def _address(given: str) -> IPv4Address | IPv6Address:
    """An address; of a socket that hears both kinds, as the old kind. Raises ValueError."""
    address = ip_address(given)
    return getattr(address, "ipv4_mapped", None) or address
