"""An invitation to hand on: a code to scan, the same code to read aloud. It names nobody, because anyone may see it."""

from __future__ import annotations

from dataclasses import dataclass, field

import segno

from bot.domain.gestures import Form
from bot.domain.prompts import Step
from bot.speech.pictures import letters, scene
from bot.speech.pictures.scene import AIRS, HEIGHT, INK, INNER, PAPER, SOFT, WIDTH
from bot.speech.pictures.sheet import Sheet

SIDE = 560
"""Pixels of the QR code, without the quiet border that scanners need."""
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
        sheet, air = Sheet(WIDTH, HEIGHT, rtl=self.rtl), AIRS[Step.EXPRESS]
        scene.hills(sheet, air, 930)
        middle = WIDTH / 2
        label = letters.clipped(self.label, INNER / 34, rtl=self.rtl)
        sheet.write(label, 34, x=middle, y=106, colour=air.accent, anchor="middle")
        size, lines = letters.fitted(self.title, (62, 54, 46), INNER, most=2, rtl=self.rtl)
        top = sheet.column(lines, size, x=middle, y=190, colour=INK, leading=size * 1.2, anchor="middle") - 24
        for x, side in ((150.0, Form.EMOTIONAL), (WIDTH - 150.0, Form.PRACTICAL)):
            scene.plant(sheet, (side,), x=x, y=top + SIDE + 100, place=1 if x < middle else 3, scale=1.0, stem=150)
        self._code(sheet, middle, top)
        bottom = top + SIDE + 100
        sheet.panel(bottom + 30, bottom + 170, margin=190, radius=44, colour=PAPER)
        spaced = f"{self.code[:4]}\u00a0\u00a0{self.code[4:]}"
        written = letters.line(spaced, rtl=False)
        size = min(92.0, (WIDTH - 2 * 190 - 80) / written.width)
        sheet.write(written, size, x=middle, y=bottom + 100 + size * 0.35, colour=INK, anchor="middle")
        size, lines = letters.fitted(self.how, (38, 34, 31), INNER - 40, most=3, rtl=self.rtl)
        sheet.column(lines, size, x=middle, y=bottom + 236, colour=SOFT, leading=size * 1.36, anchor="middle")
        return sheet

    def _code(self, sheet: Sheet, middle: float, top: float) -> None:
        modules = segno.make(self.link, error="m", micro=False).matrix
        size = SIDE // len(modules)
        border = 4 * size
        whole = size * len(modules)
        sheet.panel(top, top + whole + 2 * border, margin=middle - whole / 2 - border, radius=36, colour=PAPER)
        data = "".join(
            f"M{column * size} {row * size}h{size}v{size}h{-size}Z"
            for row, line in enumerate(modules)
            for column, dark in enumerate(line)
            if dark
        )
        sheet.shape(data, DARK, x=middle + (whole / 2 if sheet.rtl else -whole / 2), y=top + border)
