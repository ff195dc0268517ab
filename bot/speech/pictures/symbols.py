"""The signs of the pictures: a colour, a blossom and a drawing for each form of care, told apart by any one of the three.

Drawings are paths around (0, 0) within 34 units each way, so that they need no typeface and look alike everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin

from bot.domain.gestures import Form
from bot.speech.pictures.sheet import Sheet

CREAM = "#fffaf0"
GOLD = "#c8922b"
LEAF = "#7f9a67"
RADIUS = 38.0
"""Of a blossom, in its own units."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How one form of care looks. *lines* are drawn as strokes, *areas* filled, both in the colour of paper."""

    colour: str
    petals: int
    depth: float
    areas: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()
    """Areas in the blossom's own colour, on top."""


_HEART = "M0 20C-16 9-22 1-22-8C-22-15-17-20-11-20C-6-20-2-17 0-13C2-17 6-20 11-20C17-20 22-15 22-8C22 1 16 9 0 20Z"
_CUP = "M-18-4H12V6C12 15 6 20-3 20C-12 20-18 15-18 6Z"
_BUBBLE = "M-13-18H13C19-18 23-14 23-8V3C23 9 19 13 13 13H0L-11 22V13H-13C-19 13-23 9-23 3V-8C-23-14-19-18-13-18Z"
_LEAF = "M-17 19C-24-2-12-21 20-21C22 7 6 22-13 15Z"
_NEEDLE = "M-22 22L10-16C13-20 18-23 21-22C23-19 20-14 16-11Z"
_SUN = "M-15 9A15 15 0 0 1 15 9Z"


def _dots(*xs: float, y: float = -2.5, r: float = 3.2) -> str:
    return "".join(f"M{x - r} {y}A{r} {r} 0 1 0 {x + r} {y}A{r} {r} 0 1 0 {x - r} {y}Z" for x in xs)


SIGNS: dict[Form, Sign] = {
    Form.PRACTICAL: Sign(
        "#cf8a2c",
        8,
        0.16,
        (_CUP,),
        ("M12 0H16C23 0 23 11 15 11H11", "M-9-11C-12-15-6-17-9-21", "M2-11C-1-15 5-17 2-21"),
    ),
    Form.EMOTIONAL: Sign("#c65468", 5, 0.22, (_HEART,)),
    Form.COMMUNICATION: Sign("#2f8583", 6, 0.2, (_BUBBLE,), (), (_dots(-10, 0, 10),)),
    Form.REPAIR: Sign("#85578f", 12, 0.12, (_NEEDLE,), ("M16-17C4-27-16-20-8-9C-3-2-23 1-20-10",)),
    Form.HEALING: Sign("#5b8a46", 7, 0.2, (_LEAF,), (), ("M-19 22C-13 8-4-2 9-10C0-1-8 9-14 23Z",)),
    Form.FUTURE: Sign(
        "#4a65a3",
        10,
        0.16,
        (_SUN,),
        ("M-23 17H23", "M0-19V-13", "M-17-12L-13-8", "M17-12L13-8", "M-24 4H-21", "M24 4H21"),
    ),
}
"""Every form, in its colours. A form that is added needs a row here: a test draws them all."""


@cache
def blossom(petals: int, depth: float) -> str:
    """A flower of so many petals around (0, 0), RADIUS wide; *depth* is how far in it goes between two."""
    inner = RADIUS * (1 - depth)
    outer = RADIUS * (1 + depth * 0.9)
    step = 2 * pi / petals
    points = [(inner * sin(n * step), -inner * cos(n * step)) for n in range(petals)]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for n in range(petals):
        left, right = (n + 0.18) * step, (n + 0.82) * step
        end = points[(n + 1) % petals]
        path += (
            f"C{outer * sin(left):.1f} {-outer * cos(left):.1f} {outer * sin(right):.1f} {-outer * cos(right):.1f} "
            f"{end[0]:.1f} {end[1]:.1f}"
        )
    return path + "Z"


def bloom(sheet: Sheet, form: Form, *, x: float, y: float, scale: float = 1) -> None:
    """The flower of one form of care, with its drawing."""
    sign = SIGNS[form]
    sheet.shape(blossom(sign.petals, sign.depth), sign.colour, x=x, y=y, scale=scale)
    inside = scale * 0.86
    for area in sign.areas:
        sheet.shape(area, CREAM, x=x, y=y, scale=inside)
    for line in sign.lines:
        sheet.stroke(line, CREAM, 4.2, x=x, y=y, scale=inside)
    for cut in sign.cuts:
        sheet.shape(cut, sign.colour, x=x, y=y, scale=inside)
