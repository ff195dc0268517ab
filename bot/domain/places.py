"""Places people name: which clock a city lives by. Pure; spelling is forgiven, distance is by great circle."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 6


@dataclass(frozen=True, slots=True)
class City:
    """One city: its zone, country, coordinates in degrees, and other names for it."""

    name: str
    zone: str
    country: str
    latitude: float
    longitude: float
    names: tuple[str, ...] = ()

    def called(self, language: str) -> str:
        """Its name in the script of a language, where one is known."""
        script = {"hi": "DEVANAGARI", "ar": "ARABIC"}.get(language)
        if script is None:
            return self.name
        return next((name for name in self.names if unicodedata.name(name[0], "").startswith(script)), self.name)


class Places:
    """All known cities; within a country the largest first."""

    def __init__(self, cities: Sequence[City]) -> None:
        self._cities = tuple(cities)
        self._keys = [(normalise(name), city) for city in cities for name in (city.name, *city.names)]

    def zones_of(self, country: str) -> tuple[City, ...]:
        """One city a zone of *country*, the most populous first."""
        found: dict[str, City] = {}
        for city in self._cities:
            if city.country == country:
                found.setdefault(city.zone, city)
        return tuple(found.values())

    def of_zone(self, zone: str) -> City | None:
        """The best-known city of a zone."""
        return next((city for city in self._cities if city.zone == zone), None)

    def find(self, typed: str) -> tuple[City, ...]:
        """Cities that *typed* may mean, best first: exact, then as a beginning, then with a slip of the finger."""
        wanted = normalise(typed)
        if not wanted:
            return ()
        ranked: dict[City, int] = {}
        slips = 0 if len(wanted) < 4 else 1 if len(wanted) < 8 else 2
        for key, city in self._keys:
            if key == wanted:
                rank = 0
            elif len(wanted) >= 3 and key.startswith(wanted):
                rank = 1
            elif slips and abs(len(key) - len(wanted)) <= slips and distance(key, wanted, slips) <= slips:
                rank = 2
            else:
                continue
            ranked[city] = min(rank, ranked.get(city, 9))
        best = min(ranked.values(), default=0)
        return tuple(city for city, rank in ranked.items() if rank == best)[:MOST]

    def nearest(self, latitude: float, longitude: float) -> City:
        """The city nearest to a point."""
        return min(self._cities, key=lambda city: _angle(latitude, longitude, city.latitude, city.longitude))


def normalise(text: str) -> str:
    """A name without case, accents, marks and punctuation, with Arabic letter forms made one."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = folded.translate(str.maketrans("أإآٱىة", "اااايه"))
    return "".join(
        sign for sign in folded if unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Mc"
    )


def distance(one: str, other: str, limit: int) -> int:
    """Damerau-Levenshtein distance (adjacent letters swapped count once), or limit + 1 when it is more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row_before = row, before
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, row_before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before = last
    return row[-1]


def _angle(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    a, b, c = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    return math.acos(max(-1.0, min(1.0, math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(c))))
