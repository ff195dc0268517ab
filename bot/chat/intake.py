"""Hearing: updates from polling or webhook, in order for each person, confirmed only when handled.

Telegram sends again what was not confirmed, so hearing is at least once, and what is heard is idempotent. Nothing waits
here that a crash could lose: getUpdates confirms what came before the oldest update that is still at work.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from telegram import Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application
from telegram.request import BaseRequest

from bot.chat import shape
from bot.chat.desk import Desk
from bot.chat.routes import heard, pass_on
from bot.courier.request import as_json
from bot.storage.store import AwayError

log = logging.getLogger(__name__)

POLL = 25
"""Seconds Telegram holds an empty getUpdates."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two tries while Telegram cannot be reached: they double up to the longest."""
YIELD = 5.0
"""Seconds for which a second copy leaves the other one alone before it asks again."""
BATCH = 100
HURRY = 0.2
"""Seconds for which what is at work is waited for before getUpdates is asked for what has come meanwhile."""
LAST = 1.5
"""Seconds for which it is waited for when the bot is stopped; what is not done by then comes again."""
BURST, BURST_SECONDS = 40, 10.0
"""How many updates of one person are answered in this time, and a quarter of them at once; more are kept without an answer."""
LONGEST_ANSWER = 20.0
"""Seconds an update may take until the next ones are heard; its effect is committed long before."""
PATIENCE = 60
"""Webhook: most updates at work at once; more are refused, so that Telegram sends them again."""
SHARE = 5
"""Webhook: how many of these may be one person's, so that a flood of theirs refuses nobody else's."""


class RevokedError(RuntimeError):
    """Telegram does not know the token (any more)."""


