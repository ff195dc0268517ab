"""What people write, made fit for somebody else's screen: nothing hidden, nothing that turns lines round, no towers.

Everything a person sends passes clean() before it is kept; every name again before it is shown. Nothing here escapes
markup: voice.py does, at the moment of saying.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MARKS = 4
"""Marks on one letter: Hindi needs three, Arabic two, and no script as many as make a tower."""
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff\u2028\u2029")
"""What turns a line round or hides where it began."""
_JOINERS = "\u200c\u200d"
_FLAG, _FLAG_TAGS = "\U0001f3f4", 6
"""A black flag, and how many tags make it that of England, Scotland or Wales."""
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
"""Format characters that are seen: Arabic and Syriac signs of numbers and verses."""
_BLANK = frozenset("\u2800\u3164\u115f\u1160\uffa0")
_JOINABLE, _ON_A_BASE = frozenset({"Lo", "So", "Sk"}), frozenset({"Mn", "Mc"})
_EMPTY_LINES = re.compile(r"\s*\n\s*\n\s*\n\s*")
_STRAY = re.compile(f"[{_JOINERS}]+(?=$|\\s)")


def clean(text: str) -> str:
    """What a person wrote, without controls, overrides, isolates, signs of no width, piled-up marks, a page of empty lines.

    Joiners stay where a script or an emoji needs them, and so do the tags of a flag.
    """
    out: list[str] = []
    marks = 0
    for sign in text:
        category = unicodedata.category(sign)
        marks = marks + 1 if category in {"Mn", "Me"} else marks if category == "Cf" else 0
        if marks > MARKS or not _may_stay(sign, category, out):
            continue
        if out and out[-1] in _JOINERS and category not in _JOINABLE | _ON_A_BASE:
            out.pop()
        out.append(sign)
    return _EMPTY_LINES.sub("\n\n", _STRAY.sub("", "".join(out)).strip()).strip()


def has_sign(text: str) -> bool:
    """Whether there is anything to see in *text*: a letter, a digit, a symbol, an emoji."""
    return any(unicodedata.category(sign)[0] in "LNSP" and sign not in _BLANK for sign in text)


def _may_stay(sign: str, category: str, before: Sequence[str]) -> bool:
    match category:
        case "Cs" | "Zl" | "Zp":
            return False
        case "Cc":
            return sign in "\n\t"
        case "Cf":
            return sign in _SEEN or (sign in _JOINERS and _joins(before)) or _in_flag(sign, before)
        case "Mn" if sign == "\u034f" or _varies(sign):
            # of invisible marks only one that chooses a shape, where there is something to choose
            return sign != "\u034f" and bool(before) and not _varies(before[-1])
        case _:
            return True


def _joins(written: Sequence[str]) -> bool:
    """Whether a joiner can mean something after what is written: after a letter without case or an emoji, and its marks."""
    base = next((sign for sign in reversed(written) if unicodedata.category(sign) not in _ON_A_BASE), "")
    return bool(base) and unicodedata.category(base) in _JOINABLE


def _varies(sign: str) -> bool:
    return "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"


def _in_flag(sign: str, written: Sequence[str]) -> bool:
    tags = 0
    while tags < len(written) and _is_tag(written[-1 - tags]):
        tags += 1
    return _is_tag(sign) and tags < _FLAG_TAGS and tags < len(written) and written[-1 - tags] == _FLAG


def _is_tag(sign: str) -> bool:
    return "\U000e0020" <= sign <= "\U000e007f"
