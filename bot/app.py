"""Where everything meets: builds it, starts it, stops it, in order. APScheduler's few jobs live here.

The scheduler knows UTC only and never a person's hour: it wakes the pulse, the sweep and the sweeper of dead leases.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, ApplicationBuilder, ExtBot

from bot.chat import routes
from bot.chat.desk import Desk
from bot.chat.intake import Intake, RevokedError
from bot.courier.courier import Courier
from bot.courier.request import AiohttpRequest
from bot.courier.throttle import PER_CHAT, Throttle
from bot.delivery.pulse import Pulse
from bot.delivery.sweep import sweep
from bot.settings import Settings, keys
from bot.speech import library
from bot.speech.voice import LOCALES
from bot.storage import columns, notes
from bot.storage.store import AwayError, Store, open_store
from bot.web import Web

os.environ.setdefault("PTB_TIMEDELTA", "true")  # otherwise every reading of retry_after warns
log = logging.getLogger(__name__)

Now = Callable[[], datetime]


def wall_clock() -> datetime:
    """The real moment."""
    return datetime.now(UTC)


class StartError(RuntimeError):
    """The bot cannot start; the message is a sentence that says what to do."""


@dataclass(slots=True)
class App:
    """The bot, whole. start(), run() until told to stop, stop()."""

    settings: Settings
    now: Now = wall_clock
    beat_every: float = 1.0
    """Seconds between two looks at the clock."""
    per_chat: float = PER_CHAT
    """Seconds between two messages to one chat."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    exit_status: int = 0
    store: Store = field(init=False)
    application: Application[Any, Any, Any, Any, Any, Any] = field(init=False)
    courier: Courier = field(init=False)
    pulse: Pulse = field(init=False)
    intake: Intake = field(init=False)
    web: Web = field(init=False)
    _scheduler: AsyncIOScheduler = field(init=False)
    _polling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open, check, connect, begin to hear and to beat. Raises StartError, StoreError, SettingsError, ContentError."""
        settings = self.settings
        if settings.token is None:
            raise StartError(
                "TELEGRAM_BOT_TOKEN is not set: @BotFather gives one in a minute. To try Recipro without, run `python -m bot sandbox`."
            )
        books = library.load()
        self.store = await asyncio.to_thread(
            partial(open_store, settings.database_url.get_secret_value(), seal=columns.Seal(keys(settings)))
        )
        token = settings.token.get_secret_value()
        bot: ExtBot[None] = ExtBot(
            token,
            base_url=f"{settings.api_url}/bot",
            base_file_url=f"{settings.api_url}/file/bot",
            request=AiohttpRequest(connections=max(16, int(settings.rate))),
            get_updates_request=AiohttpRequest(connections=2),
        )
        self.application = ApplicationBuilder().bot(bot).updater(None).job_queue(None).build()
        await self._hello()
        self.courier = Courier(bot, Throttle(settings.rate, per_chat=self.per_chat))
        desk = Desk(self.store, books, self.courier, self.now, bot.username)
        routes.install(self.application, desk)
        self.intake = Intake(self.application, desk, time.monotonic)
        self.pulse = Pulse(self.store, books, self.courier, self.now, settings.rate, revoked=self._revoked)
        self.web = Web(settings, self.store, self.intake, self.pulse)
        await self.web.start()
        self._beat()
        await self._listen()
        await self._introduce(books)

    async def run(self) -> int:
        """Work until somebody sets *stopping* or the token is refused; the exit status."""
        waiting = [asyncio.ensure_future(self.stopping.wait())]
        if self._polling is not None:
            waiting.append(self._polling)  # type: ignore[arg-type]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        self.stopping.set()
        if self._polling is not None:
            try:
                await self._polling
            except RevokedError as error:
                self._revoked(str(error))
        return self.exit_status

    async def stop(self) -> None:
        """Stop claiming, finish what is in flight, let go of everything; under ten seconds."""
        self.stopping.set()
        if hasattr(self, "_scheduler") and self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if hasattr(self, "pulse"):
            await self.pulse.stop()
        if self._polling is not None and not self._polling.done():
            await asyncio.wait({self._polling}, timeout=2)
            self._polling.cancel()
        if hasattr(self, "web"):
            await self.web.stop()
        if hasattr(self, "application"):
            await self.application.shutdown()
        if hasattr(self, "store"):
            await self.store.close()

    async def _hello(self) -> None:
        """Ask Telegram who this bot is. Raises StartError for a refused token; waits while Telegram is out of reach."""
        wait = 1.0
        while not self.stopping.is_set():
            try:
                await self.application.initialize()
            except InvalidToken:
                raise StartError("Telegram refuses the token. Copy it from @BotFather again.") from None
            except TelegramError as error:
                log.warning("Telegram cannot be reached (%s); trying again in %.0f s", type(error).__name__, wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 60)
            else:
                return

    def _beat(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        )
        add = self._scheduler.add_job
        add(self._safely(self.pulse.raise_due), "interval", seconds=self.beat_every)
        add(self._safely(self.pulse.deliver), "interval", seconds=self.beat_every / 2)
        add(self._safely(self.pulse.reclaim), "interval", seconds=30)
        add(self._safely(self._sweep), "interval", hours=6)
        self._scheduler.start()

    def _safely(self, job: Callable[[], Any]) -> Callable[[], Any]:
        """A job that survives the database going away: it is said once a minute, and tried again at the next beat."""
        said = -60.0

        async def run() -> None:
            nonlocal said
            try:
                await job()
            except AwayError as error:
                if time.monotonic() - said >= 60:
                    said = time.monotonic()
                    log.error("the database is away (%s); trying again", error)

        return run

    async def _sweep(self) -> None:
        swept = await self.store.write(partial(sweep, now=self.now()))
        log.info("swept: %s", ", ".join(f"{n} {what}" for what, n in swept.items() if n) or "nothing")

    async def _listen(self) -> None:
        settings = self.settings
        bot = self.application.bot
        if settings.webhook_url is not None and settings.webhook_secret is not None:
            await bot.set_webhook(
                f"{settings.webhook_url}/telegram",
                secret_token=settings.webhook_secret.get_secret_value(),
                allowed_updates=list(routes.ALLOWED_UPDATES),
                max_connections=40,
            )
            return
        await bot.delete_webhook()
        self._polling = asyncio.create_task(self.intake.poll(self.stopping))

    async def _introduce(self, books: library.Library) -> None:
        """Menu and descriptions, once for each language; only when they have changed since they were last told."""
        told = await self.store.read(lambda db: notes.read(db, "introduced"))
        voices = {locale[:2]: books.voice(locale) for locale in reversed(LOCALES)}
        fingerprint = self.courier.introduction(voices)
        if told == fingerprint:
            return
        if await self.courier.introduce(voices):
            await self.store.write(lambda db: notes.write(db, "introduced", fingerprint))

    def _revoked(self, why: str) -> None:
        if not self.stopping.is_set():
            log.critical(
                "Telegram does not accept the token any more (%s): everything stops. @BotFather has the new one.", why
            )
        self.exit_status = 78
        self.stopping.set()
