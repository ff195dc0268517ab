"""The first journey by clicking on the page: two phones, the real bot in its own process, nothing from another host."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from bot.domain.clock import wall_to_utc
from bot.sandbox.play import Stage
from bot.settings import Settings
from deploy.screenshot import FLAGS, play

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Opened:
    """A page on a running sandbox, and what went wrong on it."""

    page: Page
    stage: Stage
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@pytest.fixture(params=["light", "dark"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing, and nothing may be skipped in CI")
        pytest.skip("Chromium is not installed")
    stage = Stage(Settings(_env_file=None), 0, tmp_path)  # type: ignore[call-arg]
    try:
        await stage.start()
        stage.clock.set(wall_to_utc(date(2026, 3, 2), time(9, 30), "America/Toronto"))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = await browser.new_page(viewport={"width": 1180, "height": 860}, color_scheme=request.param)
            whole = Opened(page, stage)
            page.on("console", lambda message: whole.errors.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: whole.errors.append(str(error)))
            page.on(
                "request",
                lambda asked: (
                    None if asked.url.startswith((stage.server.url, "data:")) else whole.foreign.append(asked.url)
                ),
            )
            await page.add_init_script("localStorage.toured = 'yes'")
            await page.goto(stage.server.url)
            await page.locator(".phone").nth(1).wait_for(state="attached")
            yield whole
            await browser.close()
    finally:
        await stage.stop()
    assert whole.errors == []
    assert whole.foreign == []


async def test_two_people_meet_and_share_by_clicking(opened: Opened) -> None:
    """The same play that takes the README's picture."""
    await play(opened.page, opened.stage)
    tom = opened.page.locator(".phone").nth(1)
    assert "चाय बनाई" in await tom.inner_text()
    assert "You are connected" in await tom.inner_text()


async def test_the_bot_is_killed_and_started_from_the_page_and_hears_what_was_said_meanwhile(opened: Opened) -> None:
    page = opened.page
    await page.click("#behind")
    await page.click("[data-bot=kill]")
    tom = page.locator(".phone").nth(1)
    await tom.locator("textarea").fill("/start")
    await tom.locator("textarea").press("Enter")
    await page.click("[data-bot=start]")
    await tom.locator(".keys button").first.wait_for(timeout=15_000)
    assert "Which language" in await tom.inner_text()


async def test_the_keyboard_alone_is_enough(opened: Opened) -> None:
    """Type, send with Enter, press the first button with the keyboard."""
    page = opened.page
    tom = page.locator(".phone").nth(1)
    await tom.locator("textarea").focus()
    await page.keyboard.type("/start")
    await page.keyboard.press("Enter")
    first = tom.locator(".keys button").first
    await first.wait_for(timeout=10_000)
    await first.focus()
    await page.keyboard.press("Enter")
    await tom.get_by_text("Your place").wait_for(timeout=10_000)


async def test_one_phone_at_a_time_fits_a_small_screen(opened: Opened) -> None:
    page = opened.page
    await page.set_viewport_size({"width": 390, "height": 780})
    await asyncio.sleep(0)
    shown = [await phone.is_visible() for phone in await page.locator(".phone").all()]
    assert shown == [True, False]
    await page.get_by_role("tab", name="Tom").click()
    shown = [await phone.is_visible() for phone in await page.locator(".phone").all()]
    assert shown == [False, True]
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
