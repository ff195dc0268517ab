"""What the pictures share: the light of a week, hills, plants, what the signs mean, a head and a quotation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from bot.domain.gestures import Form
from bot.domain.prompts import Step
from bot.speech.pictures import letters
from bot.speech.pictures.letters import Line
from bot.speech.pictures.sheet import Sheet
from bot.speech.pictures.symbols import GOLD, LEAF, bloom

WIDTH, HEIGHT, MARGIN = 1080, 1350, 76
INNER = WIDTH - 2 * MARGIN
INK, SOFT, PAPER = "#35291f", "#5d4f45", "#fffdf8"
LABEL = 31
"""Pixels of the smallest words: some 10 points where a chat shows the picture 350 points wide."""


@dataclass(frozen=True, slots=True)
class Air:
    """The colours of a week: sky, sun, far and near hill, the ground, and a dark one for small words."""

    sky: str
    sun: str
    far: str
    near: str
    ground: str
    accent: str


AIRS: dict[Step, Air] = {
    Step.REFLECT: Air("#f7f2f7", "#ead9ec", "#e3d6e6", "#d2dbca", "#e3e9d8", "#6d4f78"),
    Step.EXPRESS: Air("#fdf4eb", "#fbd9be", "#f5d6c0", "#d8dfc1", "#e8ecd5", "#a1492b"),
    Step.CHECKIN: Air("#fdf8e8", "#fae3a4", "#f3e3b8", "#d8dfba", "#e9edcf", "#84621a"),
    Step.INVEST: Air("#f6f9ec", "#e6eeb5", "#dbe8c1", "#cadcb0", "#e0ebcf", "#4d6b2c"),
    Step.PRACTISE: Air("#f1f8f5", "#cfe8df", "#c9e2d8", "#c1d8bf", "#deead8", "#2b6a61"),
    Step.REPAIR: Air("#fcf3f1", "#f7d3cd", "#efd0cb", "#d7dbc3", "#e8ebd9", "#97434a"),
    Step.OBSERVE: Air("#f1f6fb", "#cfe1f2", "#c9dbec", "#c6d7c7", "#dee9dc", "#38618a"),
}
"""Each step of RECIPRO has its own light, so that a new week looks new."""

_SWAY = (-5.0, 5.0, -3.0, 6.0, -5.0, 3.0, -6.0)
_TALLER = (0.0, 26.0, -8.0, 16.0, 30.0, -4.0, 12.0)
"""How each day's stem differs from a ruler's line: by its place in the week, never by what was done."""


# --- hills and plants ---


def hills(sheet: Sheet, air: Air, ground: float) -> None:
    """Sky, a low sun, two hills, and the ground from about *ground* down."""
    sheet.fill(air.sky)
    sheet.circle(WIDTH - 230, ground - 190, 165, air.sun)
    sheet.landscape(
        f"M0 {ground - 170}C180 {ground - 270} 380 {ground - 250} 560 {ground - 130}"
        f"S900 {ground - 40} 1080 {ground - 180}V{HEIGHT}H0Z",
        air.far,
    )
    sheet.landscape(
        f"M0 {ground - 20}C220 {ground - 60} 430 {ground - 110} 700 {ground - 70}"
        f"S960 {ground - 10} 1080 {ground - 60}V{HEIGHT}H0Z",
        air.near,
    )
    sheet.landscape(f"{horizon(ground)}V{HEIGHT}H0Z", air.ground)


def horizon(ground: float) -> str:
    """The edge of the ground, from one side of the sheet to the other."""
    return f"M0 {ground - 10}C270 {ground + 16} 480 {ground + 20} 640 {ground + 2}S960 {ground - 18} 1080 {ground + 4}"


def dip(ground: float) -> str:
    """Another such edge, the other way about."""
    return f"M0 {ground + 6}C240 {ground - 18} 430 {ground - 14} 620 {ground + 6}S920 {ground + 22} 1080 {ground - 6}"


def between(one: str, other: str) -> str:
    """The colour in the middle of two."""
    pairs = [(int(one[n : n + 2], 16), int(other[n : n + 2], 16)) for n in (1, 3, 5)]
    return "#" + "".join(f"{(a + b) // 2:02x}" for a, b in pairs)


GAP = 58.0
"""How far above one flower the next one is."""
STEM = 92.0
"""From the ground to the lowest flower, at least."""


def plant(
    sheet: Sheet,
    forms: Sequence[Form],
    *,
    x: float,
    y: float,
    place: int,
    scale: float,
    stem: float,
    gap: float = GAP,
    side: float = 23.0,
) -> None:
    """One day: a stem with a flower for each form of care, or a sprout for a day without any.

    *place* is the day's place in its week; *stem* how high the lowest flower stands, *gap* and *side* how far the
    next is above it and beside the stem, all before *scale*.
    """
    flip = -1 if sheet.rtl else 1
    if not forms:
        sheet.stroke("M0 0C-1-14 1-22 0-34", LEAF, 5, x=x, y=y, scale=scale)
        sheet.shape("M0-30C-16-32-24-42-24-54C-10-54 0-46 0-30Z", LEAF, x=x, y=y, scale=scale)
        sheet.shape("M0-32C14-36 20-46 18-58C6-56-2-46 0-32Z", LEAF, x=x, y=y, scale=scale)
        return
    reach = (stem + _TALLER[place] + gap * (len(forms) - 1)) * scale
    sway = _SWAY[place] * scale * flip
    curve = f"M0 0C{-sway:.1f} {-reach * 0.35:.1f} {sway * 2:.1f} {-reach * 0.6:.1f} {sway:.1f} {-reach:.1f}"
    sheet.stroke(curve, LEAF, 6 * scale, x=x, y=y)
    sheet.shape("M0-18C-22-18-34-30-36-46C-16-46-2-38 0-18Z", LEAF, x=x, y=y, scale=scale)
    sheet.shape("M0-30C18-32 30-42 32-56C14-56 2-48 0-30Z", LEAF, x=x, y=y, scale=scale)
    for number, form in enumerate(forms):
        above = gap * scale * (len(forms) - 1 - number)
        beside = 0.0 if above == 0 else (-side if (number + place) % 2 else side) * scale
        bloom(sheet, form, x=x + flip * beside + flip * sway, y=y - reach + above, scale=scale)


# --- words ---


def head(sheet: Sheet, air: Air, *, whose: tuple[str, str], span: str, label: str, title: str) -> float:
    """Whose it is (or what it is, where a name cannot be drawn), from when, a small line, a large one; the last baseline."""
    when = letters.clipped(span, 0.55 * INNER / 33, rtl=sheet.rtl)
    named = whose[0] if letters.can_draw(whose[0]) else whose[1]
    who = letters.clipped(named, (INNER - when.width * 33 - 48) / 33, rtl=sheet.rtl)
    sheet.write(who, 33, x=MARGIN, y=112, colour=SOFT)
    sheet.write(when, 33, x=WIDTH - MARGIN, y=112, colour=SOFT, anchor="end")
    sheet.write(letters.clipped(label, INNER / LABEL, rtl=sheet.rtl), LABEL, x=MARGIN, y=192, colour=air.accent)
    size, lines = letters.fitted(title, (80, 70, 62, 54, 46), INNER, most=2, rtl=sheet.rtl)
    first = 196 + size * (1.26 if sheet.rtl else 1.14)  # Arabic letters reach higher
    return sheet.column(lines, size, x=MARGIN, y=first, colour=INK, leading=size * 1.2) - size * 1.2


Quotation = tuple[float, list[Line]]
"""The size a quotation is set in, and its lines."""
_INSET = 56


def quotation(candidates: Sequence[str], *, most: int, rtl: bool) -> Quotation | None:
    """The first of *candidates* that can be drawn whole, in at most *most* lines; None when there is none."""
    words = next(filter(letters.can_draw, candidates), None)
    if words is None:
        return None
    leftwards = letters.leftwards(words, otherwise=rtl)
    return letters.fitted(words, (46, 41, 36), INNER - 2 * _INSET + 32, most=most, rtl=leftwards)


def quotation_height(quote: Quotation) -> float:
    """Pixels of its panel."""
    size, lines = quote
    return 92 + size * 1.36 * len(lines)


def quote_panel(sheet: Sheet, air: Air, quote: Quotation, top: float) -> None:
    """The panel with its mark, as high as quotation_height."""
    size, lines = quote
    sheet.panel(top, top + quotation_height(quote), margin=MARGIN - 16, radius=40, colour=PAPER)
    mark = "M-13 15C-13-8-6-21 11-26L14-19C5-15 1-9 1-2C8-3 14 3 14 9C14 17 8 22 1 22C-7 22-13 19-13 15Z"
    for at in (0, 37):
        sheet.shape(mark, air.accent, x=MARGIN + _INSET + at, y=top + 2, scale=1.15, mirror=sheet.rtl)
    sheet.column(
        lines, size, x=MARGIN + _INSET - 16, y=top + 52 + size * 0.92, colour=INK, leading=size * 1.36, emoji=air.accent
    )


# --- what the signs mean ---

Item = tuple[Form | None, Line]
"""A form and its name; None for the seam of what was mended."""
_GAP, _ICON = 30, 54
ROW = 60
"""Pixels from one row of the legend to the next."""


def legend_rows(names: Sequence[tuple[Form, str]], mended: str | None, *, rtl: bool) -> list[list[Item]]:
    """What the signs mean, in as few rows as it takes, about equally wide."""
    items: list[Item] = [(form, letters.line(name, rtl=rtl)) for form, name in names]
    if mended is not None:
        items.append((None, letters.line(mended, rtl=rtl)))
    for count in range(1, len(items)):
        ways = [_cut(items, (0, *ends, len(items))) for ends in combinations(range(1, len(items)), count - 1)]
        best = min(ways, key=lambda rows: max(map(_row_width, rows)))
        if max(map(_row_width, best)) <= INNER + 40:
            return best
    return [[item] for item in items]


def legend(sheet: Sheet, rows: Sequence[Sequence[Item]], y: float) -> None:
    """The rows, each in the middle, from the baseline *y* on."""
    for row in rows:
        x = (WIDTH - _row_width(row)) / 2
        for form, name in row:
            if form is None:
                sheet.stroke("M-19 2C-10-8 9 10 19 0", GOLD, 7, x=x + 20, y=y - 10)
            else:
                bloom(sheet, form, x=x + 20, y=y - 10, scale=0.6)
            sheet.write(name, LABEL, x=x + _ICON, y=y, colour=INK)
            x += _ICON + name.width * LABEL + _GAP
        y += ROW


def _row_width(row: Sequence[Item]) -> float:
    return sum(_ICON + name.width * LABEL for _, name in row) + _GAP * (len(row) - 1)


def _cut(items: list[Item], ends: Sequence[int]) -> list[list[Item]]:
    return [items[a:b] for a, b in pairwise(ends)]
