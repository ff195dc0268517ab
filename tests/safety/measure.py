"""How well the word lists tell danger from its look-alikes: `python -m tests.safety.measure` prints the rates.

The phrases were written before the lists were tuned. A third, chosen by a hash of the text, is held out: `--missed`
names what went wrong in the tuned part only, so that nobody who improves a list sees the other.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from bot.domain.safety import Lexicon
from bot.speech.library import load

LANGUAGES = ("en", "hi", "ar", "fr")
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Phrase:
    """One labelled phrase."""

    language: str
    text: str
    danger: bool
    kind: str

    @property
    def held_out(self) -> bool:
        """Whether it takes no part in tuning: a third, whatever the order of the file."""
        return sha256(self.text.encode()).digest()[0] % 3 == 0


@dataclass(frozen=True, slots=True)
class Rates:
    """What became of one part of a language's phrases."""

    danger: int
    found: int
    harmless: int
    alarms: int

    @property
    def recall(self) -> float:
        """Share of the dangerous that was found."""
        return self.found / self.danger

    @property
    def false_alarms(self) -> float:
        """Share of the harmless that was taken for danger."""
        return self.alarms / self.harmless


@lru_cache
def phrases(language: str) -> tuple[Phrase, ...]:
    """All of one language."""
    table = tomllib.loads((HERE / "phrases" / f"{language}.toml").read_text("utf-8"))
    return tuple(
        Phrase(language, text, label == "danger", kind)
        for label, kinds in table.items()
        for kind, texts in kinds.items()
        for text in texts
    )


def part(language: str, *, held_out: bool) -> tuple[Phrase, ...]:
    """The tuned or the held-out part."""
    return tuple(phrase for phrase in phrases(language) if phrase.held_out is held_out)


def rates(lexicon: Lexicon, those: tuple[Phrase, ...]) -> Rates:
    """How *lexicon* does on *those*."""
    hits = {phrase: lexicon.concern(phrase.text) is not None for phrase in those}
    return Rates(
        danger=sum(phrase.danger for phrase in those),
        found=sum(hit for phrase, hit in hits.items() if phrase.danger),
        harmless=sum(not phrase.danger for phrase in those),
        alarms=sum(hit for phrase, hit in hits.items() if not phrase.danger),
    )


def table(lexicon: Lexicon) -> str:
    """Recall and false alarms of every language, tuned and held out."""
    lines = [f"{'':4} {'part':9} {'danger':>6} {'found':>6} {'recall':>7} {'harmless':>9} {'alarms':>7} {'rate':>6}"]
    for language in LANGUAGES:
        for held_out in (False, True):
            r = rates(lexicon, part(language, held_out=held_out))
            lines.append(
                f"{language:4} {'held out' if held_out else 'tuned':9} {r.danger:>6} {r.found:>6} {r.recall:>7.1%}"
                f" {r.harmless:>9} {r.alarms:>7} {r.false_alarms:>6.1%}"
            )
    return "\n".join(lines)


def missed(lexicon: Lexicon) -> list[Phrase]:
    """What went wrong in the tuned part."""
    return [
        phrase
        for language in LANGUAGES
        for phrase in part(language, held_out=False)
        if (lexicon.concern(phrase.text) is not None) is not phrase.danger
    ]


if __name__ == "__main__":
    words = load().lexicon
    print(table(words))
    if "--missed" in sys.argv[1:]:
        for each in missed(words):
            print(f"{each.language} {'missed' if each.danger else 'alarm '} {each.kind:13} {each.text}")
