"""A sheet to draw on: shapes and lettering go in, a PNG comes out. Mirrored as a whole for languages that read leftwards.

All colours are opaque and flat: it looks like cut paper, and blending would cost more than everything else together.
It knows no words and no weeks. The same drawing gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.speech.pictures import letters
from bot.speech.pictures.letters import Line


@dataclass(slots=True)
class Sheet:
    """*width* × *height* pixels. Positions count from where reading starts: from the right edge if *rtl*."""

    width: int
    height: int
    rtl: bool = False
    _parts: list[str] = field(default_factory=list)

    def x(self, at: float) -> float:
        """Where *at* pixels from the reading edge lies."""
        return self.width - at if self.rtl else at

    def fill(self, colour: str) -> None:
        """The whole sheet in one colour."""
        self._parts.append(f'<rect width="{self.width}" height="{self.height}" fill="{colour}"/>')

    def shape(
        self, data: str, colour: str, *, x: float = 0, y: float = 0, scale: float = 1, mirror: bool = False
    ) -> None:
        """A filled path around (x, y). Its own left and right stay as they are unless *mirror*: symbols read one way."""
        size = f"{_n(-scale)} {_n(scale)}" if mirror else _n(scale)
        self._parts.append(
            f'<path d="{data}" fill="{colour}" transform="translate({_n(self.x(x))} {_n(y)}) scale({size})"/>'
        )

    def stroke(self, data: str, colour: str, width: float, *, x: float = 0, y: float = 0, scale: float = 1) -> None:
        """A line along a path around (x, y), with round ends."""
        moved = f"translate({_n(self.x(x))} {_n(y)}) scale({_n(scale)})"
        self._parts.append(
            f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{_n(width)}" stroke-linecap="round" '
            f'stroke-linejoin="round" transform="{moved}"/>'
        )

    def landscape(self, data: str, colour: str) -> None:
        """A path over the whole sheet, mirrored with it."""
        moved = f' transform="translate({self.width} 0) scale(-1 1)"' if self.rtl else ""
        self._parts.append(f'<path d="{data}" fill="{colour}"{moved}/>')

    def seam(self, data: str, colour: str, width: float) -> None:
        """A line over the whole sheet, mirrored with it."""
        moved = f' transform="translate({self.width} 0) scale(-1 1)"' if self.rtl else ""
        self._parts.append(f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"{moved}/>')

    def panel(self, top: float, bottom: float, *, margin: float, radius: float, colour: str) -> None:
        """A rounded rectangle from margin to margin."""
        self._parts.append(
            f'<rect x="{_n(margin)}" y="{_n(top)}" width="{_n(self.width - 2 * margin)}" height="{_n(bottom - top)}" '
            f'rx="{_n(radius)}" fill="{colour}"/>'
        )

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        """A disc."""
        self._parts.append(f'<circle cx="{_n(self.x(x))}" cy="{_n(y)}" r="{_n(radius)}" fill="{colour}"/>')

    def write(
        self,
        line: Line,
        size: float,
        *,
        x: float,
        y: float,
        colour: str,
        anchor: str = "start",
        emoji: str | None = None,
    ) -> None:
        """*line* on the baseline *y*; *anchor* (start, middle, end) is meant in the direction of reading."""
        wide = line.width * size
        left = self.x(x) - wide * {"start": float(self.rtl), "middle": 0.5, "end": float(not self.rtl)}[anchor]
        self._parts.append(f'<g fill="{colour}">')
        for glyph in line.glyphs:
            face = letters.face(glyph.face)
            if outline := face.outline(glyph.index):
                scale = size * face.unit
                at = f"{_n(left + glyph.x * size)} {_n(y - glyph.y * size)}"
                own = f' fill="{emoji}"' if emoji is not None and glyph.face in letters.SYMBOLS else ""
                self._parts.append(
                    f'<path d="{outline}"{own} transform="translate({at}) scale({scale:.5f} {-scale:.5f})"/>'
                )
        self._parts.append("</g>")

    def column(
        self,
        lines: Sequence[Line],
        size: float,
        *,
        x: float,
        y: float,
        colour: str,
        leading: float,
        anchor: str = "start",
        emoji: str | None = None,
    ) -> float:
        """Lines one under the other from the baseline *y* on; the baseline after the last."""
        for line in lines:
            self.write(line, size, x=x, y=y, colour=colour, anchor=anchor, emoji=emoji)
            y += leading
        return y

    def svg(self) -> str:
        """The drawing. It holds outlines and no text."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}">'
        return f"{head}{''.join(self._parts)}</svg>"

    def png(self) -> bytes:
        """The picture."""
        import resvg_py  # as in letters.py

        return resvg_py.svg_to_bytes(svg_string=self.svg(), skip_system_fonts=True)


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
