"""Four weeks as terraces of one hillside, the newest in front."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.gestures import Form
from bot.domain.prompts import Step
from bot.speech.pictures import letters, scene
from bot.speech.pictures.scene import AIRS, HEIGHT, INK, INNER, LABEL, MARGIN, ROW, SOFT, WIDTH
from bot.speech.pictures.sheet import Sheet
from bot.speech.pictures.symbols import GOLD

FOOT = 52


@dataclass(frozen=True, slots=True)
class Terrace:
    """One of the weeks: what stands under it, and which forms of care showed up on each day."""

    words: str
    forms: tuple[tuple[Form, ...], ...]
    mended: bool


@dataclass(frozen=True, slots=True)
class MonthPicture:
    """Four weeks, oldest first. *step* is the newest one's."""

    step: Step
    label: str
    title: str
    whose: str = field(repr=False)
    plain: str
    span: str
    days: tuple[str, ...]
    weeks: tuple[Terrace, ...]
    legend: tuple[tuple[Form, str], ...]
    mended: str | None
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
        last = HEIGHT - FOOT - ROW * len(rows) - 96
        sheet.fill(air.sky)
        top = scene.head(sheet, air, whose=(self.whose, self.plain), span=self.span, label=self.label, title=self.title)
        sheet.circle(WIDTH - 250, top + 170, 130, air.sun)
        apart = (last - top - 180) / (len(self.weeks) - 1)
        tints = (air.far, air.near, scene.between(air.near, air.ground), air.ground)
        for place, (week, tint) in enumerate(zip(self.weeks, tints, strict=True)):
            self._terrace(sheet, week, tint, top + 180 + apart * place, apart=apart, place=place)
        for place, name in enumerate(self.days):
            label = letters.clipped(name, (INNER + 40) / 7 / LABEL - 0.2, rtl=self.rtl)
            sheet.write(label, LABEL, x=_column(place), y=last + 100, colour=INK, anchor="middle")
        scene.legend(sheet, rows, last + 158)
        return sheet

    def _terrace(self, sheet: Sheet, week: Terrace, tint: str, ground: float, *, apart: float, place: int) -> None:
        edge = scene.horizon(ground) if place % 2 else scene.dip(ground)
        sheet.landscape(f"{edge}V{HEIGHT}H0Z", tint)
        if week.mended:
            sheet.seam(edge, GOLD, 6)
        scale = min(0.56, (apart - 60) / 310)  # under the words of the terrace behind, with a flower for every form
        for day, forms in enumerate(week.forms):
            scene.plant(sheet, forms, x=_column(day), y=ground + 6, place=day, scale=scale, stem=46, gap=38, side=30)
        words = letters.clipped(week.words, INNER / 28, rtl=self.rtl)
        sheet.write(words, 28, x=MARGIN, y=ground + 44, colour=SOFT)


def _column(place: int) -> float:
    return MARGIN - 20 + (INNER + 40) / 7 * (place + 0.5)
