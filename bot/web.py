"""What the world may ask over HTTP: health, metrics, and Telegram's webhook. Nothing about any person."""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING

import orjson
from aiohttp import web
from sqlalchemy import text
from telegram import Update

from bot.settings import Settings
from bot.storage.store import AwayError, Store

if TYPE_CHECKING:
    from bot.chat.intake import Intake
    from bot.delivery.pulse import Pulse

log = logging.getLogger(__name__)
LARGEST_UPDATE = 1024 * 1024
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name


class Web:
    """The HTTP side of one process."""

    def __init__(self, settings: Settings, store: Store, intake: Intake, pulse: Pulse) -> None:
        self._settings, self._store, self._intake, self._pulse = settings, store, intake, pulse
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        application = web.Application(client_max_size=LARGEST_UPDATE)
        application.router.add_get("/healthz", self._alive)
        application.router.add_get("/readyz", self._ready)
        if self._settings.webhook_url is not None:
            application.router.add_post("/telegram", self._update)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.http_host, self._settings.http_port).start()

    async def stop(self) -> None:
        """Stop listening; what is being answered is finished."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _ready(self, _request: web.Request) -> web.Response:
        try:
            await self._store.read(lambda db: db.execute(text("SELECT 1")).scalar())
        except AwayError:
            return web.json_response({"ready": False, "why": "database"}, status=503)
        return web.json_response({"ready": True})

    async def _update(self, request: web.Request) -> web.Response:
        """One update; 200 only after it was handled, 503 when too many are at work: Telegram sends it again."""
        secret = self._settings.webhook_secret.get_secret_value() if self._settings.webhook_secret else ""
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return web.Response(status=403)
        try:
            body = orjson.loads(await request.read())
            if not isinstance(body, dict) or not isinstance(body.get("update_id"), int):
                raise TypeError("not an update")
            update = Update.de_json(body, self._intake.application.bot)
        except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError, ValueError):
            log.warning("an update that cannot be read was refused")
            return web.Response(status=400)
        try:
            return web.Response(status=200 if await self._intake.one(update) else 503)
        except AwayError:
            return web.Response(status=503)
