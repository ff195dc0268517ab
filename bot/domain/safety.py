"""Words that may speak of danger or self-harm, in any of the languages at once. Pure; the phrases are content.

It answers with a kind, never with the words, and remembers nothing. A false alarm costs one quiet line to the writer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 4096
"""Characters looked at."""


@dataclass(frozen=True, slots=True)
class Concern:
    """What kind of danger words speak of."""

    kind: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Phrases of one kind, and what makes them harmless when it stands around them."""

    id: str
    kind: str
    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, language: str, table: Mapping[str, Any]) -> Iterator[Pattern]:
        """The patterns of one content file."""
        for row in table["pattern"]:
            yield cls(f"{language}-{row['id']}", row["kind"], tuple(row["any"]), tuple(row.get("unless", ())))


class Lexicon:
    """All patterns, ready to be looked for."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = [
            (pattern.kind, [_padded(phrase) for phrase in pattern.phrases], [_padded(each) for each in pattern.unless])
            for pattern in patterns
        ]

    def concern(self, text: str) -> Concern | None:
        """What *text* may speak of; None for nothing."""
        said = _padded(text[:LONGEST])
        for kind, phrases, unless in self._patterns:
            if any(phrase in said for phrase in phrases) and not any(each in said for each in unless):
                return Concern(kind)
        return None


def normalise(text: str) -> str:
    """*text* as it is compared: no case, accents, vowel marks or elongation, one form of each Arabic letter, plain spaces."""
    folded = unicodedata.normalize("NFKD", text.casefold()).translate(_SAME)
    letters = "".join(
        sign if unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Mc" or sign in _KEPT else " "
        for sign in folded
        if unicodedata.category(sign) != "Mn" or sign in _KEPT
    )
    return " ".join(letters.split())


_SAME = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": None, "’": "'", "ʼ": "'", "'": None})
_KEPT = frozenset("ािीुूृेैोौ्ंँ़")
"""Devanagari vowel signs are part of the letter, unlike accents."""


def _padded(text: str) -> str:
    return f" {normalise(text)} "
