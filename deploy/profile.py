"""What @BotFather is given: two pictures and a page with the texts: `python deploy/profile.py` writes docs/profile/.

The bot says its descriptions and commands itself when it starts; a name and pictures only a person can give. The pictures
hold no words, so that they are for everyone. The same project gives the same bytes; a test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.domain.gestures import Form
from bot.domain.prompts import Step
from bot.speech import library, settings
from bot.speech.pictures.scene import AIRS, PAPER, plant
from bot.speech.pictures.sheet import Sheet

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "profile"
CLAY, SAGE, BOTH = "#c4694b", "#8dab90", "#7f6f55"
"""The two circles of the mark, and where they meet."""
NIGHT, MOON = "#39446b", "#f3e7bd"
LOCALES = {"English": "en-US", "हिन्दी": "hi-IN", "العربية": "ar-AE", "Français": "fr-CA"}
HEART = "M0 18C-16 4-22-4-22-12C-22-20-16-24-11-24C-6-24-2-21 0-17C2-21 6-24 11-24C16-24 22-20 22-12C22-4 16 4 0 18Z"


def portrait() -> bytes:
    """The bot's picture, 640 × 640; Telegram shows a circle of it."""
    sheet = Sheet(640, 640)
    sheet.fill("#fbf1e6")
    sheet.circle(246, 320, 158, CLAY)
    sheet.circle(394, 320, 158, SAGE)
    sheet.shape("M320 180.4A158 158 0 0 1 320 459.6A158 158 0 0 1 320 180.4Z", BOTH)
    sheet.shape(HEART, PAPER, x=320, y=326, scale=2.3)
    return sheet.png()


def scenery() -> bytes:
    """The picture over the description, 640 × 360: his morning, her evening, and one small thing that goes between them."""
    sheet, air = Sheet(640, 360), AIRS[Step.EXPRESS]
    sheet.fill(air.sky)
    sheet.shape("M320 0H640V360H320Z", NIGHT)
    sheet.circle(96, 92, 46, "#f6c58f")
    sheet.circle(548, 84, 34, MOON)
    sheet.circle(532, 74, 30, NIGHT)
    for x, y in ((420, 46), (470, 120), (606, 150), (372, 108)):
        sheet.circle(x, y, 3, MOON)
    sheet.shape("M0 232C110 190 220 196 320 238V360H0Z", air.far)
    sheet.shape("M320 238C430 196 540 190 640 222V360H320Z", "#2c3656")
    sheet.shape("M0 292C150 268 240 276 320 286V360H0Z", air.ground)
    sheet.shape("M320 286C420 298 540 270 640 290V360H320Z", "#475a52")
    plant(sheet, (Form.PRACTICAL,), x=128, y=306, place=1, scale=0.85, stem=70)
    plant(sheet, (Form.EMOTIONAL,), x=512, y=306, place=3, scale=0.85, stem=74)
    _bubble(sheet, 232, 138, PAPER, tail=-1)
    sheet.shape(HEART, CLAY, x=232, y=138, scale=1.25)
    _bubble(sheet, 414, 196, CLAY, tail=1)
    sheet.shape(HEART, PAPER, x=414, y=196, scale=1.25)
    return sheet.png()


def _bubble(sheet: Sheet, x: float, y: float, colour: str, *, tail: int) -> None:
    """A speech bubble around (x, y), its tail to one side."""
    sheet.shape(
        "M-38-46H38A22 22 0 0 1 60-24V20A22 22 0 0 1 38 42H-38A22 22 0 0 1-60 20V-24A22 22 0 0 1-38-46Z",
        colour,
        x=x,
        y=y,
    )
    sheet.shape("M-30 30C-40 52-52 60-70 62C-58 50-56 40-56 20Z", colour, x=x, y=y, mirror=tail > 0)


def guide() -> str:
    """What to do in @BotFather, and the texts in each language."""
    books = library.load()
    lines = [
        "# The bot's profile, for @BotFather",
        "",
        "Made by `make profile`; do not edit. Recipro sets its commands and both descriptions by itself, in every language, when it",
        "starts. What is left, in a chat with [@BotFather](https://t.me/BotFather):",
        "",
        "1. `/newbot`: a name (*Recipro* will do) and a username that ends in *bot*; it answers with the token.",
        "2. `/setuserpic`: [bot.png](bot.png). Under `/mybots` → *Edit Bot* → *Edit Description Picture*: [description.png](description.png).",
        "3. `/setjoingroups`: *Disable*. Recipro works in private chats only, and leaves every group.",
        "4. `/setprivacy`: *Enable*, as it is at first. Nothing else is needed; no inline mode, no payments.",
        "",
        "![The bot's picture: two circles that overlap, and a heart where they do](bot.png)",
        "![The description picture: morning on the left, night on the right, two flowers, and a heart sent from each side](description.png)",
        "",
        "The texts, should you want to set them by hand:",
        "",
        "| language | about (at most 120 characters) | description (at most 512) |",
        "| --- | --- | --- |",
    ]
    for name, locale in LOCALES.items():
        voice = books.voice(locale)
        lines.append(f"| {name} | {settings.short_description(voice)} | {settings.description(voice)} |")
    return "\n".join(lines) + "\n"


def files() -> dict[str, bytes]:
    """Everything, by file name."""
    return {"bot.png": portrait(), "description.png": scenery(), "README.md": guide().encode()}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, body in files().items():
        (FOLDER / name).write_bytes(body)
    print(f"{FOLDER}: {', '.join(files())}")
