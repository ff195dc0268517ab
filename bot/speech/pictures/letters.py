"""Text as outlines: which typeface draws a character, in which direction it runs, where a line breaks, how wide it is.

The shaper that measures is the one whose glyphs are drawn, so nothing can be cut off, and no drawing library has to pick
typefaces: a character that none of ours has is known before anything is drawn. An emoji that is not among ours is left
out; a text with a letter that is not is refused (`can_draw`), because a word with holes is worse than no word.
The same text gives the same outlines. Nothing here knows people, languages or Telegram.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.speech.pictures import bidi

if TYPE_CHECKING:
    import uharfbuzz

FONTS = Path(__file__).resolve().parent / "fonts"
NAMES = ("latin", "devanagari", "arabic", "signs", "emoji")
"""Typefaces, first choice first. `deploy/fonts.py` builds them."""
SCALES = {"latin": 1.0, "devanagari": 1.0, "arabic": 1.22, "signs": 1.0, "emoji": 0.98}
"""How large each is set beside the others, so that they look equally large."""
SYMBOLS = frozenset({"signs", "emoji"})
"""Typefaces of what is no letter."""
MARKS = 3
"""Marks that may stand on one letter: enough for every language here, too few to climb into the next line."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One shaped glyph: which of its face, where on its line, in ems of the text's size."""

    face: str
    index: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is ready to be drawn. Its glyphs go from left to right, whatever way the text runs."""

    text: str
    width: float
    """Ems."""
    glyphs: tuple[Glyph, ...] = field(repr=False)


class _Pen:
    """Writes down an outline as the data of an SVG path."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def moveTo(self, to: tuple[float, float]) -> None:  # noqa: N802 - the names are uharfbuzz's
        self.parts.append(f"M{_pair(to)}")

    def lineTo(self, to: tuple[float, float]) -> None:  # noqa: N802
        self.parts.append(f"L{_pair(to)}")

    def qCurveTo(self, off: tuple[float, float], to: tuple[float, float]) -> None:  # noqa: N802
        self.parts.append(f"Q{_pair(off)} {_pair(to)}")

    def curveTo(self, one: tuple[float, float], two: tuple[float, float], to: tuple[float, float]) -> None:  # noqa: N802
        self.parts.append(f"C{_pair(one)} {_pair(two)} {_pair(to)}")

    def closePath(self) -> None:  # noqa: N802
        self.parts.append("Z")


def _pair(point: tuple[float, float]) -> str:
    return f"{point[0]:.0f} {point[1]:.0f}"


class Face:
    """One typeface, opened once."""

    def __init__(self, name: str) -> None:
        import uharfbuzz  # only where something is drawn, which is in a process of its own

        self.name = name
        face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONTS / f"{name}.ttf")))
        self._font = uharfbuzz.Font(face)
        self.has = frozenset(face.unicodes)
        self.unit: float = SCALES[name] / face.upem
        """Ems of the text for one unit of the typeface."""
        self._outlines: dict[int, str] = {}

    def shape(self, text: str, *, rtl: bool) -> tuple[list[Glyph], float]:
        """The glyphs of *text*, which is all of one direction, from left to right, and their width."""
        buffer = self._shaped(text, rtl=rtl)
        glyphs: list[Glyph] = []
        at = 0
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            x, y = (at + place.x_offset) * self.unit, place.y_offset * self.unit
            glyphs.append(Glyph(self.name, info.codepoint, x, y))
            at += place.x_advance
        return glyphs, at * self.unit

    def width(self, text: str, *, rtl: bool) -> float:
        """How wide its glyphs are, in ems."""
        units: int = sum(place.x_advance for place in self._shaped(text, rtl=rtl).glyph_positions)
        return units * self.unit

    def outline(self, index: int) -> str:
        """The path of one glyph, in units of the typeface, upwards; empty for a blank."""
        if index not in self._outlines:
            pen = _Pen()
            self._font.draw_glyph_with_pen(index, pen)
            self._outlines[index] = "".join(pen.parts)
        return self._outlines[index]

    def _shaped(self, text: str, *, rtl: bool) -> uharfbuzz.Buffer:
        import uharfbuzz

        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if rtl else "ltr"
        uharfbuzz.shape(self._font, buffer)
        return buffer


@cache
def face(name: str) -> Face:
    """The typeface of that name."""
    return Face(name)


# --- which signs ---

_SELECTORS = re.compile("[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u00ad\u200b\u2060\ufeff]")
_FLAGS = re.compile("[\U0001f1e6-\U0001f1ff]")
_JOINED = re.compile("(?<=[\u203c-\u3299\U0001f000-\U0001faff])\u200d[\u2190-\u3299\U0001f000-\U0001faff]")
_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")
_HEARTS = str.maketrans(dict.fromkeys("❤🧡💛💚💙💜🤎🖤🤍🩷🩵🩶", "♥"))
"""In one colour they would differ by their hatching only."""


