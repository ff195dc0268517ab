"""`python -m bot check-content`: what is there for whom, what is nearly the same, and what breaks a rule.

Only what a program can see is checked here; what a native reader must look at is listed in content/README.md. Ends with
status 1 when a rule is broken, so that `make check` fails.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from bot.domain.people import Tie
from bot.domain.prompts import DAILY, Kind, Practice, Prompt, Step
from bot.speech.library import ContentError, Library, load
from bot.speech.likeness import Likeness, pairs
from bot.speech.lint import faults
from bot.speech.voice import LOCALES

LEAST: Mapping[Kind, int] = {Kind.APPRECIATION: 60, Kind.CHECKIN: 60, Kind.RESET: 40, Kind.WEEKLY: 28}
"""Prompts of each kind in every locale: two months of evenings without the same one twice."""
LEAST_GENTLE = 25
LEAST_FOR: Mapping[Tie, int] = {Tie.PARTNER: 25, Tie.FAMILY: 25, Tie.FRIEND: 15, Tie.COLLEAGUE: 15}
"""Of each daily kind: whoever the other is, and at the gentle pace, it must not run dry."""
LEAST_OF_STEP = 4
"""Weekly questions for each step of RECIPRO: its week comes seven times a year."""
SAME = 0.45
"""Likeness at which two prompts of a locale say nearly the same. Here the most alike of a locale have 0.38; the same
prompt with two or three words changed has 0.6 and more."""
COPIED = 0.6
"""Likeness at which a prompt is taken over from another English locale, not written for its own."""
RELATED = 0.35
"""Likeness from which two prompts of different English locales are close relatives: one idea in much the same words."""
MOST_RELATED = 0.10
"""The share of a locale's prompts that may have a close relative in another English one."""
WORTH_NAMING = 0.2
"""Likeness from which a pair can be among the closest that are printed."""
SHOWN = 3


def check() -> int:
    """Print the tables; 1 when a rule is broken, else 0."""
    try:
        library = load()
        library.warm()
        return report(library)
    except ContentError as error:
        _print(f"BREACH  {error}")
        return 1


def report(library: Library) -> int:
    """What `check` prints about *library*, and its exit status."""
    alike = {group: pairs([prompt.text for prompt in every], least=WORTH_NAMING) for group, every in _groups(library)}
    broken = list(breaches(library, alike))
    _counts(library)
    _practices(library)
    _closest(library, alike)
    for line in broken:
        _print(f"BREACH  {line}")
    _print(f"{len(broken)} breaches" if broken else "content is in order")
    return 1 if broken else 0


def breaches(library: Library, alike: Mapping[str, Sequence[Likeness]]) -> Iterator[str]:
    """Every rule that is broken, one sentence each, with the prompt's id where there is one."""
    for locale in LOCALES:
        yield from too_few(library, locale)
        for prompt in _every(library, locale):
            yield from dict.fromkeys(f"{prompt.id}: {why}" for why in faults(prompt.text, locale))
    for group, every in _groups(library):
        yield from too_alike(every, alike[group])


def too_few(library: Library, locale: str) -> Iterator[str]:
    """What one locale has too little of."""
    for kind in Kind:
        pool = library.pool(locale, kind)
        if len(pool) < LEAST[kind]:
            yield f"{locale}: {len(pool)} {kind} prompts, fewer than {LEAST[kind]}"
        if kind in DAILY:
            if (gentle := sum(prompt.gentle for prompt in pool)) < LEAST_GENTLE:
                yield f"{locale}: {gentle} gentle {kind} prompts, fewer than {LEAST_GENTLE}"
            for tie, least in LEAST_FOR.items():
                if (fit := sum(tie in prompt.ties for prompt in pool)) < least:
                    yield f"{locale}: {fit} {kind} prompts for {tie}, fewer than {least}"
    steps = Counter(prompt.step for prompt in library.pool(locale, Kind.WEEKLY))
    for step in Step:
        if steps[step] < LEAST_OF_STEP:
            yield f"{locale}: {steps[step]} weekly questions for {step}, fewer than {LEAST_OF_STEP}"
    for practice in missing_practices(_every(library, locale)):
        yield f"{locale}: no prompt for the practice {practice}"


