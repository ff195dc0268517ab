"""How well the word lists tell danger from its look-alikes: `python -m tests.safety.measure` prints the rates.

The phrases were written before the lists were tuned. A third, chosen by a hash of the text, is held out: `--missed`
names what went wrong in the tuned part only, so that nobody who improves a list sees the other. A second set
(`later.toml`) was written when the lists were finished, and stands for what nobody had in mind.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.domain.safety import Lexicon
from bot.speech.library import load

LANGUAGES = ("en", "hi", "ar", "fr")
PARTS = ("tuned", "held out", "later")
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
    """All of one language, without the later ones."""
    return tuple(
        Phrase(language, text, label == "danger", kind)
        for label, kinds in _table(language).items()
        for kind, texts in kinds.items()
        for text in texts
    )


def part(language: str, name: str) -> tuple[Phrase, ...]:
    """One of PARTS."""
    if name == "later":
        table = _table("later")[language]
        return tuple(Phrase(language, text, label == "danger", "") for label, texts in table.items() for text in texts)
    return tuple(phrase for phrase in phrases(language) if phrase.held_out is (name == "held out"))


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / "phrases" / f"{name}.toml").read_text("utf-8"))


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
    """Recall and false alarms of every language and part."""
    lines = [f"{'':4} {'part':9} {'danger':>6} {'found':>6} {'recall':>7} {'harmless':>9} {'alarms':>7} {'rate':>6}"]
    for name in PARTS:
        lines += [_line(language, name, rates(lexicon, part(language, name))) for language in LANGUAGES]
        every = tuple(phrase for language in LANGUAGES for phrase in part(language, name))
        lines.append(_line("all", name, rates(lexicon, every)))
    return "\n".join(lines)


def _line(language: str, name: str, r: Rates) -> str:
    return (
        f"{language:4} {name:9} {r.danger:>6} {r.found:>6} {r.recall:>7.1%}"
        f" {r.harmless:>9} {r.alarms:>7} {r.false_alarms:>6.1%}"
    )


def missed(lexicon: Lexicon) -> list[Phrase]:
    """What went wrong in the tuned part."""
    return [
        phrase
        for language in LANGUAGES
        for phrase in part(language, "tuned")
        if (lexicon.concern(phrase.text) is not None) is not phrase.danger
    ]


if __name__ == "__main__":
    words = load().lexicon
    print(table(words))
    if "--missed" in sys.argv[1:]:
        for each in missed(words):
            print(f"{each.language} {'missed' if each.danger else 'alarm '} {each.kind:13} {each.text}")
