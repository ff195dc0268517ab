"""The picture of the sandbox in the README: `python deploy/screenshot.py` plays a little and takes it.

Needs Chromium on the machine (Debian: `apt-get install chromium`), which is never downloaded from here.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from datetime import date, time, timedelta
from pathlib import Path

from playwright.async_api import Page, async_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.domain.clock import wall_to_utc
from bot.sandbox.play import Stage, stage
from bot.settings import Settings

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
PICTURES = Path(__file__).resolve().parent.parent / "docs"


async def play(page: Page, whole: Stage) -> None:
    """Two people meet; she answers and shares, he receives."""
    asha, tom = page.locator(".phone").nth(0), page.locator(".phone").nth(1)

    async def first_button(phone) -> None:  # type: ignore[no-untyped-def]
        await phone.locator(".keys").last.locator("button").first.click()
        await asyncio.sleep(0.5)

    async def write(phone, text: str) -> None:  # type: ignore[no-untyped-def]
        await phone.locator("textarea").fill(text)
        await phone.locator(".send").click()
        await asyncio.sleep(0.7)

    for phone in (asha, tom):
        await write(phone, "/start")
        for _ in range(4):
            await first_button(phone)
    await write(asha, "/pair")
    await first_button(asha)
    await asyncio.sleep(1)
    await first_button(asha)  # copies the link, and asks on which phone to open it
    await page.locator("dialog button", has_text="Tom").click()
    await asyncio.sleep(1)
    await first_button(tom)
    await asyncio.sleep(1)
    today = whole.clock.now().date()
    await whole.turn(wall_to_utc(today, time(21, 0), "Asia/Kolkata") + timedelta(seconds=20))
    await asyncio.sleep(1.5)
    await write(asha, "चाय बनाई, बिना कहे ☕")
    await first_button(asha)
    await asyncio.sleep(1)
    await whole.turn(wall_to_utc(today, time(21, 0), "America/Toronto") + timedelta(seconds=20))
    await asyncio.sleep(1.5)


async def main() -> None:
    """Take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    with tempfile.TemporaryDirectory():
        async with stage(settings, 0) as whole, async_playwright() as playwright:
            whole.clock.set(wall_to_utc(date(2026, 3, 2), time(9, 30), "America/Toronto"))
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = await browser.new_page(viewport={"width": 1180, "height": 860}, locale="en-US", color_scheme="light")
            await page.add_init_script("localStorage.toured = 'yes'")
            await page.goto(whole.server.url)
            await play(page, whole)
            await page.screenshot(path=PICTURES / "sandbox.png")
            await page.emulate_media(color_scheme="dark")
            await page.screenshot(path=PICTURES / "sandbox-dark.png")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