def missing_practices(prompts: Sequence[Prompt]) -> list[Practice]:
    """The essay's practices that no prompt has."""
    there = {prompt.practice for prompt in prompts}
    return [practice for practice in Practice if practice not in there]


def too_alike(every: Sequence[Prompt], alike: Sequence[Likeness]) -> Iterator[str]:
    """What repeats itself: within a locale, or from one English locale to another."""
    related: dict[str, set[str]] = {}
    for found in alike:
        one, other = every[found.one], every[found.other]
        if _home(one) == _home(other):
            if found.value >= SAME:
                yield f"{one.id} and {other.id} say nearly the same ({found.value:.2f})"
            continue
        if found.value >= COPIED:
            yield f"{one.id} and {other.id} are one prompt in two locales ({found.value:.2f})"
        if found.value >= RELATED:
            related.setdefault(_home(one), set()).add(one.id)
            related.setdefault(_home(other), set()).add(other.id)
    sizes = Counter(_home(prompt) for prompt in every)
    for home, ids in related.items():
        if len(ids) > MOST_RELATED * sizes[home]:
            yield f"{home}: {len(ids)} of {sizes[home]} prompts have a close relative in another English locale: {', '.join(sorted(ids))}"


def _groups(library: Library) -> Iterator[tuple[str, list[Prompt]]]:
    """What is compared with what: the English locales with each other, every other within itself."""
    yield "en", [prompt for locale in LOCALES if locale.startswith("en") for prompt in _every(library, locale)]
    for locale in LOCALES:
        if not locale.startswith("en"):
            yield locale, _every(library, locale)


def _every(library: Library, locale: str) -> list[Prompt]:
    return [prompt for kind in Kind for prompt in library.pool(locale, kind)]


def _home(prompt: Prompt) -> str:
    return prompt.id[:5]


def _counts(library: Library) -> None:
    ties = [str(tie) for tie in Tie]
    _print(f"{'locale':7} {'kind':13} {'all':>4} {'gentle':>6} {' '.join(f'{tie:>9}' for tie in ties)}  review")
    for locale in LOCALES:
        for kind in Kind:
            pool = library.pool(locale, kind)
            counts = Counter(str(tie) for prompt in pool for tie in prompt.ties)
            row = " ".join(f"{counts[tie]:>9}" for tie in ties)
            gentle = sum(prompt.gentle for prompt in pool)
            _print(f"{locale:7} {kind:13} {len(pool):>4} {gentle:>6} {row}  {library.reviews[locale, kind]}")


def _practices(library: Library) -> None:
    _print(f"\n{'practice':21}{' '.join(f'{locale:>5}' for locale in LOCALES)}")
    for practice in Practice:
        counts = (sum(prompt.practice is practice for prompt in _every(library, locale)) for locale in LOCALES)
        _print(f"{practice:21}{' '.join(f'{count:>5}' for count in counts)}")


def _closest(library: Library, alike: Mapping[str, Sequence[Likeness]]) -> None:
    groups = dict(_groups(library))
    for locale in LOCALES:
        group = "en" if locale.startswith("en") else locale
        found = [each for each in alike[group] if _homes(groups[group], each) == {locale.lower()}]
        _pairs(f"\nclosest within {locale}", groups[group], found)
    between = [each for each in alike["en"] if len(_homes(groups["en"], each)) == 2]
    _pairs("\nclosest between English locales", groups["en"], between)
    _print("\nclose relatives, pair by pair")
    english = [locale for locale in LOCALES if locale.startswith("en")]
    for first, second in combinations(english, 2):
        both = {first.lower(), second.lower()}
        related = sum(each.value >= RELATED and _homes(groups["en"], each) == both for each in between)
        if related:
            _print(f"{first} {second} {related:>3}")
    _print("")


def _pairs(title: str, every: Sequence[Prompt], found: Sequence[Likeness]) -> None:
    _print(title)
    for each in found[:SHOWN]:
        one, other = every[each.one], every[each.other]
        _print(f"{each.value:.2f}  {one.id}  {one.text}\n      {other.id}  {other.text}")


def _homes(every: Sequence[Prompt], found: Likeness) -> set[str]:
    """The locales of a pair."""
    return {_home(every[found.one]), _home(every[found.other])}


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
