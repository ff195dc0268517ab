"""Times as people type them: 9 pm, 21:00, 20h30, 8.15, ٩ مساءً, रात 9 बजे. Babel reads some of these wrongly without a word."""

from __future__ import annotations

import re
import unicodedata

_TIME = re.compile(r"(?<!\d)(\d{1,2})(?:\s*[:.h٫،]\s*(\d{2})|\s*(?:h|heures?|hrs?))?(?!\d)", re.IGNORECASE)
_PM = re.compile(r"p\.?\s?m\b|مساء|\bم\b|शाम|दोपहर|soir|après-midi|evening|tonight|shaam|dopahar", re.IGNORECASE)
_NIGHT = re.compile(r"रात|ليل|\bnuit\b|\bnight\b|\braat\b", re.IGNORECASE)
"""Before midnight or after it: 9 at night is 21, 2 at night is 2."""
_AM = re.compile(r"a\.?\s?m\b|صباح|\bص\b|सुबह|matin|morning|subah", re.IGNORECASE)


def read_time(typed: str, *, evening: bool = False) -> int | None:
    """The minute of the day that was typed, or None. A bare hour up to 11 is taken for the *evening* where one is asked."""
    text = "".join(str(unicodedata.digit(sign, -1)) if unicodedata.digit(sign, -1) >= 0 else sign for sign in typed)
    found = _TIME.search(text)
    if found is None:
        return None
    hour, minute = int(found.group(1)), int(found.group(2) or 0)
    if hour > 24 or minute > 59:
        return None
    night = _NIGHT.search(text) is not None
    pm = _PM.search(text) is not None or (night and 5 <= hour < 12)
    am = _AM.search(text) is not None or (night and not 5 <= hour < 12)
    exact = found.group(2) is not None and ":" in found.group(0) and len(found.group(1)) == 2
    if am and hour == 12:
        hour = 0
    elif hour < 12 and (pm or (evening and not am and not exact and hour >= 5)):
        hour += 12
    return hour % 24 * 60 + minute


def read_span(typed: str) -> tuple[int, int] | None:
    """Two times, such as 22:00 – 07:30; None when there are not two."""
    parts = re.split(r"\s*(?:–|—|-|\bto\b|\bà\b|إلى|से|until|till)\s*", typed.strip(), maxsplit=1)
    if len(parts) != 2:
        return None
    start, end = read_time(parts[0], evening=True), read_time(parts[1])
    return None if start is None or end is None else (start, end)
