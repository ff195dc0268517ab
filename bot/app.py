"""Where everything meets: builds it, starts it, stops it, in order. APScheduler's few jobs live here.

The scheduler knows UTC only and never a person's hour: it wakes the pulse, the sweep and the sweeper of dead leases.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import Application, ApplicationBuilder, ExtBot

from bot import __version__
from bot.apart import Apart
from bot.chat import routes, shape
from bot.chat.desk import Desk
from bot.chat.intake import Intake, RevokedError
from bot.courier.courier import Courier
from bot.courier.easel import Easel
from bot.courier.request import AiohttpRequest
from bot.courier.throttle import PER_CHAT, Throttle
from bot.delivery.pulse import Pulse
from bot.delivery.sweep import sweep
from bot.domain import clock
from bot.metrics import Metrics
from bot.settings import Settings, keys
from bot.speech import library
from bot.speech.voice import LOCALES
from bot.status import told_rush
from bot.storage import columns, notes, outlook, people, recovery
from bot.storage.columns import milliseconds
from bot.storage.lead import Lead
from bot.storage.store import AwayError, Store, open_store
from bot.web import Web
from bot.zones import disputed

os.environ.setdefault("PTB_TIMEDELTA", "true")  # otherwise every reading of retry_after warns
log = logging.getLogger(__name__)

Now = Callable[[], datetime]
HALT = "halt"
"""The note that says until when Telegram asked everyone to wait (milliseconds), and for how many seconds."""

JOBS_WITHIN = 8.5
"""Seconds a clean stop waits for what beats; the pulse itself waits a little less for what is in flight."""
ME = f"{socket.gethostname()[:28]}:{os.getpid()}"
"""How this process is called among those on one database."""
WITNESS_EVERY = 60.0
"""Seconds between two times that the database is said to be in use."""
SWEEP_FIRST = timedelta(minutes=10)
"""From the start to the first housekeeping."""
COLLECT_EVERY = 10_000, 3, 3
"""New objects after which the collector of cycles goes through the youngest; at Python's 700 it took a fiftieth of a core at a thousand
messages a second, and nearly all it looks at has gone by itself a moment later. And after how many times through the next older
ones: with Python's ten and ten all are looked at after a million new ones, and memory grew meanwhile."""
REACH_EVERY = 25.0
"""Seconds without a word from Telegram after which it is asked for one."""


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
    hands: int | None = None
    """Processes that draw pictures; None for what the machine has to spare."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    exit_status: int = 0
    store: Store = field(init=False)
    application: Application[Any, Any, Any, Any, Any, Any] = field(init=False)
    courier: Courier = field(init=False)
    pulse: Pulse = field(init=False)
    lead: Lead = field(init=False)
    intake: Intake = field(init=False)
    web: Web = field(init=False)
    metrics: Metrics = field(init=False)
    apart: Apart = field(init=False)
    _scheduler: AsyncIOScheduler = field(init=False)
    _polling: asyncio.Task[None] | None = None
    _looking: asyncio.Task[None] | None = None
    _writing: asyncio.Task[None] | None = None
    _jobs: set[asyncio.Task[Any]] = field(default_factory=set)

    async def start(self) -> None:
        """Open, check, connect, begin to hear and to beat. Raises StartError, StoreError, SettingsError, ContentError."""
        settings = self.settings
        if settings.token is None:
            raise StartError(
                "TELEGRAM_BOT_TOKEN is not set: @BotFather gives one in a minute. To try Recipro without, run `python -m bot sandbox`."
            )
        log.info("Recipro %s starts, with time zones of %s", __version__, clock.ZONE_DATA_VERSION)
        books = replace(library.load(), danger_path=settings.danger)
        for country, on in settings.danger.items():
            log.info(
                "words of danger are %s for %s, by RECIPRO_DANGER_PATH", "heard" if on else "not looked at", country
            )
        self.metrics = Metrics(settings.rate)
        self.store = await asyncio.to_thread(
            partial(open_store, settings.database_url.get_secret_value(), seal=columns.Seal(keys(settings)))
        )
        self.store.failed = self.metrics.database_failed
        self.apart = Apart(settings.apart)
        await self._notice_a_restore()
        self.web = Web(settings, self.store, self.metrics, self.now)
        await self.web.start()
        token = settings.token.get_secret_value()
        bot: ExtBot[None] = ExtBot(
            token,
            base_url=f"{settings.api_url}/bot",
            base_file_url=f"{settings.api_url}/file/bot",
            request=AiohttpRequest(connections=max(16, int(settings.rate))),
            get_updates_request=(hearing := AiohttpRequest(connections=2)),
        )
        self.application = ApplicationBuilder().bot(bot).updater(None).job_queue(None).build()
        if not await self._insist(self.application.initialize):
            return
        self.lead = Lead(self.store)
        throttle = Throttle(settings.rate, per_chat=self.per_chat, halted=self._halted)
        self.courier = Courier(
            bot,
            throttle,
            easel=Easel(self.hands),
            counted=self.metrics.called,
            undrawn=self.metrics.picture_failed,
        )
        await self._go_on_waiting()
        desk = Desk(self.store, books, self.courier, self.now, bot.username, settings.keep)
        routes.install(self.application, desk)
        self.intake = Intake(
            self.application,
            desk,
            time.monotonic,
            hearing,
            answered=self.metrics.answered,
            reached=self.metrics.reached,
        )
        self.pulse = Pulse(
            self.store,
            books,
            self.courier,
            self.now,
            settings.rate,
            counted=self.metrics.delivered,
            lateness=self.metrics.late,
            revoked=self._revoked,
        )
        self.metrics.spread_is(lambda: self.pulse.widest)
        self.web.intake = self.intake
        self._beat()
        if await self._insist(self._listen):
            await self._introduce(books)
            self._looking = asyncio.create_task(self._look_round(books))

    async def run(self) -> int:
        """Work until somebody sets *stopping* or the token is refused; the exit status."""
        gc.collect()
        gc.freeze()  # what the start made stays: the collector need not go through it again while people wait
        gc.set_threshold(*COLLECT_EVERY)
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
        if self._looking is not None:
            self._looking.cancel()
        if hasattr(self, "_scheduler") and self._scheduler.running:
            self._scheduler.pause()
            await self._finish_jobs()
            self._scheduler.shutdown(wait=False)
        if self._polling is not None and not self._polling.done():
            await asyncio.wait({self._polling}, timeout=2)
            self._polling.cancel()
        if hasattr(self, "courier"):
            await self.courier.easel.close()
        if hasattr(self, "web"):
            await self.web.stop()
        if hasattr(self, "application"):
            await self.application.shutdown()
        if self._writing is not None:
            await asyncio.wait({self._writing})
        if hasattr(self, "lead"):
            await asyncio.to_thread(self.lead.let_go)
        if hasattr(self, "store"):
            with suppress(AwayError):
                await self.store.write(lambda db: notes.gone(db, ME))
            await self.store.close()

    async def _finish_jobs(self) -> None:
        """Let what beats come to its end, claim included: a job cut off would leave what it claimed to its lease."""
        jobs = {asyncio.ensure_future(self.pulse.stop()), *self._jobs}
        done, late = await asyncio.wait(jobs, timeout=JOBS_WITHIN)
        if late:
            log.warning("%d jobs did not end in time and are cut off", len(late))
        for job in done:
            if isinstance(error := job.exception(), AwayError):
                log.error("the database is away (%s): what was sent last could not be written down", error)
            elif error is not None:
                raise error

    async def _insist(self, ask: Callable[[], Awaitable[Any]]) -> bool:
        """Ask Telegram something without which nothing works, again and again; False when told to stop meanwhile.

        Raises StartError for a refused token.
        """
        wait = 1.0
        while not self.stopping.is_set():
            try:
                await ask()
            except InvalidToken:
                raise StartError("Telegram refuses the token. Copy it from @BotFather again.") from None
            except BadRequest as error:
                raise StartError(f"Telegram refuses the webhook: {error.message}. Look at WEBHOOK_URL.") from None
            except TelegramError as error:
                log.warning("Telegram cannot be reached (%s); trying again in %.0f s", type(error).__name__, wait)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), wait)
                wait = min(wait * 2, 60)
            else:
                self.metrics.reached()
                return True
        return False

    def _beat(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        )
        add = self._scheduler.add_job
        self.metrics.beaten()  # the first beat comes within seconds; until then this process counts as beating
        add(self._safely(self._raise_due), "interval", seconds=self.beat_every)
        add(self._safely(self._if_leading(self.pulse.deliver)), "interval", seconds=self.beat_every / 2)
        at_once = datetime.now(UTC) + timedelta(
            seconds=min(self.beat_every, 5)
        )  # a dead sender is usually our last life
        add(self._safely(self._if_leading(self.pulse.reclaim)), "interval", seconds=30, next_run_time=at_once)
        soon = wall_clock() + SWEEP_FIRST  # also where the process never lives for six hours
        add(self._safely(self._if_leading(self._sweep)), "interval", hours=6, next_run_time=soon)
        add(self._safely(self._reach), "interval", seconds=REACH_EVERY)
        add(self._safely(self.witness), "interval", seconds=WITNESS_EVERY, next_run_time=at_once)
        self._scheduler.start()

    async def _raise_due(self) -> None:
        """Beat, if this process has the lead or can take it now."""
        led = self.pulse.leading
        try:
            self.pulse.leading = await asyncio.to_thread(self.lead.take)
        except AwayError:
            self.pulse.leading = False
            raise
        finally:
            if led != self.pulse.leading:
                log.info("this process beats the pulse" if self.pulse.leading else "another process beats the pulse")
        if self.pulse.leading:
            await self.pulse.raise_due()
        self.metrics.beaten()

    def _if_leading(self, job: Callable[[], Any]) -> Callable[[], Any]:
        async def run() -> None:
            if self.pulse.leading:
                await job()

        return run

    def _halted(self, seconds: float) -> None:
        """Everyone has to wait: written down, so that a restart does not end it early."""
        log.warning("Telegram asks everyone to wait for %.0f s", seconds)
        until = milliseconds(self.now()) + int(seconds * 1000)
        self._writing = asyncio.create_task(self._keep_halt(f"{until} {seconds}".encode()))

    async def _keep_halt(self, value: bytes) -> None:
        try:
            await self.store.write(lambda db: notes.write(db, HALT, value))
        except AwayError as error:
            log.warning("that Telegram asks to wait could not be written down (%s)", error)

    async def _go_on_waiting(self) -> None:
        """A halt that Telegram asked for before a restart goes on; never for longer than it asked."""
        kept = await self.store.read(lambda db: notes.read(db, HALT))
        if kept is None:
            return
        until, seconds = kept.split()
        left = (int(until) - milliseconds(self.now())) / 1000
        if left > 0:
            self.courier.throttle.halt(min(left, float(seconds)))

    def _safely(self, job: Callable[[], Any]) -> Callable[[], Any]:
        """A job that survives the database going away: it is said once a minute, and tried again at the next beat."""
        said = -60.0

        async def run() -> None:
            nonlocal said
            if (task := asyncio.current_task()) is not None:
                self._jobs.add(task)
                task.add_done_callback(self._jobs.discard)
            try:
                await job()
            except AwayError as error:
                if time.monotonic() - said >= 60:
                    said = time.monotonic()
                    log.error("the database is away (%s); trying again", error)

        return run

    async def _reach(self) -> None:
        """See whether Telegram answers, where nothing else has told lately."""
        if self.metrics.quiet_for(REACH_EVERY):
            with suppress(TelegramError):  # readiness and the metrics tell; what is sent meanwhile is tried again
                await self.application.bot.get_me()
                self.metrics.reached()

    async def _look_round(self, books: library.Library) -> None:
        """After the start: read what nobody has waited for, then tell what an operator should know of this database."""
        try:
            await asyncio.to_thread(books.warm)
        except library.ContentError as error:
            log.critical("%s: everything stops", error)
            self.exit_status = 2
            self.stopping.set()
            return
        now = self.now()

        def look(db: Connection) -> tuple[outlook.Rush | None, list[str]]:
            return outlook.rush(db, now), outlook.zones(db)

        try:
            rush, zones = await self.store.read(look)
        except AwayError:
            return
        if rush is not None:
            log.info("%s", told_rush(rush, self.settings.rate))
        wrong = await asyncio.to_thread(disputed, zones, now)
        self.metrics.zones_in_dispute(len(wrong))
        if wrong:
            log.error("Babel shows another time than pytz %s in %s", clock.ZONE_DATA_VERSION, ", ".join(wrong))

    async def _notice_a_restore(self) -> None:
        """If the database is a copy of the past, send nothing that was due, and forget again who was forgotten since."""
        now = self.now()
        beat, anyone = await self.store.read(lambda db: (notes.beat(db), people.anyone(db)))
        if not anyone or not self.apart.restored(beat):
            return
        stones = self.apart.stones()
        settled = await self.store.write(lambda db: recovery.settle_in(db, stones, now))
        log.warning(
            "a backup was put back: %d messages that were due before are not sent, %d people are forgotten again",
            settled.dropped,
            settled.forgotten,
        )

    async def witness(self) -> None:
        """Say in the database and apart from it that it is in use, with which keys, and who has been forgotten."""
        now = self.now()

        def say(db: Connection) -> list[recovery.Tombstone]:
            notes.set_beat(db, now)
            notes.here(db, ME, wall_clock())
            return recovery.since(db, self.apart.since)

        await asyncio.to_thread(self.apart.write, now, await self.store.write(say))

    async def _sweep(self) -> None:
        swept = await self.store.write(partial(sweep, now=self.now(), keep=self.settings.keep))
        await self.store.scrub()
        log.info("swept: %s", ", ".join(f"{n} {what}" for what, n in swept.items() if n) or "nothing")

    async def _listen(self) -> None:
        settings = self.settings
        bot = self.application.bot
        if settings.webhook_url is not None and settings.webhook_secret is not None:
            await bot.set_webhook(
                f"{settings.webhook_url}/telegram",
                secret_token=settings.webhook_secret.get_secret_value(),
                allowed_updates=list(shape.HEARD),
                max_connections=40,
            )
            return
        await bot.delete_webhook()
        self._polling = asyncio.create_task(self.intake.poll(self.stopping))

    async def _introduce(self, books: library.Library) -> None:
        """Menu and descriptions, once for each language; only when they have changed since they were last told."""
        voices = {locale[:2]: books.voice(locale) for locale in reversed(LOCALES)}
        fingerprint = self.courier.introduction(voices)
        with suppress(AwayError):  # the next start tells again
            told = await self.store.read(lambda db: notes.read(db, "introduced"))
            if told != fingerprint and await self.courier.introduce(voices):
                await self.store.write(lambda db: notes.write(db, "introduced", fingerprint))

    def _revoked(self, why: str) -> None:
        if not self.stopping.is_set():
            log.critical(
                "Telegram does not accept the token any more (%s): everything stops. @BotFather has the new one.", why
            )
        self.exit_status = 78
        self.stopping.set()
