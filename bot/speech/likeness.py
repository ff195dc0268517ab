"""How alike texts are: the cosine of their character 3- to 5-grams, weighted by how rare each gram is (TF-IDF).

Wording, not meaning: two prompts with one idea in different words are for a reader to find. Standard library only, and
quick enough for `make check`: only texts that share something rare are compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

SIZES = (3, 4, 5)
RARE = 40
"""A gram in more texts than this does not bring two of them together; it still weighs when they are compared."""
WORTH = 0.12
"""Likeness from rare grams alone below which a pair is not looked at further."""
_MARKS = re.compile(r"[^\w\s\u0300-\u036f\u0900-\u097f\u064b-\u065f]|_")


@dataclass(frozen=True, slots=True, order=True)
class Likeness:
    """How alike the texts numbered *one* and *other* are, 0 to 1."""

    value: float
    one: int
    other: int


def pairs(texts: Sequence[str], *, least: float) -> list[Likeness]:
    """The pairs at least so alike, most alike first."""
    weights = _weights(texts)
    homes: dict[str, list[int]] = {}
    for number, weight in enumerate(weights):
        for gram in weight:
            homes.setdefault(gram, []).append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for gram, numbers in homes.items():
        if 1 < len(numbers) <= RARE:
            for place, one in enumerate(numbers):
                mine = weights[one][gram]
                for other in numbers[place + 1 :]:
                    shared[one, other] += mine * weights[other][gram]  # type: ignore[assignment]
    found = (
        Likeness(_dot(weights[one], weights[other]), one, other)
        for (one, other), value in shared.items()
        if value >= WORTH
    )
    return sorted((each for each in found if each.value >= least), key=lambda each: (-each.value, each.one, each.other))


def _weights(texts: Sequence[str]) -> list[dict[str, float]]:
    """Each text as a vector of length one."""
    counts = [_grams(text) for text in texts]
    spread = Counter(gram for count in counts for gram in count)
    rarity = {gram: log((1 + len(texts)) / n) for gram, n in spread.items()}
    weights = []
    for count in counts:
        raw = {gram: (1 + log(n)) * rarity[gram] for gram, n in count.items()}
        length = sqrt(sum(value * value for value in raw.values())) or 1.0
        weights.append({gram: value / length for gram, value in raw.items()})
    return weights


def _grams(text: str) -> Counter[str]:
    folded = f" {' '.join(_MARKS.sub(' ', text.casefold()).split())} "
    return Counter(folded[start : start + size] for size in SIZES for start in range(len(folded) - size + 1))


def _dot(one: dict[str, float], other: dict[str, float]) -> float:
    small, large = (one, other) if len(one) < len(other) else (other, one)
    return sum(value * large[gram] for gram, value in small.items() if gram in large)
