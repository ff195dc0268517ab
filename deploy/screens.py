"""The same ten screens in four languages, side by side, for a reader's eyes: `python deploy/screens.py FOLDER`.

One picture a moment: the phones of en-US, hi-IN, ar-AE and fr-CA beside each other. Nothing here is kept in the repository:
they are looked at when words, buttons or the page change. Needs Chromium, as deploy/screenshot.py does.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from deploy.screenshot import Play, playing

CODES = {"en-US": "en", "hi-IN": "hi", "ar-AE": "ar", "fr-CA": "fr"}
WORDS = {
    "en-US": "Tea was ready before I asked ☕",
    "hi-IN": "चाय बना दी, बिना कहे ☕",
    "ar-AE": "كوب شاي جاهز قبل أن أطلبه ☕",
    "fr-CA": "Le thé était prêt avant que je le demande ☕",
}
GAP = 12


async def moments(play: Play, locale: str, take: Callable[[str, Locator], Awaitable[None]]) -> None:
    """Ten screens and a few beside them, from the first to the week's end."""
    await play.asha.locator(".gate").click()
    await play.settle()
    for name in ("1-welcome", "2-place", "3-pace", "4-consent"):
        await take(name, play.asha)
        await play.press(play.asha)
    await take("5-first-prompt", play.asha)
    await play.write(play.asha, "/settings")
    await take("6-settings", play.asha)
    await play.write(play.asha, "/help")
    await take("6-help", play.asha)
    await play.write(play.asha, "/pair")
    await take("7-as-what", play.asha)
    await play.press(play.asha)
    await take("7-invitation", play.asha)
    await play.page.evaluate("cast()[1].scan()")
    await asyncio.sleep(0.7)
    await play.settle()
    for _ in range(4):
        await play.press(play.tom)
    await take("7-invited", play.tom)
    await play.press(play.tom)
    await play.page.locator("[data-turn=next]").click()
    await play.settle()
    await play.write(play.asha, WORDS[locale])
    await take("8-kept", play.asha)
    await play.press(play.asha)
    await take("8-received", play.tom)
    await play.press(play.tom)
    await play.write(play.asha, "/reset")
    await play.press(play.asha)
    await take("9-said", play.asha)
    await take("9-called", play.tom)
    await play.press(play.tom)
    await take("9-guide", play.tom)
    await play.press(play.tom)
    await play.page.locator("[data-turn=sunday]").click()
    await asyncio.sleep(1.5)
    await play.settle()
    await take("10-week", play.asha)
    await play.write(play.asha, "/journal")
    await take("10-journal", play.asha)


async def main(folder: Path) -> None:
    """Every locale once, then one picture for each moment."""
    taken: dict[str, list[Image.Image]] = {}

    async def take(name: str, phone: Locator) -> None:
        await play.page.evaluate("cast().forEach(phone => phone.toEnd())")
        await asyncio.sleep(0.4)
        picture = Image.open(io.BytesIO(await phone.screenshot())).convert("RGB")
        taken.setdefault(name, []).append(picture)

    for locale, code in CODES.items():
        async with playing(1040, 860, hers=code, his=code) as play:
            await moments(play, locale, take)
        print(f"{locale}: {len(taken)} screens")
    for name, pictures in taken.items():
        width = sum(picture.width + GAP for picture in pictures) - GAP
        sheet = Image.new("RGB", (width, max(picture.height for picture in pictures)), "white")
        left = 0
        for picture in pictures:
            sheet.paste(picture, (left, 0))
            left += picture.width + GAP
        sheet.save(folder / f"{name}.png")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python deploy/screens.py FOLDER")
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(Path(sys.argv[1])))