def drawable(text: str) -> str:
    """*text* as a picture shows it: one paragraph, whole letters, and only those emoji that can be drawn.

    Of an emoji made of several the first is shown; flags, skin tones and emoji that we have no outline for are left out.
    """
    text = _SELECTORS.sub("", unicodedata.normalize("NFC", text))
    while _JOINED.search(text):
        text = _JOINED.sub("", text)
    text = _FLAGS.sub("", text).translate(_HEARTS).replace("\u202f", "\u00a0")
    text = "".join(sign for sign in text if not _is_symbol(sign) or _has(sign))
    return _BLANKS.sub(" ", _without_piles(text)).strip(" \u00a0\u200d")


def can_draw(text: str) -> bool:
    """Whether every sign of drawable(*text*) can be drawn, and there is one."""
    shown = drawable(text)
    return bool(shown) and all(_has(sign) or sign in _SILENT for sign in shown)


_SILENT = frozenset("\u200c\u200d\u200e\u200f\u061c\u2066\u2067\u2068\u2069")
"""Signs that are never seen."""


def _has(sign: str) -> bool:
    return any(ord(sign) in face(name).has for name in NAMES)


def _is_symbol(sign: str) -> bool:
    return unicodedata.category(sign) in {"So", "Sk", "Cn", "Co", "Cs"}


def _without_piles(text: str) -> str:
    out: list[str] = []
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.category(sign) in {"Mn", "Me"} else 0
        if marks <= MARKS:
            out.append(sign)
    return "".join(out)


def leftwards(text: str, *, otherwise: bool) -> bool:
    """Whether *text* on its own reads from right to left: by its first strong letter, *otherwise* where it has none."""
    kinds = (unicodedata.bidirectional(sign) for sign in text)
    return next((kind != "L" for kind in kinds if kind in {"L", "R", "AL"}), otherwise)


# --- lines ---


def line(text: str, *, rtl: bool) -> Line:
    """*text* on one line."""
    whole = _Paragraph(text, rtl=rtl)
    return whole.line(0, len(whole.text))


def wrapped(text: str, width: float, *, rtl: bool) -> list[Line]:
    """*text* in lines that are at most *width* ems wide; a word that is wider is broken where it can be."""
    whole = _Paragraph(text, rtl=rtl)
    return [whole.line(start, end) for start, end in whole.breaks(width)]


def fitted(text: str, sizes: Sequence[float], width: float, *, most: int, rtl: bool) -> tuple[float, list[Line]]:
    """*text* at the first of *sizes* at which it needs at most *most* lines of *width* pixels; cut at the last of them.

    The lines are about equally long. A word is broken only where it is too wide at the last size too.
    """
    whole = _Paragraph(text, rtl=rtl)
    for size in sizes:
        if whole.widest * size <= width and len(whole.breaks(width / size)) <= most:
            return size, [whole.line(start, end) for start, end in whole.balanced(width / size)]
    return sizes[-1], whole.cut(width / sizes[-1], most)


def clipped(text: str, width: float, *, rtl: bool) -> Line:
    """*text* on one line of at most *width* ems, cut where it must be."""
    return next(iter(_Paragraph(text, rtl=rtl).cut(width, 1)), Line("", 0.0, ()))


_TOKEN = re.compile(r"[^ \-–—/]*[\-–—/]+|[^ \-–—/]+")
_VIRAMA = 9
"""Canonical combining class of the sign that joins Devanagari letters into one."""