@dataclass(slots=True)
class Intake:
    """Hears updates and has them handled."""

    application: Application[Any, Any, Any, Any, Any, Any]
    desk: Desk
    monotonic: Callable[[], float]
    request: BaseRequest
    """The connections of getUpdates, which one that waits must not take from what is sent."""
    burst: int = BURST
    answered: Callable[[float], None] = lambda _seconds: None
    """Hears how many seconds each update took."""
    reached: Callable[[], None] = lambda: None
    """Hears that Telegram has answered."""
    heard_at: float = 0.0
    """Monotonic moment of the last answer of getUpdates."""
    working: int = 0
    _waiting: Counter[int] = field(default_factory=Counter)
    """How many of each person's updates are at work."""
    _lines: dict[int, asyncio.Lock] = field(default_factory=dict)
    _recent: dict[int, deque[float]] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)
    _at_work: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """Polling: what has been begun and is not confirmed, by the updates' numbers, in their order."""
    _latest: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """Polling: of each person the last that was begun."""

    async def poll(self, stopping: asyncio.Event) -> None:
        """Hear by long polling until *stopping*. Raises RevokedError when the token is refused.

        What is wrong is said once when it begins, and once when it is over.
        """
        try:
            offset = await self._ask_until(stopping)
            with suppress(AwayError):
                offset = await self._handled(offset, within=LAST)
            if offset is not None:
                await self._confirm(offset)
        finally:
            for work in self._at_work.values():
                work.cancel()

    async def _ask_until(self, stopping: asyncio.Event) -> int | None:
        offset: int | None = None
        wait, trouble = FIRST_PAUSE, ""
        while not stopping.is_set():
            try:
                found = await self._ask(offset, stopping)
                if stopping.is_set() and not found:
                    break
                self.heard_at = self.monotonic()
                self.reached()
                for raw in found:
                    self._begin(raw)
                offset = await self._handled(offset)
            except InvalidToken:
                raise RevokedError("Telegram refuses the token") from None
            except (AwayError, TelegramError) as error:
                said, least = _trouble(error)
                if said != trouble:
                    log.error("%s", said)
                trouble = said
                await _pause(stopping, max(wait, least) * random.uniform(1, 1.25))  # noqa: S311 - nothing secret
                wait = min(wait * 2, LONGEST_PAUSE)
                continue
            if trouble and not self._at_work:
                log.warning("hearing goes on")
                wait, trouble = FIRST_PAUSE, ""
        return offset

    def _begin(self, raw: dict[str, Any]) -> None:
        """Begin with one update of getUpdates, behind what is at work for the same person; it may have been begun before."""
        if raw["update_id"] in self._at_work:
            return
        update = self._read(raw)
        if update is None:
            work = asyncio.ensure_future(asyncio.sleep(0))
        else:
            who = _whose(update)
            self._latest[who] = work = asyncio.ensure_future(self.hear(update, self._latest.get(who)))
        self._at_work[raw["update_id"]] = work

    async def _handled(self, offset: int | None, *, within: float = HURRY) -> int | None:
        """Wait *within* so many seconds for what is at work; the number up to which all is handled.

        What takes longer holds up nobody else: it stays unconfirmed, so the next getUpdates brings it again, with what has come
        meanwhile behind it. Raises AwayError when the database was not there for one; then none of it is to be confirmed.
        """
        if self._at_work:
            await asyncio.wait(self._at_work.values(), timeout=within)
        if any(work.done() and work.exception() is not None for work in self._at_work.values()):
            results = await asyncio.gather(*self._at_work.values(), return_exceptions=True)
            self._at_work.clear()
            self._latest.clear()
            self._recent.clear()  # nobody is too fast because Telegram sends it all again
            raise next(result for result in results if isinstance(result, BaseException))
        for number, work in tuple(self._at_work.items()):
            if not work.done():
                return offset
            del self._at_work[number]
            offset = number + 1
        self._latest.clear()
        return offset

    async def hear(self, update: Update, earlier: asyncio.Task[None] | None = None) -> None:
        """Handle one update: a person's in order, different people's at once. Returns when it is committed.

        Raises AwayError when the database was not there for it, or for *earlier*; then it is not to be confirmed.
        """
        who = _whose(update)
        self._waiting[who] += 1
        fast = self._too_fast(who)
        try:
            if earlier is not None:
                await earlier
            async with self._lines.setdefault(who, asyncio.Lock()):
                await self._handle(who, update, fast=fast)
        finally:
            self._waiting[who] -= 1
            if not self._waiting[who]:
                del self._waiting[who]
                self._lines.pop(who, None)

    async def one(self, raw: dict[str, Any]) -> bool:
        """Handle one update that came by webhook; False when too many are at work, in all or of this person.

        Telegram sends a refused one again before the next of the same person, and others' meanwhile
        (tdlib/telegram-bot-api, WebhookActor.cpp: one queue for each).
        """
        if self.working >= PATIENCE:
            return False
        update = self._read(raw)
        if update is None:
            return True
        if self._waiting[_whose(update)] >= SHARE:
            return False
        self.working += 1
        self.heard_at = self.monotonic()
        try:
            await self.hear(update)
        finally:
            self.working -= 1
        return True

    def _read(self, raw: dict[str, Any]) -> Update | None:
        """One update, read; None for what nobody here hears, or can make out: it must not hold up the ones behind it."""
        try:
            return shape.read(raw, self.application.bot)
        except shape.UnreadableError as error:
            log.warning("update %d cannot be read (%s) and is left aside", raw["update_id"], error)
            return None

    async def _handle(self, who: int, update: Update, *, fast: bool) -> None:
        muffled: set[int] = self.application.bot_data["muffled"]
        away: dict[int, str] = self.application.bot_data["away"]
        if fast:
            muffled.add(update.update_id)
            if who not in self._told and (what := heard(update)) is not None:
                self._told.add(who)
                await self.desk.slow(what)
        began = self.monotonic()
        work = asyncio.ensure_future(pass_on(self.application, update))
        try:
            await asyncio.wait_for(asyncio.shield(work), LONGEST_ANSWER)
        except TimeoutError:
            log.warning("update %d takes long; others are heard meanwhile", update.update_id)
        finally:
            muffled.discard(update.update_id)
            self.answered(self.monotonic() - began)
        if (why := away.pop(update.update_id, None)) is not None:
            raise AwayError(why)

    def _too_fast(self, who: int) -> bool:
        if who == 0:
            return False
        now = self.monotonic()
        recent = self._recent.setdefault(who, deque(maxlen=self.burst + 1))
        recent.append(now)
        if len(self._recent) > 10_000:
            self._recent = {number: at for number, at in self._recent.items() if now - at[-1] < BURST_SECONDS}
        fast = len(recent) > self.burst and now - recent[0] < BURST_SECONDS
        at_once = max(1, self.burst // 4)
        if self._waiting[who] > at_once and len(recent) > at_once:
            fast = fast or now - recent[-at_once - 1] < BURST_SECONDS
        if not fast:
            self._told.discard(who)
        return fast

    async def _ask(self, offset: int | None, stopping: asyncio.Event) -> list[dict[str, Any]]:
        """getUpdates, unread, given up at once when the bot is stopped."""
        asking = asyncio.ensure_future(self._get_updates(offset=offset, limit=BATCH, timeout=POLL))
        stop = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({asking, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not asking.done():
            asking.cancel()
            return []
        return await asking

    async def _get_updates(self, **params: Any) -> list[dict[str, Any]]:
        """What Telegram answers, as JSON: python-telegram-bot would read all of it or, for one it cannot read, nothing."""
        body = as_json({**params, "allowed_updates": list(shape.HEARD)})
        url = f"{self.application.bot.base_url}/getUpdates"
        found = await self.request.post(url, body, read_timeout=params["timeout"] + 10)
        return [raw for raw in found if shape.number_of(raw) is not None] if isinstance(found, list) else []

    async def _confirm(self, offset: int) -> None:
        """At a clean stop: tell Telegram what has been handled, so that the next start need not do it again."""
        try:
            await self._get_updates(offset=offset, limit=1, timeout=0)
        except TelegramError as error:
            log.info("the last updates could not be confirmed (%s); they will come again", type(error).__name__)


def _whose(update: Update) -> int:
    user = update.effective_user
    return user.id if user is not None else 0


def _trouble(error: AwayError | TelegramError) -> tuple[str, float]:
    """What to say about *error*, and the least seconds to wait."""
    match error:
        case AwayError():
            return f"the database is away ({error}); hearing goes on when it is back", 0.0
        case Conflict() if "webhook" in error.message.lower():
            return "another copy of this bot hears by webhook with the same token (409); end one of the two", YIELD
        case Conflict():
            return "another copy of this bot is polling with the same token (409); end one of the two", YIELD
        case RetryAfter():
            seconds = error.retry_after
            wait = float(seconds if isinstance(seconds, int | float) else seconds.total_seconds())
            return "Telegram asks to wait (429)", wait
        case _:
            return f"Telegram cannot be reached ({type(error).__name__}); trying again and again", 0.0


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
