"""A week as a garden: seven stems, a flower for each form of care that showed up, a line that was shared."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.gestures import Form
from bot.domain.prompts import Step
from bot.speech.pictures import letters, scene
from bot.speech.pictures.scene import AIRS, GAP, HEIGHT, INK, INNER, MARGIN, ROW, SOFT, STEM, WIDTH
from bot.speech.pictures.sheet import Sheet
from bot.speech.pictures.symbols import GOLD

FOOT = 56
"""Pixels under everything."""


@dataclass(frozen=True, slots=True)
class WeekPicture:
    """One week. *forms* holds for each of *days* which forms of care showed up; *mended* are words for it, if something was.

    *plain* stands for *whose* where no typeface has the names; of *lines*, the first that can be drawn is.
    """

    step: Step
    label: str
    theme: str
    whose: str = field(repr=False)
    plain: str
    span: str
    days: tuple[str, ...]
    forms: tuple[tuple[Form, ...], ...]
    legend: tuple[tuple[Form, str], ...]
    mended: str | None
    lines: tuple[str, ...] = field(repr=False)
    rtl: bool
    veiled: bool = False
    name: str = "recipro.png"

    def draw(self) -> bytes:
        """The PNG."""
        return self.sheet().png()

    def sheet(self) -> Sheet:
        """Everything in its place."""
        sheet, air = Sheet(WIDTH, HEIGHT, rtl=self.rtl), AIRS[self.step]
        rows = scene.legend_rows(self.legend, self.mended, rtl=self.rtl)
        quote = scene.quotation(self.lines, most=4 if len(rows) < 3 else 3, rtl=self.rtl)
        tall = scene.quotation_height(quote) + 52 if quote is not None else 0
        ground = HEIGHT - FOOT - (tall or 90) - ROW * len(rows) - 62
        scene.hills(sheet, air, ground)
        if self.mended is not None:
            sheet.seam(scene.horizon(ground), GOLD, 7)
        top = scene.head(sheet, air, whose=(self.whose, self.plain), span=self.span, label=self.label, title=self.theme)
        self._garden(sheet, room=ground - top - 36, ground=ground)
        scene.legend(sheet, rows, ground + 128)
        if quote is not None:
            scene.quote_panel(sheet, air, quote, HEIGHT - FOOT - tall + 52)
        return sheet

    def _garden(self, sheet: Sheet, *, room: float, ground: float) -> None:
        apart = (INNER + 40) / 7
        flowers = GAP * (max(1, *map(len, self.forms)) - 1) + 68
        scale = max(0.5, min(1.2, room / (STEM + flowers)))
        stem = STEM + max(0.0, min(130.0, (0.62 * room / scale - STEM - flowers)))
        for place, (name, forms) in enumerate(zip(self.days, self.forms, strict=True)):
            x = MARGIN - 20 + apart * (place + 0.5)
            scene.plant(sheet, forms, x=x, y=ground + 8, place=place, scale=scale, stem=stem)
            label = letters.clipped(name, (apart - 8) / 32, rtl=self.rtl)
            sheet.write(label, 32, x=x, y=ground + 62, colour=INK if forms else SOFT, anchor="middle")
