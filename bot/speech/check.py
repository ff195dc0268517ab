"""`python -m bot check-content`: what is there for whom, what is nearly the same, and what breaks a rule.

Only what a program can see is checked here; what a native reader must look at is listed in content/README.md.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from math import sqrt

from bot.domain.people import Tie
from bot.domain.prompts import DAILY, Kind, Prompt, Step
from bot.speech.library import ContentError, Library, load
from bot.speech.voice import ADDRESSES, LOCALES

LEAST = 12
"""Prompts of each daily kind in every locale; the aim, in content/README.md, is 60, 60 and 40."""
CLOSE = 0.72
"""Cosine of character 4-grams above which two prompts say nearly the same."""
SHOWN = 5
_BLAME = re.compile(
    r"\byou should\b|\byou must\b|\bwhy didn'?t\b|\byour fault\b|\bscore\b|\bstreak\b|\bpoints\b|\bblame them\b|\bwine\b|\bbeer\b"
    r"|\bGod\b|\bpray|!|\{|\}|<|>",
    re.IGNORECASE,
)
_GROUP = re.compile(r"\[([^\[\]]*)\]")


def check() -> int:
    """Print the tables; 1 when a rule is broken, else 0."""
    try:
        library = load()
    except ContentError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    _table(library)
    _closest(library)
    broken = list(breaches(library))
    for line in broken:
        sys.stdout.write(f"BREACH  {line}\n")
    sys.stdout.write(f"{len(broken)} breaches\n" if broken else "content is in order\n")
    return 1 if broken else 0


def breaches(library: Library) -> Iterator[str]:
    """Every rule that is broken, with the prompt's id."""
    for locale in LOCALES:
        for kind in Kind:
            pool = library.pool(locale, kind)
            least = LEAST if kind in DAILY else len(Step)
            if len(pool) < least:
                yield f"{locale} has {len(pool)} {kind} prompts, fewer than {least}"
            for prompt in pool:
                yield from (f"{prompt.id}: {why}" for why in faults(prompt, locale[:2]))
            if kind is Kind.WEEKLY:
                yield from (f"{locale} has no weekly question for {step}" for step in _missing_steps(pool))
        every = [prompt for kind in Kind for prompt in library.pool(locale, kind)]
        for likeness, one, other in _pairs(every):
            if likeness >= CLOSE:
                yield f"{one.id} and {other.id} say nearly the same ({likeness:.2f})"


def faults(prompt: Prompt, language: str) -> Iterator[str]:
    """What is wrong with one prompt."""
    if found := _BLAME.search(prompt.text):
        yield f"holds {found.group(0)!r}"
    ways = len(ADDRESSES[language])
    for group in _GROUP.findall(prompt.text):
        if "|" not in group or len(group.split("|")) != ways or ways == 1:
            yield f"its [{group}] needs {ways} variants"
    if prompt.text != prompt.text.strip() or "  " in prompt.text:
        yield "has stray spaces"


def _missing_steps(pool: Sequence[Prompt]) -> list[Step]:
    there = {prompt.step for prompt in pool}
    return [step for step in Step if step not in there]


def _table(library: Library) -> None:
    ties = [str(tie) for tie in Tie]
    sys.stdout.write(
        f"{'locale':7} {'kind':13} {'all':>4} {'gentle':>6} {' '.join(f'{tie:>9}' for tie in ties)}  review\n"
    )
    for locale in LOCALES:
        for kind in Kind:
            pool = library.pool(locale, kind)
            counts = Counter(str(tie) for prompt in pool for tie in prompt.ties)
            row = " ".join(f"{counts[tie]:>9}" for tie in ties)
            gentle = sum(prompt.gentle for prompt in pool)
            review = library.reviews[locale, kind]
            sys.stdout.write(f"{locale:7} {kind:13} {len(pool):>4} {gentle:>6} {row}  {review}\n")


def _closest(library: Library) -> None:
    sys.stdout.write("\nclosest pairs\n")
    for locale in LOCALES:
        every = [prompt for kind in Kind for prompt in library.pool(locale, kind)]
        for likeness, one, other in _pairs(every)[:1]:
            sys.stdout.write(f"{likeness:.2f}  {one.id}  {other.id}\n")
    english = [
        prompt for locale in LOCALES if locale[:2] == "en" for kind in Kind for prompt in library.pool(locale, kind)
    ]
    across = [found for found in _pairs(english) if found[1].id[:5] != found[2].id[:5]]
    for likeness, one, other in across[:SHOWN]:
        sys.stdout.write(f"{likeness:.2f}  {one.id}  {other.id}  (between locales)\n")
    sys.stdout.write("\n")


def _pairs(prompts: Sequence[Prompt]) -> list[tuple[float, Prompt, Prompt]]:
    """Pairs by likeness, most alike first; only those that share something worth naming."""
    grams = [_grams(prompt.text) for prompt in prompts]
    sizes = [sqrt(sum(n * n for n in gram.values())) for gram in grams]
    where: dict[str, list[int]] = {}
    for number, gram in enumerate(grams):
        for key in gram:
            where.setdefault(key, []).append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for key, numbers in where.items():
        if len(numbers) > len(prompts) // 4 + 2:
            continue
        for i, one in enumerate(numbers):
            for other in numbers[i + 1 :]:
                shared[one, other] += grams[one][key] * grams[other][key]
    found = [
        (n / (sizes[a] * sizes[b]), prompts[a], prompts[b]) for (a, b), n in shared.items() if sizes[a] and sizes[b]
    ]
    return sorted(found, key=lambda each: -each[0])[:200]


def _grams(text: str) -> Counter[str]:
    folded = " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())
    return Counter(folded[n : n + 4] for n in range(len(folded) - 3))
