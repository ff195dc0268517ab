"""An invitation to hand on: a code to scan, the same code to read aloud. It names nobody, because anyone may see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.gestures import Form
from bot.domain.prompts import Step
from bot.speech.pictures import letters, scene
from bot.speech.pictures.scene import AIRS, HEIGHT, INK, INNER, PAPER, SOFT, WIDTH
from bot.speech.pictures.sheet import Sheet

SIDE = 560
"""Pixels of the QR code at most, without its quiet border."""
QUIET = 4
"""Light modules around it, which scanners need (ISO/IEC 18004)."""
DARK = "#4a2a1c"


@dataclass(frozen=True, slots=True)
class InvitePicture:
    """*link* is what the QR code opens; *code* its eight signs; the rest are words."""

    link: str = field(repr=False)
    code: str = field(repr=False)
    label: str
    title: str
    how: str
    rtl: bool
    veiled: bool = False
    name: str = "recipro.png"

    def draw(self) -> bytes:
        """The PNG."""
        return self.sheet().png()

    def sheet(self) -> Sheet:
        """Everything in its place."""
        import segno  # as in letters.py

        sheet, air = Sheet(WIDTH, HEIGHT, rtl=self.rtl), AIRS[Step.EXPRESS]
        scene.hills(sheet, air, 930)
        middle = WIDTH / 2
        label = letters.clipped(self.label, INNER / 34, rtl=self.rtl)
        sheet.write(label, 34, x=middle, y=106, colour=air.accent, anchor="middle")
        size, lines = letters.fitted(self.title, (62, 54, 46), INNER, most=2, rtl=self.rtl)
        top = sheet.column(lines, size, x=middle, y=190, colour=INK, leading=size * 1.2, anchor="middle") - 24
        size = SIDE // len(modules := segno.make(self.link, error="m", micro=False).matrix)
        side = size * (len(modules) + 2 * QUIET)
        foot = top + side + 118
        for x, form in ((100.0, Form.EMOTIONAL), (WIDTH - 100.0, Form.PRACTICAL)):
            scene.plant(sheet, (form,), x=x, y=foot - 30, place=1 if x < middle else 3, scale=1.0, stem=190)
        sheet.panel(top, foot, margin=(WIDTH - side) / 2, radius=48, colour=PAPER)
        left = middle + (1 if self.rtl else -1) * (side / 2 - QUIET * size)
        sheet.shape(_squares(modules, size), DARK, x=left, y=top + QUIET * size)
        written = letters.line(f"{self.code[:4]}\u00a0\u00a0{self.code[4:]}", rtl=False)
        tall = min(96.0, (side - 90) / written.width)
        sheet.write(written, tall, x=middle, y=top + side + 70, colour=INK, anchor="middle")
        tall, lines = letters.fitted(self.how, (38, 34, 31, 28), INNER - 20, most=2, rtl=self.rtl)
        room = (HEIGHT - foot - tall * 1.36 * (len(lines) - 1)) / 2
        sheet.column(
            lines, tall, x=middle, y=foot + room + tall * 0.2, colour=SOFT, leading=tall * 1.36, anchor="middle"
        )
        return sheet


def _squares(modules: tuple[bytearray, ...], size: int) -> str:
    """The dark squares of a QR code, in *size* pixels each."""
    return "".join(
        f"M{column * size} {row * size}h{size}v{size}h{-size}Z"
        for row, line in enumerate(modules)
        for column, dark in enumerate(line)
        if dark
    )
