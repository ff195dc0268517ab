"""Which emergency numbers and helplines an operator must look at again. Nothing here is about any person."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.speech.library import Country, Library

GOOD_FOR = timedelta(days=180)
"""How long a look at a number's source holds."""
EMERGENCY = "emergency number"


@dataclass(frozen=True, slots=True)
class Due:
    """One number that is due for another look."""

    country: str
    name: str
    number: str
    source: str
    checked: date


def due(library: Library, today: date) -> list[Due]:
    """Every number that is shown and was last looked at too long ago, the longest first."""
    every = (each for country in library.countries.values() for each in _numbers(country))
    return sorted((each for each in every if today - each.checked > GOOD_FOR), key=lambda each: each.checked)


def report(library: Library, today: date) -> None:
    """Print what is due; it is a reminder, never a failure."""
    found = due(library, today)
    for each in found:
        sys.stdout.write(
            f"DUE  {each.country}  {each.name}: {each.number}, last checked {each.checked} in {each.source}\n"
        )
    if found:
        sys.stdout.write(f"{len(found)} numbers are due for another look: content/safety/README.md says how\n")
    else:
        sys.stdout.write("no number is due for another look\n")


def _numbers(country: Country) -> Iterator[Due]:
    emergency = country.emergency
    yield Due(country.country, EMERGENCY, emergency.number, emergency.source, emergency.checked)
    for line in country.shown:
        name = line.name["en"] if isinstance(line.name, dict) else line.name
        yield Due(country.country, name, line.number or line.text or "", line.source, line.checked)
