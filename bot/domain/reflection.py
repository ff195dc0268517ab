"""The weekly mirror: what two people kept in one local week, woven so that who did what cannot be read from it.

It has no way to count per person: it takes entries in, and gives days with forms, one quote each chose to share, what was
mended, a theme. None for an empty week.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain import clock
from bot.domain.gestures import Form, Gesture, Medium
from bot.domain.prompts import Step, theme_of


@dataclass(frozen=True, slots=True)
class Week:
    """Seven local days from *first* on."""

    first: date

    @property
    def days(self) -> tuple[date, ...]:
        """The seven days, in order."""
        return tuple(self.first + timedelta(days=n) for n in range(7))

    def holds(self, day: int) -> bool:
        """Whether a day number lies in it."""
        return 0 <= day - clock.day_number(self.first) < 7


@dataclass(frozen=True, slots=True)
class Quote:
    """One line that *person* chose to share."""

    person: int
    words: str


@dataclass(frozen=True, slots=True)
class Reflection:
    """What a person is shown of a week. *forms* holds, for each of the seven days, which forms of care showed up."""

    week: Week
    theme: Step
    forms: tuple[frozenset[Form], ...]
    quotes: tuple[Quote, ...]
    mended: bool

    @property
    def all_forms(self) -> tuple[Form, ...]:
        """Every form of the week, in the essay's order."""
        return tuple(form for form in Form if any(form in day for day in self.forms))


def mirrored_week(today: date, first_weekday: int, mirror_weekday: int) -> Week:
    """The week that is looked back on at *today*: the local week that ends today or, on the way, ended last.

    Where the week starts on the very day of looking back (Sunday in Canada), it is the week that ended the night before.
    """
    mirror = today - timedelta(days=(today.weekday() - mirror_weekday) % 7)
    last = (
        mirror
        if (mirror_weekday + 1) % 7 == first_weekday
        else mirror - timedelta(days=(mirror_weekday - first_weekday) % 7 + 1)
    )
    return Week(last - timedelta(days=6))


def current_week(today: date, first_weekday: int) -> Week:
    """The local week that holds *today*."""
    return Week(clock.week_start(today, first_weekday))


def weave(
    gestures: Sequence[Gesture],
    week: Week,
    *,
    reader: int,
    mended: bool,
    carried: frozenset[int] = frozenset(),
) -> Reflection | None:
    """The week as *reader* may see it: own entries and what the other shared and *reader* has received; None when nothing was kept.

    *carried* are ids of entries of the day before the week that came after its look back; they count to its first day.
    """
    days: list[set[Form]] = [set() for _ in range(7)]
    start = clock.day_number(week.first)
    visible = sorted(
        (
            g
            for g in gestures
            if (week.holds(g.day) or g.id in carried) and (g.person == reader or g.passed_at is not None)
        ),
        key=lambda g: (g.kept_at, g.id),
    )
    for gesture in visible:
        days[max(0, gesture.day - start)].add(gesture.form)
    if not visible and not mended:
        return None
    quotes: dict[int, Quote] = {}
    for gesture in visible:
        # of one's own, whatever one shares: whether it has arrived would tell of the other's hours and pauses
        shown = gesture.stands if gesture.person == reader else gesture.passed_at is not None
        if shown and gesture.medium is Medium.TEXT and gesture.words:
            quotes[gesture.person] = Quote(gesture.person, gesture.words)  # the latest of each
    return Reflection(
        week=week,
        theme=theme_of(start // 7),
        forms=tuple(frozenset(day) for day in days),
        quotes=tuple(quotes[person] for person in sorted(quotes)),
        mended=mended,
    )