class _Paragraph:
    """A text on its way into lines: its directions, its words, and how wide each is."""

    def __init__(self, text: str, *, rtl: bool) -> None:
        self.text = drawable(text)
        self.rtl = rtl
        self._levels = bidi.levels(self.text, rtl=rtl)
        self._names = _faces(self.text)
        self._words = [
            (word.start(), word.end(), self._width(word.start(), word.end())) for word in _TOKEN.finditer(self.text)
        ]
        self.widest = max((width for _, _, width in self._words), default=0.0)

    def line(self, start: int, end: int, *, more: bool = False) -> Line:
        """The characters from *start* to *end* as one line; *more* of them follow, which an ellipsis says."""
        if more:
            return line(self.text[start:end] + "…", rtl=self.rtl)
        text = self.text[start:end]
        levels = bidi.trimmed(text, self._levels[start:end], rtl=self.rtl)
        runs = list(_runs(levels, self._names[start:end]))
        glyphs: list[Glyph] = []
        at = 0.0
        for place in bidi.order([levels[first] for _, first, _ in runs]):
            name, first, last = runs[place]
            shaped, width = face(name).shape(text[first:last], rtl=levels[first] % 2 == 1)
            glyphs += [Glyph(each.face, each.index, at + each.x, each.y) for each in shaped]
            at += width
        return Line(text, at, tuple(glyphs))

    def breaks(self, width: float) -> list[tuple[int, int]]:
        """(start, end) of each line of at most *width* ems, filled one after the other."""
        lines: list[tuple[int, int]] = []
        start, end, used = 0, 0, 0.0
        for first, last, wide in self._words:
            gap = _blank() * (first - end)
            if end > start and used + gap + wide > width:
                lines.append((start, end))
                start = end = first
            if end == start:
                start, used, gap = first, 0.0, 0.0
            end, used = last, used + gap + wide
            if wide > width:
                *full, (start, end) = self._pieces(first, last, width)
                lines += full
                used = self._width(start, end)
        return [*lines, (start, end)] if end > start else lines

    def balanced(self, width: float) -> list[tuple[int, int]]:
        """As breaks(), in as few lines, but about equally long ones."""
        best = self.breaks(width)
        narrow, wide = max(self.widest, width / 3), width
        while len(best) > 1 and wide - narrow > 0.1:
            middle = (narrow + wide) / 2
            tried = self.breaks(middle)
            if len(tried) == len(best):
                best, wide = tried, middle
            else:
                narrow = middle
        return best

    def cut(self, width: float, most: int) -> list[Line]:
        """As much as *most* lines hold, with an ellipsis where something is left out."""
        ends = self.breaks(width)
        if len(ends) <= most:
            return [self.line(start, end) for start, end in ends]
        lines = [self.line(start, end) for start, end in ends[: most - 1]]
        start, end = ends[most - 1]
        places = [last for first, last, _ in self._words if start < first and last <= end] or []
        places = sorted({*places, *(each for each in self._clusters(start, end) if not places or each < places[0])})
        for place in reversed(places):
            last = self.line(start, start + len(self.text[start:place].rstrip(_LOOSE)), more=True)
            if last.width <= width:
                return [*lines, last]
        return lines

    def _pieces(self, start: int, end: int, width: float) -> list[tuple[int, int]]:
        """A word that is wider than a line, in pieces that are not."""
        pieces: list[tuple[int, int]] = []
        last = start
        for place in self._clusters(start, end):
            if last > start and self._width(start, place) > width:
                pieces.append((start, last))
                start = last
            last = place
        return [*pieces, (start, end)]

    def _clusters(self, start: int, end: int) -> list[int]:
        """Where each character ends as a reader sees it: never before a mark, never inside a conjunct."""
        ends: list[int] = []
        for place in range(start + 1, end):
            before, sign = self.text[place - 1], self.text[place]
            clings = unicodedata.category(sign)[0] == "M" or sign in "\u200c\u200d"
            if not clings and before != "\u200d" and unicodedata.combining(before) != _VIRAMA:
                ends.append(place)
        return [*ends, end]

    def _width(self, start: int, end: int) -> float:
        """Ems that a word takes."""
        runs = _runs(self._levels[start:end], self._names[start:end])
        return sum(
            face(name).width(self.text[start + first : start + last], rtl=self._levels[start + first] % 2 == 1)
            for name, first, last in runs
        )


_LOOSE = " \u00a0.,;:!?،؛-–—…\u200d"
"""What does not stand before an ellipsis."""


@cache
def _blank() -> float:
    return face("latin").width(" ", rtl=False)


def _runs(levels: Sequence[int], names: Sequence[str | None]) -> Iterator[tuple[str, int, int]]:
    """(typeface, start, end) of stretches in one typeface and one direction; signs that are never seen are left out."""
    start = 0
    for place in range(1, len(levels) + 1):
        if place == len(levels) or names[place] != names[start] or levels[place] != levels[start]:
            if (name := names[start]) is not None:
                yield name, start, place
            start = place


def _faces(text: str) -> list[str | None]:
    """Which typeface draws each character. Marks stay with their letter, punctuation and blanks with the words around."""
    names: list[str | None] = []
    current: str | None = None
    opened: list[str] = []
    for place, sign in enumerate(text):
        if sign in _SILENT:
            names.append(current if sign in "\u200c\u200d" else None)
            continue
        if sign in _CLOSING and opened and ord(sign) in face(opened[-1]).has:
            names.append(opened.pop())  # the face of the bracket that it closes
            continue
        if unicodedata.category(sign)[0] != "L":
            current = current or _first_face(text[place:])
            if current is not None and current not in SYMBOLS and ord(sign) in face(current).has:
                names.append(current)
                opened += [current] if sign in _OPENING else []
                continue
        current = next((name for name in NAMES if ord(sign) in face(name).has), None) or current or NAMES[0]
        names.append(current)
    return names


_OPENING, _CLOSING = frozenset("([{«“"), frozenset(")]}»”")


def _first_face(text: str) -> str | None:
    """The typeface of the first letter, for the signs before it."""
    letter = next((sign for sign in text if unicodedata.category(sign)[0] == "L"), None)
    return next((name for name in NAMES if letter is not None and ord(letter) in face(name).has), None)
