"""The README's pictures: `python deploy/screenshot.py` plays the first week in the sandbox and takes them.

Needs Chromium on the machine (Debian: `apt-get install chromium`), which is never downloaded from here.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator, Page, async_playwright, expect

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.sandbox.play import Stage, stage
from bot.settings import Settings

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--force-color-profile=srgb"]
PICTURES = Path(__file__).resolve().parent.parent / "docs"
MORNING = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
"""A Thursday: 9:30 in Toronto, 20:00 in Mumbai."""
FRAME_WIDTH = 760
"""Pixels of the moving picture: two phones that can still be read."""


@dataclass
class Play:
    """Two people on the page, and the frames of the moving picture with how long each stands, in milliseconds."""

    page: Page
    stage: Stage
    frames: list[tuple[Image.Image, int]] = field(default_factory=list)

    @property
    def asha(self) -> Locator:
        """Her phone."""
        return self.page.locator(".phone").nth(0)

    @property
    def tom(self) -> Locator:
        """His phone."""
        return self.page.locator(".phone").nth(1)

    async def settle(self) -> None:
        """Until the bot has handled all that was said, what is due has come, and nothing moves on the page."""
        async with asyncio.timeout(20):
            while self.stage.telegram.updates:  # noqa: ASYNC110 - Telegram tells nobody that it was heard
                await asyncio.sleep(0.02)
        await self.stage.turn(self.stage.clock.now())
        await self.page.mouse.move(2, 2)
        await asyncio.sleep(0.6)

    async def press(self, phone: Locator, row: int = 0, column: int = 0) -> None:
        """A button of the newest message."""
        await phone.locator(".keys").last.locator("div").nth(row).locator("button").nth(column).click()
        await self.settle()

    async def write(self, phone: Locator, text: str) -> None:
        """A message."""
        await phone.locator("textarea").fill(text)
        await asyncio.sleep(0.3)
        await self.frame(900)
        await phone.locator("textarea").press("Enter")
        await self.settle()

    async def frame(self, stands: int = 1600) -> None:
        """One more frame: the phones, nothing around them."""
        taken = await self.page.screenshot(clip=await self._phones())
        picture = Image.open(io.BytesIO(taken)).convert("RGB")
        height = round(picture.height * FRAME_WIDTH / picture.width)
        self.frames.append((picture.resize((FRAME_WIDTH, height), Image.Resampling.LANCZOS), stands))

    async def still(self, name: str, *, whole: bool = False) -> None:
        """A picture of its own: the phones, or the *whole* page."""
        taken = await self.page.screenshot(clip=None if whole else await self._phones())
        Image.open(io.BytesIO(taken)).convert("RGB").save(PICTURES / f"{name}.webp", quality=82, method=6)

    async def dark(self, name: str) -> None:
        """The whole page at night."""
        await self.page.emulate_media(color_scheme="dark")
        await self.still(name, whole=True)
        await self.page.emulate_media(color_scheme="light")

    async def _phones(self) -> dict[str, float]:
        boxes = [await phone.bounding_box() for phone in (self.asha, self.tom)]
        left, right = boxes[0], boxes[1]
        if left is None or right is None:
            raise RuntimeError("a phone is not on the screen")
        return {
            "x": left["x"] - 12,
            "y": left["y"] - 10,
            "width": right["x"] + right["width"] - left["x"] + 24,
            "height": left["height"] + 20,
        }

    def save(self, name: str) -> None:
        """The frames as one moving picture."""
        pictures = [picture for picture, _ in self.frames]
        stands = [stand for _, stand in self.frames]
        first, rest = pictures[0], pictures[1:]
        target = PICTURES / f"{name}.webp"
        first.save(target, save_all=True, append_images=rest, duration=stands, loop=0, quality=72, method=6)


async def meet(play: Play) -> None:
    """From nothing to two connected people."""
    await play.frame(1400)
    await play.asha.locator(".gate").click()
    await play.settle()
    await play.frame(1100)
    for _ in range(4):
        await play.press(play.asha)
    await play.frame()
    await play.write(play.asha, "/pair")
    await play.press(play.asha)
    await play.asha.locator(".shot").scroll_into_view_if_needed()
    await play.frame()
    await play.page.evaluate("cast()[1].scan()")
    await asyncio.sleep(0.7)
    await play.frame(1000)
    await expect(play.tom.locator(".msg")).not_to_have_count(0)
    for _ in range(4):
        await play.press(play.tom)
    await play.frame(1400)
    await play.press(play.tom)
    await play.page.evaluate("cast().forEach(phone => phone.toEnd())")
    await play.frame()


async def share(play: Play) -> None:
    """Her evening comes, she answers, he receives."""
    await play.page.locator("[data-turn=next]").click()
    await play.settle()
    await play.frame()
    await play.write(play.asha, "Tea was ready before I asked ☕")
    await play.frame(1100)
    await play.press(play.asha)
    await play.frame(1800)
    await play.still("share")
    await play.press(play.tom)
    await play.frame(1500)


async def reset(play: Play) -> None:
    """She says it, he is ready."""
    await play.write(play.asha, "/reset")
    await play.press(play.asha)
    await play.frame(1800)
    await play.still("reset")
    await play.press(play.tom)
    await play.frame()
    await play.press(play.asha)


async def week(play: Play) -> None:
    """Sunday evening."""
    await play.page.locator("[data-turn=sunday]").click()
    await expect(play.page.locator(".clock")).not_to_have_attribute("aria-busy", "true")
    await play.settle()
    for phone in (play.asha, play.tom):
        await phone.locator(".msg", has_text="☕").last.evaluate("node => node.scrollIntoView({block: 'start'})")
    await play.frame(2600)
    await play.still("week")


async def languages(play: Play) -> None:
    """A pair that shares no language: each reads their own."""
    await begin(play, play.asha)
    await begin(play, play.tom)
    await play.write(play.asha, "/pair")
    await play.press(play.asha)
    await play.page.evaluate("cast()[1].scan()")
    await expect(play.tom.locator(".msg", has_text="/start").nth(1)).to_be_visible()
    await play.settle()
    await play.press(play.tom)
    await play.page.locator("[data-turn=next]").click()
    await play.settle()
    await play.write(play.asha, "चाय बना दी, बिना कहे ☕")
    await play.press(play.asha)
    await play.still("sandbox", whole=True)
    await play.dark("sandbox-dark")


async def begin(play: Play, phone: Locator) -> None:
    """Start, and first buttons up to the first prompt."""
    await phone.locator(".gate").click()
    await play.settle()
    for _ in range(4):
        await play.press(phone)


async def behind(play: Play) -> None:
    """What it looks like when the bot is killed."""
    await play.page.set_viewport_size({"width": 1280, "height": 800})
    await play.page.evaluate("cast().forEach(phone => phone.toEnd())")
    await play.page.locator("#behind").click()
    await play.page.locator("[data-bot=kill]").click()
    await expect(play.page.locator("#pulse")).to_have_text("Bot is away")
    await play.tom.locator("textarea").fill("She fixed the shelf")
    await play.tom.locator("textarea").press("Enter")
    await expect(play.page.locator("#bot-state")).to_contain_text("1 to hear")
    await asyncio.sleep(0.6)
    await play.still("behind", whole=True)


@asynccontextmanager
async def playing(width: int, height: int, *, hers: str, his: str) -> AsyncIterator[Play]:
    """A sandbox on a Thursday with two people, and a page on it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium")
    async with stage(Settings(_env_file=None), 0, cast=False) as whole, async_playwright() as playwright:  # type: ignore[call-arg]
        join = whole.telegram.join
        join("Asha", language_code=hers, zone="Asia/Kolkata", country="IN", title="Asha in Mumbai")
        if his == "ar":
            join("عمر", language_code=his, zone="Asia/Dubai", country="AE", title="عمر في دبي")
        else:
            join("Tom", language_code=his, zone="America/Toronto", country="CA", title="Tom in Toronto")
        await whole.turn(MORNING)
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = await browser.new_page(viewport={"width": width, "height": height}, locale="en-US", color_scheme="light")
        await page.add_init_script("localStorage.toured = 'yes'")
        await page.goto(whole.server.url)
        await page.locator(".phone").nth(1).wait_for()
        yield Play(page, whole)
        await browser.close()


async def main() -> None:
    """Take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    async with playing(1040, 800, hers="en-IN", his="en-CA") as play:
        for act in (meet, share, reset, week, behind):
            await act(play)
        play.save("tour")
    async with playing(1180, 820, hers="hi", his="ar") as play:
        await languages(play)


if __name__ == "__main__":
    asyncio.run(main())
