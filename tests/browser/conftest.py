"""One browser for all tests of the page; each test has a server of its own, with or without the real bot behind it.

Every page that is opened here must end without an error on its console and without a request to another host.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.sandbox.clock import SandboxClock
from bot.sandbox.play import Stage
from bot.sandbox.server import Server
from bot.sandbox.telegram import Person, Telegram
from bot.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MORNING = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
"""A Monday: 9:30 in Toronto, 18:30 in Dubai, 20:00 in Mumbai: nobody is asleep."""
DESK = {"width": 1280, "height": 860}
POCKET = {"width": 390, "height": 780}
Open = Callable[..., Awaitable["Screen"]]

expect.set_options(timeout=45_000)


@dataclass
class Screen:
    """A page that is open, what it shows of Telegram, and what went wrong on it."""

    page: Page
    telegram: Telegram
    url: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def phone(self, number: int) -> Locator:
        """A phone by its place, from 0."""
        return self.page.locator(".phone").nth(number)

    async def seen(self) -> None:
        """Until the bot has handled what was said, and the page has shown what came of it."""
        async with asyncio.timeout(60):
            while self.telegram.updates:
                await asyncio.sleep(0.01)
        await self.until("told => seq >= told", self.telegram.seq)

    async def until(self, holds: str, arg: Any = None) -> None:
        """Until something is true on the page, whose own policy keeps Playwright from waiting inside it."""
        async with asyncio.timeout(60):
            while not await self.page.evaluate(holds, arg):
                await asyncio.sleep(0.02)

    async def first_button(self, phone: Locator) -> None:
        """Press the recommended button of the newest message on *phone*."""
        async with self.page.expect_response(
            lambda answer: answer.request.method == "POST"
        ):  # else nothing is heard yet
            await phone.locator(".keys").last.locator("button").first.click()
        await self.seen()

    async def write(self, phone: Locator, text: str) -> None:
        """Type and press the arrow."""
        await phone.locator("textarea").fill(text)
        await phone.locator(".send").click()
        await expect(phone.locator(".msg.own").last).to_contain_text(text)
        await self.seen()

    async def check_access(self) -> None:
        """Nothing that axe-core calls serious, in the page as it is now."""
        await self.page.evaluate(
            "document.getAnimations().forEach(each => { try { each.finish() } catch { each.cancel() } })"
        )
        found = (await Axe().run(self.page)).response["violations"]
        grave = [f"{each['id']}: {each['nodes'][0]['html'][:160]} ({each['nodes'][0]['any']})" for each in found]
        assert grave == []

    async def check_overflow(self) -> None:
        """Nothing sticks out of the window."""
        assert await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing, and nothing may be skipped in CI")
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        whole = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield whole
        await whole.close()


@asynccontextmanager
async def opening(browser: Browser) -> AsyncIterator[Open]:
    """Opens pages, and looks at the end whether all went well on them."""
    screens: list[Screen] = []

    async def opened(telegram: Telegram, url: str, *, toured: bool = True, lang: str = "en", **options: Any) -> Screen:
        context = await browser.new_context(**{"viewport": DESK, "locale": lang, **options})
        context.set_default_timeout(60_000)
        page = await context.new_page()
        screen = Screen(page, telegram, url)
        screens.append(screen)
        page.on("console", lambda said: screen.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: screen.errors.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((url, "data:", "blob:")) else screen.foreign.append(asked.url),
        )
        await page.add_init_script(
            f"localStorage.lang = '{lang}'" + ("; localStorage.toured = 'yes'" if toured else "")
        )
        await page.goto(url)
        await screen.until("ready")
        return screen

    yield opened
    for screen in screens:
        await screen.page.context.close()
    assert [error for screen in screens for error in screen.errors] == []
    assert [url for screen in screens for url in screen.foreign] == []


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    async with opening(browser) as opened:
        yield opened


@dataclass
class Post:
    """Telegram without a bot: the test writes what a bot would."""

    telegram: Telegram
    clock: SandboxClock
    server: Server
    asha: Person
    tom: Person

    def send(self, to: Person, text: str, *rows: list[str], **more: Any) -> dict[str, Any]:
        """A message of the bot in HTML, with rows of buttons."""
        keys = {"inline_keyboard": [[{"text": label, "callback_data": label} for label in row] for row in rows]}
        given = {"chat_id": to.id, "text": text, "parse_mode": "HTML", **more}
        sent: dict[str, Any] = self.telegram.call("sendMessage", {**given, "reply_markup": keys} if rows else given)
        return sent


@pytest_asyncio.fixture(loop_scope="session")
async def post() -> AsyncIterator[Post]:
    """Asha and Tom have pressed Start; nobody answers but the test."""
    clock = SandboxClock()
    clock.set(MORNING)
    telegram = Telegram(clock.now)
    asha = telegram.join(
        "Asha", language_code="ar", zone="Asia/Dubai", country="AE", title="Asha in Dubai", started=True
    )
    tom = telegram.join(
        "Tom", language_code="en", zone="America/Toronto", country="CA", title="Tom in Toronto", started=True
    )
    server = Server(telegram, clock)
    server.routes["GET", "/sim/deliveries"] = lambda _given: []
    await server.start()
    yield Post(telegram, clock, server, asha, tom)
    await server.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The sandbox as `make run` starts it, the bot in a process of its own; on a morning in March."""
    whole = Stage(Settings(_env_file=None), 0, tmp_path)  # type: ignore[call-arg]
    whole.clock.set(MORNING)
    try:
        await whole.start(cast=False)
        yield whole
    finally:
        await whole.stop()
